"""What a server answers, as plain data: statuses, results, vouchers, balances, revisions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum
from types import MappingProxyType
from typing import Any

from tongpin_client.amounts import decimal_of
from tongpin_client.budget_figures import BudgetVerdict


class Status(IntEnum):
    """What became of an event."""

    POSTED = 1
    NO_POSTING = 2
    PENDING_REVIEW = 3
    HELD = 4
    UNPOSTED = 5
    REJECTED_BUDGET = 6
    REJECTED_RULE = 7
    DUPLICATE = 8
    CONFLICT = 9
    INVALID = 10
    GROUP_FAILED = 11
    NOT_ATTEMPTED = 12
    WITHDRAWN = 13

    @property
    def is_accepted(self) -> bool:
        """Whether the event is kept and its identity taken, now or by an earlier call."""
        return self <= Status.UNPOSTED or self is Status.DUPLICATE


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount: minor_units / 10**scale."""

    minor_units: int
    currency_code: str
    scale: int

    @property
    def amount(self) -> Decimal:
        """The amount with its decimals."""
        return decimal_of(self.minor_units, self.scale)


@dataclass(frozen=True, slots=True)
class VoucherLine:
    """A line of a voucher; at most one of debit and credit is there.

    foreign, exchange_rate: of a line in a foreign currency, on the same side; None and "" for
    one in functional currency.
    """

    line_number: int
    account_code: str
    account_name: str
    debit: Money | None
    credit: Money | None
    dimensions: Mapping[str, str]
    rule_line: int
    foreign: Money | None = None
    exchange_rate: str = ""


@dataclass(frozen=True, slots=True)
class Voucher:
    """A voucher; a draft, or in a dry run, without name and number.

    preparer: who sent its event. reviewer, review_time: who approved it and when, "" where its
    rule alone did.
    """

    name: str
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
    lines: tuple[VoucherLine, ...]
    seq: int
    preparer: str = ""
    reviewer: str = ""
    review_time: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A voucher that waits for a review.

    draft: its position among those of its event, from 1. role: in which it is reviewed, "" = any.
    """

    voucher: Voucher
    draft: int
    role: str
    draft_time: str


@dataclass(frozen=True, slots=True)
class EventResult:
    """What became of one event.

    Attributes:
        status: see `Status`. reason: stable machine reason, "" where there is nothing to say.
        message: one sentence for people.
        vouchers: names of the vouchers made. drafts: in a dry run, the vouchers themselves.
        seq: commit that holds the event, 0 where nothing was stored.
        first_status: for a DUPLICATE, the present status of the event that holds the identity.
        replayed: the answer of an earlier attempt or offset is repeated.
        conflicting_fields: for a CONFLICT, the fields that differ.
        budget: what each budget node with an amount said, in the order the event touched them.
    """

    status: Status
    source: str
    event_id: str
    reason: str = ""
    message: str = ""
    vouchers: tuple[str, ...] = ()
    seq: int = 0
    first_status: Status | None = None
    replayed: bool = False
    conflicting_fields: tuple[str, ...] = ()
    drafts: tuple[Voucher, ...] = ()
    budget: tuple[BudgetVerdict, ...] = ()


@dataclass(frozen=True, slots=True)
class PostResult:
    """Results in the order of the events, the position they stand at, and the attempt."""

    results: tuple[EventResult, ...]
    seq: int
    attempt_id: str

    def __iter__(self) -> Any:
        """Goes over the results."""
        return iter(self.results)

    def __len__(self) -> int:
        """Number of results."""
        return len(self.results)

    @property
    def failures(self) -> tuple[EventResult, ...]:
        """Results of events that were not accepted."""
        return tuple(result for result in self.results if not result.status.is_accepted)


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The answer to one batch of a stream.

    Attributes:
        offset: of the batch. durable_offset: all batches up to here are on disk.
        counts: events of the batch by status; empty for an old offset that is known as done.
        results: one per event or, with summary_only, of the exceptional ones.
        positions: places in the batch of `results`, from 0.
        replayed: the batch was decided earlier; this is what was answered then.
    """

    offset: int
    durable_offset: int
    counts: Mapping[Status, int]
    results: tuple[EventResult, ...]
    positions: tuple[int, ...]
    seq: int
    replayed: bool


