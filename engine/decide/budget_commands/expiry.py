"""Soft holds whose time is up."""

from __future__ import annotations

from dataclasses import replace

from engine.budget.demand import Decided, Move, Ruling
from engine.decide.budgets import Notes
from engine.decide.deciding import Deciding
from engine.effects import MoveKind, Stage, Verdict


def expire(deciding: Deciding) -> None:
    """Gives back the soft holds whose time was up when this commit began."""
    overlay = deciding.overlay
    state = overlay.budgets
    notes = Notes(overlay, deciding.builder, -1)
    for key in list(state.state.due_by(deciding.now_us)):
        ruling = Ruling()
        holding = state.holding(key)
        changed = holding
        for part in holding.parts:
            if not part.reserved:
                continue
            changed = changed.plus(part.node, Stage.RESERVED, -part.reserved)
            ruling.moves.append(
                Move(
                    part.node,
                    MoveKind.EXPIRE,
                    Stage.RESERVED,
                    -part.reserved,
                    key[1],
                    holding.group,
                    0,
                )
            )
            figures = state.figures(part.node)
            ruling.decided.append(
                Decided(part.node, Verdict.EXPIRED, -part.reserved, figures.available)
            )
            state.move(part.node, Stage.RESERVED, -part.reserved)
        state.set_holding(key, replace(changed, expires_us=0))
        notes.ruling(ruling)
