"""Budget nodes: how they are named, what is said of them, and how far beyond zero they may go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from engine.program import Act, Budget, Control, Horizon

PPM = 1_000_000
#: Acts that a tolerance can be given for.
TOLERATED = (Act.RESERVE, Act.COMMIT, Act.SPEND)


@dataclass(frozen=True, slots=True)
class Node:
    """A budget node: its keys, root first, and its period ("" for life)."""

    budget: str
    path: tuple[str, ...]
    period: str

    def __str__(self) -> str:
        ending = f"@{self.period}" if self.period else ""
        return f"{self.budget}[{','.join(self.path)}]{ending}"


@dataclass(frozen=True, slots=True)
class Terms:
    """What was said of a node; a node nobody approved has its budget's defaults and no amount.

    `parent`: only of a node that hangs under one by name. `days`: first and last, of a node with
    dates of its own.
    """

    control: Control
    override_role: str
    warn: Fraction | None
    tolerances: tuple[tuple[Act, Fraction | None, int | None], ...]
    limited: bool = False
    closed: bool = False
    parent: Node | None = None
    days: tuple[date, date] | None = None


def default_terms(budget: Budget) -> Terms:
    """What a budget declares of all its nodes."""
    return Terms(
        control=budget.control,
        override_role=budget.override_role,
        warn=None if budget.warn_ppm is None else Fraction(budget.warn_ppm, PPM),
        tolerances=tuple(
            (act, None if given.ppm is None else Fraction(given.ppm, PPM), given.amount)
            for act, given in budget.tolerances.items()
        ),
    )


def tolerance_of(terms: Terms, act: Act, limit: int) -> int:
    """How far beyond its amount an act may go: the smaller of what is given, whole units."""
    wanted = Act.SPEND if act is Act.CHECK else act
    for found, share, amount in terms.tolerances:
        if found is wanted:
            parts = [] if share is None else [int(share * max(limit, 0))]
            parts += [] if amount is None else [amount]
            return min(parts, default=0)
    return 0


def excess_of(terms: Terms, before: tuple[int, int], after: tuple[int, int]) -> int:
    """How much further below zero a node is, its largest tolerance used up; (limit, used)."""

    def floor(limit: int, used: int) -> int:
        return limit - used + max(tolerance_of(terms, act, limit) for act in TOLERATED)

    return max(0, min(0, floor(*before)) - floor(*after))


def period_of_day(horizon: Horizon, on: date) -> str:
    """The period a day lies in, as it stands in a node's name."""
    return {
        Horizon.MONTH: f"{on.year:04d}-{on.month:02d}",
        Horizon.QUARTER: f"{on.year:04d}-Q{(on.month + 2) // 3}",
        Horizon.YEAR: f"{on.year:04d}",
    }.get(horizon, "")
