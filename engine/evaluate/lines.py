"""Makes voucher lines in columns, and checks them: range, sign, required dimensions, balance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from engine.evaluate.columns import Bools, Column, Int32s, Int64s, as_column
from engine.evaluate.failures import (
    MISSING_DIMENSION,
    NEGATIVE_AMOUNT,
    OUT_OF_RANGE,
    UNBALANCED,
)
from engine.evaluate.frame import Frame
from engine.evaluate.outcome import ForeignColumns, LineColumns, VoucherColumns
from engine.evaluate.text import column_texts, join_columns
from engine.evaluate.voucher_checks import NOT_ON_LINE, BalanceCheck, LinePlan, VoucherChecks
from engine.limits import MAX_AMOUNT_MINOR
from engine.money import Integers, magnitude, segment_sums
from engine.program import EVENT_SHAPE, INT64_MAX, Kind, Line, LineDimension, Template


@dataclass(slots=True)
class _Amounts:
    """A line's amounts before zeros are left out; 0 where the voucher is not made.

    dense: int64, one per event or element. by_event: [k], summed over the elements.
    """

    dense: Int64s
    by_event: Integers


class LineMaker:
    """Makes the vouchers of one evaluation; dimension columns are made once for all lines."""

    def __init__(self, frame: Frame) -> None:
        """Takes the evaluated frame."""
        self._frame = frame
        self._dimensions: dict[tuple[int, int | None], Int32s] = {}

    def voucher(self, checks: VoucherChecks) -> VoucherColumns:
        """Makes a voucher plan's columns and records what is wrong with them."""
        frame, plan = self._frame, checks.plan
        made = np.ones(frame.count, dtype=np.bool_)
        if plan.guard is not None:
            made &= cast("Bools", frame.column(plan.guard))
        skipped = None if made.all() else ~made
        lines: list[LineColumns] = []
        amounts: list[_Amounts] = []
        for line in checks.lines:
            found, columns = self._line(line, skipped)
            amounts.append(found)
            lines.append(columns)
        self._check_total(checks, amounts)
        for check in checks.balances:
            self._check_dimension(checks, check, lines, amounts)
        if checks.merge is not None:
            lines, too_large = checks.merge.of_events(lines, frame.count)
            if too_large is not None:
                self._fail(EVENT_SHAPE, [(too_large, OUT_OF_RANGE)])
        summaries = render(frame, plan.summary, skipped)
        return VoucherColumns(made, summaries, tuple(lines))

    def _line(self, plan: LinePlan, skipped: Bools | None) -> tuple[_Amounts, LineColumns]:
        """A line's amounts, and its columns without zeros; records what is wrong with them."""
        frame, line = self._frame, plan.line
        values = cast("Integers", frame.column(line.amount))
        if skipped is not None:
            spread = skipped[frame.elements(line.each).owners] if line.each >= 0 else skipped
            values = cast("Integers", np.where(spread, 0, values))
        faults: list[tuple[Bools, int]] = []
        if plan.may_exceed:
            outside = (values < -MAX_AMOUNT_MINOR) | (values > MAX_AMOUNT_MINOR)
            faults.append((outside, OUT_OF_RANGE))
            values = cast("Integers", np.where(outside, 0, values))
        dense = values.astype(np.int64, copy=False)
        if plan.rejects_negative:
            faults.append((dense < 0, NEGATIVE_AMOUNT))
        foreign = self._foreign(line, skipped)
        is_made = dense != 0 if foreign is None else (dense != 0) | (foreign.amounts != 0)
        accounts = cast("Int32s", frame.column(line.account))
        dimensions = tuple(self._dimension(line.each, found) for found in line.dimensions)
        for missing in _missing(plan, accounts, dimensions):
            faults.append((missing & is_made, MISSING_DIMENSION))
        self._fail(line.each, faults)
        by_event: Integers = dense
        if line.each >= 0:
            by_event = segment_sums(dense, frame.elements(line.each).offsets)
        kept = np.flatnonzero(is_made)
        rows = None if len(kept) == len(dense) else kept
        owners, elements = self._frame.places(line.each, rows)
        columns = LineColumns(owners, elements, accounts, dense, dimensions, foreign)
        if rows is not None:
            columns.accounts, columns.amounts = accounts[rows], dense[rows]
            columns.dimensions = tuple(codes[rows] for codes in dimensions)
            columns.foreign = None if foreign is None else foreign.take(rows)
        return _Amounts(dense, by_event), columns

    def _foreign(self, line: Line, skipped: Bools | None) -> ForeignColumns | None:
        """The foreign part of a line, one per event or element; 0 where no voucher is made."""
        part, frame = line.foreign, self._frame
        if part is None:
            return None
        amounts = cast("Int64s", frame.column(part.amount)).astype(np.int64, copy=False)
        if skipped is not None:
            spread = skipped[frame.elements(line.each).owners] if line.each >= 0 else skipped
            amounts = np.where(spread, 0, amounts)
        currencies = cast("Int32s", frame.column(part.currency))
        return ForeignColumns(currencies, amounts, cast("Int32s", frame.column(part.rate)))

    def _dimension(self, shape: int, found: LineDimension) -> Int32s:
        """int32 codes of a line's dimension, -1 where it is not carried."""
        key = (found.value, found.given)
        codes = self._dimensions.get(key)
        if codes is None:
            frame, empty = self._frame, self._frame.linked.empty
            size = frame.size(shape)
            codes = cast("Int32s", as_column(frame.value(found.value), Kind.TEXT, size))
            # The empty text is not carried, as if it were absent.
            absent = codes == empty
            if found.given is not None:
                absent |= ~cast("Bools", as_column(frame.value(found.given), Kind.BOOL, size))
            if absent.any():
                codes = np.where(absent, np.int32(-1), codes)
            self._dimensions[key] = codes
        return codes

    def _fail(self, shape: int, faults: list[tuple[Bools, int]]) -> None:
        """Records what is wrong with a line: its first faulty element decides.

        Of several faults of one element the first in the list counts.
        """
        found = [(bad, code) for bad, code in faults if bad.any()]
        if not found:
            return
        codes = np.full(len(found[0][0]), -1, dtype=np.int16)
        for bad, code in reversed(found):
            codes[bad] = code
        rows = np.flatnonzero(codes >= 0)
        owners = self._frame.elements(shape).owners[rows] if shape >= 0 else rows
        self._frame.fail_rows(len(self._frame.nodes), owners, codes[rows])

    def _check_total(self, checks: VoucherChecks, amounts: list[_Amounts]) -> None:
        """Records the events whose voucher does not balance."""
        columns = [found.by_event for found in amounts]
        signs = [line.sign for line in checks.lines]
        total = _signed_sum(columns, signs, proved=checks.sums_fit)
        if total is not None and total.any():
            self._fail(EVENT_SHAPE, [(cast("Bools", total != 0), UNBALANCED)])

    def _check_dimension(
        self,
        checks: VoucherChecks,
        check: BalanceCheck,
        lines: list[LineColumns],
        amounts: list[_Amounts],
    ) -> None:
        """Records the events that do not balance for some value of a balancing dimension."""
        suspects = np.zeros(self._frame.count, dtype=np.bool_)
        for group in check.groups:
            dense = group.each != EVENT_SHAPE
            columns = [amounts[at].dense if dense else amounts[at].by_event for at in group.lines]
            signs = [checks.lines[at].sign for at in group.lines]
            total = _signed_sum(columns, signs, proved=checks.sums_fit)
            if total is None or not total.any():
                continue
            rows = np.flatnonzero(total)
            suspects[self._frame.elements(group.each).owners[rows] if dense else rows] = True
        if suspects.any():
            signs = [line.sign for line in checks.lines]
            unbalanced = _unbalanced(suspects, check, lines, signs)
            self._fail(EVENT_SHAPE, [(unbalanced, UNBALANCED)])


