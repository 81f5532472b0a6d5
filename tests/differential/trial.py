"""One trial: a rule book and events, decided by the reference and by the engine in three ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import cast

from engine.book import Book
from engine.calls import Call, EventResult
from engine.decide import level_budgets
from engine.errors import InvariantBroken
from engine.program import Program
from rules_dsl.compile import PASSES, Compilation
from rules_dsl.diagnostics.model import Severity
from rules_dsl.parse import parse_file
from rules_dsl.reporting import Reporter
from rules_dsl.source import SourceFile
from rules_dsl.syntax import File
from tests.differential.observed import (
    ObservedEvent,
    of_engine,
    of_reference,
    states,
    vouchers_of,
)
from tests.reference.evaluator import ReferenceEvaluator
from tests.reference.generate_events import FIRST_DAY, Event
from tests.reference.generate_rules import GeneratedBook
from tests.reference.state import CLOCK, State, instant_of

ENTITIES = ("E1", "E2")

#: From how many events of a level budgets are decided in columns; "auto": as in production.
BULK = {"closures": 2, "columns": 2, "auto": level_budgets.MIN_BULK_EVENTS}

#: Types of events that are calls of their own.
ALONE = frozenset({CLOCK, "hold.decided"})

#: How the engine is run: its evaluator, and the sizes that calls are cut to.
WAYS = ("closures", "columns", "auto")


@dataclass(frozen=True, slots=True)
class Trial:
    """A rule book and events in order. `seed` decides how they are cut into calls."""

    book: GeneratedBook
    events: tuple[Event, ...]
    seed: int = 0

    def files(self) -> list[File]:
        """The parsed files."""
        return [parse_file(path, text).file for path, text in self.book.files.items()]


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the engine and the reference part: the first event that differs, or the state."""

    way: str
    place: int
    expected: object
    found: object
    message: str = ""

    def __str__(self) -> str:
        where = f"event {self.place}" if self.place >= 0 else "state"
        engine = f"{self.found} {self.message}"
        return f"{self.way}, {where}\n  reference: {self.expected}\n  engine:    {engine}"


def reference_of(trial: Trial) -> ReferenceEvaluator:
    """The reference evaluator before the first event."""
    return ReferenceEvaluator(trial.files(), assets=trial.book.assets, entities=ENTITIES)


#: Errors of the checks that say an event may end UNPOSTED: the evaluators must hold for them.
BEARABLE = frozenset({"TP402", "TP406"})


def compiled(book: GeneratedBook) -> Program:
    """The program of a book. Raises ValueError with the diagnostics where it has errors."""
    sources = [SourceFile(path, text) for path, text in book.files.items()]
    assets = {path: text.encode() for path, text in book.assets.items()}
    compilation = Compilation(
        sources, assets, Reporter({source.path: source.text for source in sources})
    )
    for run in PASSES:
        run(compilation)
    errors = [
        found
        for found in (*compilation.found, *compilation.report.diagnostics)
        if found.severity is Severity.ERROR and found.code not in BEARABLE
    ]
    if errors or compilation.program is None:
        raise ValueError("\n".join(f"{e.code} {e.span} {e.message}" for e in errors))
    return compilation.program


def differences(
    trial: Trial,
    program: Program,
    *,
    ways: Sequence[str] = WAYS,
    seen: Counter[str] | None = None,
) -> Iterator[Difference]:
    """The first difference of each way of running the engine; `seen` counts constructs."""
    reference = reference_of(trial)
    if seen is not None:
        reference.seen = seen
    expected = [of_reference(outcome) for outcome in reference.post_all(trial.events)]
    for way in ways:
        found = first_difference(trial, program, way, expected, reference.state)
        if found is not None:
            yield found


def first_difference(
    trial: Trial,
    program: Program,
    way: str,
    expected: Sequence[ObservedEvent],
    state: State,
) -> Difference | None:
    """The first event that one way of running the engine decides otherwise, or the state."""
    now = instant_of(FIRST_DAY)
    book = Book.in_memory(
        [program],
        entities=ENTITIES,
        evaluator=way,  # type: ignore[arg-type]
        clock=lambda: now,
    )
    results: list[EventResult] = []
    level_budgets.MIN_BULK_EVENTS = BULK[way]
    for events in cut(trial, way):
        if events[0].get("type") == CLOCK:
            now = cast("int", events[0]["at"])
            book.tick()
        else:
            try:
                results += book.post([Call(events=events)])[0].results
            except (InvariantBroken, LookupError) as broken:
                return Difference(way, len(results), "an answer", repr(broken))
    vouchers = vouchers_of(book)
    for place, (wanted, result) in enumerate(zip(expected, results, strict=True)):
        found = of_engine(result, vouchers, wanted.message)
        if found != wanted:
            return Difference(way, place, wanted, found, result.message)
    wanted_state, found_state = states(state, book.state)
    if wanted_state != found_state:
        return Difference(way, -1, *wanted_state.against(found_state))
    return None


def cut(trial: Trial, way: str) -> Iterator[Sequence[Event]]:
    """The events in calls: one by one, all together, or at random.

    A move of the clock and a decision on a held event stand alone: an event waits once it is on
    record, and others of the call are told what it was before.
    """
    events, rng = trial.events, Random(f"{trial.seed} {way}")
    everything = max(1, len(events))
    alone = [at for at, event in enumerate(events) if event.get("type") in ALONE]
    ends = {*alone, *(at + 1 for at in alone), len(events)}
    sizes = {
        "closures": [rng.choice([1, everything])],
        # One failure sends a scanned level to the closures, so some calls are kept small.
        "columns": [rng.choice([5, 12, 40, everything])],
        "auto": [1, 2, 7, 30, 100],
    }[way]
    start = 0
    while start < len(events):
        size = rng.choice(sizes)
        end = min(start + size, *(end for end in ends if end > start))
        yield events[start:end]
        start = end
