"""What evaluating a rule yields, and the view of the state an evaluator reads.

Two evaluators fill these: `engine.evaluate.numeric` for many events at once and
`engine.evaluate.closures` for one. Both are production code and must agree to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: Codes of `failure`: faults are >= 0 (index into FAULTS), refusals are -1 - refusal index.
NOT_FAILED = -(2**15)


@dataclass(frozen=True, slots=True)
class LedgerElements:
    """A list read from the ledger for one event: equally long columns.

    accounts: indices into Program.accounts; sides: 1 where that is a debit account; debits,
    credits: raw; keys: per key dimension its text code, -1 = none; recorded: code of the list as
    JSON text, as it stands in READS.
    """

    accounts: list[int]
    sides: list[int]
    debits: list[int]
    credits: list[int]
    keys: tuple[list[int], ...]
    recorded: int


class StateView(Protocol):
    """State as of one place in the log. Keys are ints: text codes of the batch, raw numbers, days.

    The scalar calls serve closures, the plural ones columns; they answer alike. `key` of a
    balance, target: (entity code, *key values); of a record: (*key values). Plural keys come as
    a tuple of equally long int64 columns in the same order.
    """

    def record(self, record: int, field: int, key: tuple[int, ...]) -> int | None:
        """Raw value or text code of a record's field; None where never set (defaults apply)."""
        ...

    def has_record(self, record: int, key: tuple[int, ...]) -> bool:
        """Whether any event has written the record."""
        ...

    def version(self, record: int, field: int, key: tuple[int, ...]) -> int:
        """Day from which the version of a dated record's field in force is; NO_DATE = none.

        `key` ends with the day asked at. `field` -1: any version. Where the field has a default
        and no value was set, the version of any field.
        """
        ...

    def balance(self, balance: int, key: tuple[int, ...]) -> int:
        """Running balance in minor units, 0 where nothing was posted."""
        ...

    def balance_until(self, balance: int, key: tuple[int, ...]) -> int:
        """Balance up to and including the period that stands last in the key."""
        ...

    def ledger_list(self, index: int, key: tuple[int, ...]) -> LedgerElements:
        """The elements of a list read from the ledger. `key` as of its balances."""
        ...

    def target(self, target: int, key: tuple[int, ...]) -> int:
        """Last cumulative value in minor units, 0 where none."""
        ...

    def records(self, record: int, field: int, keys: tuple[Int64s, ...]) -> tuple[Int64s, Bools]:
        """Values and whether each was set."""
        ...

    def have_records(self, record: int, keys: tuple[Int64s, ...]) -> Bools:
        """Whether each record exists."""
        ...

    def versions(self, record: int, field: int, keys: tuple[Int64s, ...]) -> Int64s:
        """Days of the versions in force."""
        ...

    def balances(self, balance: int, keys: tuple[Int64s, ...]) -> Int64s:
        """Running balances."""
        ...

    def balances_until(self, balance: int, keys: tuple[Int64s, ...]) -> Int64s:
        """Balances up to and including a period."""
        ...

    def targets(self, target: int, keys: tuple[Int64s, ...]) -> Int64s:
        """Last cumulative values."""
        ...


@dataclass(slots=True)
class ForeignColumns:
    """The foreign parts of lines: currency codes, amounts raw at four decimals, codes of rates."""

    currencies: Int32s
    amounts: Int64s
    rates: Int32s

    def take(self, rows: Int64s) -> ForeignColumns:
        """The parts of some of the lines."""
        return ForeignColumns(self.currencies[rows], self.amounts[rows], self.rates[rows])


@dataclass(slots=True)
class LineColumns:
    """Lines of one `Line` of the program over all events that made it; zero amounts left out.

    owners: int64[j] index into `RuleColumns.rows` of the matched event. elements: int32[j] list
    element, or -1. amounts: int64[j], signed, on the declared side. dimensions: one int32[j]
    code column per LineDimension of the line, -1 where not carried.
    """

    owners: Int64s
    elements: Int32s
    accounts: Int32s
    amounts: Int64s
    dimensions: tuple[Int32s, ...]
    foreign: ForeignColumns | None = None


@dataclass(slots=True)
class VoucherColumns:
    """A voucher plan over the matched events. made: bool[k]; summaries: k strings ("" unmade)."""

    made: Bools
    summaries: list[str]
    lines: tuple[LineColumns, ...]


