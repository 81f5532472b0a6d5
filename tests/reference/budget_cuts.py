"""Nodes that are short after their amount or what is said of them changed: nobody asked for money.

Each such node says by how much, as a cut, so that what is used beyond an amount always has a
decision that names it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.program import Control
from tests.reference.budget_nodes import TOLERATED, Node, Terms, tolerance_of

if TYPE_CHECKING:
    from tests.reference.budgets import Budgets


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a node said."""

    node: str
    verdict: str
    requested: int
    available: int
    shortfall: int = 0
    excess: int = 0
    role: str = ""


@dataclass(frozen=True, slots=True)
class _Standing:
    """A node as it stood: whether it blocks, what is left, how short it is, what was explained."""

    blocks: bool
    left: int
    short: int
    explained: int


class Cuts:
    """Compares nodes before and after a change."""

    def __init__(self, book: Budgets) -> None:
        self._book = book
        self._before: dict[Node, _Standing] = {}

    def note(self, nodes: Iterable[Node]) -> None:
        """Keeps how nodes stand now; what was kept first stays."""
        for node in nodes:
            if node not in self._before:
                self._before[node] = self._standing(node)

    def note_new(self, nodes: Iterable[Node]) -> None:
        """Notes nodes that did not exist before."""
        for node in nodes:
            self._before.setdefault(node, _Standing(False, 0, 0, 0))

    def verdicts(self) -> list[Verdict]:
        """A cut for every node that is short of more than decisions explain; explained from now."""
        found = []
        for node, before in self._before.items():
            after = self._standing(node)
            unexplained = after.short - after.explained
            if before.blocks:
                meanwhile = after.explained - before.explained
                unexplained = max(unexplained, after.short - before.short - meanwhile)
            if after.blocks and unexplained > 0:
                fell = before.left - after.left
                found.append(Verdict(str(node), "CUT", fell, before.left, excess=unexplained))
                self._book.excesses[str(node)] += unexplained
        return found

    def _standing(self, node: Node) -> _Standing:
        book = self._book
        terms, limit, used = book.terms_of(node), book.limit(node), book.used(node)
        return _Standing(
            terms.limited and terms.control is Control.BLOCK,
            limit - used,
            max(0, used - limit - most_tolerance(terms, limit)),
            book.excesses[str(node)],
        )


def most_tolerance(terms: Terms, limit: int) -> int:
    """The largest tolerance of any act."""
    return max(tolerance_of(terms, act, limit) for act in TOLERATED)
