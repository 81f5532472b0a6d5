"""Changes to budgets during the decision of one commit, on top of a `BudgetState`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from engine.effects import Stage
from engine.state.budgets import (
    NO_FIGURES,
    BudgetState,
    Figures,
    Holding,
    HoldingKey,
    Terms,
    tails_of,
)

K = TypeVar("K")
V = TypeVar("V")

_NOTHING = Holding()

#: Notes how a change is undone.
Undo = Callable[[Callable[[], object]], None]


class BudgetOverlay:
    """Copy-on-write view of a book's budgets. Values are immutable, so undoing is putting back."""

    __slots__ = (
        "_figures",
        "_groups",
        "_holdings",
        "_tails",
        "_terms",
        "_undo",
        "state",
    )

    def __init__(self, state: BudgetState, undo: Undo) -> None:
        """Starts without changes; `undo` is told how to take each one back."""
        self.state = state
        self._undo = undo
        self._terms: dict[str, Terms] = {}
        self._figures: dict[str, Figures] = {}
        self._holdings: dict[HoldingKey, Holding] = {}
        self._groups: dict[tuple[str, str], tuple[str, ...]] = {}
        self._tails: dict[tuple[str, tuple[str, ...]], tuple[str, ...]] = {}

    def terms(self, node: str) -> Terms | None:
        """A node's attributes; None where it does not exist."""
        own = self._terms.get(node)
        return own if own is not None else self.state.terms.get(node)

    def figures(self, node: str) -> Figures:
        """A node's figures, zeros where nothing moved."""
        own = self._figures.get(node)
        return own if own is not None else self.state.figures.get(node, NO_FIGURES)

    def holding(self, key: HoldingKey) -> Holding:
        """What a reference holds; nothing where it is unknown."""
        own = self._holdings.get(key)
        return own if own is not None else self.state.holdings.get(key, _NOTHING)

    def group(self, budget: str, group: str) -> tuple[str, ...]:
        """References of a group that hold something, in order of reservation."""
        names = self._groups.get((budget, group))
        return tuple(self.state.groups.get((budget, group), ())) if names is None else names

    def nodes(self, budget: str) -> list[tuple[str, Terms]]:
        """Every node of a budget, in no order."""
        found = {**self.state.terms, **self._terms}
        return [(name, terms) for name, terms in found.items() if terms.budget == budget]

    def references(self, budget: str) -> list[str]:
        """Every reference that holds something in a budget, in no order."""
        keys = {**self.state.holdings, **self._holdings}
        return [name for (own, name), holding in keys.items() if own == budget and holding.parts]

    def with_tail(self, budget: str, tail: tuple[str, ...]) -> Sequence[str]:
        """Limited nodes whose path ends so."""
        return (*self.state.tails.get((budget, tail), ()), *self._tails.get((budget, tail), ()))

    def chain(self, node: str) -> list[str]:
        """A node and every node above it, from the leaf up."""
        found, terms = [], self.terms(node)
        while terms is not None:
            found.append(node)
            node = terms.parent
            terms = self.terms(node) if node else None
        return found

    def set_terms(self, node: str, terms: Terms) -> None:
        """Enters or changes a node."""
        known = self.terms(node)
        self._set(self._terms, node, terms)
        if terms.limited and (known is None or not known.limited):
            for tail in tails_of(terms):
                self._set(self._tails, tail, (*self._tails.get(tail, ()), node))

    def set_figures(self, node: str, figures: Figures) -> None:
        """Sets a node's figures."""
        self._set(self._figures, node, figures)

    def move(self, node: str, stage: Stage, amount: int) -> None:
        """Moves a figure: an amount at the node itself, all else at every node above as well."""
        chain = (node,) if stage is Stage.LIMIT else self.chain(node)
        for name in chain:
            self.set_figures(name, self.figures(name).plus(stage, amount))

    def add_excess(self, node: str, amount: int) -> None:
        """Notes how far a decision took a node below zero."""
        figures = self.figures(node)
        self.set_figures(node, figures._replace(excess=figures.excess + amount))

    def set_holding(self, key: HoldingKey, holding: Holding) -> None:
        """Sets what a reference holds."""
        budget, reference = key
        known = self.holding(key)
        self._set(self._holdings, key, holding)
        before = known.group if known.parts else ""
        after = holding.group if holding.parts else ""
        if before != after:
            if before:
                rest = tuple(name for name in self.group(budget, before) if name != reference)
                self._set(self._groups, (budget, before), rest)
            if after:
                self._set(self._groups, (budget, after), (*self.group(budget, after), reference))

    def _set(self, table: dict[K, V], key: K, value: V) -> None:
        if key in table:
            old = table[key]
            self._undo(lambda: table.__setitem__(key, old))
        else:
            self._undo(lambda: table.pop(key))
        table[key] = value
