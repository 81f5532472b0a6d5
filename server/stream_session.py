"""One connection of a stream of batches: its offsets, window and end; not what is in them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from weakref import WeakValueDictionary

import structlog
from grpc import aio

from engine.book import Book
from engine.calls import Call, CallResult
from engine.faults import crash_point
from server.committer import Committer, Lane
from server.convert import Batch, read_batch
from server.convert_results import write_stream_answer
from server.interceptors import CallIdentity, readable
from server.limits import (
    MAX_OPEN_STREAMS,
    MAX_STREAM_ID_CHARS,
    STREAM_PRINCIPAL_CHECK_SECONDS,
    STREAM_WINDOW_DEFAULT,
    STREAM_WINDOW_MAX,
)
from server.metrics import ServiceMetrics
from server.principals import Authenticator, NotAuthenticated
from server.reading import Reader
from server.status import draining, limit_exceeded, malformed, offset_gap, overloaded, stream_fenced
from tongpin.v1 import posting_service_pb2 as pb

log = structlog.get_logger(__name__)

#: A stream belongs to its principal: (principal, stream id).
StreamKey = tuple[str, str]


class StreamHub:
    """All open streams, and which connection of each is the newest."""

    def __init__(
        self,
        book: Book,
        committer: Committer,
        reader: Reader,
        authenticator: Authenticator,
        metrics: ServiceMetrics,
    ) -> None:
        """Streams into this book."""
        self.book = book
        self.committer = committer
        self.reader = reader
        self.authenticator = authenticator
        self.metrics = metrics
        self.is_draining = False
        self._newest: dict[StreamKey, StreamSession] = {}
        self._open: set[StreamSession] = set()
        self._opening: WeakValueDictionary[StreamKey, asyncio.Lock]
        self._opening = WeakValueDictionary()

    async def enter(self, session: StreamSession) -> int:
        """Makes a session the only one of its stream and gives the stream's durable offset."""
        key = session.key
        if self.is_draining:
            raise draining()
        if len(self._open) >= MAX_OPEN_STREAMS:
            raise overloaded(f"at most {MAX_OPEN_STREAMS} streams are open at once")
        self._open.add(session)
        self.metrics.open_streams.set(len(self._open))
        # One opening of a stream at a time, so that what an older connection has under way is
        # settled before the durable offset is told.
        lock = self._opening.setdefault(key, asyncio.Lock())
        async with lock:
            older = self._newest.get(key)
            self._newest[key] = session
            if older is not None:
                older.stop(stream_fenced(older.stream_id))
                await older.settled()
            return self.book.stream_offset(*key)

    def leave(self, session: StreamSession) -> None:
        """Forgets a session."""
        if self._newest.get(session.key) is session:
            del self._newest[session.key]
        self._open.discard(session)
        self.metrics.open_streams.set(len(self._open))

    def drain(self) -> None:
        """Lets every session answer what it has accepted, and end."""
        self.is_draining = True
        for session in self._open:
            session.drain()


_NO_EVENTS = Batch((), None, count=0, size=0, commands=frozenset())


@dataclass(slots=True)
class _Item:
    """What the writer handles next: an answer to wait for, a repeated offset, or the end.

    answer None and error None: a repeated offset, or, with offset 0, the half-close.
    """

    offset: int
    count: int = 0
    answer: asyncio.Future[CallResult] | None = None
    error: Exception | None = None


