"""Rules put into force by one person, or by others than the log says, are found by verification."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from engine.book import Book
from engine.calls import Call
from engine.columns import EffectBatch
from engine.effects import COMMANDS, PUBLISHING, REVISION_STEPS, REVISIONS
from engine.log import open_store
from tests.engine.verify.attacker import Attacker
from tests.engine.verify.edits import drop, put, rewrite_content
from tests.engine.verify.mutations import GUARDED_BY_SEAL, mutations
from tests.engine.verify.plant import compiler, verify
from tests.engine.verify.sample import BOOK_ID, FILE, RULES, START_US, command, event, store_url

#: What stands in which commit.
FIXED, PROPOSED, APPROVED, USED, AGAIN, WITHDRAWN, LAST = range(1, 8)

ANNA, BERT = "anna", "bert"


def _files(note: str) -> list[dict[str, object]]:
    text = (RULES / "sample.tp").read_text(encoding="utf-8")
    return [{"path": "sample.tp", "content": text.replace("Paid by", note)}]


def _calls() -> list[Call]:
    revision = compiler([("sample.tp", str(_files("Paid by")[0]["content"]).encode())]).revision
    other = compiler([("sample.tp", str(_files("Money of")[0]["content"]).encode())]).revision
    named = {"revision": revision, "of_id": "first", "author": ANNA, "comment": "read and tried"}
    taken = {"revision": other, "of_id": "second", "comment": "too early"}
    sale = {"department": "D1", "customer": "K", "amount": "5.00"}
    return [
        Call([command("mode", "publishing.fixed", mode="four_eyes")], principal="root"),
        Call(
            [command("first", "revision.proposed", files=_files("Paid by"), comment="begin")],
            principal=ANNA,
        ),
        Call([command("approval", "revision.approved", **named)], principal=BERT),
        Call([event("p", "payment.received", "2026-03-05", **sale)], principal="crm"),
        Call(
            [command("second", "revision.proposed", files=_files("Money of"), comment="better")],
            principal=BERT,
        ),
        Call([command("back", "revision.withdrawn", **taken)], principal=BERT),
        Call([event("q", "payment.received", "2026-03-06", **sale)], principal="crm"),
    ]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("publications")
    seconds = count(START_US, 1_000_000)
    with closing(Book.open(store_url(folder), compiler=compiler, clock=lambda: next(seconds))) as b:
        for call in _calls():
            answer = b.post([call])[0]
            assert answer.results[0].status.takes_identity, answer.results[0].message
        assert b.seq == LAST
    with closing(open_store(store_url(folder), book_id=BOOK_ID)) as store:
        store.head()  # closing the last connection brings everything into the file
    return folder


def test_book_of_two_persons_verifies_with_its_proposals(original: Path) -> None:
    report = verify(original)
    assert report.ok, report.first_bad
    # Two proposals, and the one of them that is in force.
    assert report.checked["revisions"] == 3


def _by(principal: str) -> Callable[[EffectBatch], None]:
    return lambda effects: put(effects, COMMANDS.name, 0, principal=principal)


def _published_alone(effects: EffectBatch) -> None:
    """The approval never was: its author published the files in one step."""
    put(effects, COMMANDS.name, 0, type="revision.published", principal=ANNA)
    rewrite_content(
        effects, "approval", rehash=True, type="revision.published", files=_files("Paid by")
    )
    drop(effects, REVISION_STEPS.name, 0)


FAULTS = {
    "the author approved": (APPROVED, APPROVED, "REVISION_APPROVAL", _by(ANNA)),
    "the approver wrote it": (PROPOSED, APPROVED, "REVISION_APPROVAL", _by(BERT)),
    "another wrote it": (PROPOSED, APPROVED, "REVISION_APPROVAL", _by("carl")),
    "published in one step": (APPROVED, APPROVED, "REVISION_APPROVAL", _published_alone),
    "another revision in force": (
        APPROVED,
        APPROVED,
        "REVISION_APPROVAL",
        lambda effects: put(effects, REVISIONS.name, 0, revision="0" * 64),
    ),
    "another revision proposed": (
        PROPOSED,
        PROPOSED,
        "REVISION_DIFFERS",
        lambda effects: put(effects, REVISION_STEPS.name, 0, revision="0" * 64),
    ),
    "two persons no longer needed": (
        FIXED,
        FIXED,
        "PUBLICATION_DIFFERS",
        lambda effects: put(effects, PUBLISHING.name, 0, mode=1),
    ),
    "a withdrawal that never was": (
        WITHDRAWN,
        WITHDRAWN,
        "PUBLICATION_DIFFERS",
        lambda effects: drop(effects, REVISION_STEPS.name, 0),
    ),
    "in force for other dates": (
        APPROVED,
        APPROVED,
        "REVISION_DIFFERS",
        lambda effects: put(effects, REVISIONS.name, 0, valid_from=20_000),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_forged_publication_is_named(name: str, original: Path, tmp_path: Path) -> None:
    seq, found_at, kind, change = FAULTS[name]
    shutil.copy(original / FILE, tmp_path / FILE)
    Attacker(tmp_path).rewrite(seq, change)
    bad = verify(tmp_path).first_bad
    assert bad is not None
    assert (bad.kind, bad.seq) == (kind, found_at), bad


def test_every_changed_value_of_a_publication_is_found(original: Path, tmp_path: Path) -> None:
    tables = {REVISIONS.name, REVISION_STEPS.name, PUBLISHING.name, COMMANDS.name}
    missed = []
    for number, mutation in enumerate(mutations(Attacker(original), WITHDRAWN, tables)):
        if mutation.seq == USED or (mutation.table, mutation.column) in GUARDED_BY_SEAL:
            continue
        copy = tmp_path / str(number)
        copy.mkdir()
        shutil.copy(original / FILE, copy / FILE)
        mutation.plant(Attacker(copy))
        if verify(copy).ok:
            missed.append((mutation.seq, mutation.table, mutation.column))
    assert missed == []
