"""Evaluates events through columns and through closures, and requires equal outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.batch import TypedBatch
from engine.evaluate import LinkedProgram, evaluate_columns, evaluate_row
from engine.evaluate.outcome import (
    NOT_FAILED,
    MoveColumns,
    MoveRow,
    RuleColumns,
    RuleRow,
    VoucherRow,
)
from engine.program import NO_DATE, Rule
from tests.engine.evaluate.building import FakeState, Key, rows_of


def columns_as_rows(found: RuleColumns, rule: Rule, count: int) -> list[RuleRow]:
    """What the columns say of each event, in the form of the closures."""
    rows = [RuleRow(matched=False) for _ in range(count)]
    place_of = found.rows.tolist()
    for place, row in enumerate(place_of):
        failure = int(found.failure[place])
        rows[row] = RuleRow(
            matched=True,
            failed_node=int(found.failed_node[place]),
            failure=failure,
            message=found.messages.get(place, ""),
        )
    own = [rows[row] for row in place_of]
    good = [row.failure == NOT_FAILED for row in own]
    for read in found.reads:
        keys = [key.tolist() for key in read.keys]
        for at, owner in enumerate(read.owners.tolist()):
            if good[owner] or read.node < own[owner].failed_node:
                key = tuple(column[at] for column in keys)
                value = int(read.values[at]) if read.known[at] else None
                own[owner].reads.append((read.node, int(read.elements[at]), key, value))
    for delta in found.deltas:
        keys = [key.tolist() for key in delta.keys]
        for place, row in enumerate(own):
            if good[place]:
                key = tuple(column[place] for column in keys)
                row.deltas.append((delta.node, delta.target, key, int(delta.values[place])))
    _add_vouchers(found, own, good)
    assert len(found.moves) == len(rule.moves)
    for moves in found.moves:
        _add_moves(moves, own, good)
    for row in own:
        row.reads.sort(key=lambda read: read[:2])
    assert all(line.amounts.dtype == np.int64 for v in found.vouchers for line in v.lines)
    assert len(found.vouchers) == len(rule.vouchers)
    return rows


def _add_vouchers(found: RuleColumns, own: list[RuleRow], good: list[bool]) -> None:
    for plan, voucher in enumerate(found.vouchers):
        made: dict[int, VoucherRow] = {}
        for place, row in enumerate(own):
            if not voucher.made[place]:
                assert not voucher.summaries[place]
            elif good[place]:
                made[place] = VoucherRow(plan, voucher.summaries[place], [])
                row.vouchers.append(made[place])
        for number_of_line, line in enumerate(voucher.lines):
            dimensions = [codes.tolist() for codes in line.dimensions]
            part = line.foreign
            for at, owner in enumerate(line.owners.tolist()):
                if owner in made:
                    made[owner].lines.append(
                        (
                            number_of_line,
                            int(line.elements[at]),
                            int(line.accounts[at]),
                            int(line.amounts[at]),
                            tuple(codes[at] for codes in dimensions),
                            None
                            if part is None
                            else (
                                int(part.currencies[at]),
                                int(part.amounts[at]),
                                int(part.rates[at]),
                            ),
                        )
                    )
                elif good[owner]:
                    raise AssertionError("line of a voucher that is not made")


def _add_moves(found: MoveColumns, own: list[RuleRow], good: list[bool]) -> None:
    count = len(found.owners)
    whole = [found.amounts, found.owners]
    codes = [*found.keys, found.elements]
    codes += [
        column
        for column in (found.days, found.references, found.groups, found.until, found.reasons)
        if column is not None
    ]
    assert all(column.dtype == np.int64 and len(column) == count for column in whole)
    assert all(column.dtype == np.int32 and len(column) == count for column in codes)

    def at(column: Any, row: int, absent: int) -> int:
        return absent if column is None else int(column[row])

    for row, owner in enumerate(found.owners.tolist()):
        if good[owner]:
            own[owner].moves.append(
                MoveRow(
                    move=found.move,
                    element=int(found.elements[row]),
                    amount=int(found.amounts[row]),
                    keys=tuple(int(column[row]) for column in found.keys),
                    day=at(found.days, row, NO_DATE),
                    reference=at(found.references, row, -1),
                    group=at(found.groups, row, -1),
                    until=at(found.until, row, NO_DATE),
                    roles=() if found.roles is None else found.roles[row],
                    reason=at(found.reasons, row, -1),
                    message=found.message(row),
                )
            )


def compare(
    own: LinkedProgram,
    events: TypedBatch,
    state: FakeState | None = None,
    candidates: Sequence[int] | None = None,
    rule_index: int = 0,
) -> list[RuleRow]:
    """Evaluates events both ways, requires equal outcomes, and returns those of the closures.

    Closures see the targets that earlier events of the batch wrote, those that failed included:
    that is what columns assume.
    """
    state = state or FakeState()
    count = len(events.rows)
    wanted = list(range(count)) if candidates is None else list(candidates)
    found = evaluate_columns(own, rule_index, events, np.array(wanted, dtype=np.int64), state)
    rule = own.program.rules[rule_index]
    expected = columns_as_rows(found, rule, count)
    assumed = _assumed_targets(found)
    running = FakeState(
        state.kept_records,
        state.written,
        state.kept_balances,
        dict(state.kept_targets),
        state.kept_versions,
        state.kept_lists,
    )
    rows: list[RuleRow] = []
    for index in range(count):
        if index not in wanted:
            rows.append(RuleRow(matched=False))
            continue
        row = evaluate_row(own, rule_index, events, index, running)
        for target, key, value in assumed.get(index, []):
            running.kept_targets[target, key] = value
        if row.failure != NOT_FAILED:
            row.reads = [read for read in row.reads if read[0] < row.failed_node]
        rows.append(row)
    for index, (one, two) in enumerate(zip(rows, expected, strict=True)):
        assert one == two, f"event {index}\nclosure {one}\ncolumns {two}"
    return rows


def _assumed_targets(found: RuleColumns) -> dict[int, list[tuple[int, Key, int]]]:
    writes: dict[int, list[tuple[int, Key, int]]] = {}
    for delta in found.deltas:
        values = delta.values.tolist()
        for row, key, value in zip(found.rows.tolist(), rows_of(delta.keys), values, strict=True):
            writes.setdefault(row, []).append((delta.target, key, value))
    return writes
