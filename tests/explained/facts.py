"""What the reference evaluator looks at while it decides each event: rows, records, targets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tests.reference.evaluator import ReferenceEvaluator
from tests.reference.lookups import Lookups
from tests.reference.rules import RuleRun
from tests.reference.values import day


@dataclass(slots=True)
class EventFacts:
    """What one event looked at.

    rows: FILE:LINE of the table and rate rows that matched. records: (record.field, printed
    value). targets: (target, value before in minor units).
    """

    rows: set[str] = field(default_factory=set)
    records: set[tuple[str, str]] = field(default_factory=set)
    targets: set[tuple[str, int]] = field(default_factory=set)


@contextmanager
def noting(reference: ReferenceEvaluator) -> Iterator[dict[tuple[str, str], EventFacts]]:
    """Notes per event, by (source, id), what the reference looks at while the block runs."""
    found: dict[tuple[str, str], EventFacts] = {}
    now = [EventFacts()]
    row, rate, record, delta = Lookups.row, Lookups.rate, Lookups.record, RuleRun._delta
    decided = reference._decided

    def noted_row(own: Lookups, *args: Any) -> Any:
        answer = row(own, *args)
        now[0].rows.add(f"{answer.span.file}:{answer.span.line}")
        return answer

    def noted_rate(own: Lookups, name: str, on: date) -> Any:
        answer = rate(own, name, on)
        begun = [each for each in own._book.rates[name].rows if day(each[0]) <= on]
        span = max(begun, key=lambda each: each[0])[3]
        now[0].rows.add(f"{span.file}:{span.line}")
        return answer

    def noted_record(own: Lookups, name: str, key: Any, part: str, on: date) -> Any:
        answer = record(own, name, key, part, on)
        now[0].records.add((f"{name}.{part}", str(answer)))
        return answer

    def noted_delta(own: RuleRun, statement: Any, made: Any) -> None:
        delta(own, statement, made)
        for at in made.targets:
            now[0].targets.add((at[0], own._state.targets.get(at, 0)))

    def noted_event(event: Any) -> Any:
        now[0] = EventFacts()
        answer = decided(event)
        name = (str(event.get("source", "default")), str(event.get("id")))
        if answer.vouchers:
            found[name] = now[0]
        return answer

    Lookups.row, Lookups.rate, Lookups.record = noted_row, noted_rate, noted_record
    RuleRun._delta = noted_delta
    reference._decided = noted_event
    try:
        yield found
    finally:
        Lookups.row, Lookups.rate, Lookups.record = row, rate, record
        RuleRun._delta = delta
