"""Closes the nodes of a period and carries over what is left and what is reserved."""

from __future__ import annotations

from engine.budget.cuts import Cuts
from engine.budget.demand import Move, Ruling
from engine.budget.finding import (
    change_terms,
    default_terms,
    enter_node,
)
from engine.budget.names import (
    days_of,
    is_label,
    next_label,
    node_name,
)
from engine.decide.budget_commands.command import Answer, Command, Refused
from engine.effects import MoveKind, Stage
from engine.program import NO_DATE, Budget, Horizon
from engine.state.budgets import NO_FIGURES, Terms


def close(command: Command) -> Answer:
    """Closes the nodes of a period; what is left and what is reserved may move to another."""
    budget = command.budget()
    period = command.text("period")
    if budget.horizon is Horizon.LIFE:
        if period:
            raise Refused("INVALID_FIELD", f"budget {budget.name} has no periods")
    elif not is_label(budget.horizon, period):
        raise Refused("INVALID_FIELD", f"period is a {budget.horizon} such as those of its nodes")
    onto = command.text("to_period")
    balance, reserved = (
        command.fields.get(name) is True for name in ("carry_balance", "carry_reserved")
    )
    if balance or reserved:
        onto = onto or next_label(budget.horizon, period)
        if not is_label(budget.horizon, onto) or onto == period:
            raise Refused("INVALID_FIELD", "to_period is the period that takes over")
    elif onto:
        raise Refused("INVALID_FIELD", "say what to carry: carry_balance, carry_reserved")
    ruling = Ruling()
    nodes = [
        (name, terms)
        for name, terms in command.state.nodes(budget.wire)
        if terms.period == period and not terms.closed
    ]
    nodes.sort(key=lambda item: item[1].path)
    cuts = Cuts(command.state)
    for name, terms in command.state.nodes(budget.wire):
        if terms.period in (period, onto):
            cuts.note(name)
    moves: list[Move] = []
    for name, terms in nodes:
        figures = command.state.figures(name)
        held = figures.reserved + figures.committed if reserved else 0
        carried = held + (max(0, figures.available) if balance else 0)
        if terms.limited and carried:
            moves += _carried_limit(command, budget, name, onto, carried)
        change_terms(command.state, name, command.notes.entered, closed=True)
    if reserved:
        moves += _carried_holdings(command, budget, {name for name, _ in nodes}, onto)
    for move in moves:
        command.state.move(move.node, move.stage, move.amount)
    ruling.moves = moves
    ruling.decided = cuts.decided(
        command.caller.person, command.text("reason"), entered=[move.node for move in moves]
    )
    if not nodes:
        ruling.reason, ruling.message = "NOTHING_TO_CLOSE", f"no open node of {period or 'it'}"
    return ruling, ()


def _carried_limit(
    command: Command, budget: Budget, name: str, onto: str, amount: int
) -> list[Move]:
    """An amount taken from a node and given to the same path of another period."""
    state, entered = command.state, command.notes.entered
    terms = state.terms(name) or default_terms(budget, (), "", "")
    target = _entered_alike(command, budget, terms, onto)
    dates = days_of(budget.horizon, onto) if budget.horizon is Horizon.DATES else None
    change_terms(
        state,
        target,
        entered,
        limited=True,
        control=terms.control,
        tolerances=terms.tolerances,
        warn_ppm=terms.warn_ppm,
        override_role=terms.override_role,
        first_day=dates[0] if dates else NO_DATE,
        last_day=dates[1] if dates else NO_DATE,
    )
    return [
        Move(name, MoveKind.CARRY, Stage.LIMIT, -amount),
        Move(target, MoveKind.CARRY, Stage.LIMIT, amount),
    ]


def _entered_alike(command: Command, budget: Budget, terms: Terms, onto: str) -> str:
    """The node of the same path in another period, hung there as it hangs in its own."""
    state, entered = command.state, command.notes.entered
    target = node_name(budget.wire, terms.path, onto)
    known = state.terms(target)
    if known is not None and (known.limited or state.figures(target) != NO_FIGURES):
        return target
    above = state.terms(terms.parent) if terms.parent else None
    parent = terms.parent
    if above is not None and above.period == terms.period:
        parent = _entered_alike(command, budget, above, onto)
    if not parent or target in state.chain(parent):
        return enter_node(state, budget, terms.path, onto, entered)
    enter_node(state, budget, terms.path, onto, entered, parent=parent)
    change_terms(state, target, entered, parent=parent)
    return target


def _carried_holdings(command: Command, budget: Budget, nodes: set[str], onto: str) -> list[Move]:
    """Open reservations and commitments, moved to the same path of another period."""
    state, moves = command.state, []
    for reference in sorted(state.references(budget.wire)):
        key = (budget.wire, reference)
        holding = state.holding(key)
        changed = holding
        for part in holding.parts:
            terms = state.terms(part.node)
            if part.node not in nodes or terms is None:
                continue
            target = enter_node(state, budget, terms.path, onto, command.notes.entered)
            for stage, amount in (
                (Stage.RESERVED, part.reserved),
                (Stage.COMMITTED, part.committed),
            ):
                if not amount:
                    continue
                # To the new node first: a holding that is empty in between loses its group.
                changed = changed.plus(target, stage, amount).plus(part.node, stage, -amount)
                for node, signed in ((part.node, -amount), (target, amount)):
                    moves.append(
                        Move(
                            node,
                            MoveKind.CARRY,
                            stage,
                            signed,
                            reference,
                            holding.group,
                            holding.expires_us,
                        )
                    )
        if changed is not holding:
            state.set_holding(key, changed)
    return moves
