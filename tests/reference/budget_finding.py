"""Finds the node that a statement's or command's keys mean."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from engine.program import Budget, Horizon
from tests.reference.budget_nodes import Node, Terms, period_of_day
from tests.reference.budgets import Budgets


def find_node(
    book: Budgets, budget: Budget, keys: Sequence[str], on: date, *, whole: bool = False
) -> tuple[Node | None, str]:
    """The node of a statement's keys, and why it cannot be told.

    `whole`: its amount is to be changed, so that no node of fewer keys will do.
    """
    period = period_of_day(budget.horizon, on)
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
            if node.budget == budget.wire and terms.limited and _covers(node, terms, on, period)
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


def _covers(node: Node, terms: Terms, on: date, period: str) -> bool:
    if terms.days is not None:
        return terms.days[0] <= on <= terms.days[1]
    return node.period == period
