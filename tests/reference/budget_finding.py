"""Finds the node that a statement's or command's keys mean."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from engine.program import Budget, Horizon
from tests.reference.budget_nodes import Node, Terms, period_of_day
from tests.reference.budgets import Budgets


def find_node(
    book: Budgets,
    budget: Budget,
    keys: Sequence[str],
    on: date,
    *,
    period: str = "",
    whole: bool = False,
) -> tuple[Node | None, str]:
    """The node of a statement's keys, and why it cannot be told.

    `period`: where one is written the day does not matter, and no node of another will do.
    `whole`: its amount is to be changed, so that no node of fewer keys will do.
    """
    by_day = budget.horizon is Horizon.DATES and not period
    period = period or period_of_day(budget.horizon, on)
    path = tuple(keys)
    if budget.by_path:
        path = tuple(part for key in keys for part in key.split("/") if part)
    if not budget.by_path and budget.horizon is not Horizon.DATES:
        return Node(budget.wire, path, period), ""
    for length in range(len(path), 0 if budget.by_path else -1, -1):
        if whole and length < len(path):
            break
        wanted = path[:length]
        found = [
            node
            for node, terms in book.terms.items()
            if node.budget == budget.wire and terms.limited
            if (_covers(terms, on) if by_day else node.period == period)
            if (node.path[-length:] if budget.by_path else node.path) == wanted
        ]
        if len(found) > 1:
            found = [node for node in found if node.path == wanted]
            if len(found) != 1:
                return None, "ambiguous"
        if found:
            return found[0], ""
    if budget.horizon is Horizon.DATES:
        return None, ""
    return Node(budget.wire, path, period), ""


def _covers(terms: Terms, on: date) -> bool:
    return terms.days is not None and terms.days[0] <= on <= terms.days[1]
