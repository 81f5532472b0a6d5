"""The client for asyncio; in words and names the same as the blocking one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from types import TracebackType
from typing import Any, TypeVar

import grpc
from grpc import aio

from tongpin.v1 import (
    budget_service_pb2_grpc,
    explain_service_pb2_grpc,
    ledger_service_pb2_grpc,
    posting_service_pb2_grpc,
    rule_service_pb2_grpc,
)
from tongpin.v1.event_pb2 import EventBatch
from tongpin_client import explain_queries, queries
from tongpin_client.async_budget_client import AsyncBudgetClient
from tongpin_client.batches import Event, column_batches, row_batches, stream_batches
from tongpin_client.connection import DEFAULT_ADDRESS, Connection
from tongpin_client.errors import TongpinRpcError, read_rpc_error
from tongpin_client.explanations import VoucherExplanation, WhyNotAnswer
from tongpin_client.queries import OnError, PostOptions, PublishOptions, Query, RuleFiles
from tongpin_client.results import (
    AccountEntry,
    BatchResult,
    Draft,
    EventResult,
    EventType,
    Parameter,
    PostResult,
    Revision,
    RulesReport,
    StoredEvent,
    StreamReport,
    TrialBalanceRow,
    UnpostedEvents,
    Voucher,
)
from tongpin_client.retrying import RetryPolicy
from tongpin_client.stream_window import DEFAULT_WINDOW, Request, StreamWindow

OnResult = Callable[[BatchResult], Awaitable[None] | None]
T = TypeVar("T")


class AsyncClient:
    """Calls a server from an event loop, to which it belongs.

    Reads are answered at the highest position this client has seen, or later: what was posted
    through it is always there.
    """

    def __init__(
        self,
        address: str = DEFAULT_ADDRESS,
        token: str | None = None,
        *,
        tls: bool | bytes = False,
        timeout: float = 30.0,
        retry: RetryPolicy | None = None,
    ) -> None:
        """Connects when the first call is made.

        Args:
            address: HOST:PORT of the server.
            token: of the principal; None for the local user of a server on this machine.
            tls: use TLS with the system's authorities; or the PEM of the authorities to trust.
            timeout: seconds a single call may take.
            retry: when a failed call is tried again.
        """
        self._connection = Connection(address, token, tls, timeout)
        self._retry = retry or RetryPolicy()
        self._channel = self._connection.async_channel()
        posting = posting_service_pb2_grpc.PostingServiceStub(self._channel)
        ledger = ledger_service_pb2_grpc.LedgerServiceStub(self._channel)
        rules = rule_service_pb2_grpc.RuleServiceStub(self._channel)
        budgets = budget_service_pb2_grpc.BudgetServiceStub(self._channel)
        explaining = explain_service_pb2_grpc.ExplainServiceStub(self._channel)
        stubs = (posting, ledger, rules, budgets, explaining)
        self._methods: dict[str, Any] = {
            name: method for stub in stubs for name, method in vars(stub).items()
        }
        self.seq = 0
        self.budgets = AsyncBudgetClient(self)

    async def __aenter__(self) -> AsyncClient:
        """Gives the client."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes the connection."""
        await self.close()

    async def close(self) -> None:
        """Closes the connection."""
        await self._channel.close()

    # ------------------------------------------------------------ posting

    async def post(
        self,
        events: Event | Iterable[Event],
        *,
        attempt_id: str = "",
        on_error: OnError = OnError.CONTINUE,
        dry_run: bool = False,
        revision: str = "",
    ) -> PostResult:
        """Posts events; more than fit into a message are sent in several.

        A lost answer is asked for again under the same attempt id, so that nothing is booked
        twice.

        Args:
            events: one or many, as in event files; amounts as strings or decimals.
            attempt_id: see `PostOptions`, as for the rest.
            on_error: what an event that is not accepted does to those after it in its message.
            dry_run: decide and show the vouchers, store nothing.
            revision: for a dry run: decide under this revision.

        Raises:
            TongpinRpcError: the call failed; its `attempt_id` may be tried again.
        """
        many = [events] if isinstance(events, Mapping) else events
        options = PostOptions(attempt_id, on_error, dry_run, revision)
        return await self._post(row_batches(many), options)

    async def post_columns(
        self,
        columns: object,
        *,
        attempt_id: str = "",
        on_error: OnError = OnError.CONTINUE,
        dry_run: bool = False,
        revision: str = "",
    ) -> PostResult:
        """Posts events that lie in columns: a PyArrow table, or NumPy arrays by column name.

        Amounts are strings or decimals. Otherwise as `post`.

        Raises:
            ColumnsError: PyArrow is missing, or a column holds floats.
            TongpinRpcError: the call failed.
        """
        options = PostOptions(attempt_id, on_error, dry_run, revision)
        return await self._post(column_batches(columns), options)

    async def stream(
        self,
        stream_id: str,
        items: Iterable[object],
        *,
        batch_size: int | None = None,
        window: int = DEFAULT_WINDOW,
        on_result: OnResult | None = None,
        summary_only: bool = True,
    ) -> StreamReport:
        """Posts a long run of events, and goes on where an earlier run of this stream stopped.

        A lost connection is made again and nothing is booked twice. To resume in another
        process, pass the same items and `batch_size` again: what is durable is read over.

        Args:
            stream_id: names the run, such as the file's name and hash.
            items: events, or ready batches: lists of events, PyArrow tables, mappings of arrays.
            batch_size: events of a message.
            window: messages that may be unanswered.
            on_result: called with each answer, in order; awaited if it is a coroutine function.
            summary_only: answers tell counts, and results only of what is not plainly posted.

        Raises:
            TongpinRpcError: the stream was refused, or the server stayed away too long.
        """
        batches = stream_batches(items, batch_size)
        state = StreamWindow(stream_id, batches, window=window, summary_only=summary_only)
        async with aclosing(self._stream(state)) as results:
            async for result in results:
                self.seq = max(self.seq, state.seq)
                heard = on_result(result) if on_result is not None else None
                if heard is not None:
                    await heard
        self.seq = max(self.seq, state.seq)
        return state.report()

    async def retry_unposted(
        self, names: Iterable[tuple[str, str]] = (), *, attempt_id: str = ""
    ) -> tuple[EventResult, ...]:
        """Decides unposted events again: those named (source, id), or the oldest 1,000."""
        attempt_id = attempt_id or queries.new_attempt_id()
        return await self.run(queries.retry_unposted(names, attempt_id))

    async def withdraw(
        self, source: str, event_id: str, comment: str, *, attempt_id: str = ""
    ) -> EventResult:
        """Withdraws an event that waits; its identity may then be used again."""
        attempt_id = attempt_id or queries.new_attempt_id()
        return await self.run(queries.withdraw(source, event_id, comment, attempt_id))

    async def approve(
        self, source: str, event_id: str, *, draft: int = 0, role: str = "", attempt_id: str = ""
    ) -> EventResult:
        """Posts the drafts of an event, or one of them by its position from 1."""
        attempt_id = attempt_id or queries.new_attempt_id()
        name = (source, event_id)
        return await self.run(
            queries.review(
                name, draft=draft, role=role, reason="", returns=False, attempt_id=attempt_id
            )
        )

    async def return_event(
        self, source: str, event_id: str, reason: str, *, role: str = "", attempt_id: str = ""
    ) -> EventResult:
        """Takes back what an event with drafts did; it is then UNPOSTED, to be retried."""
        attempt_id = attempt_id or queries.new_attempt_id()
        name = (source, event_id)
        return await self.run(
            queries.review(
                name, draft=0, role=role, reason=reason, returns=True, attempt_id=attempt_id
            )
        )

    # ------------------------------------------------------------ reading

    async def voucher(self, name: str) -> Voucher:
        """Reads a voucher by name, such as C01/GL/2026-03/记/17."""
        return await self.run(queries.voucher(name, self.seq))

    def vouchers(
        self, *, entity: str = "", ledger: str = "", period: str = ""
    ) -> AsyncIterator[Voucher]:
        """Goes over vouchers in log order; pages are read as they are needed."""
        return self.pages(queries.vouchers(entity, ledger, period, self.seq))

    def drafts(self, *, role: str = "", preparer: str = "") -> AsyncIterator[Draft]:
        """Goes over vouchers that wait for a review, oldest first."""
        return self.pages(queries.drafts(role, preparer, self.seq))

    async def event(self, source: str, event_id: str) -> StoredEvent:
        """Reads an event with its present status."""
        return await self.run(queries.event(source, event_id, self.seq))

    def unposted(self, *, reason: str = "") -> AsyncIterator[StoredEvent]:
        """Goes over events that wait because no rule could book them, oldest first."""
        return self.pages(queries.unposted(reason, self.seq))

    async def unposted_page(
        self, *, reason: str = "", page_size: int = 100, page_token: str = ""
    ) -> UnpostedEvents:
        """Reads a page of such events, and how many there are."""
        return await self.run(queries.unposted_page(reason, page_size, page_token, self.seq))

    async def trial_balance(
        self, *, entity: str = "", ledger: str = "", period: str = ""
    ) -> tuple[TrialBalanceRow, ...]:
        """Reads the trial balance of one period (YYYY-MM) or of all."""
        return await self.run(queries.trial_balance(entity, ledger, period, self.seq))

    async def parameters(self) -> tuple[Parameter, ...]:
        """Reads what the book sets for itself: values set by command, and defaults."""
        return await self.run(queries.parameters(self.seq))

    def account_activity(
        self,
        account_code: str,
        *,
        entity: str = "",
        ledger: str = "",
        period: str = "",
        dimensions: Mapping[str, str] | None = None,
    ) -> AsyncIterator[AccountEntry]:
        """Goes over the lines of an account in log order."""
        scope = (entity, ledger, period)
        query = queries.account_activity(account_code, scope, dimensions or {}, self.seq)
        return self.pages(query)

    # ------------------------------------------------------------ explanations

    async def explain(
        self, voucher: str = "", *, source: str = "", event_id: str = "", line_number: int = 0
    ) -> tuple[VoucherExplanation, ...]:
        """Explains a voucher by name, or those of an event; `line_number` 0: every line."""
        query = explain_queries.explain(voucher, (source, event_id), line_number, self.seq)
        return await self.run(query)

    async def why_not(
        self, rule: str, *, source: str = "", event_id: str = "", event: Event | None = None
    ) -> WhyNotAnswer:
        """Asks what kept a rule from posting a stored event, or one that is not stored."""
        query = explain_queries.why_not(rule, (source, event_id), event, self.seq)
        return await self.run(query)

    # ------------------------------------------------------------ rules

    async def check_rules(self, files: RuleFiles, *, run_tests: bool = True) -> RulesReport:
        """Compiles and tests a rule book (files by path, or a folder); stores nothing."""
        return await self.run(queries.check_rules(files, run_tests=run_tests))

    async def publish(self, files: RuleFiles, options: PublishOptions | None = None) -> RulesReport:
        """Puts a rule book into force, or proposes it where the book needs two persons.

        `ok` is false where it does not compile, a test fails, or the book stands against it.
        """
        return await self.run(queries.publish(files, options or PublishOptions()))

    async def approve_revision(
        self, revision: str, comment: str, *, publication_id: str = ""
    ) -> RulesReport:
        """Puts a revision into force that another principal proposed; `comment` says why."""
        return await self.run(queries.approve_revision(revision, comment, publication_id))

    async def withdraw_revision(
        self, revision: str, comment: str, *, publication_id: str = ""
    ) -> str:
        """Takes back a proposal, or a revision that nothing was decided under yet."""
        return await self.run(queries.withdraw_revision(revision, comment, publication_id))

    def revisions(self) -> AsyncIterator[Revision]:
        """Goes over revisions, proposed and withdrawn ones too, newest first, without files."""
        return self.pages(queries.revisions())

    async def revision(self, name: str = "") -> Revision:
        """Reads a revision with its files, by a unique prefix; the newest if no name is given."""
        return await self.run(queries.revision(name))

    async def event_types(self, revision: str = "") -> tuple[EventType, ...]:
        """Reads the event types other systems may send."""
        return await self.run(queries.event_types(revision))

    # ------------------------------------------------------------ inside

    async def run(self, query: Query[T], *, timeout: float | None = None) -> T:
        """Makes a call of `tongpin_client.queries`; what the other methods are made of.

        Args:
            query: what to call.
            timeout: seconds for all tries together; None = the client's timeout for each try.

        Raises:
            TongpinRpcError: the call failed, and trying again would not help or not in time.
        """
        method, attempt = self._methods[query.method], 0
        ends = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if ends is None else max(0.0, ends - time.monotonic())
            try:
                response = await method(
                    query.request,
                    timeout=self._connection.timeout if left is None else left,
                    metadata=self._connection.metadata,
                )
            except grpc.RpcError as failure:
                attempt += 1
                error = read_rpc_error(failure)
                error.attempt_id = getattr(query.request, "attempt_id", "")
                delay = self._retry.delay(attempt, error)
                if delay is None or (ends is not None and time.monotonic() + delay >= ends):
                    raise error from failure
                await asyncio.sleep(delay)
            else:
                self.seq = max(self.seq, getattr(response, "seq", 0))
                return query.read(response)

    async def _post(self, batches: Iterable[EventBatch], options: PostOptions) -> PostResult:
        attempt_id = options.attempt_id or queries.new_attempt_id()
        responses = [
            await self.run(queries.post(batch, queries.attempt_of(attempt_id, position), options))
            for position, batch in enumerate(batches)
        ]
        return queries.joined(responses, attempt_id)

    async def pages(self, query: queries.PagedQuery[T]) -> AsyncIterator[T]:
        """Goes over a list page by page, as pages are needed."""
        token = ""
        while True:
            page = await self.run(query(token))
            for item in page.items:
                yield item
            token = page.next_token
            if not token:
                return

    async def follow(self, query: Callable[[int], Query[T]]) -> AsyncGenerator[T, None]:
        """Goes over the answers of a stream without end, made again where it is lost."""
        failures, was_open = 0, False
        while True:
            asked = query(self.seq)
            call = self._methods[asked.method](asked.request, metadata=self._connection.metadata)
            try:
                async for response in call:
                    failures, was_open = 0, True
                    self.seq = max(self.seq, response.seq)
                    yield asked.read(response)
                return
            except grpc.RpcError as failure:
                failures += 1
                error = read_rpc_error(failure)
                delay = self._retry.reconnect_delay(failures, error, was_open=was_open)
                if delay is None:
                    raise error from failure
            finally:
                call.cancel()
            await asyncio.sleep(delay)

    async def _stream(self, state: StreamWindow) -> AsyncGenerator[BatchResult, None]:
        failures = 0
        while True:
            try:
                async with aclosing(self._connected(state)) as results:
                    async for result in results:
                        failures = 0
                        yield result
            except (grpc.RpcError, TongpinRpcError) as failure:
                failures += 1
                error = _as_ours(failure)
                delay = self._retry.reconnect_delay(failures, error, was_open=state.was_open)
                if delay is None:
                    raise error from failure
                await asyncio.sleep(delay)
            else:
                return

    async def _connected(self, state: StreamWindow) -> AsyncGenerator[BatchResult, None]:
        """Answers of one connection, until everything is answered or the connection is lost."""
        call = self._methods["StreamEvents"](metadata=self._connection.metadata)
        try:
            await _send(call, state.opening())
            state.opened(await _next(call))
            while True:
                while (request := state.next_request()) is not None:
                    await _send(call, request)
                if state.is_done:
                    await call.done_writing()
                    await call.read()  # the server has nothing more to say than its status
                    return
                yield state.answered(await _next(call))
        finally:
            call.cancel()


async def _send(call: Any, request: Request) -> None:
    try:
        await call.write(request)
    except asyncio.InvalidStateError:
        await call.read()  # the call has ended meanwhile; reading tells how
        raise _ended_early() from None
    except aio.AioRpcError as failure:
        if failure.code() is grpc.StatusCode.INTERNAL and not failure.trailing_metadata():
            # What gRPC calls a write that the end of the connection interrupts.
            code = grpc.StatusCode.UNAVAILABLE
            raise TongpinRpcError(code, code.name, "the connection was lost") from failure
        raise


async def _next(call: Any) -> Any:
    response = await call.read()
    if response is aio.EOF:
        raise _ended_early()
    return response


def _as_ours(failure: grpc.RpcError | TongpinRpcError) -> TongpinRpcError:
    return failure if isinstance(failure, TongpinRpcError) else read_rpc_error(failure)


def _ended_early() -> TongpinRpcError:
    return TongpinRpcError(
        grpc.StatusCode.INTERNAL, "INTERNAL", "the server ended the stream before its answers"
    )
