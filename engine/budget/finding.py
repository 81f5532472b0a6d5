"""Finds the node a demand counts at, and enters nodes nobody has named before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from engine.budget.names import node_name, period_label
from engine.errors import InvariantBroken
from engine.program import Budget, Horizon
from engine.state.budget_overlay import BudgetOverlay
from engine.state.budgets import TOLERATED, Terms

#: Told of every node entered or changed: its canonical name and attributes.
Entered = Callable[[str, Terms], object]


class NodeNotFound(ValueError):
    """The node a demand counts at cannot be told; the message says why."""


def find_node(
    state: BudgetOverlay,
    budget: Budget,
    keys: Sequence[str],
    day: int,
    *,
    period: str = "",
    whole: bool = False,
) -> str:
    """Canonical name of the node a demand counts at; "" where the budget has none for it.

    A budget by path finds the limited node whose path ends in the most of the keys; any other
    budget has a node for every key. A budget with dates has only the nodes that were approved,
    and takes the longest path that covers the day.

    Args:
        state: the nodes.
        budget: where to look.
        keys: root first, absent ones at the end left out.
        day: chooses the period where none is given.
        period: only a node of this period will do; "" for the one the day chooses.
        whole: only a node for all of the keys will do (whose amount is changed or read, not used).

    Raises:
        NodeNotFound: several nodes fit and none exactly.
    """
    path = _path(budget, keys)
    period = period or period_label(budget.horizon, day)
    if not budget.by_path and budget.horizon is not Horizon.DATES:
        return node_name(budget.wire, path, period)
    for length in range(len(path), -1, -1):
        if (budget.by_path and not length) or (whole and length < len(path)):
            break
        found = [
            node
            for node in _candidates(state, budget, path[:length])
            if _fits(state, budget, node, day, period)
        ]
        if len(found) > 1:
            found = [node for node in found if _own_path(state, node) == path[:length]]
            if len(found) != 1:
                raise NodeNotFound(
                    f"several nodes of budget {budget.name} end in {'/'.join(path[:length])}; "
                    "approve one with exactly this path"
                )
        if found:
            return found[0]
    return "" if budget.horizon is Horizon.DATES else node_name(budget.wire, path, period)


def enter_node(
    state: BudgetOverlay,
    budget: Budget,
    path: tuple[str, ...],
    period: str,
    entered: Entered,
    *,
    parent: str = "",
) -> str:
    """The node of a path, entered under its parent where it does not exist; unlimited.

    Args:
        state: changed.
        budget: declares the defaults of its nodes.
        path: root first.
        period: as in names.
        entered: told of each new node, roots first.
        parent: a node that exists; "" for the prefix of the path, entered as well.
    """
    name = node_name(budget.wire, path, period)
    if state.terms(name) is not None:
        return name
    if not parent and path:
        parent = enter_node(state, budget, path[:-1], period, entered)
    terms = default_terms(budget, path, period, parent)
    state.set_terms(name, terms)
    entered(name, terms)
    return name


def default_terms(budget: Budget, path: tuple[str, ...], period: str, parent: str) -> Terms:
    """The attributes of a node as its budget declares them."""
    tolerances = [budget.tolerances.get(act) for act in TOLERATED]
    return Terms(
        budget=budget.wire,
        path=path,
        period=period,
        parent=parent,
        scale=budget.scale,
        currency=budget.currency or budget.unit,
        control=budget.control,
        tolerances=tuple((t.ppm, t.amount) if t is not None else (None, None) for t in tolerances),
        warn_ppm=-1 if budget.warn_ppm is None else budget.warn_ppm,
        override_role=budget.override_role,
    )


def change_terms(state: BudgetOverlay, node: str, entered: Entered, **changes: object) -> Terms:
    """Changes attributes of a node that exists; tells `entered` only where they differ."""
    known = state.terms(node)
    if known is None:
        raise InvariantBroken("a budget node that does not exist is changed", node)
    terms = replace(known, **changes)  # type: ignore[arg-type]  # fields of Terms by name
    if terms != known:
        state.set_terms(node, terms)
        entered(node, terms)
    return terms


def _path(budget: Budget, keys: Sequence[str]) -> tuple[str, ...]:
    """The keys as a path; a key of a budget by path may hold several segments."""
    if not budget.by_path:
        return tuple(keys)
    return tuple(segment for key in keys for segment in key.split("/") if segment)


def _candidates(state: BudgetOverlay, budget: Budget, path: tuple[str, ...]) -> Sequence[str]:
    if budget.by_path:
        return state.with_tail(budget.wire, path)
    return [node for node in state.with_tail(budget.wire, path) if _own_path(state, node) == path]


def _own_path(state: BudgetOverlay, node: str) -> tuple[str, ...]:
    terms = state.terms(node)
    return terms.path if terms is not None else ()


def _fits(state: BudgetOverlay, budget: Budget, node: str, day: int, period: str) -> bool:
    """Whether a node belongs to the period; with dates of its own and none said, holds the day."""
    terms = state.terms(node)
    if terms is None:
        return False
    if budget.horizon is Horizon.DATES and not period:
        return terms.covers(day)
    return terms.period == period
