"""Decides the budgets of one dependency level, in event order over all its event types.

Where a limited node can bear everything the level asks of it, the events that touch no other node
pass at once, in columns. A loop runs over the rest: events at a contested node, and those that
give back or consume what a reference holds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.batch import Bools
from engine.decide.budgets import Asking
from engine.decide.context import Outcome, RunContext
from engine.decide.level_bulk import BulkPlan, note_bulk, plan_bulk
from engine.decide.level_demands import LevelDemands, gather
from engine.decide.level_types import TypeLevel
from engine.evaluate.outcome import MoveColumns, MoveRow
from engine.program import NO_DATE

#: Below this many events the loop is as fast as columns.
MIN_BULK_EVENTS = 32


def rule_on_level(context: RunContext, levels: Sequence[TypeLevel]) -> bool:
    """Takes out the events that budgets refuse; writes what the others move.

    Args:
        context: the run.
        levels: evaluated types; `alive` and `outcomes` of the refused are changed.

    Returns:
        False, with nothing written, where an event was refused whose target writes others of the
        level have counted on: the level must be decided in order.
    """
    level = gather(context, levels)
    if level is None:
        return True
    mark, built = context.overlay.mark(), context.builder.mark()
    entered = len(context.builder.budget_nodes)
    plan = plan_bulk(context, level) if len(level.events) >= MIN_BULK_EVENTS else None
    if not _rule_one_by_one(context, level, plan):
        context.overlay.rollback(mark)
        context.builder.rollback(built)
        for order in level.rulings:
            event = level.events[order]
            event.level.alive[event.slot] = True
            event.level.outcomes.pop(event.slot, None)
            event.level.warnings.clear()
        return False
    if plan is not None:
        note_bulk(context, level, plan, entered)
    for asking, ruling in level.rulings.values():
        context.budgets.note(asking, ruling)
    return True


def _rule_one_by_one(context: RunContext, level: LevelDemands, plan: BulkPlan | None) -> bool:
    """Decides the events that must be decided alone; False where one takes a target's base away."""
    alone = plan.alone if plan is not None else np.ones(len(level.events), dtype=np.bool_)
    rows = _rows_by_event(level, alone)
    stays = True
    # A loop: what one event takes of a contested node, or gives back, is there for the next.
    for order in np.flatnonzero(alone).tolist():
        event = level.events[order]
        position = event.position
        asking = Asking(
            position,
            context.decisions[position],
            event.level.event_type,
            event.day,
            context.ids[position],
        )
        ruling = context.budgets.decide(asking, rows[order])
        level.rulings[order] = (asking, ruling)
        if ruling.status is not None:
            event.level.alive[event.slot] = False
            event.level.outcomes[event.slot] = Outcome(ruling.status, ruling.reason, ruling.message)
            stays = stays and not event.level.scanned
        elif ruling.message:
            event.level.warnings[event.slot] = ruling.message
    return stays


def _rows_by_event(level: LevelDemands, alone: Bools) -> dict[int, list[tuple[int, MoveRow]]]:
    """Event order -> (rule index, row) of its statements, for events decided alone."""
    found: dict[int, list[tuple[int, MoveRow]]] = {}
    for place in np.flatnonzero(alone[level.orders]).tolist():
        statement = level.statements[int(level.owners[place])]
        row = _move_row(statement.columns, int(level.rows[place]))
        found.setdefault(int(level.orders[place]), []).append((statement.rule, row))
    return found


def _move_row(columns: MoveColumns, row: int) -> MoveRow:
    return MoveRow(
        move=columns.move,
        element=int(columns.elements[row]),
        amount=int(columns.amounts[row]),
        keys=tuple(int(key[row]) for key in columns.keys),
        day=NO_DATE if columns.days is None else int(columns.days[row]),
        reference=-1 if columns.references is None else int(columns.references[row]),
        group=-1 if columns.groups is None else int(columns.groups[row]),
        until=NO_DATE if columns.until is None else int(columns.until[row]),
        roles=() if columns.roles is None else columns.roles[row],
        reason=-1 if columns.reasons is None else int(columns.reasons[row]),
        message=columns.message(row),
    )
