"""Merges equal lines of a voucher: same side, account, dimensions, currency and rate.

The side is the one a line is posted on, after the ledger's policy on negative amounts. The line
stands where the first of those it is made of stood, and goes by that line's rule of sides.
"""

from __future__ import annotations

import numpy as np

from engine.evaluate.columns import Bools, Int32s, Int64s
from engine.evaluate.outcome import ForeignColumns, LineColumns, LineRow
from engine.limits import MAX_AMOUNT_MINOR
from engine.money import segment_sums
from engine.program import NegativePolicy, Program, Side, VoucherPlan

_Key = tuple[bool, int, tuple[tuple[int, int], ...], int, int]

#: The foreign part of a line in functional currency.
_NO_PART = (-1, 0, -1)


class Merge:
    """How the lines of one voucher plan are merged."""

    __slots__ = ("_accounts", "_dimensions", "_sides")

    def __init__(self, program: Program, plan: VoucherPlan) -> None:
        """Keeps of each declared line its side, whether a minus changes it, its dimensions."""
        swaps = program.ledgers[plan.ledger].negative is NegativePolicy.SWAP
        self._sides = tuple((line.side is Side.DEBIT, swaps or line.by_sign) for line in plan.lines)
        self._dimensions = tuple(
            tuple(found.dimension for found in line.dimensions) for line in plan.lines
        )
        first: dict[str, int] = {}
        # Several roles may stand for one account of the chart.
        self._accounts = [
            first.setdefault(account.code, index) for index, account in enumerate(program.accounts)
        ]

    def of_event(self, lines: list[LineRow]) -> list[LineRow] | None:
        """The merged lines of one event; None where one is larger than a line can be."""
        groups: dict[_Key, list[LineRow]] = {}
        for row in lines:
            place, _, account, _, codes, part = row
            axes = zip(self._dimensions[place], codes, strict=True)
            carried = tuple(sorted((axis, code) for axis, code in axes if code >= 0))
            currency, _, rate = part or _NO_PART
            key = (self._is_debit(row), self._accounts[account], carried, currency, rate)
            groups.setdefault(key, []).append(row)
        merged: list[LineRow] = []
        for (is_debit, *_), rows in groups.items():
            place, element, account, _, codes, part = rows[0]
            signs = [1 if self._sides[row[0]][0] is is_debit else -1 for row in rows]
            total = sum(sign * row[3] for sign, row in zip(signs, rows, strict=True))
            foreign = sum(
                sign * (row[5] or _NO_PART)[1] for sign, row in zip(signs, rows, strict=True)
            )
            if abs(total) > MAX_AMOUNT_MINOR:
                return None
            if total or foreign:
                own = None if part is None else (part[0], signs[0] * foreign, part[2])
                merged.append((place, element, account, signs[0] * total, codes, own))
        return merged

    def _is_debit(self, row: LineRow) -> bool:
        """Whether a line is posted on the debit side."""
        is_debit, may_change = self._sides[row[0]]
        is_negative = row[3] < 0 or (row[3] == 0 and (row[5] or _NO_PART)[1] < 0)
        return is_debit is not (may_change and is_negative)

    def of_events(
        self, lines: list[LineColumns], count: int
    ) -> tuple[list[LineColumns], Bools | None]:
        """The merged lines of `count` events, one entry per declared line.

        Returns:
            The lines, and bool[count]: where a line is larger than it can be, or None.
        """
        sizes = [len(line.owners) for line in lines]
        if not sum(sizes):
            return lines, None
        owners = np.concatenate([line.owners for line in lines])
        declared = np.repeat(np.array([side for side, _ in self._sides], dtype=np.bool_), sizes)
        may_change = np.repeat(np.array([may for _, may in self._sides], dtype=np.bool_), sizes)
        amounts = np.concatenate([line.amounts for line in lines])
        parts = [_part(line) for line in lines]
        foreign = np.concatenate([part.amounts for part in parts])
        debits = declared ^ (may_change & ((amounts < 0) | ((amounts == 0) & (foreign < 0))))
        accounts = np.array(self._accounts, dtype=np.int32)[
            np.concatenate([line.accounts for line in lines])
        ]
        currencies = np.concatenate([part.currencies for part in parts])
        rates = np.concatenate([part.rates for part in parts])
        keys = (*self._carried(lines, sizes), rates, currencies, accounts, debits, owners)
        order = np.lexsort(keys)  # stable: equal lines stay in the order of the voucher
        changes = np.zeros(len(order), dtype=np.bool_)
        changes[0] = True
        for key in keys:
            changes[1:] |= key[order[1:]] != key[order[:-1]]
        starts = np.flatnonzero(changes)
        ends = np.append(starts, len(order))
        own_side = declared == debits
        sums = segment_sums(np.where(own_side, amounts, -amounts)[order], ends)
        foreign_sums = segment_sums(np.where(own_side, foreign, -foreign)[order], ends)
        firsts = order[starts]
        outside = (sums < -MAX_AMOUNT_MINOR) | (sums > MAX_AMOUNT_MINOR)
        kept_sums = np.where(outside, 0, sums).astype(np.int64)
        merged = np.zeros(len(order), dtype=np.int64)
        merged[firsts] = np.where(own_side[firsts], kept_sums, -kept_sums)
        merged_foreign = np.zeros(len(order), dtype=np.int64)
        merged_foreign[firsts] = np.where(own_side[firsts], foreign_sums, -foreign_sums)
        too_large = None
        if outside.any():
            too_large = np.zeros(count, dtype=np.bool_)
            too_large[owners[firsts[outside]]] = True
        cuts = np.cumsum(sizes)[:-1]
        split = zip(lines, np.split(merged, cuts), np.split(merged_foreign, cuts), strict=True)
        return [_kept(line, own, part) for line, own, part in split], too_large

    def _carried(self, lines: list[LineColumns], sizes: list[int]) -> list[Int32s]:
        """One column per dimension of any line, -1 where a line does not carry it."""
        columns = []
        for dimension in sorted({axis for axes in self._dimensions for axis in axes}):
            parts = []
            for line, axes, size in zip(lines, self._dimensions, sizes, strict=True):
                if dimension in axes:
                    parts.append(line.dimensions[axes.index(dimension)].astype(np.int32))
                else:
                    parts.append(np.full(size, -1, dtype=np.int32))
            columns.append(np.concatenate(parts))
        return columns


def _part(line: LineColumns) -> ForeignColumns:
    """The foreign part of lines; of those in functional currency nothing."""
    if line.foreign is not None:
        return line.foreign
    count = len(line.owners)
    none = np.full(count, -1, dtype=np.int32)
    return ForeignColumns(none, np.zeros(count, dtype=np.int64), none)


def _kept(line: LineColumns, amounts: Int64s, foreign: Int64s) -> LineColumns:
    """A line's columns with merged amounts, without zeros."""
    rows = np.flatnonzero((amounts != 0) | (foreign != 0))
    part = line.foreign
    if part is not None:
        part = ForeignColumns(part.currencies, foreign, part.rates).take(rows)
    return LineColumns(
        line.owners[rows],
        line.elements[rows],
        line.accounts[rows],
        amounts[rows],
        tuple(codes[rows] for codes in line.dimensions),
        part,
    )