@dataclass(frozen=True, slots=True)
class StreamReport:
    """What a stream did.

    Attributes:
        resumed_offset: batches up to here were durable before and were not sent again.
        durable_offset: last batch on disk.
        counts: events answered in this run, by status.
        reconnects: how often the connection was lost and made again.
    """

    stream_id: str
    resumed_offset: int
    durable_offset: int
    counts: Mapping[Status, int]
    seq: int
    reconnects: int


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as stored, with its present status. `content`: canonical JSON as received."""

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
    seal_time: str
    revision: str

    @property
    def fields(self) -> Mapping[str, Any]:
        """The event as it was sent."""
        return MappingProxyType(json.loads(self.content))


@dataclass(frozen=True, slots=True)
class UnpostedEvents:
    """A page of events that wait, and how many there are in all."""

    events: tuple[StoredEvent, ...]
    total_count: int
    next_page_token: str


@dataclass(frozen=True, slots=True)
class TrialBalanceRow:
    """An account in a period; amounts in minor units, opening and closing net on one side."""

    entity: str
    ledger: str
    period: str
    account_code: str
    account_name: str
    currency_code: str
    scale: int
    opening_debit_minor: int
    opening_credit_minor: int
    debit_minor: int
    credit_minor: int
    closing_debit_minor: int
    closing_credit_minor: int

    @property
    def opening(self) -> Decimal:
        """Opening balance, debit positive."""
        return decimal_of(self.opening_debit_minor - self.opening_credit_minor, self.scale)

    @property
    def debit(self) -> Decimal:
        """Debit turnover."""
        return decimal_of(self.debit_minor, self.scale)

    @property
    def credit(self) -> Decimal:
        """Credit turnover."""
        return decimal_of(self.credit_minor, self.scale)

    @property
    def closing(self) -> Decimal:
        """Closing balance, debit positive."""
        return decimal_of(self.closing_debit_minor - self.closing_credit_minor, self.scale)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that the book sets for itself.

    Attributes:
        name, wire: the author's name, and that of the command.
        entity: for which it is, "" = for every entity that has none of its own.
        value: as text, a number as a plain decimal.
        is_default: nobody has set it; then the rest is empty.
        set_date, person, reason: when (ISO), by whom and why it was set.
    """

    name: str
    wire: str
    entity: str
    value: str
    is_default: bool
    set_date: str
    person: str
    reason: str


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """A line of an account with the voucher it stands in."""

    voucher: str
    voucher_date: str
    summary: str
    source: str
    event_id: str
    line: VoucherLine


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake in a rule book. `rendered`: as a terminal shows it."""

    code: str
    severity: str
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    message: str
    suggestions: tuple[str, ...]
    rendered: str


@dataclass(frozen=True, slots=True)
class RuleTestResult:
    """Result of one test block of a rule book."""

    name: str
    path: str
    line: int
    passed: bool
    message: str


@dataclass(frozen=True, slots=True)
class RulesReport:
    """What checking or publishing a rule book showed.

    Attributes:
        ok: it compiles, its tests pass and, if published, it is in force or proposed.
        diagnostics: what compiling and comparing with the book found.
        tests: results of the test blocks.
        revision: its identity.
        seq: position of the book after it, 0 if only checked.
        state: "IN_FORCE", "PROPOSED" where another principal must approve it, "" if not published.
        publication_id: its name in the log.
        impact: effect on the events the book holds; None if there are none.
    """

    ok: bool
    diagnostics: tuple[Diagnostic, ...]
    tests: tuple[RuleTestResult, ...]
    revision: str
    seq: int = 0
    state: str = ""
    publication_id: str = ""
    impact: RevisionImpact | None = None


@dataclass(frozen=True, slots=True)
class RevisionAct:
    """What somebody did about a revision: who, when, why, in which commit."""

    principal: str
    seal_time: str
    comment: str
    seq: int


@dataclass(frozen=True, slots=True)
class RevisionImpact:
    """Effect of a revision on the events a book held when it was published.

    against: revision compared with; seq: position of the book; class_counts: events by what
    becomes of them; digest: hex SHA-256 of the whole report.
    """

    against: str
    seq: int
    event_count: int
    class_counts: Mapping[str, int]
    digest: str


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision in the log.

    Attributes:
        revision: identity.
        seq: commit that put it into force; while proposed, the commit that proposes it.
        valid_from, valid_until: business dates it was published for, "" = no limit.
        principal, seal_time, comment: its author, when, and why.
        files: by path; like `diff`, only where it was asked for alone.
        publication_id: its name in the log.
        state: PROPOSED, IN_FORCE, SUPERSEDED or WITHDRAWN.
        approval, withdrawal: by whom, or None.
        resolves: business dates that resolve to it now, as (first, last).
        superseded_by: later revisions that hold dates of its range.
        use_count: how often an event was decided under it.
        against: revision before it. diff: its sources against those, as a unified diff.
        impact: effect when it was published.
    """

    revision: str
    seq: int
    valid_from: str
    valid_until: str
    principal: str
    seal_time: str
    comment: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    publication_id: str = ""
    state: str = ""
    approval: RevisionAct | None = None
    withdrawal: RevisionAct | None = None
    resolves: tuple[tuple[str, str], ...] = ()
    superseded_by: tuple[str, ...] = ()
    use_count: int = 0
    against: str = ""
    impact: RevisionImpact | None = None
    diff: str = ""


@dataclass(frozen=True, slots=True)
class EventType:
    """A declared event type. `json_schema`: parsed; `arrow_schema`: an IPC message."""

    type: str
    name: str
    json_schema: Mapping[str, Any]
    arrow_schema: bytes
