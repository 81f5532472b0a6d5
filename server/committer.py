"""The decision thread: calls wait in one bounded queue and are posted together, in order."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final

import structlog

from engine.book import Book
from engine.calls import Call, CallResult
from engine.errors import CallerError, StoreCorrupt, StoreError
from server.limits import (
    LINGER_SECONDS,
    MAX_COMMIT_CALLS,
    MAX_COMMIT_EVENTS,
    MAX_QUEUED_BYTES,
    MAX_QUEUED_CALLS,
    MAX_SHARED_COMMIT_EVENTS,
    SHARED_SECONDS,
    SNAPSHOT_AT_LATEST_COMMITS,
    SNAPSHOT_EVERY_COMMITS,
)
from server.metrics import ServiceMetrics
from server.status import draining, overloaded

log = structlog.get_logger(__name__)

#: Seconds after which an idle decision thread looks whether something has fallen due.
_IDLE_SECONDS: Final = 1.0

#: A call of more events than this is worth a commit of its own.
_LINGER_EVENTS: Final = 100

#: A call of no more events than this, and of no stream, is put before those of many.
_FEW_EVENTS: Final = 16

#: Seconds before a tick that failed is tried again.
_TICK_RETRY_SECONDS: Final = 5.0


@dataclass(eq=False, slots=True)
class Lane:
    """Calls that build on each other, such as the batches of one stream connection.

    Once `broken`, none of them is posted any more: each fails with that exception.
    """

    broken: Exception | None = None


@dataclass(eq=False, slots=True)
class _Waiting:
    """A call in the queue. `size`: bytes it stands for; `count`: events.

    `is_alone`: the book makes more than one commit of it, so that no other call shares its fate.
    """

    call: Call
    count: int
    size: int
    lane: Lane | None
    is_alone: bool
    answer: asyncio.Future[CallResult]

    @property
    def is_small(self) -> bool:
        """Whether somebody waits for the answer to a few events, and no call before it matters."""
        return self.lane is None and self.count <= _FEW_EVENTS


_Outcome = tuple[_Waiting, CallResult | Exception]


@dataclass(slots=True)
class CommitterLimits:
    """Bounds of the queue and of a commit; see `server.limits`."""

    queued_calls: int = MAX_QUEUED_CALLS
    queued_bytes: int = MAX_QUEUED_BYTES
    commit_events: int = MAX_COMMIT_EVENTS
    commit_calls: int = MAX_COMMIT_CALLS
    shared_events: int = MAX_SHARED_COMMIT_EVENTS
    linger_seconds: float = LINGER_SECONDS


@dataclass(slots=True)
class _Queue:
    """What waits, and how much it is."""

    calls: deque[_Waiting] = field(default_factory=deque)
    size: int = 0


class Committer:
    """Owns the book's write side. Everything but `run` is called on the event loop."""

    def __init__(
        self,
        book: Book,
        metrics: ServiceMetrics,
        *,
        limits: CommitterLimits | None = None,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000,
    ) -> None:
        """Takes the book, whose write side is this object's from now on."""
        self._book = book
        self._metrics = metrics
        self._limits = limits or CommitterLimits()
        self._clock = clock
        self._queue = _Queue()
        self._changed = threading.Condition()
        self._is_closing = False
        self._failure: Exception | None = None
        self._last_calls = 0
        self._few_first = False
        self._shared_until = 0.0
        self._commits_since_snapshot = 0
        self._tick_not_before = 0.0
        self._loop = asyncio.get_running_loop()
        #: Set to the error, if there ever is one, after which nothing more can be posted.
        self.failed: asyncio.Future[Exception] = self._loop.create_future()
        self._progress: asyncio.Future[None] | None = None
        self._thread = threading.Thread(target=self._run, name="decision", daemon=True)

    def start(self) -> None:
        """Starts the decision thread."""
        self._thread.start()

    @property
    def is_full(self) -> bool:
        """Whether the queue takes no further call."""
        queue, limits = self._queue, self._limits
        return len(queue.calls) >= limits.queued_calls or queue.size >= limits.queued_bytes

    def enqueue(
        self,
        call: Call,
        *,
        count: int,
        size: int,
        lane: Lane | None = None,
        is_alone: bool = False,
    ) -> asyncio.Future[CallResult]:
        """Puts a call in line; the future gets its answer once that is durable.

        Args:
            call: what to post.
            count: number of its events.
            size: bytes it stands for.
            lane: calls before it, without which it must not be posted.
            is_alone: it publishes a revision.

        Raises:
            CallRefused: the queue is full, or the server is stopping.
        """
        if self._is_closing or self._failure is not None:
            raise draining()
        if self.is_full:
            raise overloaded("as many calls wait for a decision as are accepted; come back later")
        waiting = _Waiting(call, count, size, lane, is_alone, self._loop.create_future())
        with self._changed:
            self._queue.calls.append(waiting)
            self._queue.size += size
            self._changed.notify()
        return waiting.answer

    async def room(self) -> None:
        """Waits until the queue takes a further call."""
        while self.is_full:
            await self.progress()

    async def progress(self) -> None:
        """Waits until calls have been answered, or time has passed in the book."""
        await asyncio.shield(self.next_progress())

    def next_progress(self) -> asyncio.Future[None]:
        """A future of all who wait that is set at the next progress; not to be cancelled."""
        if self._progress is None:
            self._progress = self._loop.create_future()
        return self._progress

    async def close(self, *, snapshot: bool = True) -> None:
        """Posts what waits, writes the state down and ends the thread. The book stays open."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        await asyncio.to_thread(self._thread.join)
        if snapshot and self._failure is None and self._commits_since_snapshot:
            await asyncio.to_thread(self._snapshot)

    # ------------------------------------------------------------ the decision thread

    def _run(self) -> None:
        while True:
            has_calls = self._await_calls()
            if not has_calls and self._is_closing:
                return
            if has_calls:
                self._linger()
                self._commit(self._take())
            if self._failure is None:
                self._tick_if_due()
                self._snapshot_if_due()

    def _await_calls(self) -> bool:
        """Waits for a while; whether a call is there."""
        with self._changed:
            if not self._queue.calls and not self._is_closing:
                self._changed.wait(self._quiet_seconds())
            return bool(self._queue.calls)

    def _linger(self) -> None:
        """Gives calls that arrive about now the chance to share the next commit.

        A commit of one call costs nearly what a commit of ten does. A caller on its own is not
        kept waiting: only where calls came together last time, others are waited for.
        """
        is_small = self._queue.calls[0].count <= _LINGER_EVENTS
        if self._last_calls > 1 and is_small and not self._is_closing:
            time.sleep(self._limits.linger_seconds)

    def _take(self) -> list[_Waiting]:
        """The next calls to post together, in order of arrival.

        Where somebody waits for the answer to a few events and others send many, the few come
        first, every other time: their commit is short, and nobody's is put off for long. What
        comes in between is kept short as well, for as long as such callers keep asking.
        """
        limits, now = self._limits, time.monotonic()
        with self._changed:
            calls = self._queue.calls
            before = list(takewhile(lambda waiting: not waiting.is_alone, calls))
            small = [waiting for waiting in before if waiting.is_small]
            many = sum(waiting.count for waiting in before if not waiting.is_small)
            self._few_first = bool(small) and many > _LINGER_EVENTS and not self._few_first
            if small:
                self._shared_until = now + SHARED_SECONDS
            shared = limits.shared_events if now < self._shared_until else limits.commit_events
            most = min(shared, limits.commit_events)
            group = self._together(small if self._few_first else calls, most)
            if len(group) == len(calls):
                calls.clear()
            else:
                taken = set(map(id, group))
                self._queue.calls = deque(item for item in calls if id(item) not in taken)
            self._queue.size -= sum(waiting.size for waiting in group)
            self._metrics.queued_calls.set(len(self._queue.calls))
            self._metrics.queued_bytes.set(self._queue.size)
        self._last_calls = len(group)
        return group

    def _together(self, calls: Iterable[_Waiting], most: int) -> list[_Waiting]:
        """Calls from the beginning that share a commit of `most` events, or of one call."""
        group: list[_Waiting] = []
        count = 0
        for waiting in calls:
            if count >= most or len(group) == self._limits.commit_calls:
                break
            if group and (waiting.is_alone or group[-1].is_alone):
                break
            group.append(waiting)
            count += waiting.count
        return group

    def _commit(self, group: list[_Waiting]) -> None:
        outcomes: list[_Outcome] = []
        wanted: list[_Waiting] = []
        for waiting in group:
            lane_error = waiting.lane.broken if waiting.lane is not None else None
            if lane_error is not None or self._failure is not None:
                outcomes.append((waiting, lane_error or draining()))
            elif not waiting.answer.cancelled():
                wanted.append(waiting)
        if wanted:
            outcomes.extend(self._post(wanted))
        self._loop.call_soon_threadsafe(self._settle, outcomes)

    def _post(self, group: list[_Waiting]) -> list[_Outcome]:
        started, appends = time.perf_counter(), self._book.stats.appends
        try:
            results = self._book.post([waiting.call for waiting in group])
        except Exception as error:
            if self._must_stop(error, appends):
                self._stop(error)
            elif not isinstance(error, StoreError) and len(group) > 1:
                # One of them is at fault. Nothing was stored, so each gets a try of its own.
                return self._post_singly(group)
            elif not isinstance(error, CallerError):
                log.error("nothing posted", calls=len(group), problem=repr(error), exc_info=error)
            return [self._failed(waiting, error) for waiting in group]
        self._measure(group, results, time.perf_counter() - started)
        return list(zip(group, results, strict=True))

    def _post_singly(self, group: list[_Waiting]) -> list[_Outcome]:
        outcomes: list[_Outcome] = []
        for waiting in group:
            lane_error = waiting.lane.broken if waiting.lane is not None else None
            if lane_error is not None or self._failure is not None:
                outcomes.append((waiting, lane_error or draining()))
            else:
                outcomes.extend(self._post([waiting]))
        return outcomes

    def _must_stop(self, error: Exception, appends: int) -> bool:
        """Whether the state may differ from the log: something was stored, or reads otherwise."""
        return self._book.stats.appends != appends or isinstance(error, StoreCorrupt)

    def _stop(self, error: Exception) -> None:
        # State that may be wrong decides nothing more; a restart reads it from the log anew.
        log.critical("decisions stopped", problem=repr(error), exc_info=error)
        self._failure = error
        self._loop.call_soon_threadsafe(self.failed.set_result, error)

    @staticmethod
    def _failed(waiting: _Waiting, error: Exception) -> _Outcome:
        if waiting.lane is not None:
            # What comes behind it in the stream must not overtake it.
            waiting.lane.broken = waiting.lane.broken or error
        return waiting, error

    def _measure(self, group: list[_Waiting], results: list[CallResult], seconds: float) -> None:
        self._commits_since_snapshot += 1
        metrics, stats = self._metrics, self._book.stats
        metrics.commit_seconds.observe(seconds)
        metrics.append_seconds.observe(stats.append_nanos / 1e9)
        metrics.commit_events.observe(sum(waiting.count for waiting in group))
        metrics.count_results(results)

    def _settle(self, outcomes: list[_Outcome]) -> None:
        for waiting, outcome in outcomes:
            if waiting.answer.done():
                continue  # its caller is gone; what was posted is found again by its identity
            if isinstance(outcome, Exception):
                waiting.answer.set_exception(outcome)
            else:
                waiting.answer.set_result(outcome)
        self._announce()

    def _announce(self) -> None:
        if self._progress is not None:
            self._progress.set_result(None)
            self._progress = None

    # ------------------------------------------------------------ between commits

    def _quiet_seconds(self) -> float:
        due = self._book.next_due_us()
        if due is None:
            return _IDLE_SECONDS
        seconds = max((due - self._clock()) / 1e6, self._tick_not_before - time.monotonic())
        return min(_IDLE_SECONDS, max(0.0, seconds))

    def _tick_if_due(self) -> None:
        due = self._book.next_due_us()
        if due is None or due > self._clock() or time.monotonic() < self._tick_not_before:
            return
        try:
            self._book.tick()
        except StoreError as error:
            self._tick_not_before = time.monotonic() + _TICK_RETRY_SECONDS
            log.error("tick failed", problem=str(error))
            return
        self._commits_since_snapshot += 1
        if self._book.next_due_us() == due:
            # Nothing became of it, so that the next one is not made at once.
            self._tick_not_before = time.monotonic() + _TICK_RETRY_SECONDS
            log.error("a tick left undone what was due", due_us=due)
        self._loop.call_soon_threadsafe(self._announce)

    def _snapshot_if_due(self) -> None:
        commits = self._commits_since_snapshot
        is_quiet = not self._queue.calls
        if commits >= (SNAPSHOT_EVERY_COMMITS if is_quiet else SNAPSHOT_AT_LATEST_COMMITS):
            self._snapshot()

    def _snapshot(self) -> None:
        started = time.perf_counter()
        self._commits_since_snapshot = 0
        try:
            self._book.snapshot()
        except StoreError as error:
            # A snapshot saves time at the next start and nothing else.
            log.error("snapshot failed", problem=str(error))
            return
        log.info("snapshot", seq=self._book.seq, seconds=round(time.perf_counter() - started, 3))
