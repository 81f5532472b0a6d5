"""Copy-on-write overlay of a book's state: decisions write here, the state itself stays as it is.

Keys use the batch's string codes, which agree with the pool's below `BatchStrings.base`.
Savepoints undo in reverse order, so that a group or a message can be decided again.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np

from engine.effects import PeriodState
from engine.evaluate.outcome import Bools, Int64s, LedgerElements
from engine.program import NO_DATE, FieldType, Program, RecordField
from engine.state.balances import NO_PERIOD, BalanceIndex, BalanceSpec
from engine.state.book_state import BookState
from engine.state.budget_overlay import BudgetOverlay
from engine.state.keys import Key
from engine.state.ledger_lists import ledger_elements, named_rows, rows_text
from engine.strings import BatchStrings

K = TypeVar("K")
V = TypeVar("V")

_RecordValues = dict[str, int | tuple[int, int]]


class Overlay:
    """Changes on top of a `BookState` during the decision of one commit."""

    __slots__ = (
        "_balance_index",
        "_balances",
        "_periods",
        "_records",
        "_targets",
        "_undo",
        "_versions",
        "budgets",
        "state",
        "strings",
    )

    def __init__(self, state: BookState, strings: BatchStrings) -> None:
        """Starts without changes."""
        self.state = state
        self.strings = strings
        self._balances: dict[BalanceSpec, dict[Key, int]] = {}
        self._balance_index = BalanceIndex()
        self._targets: dict[str, dict[Key, int]] = {}
        self._records: dict[str, dict[Key, _RecordValues | None]] = {}
        self._versions: dict[str, dict[Key, tuple[int, ...]]] = {}
        self._periods: dict[tuple[str, int], PeriodState] = {}
        self._undo: list[Callable[[], object]] = []
        self.budgets = BudgetOverlay(state.budgets, self._undo.append)

    def mark(self) -> int:
        """A savepoint for `rollback`."""
        return len(self._undo)

    def rollback(self, mark: int) -> None:
        """Undoes every change since the savepoint."""
        while len(self._undo) > mark:
            self._undo.pop()()

    def _set(self, table: dict[K, V], key: K, value: V) -> None:
        if key in table:
            old = table[key]
            self._undo.append(lambda: table.__setitem__(key, old))
        else:
            self._undo.append(lambda: table.pop(key))
        table[key] = value

    def balance(self, spec: BalanceSpec, key: Key) -> int:
        """Running balance of a key."""
        own = self._balances.get(spec)
        if own is not None and key in own:
            return own[key]
        return self.state.balances.get(spec, {}).get(key, 0)

    def add_balance(self, spec: BalanceSpec, key: Key, amount: int) -> None:
        """Adds to a running balance."""
        if spec not in self._balances:
            self._balances[spec] = {}
            if spec.is_grouped:
                self._balance_index.build(spec, ())
        if spec.is_grouped:
            self._balance_index.note(spec, key)  # stays when undone: the amount is then 0
        self._set(self._balances[spec], key, self.balance(spec, key) + amount)

    def balance_until(self, spec: BalanceSpec, prefix: Key, period: int) -> int:
        """Sum of a balance kept by period, up to and including a period."""
        periods = {*self.state.balance_periods(spec, prefix)}
        if spec in self._balances:
            periods.update(self._balance_index.periods(spec, prefix))
        return sum(self.balance(spec, (*prefix, each)) for each in periods if each <= period)

    def sums(
        self, spec: BalanceSpec, prefix: Key, first: int, last: int
    ) -> Iterator[tuple[Key, int]]:
        """What stands under an entity and dimension values, by the rest of the key, by period."""
        keys: dict[Key, None] = {}
        kept = [self.state.balance_periods(spec, prefix)]
        if spec in self._balances:
            kept.append(self._balance_index.periods(spec, prefix))
        for periods in kept:
            for period, rests in periods.items():
                if first <= period <= last:
                    keys.update((spec.key(prefix, period, rest), None) for rest in rests)
        for key in keys:
            amount = self.balance(spec, key)
            if amount:
                yield spec.group(key)[2], amount

    def target(self, name: str, key: Key) -> int | None:
        """Last cumulative value of a target; None where it never had one."""
        own = self._targets.get(name)
        if own is not None and key in own:
            return own[key]
        return self.state.targets.get(name, {}).get(key)

    def set_target(self, name: str, key: Key, value: int) -> None:
        """Sets a target's cumulative value."""
        self._set(self._targets.setdefault(name, {}), key, value)

    def record(self, name: str, key: Key) -> _RecordValues | None:
        """All values of a record; None where it was never written."""
        own = self._records.get(name)
        if own is not None and key in own:
            return own[key]
        return self.state.records.get(name, {}).get(key)

    def set_record(
        self, name: str, key: Key, values: _RecordValues, *, dated: bool = False
    ) -> None:
        """Replaces a record's values. `dated`: the key ends with the day of the version."""
        self._set(self._records.setdefault(name, {}), key, values)
        if dated:
            own = self._versions.setdefault(name, {})
            before = own.get(key[:-1], ())
            self._set(own, key[:-1], tuple(sorted({*before, key[-1]})))

    def version(self, name: str, field: str, key: Key) -> int | None:
        """The latest day up to that at the end of `key` on which a field of a record was set.

        `field` "": on which anything of it was written. None where there is no such day.
        """
        owner, day = key[:-1], key[-1]
        kept = self.state.versions.of(self.state.records, name, len(key)).get(owner, [])
        own = self._versions.get(name, {}).get(owner, ())
        # A version of this commit holds all that the one of the same day held before.
        for found in heapq.merge(_back_from(own, day), _back_from(kept, day), reverse=True):
            values = self.record(name, (*owner, found))
            if values is not None and (not field or field in values):
                return found
        return None

    def remove_record(self, name: str, key: Key) -> None:
        """Makes a record as if it had never been written."""
        self._set(self._records.setdefault(name, {}), key, None)

    def is_closed(self, entity: str, period: int) -> bool:
        """Whether a period of an entity is closed."""
        own = self._periods.get((entity, period))
        if own is not None:
            return own is PeriodState.CLOSED
        return (entity, period) in self.state.closed_periods

    def set_period(self, entity: str, period: int, state: PeriodState) -> None:
        """Opens or closes a period."""
        self._set(self._periods, (entity, period), state)

    @property
    def any_closed(self) -> bool:
        """Whether any period may be closed (a fast way out for most books)."""
        return bool(self._periods or self.state.closed_periods)


