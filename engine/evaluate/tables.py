"""Decision tables made ready for look-up: by dense grid, by packed key, or row by row.

Each key column sorts its values into classes that no row tells apart: text codes by the rows that
name them, numbers and days by the elementary intervals between all bounds. A table is then a
function of small class numbers, exact for sets, ranges and `*` alike.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Protocol

import numpy as np
import numpy.typing as npt

from engine.evaluate.columns import Bools, Column, Int64s, kind_dtype
from engine.limits import MAX_TABLE_GRID, MAX_TABLE_KEYS
from engine.money import as_objects, narrow
from engine.program import INT64_MAX, INT64_MIN, Cell, Kind, Table

#: Row number of a key that no row matches.
NO_ROW_FOUND = -1

Placer = Callable[[int], int]


class _Places(dict[int, int]):
    """Places by code; a code that no row names has place 0."""

    def __missing__(self, code: int) -> int:
        """The place of every other code; nothing is added."""
        return 0


class KeyColumn(Protocol):
    """One key column: sorts values into `count` classes."""

    count: int

    def classes(self, values: Column) -> Int64s:
        """The class of each value."""
        ...

    def placer(self, stride: int) -> Placer:
        """A function from a value to its class times `stride`."""
        ...

    def matching(self, cell: Cell) -> list[int]:
        """The classes whose values meet a cell."""
        ...


class TextColumn:
    """Text codes; class 0 holds every text that no row names, the absent text included."""

    def __init__(self, cells: list[Cell], code: Callable[[str], int]) -> None:
        """Puts texts named by the same rows into one class."""
        named: dict[str, list[int]] = {}
        for row, cell in enumerate(cells):
            for text in dict.fromkeys(cell.texts):
                named.setdefault(text, []).append(row)
        by_rows: dict[tuple[int, ...], int] = {}
        self._class_of_text = {
            text: by_rows.setdefault(tuple(rows), len(by_rows) + 1) for text, rows in named.items()
        }
        self.by_code = {code(text): number for text, number in self._class_of_text.items()}
        self.count = len(by_rows) + 1
        codes = sorted(self.by_code)
        self._codes = np.array(codes, dtype=np.int64)
        self._classes = np.array([self.by_code[c] for c in codes] + [0], dtype=np.int64)
        last = codes[-1] if codes else 0
        self._direct: Int64s | None = None
        if last <= 64 * len(codes) + 65_536:
            # Code c lies at c + 1, so that -1 and everything beyond the last find class 0.
            self._direct = np.zeros(last + 3, dtype=np.int64)
            self._direct[self._codes + 1] = self._classes[:-1]

    def classes(self, values: Column) -> Int64s:
        """The class of each code."""
        codes = values.astype(np.int64)
        if self._direct is not None:
            return self._direct[np.minimum(codes + 1, len(self._direct) - 1)]
        at = np.searchsorted(self._codes, codes)
        at[self._codes[np.minimum(at, len(self._codes) - 1)] != codes] = len(self._codes)
        return self._classes[at]

    def placer(self, stride: int) -> Placer:
        """A function from a code to its class times `stride`."""
        return _Places({code: number * stride for code, number in self.by_code.items()}).__getitem__

    def matching(self, cell: Cell) -> list[int]:
        """The classes of the texts a cell names."""
        return sorted({self._class_of_text[text] for text in cell.texts})


class RangeColumn:
    """Numbers or days; class c holds the values from bound c - 1 up to below bound c."""

    def __init__(self, cells: list[Cell]) -> None:
        """Cuts the number line at every bound of every interval."""
        cuts: set[int] = set()
        for interval in (interval for cell in cells for interval in cell.intervals):
            if interval.low is not None:
                cuts.add(interval.low)
            if interval.high is not None:
                cuts.add(interval.high + 1)
        self.cuts = sorted(cuts)
        self.count = len(self.cuts) + 1
        # An int64 is above every cut below int64's range and below every cut above it.
        self._below = sum(cut < INT64_MIN for cut in self.cuts)
        inside = [cut for cut in self.cuts if INT64_MIN <= cut <= INT64_MAX]
        self._inside = np.array(inside, dtype=np.int64)

    def classes(self, values: Column) -> Int64s:
        """The class of each value."""
        if values.dtype == np.object_:
            items: list[int] = values.tolist()
            return np.array([bisect_right(self.cuts, item) for item in items], dtype=np.int64)
        return np.searchsorted(self._inside, values, side="right").astype(np.int64) + self._below

    def placer(self, stride: int) -> Placer:
        """A function from a value to its class times `stride`."""
        cuts = self.cuts
        return lambda value: bisect_right(cuts, value) * stride

    def matching(self, cell: Cell) -> list[int]:
        """The classes inside any interval of a cell."""
        found: set[int] = set()
        for interval in cell.intervals:
            first = 0 if interval.low is None else bisect_right(self.cuts, interval.low)
            last = len(self.cuts)
            if interval.high is not None:
                last = bisect_right(self.cuts, interval.high)
            found.update(range(first, last + 1))
        return sorted(found)


class FlagColumn:
    """Truth values; their classes are 0 and 1."""

    count = 2

    def classes(self, values: Column) -> Int64s:
        """The class of each flag."""
        return values.astype(np.int64)

    def placer(self, stride: int) -> Placer:
        """A function from a flag to its class times `stride`."""
        return (0, stride).__getitem__

    def matching(self, cell: Cell) -> list[int]:
        """The flag a cell names."""
        return [] if cell.flag is None else [int(cell.flag)]


class Search(Protocol):
    """Finds rows by classes."""

    def rows(self, classes: list[Int64s], count: int) -> Int64s:
        """int64[count] row numbers, NO_ROW_FOUND where none matches."""
        ...

    def row(self, packed: int) -> int:
        """The row number for one packed combination of classes."""
        ...


class Grid:
    """The first matching row of every combination of classes, laid out in one array."""

    def __init__(
        self, counts: list[int], conditions: list[tuple[int, list[list[int]]]], fallback: int
    ) -> None:
        """Fills the grid from the last row to the first, so that the first one wins."""
        cells = np.full(counts, fallback, dtype=np.int64)
        for row, classes in reversed(conditions):
            if counts:
                cells[np.ix_(*classes)] = row
            else:
                cells[()] = row
        self._strides = _strides(counts)
        self.cells: Int64s = cells.reshape(-1)
        self.items: list[int] = self.cells.tolist()

    def rows(self, classes: list[Int64s], count: int) -> Int64s:
        """Looks rows up by the packed combination."""
        if not classes:
            return np.full(count, self.items[0], dtype=np.int64)
        return self.cells[_pack(classes, self._strides)]

    def row(self, packed: int) -> int:
        """Looks one row up."""
        return self.items[packed]


class PackedKeys:
    """Rows by packed combination, one sorted list per set of key columns that rows restrict."""

    def __init__(
        self,
        counts: list[int],
        conditions: list[tuple[int, list[list[int]]]],
        wild: list[tuple[bool, ...]],
        fallback: int,
    ) -> None:
        """Groups rows by the columns in which they are `*`."""
        self._fallback = fallback
        self._strides = _strides(counts)
        groups: dict[tuple[int, ...], dict[int, int]] = {}
        for (row, classes), skipped in zip(conditions, wild, strict=True):
            used = tuple(at for at, skip in enumerate(skipped) if not skip)
            rows = groups.setdefault(used, {})
            for key in product(*(classes[at] for at in used)):
                packed = sum(c * self._strides[at] for c, at in zip(key, used, strict=True))
                rows.setdefault(packed, row)
        self._groups = [
            (used, rows, np.array(sorted(rows), dtype=np.int64)) for used, rows in groups.items()
        ]
        self._rows = [
            np.array([rows[key] for key in keys.tolist()], dtype=np.int64)
            for _, rows, keys in self._groups
        ]

    def rows(self, classes: list[Int64s], count: int) -> Int64s:
        """Looks every group up and takes the first row of those found."""
        none = np.iinfo(np.int64).max
        best = np.full(count, none, dtype=np.int64)
        for (used, _, keys), rows in zip(self._groups, self._rows, strict=True):
            strides = [self._strides[at] for at in used]
            packed = _pack([classes[at] for at in used], strides) if used else 0
            at = np.minimum(np.searchsorted(keys, packed), len(keys) - 1)
            best = np.minimum(best, np.where(keys[at] == packed, rows[at], none))
        return np.where(best == none, self._fallback, best)

    def row(self, packed: int) -> int:
        """Looks one row up."""
        classes = _unpack(packed, self._strides)
        found = []
        for used, rows, _ in self._groups:
            row = rows.get(sum(classes[at] * self._strides[at] for at in used))
            if row is not None:
                found.append(row)
        return min(found, default=self._fallback)


class RowScan:
    """Rows tried one after the other: for tables too intricate for anything else."""

    def __init__(
        self, counts: list[int], conditions: list[tuple[int, list[list[int]]]], fallback: int
    ) -> None:
        """Keeps, per row and column, which classes match."""
        self._fallback = fallback
        self._strides = _strides(counts)
        self._conditions: list[tuple[int, list[Bools]]] = []
        for row, classes in conditions:
            masks = [np.zeros(count, dtype=np.bool_) for count in counts]
            for mask, matching in zip(masks, classes, strict=True):
                mask[matching] = True
            self._conditions.append((row, masks))

    def rows(self, classes: list[Int64s], count: int) -> Int64s:
        """Tries rows in order on the keys still without one."""
        found = np.full(count, self._fallback, dtype=np.int64)
        left = np.arange(count)
        for row, masks in self._conditions:
            hit = np.ones(len(left), dtype=np.bool_)
            for mask, column in zip(masks, classes, strict=True):
                hit &= mask[column[left]]
            found[left[hit]] = row
            left = left[~hit]
        return found

    def row(self, packed: int) -> int:
        """Tries rows in order."""
        classes = _unpack(packed, self._strides)
        for row, masks in self._conditions:
            if all(mask[c] for mask, c in zip(masks, classes, strict=True)):
                return row
        return self._fallback


@dataclass(slots=True)
class CompiledTable:
    """A table ready for look-up.

    Attributes:
        columns: one per key. search: finds rows by classes.
        placers: per key a function from a value to its part of the packed combination.
        outputs: per output column its values by row, dtype by kind, at least one element so that
            an unspecified row never fails. items: the same as Python values.
    """

    columns: tuple[KeyColumn, ...]
    search: Search
    placers: tuple[Placer, ...]
    outputs: tuple[Column, ...]
    items: tuple[list[int], ...]

    def rows(self, keys: tuple[Column, ...], count: int) -> Int64s:
        """int64[count]: the row of each key, NO_ROW_FOUND where none matches."""
        pairs = zip(self.columns, keys, strict=True)
        return self.search.rows([column.classes(key) for column, key in pairs], count)

    def row(self, *key: int) -> int:
        """The row of one key."""
        pairs = zip(self.placers, key, strict=True)
        return self.search.row(sum(place(value) for place, value in pairs))


def compile_table(table: Table, code: Callable[[str], int]) -> CompiledTable:
    """Makes a table ready; `code` gives the code of a text for good."""
    rows = [(number, row) for number, row in enumerate(table.rows) if not row.is_else]
    fallback = next((at for at, row in enumerate(table.rows) if row.is_else), NO_ROW_FOUND)
    columns = tuple(
        _key_column(kind, [row.cells[at] for _, row in rows], code)
        for at, kind in enumerate(table.key_kinds)
    )
    outputs = tuple(
        _output(kind, (row.outputs[at] for row in table.rows), code)
        for at, kind in enumerate(table.output_kinds)
    )
    conditions = [
        (
            number,
            [
                list(range(column.count)) if cell.matches_all else column.matching(cell)
                for column, cell in zip(columns, row.cells, strict=True)
            ],
        )
        for number, row in rows
    ]
    wild = [tuple(cell.matches_all for cell in row.cells) for _, row in rows]
    counts = [column.count for column in columns]
    pairs = zip(columns, _strides(counts), strict=True)
    return CompiledTable(
        columns=columns,
        search=_search(counts, conditions, wild, fallback),
        placers=tuple(column.placer(stride) for column, stride in pairs),
        outputs=outputs,
        items=tuple(output.tolist() for output in outputs),
    )


def _search(
    counts: list[int],
    conditions: list[tuple[int, list[list[int]]]],
    wild: list[tuple[bool, ...]],
    fallback: int,
) -> Search:
    """The fastest way to search that stays within its limit."""
    if prod(counts) <= MAX_TABLE_GRID:
        return Grid(counts, conditions, fallback)
    keys = sum(
        prod(len(found) for found, skip in zip(classes, skipped, strict=True) if not skip)
        for (_, classes), skipped in zip(conditions, wild, strict=True)
    )
    if keys <= MAX_TABLE_KEYS and prod(counts) <= INT64_MAX:
        return PackedKeys(counts, conditions, wild, fallback)
    return RowScan(counts, conditions, fallback)


def _key_column(kind: Kind, cells: list[Cell], code: Callable[[str], int]) -> KeyColumn:
    """The key column for a kind."""
    match kind:
        case Kind.TEXT:
            return TextColumn(cells, code)
        case Kind.BOOL:
            return FlagColumn()
        case _:
            return RangeColumn(cells)


def _output(kind: Kind, values: Iterable[int | str | bool], code: Callable[[str], int]) -> Column:
    """An output column by row, text as codes."""
    items = [code(value) if isinstance(value, str) else value for value in values] or [0]
    if kind is Kind.NUMBER:
        return narrow(as_objects(items))
    return np.array(items, dtype=kind_dtype(kind))


def _strides(counts: list[int]) -> list[int]:
    """What each class counts in a packed combination; the last column counts 1."""
    return [prod(counts[at + 1 :]) for at in range(len(counts))]


def _unpack(packed: int, strides: list[int]) -> list[int]:
    """The classes of a packed combination."""
    classes = []
    for stride in strides:
        number, packed = divmod(packed, stride)
        classes.append(number)
    return classes


def _pack(classes: list[Int64s], strides: list[int]) -> npt.NDArray[np.int64]:
    """The packed combination of each row's classes."""
    packed = classes[0] * strides[0] if strides[0] != 1 else classes[0]
    for column, stride in zip(classes[1:], strides[1:], strict=True):
        packed = packed + (column * stride if stride != 1 else column)
    return packed
