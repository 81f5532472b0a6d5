"""StreamEvents over gRPC: offsets, resuming, gaps, fencing, windows, slow readers, draining."""

from __future__ import annotations

import queue
import resource
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from engine.errors import MalformedInput
from server.limits import STREAM_WINDOW_DEFAULT
from server.principals import add_token, revoke_token
from tests.server.conftest import PATIENCE, RunningServer, Serve
from tests.server.fake_book import FakeBook
from tests.server.wire import (
    info_of,
    json_batch,
    numbered,
    opening,
    reason_of,
    sale,
    statuses,
)
from tongpin.v1 import event_pb2
from tongpin.v1 import posting_service_pb2 as pb


class Stream:
    """A stream that a test writes and reads step by step."""

    def __init__(self, server: RunningServer, stream_id: str = "s", **settings: Any) -> None:
        self._outbox: queue.SimpleQueue[pb.StreamEventsRequest | None] = queue.SimpleQueue()
        self.call = server.posting().StreamEvents(iter(self._outbox.get, None), timeout=PATIENCE)
        if stream_id:
            self.send(opening(stream_id, **settings))
            self.opened = self.read()

    def send(self, request: pb.StreamEventsRequest) -> None:
        self._outbox.put(request)

    def read(self) -> pb.StreamEventsResponse:
        return next(self.call)

    def close(self) -> list[pb.StreamEventsResponse]:
        """Half-closes and gives the answers that were still to come."""
        self._outbox.put(None)
        return list(self.call)

    def failure(self) -> grpc.RpcError:
        with pytest.raises(grpc.RpcError) as caught:
            list(self.call)
        self._outbox.put(None)
        return caught.value


def test_batches_are_answered_in_order_with_their_offsets(server: RunningServer) -> None:
    stream = Stream(server)
    assert (stream.opened.offset, stream.opened.durable_offset) == (0, 0)
    for offset in (1, 2, 3):
        stream.send(numbered(offset, sale(f"{offset}a"), sale(f"{offset}b")))
    answers = stream.close()
    assert [answer.offset for answer in answers] == [1, 2, 3]
    assert [answer.durable_offset for answer in answers] == [1, 2, 3]
    assert [statuses(answer.results) for answer in answers] == [["POSTED", "POSTED"]] * 3
    assert dict(answers[0].status_counts) == {event_pb2.EVENT_STATUS_POSTED: 2}


def test_opening_request_may_carry_the_first_batch(server: RunningServer) -> None:
    stream = Stream(server, offset=1, batch=json_batch(sale("1")))
    assert stream.opened.offset == 0
    (answer,) = stream.close()
    assert (answer.offset, statuses(answer.results)) == (1, ["POSTED"])


def test_reopened_stream_goes_on_after_what_is_durable(server: RunningServer) -> None:
    first = Stream(server)
    first.send(numbered(1, sale("1")))
    first.send(numbered(2, sale("2")))
    first.close()
    again = Stream(server)
    assert again.opened.durable_offset == 2
    again.send(numbered(3, sale("3")))
    assert [answer.offset for answer in again.close()] == [3]


def test_repeated_offset_repeats_its_answer_whatever_it_holds(server: RunningServer) -> None:
    first = Stream(server)
    first.send(numbered(1, sale("1")))
    (answer,) = first.close()
    again = Stream(server)
    again.send(numbered(1, sale("something else")))
    again.send(numbered(2, sale("2")))
    repeated, fresh = again.close()
    assert (repeated.replayed, fresh.replayed) == (True, False)
    assert repeated.offset == 1
    assert repeated.durable_offset == 1
    assert repeated.results[0].vouchers == answer.results[0].vouchers
    assert repeated.results[0].replayed
    assert fresh.offset == 2


def test_offset_repeated_in_one_connection_is_answered_twice(server: RunningServer) -> None:
    stream = Stream(server)
    stream.send(numbered(1, sale("1")))
    stream.send(numbered(1, sale("1")))
    first, second = stream.close()
    assert (first.replayed, second.replayed) == (False, True)
    assert len(server.book.vouchers(limit=9)[0]) == 1


def test_gap_is_refused_with_the_offset_expected(server: RunningServer) -> None:
    stream = Stream(server)
    stream.send(numbered(1, sale("1")))
    stream.send(numbered(3, sale("3")))
    assert stream.read().offset == 1  # what came before the gap is still answered
    error = stream.failure()
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert info_of(error).reason == "OFFSET_GAP"
    assert dict(info_of(error).metadata) == {"expected_offset": "2", "offset": "3"}


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (opening(""), "stream_id"),
        (opening("a\nb"), "stream_id"),
        (opening("x" * 129), "stream_id"),
        (opening("s", window=65), "window"),
        (opening("s", window=-1), "window"),
        (opening("s", offset=-1, batch=json_batch(sale("1"))), "offset"),
        (opening("s", batch=json_batch(sale("1"))), "offset"),
        (opening("s", offset=1), "batch"),
        (opening("s", offset=1, batch=event_pb2.EventBatch(json=b"[")), "batch.json"),
    ],
)
def test_bad_opening_names_its_field(
    server: RunningServer, request_: pb.StreamEventsRequest, field: str
) -> None:
    stream = Stream(server, "")
    stream.send(request_)
    error = stream.failure()
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert info_of(error).metadata["field"] == field


