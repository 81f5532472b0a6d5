"""Says by how much a change of amounts or attributes left blocking nodes short of what is used.

Granting less than is used already, a narrower tolerance, a node that begins to block: none of
them asks for money, so no demand is judged, and yet more is used than granted from then on.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.budget.demand import Decided
from engine.effects import Verdict
from engine.program import Control
from engine.state.budget_overlay import BudgetOverlay
from engine.state.budgets import NO_FIGURES, Figures, Terms


class Cuts:
    """What nodes had before a command changed them."""

    def __init__(self, state: BudgetOverlay) -> None:
        """Reads `state` before and after; changes it in `decided` alone."""
        self._state = state
        self._before: dict[str, tuple[Terms | None, Figures]] = {}

    def note(self, node: str) -> None:
        """Keeps what a node and those above it have now; what was kept first stays."""
        for name in self._state.chain(node):
            self.note_alone(name)

    def note_alone(self, node: str) -> None:
        """Keeps what one node has now; what was kept first stays."""
        if node not in self._before:
            self._before[node] = self._state.terms(node), self._state.figures(node)

    def decided(self, person: str, reason: str, *, entered: Iterable[str] = ()) -> list[Decided]:
        """A CUT for every node that blocks and is short of more than decisions say; adds it up.

        Args:
            person: who changed them.
            reason: as given with the command.
            entered: nodes that did not exist before.
        """
        for node in entered:
            for name in self._state.chain(node):
                self._before.setdefault(name, (None, NO_FIGURES))
        found = []
        for node, (terms, figures) in self._before.items():
            excess = self._excess(node, terms, figures)
            if excess > 0:
                after = self._state.figures(node)
                requested = figures.available - after.available
                found.append(
                    Decided(
                        node,
                        Verdict.CUT,
                        requested,
                        figures.available,
                        excess=excess,
                        person=person,
                        reason=reason,
                    )
                )
                self._state.add_excess(node, excess)
        return found

    def _excess(self, node: str, before: Terms | None, figures: Figures) -> int:
        """How much further below zero a node is, beyond what other decisions noted meanwhile."""
        terms, after = self._state.terms(node), self._state.figures(node)
        if terms is None or not _blocks(terms):
            return 0
        short = _short(terms, after)
        untold = short - after.excess
        if before is not None and _blocks(before):
            noted = after.excess - figures.excess
            untold = max(untold, short - _short(before, figures) - noted)
        return untold


def _blocks(terms: Terms) -> bool:
    return terms.limited and terms.control is Control.BLOCK


def _short(terms: Terms, figures: Figures) -> int:
    """What is used beyond amount and tolerance."""
    return max(0, -(figures.available + terms.most_tolerance(figures.limit)))