class StreamSession:
    """One connection. A reader task accepts batches, a writer task answers them in order."""

    def __init__(
        self,
        hub: StreamHub,
        identity: CallIdentity,
        context: aio.ServicerContext[pb.StreamEventsRequest, object],
        check: Callable[[Batch], None],
    ) -> None:
        """Prepares a session; `check` refuses batches this principal may not send."""
        self._hub = hub
        self._identity = identity
        self._context = context
        self._check = check
        self.key: StreamKey = (identity.principal.name, "")
        self._lane = Lane()
        self._items: asyncio.Queue[_Item] = asyncio.Queue()
        self._pending: set[asyncio.Future[CallResult]] = set()
        self._stopped: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reading: asyncio.Task[None] | None = None
        self._window = asyncio.Semaphore(STREAM_WINDOW_DEFAULT)
        self._summary_only = False
        self._accepted = 0  # highest offset taken from the wire
        self._durable = 0
        self._principal_checked = time.monotonic()

    # ------------------------------------------------------------ for the hub

    @property
    def stream_id(self) -> str:
        """Name of the stream."""
        return self.key[1]

    def stop(self, error: Exception) -> None:
        """Ends the session at once with an error; what the decision thread has is still posted."""
        self._lane.broken = self._lane.broken or error
        if not self._stopped.done():
            self._stopped.set_exception(error)

    def drain(self) -> None:
        """Reads no further; answers what was accepted, then ends."""
        if self._reading is not None and not self._reading.done():
            self._reading.cancel()
            self._items.put_nowait(_Item(0, error=draining()))

    async def settled(self) -> None:
        """Waits until nothing of this session can be posted any more."""
        pending = [answer for answer in self._pending if not answer.done()]
        if pending:
            await asyncio.wait(pending)

    # ------------------------------------------------------------ the connection

    async def run(self) -> None:
        """Serves the connection to its end."""
        requests = readable(self._context)
        opening = await anext(requests, None)
        if opening is None:
            raise malformed("", "the stream was closed before it was opened")
        self._open(opening)
        hub = self._hub
        writing: asyncio.Task[None] | None = None
        try:
            self._durable = self._accepted = await hub.enter(self)
            log.info("stream opened", **self._names(), durable_offset=self._durable)
            await self._context.write(
                pb.StreamEventsResponse(durable_offset=self._durable, seq=hub.book.seq)
            )
            self._reading = asyncio.create_task(self._read(opening, requests))
            if hub.is_draining:
                self.drain()
            writing = asyncio.create_task(self._write())
            await asyncio.wait({writing, self._stopped}, return_when=asyncio.FIRST_COMPLETED)
            await (self._stopped if self._stopped.done() else writing)
        finally:
            # Nothing of this connection may be posted after a newer one was told its offset.
            self._lane.broken = self._lane.broken or stream_fenced(self.stream_id)
            for task in (self._reading, writing, self._stopped):
                if task is not None and task.done():
                    _hear(task)
                elif task is not None:
                    task.cancel()
            await self._end()

    async def _end(self) -> None:
        # Stays known until its last batch is settled, also where the client has vanished, so
        # that a reconnect waits for it.
        settling = asyncio.ensure_future(self.settled())
        try:
            await asyncio.shield(settling)
        finally:
            settling.add_done_callback(lambda _: self._hub.leave(self))
            log.info("stream closed", **self._names(), durable_offset=self._durable)

    def _open(self, opening: pb.StreamEventsRequest) -> None:
        stream_id = opening.stream_id
        if not stream_id or not stream_id.isprintable():
            raise malformed("stream_id", "the first request names the stream in printable text")
        if len(stream_id) > MAX_STREAM_ID_CHARS:
            raise limit_exceeded(
                "stream_id",
                f"a stream id has at most {MAX_STREAM_ID_CHARS} characters",
                limit=MAX_STREAM_ID_CHARS,
                value=len(stream_id),
            )
        if not 0 <= opening.window <= STREAM_WINDOW_MAX:
            raise limit_exceeded(
                "window",
                f"a window has 1 to {STREAM_WINDOW_MAX} batches",
                limit=STREAM_WINDOW_MAX,
                value=opening.window,
            )
        self.key = (self._identity.principal.name, stream_id)
        self._summary_only = opening.summary_only
        self._window = asyncio.Semaphore(opening.window or STREAM_WINDOW_DEFAULT)

    def _names(self) -> dict[str, str]:
        return {
            "stream": self.stream_id,
            "principal": self.key[0],
            "request_id": self._identity.request_id,
        }

    # ------------------------------------------------------------ reading

    async def _read(
        self, opening: pb.StreamEventsRequest, requests: AsyncIterator[pb.StreamEventsRequest]
    ) -> None:
        """Accepts batches while fewer than `window` are unanswered."""
        try:
            if opening.offset or opening.batch.WhichOneof("encoding"):
                await self._window.acquire()
                await self._accept(opening)
            while True:
                await self._window.acquire()
                await self._hub.committer.room()
                request = await anext(requests, None)
                if request is None:
                    self._items.put_nowait(_Item(0))
                    return
                if request.stream_id not in {"", self.stream_id}:
                    raise malformed("stream_id", "only the first request names the stream")
                await self._accept(request)
        except Exception as error:  # noqa: BLE001 - told after the answers before it
            self._items.put_nowait(_Item(0, error=error))

    async def _accept(self, request: pb.StreamEventsRequest) -> None:
        offset = request.offset
        if offset < 1:
            raise malformed("offset", "offsets of batches count from 1", str(offset))
        if offset > self._accepted + 1:
            raise offset_gap(self._accepted + 1, offset)
        if offset <= self._accepted:
            self._items.put_nowait(_Item(offset))
            return
        self._check_principal()
        batch = await self._hub.reader.convert(
            request.batch.ByteSize(), partial(read_batch, request.batch)
        )
        self._check(batch)
        principal, stream = self.key
        call = Call(
            events=batch.events,
            arrow=batch.arrow,
            principal=principal,
            stream=stream,
            offset=offset,
            budget_roles=self._identity.principal.budget_roles,
        )
        answer = await self._enqueue(call, batch)
        self._accepted = offset
        self._items.put_nowait(_Item(offset, batch.count, answer))

    async def _enqueue(self, call: Call, batch: Batch) -> asyncio.Future[CallResult]:
        await self._hub.committer.room()
        answer = self._hub.committer.enqueue(
            call,
            count=batch.count,
            size=batch.size,
            lane=self._lane,
        )
        self._pending.add(answer)
        answer.add_done_callback(self._forget)
        return answer

    def _forget(self, answer: asyncio.Future[CallResult]) -> None:
        self._pending.discard(answer)
        _hear(answer)

    def _check_principal(self) -> None:
        now = time.monotonic()
        if now - self._principal_checked < STREAM_PRINCIPAL_CHECK_SECONDS:
            return
        self._principal_checked = now
        if not self._hub.authenticator.is_current(self._identity.principal):
            raise NotAuthenticated("the token has expired or was revoked")

    # ------------------------------------------------------------ writing

    async def _write(self) -> None:
        """Answers batches in order, as soon as each is durable."""
        while True:
            item = await self._items.get()
            if item.error is not None:
                raise item.error
            if not item.offset:
                return
            answer = await self._answer(item)
            answer.offset = item.offset
            answer.durable_offset = self._durable
            await self._context.write(answer)
            crash_point("after_answer")
            self._window.release()

    async def _answer(self, item: _Item) -> pb.StreamEventsResponse:
        if item.answer is None:
            return await self._repeat(item.offset)
        # Shielded: the future belongs to the committer, which still settles it.
        result = await asyncio.shield(item.answer)
        self._durable = item.offset
        return await self._convert(result, item.count)

    async def _repeat(self, offset: int) -> pb.StreamEventsResponse:
        # The answers before this one are durable by now, so that the book knows this offset too
        # and answers from its log, whatever the batch holds this time.
        principal, stream = self.key
        call = Call(principal=principal, stream=stream, offset=offset)
        result = await asyncio.shield(await self._enqueue(call, _NO_EVENTS))
        answer = await self._convert(result, len(result.results))
        answer.replayed = True
        return answer

    async def _convert(self, result: CallResult, count: int) -> pb.StreamEventsResponse:
        work = partial(write_stream_answer, result.results, summary_only=self._summary_only)
        # A result is about as large on the wire as a small event.
        answer = await self._hub.reader.convert(count * 64, work)
        answer.seq = result.seq
        return answer


def _hear(future: asyncio.Future[CallResult] | asyncio.Future[None]) -> None:
    """Marks the exception of a finished future as seen, so that nobody is warned of it."""
    if not future.cancelled():
        future.exception()