def test_stream_cannot_change_its_name(server: RunningServer) -> None:
    stream = Stream(server)
    stream.send(opening("other", offset=1, batch=json_batch(sale("1"))))
    assert info_of(stream.failure()).metadata["field"] == "stream_id"


def test_stream_closed_before_it_was_opened_is_refused(server: RunningServer) -> None:
    stream = Stream(server, "")
    with pytest.raises(grpc.RpcError) as caught:
        stream.close()
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_newer_connection_fences_the_older(server: RunningServer) -> None:
    older = Stream(server)
    older.send(numbered(1, sale("1")))
    older.read()
    newer = Stream(server)
    assert newer.opened.durable_offset == 1
    error = older.failure()
    assert error.code() is grpc.StatusCode.ABORTED
    assert reason_of(error) == "STREAM_FENCED"
    newer.send(numbered(2, sale("2")))
    assert [answer.offset for answer in newer.close()] == [2]


def test_what_an_older_connection_has_under_way_is_settled_before_the_new_one_starts(
    serve: Serve,
) -> None:
    book = FakeBook()
    deciding, release = threading.Event(), threading.Event()

    def before_post(calls: Any) -> None:
        deciding.set()
        release.wait(PATIENCE)

    book.before_post = before_post
    server = serve(book)
    older = Stream(server)
    for offset in (1, 2, 3):
        older.send(numbered(offset, sale(str(offset))))
    deciding.wait(PATIENCE)
    newer = Stream(server, "")
    newer.send(opening("s"))
    time.sleep(0.1)
    release.set()
    durable = newer.read().durable_offset
    posted = [voucher.event_id for voucher in book.vouchers(limit=9)[0]]
    # Whatever was in the commit under way counts; what waited behind it is not posted any more.
    assert posted == [str(n) for n in range(1, durable + 1)]
    assert reason_of(older.failure()) == "STREAM_FENCED"
    newer.send(numbered(durable + 1, sale("n")))
    assert [answer.offset for answer in newer.close()] == [durable + 1]


def test_streams_of_other_names_do_not_meet(server: RunningServer) -> None:
    first, second = Stream(server, "a"), Stream(server, "b")
    for number, stream in enumerate((first, second)):
        stream.send(numbered(1, sale(str(number))))
    assert [len(stream.close()) for stream in (first, second)] == [1, 1]


def test_summary_tells_counts_and_the_exceptions(server: RunningServer) -> None:
    stream = Stream(server, summary_only=True)
    stream.send(
        numbered(
            1,
            sale("1"),
            {"id": "2", "type": "mystery", "date": "2026-03-01"},
            {"id": "3", "type": "note", "date": "2026-03-01"},
            sale("1"),
        )
    )
    (answer,) = stream.close()
    assert dict(answer.status_counts) == {1: 1, 2: 1, 5: 1, 8: 1}
    assert list(answer.result_positions) == [1, 3]
    assert statuses(answer.results) == ["UNPOSTED", "DUPLICATE"]


def test_batch_the_book_cannot_read_ends_the_stream_and_nothing_overtakes_it(
    serve: Serve,
) -> None:
    book = FakeBook()
    deciding, release = threading.Event(), threading.Event()

    def before_post(calls: Any) -> None:
        deciding.set()
        release.wait(PATIENCE)
        if any(call.offset == 2 for call in calls):
            raise MalformedInput("ARROW", "the columns cannot be read")

    book.before_post = before_post
    server = serve(book)
    stream = Stream(server)
    for offset in (1, 2, 3):
        stream.send(numbered(offset, sale(str(offset))))
    deciding.wait(PATIENCE)
    release.set()
    assert stream.read().offset == 1
    assert stream.failure().code() is grpc.StatusCode.INVALID_ARGUMENT
    assert [voucher.event_id for voucher in book.vouchers(limit=9)[0]] == ["1"]


