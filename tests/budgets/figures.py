"""What the plain model of budgets is made of: nodes, reservations, statements and answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

PPM = 1_000_000
SECOND_US = 1_000_000

#: Stages of an amount, and what an act makes of it.
RESERVED, COMMITTED, ACTUAL = "reserved", "committed", "actual"
STAGE_OF = {"reserve": RESERVED, "commit": COMMITTED, "spend": ACTUAL}

#: Command -> act.
ACT_OF = {"reserved": "reserve", "committed": "commit", "spent": "spend"}

#: Where a demand takes what its reference holds, the furthest stage first.
CONSUMED_BY = {
    "reserve": (),
    "commit": (RESERVED,),
    "spend": (COMMITTED, RESERVED),
    "check": (),
    "release": (RESERVED, COMMITTED),
}

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Declared:
    """A budget as its rule book declares it. tolerances: act -> (ppm or None, cents or None)."""

    name: str
    has_period: bool = False
    control: str = "block"
    tolerances: Mapping[str, tuple[int | None, int | None]] = field(default_factory=dict)
    warn_ppm: int | None = None
    override_role: str = ""


@dataclass
class Node:
    """A node. limit None: only counted."""

    budget: str
    path: tuple[str, ...]
    period: str
    control: str
    tolerances: dict[str, tuple[int | None, int | None]]
    warn_ppm: int | None
    override_role: str
    limit: int | None = None
    reserved: int = 0
    committed: int = 0
    actual: int = 0
    closed: bool = False

    @property
    def name(self) -> str:
        return f"{self.budget}[{','.join(self.path)}]" + (f"@{self.period}" if self.period else "")

    @property
    def used(self) -> int:
        return self.reserved + self.committed + self.actual

    @property
    def available(self) -> int:
        return 0 if self.limit is None else self.limit - self.used

    def tolerance(self, act: str) -> int:
        """Cents beyond the limit: the smaller of the parts given. A check asks as spending does."""
        ppm, amount = self.tolerances.get("spend" if act == "check" else act, (None, None))
        parts = [] if ppm is None else [(self.limit or 0) * ppm // PPM]
        return min([*parts, *([] if amount is None else [amount])], default=0)

    @property
    def over(self) -> int:
        """How far it is beyond its limit and the widest tolerance."""
        if self.limit is None:
            return 0
        return max(0, self.used - self.limit - max(self.tolerance(act) for act in STAGE_OF))


@dataclass
class Holding:
    """What a reference holds at a node."""

    reserved: int = 0
    committed: int = 0


@dataclass
class Reservation:
    """A reference within its budget. expires_us 0: lasts."""

    group: str = ""
    expires_us: int = 0
    holdings: dict[str, Holding] = field(default_factory=dict)


@dataclass(frozen=True)
class Said:
    """What a node said. requested: net of what the event gives back; available: before it."""

    node: str
    verdict: str
    requested: int
    available: int
    shortfall: int


@dataclass(frozen=True)
class Answer:
    """kind: accepted, held, refused (by a budget), wrong (by a rule), duplicate, conflict."""

    kind: str
    reason: str = ""
    said: tuple[Said, ...] = ()


@dataclass(frozen=True)
class Statement:
    """A budget statement, of a command or of a rule. amount None: all that `reference` holds.

    otherwise: reject, hold or warn.
    """

    act: str
    budget: str
    node: str
    amount: int | None
    reference: str = ""
    group: str = ""
    expires_us: int = 0
    roles: tuple[str, ...] = ()
    reason: str = ""
    otherwise: str = "reject"


class Stopped(Exception):
    """The event does nothing."""

    def __init__(self, kind: str, reason: str = "", said: Sequence[Said] = ()) -> None:
        super().__init__(kind, reason)
        self.answer = Answer(kind, reason, tuple(said))


def cents(text: str) -> int:
    """`"12.34"` -> 1234."""
    return int(Decimal(text) * 100)


def end_of(event: Event, now_us: int) -> int:
    """The end an event gives to a soft hold, in microseconds of log time; 0 = none."""
    if "expires_in_s" in event:
        return now_us + int(event["expires_in_s"]) * SECOND_US
    if "expires_at" not in event:
        return 0
    end = datetime.fromisoformat(event["expires_at"]).astimezone(UTC)
    return int(end.timestamp()) * SECOND_US
