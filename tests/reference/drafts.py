"""What a rule makes of an event on its way to vouchers: lines and vouchers as evaluated."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from engine.program import Side
from rules_dsl import syntax
from tests.reference.budget_asks import Wanted
from tests.reference.state import PostedLine
from tests.reference.values import Account, Value


@dataclass(frozen=True, slots=True)
class Draft:
    """A voucher without a number."""

    ledger: syntax.LedgerDecl
    word: str
    summary: str
    lines: tuple[PostedLine, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line as evaluated, before its amount and dimensions are checked; it is not dropped."""

    side: Side
    account: Account
    amount: int
    carried: dict[str, str]
    by_sign: bool
    foreign: tuple[str, Fraction, str] | None = None

    @property
    def is_negative(self) -> bool:
        """Whether its amount is below 0, or its foreign one where the amount is 0."""
        return self.amount < 0 or (
            self.amount == 0 and self.foreign is not None and self.foreign[1] < 0
        )


@dataclass(frozen=True, slots=True)
class Proposal:
    """A voucher whose guard holds, as evaluated."""

    ledger: syntax.LedgerDecl
    word: str
    summary: str
    entries: tuple[Entry, ...]
    merge: bool


@dataclass(slots=True)
class Made:
    """What a rule makes of an event: vouchers, new values of targets by state key, budget rows.

    `came_to_nothing`: a voucher was to be made, but all its lines are zero.
    """

    vouchers: list[Draft] = field(default_factory=list)
    targets: dict[tuple[str, str, tuple[Value, ...]], int] = field(default_factory=dict)
    came_to_nothing: bool = False
    wanted: list[Wanted] = field(default_factory=list)