def test_no_more_than_the_window_is_taken_before_an_answer(serve: Serve) -> None:
    book = FakeBook()
    release = threading.Event()
    seen: list[int] = []

    def before_post(calls: Any) -> None:
        release.wait(PATIENCE)
        seen.extend(call.offset for call in calls)

    book.before_post = before_post
    server = serve(book)
    stream = Stream(server, window=3)
    for offset in range(1, 21):
        stream.send(numbered(offset, sale(str(offset))))
    committer = server.service.committer
    deadline = time.monotonic() + 1
    most = 0
    while time.monotonic() < deadline:
        most = max(most, len(committer._queue.calls))
        time.sleep(0.01)
    # One to three are with the decision thread, and at most three are unanswered in all.
    assert most <= 3
    release.set()
    assert [answer.offset for answer in stream.close()] == list(range(1, 21))
    assert seen == list(range(1, 21))


@pytest.mark.slow
def test_reader_that_does_not_read_stops_its_sender_and_costs_no_memory(serve: Serve) -> None:
    server = serve(FakeBook())
    sent = 0
    closing = threading.Event()
    filler = "x" * 2_000

    def requests() -> Iterator[pb.StreamEventsRequest]:
        nonlocal sent
        yield opening("slow")
        offset = 0
        while not closing.is_set():
            offset += 1
            sent = offset
            yield numbered(offset, *[sale(f"{offset}-{n}", note=filler) for n in range(20)])

    # A receive window that does not grow, so that the sender is stopped after little.
    stub = server.posting(**{"http2.bdp_probe": 0, "http2.lookahead_bytes": 65_536})
    call = stub.StreamEvents(requests(), timeout=PATIENCE)
    next(call)
    settled, last = 0, -1
    deadline = time.monotonic() + 90
    while settled < 10 and time.monotonic() < deadline:  # until nothing moves for a second
        time.sleep(0.1)
        settled = settled + 1 if sent == last else 0
        last = sent
    stalled_at, peak = sent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    time.sleep(1)
    assert sent <= stalled_at + 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 20_000
    # Another client is served all the while.
    other = Stream(server, "other")
    other.send(numbered(1, sale("o")))
    assert len(other.close()) == 1
    closing.set()
    call.cancel()


def test_default_window_is_used_where_none_is_asked_for(server: RunningServer) -> None:
    stream = Stream(server)
    (session,) = server.service.streams._open
    assert session._window._value <= STREAM_WINDOW_DEFAULT
    stream.close()


def test_drained_stream_answers_what_it_took_and_says_why_it_ends(serve: Serve) -> None:
    book = FakeBook()
    deciding, release = threading.Event(), threading.Event()

    def before_post(calls: Any) -> None:
        deciding.set()
        release.wait(PATIENCE)

    book.before_post = before_post
    server = serve(book)
    stream = Stream(server)
    for offset in (1, 2):
        stream.send(numbered(offset, sale(str(offset))))
    deciding.wait(PATIENCE)
    time.sleep(0.05)
    server.loop.call_soon_threadsafe(server.service.streams.drain)
    release.set()
    answered: list[int] = []
    with pytest.raises(grpc.RpcError) as caught:
        answered.extend(answer.offset for answer in stream.call)
    stream._outbox.put(None)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert reason_of(caught.value) == "DRAINING"
    assert answered == list(range(1, len(book.vouchers(limit=9)[0]) + 1))
    late = Stream(server, "")
    late.send(opening("late"))
    assert reason_of(late.failure()) == "DRAINING"


def test_vanished_clients_leave_nothing_open(server: RunningServer) -> None:
    for number in range(20):
        stream = Stream(server, f"s{number}")
        stream.send(numbered(1, sale(str(number))))
        stream.call.cancel()
        stream._outbox.put(None)
    deadline = time.monotonic() + PATIENCE
    while server.service.streams._open and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not server.service.streams._open
    assert not server.service.streams._newest


def test_number_of_open_streams_is_bounded(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.stream_session.MAX_OPEN_STREAMS", 1)
    first = Stream(server, "a")
    second = Stream(server, "")
    second.send(opening("b"))
    assert reason_of(second.failure()) == "OVERLOADED"
    first.close()


def test_stream_ends_soon_after_its_token_was_revoked(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.stream_session.STREAM_PRINCIPAL_CHECK_SECONDS", 0)
    monkeypatch.setattr("server.principals.TOKEN_FILE_CHECK_SECONDS", 0)
    path = tmp_path / "tokens.jsonl"
    token = add_token(path, "crm", ["poster"])
    server = serve(token_file=path)
    outbox: queue.SimpleQueue[pb.StreamEventsRequest | None] = queue.SimpleQueue()
    call = server.posting().StreamEvents(
        iter(outbox.get, None), metadata=(("authorization", f"Bearer {token}"),), timeout=PATIENCE
    )
    outbox.put(opening("s"))
    outbox.put(numbered(1, sale("1")))
    assert [next(call).offset for _ in range(2)] == [0, 1]
    revoke_token(path, "crm")
    outbox.put(numbered(2, sale("2")))
    with pytest.raises(grpc.RpcError) as caught:
        next(call)
    outbox.put(None)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert len(server.book.vouchers(limit=9)[0]) == 1
