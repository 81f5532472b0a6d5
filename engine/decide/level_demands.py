"""What the events of a dependency level ask of budgets, as columns in event order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.batch import Int64s
from engine.budget.demand import Ruling
from engine.decide.budgets import Asking
from engine.decide.context import RunContext
from engine.decide.level_types import TypeLevel
from engine.evaluate.outcome import NOT_FAILED, MoveColumns
from engine.program import NO_DATE, BudgetMove


@dataclass(frozen=True, slots=True)
class Statement:
    """A budget statement of a rule over the level. rule: index; columns: its rows."""

    rule: int
    move: BudgetMove
    columns: MoveColumns


@dataclass(frozen=True, slots=True)
class AskingEvent:
    """An event of the level that asks something. slot: in its type's level. day: business date."""

    position: int
    level: TypeLevel
    slot: int
    day: int


@dataclass(slots=True)
class LevelDemands:
    """All statement rows of live events, in the order of events, rules, statements, elements.

    Attributes:
        events: in log order.
        statements: in no order.
        orders: int64[n] index into `events`. owners: int64[n] index into `statements`.
        rows: int64[n] row of the statement's columns.
        amounts: int64[n]. days: int64[n] day that chooses the period.
        rulings: event order -> what became of the events decided one by one.
    """

    events: list[AskingEvent]
    statements: list[Statement]
    orders: Int64s
    owners: Int64s
    rows: Int64s
    amounts: Int64s
    days: Int64s
    rulings: dict[int, tuple[Asking, Ruling]] = field(default_factory=dict)


@dataclass(slots=True)
class _Found:
    """A statement's live rows: into its columns, positions in the run, slots in its type."""

    statement: Statement
    level: TypeLevel
    rows: Int64s
    positions: Int64s
    slots: Int64s


def gather(context: RunContext, levels: Sequence[TypeLevel]) -> LevelDemands | None:
    """Every statement row of events still alive; None where no rule asks anything."""
    found = _live_statements(context, levels)
    if not found:
        return None
    positions = np.unique(np.concatenate([item.positions for item in found]))
    events: list[AskingEvent | None] = [None] * len(positions)
    orders = [np.searchsorted(positions, item.positions).astype(np.int64) for item in found]
    for item, own in zip(found, orders, strict=True):
        dates = item.level.batch.dates[item.level.indices]
        for order, slot in zip(own.tolist(), item.slots.tolist(), strict=True):
            if events[order] is None:
                position = int(positions[order])
                events[order] = AskingEvent(position, item.level, slot, int(dates[slot]))
    asking = [event for event in events if event is not None]
    event_days = np.array([event.day for event in asking], dtype=np.int64)
    sizes = [len(item.rows) for item in found]
    owners = np.repeat(np.arange(len(found), dtype=np.int64), sizes)
    every = np.concatenate(orders)
    rows = np.concatenate([item.rows for item in found])
    rules = np.array([item.statement.rule for item in found], dtype=np.int64)[owners]
    moves = np.array([item.statement.columns.move for item in found], dtype=np.int64)[owners]
    days: Int64s = np.concatenate(
        [_days(item, event_days[own]) for item, own in zip(found, orders, strict=True)]
    )
    amounts: Int64s = np.concatenate([item.statement.columns.amounts[item.rows] for item in found])
    sort = np.lexsort((rows, moves, rules, every))
    return LevelDemands(
        asking,
        [item.statement for item in found],
        every[sort],
        owners[sort],
        rows[sort],
        amounts[sort],
        days[sort],
    )


def _live_statements(context: RunContext, levels: Sequence[TypeLevel]) -> list[_Found]:
    found = []
    for level in levels:
        positions = level.batch.rows[level.indices]
        for rule_index, result in level.results:
            if not result.moves:
                continue
            own = level.slots[result.rows]
            kept = level.alive[own] & (result.failure == NOT_FAILED)
            moves = context.plan.program.rules[rule_index].moves
            for columns in result.moves:
                rows = np.flatnonzero(kept[columns.owners])
                if len(rows):
                    slots = own[columns.owners[rows]]
                    statement = Statement(rule_index, moves[columns.move], columns)
                    found.append(_Found(statement, level, rows, positions[slots], slots))
    return found


def _days(item: _Found, business: Int64s) -> Int64s:
    """The day that chooses each row's period."""
    own = item.statement.columns.days
    if own is None:
        return business
    days = own[item.rows].astype(np.int64)
    result: Int64s = np.where(days == NO_DATE, business, days).astype(np.int64)
    return result
