"""Applies a commit's budget effects: nodes, figures, what references hold. Contains no rule."""

from __future__ import annotations

import json
from dataclasses import replace

from engine.budget.names import node_name
from engine.columns import EffectBatch
from engine.effects import (
    BUDGET_DECISIONS,
    BUDGET_MOVES,
    BUDGET_NODES,
    MoveKind,
    Stage,
)
from engine.program import Control
from engine.state.budgets import NO_FIGURES, TOLERATED, BudgetState, Holding, Terms

#: Moves whose row carries group and end of the whole holding.
_SETS_TERMS = (MoveKind.RESERVE, MoveKind.OPENING, MoveKind.CARRY, MoveKind.EXTEND)


def apply_budgets(state: BudgetState, effects: EffectBatch) -> None:
    """Folds one commit's budget effects into the state.

    Args:
        state: changed in place.
        effects: of the commit.
    """
    if BUDGET_NODES.name in effects.tables:
        _apply_nodes(state, effects)
    if BUDGET_MOVES.name in effects.tables:
        _apply_moves(state, effects)
    if BUDGET_DECISIONS.name in effects.tables:
        _apply_excesses(state, effects)


def _apply_nodes(state: BudgetState, effects: EffectBatch) -> None:
    name = BUDGET_NODES.name
    table = effects.tables[name]
    numbers = zip(
        *(
            table.ints(column).tolist()
            for column in ("first_day", "last_day", "warn_ppm", "limited", "closed", "scale")
        ),
        strict=True,
    )
    texts = zip(
        *(
            effects.text(name, column)
            for column in (
                "budget",
                "path",
                "period",
                "parent",
                "control",
                "tolerances",
                "override_role",
                "version",
                "currency",
            )
        ),
        strict=True,
    )
    for (first, last, warn, limited, closed, scale), (
        budget,
        path_text,
        period,
        parent,
        control,
        tolerances,
        role,
        version,
        currency,
    ) in zip(numbers, texts, strict=True):
        path = tuple(json.loads(path_text))
        state.set_terms(
            node_name(budget, path, period),
            Terms(
                budget=budget,
                path=path,
                period=period,
                parent=parent,
                scale=scale,
                currency=currency,
                control=Control(control),
                tolerances=_tolerances(tolerances),
                warn_ppm=warn,
                override_role=role,
                version=version,
                limited=bool(limited),
                closed=bool(closed),
                first_day=first,
                last_day=last,
            ),
        )


def _tolerances(text: str) -> tuple[tuple[int | None, int | None], ...]:
    given = json.loads(text)
    return tuple(tuple(given.get(act.value, (None, None))) for act in TOLERATED)


def _apply_moves(state: BudgetState, effects: EffectBatch) -> None:
    name = BUDGET_MOVES.name
    table = effects.tables[name]
    rows = zip(
        effects.text(name, "node"),
        table.ints("kind").tolist(),
        table.ints("stage").tolist(),
        table.ints("amount").tolist(),
        effects.text(name, "reference"),
        effects.text(name, "group_id"),
        table.ints("expires_us").tolist(),
        strict=True,
    )
    totals: dict[tuple[str, int], int] = {}
    for node, kind_number, stage_number, amount, reference, group, expires in rows:
        place = node, stage_number
        totals[place] = totals.get(place, 0) + amount
        if not reference:
            continue
        stage, kind = Stage(stage_number), MoveKind(kind_number)
        key = (state.terms[node].budget, reference)
        holding = state.holdings.get(key, Holding())
        if kind in _SETS_TERMS or (kind is MoveKind.COMMIT and stage is Stage.COMMITTED):
            holding = replace(holding, group=group or holding.group, expires_us=expires)
        elif kind is MoveKind.EXPIRE:
            holding = replace(holding, expires_us=0)
        state.set_holding(key, holding.plus(node, stage, amount) if amount else holding)
    for (node, stage_number), amount in totals.items():
        stage = Stage(stage_number)
        for above in [node] if stage is Stage.LIMIT else _chain(state, node):
            state.figures[above] = state.figures.get(above, NO_FIGURES).plus(stage, amount)


def _chain(state: BudgetState, node: str) -> list[str]:
    found = []
    while node:
        found.append(node)
        node = state.terms[node].parent
    return found


def _apply_excesses(state: BudgetState, effects: EffectBatch) -> None:
    name = BUDGET_DECISIONS.name
    amounts = effects.tables[name].ints("excess").tolist()
    if not any(amounts):
        return
    for node, amount in zip(effects.text(name, "node"), amounts, strict=True):
        if amount:
            figures = state.figures.get(node, NO_FIGURES)
            state.figures[node] = figures._replace(excess=figures.excess + amount)
