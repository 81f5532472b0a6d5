"""Books whose lines are explained: generated, services, road fines, two revisions, kept books."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from random import Random

from engine.book import Book
from engine.calls import REVISION_PUBLISHED, Call, VoucherView
from engine.program import Program
from rules_dsl.rulebooks import SERVICES
from server.rulebooks import compile_files, read_folder
from tests.books.test_books import BOOKS
from tests.differential.running import book_of, trial_of
from tests.differential.trial import ENTITIES, Trial, compiled, reference_of
from tests.explained.facts import EventFacts, noting
from tests.reference.declarations import Declarations
from tests.reference.generate_rules import GeneratedBook
from tests.reference.state import PostedVoucher
from tests.road_fines.convert import events as road_fines_events

ROAD_FINES = Path(__file__).parents[1] / "road_fines" / "rules"

#: Events of the road fines that are posted.
FINES = 1_500

Event = Mapping[str, object]


@dataclass(slots=True)
class Sample:
    """A book to explain lines of.

    Attributes:
        sources: revision -> path -> lines of the rule files.
        events: as sent, in order, by (source, id).
        facts, posted: by the reference evaluator, per event and voucher; empty without one.
        decided: voucher -> place of its event among those the reference decided.
    """

    name: str
    book: Book
    sources: dict[str, dict[str, list[str]]]
    events: dict[tuple[str, str], Event] = field(default_factory=dict)
    facts: dict[tuple[str, str], EventFacts] = field(default_factory=dict)
    posted: dict[str, PostedVoucher] = field(default_factory=dict)
    decided: dict[str, int] = field(default_factory=dict)

    def vouchers(self) -> list[VoucherView]:
        """Every voucher of the book."""
        found: list[VoucherView] = []
        after = ""
        while True:
            page, after = self.book.vouchers(limit=500, after=after)
            found += page
            if not after:
                return found


def _sample(name: str, book: Book, events: Sequence[Event] = ()) -> Sample:
    sources = {
        view.revision: {path: text.decode().split("\n") for path, text in view.files}
        for view in book.revisions()
    }
    named: dict[tuple[str, str], Event] = {}
    for event in events:
        named.setdefault((str(event.get("source", "default")), str(event.get("id"))), event)
    return Sample(name, book, sources, named)


def _publication(files: Sequence[tuple[str, str]], event_id: str = "p1") -> Call:
    content = [{"path": path, "content": text} for path, text in files]
    event = {
        "id": event_id,
        "type": REVISION_PUBLISHED,
        "source": "tongpin",
        "date": "2026-01-01",
        "files": content,
    }
    return Call(events=[event], principal="author")


def generated(seed: int) -> Sample:
    """A generated rule book with its events, and what the reference makes of them."""
    made = book_of(seed)
    declarations = Declarations.of(Trial(made, ()).files(), made.assets)
    trial = trial_of(made, declarations, seed, 0)
    reference = reference_of(trial)
    posted: dict[str, PostedVoucher] = {}
    decided: dict[str, int] = {}
    with noting(reference) as facts:
        for place, outcome in enumerate(reference.post_all(trial.events)):
            for one in outcome.vouchers:
                name = f"{one.entity}/{one.ledger}/{one.period}/{one.word}/{one.number}"
                posted[name], decided[name] = one, place
    book = Book.in_memory(compiler=_with_gaps, entities=ENTITIES)
    book.post([_publication([*made.files.items(), *made.assets.items()])])
    book.post([Call(events=list(trial.events))])
    sample = _sample(f"generated {seed}", book, trial.events)
    sample.facts, sample.posted, sample.decided = facts, posted, decided
    return sample


def _with_gaps(files: Sequence[tuple[str, bytes]]) -> Program:
    """Compiles a generated book, which may have gaps on purpose."""
    texts = {path: content.decode() for path, content in files}
    rules = {path: text for path, text in texts.items() if path.endswith(".tp")}
    assets = {path: text for path, text in texts.items() if path not in rules}
    return compiled(GeneratedBook(rules, assets))


def services() -> Sample:
    """The sample events of the services rule book."""
    book = Book.in_memory(compiler=compile_files)
    book.post([_publication(_texts(SERVICES))])
    events = [*_jsonl("march.jsonl"), *_jsonl("faulty.jsonl")]
    book.post([Call(events=events)])
    return _sample("services", book, events)


def road_fines(shared: Path) -> Sample:
    """The first events of the road fines."""
    book = Book.in_memory(compiler=compile_files)
    book.post([_publication(_texts(ROAD_FINES))])
    log = shared / "data" / "road_fines_10pct.events.parquet"
    events = list(islice(road_fines_events(log), FINES))
    book.post([Call(events=events)])
    return _sample("road fines", book, events)


def two_revisions() -> Sample:
    """Services under two revisions: lets renamed, lines moved, the old lines still explained."""
    book = Book.in_memory(compiler=compile_files)
    first = _texts(SERVICES)
    above = "# 新版\n\n# 新版\n"
    changed = [
        (path, above + text.replace("行净额", "净额部分") if path.endswith(".tp") else text)
        for path, text in first
    ]
    events = _jsonl("march.jsonl")
    book.post([_publication(first)])
    book.post([Call(events=events)])
    book.post([_publication(changed, "p2")])
    again = [{**event, "id": f"{event['id']}-2"} for event in events]
    book.post([Call(events=again)])
    return _sample("two revisions", book, [*events, *again])


def kept_books(folder: Path) -> list[Sample]:
    """The books that older versions of the engine wrote, copied into a folder."""
    found = []
    for kept in BOOKS:
        store = folder / f"{kept.name}.db"
        shutil.copy(kept / "book.db", store)
        book = Book.open(f"sqlite:///{store}", compiler=compile_files, read_only=True)
        found.append(_sample(kept.name, book))
    return found


def some_lines(
    samples: Sequence[Sample], count: int, seed: int
) -> list[tuple[Sample, VoucherView, int]]:
    """Random lines as (sample, voucher, line number), as evenly over the samples as they allow."""
    rng = Random(f"lines {seed}")
    piles = []
    for sample in samples:
        lines = [(sample, v, line.line_no) for v in sample.vouchers() for line in v.lines]
        rng.shuffle(lines)
        piles.append(lines)
    chosen: list[tuple[Sample, VoucherView, int]] = []
    while len(chosen) < count and any(piles):
        for pile in piles:
            if pile and len(chosen) < count:
                chosen.append(pile.pop())
    return chosen


def _texts(folder: Path) -> list[tuple[str, str]]:
    return [(path, content.decode()) for path, content in read_folder(folder)]


def _jsonl(name: str) -> list[Event]:
    text = (SERVICES / "samples" / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]
