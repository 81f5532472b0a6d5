"""Turns nodes that look things up into steps over columns: tables, records, balances, targets.

State is asked only where a node is active; every answer is recorded as a read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np

from engine.evaluate.columns import Bools, Column, Int64s, Value, absent_value, as_column, settle
from engine.evaluate.failures import FAULT_CODES, MISSING_RECORD, OUT_OF_RANGE
from engine.evaluate.frame import Frame
from engine.evaluate.ledger_lists import ledger_column_step, ledger_list_step
from engine.evaluate.link import LinkedProgram, LinkedRule
from engine.evaluate.numeric_ops import Step, exact_call
from engine.evaluate.outcome import DeltaColumns, ReadColumns, StateView
from engine.evaluate.split import split_columns
from engine.money import Integers
from engine.program import EVENT_SHAPE, INT64_MAX, INT64_MIN, NO_DATE, Kind, Node, Op, Residue


def make_state_step(linked: LinkedProgram, rule: LinkedRule, index: int) -> Step:
    """The step of a node that reads tables or state, or splits."""
    node = rule.rule.nodes[index]
    return _MAKERS[node.op](linked, rule, index, node)


def _table_row(linked: LinkedProgram, rule: LinkedRule, index: int, node: Node) -> Step:
    place = cast("int", node.data)
    table = linked.tables[place]
    fault = FAULT_CODES[linked.program.tables[place].fault]
    nodes = rule.rule.nodes

    def look_up(frame: Frame) -> Value:
        size = frame.size(node.shape)
        keys = tuple(as_column(frame.value(arg), nodes[arg].kind, size) for arg in node.args)
        rows = table.rows(keys, size)
        found = rows >= 0
        active = frame.active(node)
        _record(frame, index, (), (rows, found), active)
        if not found.all():
            frame.fail(index, ~found if active is None else active & ~found, fault)
        return rows

    return look_up


def _table_cell(linked: LinkedProgram, rule: LinkedRule, index: int, node: Node) -> Step:
    place, output = cast("tuple[int, int]", node.data)
    cells = linked.tables[place].outputs[output]
    only = node.args[0]

    def cell(frame: Frame) -> Value:
        return cells[cast("Int64s", frame.value(only))]

    return cell


def _record(
    frame: Frame,
    index: int,
    keys: tuple[Int64s, ...],
    answer: tuple[Int64s, Bools],
    active: Bools | None,
) -> None:
    """Records what a node read where it is active; all arguments have one row per value."""
    values, known = answer
    rows = None if active is None else np.flatnonzero(active)
    owners, numbers = frame.places(frame.nodes[index].shape, rows)
    if rows is not None:
        keys = tuple(key[rows] for key in keys)
        values, known = values[rows], known[rows]
    frame.reads.append(ReadColumns(index, owners, numbers, keys, values, known))


def _only(keys: tuple[Int64s, ...], active: Bools | None) -> tuple[Int64s, ...]:
    """The keys of the active values."""
    return keys if active is None else tuple(key[active] for key in keys)


def _spread(values: Column, active: Bools | None, absent: int) -> Column:
    """Answers for the active values put back in their places."""
    if active is None:
        return values
    full = np.full(len(active), absent, dtype=values.dtype)
    full[active] = values
    return full


def _has_record(linked: LinkedProgram, rule: LinkedRule, index: int, node: Node) -> Step:
    place = cast("int", node.data)

    def exists(frame: Frame) -> Value:
        active = frame.active(node)
        keys = frame.keys(node, node.args, entity=False)
        found = _spread(frame.state.have_records(place, _only(keys, active)), active, 0)
        known = cast("Bools", found)
        _record(frame, index, keys, (known.astype(np.int64), known), active)
        return found

    return exists


def _read_record(linked: LinkedProgram, rule: LinkedRule, index: int, node: Node) -> Step:
    place, position, default = cast("tuple[int, int, int | None]", rule.data[index])
    absent = absent_value(node)

    def read(frame: Frame) -> Value:
        active = frame.active(node)
        keys = frame.keys(node, node.args, entity=False)
        asked = _only(keys, active)
        found, known = frame.state.records(place, position, asked)
        values = np.where(known, found, absent)
        missing = ~known
        if default is not None and missing.any():
            # The default counts where the record exists and this value was never set.
            exists = frame.state.have_records(place, tuple(key[missing] for key in asked))
            rows = np.flatnonzero(missing)[exists]
            values[rows] = default
            missing[rows] = False
        full = cast("Int64s", _spread(values, active, absent))
        _record(frame, index, keys, (full, cast("Bools", _spread(known, active, 0))), active)
        codes = np.where(missing, MISSING_RECORD, -1)
        if node.kind is Kind.NUMBER:
            low, high = max(node.low, INT64_MIN), min(node.high, INT64_MAX)
            codes[~missing & ((values < low) | (values > high))] = OUT_OF_RANGE
            full = np.clip(full, low, high)
        if (codes >= 0).any():
            spread = cast("Int64s", _spread(codes, active, -1))
            frame.fail(index, spread >= 0, spread)
        return _of_kind(full, node.kind)

    return read


def _of_kind(values: Int64s, kind: Kind) -> Column:
    """State values in the dtype of their kind."""
    match kind:
        case Kind.NUMBER:
            return values
        case Kind.BOOL:
            return cast("Bools", values != 0)
        case _:
            return values.astype(np.int32)


def _version(linked: LinkedProgram, rule: LinkedRule, index: int, node: Node) -> Step:
    place, position = cast("tuple[int, int]", node.data)

    def read(frame: Frame) -> Value:
        active = frame.active(node)
        keys = frame.keys(node, node.args, entity=False)
        found = frame.state.versions(place, position, _only(keys, active))
        days = cast("Int64s", _spread(found, active, NO_DATE))
        _record(frame, index, keys, (days, days != NO_DATE), active)
        return days.astype(np.int32)

    return read


def _minor_unit(linked: LinkedProgram, rule: LinkedRule, index: int, node: Node) -> Step:
    only, units = node.args[0], linked.minor_units

    def unit(frame: Frame) -> Value:
        codes, places = np.unique(frame.column(only), return_inverse=True)
        # Where a currency is absent nothing is counted in it.
        found = np.array([units.get(code, 1) for code in codes.tolist()], dtype=np.int64)
        return found[places.reshape(-1)]

    return unit


def _balance(linked: LinkedProgram, rule: LinkedRule, index: int, node: Node) -> Step:
    place = cast("int", node.data)

    def read(frame: Frame) -> Value:
        active = frame.active(node)
        keys = frame.keys(node, node.args, entity=True)
        asked = _only(keys, active)
        answer = _READINGS[node.op](frame.state, place, asked)
        values = cast("Int64s", _spread(answer, active, 0))
        _record(frame, index, keys, (values, np.ones(len(values), dtype=np.bool_)), active)
        return frame.check_range(index, values)

    return read


_READINGS: dict[Op, Callable[[StateView, int, tuple[Int64s, ...]], Int64s]] = {
    Op.BALANCE: lambda state, place, keys: state.balances(place, keys),
    Op.BALANCE_UNTIL: lambda state, place, keys: state.balances_until(place, keys),
    Op.TARGET: lambda state, place, keys: state.targets(place, keys),
}


def _delta(linked: LinkedProgram, rule: LinkedRule, index: int, node: Node) -> Step:
    place = cast("int", node.data)
    newest = node.args[-1]

    def difference(frame: Frame) -> Value:
        keys = frame.keys(node, node.args[:-1], entity=True)
        wanted = cast("Integers", frame.column(newest))
        if wanted.dtype == np.object_:
            outside = [not INT64_MIN <= value <= INT64_MAX for value in wanted.tolist()]
            frame.fail(index, np.array(outside, dtype=np.bool_), OUT_OF_RANGE)
        values = settle(wanted)
        old = _previous(keys, values, lambda asked: frame.state.targets(place, asked))
        _record(frame, index, keys, (old, np.ones(len(old), dtype=np.bool_)), None)
        frame.deltas.append(DeltaColumns(index, place, keys, values))
        result = exact_call(np.subtract, [values, old])
        result = frame.check_range(index, result)
        return result if node.is_wide else settle(result)

    return difference


def _previous(
    keys: tuple[Int64s, ...], values: Int64s, targets: Callable[[tuple[Int64s, ...]], Int64s]
) -> Int64s:
    """The value before each row: of the row before with the same key, or of the state.

    Assumes that every row is accepted; whoever finds one refused decides again in order.
    """
    if not len(values):
        return values
    # A column of one value, such as the entity, mostly, neither sorts nor tells keys apart.
    telling = [key for key in keys if key.min() != key.max()] or [keys[0]]
    order = np.lexsort(telling)  # stable, so that rows of one key stay in order
    same = np.ones(len(values), dtype=np.bool_)
    same[0] = False
    for key in telling:
        same[1:] &= key[order[1:]] == key[order[:-1]]
    old = np.empty_like(values)
    firsts = order[~same]
    old[firsts] = targets(tuple(key[firsts] for key in keys))
    old[order[1:][same[1:]]] = values[order[:-1][same[1:]]]
    return old


def _split(linked: LinkedProgram, rule: LinkedRule, index: int, node: Node) -> Step:
    total, weights = node.args
    residue = cast("Residue", node.data)

    def split(frame: Frame) -> Value:
        elements = frame.elements(node.shape)
        totals = cast("Integers", frame.column(total))
        shares, faults = split_columns(
            totals, cast("Integers", frame.column(weights)), elements.offsets, residue
        )
        bad = faults >= 0
        if bad.any():
            active = frame.active(node)
            if active is not None and node.active is not None:
                if frame.nodes[node.active].shape == EVENT_SHAPE:
                    active = cast("Bools", frame.column(node.active))
                else:
                    active = np.bincount(elements.owners[active], minlength=frame.count) > 0
                bad &= active
            owners = np.flatnonzero(bad)
            frame.fail_rows(index, owners, faults[owners])
        return shares if node.is_wide else settle(shares)

    return split


_MAKERS: dict[Op, Callable[[LinkedProgram, LinkedRule, int, Node], Step]] = {
    Op.TABLE_ROW: _table_row,
    Op.TABLE_CELL: _table_cell,
    Op.HAS_RECORD: _has_record,
    Op.RECORD: _read_record,
    Op.VERSION: _version,
    Op.MINOR_UNIT: _minor_unit,
    Op.BALANCE: _balance,
    Op.BALANCE_UNTIL: _balance,
    Op.TARGET: _balance,
    Op.DELTA: _delta,
    Op.SPLIT: _split,
    Op.LEDGER_LIST: ledger_list_step,
    Op.COLUMN: ledger_column_step,
}

#: The operations that `make_state_step` makes steps of.
STATE_OPS = frozenset(_MAKERS)
