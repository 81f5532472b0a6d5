"""What a caller asks of a book and what it answers: plain data, no wire, no storage.

Every change of a book is a command, and every command is an event: business events, and the
system types below. A call carries events in order; a book answers with one result per event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from engine.effects import MoveKind, Stage, Status, Verdict

#: System command types. They are events like any other (contract.md).
PERIOD_CLOSED = "period.closed"  # fields: period "2026-03"
EVENT_RETRIED = "event.retried"  # fields: events [{source, id}] ([] = all unposted)
EVENT_WITHDRAWN = "event.withdrawn"  # fields: of_source, of_id, comment
REVISION_PUBLISHED = "revision.published"  # fields: files [{path, content}], valid_from, ...
REVISION_PROPOSED = "revision.proposed"  # fields: the same, comment; in force once approved
REVISION_APPROVED = "revision.approved"  # fields: revision, author, of_source, of_id, comment
REVISION_WITHDRAWN = "revision.withdrawn"  # fields: revision, of_source, of_id, comment
PUBLISHING_FIXED = "publishing.fixed"  # fields: mode single|four_eyes
PARAMETER_SET = "book.parameter_set"  # fields: name, value, entity (only it), reason
HOLD_DECIDED = "hold.decided"  # fields: of_source, of_id, decision approve|reject, role, reason
VOUCHER_REVIEWED = "voucher.reviewed"  # fields: of_source, of_id, draft, decision, role, reason
BUDGET_APPROVED = "budget.approved"  # fields: lines [{node, amount, …}], version, budget
BUDGET_REVISED = "budget.revised"  # fields: lines [{node, amount or delta}], version, reason
BUDGET_TRANSFERRED = "budget.transferred"  # fields: from_node, to_node, amount
BUDGET_CLOSED = "budget.closed"  # fields: budget, period, to_period, carry_balance, carry_reserved
BUDGET_RESERVED = "budget.reserved"  # fields: node, amount, reference, group, expires_at
BUDGET_COMMITTED = "budget.committed"  # fields: node, amount, reference, group
BUDGET_SPENT = "budget.spent"  # fields: node, amount, reference, group
BUDGET_RELEASED = "budget.released"  # fields: reference or group, amount
BUDGET_EXTENDED = "budget.extended"  # fields: reference or group, expires_at
BUDGET_TYPES = frozenset(
    {
        BUDGET_APPROVED,
        BUDGET_REVISED,
        BUDGET_TRANSFERRED,
        BUDGET_CLOSED,
        BUDGET_RESERVED,
        BUDGET_COMMITTED,
        BUDGET_SPENT,
        BUDGET_RELEASED,
        BUDGET_EXTENDED,
    }
)
#: Commands that change which rules are in force; each stands in a commit of its own.
PUBLICATION_TYPES = frozenset(
    {
        REVISION_PUBLISHED,
        REVISION_PROPOSED,
        REVISION_APPROVED,
        REVISION_WITHDRAWN,
        PUBLISHING_FIXED,
    }
)
#: Those that carry the files of a rule book.
FILED_TYPES = frozenset({REVISION_PUBLISHED, REVISION_PROPOSED})
SYSTEM_TYPES = (
    BUDGET_TYPES
    | PUBLICATION_TYPES
    | {PERIOD_CLOSED, EVENT_RETRIED, EVENT_WITHDRAWN, HOLD_DECIDED, VOUCHER_REVIEWED, PARAMETER_SET}
)

#: Source under which commands made by the service itself are identified.
SYSTEM_SOURCE = "tongpin"


#: Principal of calls that nobody was authenticated for: files, tests, the service itself.
LOCAL_PRINCIPAL = "system"


@dataclass(frozen=True, slots=True)
class Call:
    """One caller's events, decided in order.

    Attributes:
        events: JSON-like mappings as in event files; or `arrow`: an Arrow IPC stream instead.
        principal: who calls; written into the log.
        attempt_id: repeats get the first answer; "" = none.
        stop_on_error: the rest after the first event not accepted is NOT_ATTEMPTED.
        dry_run: decide on an overlay, store nothing, take no identity and no number.
        revision: dry runs only: decide under this revision (published or `candidate`).
        stream, offset: position of a streamed batch; offset -1 = not streamed.
        budget_roles: roles the principal may use or vouch for in overrides; None = any.
    """

    events: Sequence[Mapping[str, object]] = ()
    arrow: bytes | None = None
    principal: str = LOCAL_PRINCIPAL
    attempt_id: str = ""
    stop_on_error: bool = False
    dry_run: bool = False
    revision: str = ""
    stream: str = ""
    offset: int = -1
    budget_roles: frozenset[str] | None = None


class BudgetVerdict(NamedTuple):
    """What one budget node said to one event. Amounts are raw at the budget's `scale`.

    requested: net of what the event gives back. available: before the event; after it, if it
    passed, `available - requested`. shortfall: beyond amount and tolerance, 0 where it fits.
    """

    node: str
    verdict: Verdict
    requested: int
    available: int
    shortfall: int
    excess: int = 0
    scale: int = 2
    currency: str = ""
    role: str = ""
    person: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BudgetDecision:
    """A verdict as stored, with the event it was said to."""

    verdict: BudgetVerdict
    source: str
    event_id: str
    event_type: str
    rule: str
    rule_line: int
    principal: str
    sealed_at_us: int
    seq: int


@dataclass(frozen=True, slots=True)
class BudgetMoveView:
    """A change of a node's figures that an event would make. `amount`: raw at the budget's scale.

    reference, group: what the amount stands under, "" = none. expires_us: end of a soft hold.
    """

    node: str
    kind: MoveKind
    stage: Stage
    amount: int
    reference: str
    group: str
    expires_us: int


@dataclass(frozen=True, slots=True)
class ReservationView:
    """What a reference holds at one node. expires_us: end of a soft hold in log time, 0 = none."""

    reference: str
    group: str
    node: str
    reserved: int
    committed: int
    expires_us: int


@dataclass(frozen=True, slots=True)
class BudgetNodeView:
    """A budget node as read back. Amounts are raw at `scale`; `limited` False: only counted.

    available = budget - reserved - committed - actual (0 where not limited).
    """

    node: str
    budget_name: str
    path: tuple[str, ...]
    period: str
    parent: str
    limited: bool
    budget: int
    reserved: int
    committed: int
    actual: int
    available: int
    scale: int
    currency: str
    control: str
    version: str
    closed: bool
    override_role: str = ""


@dataclass(frozen=True, slots=True)
class LineView:
    """A voucher line as read back. Amounts in minor units; at most one side is not zero.

    `currency`, `fc_debit`, `fc_credit`, `rate`: of a line in a foreign currency, on the same side,
    in minor units of that currency; "" and 0 where the line is in functional currency.
    """

    line_no: int
    account_code: str
    account_name: str
    debit: int
    credit: int
    dimensions: tuple[tuple[str, str], ...]
    rule_line: int
    element: int = -1
    currency: str = ""
    fc_debit: int = 0
    fc_credit: int = 0
    rate: str = ""


class Signatures(NamedTuple):
    """Who stood behind a voucher.

    preparer: sent its event. reviewer: approved it, "" where its rule and revision alone did.
    reviewed_at_us: when, 0 = no review.
    """

    preparer: str = ""
    reviewer: str = ""
    reviewed_at_us: int = 0


_UNSIGNED = Signatures()


@dataclass(frozen=True, slots=True)
class VoucherView:
    """A voucher as read back. number 0: a draft; seq 0: of a dry run.

    state: "drafted", "posted" by its rule alone, or "reviewed": posted by a person.
    """

    entity: str
    ledger: str
    series: str
    period: str
    word: str
    number: int
    voucher_date: str
    event_date: str
    source: str
    event_id: str
    rule: str
    revision: str
    summary: str
    state: str
    reverses: str
    scale: int
    currency: str
    lines: tuple[LineView, ...]
    seq: int
    signatures: Signatures = _UNSIGNED

    @property
    def name(self) -> str:
        """ENTITY/LEDGER/PERIOD/WORD/NUMBER; a series other than live stands before the number."""
        series = "" if self.series == "live" else f"{self.series}-"
        return f"{self.entity}/{self.ledger}/{self.period}/{self.word}/{series}{self.number}"


@dataclass(frozen=True, slots=True)
class DraftView:
    """A voucher that waits for a review.

    draft: its position among those of its event, from 1. role: in which it is reviewed, "" = any.
    drafted_at_us: log time.
    """

    draft: int
    voucher: VoucherView
    role: str
    drafted_at_us: int


@dataclass(slots=True)
class EventResult:
    """What became of one event.

    seq, row: commit and command row that hold the event, 0 and -1 where nothing was stored (for
    a DUPLICATE: of the first one, whose present status is `first_status`). drafts, budget_moves:
    dry run only.
    budget: what each limited node said, in the order the event touched them.
    """

    status: Status
    source: str = ""
    event_id: str = ""
    reason: str = ""
    message: str = ""
    vouchers: tuple[str, ...] = ()
    seq: int = 0
    row: int = -1
    first_status: Status | None = None
    replayed: bool = False
    conflicting_fields: tuple[str, ...] = ()
    drafts: tuple[VoucherView, ...] = ()
    budget: tuple[BudgetVerdict, ...] = ()
    budget_moves: tuple[BudgetMoveView, ...] = ()


@dataclass(slots=True)
class CallResult:
    """Results in request order, and the position of the book they stand at.

    own: one result per event sent; where that decided other events again, `results` has theirs.
    """

    results: list[EventResult] = field(default_factory=list)
    seq: int = 0
    own: list[EventResult] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class StoredEventView:
    """An event as stored, with its present status."""

    source: str
    event_id: str
    type: str
    date: str
    status: Status
    reason: str
    message: str
    content: bytes
    vouchers: tuple[str, ...]
    seq: int
    principal: str
    sealed_at_us: int
    revision: str


@dataclass(frozen=True, slots=True)
class TrialBalanceRow:
    """An account in a period; amounts in minor units, opening and closing net on one side."""

    entity: str
    ledger: str
    period: str
    account_code: str
    account_name: str
    currency: str
    scale: int
    opening_debit: int
    opening_credit: int
    debit: int
    credit: int
    closing_debit: int
    closing_credit: int


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """A line of an account with the voucher it stands in."""

    voucher: str
    voucher_date: str
    summary: str
    source: str
    event_id: str
    line: LineView


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did about a revision: who, when (log time), why, and in which commit."""

    principal: str
    sealed_at_us: int
    comment: str
    seq: int


