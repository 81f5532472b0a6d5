"""Every call but the stream, as data: method, request and how its answer is read.

Both kinds of client run these; what differs between them is how they wait.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, TypeVar

from tongpin.v1 import event_pb2, rule_service_pb2
from tongpin.v1 import ledger_service_pb2 as ledger_pb
from tongpin.v1 import posting_service_pb2 as posting_pb
from tongpin_client.read_messages import (
    read_account_entry,
    read_diagnostic,
    read_draft,
    read_event_type,
    read_parameter,
    read_result,
    read_rule_test,
    read_stored_event,
    read_trial_balance_row,
    read_voucher,
)
from tongpin_client.read_revisions import read_impact, read_revision, read_state
from tongpin_client.results import (
    AccountEntry,
    Draft,
    EventResult,
    EventType,
    Parameter,
    PostResult,
    Revision,
    RulesReport,
    StoredEvent,
    TrialBalanceRow,
    UnpostedEvents,
    Voucher,
)

#: Files of a rule book by their path in it, or the folder that holds them.
RuleFiles = Mapping[str, bytes | str] | str | Path

_RULE_SUFFIXES = frozenset({".tp", ".csv"})
_PAGE_SIZE = 500
T = TypeVar("T")


class OnError(StrEnum):
    """What an event that is not accepted does to the rest of its message."""

    CONTINUE = "ON_ERROR_CONTINUE"
    STOP = "ON_ERROR_STOP"


@dataclass(frozen=True, slots=True)
class Query(Generic[T]):
    """A call to make: the method's name, the request, and how the answer is read."""

    method: str
    request: Any
    read: Callable[[Any], T]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list; `next_token` "" on the last one."""

    items: tuple[T, ...]
    next_token: str


PagedQuery = Callable[[str], Query[Page[T]]]


# ---------------------------------------------------------------- posting


@dataclass(frozen=True, slots=True)
class PostOptions:
    """How events are posted.

    Attributes:
        attempt_id: of an earlier try of the same events; "" takes a fresh one.
        on_error: what an event that is not accepted does to those after it in its message.
        dry_run: decide and show the vouchers, store nothing.
        revision: for a dry run: decide under this revision.
    """

    attempt_id: str = ""
    on_error: OnError = OnError.CONTINUE
    dry_run: bool = False
    revision: str = ""


def post(
    batch: event_pb2.EventBatch, attempt_id: str, options: PostOptions
) -> Query[posting_pb.PostEventsResponse]:
    """Posts one message of events."""
    request = posting_pb.PostEventsRequest(
        attempt_id=attempt_id,
        batch=batch,
        on_error=options.on_error.value,
        mode=(
            posting_pb.POSTING_MODE_DRY_RUN if options.dry_run else posting_pb.POSTING_MODE_COMMIT
        ),
        revision=options.revision,
    )
    return Query("PostEvents", request, lambda response: response)


def attempt_of(attempt_id: str, position: int) -> str:
    """Attempt id of a message, where one post takes several."""
    return attempt_id if position == 0 else f"{attempt_id}-{position}"


def new_attempt_id() -> str:
    """A fresh attempt id."""
    return str(uuid.uuid4())


def joined(responses: Iterable[posting_pb.PostEventsResponse], attempt_id: str) -> PostResult:
    """The result of a post that took one message or several."""
    results: list[EventResult] = []
    seq = 0
    for response in responses:
        results += map(read_result, response.results)
        seq = max(seq, response.seq)
    return PostResult(tuple(results), seq, attempt_id)


def retry_unposted(
    names: Iterable[tuple[str, str]], attempt_id: str
) -> Query[tuple[EventResult, ...]]:
    """Decides unposted events again."""
    events = [posting_pb.EventName(source=source, event_id=name) for source, name in names]
    return Query(
        "RetryUnposted",
        posting_pb.RetryUnpostedRequest(attempt_id=attempt_id, events=events),
        lambda response: tuple(map(read_result, response.results)),
    )


def withdraw(source: str, event_id: str, comment: str, attempt_id: str) -> Query[EventResult]:
    """Withdraws an event that waits."""
    name = posting_pb.EventName(source=source, event_id=event_id)
    return Query(
        "WithdrawEvent",
        posting_pb.WithdrawEventRequest(attempt_id=attempt_id, event=name, comment=comment),
        lambda response: read_result(response.result),
    )


def review(
    name: tuple[str, str], *, draft: int, role: str, reason: str, returns: bool, attempt_id: str
) -> Query[EventResult]:
    """Approves drafts of an event (source, id), or returns it."""
    source, event_id = name
    decision = posting_pb.REVIEW_DECISION_APPROVE
    if returns:
        decision = posting_pb.REVIEW_DECISION_RETURN
    request = posting_pb.ReviewVoucherRequest(
        attempt_id=attempt_id,
        event=posting_pb.EventName(source=source, event_id=event_id),
        draft=draft,
        decision=decision,
        role=role,
        reason=reason,
    )
    return Query("ReviewVoucher", request, lambda response: read_result(response.result))


# ---------------------------------------------------------------- reading


def drafts(role: str, preparer: str, min_seq: int) -> PagedQuery[Draft]:
    """Lists vouchers that wait for a review."""
    return lambda token: Query(
        "ListDrafts",
        posting_pb.ListDraftsRequest(
            role=role,
            preparer=preparer,
            page_size=_PAGE_SIZE,
            page_token=token,
            min_seq=min_seq,
        ),
        lambda response: Page(tuple(map(read_draft, response.drafts)), response.next_page_token),
    )


def voucher(name: str, min_seq: int) -> Query[Voucher]:
    """Reads a voucher."""
    return Query(
        "GetVoucher",
        posting_pb.GetVoucherRequest(name=name, min_seq=min_seq),
        lambda response: read_voucher(response.voucher),
    )


def vouchers(entity: str, ledger: str, period: str, min_seq: int) -> PagedQuery[Voucher]:
    """Lists vouchers."""
    return lambda token: Query(
        "ListVouchers",
        posting_pb.ListVouchersRequest(
            entity=entity,
            ledger=ledger,
            period=period,
            page_size=_PAGE_SIZE,
            page_token=token,
            min_seq=min_seq,
        ),
        lambda response: Page(
            tuple(map(read_voucher, response.vouchers)), response.next_page_token
        ),
    )


def event(source: str, event_id: str, min_seq: int) -> Query[StoredEvent]:
    """Reads an event."""
    return Query(
        "GetEvent",
        posting_pb.GetEventRequest(source=source, event_id=event_id, min_seq=min_seq),
        lambda response: read_stored_event(response.event),
    )


def unposted_page(
    reason: str, page_size: int, page_token: str, min_seq: int
) -> Query[UnpostedEvents]:
    """Reads a page of unposted events with their number."""
    return Query(
        "ListUnposted",
        posting_pb.ListUnpostedRequest(
            reason=reason, page_size=page_size, page_token=page_token, min_seq=min_seq
        ),
        lambda response: UnpostedEvents(
            tuple(map(read_stored_event, response.events)),
            response.total_count,
            response.next_page_token,
        ),
    )


def unposted(reason: str, min_seq: int) -> PagedQuery[StoredEvent]:
    """Lists unposted events."""

    def page(token: str) -> Query[Page[StoredEvent]]:
        query = unposted_page(reason, _PAGE_SIZE, token, min_seq)

        def read(response: posting_pb.ListUnpostedResponse) -> Page[StoredEvent]:
            found = query.read(response)
            return Page(found.events, found.next_page_token)

        return Query(query.method, query.request, read)

    return page


def trial_balance(
    entity: str, ledger: str, period: str, min_seq: int
) -> Query[tuple[TrialBalanceRow, ...]]:
    """Reads the trial balance."""
    return Query(
        "TrialBalance",
        ledger_pb.TrialBalanceRequest(entity=entity, ledger=ledger, period=period, min_seq=min_seq),
        lambda response: tuple(map(read_trial_balance_row, response.rows)),
    )


def parameters(seq: int) -> Query[tuple[Parameter, ...]]:
    """Reads what the book sets for itself."""
    return Query(
        "ListParameters",
        ledger_pb.ListParametersRequest(min_seq=seq),
        lambda response: tuple(map(read_parameter, response.parameters)),
    )


def account_activity(
    account_code: str,
    scope: tuple[str, str, str],
    dimensions: Mapping[str, str],
    min_seq: int,
) -> PagedQuery[AccountEntry]:
    """Lists the lines of an account; `scope`: entity, ledger, period."""
    entity, ledger, period = scope
    return lambda token: Query(
        "AccountActivity",
        ledger_pb.AccountActivityRequest(
            account_code=account_code,
            entity=entity,
            ledger=ledger,
            period=period,
            dimensions=dimensions,
            page_size=_PAGE_SIZE,
            page_token=token,
            min_seq=min_seq,
        ),
        lambda response: Page(
            tuple(map(read_account_entry, response.entries)), response.next_page_token
        ),
    )


# ---------------------------------------------------------------- rules


def check_rules(files: RuleFiles, *, run_tests: bool) -> Query[RulesReport]:
    """Compiles and tests a rule book."""
    request = rule_service_pb2.CheckRulesRequest(files=_source_files(files), run_tests=run_tests)
    return Query("CheckRules", request, lambda response: _rules_report(response, 0))


@dataclass(frozen=True, slots=True)
class PublishOptions:
    """How a revision is published. Dates are YYYY-MM-DD, "" = no limit.

    Attributes:
        comment: why; kept in the log.
        valid_from, valid_until: business dates it applies to.
        validate_only: everything but the publication.
        propose: leave it to another to put it into force, also where one principal may.
        attempt_id: of an earlier try; "" takes a fresh one.
    """

    comment: str = ""
    valid_from: str = ""
    valid_until: str = ""
    validate_only: bool = False
    propose: bool = False
    attempt_id: str = ""


def publish(files: RuleFiles, options: PublishOptions) -> Query[RulesReport]:
    """Puts a revision into force, or proposes it."""
    request = rule_service_pb2.PublishRevisionRequest(
        attempt_id=options.attempt_id or new_attempt_id(),
        files=_source_files(files),
        valid_from=options.valid_from,
        valid_until=options.valid_until,
        validate_only=options.validate_only,
        comment=options.comment,
        propose=options.propose,
    )
    return Query("PublishRevision", request, _publication_report)


def approve_revision(revision: str, comment: str, publication_id: str) -> Query[RulesReport]:
    """Puts a proposed revision into force."""
    request = rule_service_pb2.ApproveRevisionRequest(
        attempt_id=new_attempt_id(),
        revision=revision,
        publication_id=publication_id,
        comment=comment,
    )
    return Query(
        "ApproveRevision",
        request,
        lambda response: RulesReport(
            ok=response.ok,
            diagnostics=tuple(map(read_diagnostic, response.diagnostics)),
            tests=(),
            revision=response.revision,
            seq=response.seq,
            state="IN_FORCE" if response.ok else "",
        ),
    )


def withdraw_revision(revision: str, comment: str, publication_id: str) -> Query[str]:
    """Takes a publication back; gives the identity of its revision."""
    request = rule_service_pb2.WithdrawRevisionRequest(
        attempt_id=new_attempt_id(),
        revision=revision,
        publication_id=publication_id,
        comment=comment,
    )
    return Query("WithdrawRevision", request, lambda response: response.revision)


def revisions() -> PagedQuery[Revision]:
    """Lists revisions, newest first."""
    return lambda token: Query(
        "ListRevisions",
        rule_service_pb2.ListRevisionsRequest(page_size=_PAGE_SIZE, page_token=token),
        lambda response: Page(
            tuple(map(read_revision, response.revisions)), response.next_page_token
        ),
    )


def revision(name: str) -> Query[Revision]:
    """Reads a revision with its files."""
    return Query(
        "GetRevision",
        rule_service_pb2.GetRevisionRequest(revision=name),
        lambda response: read_revision(response.revision),
    )


def event_types(name: str) -> Query[tuple[EventType, ...]]:
    """Reads the declared event types of a revision."""
    return Query(
        "GetEventTypes",
        rule_service_pb2.GetEventTypesRequest(revision=name),
        lambda response: tuple(map(read_event_type, response.event_types)),
    )


def _source_files(files: RuleFiles) -> Sequence[rule_service_pb2.SourceFile]:
    contents = _read_folder(Path(files)) if isinstance(files, str | Path) else files
    return [
        rule_service_pb2.SourceFile(
            path=path, content=content.encode() if isinstance(content, str) else content
        )
        for path, content in sorted(contents.items())
    ]


def _read_folder(folder: Path) -> dict[str, bytes | str]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.suffix in _RULE_SUFFIXES and path.is_file()
    }


def _publication_report(response: rule_service_pb2.PublishRevisionResponse) -> RulesReport:
    return replace(
        _rules_report(response, response.seq),
        state=read_state(response.state),
        publication_id=response.publication_id,
        impact=read_impact(response.impact) if response.HasField("impact") else None,
    )


def _rules_report(
    response: rule_service_pb2.CheckRulesResponse | rule_service_pb2.PublishRevisionResponse,
    seq: int,
) -> RulesReport:
    return RulesReport(
        ok=response.ok,
        diagnostics=tuple(map(read_diagnostic, response.diagnostics)),
        tests=tuple(map(read_rule_test, response.tests)),
        revision=response.revision,
        seq=seq,
    )
