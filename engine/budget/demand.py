"""What one event asks of budgets, and what is answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from engine.effects import MoveKind, Stage, Status, Verdict
from engine.program import Act, Budget, Otherwise


@dataclass(frozen=True, slots=True)
class Clause:
    """Where a demand was written and what its `else` says.

    rule: name, "" for a command; rule_line: its line, 0 for a command. checked: a grant that
    lowers an amount does so only from what is available.
    """

    otherwise: Otherwise = Otherwise.REJECT
    role: str = ""
    code: str = "BUDGET_EXCEEDED"
    rule: str = ""
    rule_line: int = 0
    checked: bool = False


@dataclass(frozen=True, slots=True)
class Demand:
    """One row of a budget statement or command.

    Attributes:
        act: what it asks. budget: of which budget.
        node: canonical name of the leaf it counts at, entered already; "" for a release that
            names none, and where `problem` says why there is none.
        path: a release gives back only at nodes of this path; None = wherever the reference
            stands.
        amount: raw at the budget's scale; None = all that the reference holds.
        reference: what it reserves under, consumes or releases; "" = nothing.
        group: of the reservation it makes, or that it releases or consumes as a whole.
        expires_us: end of a soft hold in log time, 0 = none.
        roles, reason: with both, a node's override role among the roles lets it pass.
        message: the author's text of the `else` clause.
        problem: why its node cannot be told (the budget's posture decides).
        kind: of the moves it makes; None = by its act.
    """

    act: Act
    budget: Budget
    node: str
    amount: int | None
    clause: Clause
    path: tuple[str, ...] | None = None
    reference: str = ""
    group: str = ""
    expires_us: int = 0
    roles: tuple[str, ...] = ()
    reason: str = ""
    message: str = ""
    problem: str = ""
    kind: MoveKind | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """Someone decided to let an event pass that was held."""

    role: str
    person: str
    reason: str


@dataclass(frozen=True, slots=True)
class Asked:
    """All demands of one event. person: who may be named as overriding; must_post: never refused.

    allowed: roles the caller may use in overrides, None = any.
    """

    demands: tuple[Demand, ...]
    person: str = ""
    must_post: bool = False
    allowed: frozenset[str] | None = None
    approval: Approval | None = None


class Move(NamedTuple):
    """A change of a figure; see the table BUDGET_MOVES."""

    node: str
    kind: MoveKind
    stage: Stage
    amount: int
    reference: str = ""
    group: str = ""
    expires_us: int = 0
    rule: str = ""
    rule_line: int = 0


class Decided(NamedTuple):
    """A verdict at one limited node; see the table BUDGET_DECISIONS."""

    node: str
    verdict: Verdict
    requested: int
    available: int
    shortfall: int = 0
    excess: int = 0
    role: str = ""
    person: str = ""
    reason: str = ""
    rule: str = ""
    rule_line: int = 0


@dataclass(slots=True)
class Ruling:
    """What became of an event's demands.

    status None: they passed and `moves` were made. Otherwise nothing was moved; reason, message
    and the verdicts say why. scale, currency: of nodes that are not known.
    """

    status: Status | None = None
    reason: str = ""
    message: str = ""
    moves: list[Move] = field(default_factory=list)
    decided: list[Decided] = field(default_factory=list)
    scale: int = 2
    currency: str = ""
