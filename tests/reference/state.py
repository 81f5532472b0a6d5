"""What the book has become: vouchers, records, targets, periods and identities, in plain dicts."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from engine.program import Side
from tests.reference.budget_cuts import Verdict
from tests.reference.budgets import Budgets
from tests.reference.numbering import Numbering
from tests.reference.values import EPOCH, Value

#: A pseudo event between two calls: the log's clock stands at `at` (microseconds) from here on.
CLOCK = "@clock"

#: Among the dimensions of a line: its currency, where it has a foreign part.
CURRENCY = "@currency"

TRANSPORT_KEYS = frozenset({"group_id", "attempt_id", "stream_id"})


@dataclass(frozen=True, slots=True)
class PostedLine:
    """A line: amount in minor units, red ones negative on their side; dimensions by wire name.

    `foreign`: currency, foreign amount on the same side, rate as text, of a line that has them.
    """

    side: Side
    account: str
    amount: int
    dimensions: tuple[tuple[str, str], ...]
    foreign: tuple[str, Fraction, str] | None = None


@dataclass(frozen=True, slots=True)
class PostedVoucher:
    """A voucher with its number."""

    entity: str
    ledger: str
    period: str
    word: str
    number: int
    voucher_date: date
    event_date: date
    rule: str
    summary: str
    lines: tuple[PostedLine, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one event. `first_status`: of a duplicate, the status it has now.

    `verdicts`: what every budget node with an amount said, in the order the event touched them.
    """

    status: str
    reason: str = ""
    vouchers: tuple[PostedVoucher, ...] = ()
    first_status: str = ""
    message: str = ""
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """An event that waits for a decision: who sent it, and the roles that may decide."""

    event: Mapping[str, object]
    sender: str
    roles: frozenset[str]


@dataclass(slots=True)
class State:
    """Everything earlier events left behind.

    records: by record name and key, the fields that were set. dated: likewise of dated records, as
    (day, fields) in the order they were written. targets: by target name, entity
    and key the last cumulative value in minor units. postings: every line with its period by
    entity, ledger and account. parameters: by wire name and entity, "" = every entity.
    """

    records: dict[tuple[str, tuple[Value, ...]], dict[str, Value]] = field(default_factory=dict)
    dated: dict[tuple[str, tuple[Value, ...]], list[tuple[date, dict[str, Value]]]] = field(
        default_factory=dict
    )
    targets: dict[tuple[str, str, tuple[Value, ...]], int] = field(default_factory=dict)
    vouchers: list[PostedVoucher] = field(default_factory=list)
    postings: dict[tuple[str, str, str], list[tuple[str, PostedLine]]] = field(default_factory=dict)
    closed: set[tuple[str, str]] = field(default_factory=set)
    identities: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    budgets: Budgets = field(default_factory=Budgets)
    held: dict[tuple[str, str], Held] = field(default_factory=dict)
    numbering: Numbering = field(default_factory=Numbering)
    parameters: dict[tuple[str, str], Value] = field(default_factory=dict)

    def post(self, voucher: PostedVoucher) -> None:
        """Adds a voucher and its lines."""
        self.vouchers.append(voucher)
        for line in voucher.lines:
            account = (voucher.entity, voucher.ledger, line.account)
            self.postings.setdefault(account, []).append((voucher.period, line))

    def lines_of(
        self,
        entity: str,
        ledger: str,
        codes: Collection[str],
        dimensions: Mapping[str, Value],
        periods: Callable[[str], bool] = lambda _: True,
    ) -> Iterator[tuple[str, PostedLine]]:
        """Code and line of everything posted to some accounts with these dimension values."""
        for code in codes:
            for period, line in self.postings.get((entity, ledger, code), ()):
                carried = dict(line.dimensions)
                if line.foreign is not None:
                    carried[CURRENCY] = line.foreign[0]
                fits = all(carried.get(name) == value for name, value in dimensions.items())
                if fits and periods(period):
                    yield code, line

    def first_open_period(self, entity: str, period: str) -> str:
        """The period, or the next one that is not closed."""
        while (entity, period) in self.closed:
            period = next_period(period)
        return period


def instant_of(on: date) -> int:
    """Midnight of a day in log time: microseconds since 1970-01-01 UTC."""
    return (on - EPOCH).days * 24 * 3600 * 1_000_000


def next_period(period: str) -> str:
    """The month after `2026-03`."""
    year, month = int(period[:4]), int(period[5:])
    return f"{year + month // 12:04d}-{month % 12 + 1:02d}"


def period_of(on: date) -> str:
    """The month of a date."""
    return f"{on.year:04d}-{on.month:02d}"


def canonical(event: Mapping[str, object]) -> str:
    """The content by which a repeated event is a duplicate or a conflict.

    Key order does not matter, null is absence, texts are NFC.
    """
    content = {key: value for key, value in event.items() if key not in TRANSPORT_KEYS}
    return json.dumps(_canonical_value(content), ensure_ascii=False, sort_keys=True)


def _canonical_value(value: object) -> object:
    match value:
        case Mapping():
            return {
                unicodedata.normalize("NFC", str(key)): _canonical_value(part)
                for key, part in value.items()
                if part is not None
            }
        case list() | tuple():
            return [_canonical_value(part) for part in value]
        case str():
            return _canonical_text(unicodedata.normalize("NFC", value))
    return value


def _canonical_text(text: str) -> str:
    if re.fullmatch(r"-?\d+\.\d+", text, re.ASCII):
        return text.rstrip("0").rstrip(".")
    return text