@dataclass(slots=True)
class DeltaColumns:
    """New cumulative values written by one DELTA node. keys: as for StateView.targets."""

    node: int
    target: int
    keys: tuple[Int64s, ...]
    values: Int64s


@dataclass(slots=True)
class ReadColumns:
    """State read by one node: owners/elements as in LineColumns; keys as asked; raw values.

    `known`: False where nothing was there (the value is then the default or unspecified).
    For TABLE_ROW the value is the row and the keys are empty.
    """

    node: int
    owners: Int64s
    elements: Int32s
    keys: tuple[Int64s, ...]
    values: Int64s
    known: Bools


@dataclass(slots=True)
class MoveColumns:
    """What one budget statement asks over the events whose guard of it holds.

    Rows come in event order, then element order; amounts of 0 are left out, except `release all`.
    An empty text is absent everywhere here, roles included. Amounts lie within MAX_BUDGET_RAW: one
    outside it is a fault of the event.

    Attributes:
        move: index into Rule.moves.
        owners: int64[j] index into `RuleColumns.rows`. elements: int32[j] list element or -1.
        amounts: int64[j] raw at the budget's scale (0 for `release all`).
        keys: one int32[j] code column per key, -1 where absent or empty.
        days: int32[j] day that chooses the period, None = the business date.
        references, groups: int32[j] text codes, -1 = absent; None where the statement has none.
        until: int32[j] last day of a soft hold, NO_DATE = none; None where it has none.
        roles: per row the text codes of the roles given, None where the statement has none.
        reasons: int32[j] text codes, -1 = absent; None where it has none.
        message: row j -> the text of its `else` clause, "" without one; rendered when asked for,
            and only meant for events that did not fail.
    """

    move: int
    owners: Int64s
    elements: Int32s
    amounts: Int64s
    keys: tuple[Int32s, ...]
    days: Int32s | None
    references: Int32s | None
    groups: Int32s | None
    until: Int32s | None
    roles: list[tuple[int, ...]] | None
    reasons: Int32s | None
    message: Callable[[int], str]


@dataclass(slots=True)
class RuleColumns:
    """A rule over many events of its type.

    Attributes:
        rows: int64[k] indices into TypedBatch.rows of the events whose guard holds.
        failed_node: int32[k] node at which evaluation stopped, or -1.
        failure: int16[k] NOT_FAILED, a fault (>= 0, index into FAULTS) or -1 - refusal index.
        messages: index into `rows` -> text of the refusal (its template filled in).
        vouchers, deltas, reads: for all matched events; what belongs to failed ones is
            unspecified and must be ignored.
    """

    rows: Int64s
    failed_node: Int32s
    failure: npt.NDArray[np.int16]
    messages: dict[int, str]
    vouchers: tuple[VoucherColumns, ...]
    deltas: tuple[DeltaColumns, ...]
    reads: tuple[ReadColumns, ...]
    moves: tuple[MoveColumns, ...] = ()


@dataclass(frozen=True, slots=True)
class MoveRow:
    """One row of a budget statement for one event; fields as in `MoveColumns`.

    `day` and `until` are NO_DATE, `reference`, `group` and `reason` -1 where there is none.
    """

    move: int
    element: int
    amount: int
    keys: tuple[int, ...]
    day: int
    reference: int
    group: int
    until: int
    roles: tuple[int, ...]
    reason: int
    message: str


#: Currency code, foreign amount raw at four decimals, code of the rate as text.
ForeignRow = tuple[int, int, int]

#: A line of one event: (line index, element, account, amount, dimension codes, foreign part).
LineRow = tuple[int, int, int, int, tuple[int, ...], ForeignRow | None]


@dataclass(slots=True)
class VoucherRow:
    """A voucher one event makes."""

    plan: int
    summary: str
    lines: list[LineRow]


@dataclass(slots=True)
class RuleRow:
    """A rule over one event.

    matched False: the guard does not hold and nothing else counts. failure as in RuleColumns.
    deltas: (node, target, key, new value). reads: (node, element, key, raw value or None).
    """

    matched: bool
    failed_node: int = -1
    failure: int = NOT_FAILED
    message: str = ""
    vouchers: list[VoucherRow] = field(default_factory=list)
    deltas: list[tuple[int, int, tuple[int, ...], int]] = field(default_factory=list)
    reads: list[tuple[int, int, tuple[int, ...], int | None]] = field(default_factory=list)
    moves: list[MoveRow] = field(default_factory=list)
