"""The decision thread: order, grouping, isolation of faults, bounds, ticks, snapshots."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

from engine.calls import Call
from engine.errors import InvariantBroken, MalformedInput, StoreCorrupt
from server import committer as committer_module
from server.committer import Committer, CommitterLimits, Lane
from server.metrics import ServiceMetrics
from server.status import CallRefused, stream_fenced
from tests.server.fake_book import FakeBook, fail_once, store_down
from tests.server.wire import sale

Work = Callable[[Committer, FakeBook], Coroutine[Any, Any, None]]


def with_committer(work: Work, *, limits: CommitterLimits | None = None) -> FakeBook:
    book = FakeBook()

    async def run() -> None:
        committer = Committer(book, ServiceMetrics(), limits=limits)
        async with asyncio.timeout(20):
            await work(committer, book)
            await committer.close()

    asyncio.run(run())
    return book


def call(*ids: str) -> Call:
    return Call(events=tuple(sale(event_id) for event_id in ids))


def enqueue(committer: Committer, *calls: Call, **settings: Any) -> list[asyncio.Future[Any]]:
    return [committer.enqueue(c, count=len(c.events), size=100, **settings) for c in calls]


def test_waiting_calls_become_one_commit_in_their_order() -> None:
    async def work(committer: Committer, book: FakeBook) -> None:
        answers = enqueue(committer, *[call(str(n)) for n in range(50)])
        committer.start()
        results = await asyncio.gather(*answers)
        assert [r.results[0].event_id for r in results] == [str(n) for n in range(50)]
        assert [r.results[0].vouchers[0][-2:] for r in results][:2] == ["/1", "/2"]

    assert with_committer(work).group_sizes == [50]


def test_few_events_come_before_many_every_other_time() -> None:
    posted: list[list[str]] = []

    async def work(committer: Committer, book: FakeBook) -> None:
        book.before_post = lambda calls: posted.append([c.events[0]["id"] for c in calls])
        many = [call(*[f"{name}{n}" for n in range(120)]) for name in ("x", "y")]
        answers = enqueue(committer, *many, lane=Lane())
        answers += enqueue(committer, call("few"), call("fewer"))
        committer.start()
        await asyncio.gather(*answers)

    with_committer(work, limits=CommitterLimits(commit_events=100))
    assert posted == [["few", "fewer"], ["x0"], ["y0"]]


def test_many_are_not_put_off_for_long() -> None:
    posted: list[str] = []

    async def work(committer: Committer, book: FakeBook) -> None:
        def before_post(calls: Sequence[Call]) -> None:
            posted.extend(str(c.events[0]["id"]) for c in calls)
            if len(posted) < 6:  # somebody asks for one more whenever one was answered
                asyncio.run_coroutine_threadsafe(one_more(committer), loop).result(5)

        loop = asyncio.get_running_loop()
        book.before_post = before_post
        answers = enqueue(committer, call(*[f"many{n}" for n in range(200)]), lane=Lane())
        answers += enqueue(committer, call("few0"))
        committer.start()
        await asyncio.gather(*answers)

    async def one_more(committer: Committer) -> None:
        enqueue(committer, call(f"few{len(posted)}"))

    with_committer(work)
    assert posted.index("many0") == 1


def test_commits_are_short_while_somebody_waits_for_a_few_events() -> None:
    async def work(committer: Committer, book: FakeBook) -> None:
        many = [call(*[f"{name}{n}" for n in range(60)]) for name in "uvwx"]
        answers = enqueue(committer, *many, lane=Lane())
        answers += enqueue(committer, *(call("few"),) * with_few)
        committer.start()
        await asyncio.gather(*answers)

    limits = CommitterLimits(shared_events=100)
    with_few = 0
    assert with_committer(work, limits=limits).group_sizes == [4]
    with_few = 1
    assert with_committer(work, limits=limits).group_sizes == [1, 2, 2]


def test_commits_stay_within_their_bounds() -> None:
    async def work(committer: Committer, book: FakeBook) -> None:
        answers = enqueue(committer, call("a", "b"), call("c", "d"), call("e"), call("f"))
        committer.start()
        await asyncio.gather(*answers)

    limits = CommitterLimits(commit_events=3, commit_calls=9)
    assert with_committer(work, limits=limits).group_sizes == [2, 2]
    limits = CommitterLimits(commit_events=99, commit_calls=3)
    assert with_committer(work, limits=limits).group_sizes == [3, 1]


def test_publication_shares_its_commit_with_no_other_call() -> None:
    async def work(committer: Committer, book: FakeBook) -> None:
        answers = enqueue(committer, call("a"), call("b"))
        answers += enqueue(committer, call("c"), is_alone=True)
        answers += enqueue(committer, call("d"), call("e"))
        committer.start()
        await asyncio.gather(*answers)

    assert with_committer(work).group_sizes == [2, 1, 2]


def poisoned(calls: Sequence[Call]) -> None:
    if any(event["id"] == "bad" for each in calls for event in each.events):
        raise MalformedInput("ARROW", "the columns cannot be read")


@pytest.mark.parametrize("error", [None, KeyError("our own mistake")])
def test_call_at_fault_fails_alone(error: Exception | None) -> None:
    async def work(committer: Committer, book: FakeBook) -> None:
        def before_post(calls: Sequence[Call]) -> None:
            try:
                poisoned(calls)
            except MalformedInput:
                if error is not None:
                    raise error from None
                raise

        book.before_post = before_post
        answers = enqueue(committer, call("a"), call("bad"), call("b"))
        committer.start()
        first, second, third = await asyncio.gather(*answers, return_exceptions=True)
        assert first.results[0].event_id == "a"
        assert isinstance(second, type(error) if error is not None else MalformedInput)
        assert third.results[0].event_id == "b"

    with_committer(work)


def test_what_follows_a_failed_call_in_its_lane_is_not_posted() -> None:
    async def work(committer: Committer, book: FakeBook) -> None:
        book.before_post = poisoned
        lane = Lane()
        answers = enqueue(committer, call("a"), call("bad"), call("b"), lane=lane)
        answers += enqueue(committer, call("other"))
        committer.start()
        first, second, third, other = await asyncio.gather(*answers, return_exceptions=True)
        assert first.results[0].event_id == "a"
        assert isinstance(second, MalformedInput)
        assert third is second
        assert other.results[0].event_id == "other"
        assert [voucher.event_id for voucher in book.vouchers(limit=9)[0]] == ["a", "other"]

    with_committer(work)


def test_broken_lane_is_not_posted() -> None:
    async def work(committer: Committer, book: FakeBook) -> None:
        lane = Lane()
        (answer,) = enqueue(committer, call("a"), lane=lane)
        lane.broken = stream_fenced("s")
        committer.start()
        with pytest.raises(CallRefused, match="newer connection"):
            await answer

    assert with_committer(work).group_sizes == []


def test_call_whose_caller_left_is_not_posted() -> None:
    async def work(committer: Committer, book: FakeBook) -> None:
        gone, here = enqueue(committer, call("a"), call("b"))
        gone.cancel()
        committer.start()
        await here
        assert [voucher.event_id for voucher in book.vouchers(limit=9)[0]] == ["b"]

    with_committer(work)


def test_store_failure_fails_its_commit_and_not_the_next() -> None:
    async def work(committer: Committer, book: FakeBook) -> None:
        book.before_post = fail_once(store_down())
        answers = enqueue(committer, call("a"), call("b"))
        committer.start()
        failures = await asyncio.gather(*answers, return_exceptions=True)
        assert {type(failure).__name__ for failure in failures} == {"StoreUnavailable"}
        (answer,) = enqueue(committer, call("a"))
        assert (await answer).results[0].status.name == "POSTED"

    with_committer(work)


def test_failure_after_the_append_stops_all_decisions() -> None:
    async def work(committer: Committer, book: FakeBook) -> None:
        def before_post(calls: Sequence[Call]) -> None:
            book.stats.appends += 1
            raise InvariantBroken("apply went wrong")

        book.before_post = before_post
        answers = enqueue(committer, call("a"), call("b"))
        committer.start()
        failures = await asyncio.gather(*answers, return_exceptions=True)
        assert {type(failure) for failure in failures} == {InvariantBroken}
        assert isinstance(await committer.failed, InvariantBroken)
        with pytest.raises(CallRefused, match="stopping"):
            enqueue(committer, call("c"))

    assert with_committer(work).snapshots == 0


def test_log_that_does_not_verify_stops_all_decisions() -> None:
    async def work(committer: Committer, book: FakeBook) -> None:
        book.before_post = fail_once(StoreCorrupt("chain"))
        (answer,) = enqueue(committer, call("a"))
        committer.start()
        with pytest.raises(StoreCorrupt):
            await answer
        assert committer.failed.done()

    with_committer(work)


def test_queue_is_bounded_in_calls_and_bytes() -> None:
    async def work(committer: Committer, book: FakeBook) -> None:
        enqueue(committer, call("a"), call("b"))
        assert committer.is_full
        with pytest.raises(CallRefused) as caught:
            enqueue(committer, call("c"))
        assert caught.value.reason == "OVERLOADED"
        assert caught.value.retry_after_seconds
        waiting = asyncio.ensure_future(committer.room())
        await asyncio.sleep(0)
        assert not waiting.done()
        committer.start()
        await waiting
        enqueue(committer, call("c"))

    with_committer(work, limits=CommitterLimits(queued_calls=2))
    with_committer(work, limits=CommitterLimits(queued_bytes=200))


def test_close_posts_what_waits_and_writes_the_state_down() -> None:
    book = FakeBook()

    async def run() -> None:
        committer = Committer(book, ServiceMetrics())
        committer.start()
        answers = enqueue(committer, *[call(str(n)) for n in range(20)])
        await committer.close()
        assert all(result.results for result in await asyncio.gather(*answers))
        with pytest.raises(CallRefused, match="stopping"):
            enqueue(committer, call("late"))

    asyncio.run(run())
    assert len(book.vouchers(limit=99)[0]) == 20
    assert book.snapshots == 1


def test_tick_is_made_when_it_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committer_module, "_IDLE_SECONDS", 0.01)
    book = FakeBook()
    book.due_us = 1_000
    now = [500]

    async def run() -> None:
        committer = Committer(book, ServiceMetrics(), clock=lambda: now[0])
        committer.start()
        await asyncio.sleep(0.05)
        assert book.ticks == 0
        now[0] = 1_000
        async with asyncio.timeout(10):
            while not book.ticks:
                await asyncio.sleep(0.01)
        await committer.close()

    asyncio.run(run())
    assert book.ticks == 1


def test_tick_that_fails_does_not_end_the_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committer_module, "_IDLE_SECONDS", 0.01)
    book = FakeBook()
    book.due_us = 0

    def tick() -> None:
        raise store_down()

    monkeypatch.setattr(book, "tick", tick)

    async def run() -> None:
        committer = Committer(book, ServiceMetrics())
        committer.start()
        (answer,) = enqueue(committer, call("a"))
        assert (await answer).results
        await committer.close()

    asyncio.run(run())


def test_tick_that_is_made_tells_those_who_wait() -> None:
    book = FakeBook()
    book.due_us = 1_000

    async def run() -> None:
        committer = Committer(book, ServiceMetrics(), clock=lambda: 1_000)
        waiting = asyncio.ensure_future(committer.progress())
        await asyncio.sleep(0)
        committer.start()
        async with asyncio.timeout(10):
            await waiting
        await committer.close()

    asyncio.run(run())
    assert book.ticks == 1


def test_tick_that_changes_nothing_or_fails_is_not_repeated_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for outcome in (None, store_down()):
        book = FakeBook()
        book.due_us = 0
        calls: list[int] = []

        def tick(calls: list[int] = calls, outcome: Exception | None = outcome) -> None:
            calls.append(1)
            if outcome is not None:
                raise outcome

        monkeypatch.setattr(book, "tick", tick)

        async def run(book: FakeBook = book) -> None:
            committer = Committer(book, ServiceMetrics())
            committer.start()
            for number in range(5):
                (answer,) = enqueue(committer, call(str(number)))
                await answer
            await committer.close()

        asyncio.run(run())
        assert len(calls) == 1


def test_state_is_written_down_every_so_many_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committer_module, "SNAPSHOT_EVERY_COMMITS", 3)
    monkeypatch.setattr(committer_module, "SNAPSHOT_AT_LATEST_COMMITS", 3)

    async def work(committer: Committer, book: FakeBook) -> None:
        committer.start()
        for number in range(7):
            (answer,) = enqueue(committer, call(str(number)))
            await answer

    assert with_committer(work).snapshots == 3  # after 3, after 6, at the end
