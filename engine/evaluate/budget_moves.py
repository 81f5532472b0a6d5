"""Makes what the budget statements of a rule ask, in columns; decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import cast

import numpy as np

from engine.evaluate.columns import Bools, Column, Int32s, Int64s, as_column
from engine.evaluate.failures import OUT_OF_RANGE
from engine.evaluate.frame import Frame
from engine.evaluate.outcome import MoveColumns
from engine.evaluate.text import column_texts
from engine.limits import MAX_BUDGET_RAW
from engine.money import Integers
from engine.program import EVENT_SHAPE, BudgetMove, Rule, Template


def move_columns(frame: Frame, rule: Rule, number: int) -> MoveColumns:
    """What one budget statement asks of every event of the frame.

    Args:
        frame: the evaluated rule; amounts out of range are recorded in it.
        rule: the rule.
        number: index of the statement in `rule.moves`.
    """
    move = rule.moves[number]
    dense, kept = _amounts(frame, move)
    rows = None if len(kept) == len(dense) else kept
    owners, elements = frame.places(move.each, rows)
    return MoveColumns(
        move=number,
        owners=owners,
        elements=elements,
        amounts=dense if rows is None else dense[rows],
        keys=tuple(_codes(frame, key, move.each, kept) for key in move.keys),
        days=_days(frame, move.day, owners),
        references=_own_codes(frame, move.reference, owners),
        groups=_own_codes(frame, move.group, owners),
        until=_days(frame, move.until, owners),
        roles=None if move.roles is None else _roles(frame, move.roles, owners),
        reasons=_own_codes(frame, move.reason, owners),
        message=_message(frame, move.message, owners),
    )


def _amounts(frame: Frame, move: BudgetMove) -> tuple[Int64s, Int64s]:
    """int64 per event or element, and the places that ask something, ascending.

    Records the amounts that leave what a budget may hold; they are 0 then.
    """
    size = frame.size(move.each)
    held = _held(frame, move)
    if move.amount is None:
        places = np.arange(size, dtype=np.int64) if held is None else np.flatnonzero(held)
        return np.zeros(size, dtype=np.int64), places
    values = cast("Integers", frame.column(move.amount))
    if held is not None:
        values = cast("Integers", np.where(held, values, 0))
    node = frame.nodes[move.amount]
    if node.low < -MAX_BUDGET_RAW or node.high > MAX_BUDGET_RAW:
        outside = (values < -MAX_BUDGET_RAW) | (values > MAX_BUDGET_RAW)
        rows = np.flatnonzero(outside)
        owners, _ = frame.places(move.each, rows)
        frame.fail_rows(len(frame.nodes), owners, OUT_OF_RANGE)
        values = cast("Integers", np.where(outside, 0, values))
    dense = values.astype(np.int64, copy=False)
    return dense, np.flatnonzero(dense)


def _held(frame: Frame, move: BudgetMove) -> Bools | None:
    """Whether the statement's guard holds, per event or element; None where always."""
    if move.guard is None:
        return None
    held = cast("Bools", frame.column(move.guard))
    if held.all():
        return None
    return held if move.each == EVENT_SHAPE else held[frame.elements(move.each).owners]


def _codes(frame: Frame, index: int, shape: int, rows: Int64s) -> Int32s:
    """int32 codes of a text at some events or elements; -1 where absent or empty."""
    node = frame.nodes[index]
    codes = cast("Int32s", as_column(frame.value(index), node.kind, frame.size(shape)))[rows]
    return np.where(codes == frame.linked.empty, np.int32(-1), codes)


def _own_codes(frame: Frame, index: int | None, owners: Int64s) -> Int32s | None:
    """The codes of an event's own text; None where the statement has none."""
    return None if index is None else _codes(frame, index, EVENT_SHAPE, owners)


def _days(frame: Frame, index: int | None, owners: Int64s) -> Int32s | None:
    return None if index is None else cast("Int32s", frame.column(index))[owners]


def _roles(frame: Frame, index: int, owners: Int64s) -> list[tuple[int, ...]]:
    """Per row the roles given: one text, or every element of a list."""
    shape = frame.nodes[index].shape
    every = np.arange(frame.size(shape), dtype=np.int64)
    codes: list[int] = _codes(frame, index, shape, every).tolist()
    offsets: list[int] = list(range(frame.count + 1))
    if shape != EVENT_SHAPE:
        offsets = frame.elements(shape).offsets.tolist()
    by_event = [
        tuple([code for code in codes[start:end] if code >= 0]) for start, end in pairwise(offsets)
    ]
    return [by_event[owner] for owner in owners.tolist()]


def _message(frame: Frame, template: Template | None, owners: Int64s) -> Callable[[int], str]:
    """Renders the text of one row when it is asked for: few events are ever refused."""
    if template is None:
        return lambda row: ""
    strings, accounts = frame.batch.strings, frame.linked.program.accounts
    columns: dict[int, Column] = {
        part: frame.column(part) for part in template.parts if isinstance(part, int)
    }
    nodes = {part: frame.nodes[part] for part in columns}

    def text(row: int) -> str:
        own = slice(owners[row], owners[row] + 1)
        texts = []
        for part in template.parts:
            if isinstance(part, str):
                texts.append(part)
            else:
                node = nodes[part]
                texts += column_texts(columns[part][own], node.kind, node.scale, strings, accounts)
        return "".join(texts)

    return text
