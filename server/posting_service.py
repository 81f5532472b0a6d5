"""PostingService: converts its messages, calls the book and converts what it answers."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

from engine.book import Book
from engine.calls import (
    EVENT_RETRIED,
    EVENT_WITHDRAWN,
    SYSTEM_SOURCE,
    VOUCHER_REVIEWED,
    Call,
    CallResult,
    StoredEventView,
)
from engine.errors import UnknownObject
from engine.faults import crash_point
from server.committer import Committer
from server.convert import Batch, read_attempt_id, read_batch
from server.convert_results import (
    write_draft,
    write_results,
    write_stored_event,
    write_voucher,
)
from server.interceptors import CallIdentity, Context, current_call
from server.limits import MAX_COMMENT_CHARS, MAX_RETRY_EVENTS
from server.reading import Paging, Reader
from server.roles import COMMAND_ROLES, SYSTEM_ROLES
from server.status import limit_exceeded, malformed, not_found, role_missing
from server.stream_session import StreamHub, StreamSession
from tongpin.v1 import posting_service_pb2 as pb
from tongpin.v1 import posting_service_pb2_grpc

_DEFAULT_SOURCE = "default"
_MODES = frozenset(pb.PostingMode.values())
_ON_ERRORS = frozenset(pb.OnError.values())
_DECISIONS = {pb.REVIEW_DECISION_APPROVE: "approve", pb.REVIEW_DECISION_RETURN: "return"}


class PostingService(posting_service_pb2_grpc.PostingServiceServicer):
    """Business events in, vouchers out."""

    def __init__(
        self, book: Book, committer: Committer, reader: Reader, streams: StreamHub
    ) -> None:
        """Serves this book."""
        self._book = book
        self._committer = committer
        self._reader = reader
        self._streams = streams

    async def PostEvents(  # noqa: N802 - named by the proto
        self, request: pb.PostEventsRequest, context: Context
    ) -> pb.PostEventsResponse:
        """Posts a batch, or tries it out."""
        identity = current_call()
        is_dry_run = request.mode == pb.POSTING_MODE_DRY_RUN
        identity.require("dry_run" if is_dry_run else "")
        if request.mode not in _MODES:
            raise malformed("mode", "the mode is COMMIT or DRY_RUN", str(request.mode))
        if request.on_error not in _ON_ERRORS:
            raise malformed("on_error", "on_error is CONTINUE or STOP", str(request.on_error))
        if request.revision and not is_dry_run:
            raise malformed("revision", "a revision can be chosen for a dry run only")
        batch = await self._reader.convert(
            request.batch.ByteSize(), partial(read_batch, request.batch)
        )
        require_command_roles(identity, batch)
        call = Call(
            events=batch.events,
            arrow=batch.arrow,
            principal=identity.principal.name,
            attempt_id=read_attempt_id(request.attempt_id),
            stop_on_error=request.on_error == pb.ON_ERROR_STOP,
            dry_run=is_dry_run,
            revision=request.revision,
            budget_roles=identity.principal.budget_roles,
        )
        if is_dry_run:
            result = await self._reader.run(partial(self._book.dry_run, call))
        else:
            result = await self._post(
                call,
                context,
                count=batch.count,
                size=batch.size,
            )
        results = await self._reader.convert(batch.size, partial(write_results, result.results))
        return pb.PostEventsResponse(results=results, seq=result.seq)

    async def StreamEvents(  # noqa: N802 - named by the proto
        self, request_iterator: object, context: Context
    ) -> None:
        """Posts a stream of batches."""
        del request_iterator  # read through the context, one message at a time
        identity = current_call()
        check = partial(require_command_roles, identity)
        await StreamSession(self._streams, identity, context, check).run()

    async def GetVoucher(  # noqa: N802 - named by the proto
        self, request: pb.GetVoucherRequest, context: Context
    ) -> pb.GetVoucherResponse:
        """Reads a voucher by name."""
        if not request.name:
            raise malformed("name", "name the voucher, such as C01/GL/2026-03/记/17")
        voucher, seq = await self._reader.read(
            partial(self._book.voucher, request.name), min_seq=request.min_seq
        )
        return pb.GetVoucherResponse(voucher=write_voucher(voucher), seq=seq)

    async def ListVouchers(  # noqa: N802 - named by the proto
        self, request: pb.ListVouchersRequest, context: Context
    ) -> pb.ListVouchersResponse:
        """Lists vouchers."""
        filters = {"entity": request.entity, "ledger": request.ledger, "period": request.period}
        paging = Paging(request.page_size, request.page_token, rpc="ListVouchers", **filters)
        (vouchers, after), seq = await self._reader.read(
            partial(self._book.vouchers, **filters, after=paging.after, limit=paging.limit),
            min_seq=request.min_seq,
        )
        return pb.ListVouchersResponse(
            vouchers=map(write_voucher, vouchers), next_page_token=paging.token(after), seq=seq
        )

    async def GetEvent(  # noqa: N802 - named by the proto
        self, request: pb.GetEventRequest, context: Context
    ) -> pb.GetEventResponse:
        """Reads an event; a system that only posts or asks budgets sees its own."""
        principal = current_call().principal
        source = request.source or _DEFAULT_SOURCE
        if not request.event_id:
            raise malformed("event_id", "name the event by its id")
        name = f"{source}/{request.event_id}"

        def find() -> StoredEventView:
            try:
                event = self._book.event(source, request.event_id)
            except UnknownObject as error:
                raise not_found("event", name) from error
            if principal.roles <= SYSTEM_ROLES and event.principal != principal.name:
                raise not_found("event", name)
            return event

        event, seq = await self._reader.read(find, min_seq=request.min_seq)
        return pb.GetEventResponse(event=write_stored_event(event), seq=seq)

    async def ListUnposted(  # noqa: N802 - named by the proto
        self, request: pb.ListUnpostedRequest, context: Context
    ) -> pb.ListUnpostedResponse:
        """Lists events that wait because no rule could book them."""
        paging = Paging(
            request.page_size, request.page_token, rpc="ListUnposted", reason=request.reason
        )
        (events, after, total), seq = await self._reader.read(
            partial(
                self._book.unposted, reason=request.reason, after=paging.after, limit=paging.limit
            ),
            min_seq=request.min_seq,
        )
        return pb.ListUnpostedResponse(
            events=map(write_stored_event, events),
            next_page_token=paging.token(after),
            total_count=total,
            seq=seq,
        )

    async def RetryUnposted(  # noqa: N802 - named by the proto
        self, request: pb.RetryUnpostedRequest, context: Context
    ) -> pb.RetryUnpostedResponse:
        """Decides unposted events again."""
        if len(request.events) > MAX_RETRY_EVENTS:
            raise limit_exceeded(
                "events",
                f"at most {MAX_RETRY_EVENTS} events are retried in one call",
                limit=MAX_RETRY_EVENTS,
                value=len(request.events),
            )
        names = [
            read_event_name(name, f"events[{position}]")
            for position, name in enumerate(request.events)
        ]
        call = system_call(EVENT_RETRIED, request.attempt_id, {"events": names})
        count = len(names) or MAX_RETRY_EVENTS
        result = await self._post(call, context, count=count, size=request.ByteSize())
        return pb.RetryUnpostedResponse(results=write_results(result.results), seq=result.seq)

    async def WithdrawEvent(  # noqa: N802 - named by the proto
        self, request: pb.WithdrawEventRequest, context: Context
    ) -> pb.WithdrawEventResponse:
        """Withdraws an event that waits."""
        name = read_event_name(request.event, "event")
        comment = read_comment(request.comment)
        if not comment:
            raise malformed("comment", "say why the event is withdrawn; the log keeps it")
        fields = {"of_source": name["source"], "of_id": name["id"], "comment": comment}
        call = system_call(EVENT_WITHDRAWN, request.attempt_id, fields)
        result = await self._post(call, context, count=1, size=request.ByteSize())
        written = write_results(result.results)
        return pb.WithdrawEventResponse(result=written[0], seq=result.seq)

    async def ListDrafts(  # noqa: N802 - named by the proto
        self, request: pb.ListDraftsRequest, context: Context
    ) -> pb.ListDraftsResponse:
        """Lists vouchers that wait for a review."""
        filters = {"role": request.role, "preparer": request.preparer}
        paging = Paging(request.page_size, request.page_token, rpc="ListDrafts", **filters)
        (drafts, after), seq = await self._reader.read(
            partial(self._book.drafts, **filters, after=paging.after, limit=paging.limit),
            min_seq=request.min_seq,
        )
        return pb.ListDraftsResponse(
            drafts=map(write_draft, drafts), next_page_token=paging.token(after), seq=seq
        )

    async def ReviewVoucher(  # noqa: N802 - named by the proto
        self, request: pb.ReviewVoucherRequest, context: Context
    ) -> pb.ReviewVoucherResponse:
        """Approves drafts, or returns their event."""
        name = read_event_name(request.event, "event")
        decision = _DECISIONS.get(request.decision)
        if decision is None:
            raise malformed("decision", "the decision is APPROVE or RETURN", str(request.decision))
        reason = read_comment(request.reason)
        if request.decision == pb.REVIEW_DECISION_RETURN and not reason:
            raise malformed("reason", "say why the event is returned; the log keeps it")
        if request.draft < 0:
            raise malformed("draft", "a draft is numbered from 1; 0 means all", str(request.draft))
        fields: dict[str, object] = {
            "of_source": name["source"],
            "of_id": name["id"],
            "decision": decision,
        }
        given = {"draft": request.draft, "role": request.role, "reason": reason}
        fields |= {key: value for key, value in given.items() if value}
        call = system_call(VOUCHER_REVIEWED, request.attempt_id, fields)
        result = await self._post(call, context, count=1, size=request.ByteSize())
        written = write_results(result.results)
        return pb.ReviewVoucherResponse(result=written[0], seq=result.seq)

    async def _post(
        self,
        call: Call,
        context: Context,
        *,
        count: int,
        size: int,
    ) -> CallResult:
        result = await self._committer.enqueue(call, count=count, size=size)
        # The stubs take the callback for a class of theirs.
        cast("Any", context).add_done_callback(_answered)
        return result


def require_command_roles(identity: CallIdentity, batch: Batch) -> None:
    """Refuses a batch that holds commands its principal may not give."""
    for command in sorted(batch.commands):
        roles = COMMAND_ROLES[command]
        if not roles & identity.principal.roles:
            name = f"{identity.rpc}#{command}"
            raise role_missing(identity.principal.name, name, ", ".join(sorted(roles)))


def system_call(event_type: str, attempt_id: str, fields: Mapping[str, object]) -> Call:
    """A command of the service itself, as the event the log holds it as."""
    attempt = read_attempt_id(attempt_id)
    event = {
        "type": event_type,
        "id": attempt or str(uuid.uuid4()),
        "source": SYSTEM_SOURCE,
        "date": datetime.now(UTC).date().isoformat(),
        **fields,
    }
    principal = current_call().principal
    return Call(
        events=(event,),
        principal=principal.name,
        attempt_id=attempt,
        budget_roles=principal.budget_roles,
    )


def read_event_name(name: pb.EventName, field_path: str) -> dict[str, str]:
    """Source and id of an event, the default source filled in."""
    if not name.event_id:
        raise malformed(f"{field_path}.event_id", "name the event by its id")
    return {"source": name.source or _DEFAULT_SOURCE, "id": name.event_id}


def read_comment(comment: str) -> str:
    """A comment, checked."""
    if len(comment) > MAX_COMMENT_CHARS:
        raise limit_exceeded(
            "comment",
            f"a comment has at most {MAX_COMMENT_CHARS} characters",
            limit=MAX_COMMENT_CHARS,
            value=len(comment),
        )
    return comment.strip()


def _answered(_context: object, /) -> None:
    crash_point("after_answer")
