"""Budget nodes, their figures and what references hold: the part of the state budgets live in.

Only `engine.apply` changes it; `engine.decide` works on a `BudgetOverlay`.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.effects import Stage
from engine.program import NO_DATE, Act, Control

#: (budget's wire name, reference): a reference is unique within its budget.
HoldingKey = tuple[str, str]

#: Acts with a tolerance, in the order `Terms.tolerances` has them.
TOLERATED = (Act.RESERVE, Act.COMMIT, Act.SPEND)

_PPM = 1_000_000


class Figures(NamedTuple):
    """A node's figures, raw at its scale.

    `excess`: the sum of what overrides, overruns and cuts took it below zero, never lowered.
    """

    limit: int = 0
    reserved: int = 0
    committed: int = 0
    actual: int = 0
    excess: int = 0

    @property
    def used(self) -> int:
        """What counts against the amount."""
        return self.reserved + self.committed + self.actual

    @property
    def available(self) -> int:
        """What is left of the amount; negative where more was used."""
        return self.limit - self.reserved - self.committed - self.actual

    def plus(self, stage: Stage, amount: int) -> Figures:
        """The figures after a move of one stage."""
        if stage is Stage.LIMIT:
            return self._replace(limit=self.limit + amount)
        if stage is Stage.RESERVED:
            return self._replace(reserved=self.reserved + amount)
        if stage is Stage.COMMITTED:
            return self._replace(committed=self.committed + amount)
        return self._replace(actual=self.actual + amount)


NO_FIGURES = Figures()


@dataclass(frozen=True, slots=True)
class Terms:
    """A node's attributes. See the table BUDGET_NODES.

    `tolerances`: (ppm, raw amount) per act of TOLERATED, None = that part is not given.
    """

    budget: str
    path: tuple[str, ...]
    period: str
    parent: str
    scale: int
    currency: str
    control: Control = Control.BLOCK
    tolerances: tuple[tuple[int | None, int | None], ...] = ((None, None),) * 3
    warn_ppm: int = -1
    override_role: str = ""
    version: str = ""
    limited: bool = False
    closed: bool = False
    first_day: int = NO_DATE
    last_day: int = NO_DATE

    def tolerance(self, act: Act, limit: int) -> int:
        """How far an act may take the node below zero: the smaller of the parts given."""
        ppm, amount = self.tolerances[TOLERATED.index(act)] if act in TOLERATED else (None, None)
        share = max(limit, 0) * ppm // _PPM if ppm is not None else None
        if share is None or amount is None:
            return share if share is not None else amount or 0
        return min(share, amount)

    def most_tolerance(self, limit: int) -> int:
        """The largest tolerance of any act."""
        return max(self.tolerance(act, limit) for act in TOLERATED)

    def covers(self, day: int) -> bool:
        """Whether a node with dates of its own holds a day."""
        return self.first_day <= day <= self.last_day


class Part(NamedTuple):
    """What a reference holds at one node."""

    node: str
    reserved: int
    committed: int

    def held(self, stage: Stage) -> int:
        """What it holds in a stage; nothing is held of what was spent."""
        if stage is Stage.RESERVED:
            return self.reserved
        return self.committed if stage is Stage.COMMITTED else 0


@dataclass(frozen=True, slots=True)
class Holding:
    """What a reference holds. expires_us: end of a soft hold in log time, 0 = none."""

    group: str = ""
    expires_us: int = 0
    parts: tuple[Part, ...] = ()

    def plus(self, node: str, stage: Stage, amount: int) -> Holding:
        """The holding after a move; parts that hold nothing go, and with the last all else."""
        parts = list(self.parts)
        place = next((at for at, part in enumerate(parts) if part.node == node), len(parts))
        if place == len(parts):
            parts.append(Part(node, 0, 0))
        part = parts[place]
        if stage is Stage.RESERVED:
            part = part._replace(reserved=part.reserved + amount)
        elif stage is Stage.COMMITTED:
            part = part._replace(committed=part.committed + amount)
        parts[place] = part
        if not part.reserved and not part.committed:
            del parts[place]
        return Holding(self.group, self.expires_us, tuple(parts)) if parts else _NOTHING


_NOTHING = Holding()


@dataclass(slots=True)
class BudgetState:
    """All budgets of a book.

    Attributes:
        terms, figures: by canonical node name. A node without figures has never moved.
        holdings: what references hold; those that hold nothing are left out.
        groups: (budget, group) -> its references that hold something, in order of reservation.
        tails: (budget, tail of a path) -> limited nodes whose path ends so, in order of approval.
        due: heap of (expires_us, budget, reference); an entry counts only while the holding
            still expires then and still reserves something.
    """

    terms: dict[str, Terms] = field(default_factory=dict)
    figures: dict[str, Figures] = field(default_factory=dict)
    holdings: dict[HoldingKey, Holding] = field(default_factory=dict)
    groups: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)
    tails: dict[tuple[str, tuple[str, ...]], list[str]] = field(default_factory=dict)
    due: list[tuple[int, str, str]] = field(default_factory=list)

    def set_terms(self, node: str, terms: Terms) -> None:
        """Enters or changes a node."""
        known = self.terms.get(node)
        self.terms[node] = terms
        if terms.limited and (known is None or not known.limited):
            for tail in tails_of(terms):
                self.tails.setdefault(tail, []).append(node)

    def set_holding(self, key: HoldingKey, holding: Holding) -> None:
        """Sets what a reference holds."""
        budget, reference = key
        known = self.holdings.pop(key, None)
        if (
            known is not None
            and known.group
            and (not holding.parts or holding.group != known.group)
        ):
            members = self.groups.get((budget, known.group), {})
            members.pop(reference, None)
            if not members:
                self.groups.pop((budget, known.group), None)
        if holding.parts:
            self.holdings[key] = holding
            if holding.group:
                self.groups.setdefault((budget, holding.group), {})[reference] = None
            if holding.expires_us:
                heapq.heappush(self.due, (holding.expires_us, budget, reference))
        self._drop_settled()

    def _drop_settled(self) -> None:
        """Keeps an open soft hold at the top of the heap."""
        while self.due and not self._is_due(*self.due[0]):
            heapq.heappop(self.due)

    def _is_due(self, expires_us: int, budget: str, reference: str) -> bool:
        holding = self.holdings.get((budget, reference))
        if holding is None or holding.expires_us != expires_us:
            return False
        return any(part.reserved for part in holding.parts)  # what is committed does not expire

    def due_by(self, instant_us: int) -> Iterator[HoldingKey]:
        """Soft holds whose time is up at an instant, earliest first. Changes nothing."""
        found = {
            (expires, budget, reference)
            for expires, budget, reference in self.due
            if expires <= instant_us
        }
        for expires, budget, reference in sorted(found):
            if self._is_due(expires, budget, reference):
                yield budget, reference

    def next_due_us(self) -> int | None:
        """When the next soft hold ends; None: none is open."""
        return self.due[0][0] if self.due else None


def tails_of(terms: Terms) -> list[tuple[str, tuple[str, ...]]]:
    """Every tail of a node's path, under which it can be found; the root's is empty."""
    starts = range(max(1, len(terms.path)))
    return [(terms.budget, terms.path[start:]) for start in starts]