def _missing(plan: LinePlan, accounts: Int32s, dimensions: tuple[Int32s, ...]) -> list[Bools]:
    """Where an account requires a dimension that the line does not carry."""
    found = []
    for wanted in sorted(set(plan.required.values())):
        lacking = np.zeros(len(accounts), dtype=np.bool_)
        for position in wanted:
            lacking |= True if position == NOT_ON_LINE else dimensions[position] < 0
        if lacking.any():
            needing = [index for index, found in plan.required.items() if found == wanted]
            lacking &= np.isin(accounts, np.array(needing, dtype=np.int32))
            found.append(lacking)
    return found


def _signed_sum(columns: list[Integers], signs: list[int], *, proved: bool) -> Integers | None:
    """The exact sum of columns with their signs; None for no column.

    `proved`: no sum of them leaves int64.
    """
    if not columns:
        return None
    if not proved and sum(magnitude(column) for column in columns) > INT64_MAX:
        columns = [column.astype(np.object_) for column in columns]
    total: Column = columns[0] if signs[0] > 0 else -columns[0]
    for column, sign in zip(columns[1:], signs[1:], strict=True):
        total = np.add(total, column) if sign > 0 else np.subtract(total, column)
    return cast("Integers", total)


def _unbalanced(
    suspects: Bools, check: BalanceCheck, lines: list[LineColumns], signs: list[int]
) -> Bools:
    """bool[k]: which of the suspected events do not balance, summed up by value."""
    owners, codes, amounts = [], [], []
    for line, position, sign in zip(lines, check.positions, signs, strict=True):
        part = suspects[line.owners]
        owners.append(line.owners[part])
        amounts.append(sign * line.amounts[part])
        if position == NOT_ON_LINE:
            codes.append(np.full(len(owners[-1]), -1, dtype=np.int32))
        else:
            codes.append(line.dimensions[position][part])
    owner, code = np.concatenate(owners), np.concatenate(codes)
    order = np.lexsort((code, owner))
    owner, code, amount = owner[order], code[order], np.concatenate(amounts)[order]
    starts = np.flatnonzero(np.diff(owner, prepend=-1) | np.diff(code, prepend=-2))
    sums = segment_sums(amount, np.append(starts, len(amount)))
    unbalanced = np.zeros(len(suspects), dtype=np.bool_)
    unbalanced[owner[starts[sums != 0]]] = True
    return unbalanced


def render(frame: Frame, template: Template, skipped: Bools | None) -> list[str]:
    """A template's text per event; "" where `skipped` holds."""
    rows = None if skipped is None else np.flatnonzero(~skipped)
    count = frame.count if rows is None else len(rows)
    parts: list[str | list[str]] = []
    for part in template.parts:
        if isinstance(part, str):
            parts.append(part)
            continue
        node, column = frame.nodes[part], frame.column(part)
        if rows is not None:
            column = column[rows]
        accounts = frame.linked.program.accounts
        parts.append(column_texts(column, node.kind, node.scale, frame.batch.strings, accounts))
    texts = join_columns(parts, count)
    if rows is None:
        return texts
    full = [""] * frame.count
    for row, text in zip(rows.tolist(), texts, strict=True):
        full[row] = text
    return full
