"""Applies a commit's budget effects: nodes, figures, what references hold. Contains no rule."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterator, Sequence
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
from engine.state.budgets import (
    NO_FIGURES,
    TOLERATED,
    BudgetState,
    Holding,
    HoldingKey,
    Terms,
)

#: Moves whose row carries group and end of the whole holding.
_SETS_TERMS = (MoveKind.RESERVE, MoveKind.OPENING, MoveKind.CARRY, MoveKind.EXTEND)


def apply_budgets(state: BudgetState, effects: EffectBatch) -> None:
    """Folds one commit's budget effects into the state.

    Args:
        state: changed in place.
        effects: of the commit.
    """
    moves = list(_moves(effects)) if BUDGET_MOVES.name in effects.tables else []
    done = 0
    if BUDGET_NODES.name in effects.tables:
        for command, terms in _nodes(effects):
            node = node_name(terms.budget, terms.path, terms.period)
            known = state.terms.get(node)
            if known is not None and known.parent != terms.parent:
                # What moved before counts at the nodes that were above then.
                end = bisect_left(moves, command, key=_command)
                _apply_moves(state, moves[done:end])
                done = end
            state.set_terms(node, terms)
    _apply_moves(state, moves[done:])
    if BUDGET_DECISIONS.name in effects.tables:
        _apply_excesses(state, effects)


_NODE_NUMBERS = ("command", "first_day", "last_day", "warn_ppm", "limited", "closed", "scale")
_NODE_TEXTS = ("path", "control", "tolerances")
_NODE_NAMES = ("budget", "period", "parent", "override_role", "version", "currency")


def _nodes(effects: EffectBatch) -> Iterator[tuple[int, Terms]]:
    """Command row and attributes of each node entered or changed."""
    name = BUDGET_NODES.name
    table = effects.tables[name]
    numbers = zip(*(table.ints(column).tolist() for column in _NODE_NUMBERS), strict=True)
    texts = zip(*(effects.text(name, column) for column in _NODE_TEXTS), strict=True)
    names = zip(*(effects.text(name, column) for column in _NODE_NAMES), strict=True)
    for number, (path, control, tolerances), called in zip(numbers, texts, names, strict=True):
        command, first, last, warn, limited, closed, scale = number
        budget, period, parent, role, version, currency = called
        yield (
            command,
            Terms(
                budget=budget,
                path=tuple(json.loads(path)),
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


#: Command row, codes of source and event, node, kind, stage, amount, reference, group, expiry.
_Move = tuple[int, int, int, str, int, int, int, str, str, int]


def _moves(effects: EffectBatch) -> Iterator[_Move]:
    name = BUDGET_MOVES.name
    table = effects.tables[name]
    return zip(
        table.ints("command").tolist(),
        table.ints("source").tolist(),
        table.ints("event_id").tolist(),
        effects.text(name, "node"),
        table.ints("kind").tolist(),
        table.ints("stage").tolist(),
        table.ints("amount").tolist(),
        effects.text(name, "reference"),
        effects.text(name, "group_id"),
        table.ints("expires_us").tolist(),
        strict=True,
    )


def _command(move: _Move) -> int:
    return move[0]


def _apply_moves(state: BudgetState, moves: Sequence[_Move]) -> None:
    """Moves figures and holdings; a reference is changed once per event, as it was decided."""
    totals: dict[tuple[str, int], int] = {}
    changed: dict[HoldingKey, Holding] = {}
    event: tuple[int, ...] = ()
    for move in moves:
        *place, node, kind_number, stage_number, amount, reference, group, expires = move
        totals[node, stage_number] = totals.get((node, stage_number), 0) + amount
        if not reference:
            continue
        if event != (event := tuple(place)):
            _set_holdings(state, changed)
        stage, kind = Stage(stage_number), MoveKind(kind_number)
        key = (state.terms[node].budget, reference)
        holding = changed.get(key) or state.holdings.get(key, Holding())
        if kind in _SETS_TERMS or (kind is MoveKind.COMMIT and stage is Stage.COMMITTED):
            holding = replace(holding, group=group or holding.group, expires_us=expires)
        elif kind is MoveKind.EXPIRE:
            holding = replace(holding, expires_us=0)
        changed[key] = holding.plus(node, stage, amount) if amount else holding
    _set_holdings(state, changed)
    for (node, stage_number), amount in totals.items():
        stage = Stage(stage_number)
        for above in [node] if stage is Stage.LIMIT else _chain(state, node):
            state.figures[above] = state.figures.get(above, NO_FIGURES).plus(stage, amount)


def _set_holdings(state: BudgetState, changed: dict[HoldingKey, Holding]) -> None:
    for key, holding in changed.items():
        state.set_holding(key, holding)
    changed.clear()


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
