"""Decides the budgets of one dependency level, in event order over all its event types."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.decide.context import RunContext
from engine.decide.level_types import TypeLevel
from engine.evaluate.outcome import NOT_FAILED, MoveColumns, MoveRow
from engine.program import NO_DATE


def rule_on_level(context: RunContext, levels: Sequence[TypeLevel]) -> bool:
    """Takes out the events that budgets refuse; writes what the others move.

    Args:
        context: the run.
        levels: evaluated types; `alive` and `outcomes` of the refused are changed.

    Returns:
        False, with nothing written, where an event was refused whose target writes others of the
        level have counted on: the level must be decided in order.
    """
    rows = _rows_by_slot(levels)
    if not rows:
        return True
    mark, built = context.overlay.mark(), context.builder.mark()
    # A loop: what one event takes is missing for the next, and what it gives back is there for it.
    for position, place, slot in sorted(rows):
        level = levels[place]
        found = rows[position, place, slot]
        found.sort(key=lambda item: (item[0], item[1].move, item[1].element))
        day = int(level.batch.dates[level.indices[slot]])
        refused = context.rule_on_budgets(position, level.event_type, day, found)
        if refused is None:
            continue
        if level.scanned:
            context.overlay.rollback(mark)
            context.builder.rollback(built)
            return False
        level.alive[slot] = False
        level.outcomes[slot] = refused
    return True


_Rows = dict[tuple[int, int, int], list[tuple[int, MoveRow]]]


def _rows_by_slot(levels: Sequence[TypeLevel]) -> _Rows:
    """(position, index of the type, slot) -> its statement rows, for events still alive."""
    rows: _Rows = {}
    for place, level in enumerate(levels):
        positions = level.batch.rows[level.indices].tolist()
        for rule_index, result in level.results:
            if not result.moves:
                continue
            own = level.slots[result.rows]
            kept = level.alive[own] & (result.failure == NOT_FAILED)
            slots = own.tolist()
            for columns in result.moves:
                for row in np.flatnonzero(kept[columns.owners]).tolist():
                    slot = slots[int(columns.owners[row])]
                    rows.setdefault((positions[slot], place, slot), []).append(
                        (rule_index, _move_row(columns, row))
                    )
    return rows


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
