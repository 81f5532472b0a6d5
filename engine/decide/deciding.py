"""What the decision of one commit works on, and where its events stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from engine.batch import ReceivedBatch
from engine.calls import BudgetVerdict, Call, EventResult
from engine.columns import EffectBatch
from engine.decide.builder import CommitBuilder
from engine.decide.context import Outcome
from engine.decide.plan import DecisionPlan
from engine.decide.run import Evaluator, LevelStatistics
from engine.effects import Status
from engine.state.book_state import BookState, WaitingEvent
from engine.state.overlay import Overlay

#: Stands for the number of the commit being built; `row` is then a decision index.
THIS_COMMIT = -1


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """An event that holds an identity: where it stands, its content and present status."""

    seq: int
    row: int
    content_hash: bytes
    content: bytes
    status: Status
    reason: str
    message: str
    vouchers: tuple[str, ...]


class History(Protocol):
    """Looks events of earlier commits up."""

    def known(self, identity: bytes, positions: Sequence[int]) -> KnownEvent | None:
        """The event holding the identity among candidate positions; None if free."""
        ...

    def content(self, seq: int, row: int) -> tuple[bytes, str]:
        """Stored content and entity of an event."""
        ...

    def effects(self, seq: int) -> EffectBatch:
        """An earlier commit."""
        ...

    def vouchers(self, ordinal: int) -> tuple[str, ...]:
        """Names of an event's vouchers."""
        ...

    def preparer(self, seq: int, row: int) -> str:
        """Who sent an event, as separation of duties judges it."""
        ...

    def hold(self, event: WaitingEvent) -> tuple[str, tuple[str, ...]]:
        """Who sent an event that a budget holds, and the roles that may decide on it."""
        ...


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication command whose rules were compiled before its commit began.

    revision: identity the files compile to, "" where there are none or for `problem`.
    """

    revision: str = ""
    problem: str = ""


@dataclass(slots=True)
class PendingEvent:
    """An event accepted earlier in this commit. `result` is its place in the results."""

    content_hash: bytes
    content: bytes
    decision: int
    result: EventResult


@dataclass(slots=True)
class Deciding:
    """Everything the decision of one commit works on.

    Attributes:
        state, overlay, builder: what is read, and what is written.
        plan_for: the plan in force for a business date, or None.
        history: earlier events.
        pending: identities taken in this commit.
        results: decision index -> result that gets its voucher names once numbers are given.
        repeats: duplicates of events of this same commit, with the decision they repeat.
        settled: ordinals of waiting events that no longer wait after this commit.
        publication: what was prepared for the publication command that stands alone in this
            commit; None where it holds anything else.
        system: carries out a system command: (deciding, batch, row in it, command row, call).
        retried: command row of a retry -> results of the events it decided again.
        now_us: log time of this commit; what is due by then has expired.
        verdicts: command row of a budget command -> what the nodes said.
        reviewed: source and id of an event -> positions of its drafts approved in this commit.
        returned: events that this commit took back.
    """

    state: BookState
    overlay: Overlay
    builder: CommitBuilder
    plan_for: Callable[[int], DecisionPlan | None]
    history: History
    entities: frozenset[str]
    strict: bool
    evaluator: Evaluator
    statistics: LevelStatistics
    pending: dict[bytes, PendingEvent] = field(default_factory=dict)
    results: dict[int, EventResult] = field(default_factory=dict)
    repeats: list[tuple[EventResult, int]] = field(default_factory=list)
    settled: set[int] = field(default_factory=set)
    publication: Publication | None = None
    system: (
        Callable[[Deciding, ReceivedBatch, int, int, Call], tuple[Outcome, list[EventResult]]]
        | None
    ) = None
    retried: dict[int, list[EventResult]] = field(default_factory=dict)
    now_us: int = 0
    verdicts: dict[int, tuple[BudgetVerdict, ...]] = field(default_factory=dict)
    reviewed: dict[tuple[str, str], frozenset[int]] = field(default_factory=dict)
    returned: set[tuple[str, str]] = field(default_factory=set)


@dataclass(slots=True)
class Member:
    """A row of a received batch and the call and position it came from."""

    row: int
    call: Call
    index: int


def call_key(member: Member) -> tuple[str, int, int]:
    """Stream name, offset and index under which the log keeps a call's answers."""
    call = member.call
    if call.stream:
        return f"s:{call.principal}:{call.stream}", call.offset, member.index
    if call.attempt_id:
        return f"a:{call.principal}:{call.attempt_id}", 0, member.index
    return "", -1, member.index
