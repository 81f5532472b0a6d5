"""What budgets hold and say, as plain data. Amounts are integers of the smallest unit counted."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum, StrEnum

from tongpin_client.amounts import decimal_of


class Verdict(IntEnum):
    """What a budget node said to an event."""

    PASS = 1
    WARN = 2  # passed, marked: little is left, or the node or the rule only warns
    BLOCK = 3  # refused: nothing of the event happened
    OVERRIDE = 4  # passed beyond the amount by someone who may
    OVERRUN = 5  # passed beyond the amount: events of this type must post
    HOLD = 6  # the event waits for a decision
    UNCHECKED = 7  # passed, marked: the check could not be made
    CUT = 8  # the amount was lowered below what is used
    EXPIRED = 9  # the time of a soft hold was up

    @property
    def stops(self) -> bool:
        """Whether the event did not go through."""
        return self in {Verdict.BLOCK, Verdict.HOLD}


class Control(StrEnum):
    """What happens at a node whose amount does not suffice."""

    BLOCK = "block"
    WARN = "warn"
    TRACK = "track"


class Language(StrEnum):
    """Language of the sentences for people; DECLARED = that of the budget's declaration."""

    DECLARED = "LANGUAGE_UNSPECIFIED"
    CHINESE = "LANGUAGE_ZH"
    ENGLISH = "LANGUAGE_EN"


@dataclass(frozen=True, slots=True)
class BudgetVerdict:
    """What one node said to one event, with the figures it looked at.

    Attributes:
        node: NAME[key1,key2]@PERIOD.
        verdict: see `Verdict`.
        requested_minor: what the event demands, net of what it gives back.
        available_minor: what was available before it.
        headroom_minor: what is left if the demand is met; negative where it is not covered.
        shortfall_minor: what it exceeds amount and tolerance by, 0 where it fits.
        excess_minor: how far it took the node beyond both.
        scale: decimals of the amounts. counts: currency code, or unit such as 小时.
        role: who may let it pass (BLOCK, HOLD; "" = nobody), or did (OVERRIDE, CUT).
        person, reason: of an override or cut; of UNCHECKED, why no check was made.
    """

    node: str
    verdict: Verdict
    requested_minor: int = 0
    available_minor: int = 0
    headroom_minor: int = 0
    shortfall_minor: int = 0
    excess_minor: int = 0
    scale: int = 2
    counts: str = ""
    role: str = ""
    person: str = ""
    reason: str = ""

    @property
    def requested(self) -> Decimal:
        """What the event demands."""
        return decimal_of(self.requested_minor, self.scale)

    @property
    def available(self) -> Decimal:
        """What was available before it."""
        return decimal_of(self.available_minor, self.scale)

    @property
    def headroom(self) -> Decimal:
        """What is left if the demand is met."""
        return decimal_of(self.headroom_minor, self.scale)

    @property
    def shortfall(self) -> Decimal:
        """What it exceeds amount and tolerance by."""
        return decimal_of(self.shortfall_minor, self.scale)


@dataclass(frozen=True, slots=True)
class BudgetNode:
    """A node with its figures; available = budget - reserved - committed - actual.

    `budget`, `budget_name`: wire name and author's name of the budget. `is_limited` False: it has
    no amount of its own and only counts. `override_role`: who may let pass what it blocks.
    """

    node: str
    budget: str
    budget_name: str
    path: tuple[str, ...]
    period: str
    parent: str
    is_limited: bool
    budget_minor: int
    reserved_minor: int
    committed_minor: int
    actual_minor: int
    available_minor: int
    scale: int
    counts: str
    control: Control
    version: str
    is_closed: bool
    override_role: str

    @property
    def amount(self) -> Decimal:
        """Amount granted to this node."""
        return decimal_of(self.budget_minor, self.scale)

    @property
    def reserved(self) -> Decimal:
        """Reserved (预占) here and below."""
        return decimal_of(self.reserved_minor, self.scale)

    @property
    def committed(self) -> Decimal:
        """Committed (承诺) here and below."""
        return decimal_of(self.committed_minor, self.scale)

    @property
    def actual(self) -> Decimal:
        """Spent (实际) here and below."""
        return decimal_of(self.actual_minor, self.scale)

    @property
    def available(self) -> Decimal:
        """What is left; negative where the node is overspent."""
        return decimal_of(self.available_minor, self.scale)


@dataclass(frozen=True, slots=True)
class Reservation:
    """What a reference holds at a node. `expire_time`: RFC 3339, "" where it does not end."""

    reference: str
    group: str
    node: str
    reserved_minor: int
    committed_minor: int
    expire_time: str


@dataclass(frozen=True, slots=True)
class BudgetDecision:
    """A verdict as stored, with the event it was said to and the rule that asked."""

    verdict: BudgetVerdict
    source: str
    event_id: str
    event_type: str
    rule: str
    rule_line: int
    principal: str
    seal_time: str
    seq: int


@dataclass(frozen=True, slots=True)
class BudgetUpdate:
    """News of a watch: nodes whose figures are new, and the position of the book."""

    nodes: tuple[BudgetNode, ...]
    seq: int