class RevisionState(StrEnum):
    """Where a revision stands. Superseded: later ones hold every business date of its range."""

    PROPOSED = "PROPOSED"
    IN_FORCE = "IN_FORCE"
    SUPERSEDED = "SUPERSEDED"
    WITHDRAWN = "WITHDRAWN"


@dataclass(frozen=True, slots=True)
class RevisionView:
    """A revision proposed or put into force.

    Attributes:
        revision: identity.
        seq: commit that put it into force; while it is proposed, the commit that proposes it.
        valid_from, valid_until: business dates it was published for, "" = no limit.
        principal, sealed_at_us, comment: who wrote it (its author), when and why.
        files: (path, content) pairs.
        event_id: its name in the log: the id of the command that holds the files.
        state: where it stands now.
        approval: by whom it was put into force; None where its author did so, or nobody yet.
        withdrawal: by whom it was taken back, or None.
        resolves: business dates that resolve to it now, as (first, last) pairs, "" = no limit.
        superseded_by: identities of the later revisions that hold dates of its range.
        use_count: how often an event was decided under it.
        first_use_seq: commit that used it first, 0 = none yet.
        against: identity of the revision in force when it was written; "" = none.
        impact: summary of the impact report kept with it.
    """

    revision: str
    seq: int
    valid_from: str
    valid_until: str
    principal: str
    sealed_at_us: int
    comment: str
    files: tuple[tuple[str, bytes], ...]
    event_id: str = ""
    state: RevisionState = RevisionState.IN_FORCE
    approval: Act | None = None
    withdrawal: Act | None = None
    resolves: tuple[tuple[str, str], ...] = ()
    superseded_by: tuple[str, ...] = ()
    use_count: int = 0
    first_use_seq: int = 0
    against: str = ""
    impact: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resolution:
    """The revision an event of a business date resolves to, and why.

    chosen: it, None where no revision in force holds the date; sentence: why, for people;
    passed_over: the others, newest first, each with why it was not taken.
    """

    chosen: RevisionView | None
    sentence: str
    passed_over: tuple[tuple[RevisionView, str], ...]
