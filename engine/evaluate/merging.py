"""Merges equal lines of a voucher: same side, account and dimensions become one line.

The side is the one a line is posted on, after the ledger's policy on negative amounts. The line
stands where the first of those it is made of stood, and goes by that line's rule of sides.
"""

from __future__ import annotations

import numpy as np

from engine.evaluate.columns import Bools, Int32s, Int64s
from engine.evaluate.outcome import LineColumns, LineRow
from engine.limits import MAX_AMOUNT_MINOR
from engine.money import segment_sums
from engine.program import NegativePolicy, Program, Side, VoucherPlan

_Key = tuple[bool, int, tuple[tuple[int, int], ...]]


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
            place, _, account, amount, codes = row
            axes = zip(self._dimensions[place], codes, strict=True)
            carried = tuple(sorted((axis, code) for axis, code in axes if code >= 0))
            key = (self._is_debit(row), self._accounts[account], carried)
            groups.setdefault(key, []).append(row)
        merged = []
        for (is_debit, _, _), rows in groups.items():
            place, element, account, _, codes = rows[0]
            total = sum(row[3] if self._sides[row[0]][0] is is_debit else -row[3] for row in rows)
            if abs(total) > MAX_AMOUNT_MINOR:
                return None
            if total:
                amount = total if self._sides[place][0] is is_debit else -total
                merged.append((place, element, account, amount, codes))
        return merged

    def _is_debit(self, row: LineRow) -> bool:
        """Whether a line is posted on the debit side."""
        is_debit, may_change = self._sides[row[0]]
        return is_debit is not (may_change and row[3] < 0)

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
        debits = declared ^ (may_change & (amounts < 0))
        accounts = np.array(self._accounts, dtype=np.int32)[
            np.concatenate([line.accounts for line in lines])
        ]
        keys = (*self._carried(lines, sizes), accounts, debits, owners)
        order = np.lexsort(keys)  # stable: equal lines stay in the order of the voucher
        changes = np.zeros(len(order), dtype=np.bool_)
        changes[0] = True
        for key in keys:
            changes[1:] |= key[order[1:]] != key[order[:-1]]
        starts = np.flatnonzero(changes)
        shown = np.where(declared == debits, amounts, -amounts)[order]
        sums = segment_sums(shown, np.append(starts, len(order)))
        firsts = order[starts]
        outside = (sums < -MAX_AMOUNT_MINOR) | (sums > MAX_AMOUNT_MINOR)
        kept_sums = np.where(outside, 0, sums).astype(np.int64)
        merged = np.zeros(len(order), dtype=np.int64)
        merged[firsts] = np.where(declared[firsts] == debits[firsts], kept_sums, -kept_sums)
        too_large = None
        if outside.any():
            too_large = np.zeros(count, dtype=np.bool_)
            too_large[owners[firsts[outside]]] = True
        ends = np.cumsum(sizes)
        parts = np.split(merged, ends[:-1])
        return [_kept(line, part) for line, part in zip(lines, parts, strict=True)], too_large

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


def _kept(line: LineColumns, amounts: Int64s) -> LineColumns:
    """A line's columns with merged amounts, without zeros."""
    rows = np.flatnonzero(amounts)
    return LineColumns(
        line.owners[rows],
        line.elements[rows],
        line.accounts[rows],
        amounts[rows],
        tuple(codes[rows] for codes in line.dimensions),
    )
