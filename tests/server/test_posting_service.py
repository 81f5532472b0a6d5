"""PostEvents and the reads of PostingService, over gRPC."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from server.committer import CommitterLimits
from server.limits import MAX_BATCH_ROWS, MAX_SEQ_WAIT_SECONDS
from tests.server.conftest import RunningServer, Serve
from tests.server.fake_book import NOTE, REFUSED, FakeBook, store_down
from tests.server.wire import info_of, json_batch, post, reason_of, sale, statuses
from tongpin.v1 import event_pb2
from tongpin.v1 import posting_service_pb2 as pb


def test_results_are_dense_and_in_request_order(server: RunningServer) -> None:
    response = server.posting().PostEvents(
        post(
            sale("1"),
            {"id": "2", "type": NOTE, "date": "2026-03-01"},
            {"id": "3", "type": REFUSED, "date": "2026-03-01"},
            {"id": "4", "type": "mystery", "date": "2026-03-01"},
            {"id": "5", "type": "sale"},
            sale("1"),
            sale("1", "11.00"),
        )
    )
    assert statuses(response.results) == [
        "POSTED", "NO_POSTING", "REJECTED_RULE", "UNPOSTED", "INVALID", "DUPLICATE", "CONFLICT",
    ]  # fmt: skip
    assert response.results[0].vouchers == ["C01/GL/2026-03/记/1"]
    assert response.results[3].reason == "UNKNOWN_TYPE"
    assert response.results[5].first_status == event_pb2.EVENT_STATUS_POSTED
    assert response.results[6].conflicting_fields == ["x"]
    assert response.seq == 1


def test_attempt_repeats_its_answer(server: RunningServer) -> None:
    stub = server.posting()
    first = stub.PostEvents(post(sale("1"), attempt_id="a"))
    again = stub.PostEvents(post(sale("1"), attempt_id="a"))
    assert [result.replayed for result in again.results] == [True]
    assert again.results[0].vouchers == first.results[0].vouchers
    assert statuses(again.results) == ["POSTED"]


def test_dry_run_shows_drafts_and_stores_nothing(server: RunningServer) -> None:
    stub = server.posting()
    response = stub.PostEvents(post(sale("1"), mode=pb.POSTING_MODE_DRY_RUN))
    (draft,) = response.results[0].draft_vouchers
    assert (draft.name, draft.number, len(draft.lines)) == ("", 0, 2)
    assert (draft.lines[0].debit.minor_units, draft.lines[0].debit.scale) == (1000, 2)
    assert not draft.lines[0].HasField("credit")
    assert server.book.seq == 0


def test_stop_leaves_the_rest_not_attempted(server: RunningServer) -> None:
    request = post(
        {"id": "1", "type": REFUSED, "date": "2026-03-01"}, sale("2"), on_error=pb.ON_ERROR_STOP
    )
    response = server.posting().PostEvents(request)
    assert statuses(response.results) == ["REJECTED_RULE", "NOT_ATTEMPTED"]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.PostEventsRequest(), "batch"),
        (pb.PostEventsRequest(batch=json_batch()), "batch.json"),
        (pb.PostEventsRequest(batch=event_pb2.EventBatch(json=b"{")), "batch.json"),
        (pb.PostEventsRequest(batch=event_pb2.EventBatch(json=b"[1]")), "batch.json"),
        (pb.PostEventsRequest(batch=event_pb2.EventBatch(arrow_ipc=b"x")), "batch.arrow_ipc"),
        (
            pb.PostEventsRequest(batch=event_pb2.EventBatch(rows=event_pb2.EventRows())),
            "batch.rows",
        ),
        (post(sale("1"), attempt_id="x" * 65), "attempt_id"),
        (post(sale("1"), attempt_id="a\nb"), "attempt_id"),
        (post(sale("1"), attempt_id="00000000-0000-0000-0000-000000000000"), "attempt_id"),
        (post(sale("1"), revision="ab"), "revision"),
        (post(sale("1"), mode=99), "mode"),
        (post(sale("1"), on_error=99), "on_error"),
        (post(*[sale(str(n)) for n in range(MAX_BATCH_ROWS + 1)]), "batch.json"),
    ],
)
def test_requests_that_cannot_be_read_name_their_field(
    server: RunningServer, request_: pb.PostEventsRequest, field: str
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        server.posting().PostEvents(request_)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason_of(caught.value) in {"MALFORMED_REQUEST", "LIMIT_EXCEEDED"}
    assert info_of(caught.value).metadata["field"] == field
    assert server.book.seq == 0


def test_calls_at_the_same_time_are_committed_together(serve: Serve) -> None:
    book = FakeBook()
    first_is_deciding, others_wait = threading.Event(), threading.Event()

    def before_post(calls: object) -> None:
        if not first_is_deciding.is_set():
            first_is_deciding.set()
            others_wait.wait(10)

    book.before_post = before_post
    server = serve(book)
    stub = server.posting()
    with ThreadPoolExecutor(40) as pool:
        answers = [pool.submit(stub.PostEvents, post(sale("0")))]
        first_is_deciding.wait(10)
        answers += [pool.submit(stub.PostEvents, post(sale(str(n)))) for n in range(1, 31)]
        deadline = time.monotonic() + 10
        while len(server.service.committer._queue.calls) < 30 and time.monotonic() < deadline:
            time.sleep(0.01)
        others_wait.set()
        numbers = {answer.result().results[0].vouchers[0] for answer in answers}
    assert book.group_sizes == [1, 30]
    assert len(numbers) == 31
    assert book.post_threads == {"decision"}


def test_full_queue_refuses_and_says_when_to_come_back(serve: Serve) -> None:
    book = FakeBook()
    release = threading.Event()
    book.before_post = lambda calls: release.wait(10) and None
    server = serve(book, CommitterLimits(queued_calls=2))
    stub = server.posting()
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(stub.PostEvents, post(sale(str(n)))) for n in range(8)]
        codes = set()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and sum(a.done() for a in answers) < 5:
            time.sleep(0.01)
        refused = [a.exception() for a in answers if a.done()]
        release.set()
        codes = {error.code() for error in refused}
        (reason,) = {reason_of(error) for error in refused}
        posted = [a for a in answers if a.exception() is None]
    assert len(refused) == 5
    assert codes == {grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert reason == "OVERLOADED"
    assert len(posted) == 3
    assert len(book.vouchers(limit=100)[0]) == 3


def test_store_that_is_away_is_unavailable_and_says_nothing_of_itself(serve: Serve) -> None:
    book = FakeBook()
    server = serve(book)

    def before_post(calls: object) -> None:
        raise store_down()

    book.before_post = before_post
    with pytest.raises(grpc.RpcError) as caught:
        server.posting().PostEvents(post(sale("1")))
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert reason_of(caught.value) == "STORE_UNAVAILABLE"
    assert "internal" not in caught.value.details()


def test_reads_convert_what_the_book_holds(server: RunningServer) -> None:
    stub = server.posting()
    stub.PostEvents(post(sale("1"), sale("2"), sale("3")))
    name = "C01/GL/2026-03/记/2"
    voucher = stub.GetVoucher(pb.GetVoucherRequest(name=name)).voucher
    assert (voucher.name, voucher.event_id, voucher.lines[0].dimensions["customer"]) == (
        name, "2", "K1",
    )  # fmt: skip
    event = stub.GetEvent(pb.GetEventRequest(event_id="2")).event
    assert (event.source, event.status, list(event.vouchers)) == ("default", 1, [name])
    assert event.principal.startswith("os:")
    assert event.seal_time.endswith("Z")


def test_lists_are_paged_to_their_end(server: RunningServer) -> None:
    stub = server.posting()
    stub.PostEvents(post(*[sale(str(n)) for n in range(7)]))
    token, pages = "", []
    while True:
        page = stub.ListVouchers(pb.ListVouchersRequest(page_size=3, page_token=token))
        pages.append([voucher.number for voucher in page.vouchers])
        token = page.next_page_token
        if not token:
            break
    assert pages == [[1, 2, 3], [4, 5, 6], [7]]


@pytest.mark.parametrize("token", ["x", "eHh4eA", "!", "a" * 5000])
def test_page_tokens_of_others_are_refused(server: RunningServer, token: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        server.posting().ListVouchers(pb.ListVouchersRequest(page_token=token))
    assert info_of(caught.value).metadata["field"] == "page_token"


def test_page_token_is_good_for_its_own_filters_only(server: RunningServer) -> None:
    stub = server.posting()
    stub.PostEvents(post(*[sale(str(n)) for n in range(3)]))
    token = stub.ListVouchers(pb.ListVouchersRequest(page_size=1)).next_page_token
    with pytest.raises(grpc.RpcError) as caught:
        stub.ListVouchers(pb.ListVouchersRequest(period="2026-03", page_token=token))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("page_size", [-1, 1001])
def test_page_size_is_bounded(server: RunningServer, page_size: int) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        server.posting().ListUnposted(pb.ListUnpostedRequest(page_size=page_size))
    assert reason_of(caught.value) == "LIMIT_EXCEEDED"


def test_unknown_objects_are_not_found(server: RunningServer) -> None:
    stub = server.posting()
    for call in (
        lambda: stub.GetVoucher(pb.GetVoucherRequest(name="C01/GL/2026-03/记/9")),
        lambda: stub.GetEvent(pb.GetEventRequest(source="crm", event_id="9")),
        lambda: stub.WithdrawEvent(
            pb.WithdrawEventRequest(event=pb.EventName(event_id="9"), comment="twice")
        ),
    ):
        with pytest.raises(grpc.RpcError) as caught:
            call()
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND
        assert reason_of(caught.value) == "NOT_FOUND"


def test_unposted_events_are_listed_retried_and_withdrawn(server: RunningServer) -> None:
    stub = server.posting()
    lost = [{"id": str(n), "type": "mystery", "date": "2026-03-01"} for n in range(3)]
    stub.PostEvents(post(*lost))
    listed = stub.ListUnposted(pb.ListUnpostedRequest(reason="UNKNOWN_TYPE", page_size=2))
    assert (listed.total_count, len(listed.events), bool(listed.next_page_token)) == (3, 2, True)
    server.book.known_types.add("mystery")
    names = [pb.EventName(event_id="0")]
    retried = stub.RetryUnposted(pb.RetryUnpostedRequest(attempt_id="r", events=names))
    assert statuses(retried.results) == ["NO_POSTING"]
    again = stub.RetryUnposted(pb.RetryUnpostedRequest(attempt_id="r", events=names))
    assert [result.replayed for result in again.results] == [True]
    withdrawn = stub.WithdrawEvent(
        pb.WithdrawEventRequest(event=pb.EventName(event_id="1"), comment="sent by mistake")
    )
    assert statuses([withdrawn.result]) == ["WITHDRAWN"]
    rest = stub.RetryUnposted(pb.RetryUnpostedRequest())
    assert [result.event_id for result in rest.results] == ["2"]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.WithdrawEventRequest(event=pb.EventName(event_id="1")), "comment"),
        (pb.WithdrawEventRequest(comment="x"), "event.event_id"),
        (
            pb.WithdrawEventRequest(event=pb.EventName(event_id="1"), comment="x" * 2001),
            "comment",
        ),
    ],
)
def test_withdrawal_needs_a_name_and_a_reason(
    server: RunningServer, request_: pb.WithdrawEventRequest, field: str
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        server.posting().WithdrawEvent(request_)
    assert info_of(caught.value).metadata["field"] == field


def test_read_waits_for_the_position_it_asks_for(server: RunningServer) -> None:
    stub = server.posting()
    stub.PostEvents(post(sale("1")))
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(stub.GetEvent, pb.GetEventRequest(event_id="1", min_seq=2))
        stub.PostEvents(post(sale("2")))
        assert answer.result(MAX_SEQ_WAIT_SECONDS + 5).seq >= 2


def test_read_ahead_of_the_book_is_told_where_it_stands(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.reading.MAX_SEQ_WAIT_SECONDS", 0.05)
    server.posting().PostEvents(post(sale("1")))
    with pytest.raises(grpc.RpcError) as caught:
        server.posting().GetEvent(pb.GetEventRequest(event_id="1", min_seq=9))
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert dict(info_of(caught.value).metadata) == {"seq": "1", "min_seq": "9"}