class ProgramView:
    """The overlay seen with one program's numbering of balances, targets and records.

    This is the `StateView` both evaluators read.
    """

    __slots__ = ("_program", "_records", "_specs", "_targets", "overlay")

    def __init__(self, overlay: Overlay, program: Program, specs: tuple[BalanceSpec, ...]) -> None:
        """`specs`: one per Program.balances."""
        self.overlay = overlay
        self._specs = specs
        self._program = program
        self._targets = tuple((t.name, t.continues) for t in program.targets)
        self._records = tuple((r.name, r.fields) for r in program.records)

    def record(self, record: int, field: int, key: tuple[int, ...]) -> int | None:
        """Raw value or text code of a record's field, at the scale the program declares."""
        name, fields = self._records[record]
        values = self.overlay.record(name, key)
        if values is None:
            return None
        return _at_scale(values.get(fields[field].name), fields[field])

    def has_record(self, record: int, key: tuple[int, ...]) -> bool:
        """Whether the record was ever written."""
        return self.overlay.record(self._records[record][0], key) is not None

    def version(self, record: int, field: int, key: tuple[int, ...]) -> int:
        """Day of the version in force; NO_DATE where there is none."""
        name, fields = self._records[record]
        wanted = "" if field < 0 else fields[field].name
        found = self.overlay.version(name, wanted, key)
        if found is None and wanted and fields[field].default is not None:
            found = self.overlay.version(name, "", key)
        return NO_DATE if found is None else found

    def balance(self, balance: int, key: tuple[int, ...]) -> int:
        """Running balance, positive on the accounts' normal side."""
        return self.overlay.balance(self._specs[balance], key)

    def balance_until(self, balance: int, key: tuple[int, ...]) -> int:
        """Balance up to and including the period that stands last in the key."""
        return self.overlay.balance_until(self._specs[balance], key[:-1], key[-1])

    def ledger_list(self, index: int, key: tuple[int, ...]) -> LedgerElements:
        """The elements of a list read from the ledger."""
        read = self._program.ledger_lists[index]
        specs = self._specs[read.debits], self._specs[read.credits]
        until = NO_PERIOD
        if specs[0].by_period:
            key, until = key[:-1], key[-1]
        first = NO_PERIOD if read.until else until
        rows: dict[Key, list[int]] = {}
        for side, spec in enumerate(specs):
            for rest, amount in self.overlay.sums(spec, key, first, until):
                rows.setdefault(rest, [0, 0])[side] += amount
        strings = self.overlay.strings
        found = named_rows(self._program, read, specs[0], rows, strings.text)
        return ledger_elements(self._program, read, rows_text(found), strings.code)

    def target(self, target: int, key: tuple[int, ...]) -> int:
        """Last cumulative value; a target that continues another takes over its state."""
        name, continues = self._targets[target]
        value = self.overlay.target(name, key)
        if value is None and continues:
            value = self.overlay.target(continues, key)
        return 0 if value is None else value

    def records(self, record: int, field: int, keys: tuple[Int64s, ...]) -> tuple[Int64s, Bools]:
        """Column form of `record`."""
        found = [self.record(record, field, key) for key in _rows(keys)]
        return (
            np.array([0 if value is None else value for value in found], dtype=np.int64),
            np.array([value is not None for value in found], dtype=np.bool_),
        )

    def have_records(self, record: int, keys: tuple[Int64s, ...]) -> Bools:
        """Column form of `has_record`."""
        return np.array([self.has_record(record, key) for key in _rows(keys)], dtype=np.bool_)

    def versions(self, record: int, field: int, keys: tuple[Int64s, ...]) -> Int64s:
        """Column form of `version`."""
        return np.array([self.version(record, field, key) for key in _rows(keys)], dtype=np.int64)

    def balances(self, balance: int, keys: tuple[Int64s, ...]) -> Int64s:
        """Column form of `balance`."""
        return np.array([self.balance(balance, key) for key in _rows(keys)], dtype=np.int64)

    def balances_until(self, balance: int, keys: tuple[Int64s, ...]) -> Int64s:
        """Column form of `balance_until`."""
        return np.array([self.balance_until(balance, key) for key in _rows(keys)], dtype=np.int64)

    def targets(self, target: int, keys: tuple[Int64s, ...]) -> Int64s:
        """Column form of `target`."""
        return np.array([self.target(target, key) for key in _rows(keys)], dtype=np.int64)


def _back_from(days: Sequence[int], last: int) -> Iterator[int]:
    """The days up to the last one, latest first."""
    return (days[place] for place in range(bisect_right(days, last) - 1, -1, -1))


def _rows(keys: tuple[Int64s, ...]) -> zip[tuple[int, ...]]:
    return zip(*(column.tolist() for column in keys), strict=True)


def _at_scale(value: int | tuple[int, int] | None, wanted: RecordField) -> int | None:
    """A stored value at the declared scale; one kept with more decimals counts as not set."""
    if value is None or isinstance(value, int):
        return value if wanted.type is not FieldType.NUMBER else None
    raw, scale = value
    if wanted.type is not FieldType.NUMBER:
        return raw if scale == 0 else None
    if scale <= wanted.scale:
        return raw * int(10 ** (wanted.scale - scale))
    quotient, rest = divmod(raw, int(10 ** (scale - wanted.scale)))
    return quotient if rest == 0 else None
