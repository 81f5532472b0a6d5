"""What an impact comparison found: counts, examples, and totals by account and by dimension."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from engine.decimals import format_minor
from engine.impact.classes import ChangeClass, classify
from engine.impact.joining import JoinedEvent
from engine.impact.outcomes import Outcome
from engine.impact.writer import ImpactWriter

#: Examples kept of each class.
EXAMPLES_KEPT = 5

#: Rows of a dimension that the report names, largest difference first; files hold all.
DIMENSION_ROWS_SHOWN = 100

#: (entity, ledger, period, account code), and of a dimension: (name, value, entity, ledger, code).
_AccountKey = tuple[str, str, str, str]
_DimensionKey = tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class AccountChange:
    """An account in a period: new minus old, in minor units at `scale`."""

    entity: str
    ledger: str
    period: str
    account_code: str
    account_name: str
    scale: int
    debit: int
    credit: int

    def to_json(self) -> dict[str, object]:
        """The row as JSON data, amounts as decimal text."""
        return {
            "entity": self.entity,
            "ledger": self.ledger,
            "period": self.period,
            "account_code": self.account_code,
            "account_name": self.account_name,
            "debit": format_minor(self.debit, self.scale),
            "credit": format_minor(self.credit, self.scale),
        }


@dataclass(frozen=True, slots=True)
class DimensionChange:
    """An account under one value of a dimension: new minus old, in minor units at `scale`."""

    dimension: str
    value: str
    entity: str
    ledger: str
    account_code: str
    account_name: str
    scale: int
    debit: int
    credit: int

    def to_json(self) -> dict[str, object]:
        """The row as JSON data, amounts as decimal text."""
        return {
            "dimension": self.dimension,
            "value": self.value,
            "entity": self.entity,
            "ledger": self.ledger,
            "account_code": self.account_code,
            "account_name": self.account_name,
            "debit": format_minor(self.debit, self.scale),
            "credit": format_minor(self.credit, self.scale),
        }


@dataclass(frozen=True, slots=True)
class Example:
    """An event of a class with its two outcomes."""

    change: ChangeClass
    event: JoinedEvent

    def to_json(self) -> dict[str, object]:
        """The example as JSON data."""
        old, new = self.event.outcomes
        return {
            "class": self.change.value,
            "input_no": self.event.input_no,
            "source": self.event.source,
            "event_id": self.event.event_id,
            "type": self.event.type,
            "date": self.event.date,
            "old": _outcome_data(old),
            "new": _outcome_data(new),
        }


@dataclass(frozen=True, slots=True)
class ImpactReport:
    """What a new revision does to the same events.

    Attributes:
        old_revision, new_revision: identities; of a book, the one published last.
        counts: events by class, all classes present.
        types: (event type, class) -> events, SAME left out.
        accounts: where debits or credits differ, sorted by key.
        dimensions: the same by dimension value; all of them, sorted by key.
        examples: up to EXAMPLES_KEPT of each class but SAME, the first in input order.
    """

    old_revision: str
    new_revision: str
    counts: dict[ChangeClass, int]
    types: dict[tuple[str, ChangeClass], int]
    accounts: tuple[AccountChange, ...]
    dimensions: tuple[DimensionChange, ...]
    examples: tuple[Example, ...]

    @property
    def event_count(self) -> int:
        """Events compared."""
        return sum(self.counts.values())

    @property
    def changed_count(self) -> int:
        """Events that are not the same."""
        return self.event_count - self.counts[ChangeClass.SAME]

    def by_account(self) -> list[AccountChange]:
        """The accounts over all periods, `period` empty."""
        found: dict[tuple[str, str, str], AccountChange] = {}
        for row in self.accounts:
            key = (row.entity, row.ledger, row.account_code)
            sums = found.get(key, replace(row, period="", debit=0, credit=0))
            found[key] = replace(
                sums, debit=sums.debit + row.debit, credit=sums.credit + row.credit
            )
        return [found[key] for key in sorted(found)]

    def largest_by_dimension(self, limit: int = DIMENSION_ROWS_SHOWN) -> list[DimensionChange]:
        """Of each dimension the rows with the largest amounts, largest first."""
        shown: list[DimensionChange] = []
        for name in sorted({row.dimension for row in self.dimensions}):
            own = [row for row in self.dimensions if row.dimension == name]
            own.sort(key=lambda row: -max(abs(row.debit), abs(row.credit)))
            shown += own[:limit]
        return shown

    def to_json(self) -> dict[str, object]:
        """The report as JSON data; of each dimension the largest rows."""
        return {
            "old_revision": self.old_revision,
            "new_revision": self.new_revision,
            "events": self.event_count,
            "changed": self.changed_count,
            "classes": {name.value: count for name, count in self.counts.items()},
            "types": [
                {"type": kind, "class": change.value, "events": count}
                for (kind, change), count in sorted(self.types.items())
            ],
            "accounts": [row.to_json() for row in self.accounts],
            "dimensions": [row.to_json() for row in self.largest_by_dimension()],
            "dimension_rows": len(self.dimensions),
            "examples": [example.to_json() for example in self.examples],
        }


@dataclass(slots=True)
class _Difference:
    """New minus old of one row, in minor units."""

    name: str
    scale: int
    debit: int = 0
    credit: int = 0


@dataclass(slots=True)
class ReportMaker:
    """Classifies events as they are settled, adds up, and writes the rows of the files."""

    old_revision: str
    new_revision: str
    writer: ImpactWriter
    _counts: Counter[ChangeClass] = field(default_factory=Counter)
    _types: Counter[tuple[str, ChangeClass]] = field(default_factory=Counter)
    _accounts: dict[_AccountKey, _Difference] = field(default_factory=dict)
    _dimensions: dict[_DimensionKey, _Difference] = field(default_factory=dict)
    _examples: dict[ChangeClass, list[Example]] = field(default_factory=dict)

    def add(self, event: JoinedEvent) -> None:
        """Takes a settled event."""
        change = classify(*event.outcomes)
        self._counts[change] += 1
        self.writer.add(event, change)
        if change is ChangeClass.SAME:
            return
        self._types[event.type, change] += 1
        kept = self._examples.setdefault(change, [])
        kept.append(Example(change, event))
        kept.sort(key=lambda example: example.event.input_no)
        del kept[EXAMPLES_KEPT:]
        for sign, outcome in zip((-1, 1), event.outcomes, strict=True):
            self._add_up(outcome, sign)

    def finish(self) -> ImpactReport:
        """The report; completes the files."""
        accounts = [
            AccountChange(*key, row.name, row.scale, row.debit, row.credit)
            for key, row in sorted(self._accounts.items())
            if row.debit or row.credit
        ]
        dimensions = [
            DimensionChange(*key, row.name, row.scale, row.debit, row.credit)
            for key, row in sorted(self._dimensions.items())
            if row.debit or row.credit
        ]
        report = ImpactReport(
            old_revision=self.old_revision,
            new_revision=self.new_revision,
            counts={change: self._counts[change] for change in ChangeClass},
            types=dict(self._types),
            accounts=tuple(accounts),
            dimensions=tuple(dimensions),
            examples=tuple(_in_order(self._examples)),
        )
        self.writer.finish(
            [row.to_json() for row in accounts],
            [row.to_json() for row in dimensions],
            report.to_json(),
        )
        return report

    def _add_up(self, outcome: Outcome, sign: int) -> None:
        for voucher in outcome.vouchers:
            scale = voucher.scale
            for line in voucher.lines:
                code, name = line.account_code, line.account_name
                place = (voucher.entity, voucher.ledger, voucher.period, code)
                rows = [self._accounts.setdefault(place, _Difference(name, scale))]
                for dimension, value in line.dimensions:
                    under = (dimension, value, voucher.entity, voucher.ledger, code)
                    rows.append(self._dimensions.setdefault(under, _Difference(name, scale)))
                for row in rows:
                    row.debit += sign * line.debit
                    row.credit += sign * line.credit


def _in_order(examples: dict[ChangeClass, list[Example]]) -> Iterable[Example]:
    for change in ChangeClass:
        yield from sorted(examples.get(change, ()), key=lambda one: one.event.input_no)


def _outcome_data(outcome: Outcome) -> dict[str, object]:
    moves: Sequence[dict[str, object]] = [
        {**move._asdict(), "amount": str(move.amount)} for move in outcome.moves
    ]
    return {
        "status": outcome.status.name,
        "reason": outcome.reason,
        "message": outcome.message,
        "vouchers": [voucher.to_json() for voucher in outcome.vouchers],
        "budget_moves": moves,
    }
