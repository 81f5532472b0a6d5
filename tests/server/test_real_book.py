"""The service over the real book: every encoding, every command, and bytes made up at random."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import pyarrow as pa
import pytest

from engine.book import Book
from engine.calls import PERIOD_CLOSED, REVISION_PUBLISHED, Call
from server.rulebooks import compile_files
from tests.server.conftest import RunningServer, Serve
from tests.server.rules import SALES
from tests.server.test_interceptors import mangled, raw_post
from tests.server.wire import (
    arrow_batch,
    arrow_bytes,
    info_of,
    json_batch,
    numbered,
    opening,
    post,
    reason_of,
    row_batch,
    statuses,
)
from tongpin.v1 import event_pb2
from tongpin.v1 import ledger_service_pb2 as ledger_pb
from tongpin.v1 import posting_service_pb2 as pb
from tongpin.v1 import rule_service_pb2 as rule_pb


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    opened = Book.open(f"sqlite:///{tmp_path / 'book.db'}", compiler=compile_files)
    event = {
        "id": "rules", "type": REVISION_PUBLISHED, "date": "2026-01-01", "source": "tongpin",
        "files": [{"path": "a.tp", "content": SALES}],
    }  # fmt: skip
    opened.post([Call(events=(event,))])
    yield opened
    opened.close()


@pytest.fixture
def server(book: Book, serve: Serve) -> RunningServer:
    return serve(book)


def sold(event_id: str, amount: Any = "10.00", **fields: Any) -> dict[str, Any]:
    named = {"id": event_id, "type": "sale", "date": "2026-03-01", "customer": "K1"}
    return {**named, "amount": amount, **fields}


EVENTS = [
    sold("1", "1060.00", source="crm", customer="客户甲"),
    sold("2", "2000000.00", source="crm"),
    {"id": "3", "type": "mystery", "date": "2026-03-05", "source": "crm"},
    {"id": "4", "type": "sale", "date": "not a date", "source": "crm", "amount": "1"},
    {"id": "5", "type": "note", "date": "2026-03-05", "source": "crm"},
    sold("6", "1.005", source="crm"),
    sold("7", "1e3", source="crm"),
    {"id": "8", "type": "sale", "date": "2026-03-05", "source": "crm", "amount": "5.00"},
]
EXPECTED = [
    "POSTED", "REJECTED_RULE", "UNPOSTED", "INVALID", "NO_POSTING", "INVALID", "INVALID", "INVALID",
]  # fmt: skip


def test_encodings_get_equal_results(server: RunningServer) -> None:
    stub = server.posting()
    trials = []
    for make in (row_batch, json_batch, arrow_batch):
        trial = pb.PostEventsRequest(batch=make(*EVENTS), mode=pb.POSTING_MODE_DRY_RUN)
        trials.append(stub.PostEvents(trial).results)
    assert statuses(trials[0]) == EXPECTED
    assert trials[0] == trials[1] == trials[2]
    posted = [
        stub.PostEvents(pb.PostEventsRequest(batch=make(*EVENTS))).results
        for make in (row_batch, json_batch, arrow_batch)
    ]
    assert statuses(posted[0]) == EXPECTED
    again = [
        "DUPLICATE", "REJECTED_RULE", "DUPLICATE", "INVALID", "DUPLICATE", *["INVALID"] * 3,
    ]  # fmt: skip
    assert [statuses(results) for results in posted[1:]] == [again, again]
    for result in [*posted[1], *posted[2]]:
        result.ClearField("seq")  # a refused event is decided anew, in a later commit
    assert posted[1] == posted[2]


def test_numbers_are_refused_as_amounts_in_every_encoding(server: RunningServer) -> None:
    stub = server.posting()
    answers = [
        stub.PostEvents(pb.PostEventsRequest(batch=make(sold("1", amount)))).results[0]
        for make in (row_batch, json_batch)
        for amount in (10.5, 10, 1e300)
    ]
    assert {answer.status for answer in answers} == {event_pb2.EVENT_STATUS_INVALID}
    table = pa.table({name: [value] for name, value in sold("1", 10.5).items()})
    batch = event_pb2.EventBatch(arrow_ipc=arrow_bytes(table))
    (answer,) = stub.PostEvents(pb.PostEventsRequest(batch=batch)).results
    assert answer.status == event_pb2.EVENT_STATUS_INVALID


def test_decimal_columns_are_exact(server: RunningServer) -> None:
    table = pa.table({
        **{name: [value] * 2 for name, value in sold("1").items() if name not in {"id", "amount"}},
        "id": ["1", "2"],
        "amount": pa.array([Decimal("0.10"), Decimal("0.20")], pa.decimal128(38, 2)),
    })  # fmt: skip
    batch = event_pb2.EventBatch(arrow_ipc=arrow_bytes(table))
    answer = server.posting().PostEvents(pb.PostEventsRequest(batch=batch))
    assert statuses(answer.results) == ["POSTED", "POSTED"]
    rows = server.ledger().TrialBalance(ledger_pb.TrialBalanceRequest()).rows
    assert [(row.debit_minor, row.credit_minor) for row in rows] == [(30, 0), (0, 30)]


def test_groups_hold_together_within_a_message(server: RunningServer) -> None:
    answer = server.posting().PostEvents(
        post(sold("1", group_id="g"), sold("2", "9999999.00", group_id="g"), sold("3"))
    )
    first, second, alone = statuses(answer.results)
    assert (first, alone) == ("GROUP_FAILED", "POSTED")
    assert second in {"GROUP_FAILED", "REJECTED_RULE"}
    assert server.book.seq == answer.seq
    assert len(server.book.vouchers(limit=9)[0]) == 1


def test_unposted_events_go_through_retry_and_withdrawal(server: RunningServer) -> None:
    stub, rules = server.posting(), server.rules()
    lost = [
        {"id": str(n), "type": "gift", "date": "2026-03-05", "amount": "5.00"} for n in range(3)
    ]
    assert set(statuses(stub.PostEvents(post(*lost)).results)) == {"UNPOSTED"}
    listed = stub.ListUnposted(pb.ListUnpostedRequest(page_size=2))
    assert (listed.total_count, len(listed.events)) == (3, 2)
    withdraw = pb.WithdrawEventRequest(
        attempt_id="w", event=pb.EventName(event_id="2"), comment="sent by mistake"
    )
    assert statuses([stub.WithdrawEvent(withdraw).result])[0] in {"WITHDRAWN", "NO_POSTING"}
    event = stub.GetEvent(pb.GetEventRequest(event_id="1")).event
    assert statuses([event]) == ["UNPOSTED"]
    gift = SALES.replace("event 备注 is note", "event 赠送 is gift expects none\n"
                         "  价值 is amount amount\n\nevent 备注 is note")  # fmt: skip
    published = rules.PublishRevision(
        rule_pb.PublishRevisionRequest(
            files=[rule_pb.SourceFile(path="a.tp", content=gift.encode())], comment="gifts"
        )
    )
    assert published.ok, published.diagnostics
    retried = stub.RetryUnposted(pb.RetryUnpostedRequest(attempt_id="r"))
    assert statuses(retried.results) == ["NO_POSTING", "NO_POSTING"]
    assert stub.ListUnposted(pb.ListUnpostedRequest()).total_count == 0
    again = stub.RetryUnposted(pb.RetryUnpostedRequest(attempt_id="r"))
    assert all(result.replayed for result in again.results)


def test_revision_takes_effect_from_its_place_on(server: RunningServer) -> None:
    stub, rules = server.posting(), server.rules()
    stub.PostEvents(post(sold("1")))
    changed = SALES.replace("卖给", "售予")
    files = [rule_pb.SourceFile(path="a.tp", content=changed.encode())]
    for _ in range(2):
        answer = rules.PublishRevision(
            rule_pb.PublishRevisionRequest(files=files, attempt_id="p", comment="wording")
        )
        assert answer.ok
    stub.PostEvents(post(sold("2")))
    vouchers = stub.ListVouchers(pb.ListVouchersRequest()).vouchers
    assert [voucher.summary for voucher in vouchers] == ["卖给 K1", "售予 K1"]
    assert vouchers[1].revision == answer.revision
    assert len(rules.ListRevisions(rule_pb.ListRevisionsRequest()).revisions) == 2
    # The old rules can still be tried out by name.
    trial = post(sold("3"), mode=pb.POSTING_MODE_DRY_RUN, revision=vouchers[0].revision[:12])
    (draft,) = stub.PostEvents(trial).results[0].draft_vouchers
    assert draft.summary == "卖给 K1"
    with pytest.raises(grpc.RpcError) as caught:
        stub.PostEvents(post(sold("3"), mode=pb.POSTING_MODE_DRY_RUN, revision="0" * 12))
    assert reason_of(caught.value) == "NOT_FOUND"


def test_closed_period_is_a_command_among_events(server: RunningServer) -> None:
    stub = server.posting()
    closing = {"id": "c", "type": PERIOD_CLOSED, "date": "2026-04-01", "period": "2026-03"}
    answer = stub.PostEvents(post(sold("1"), closing, sold("2")))
    assert statuses(answer.results) == ["POSTED", "NO_POSTING", "UNPOSTED"]
    assert answer.results[2].reason == "PERIOD_CLOSED"


def test_activity_and_vouchers_agree(server: RunningServer) -> None:
    stub = server.posting()
    stub.PostEvents(post(*[sold(str(n), f"{n + 1}.00", customer=f"K{n % 2}") for n in range(6)]))
    request = ledger_pb.AccountActivityRequest(account_code="1122", dimensions={"customer": "K1"})
    entries = server.ledger().AccountActivity(request).entries
    assert [entry.line.debit.minor_units for entry in entries] == [200, 400, 600]
    for entry in entries:
        voucher = stub.GetVoucher(pb.GetVoucherRequest(name=entry.voucher)).voucher
        assert entry.line in voucher.lines


def test_repeated_offsets_get_their_recorded_answers(server: RunningServer) -> None:
    batches = [numbered(1, *EVENTS), numbered(2, *EVENTS)]
    first = list(server.posting().StreamEvents(iter([opening("s"), *batches]), timeout=30))[1:]
    again = list(server.posting().StreamEvents(iter([opening("s"), *batches]), timeout=30))[1:]
    assert [answer.replayed for answer in first + again] == [False, False, True, True]
    for before, after in zip(first, again, strict=True):
        assert statuses(before.results) == statuses(after.results)
        for was, is_now in zip(before.results, after.results, strict=True):
            assert was.seq == is_now.seq
            assert was.status != event_pb2.EVENT_STATUS_POSTED or was.vouchers == is_now.vouchers
        assert before.status_counts == after.status_counts


@pytest.mark.slow
def test_random_bytes_never_reach_an_unforeseen_place(server: RunningServer) -> None:
    chance = random.Random(2_000)
    good = [
        pb.PostEventsRequest(batch=make(*EVENTS[:3], *EVENTS[4:6])).SerializeToString()
        for make in (json_batch, row_batch, arrow_batch)
    ]
    send = raw_post(server)
    codes = {send(mangled(good[number % 3], chance)) for number in range(2_000)}
    assert codes <= {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.OK}


@pytest.mark.slow
def test_random_values_never_reach_an_unforeseen_place(server: RunningServer) -> None:
    chance = random.Random(77)
    odd: list[Any] = [
        None, True, 0, -1, 2**63, -(2**70), 0.5, "", " ", "\u0000", "\ud800", "1e3000000",
        "NaN", "１２", "0" * 5_000, "x" * 300, "2026-02-30", "9999-99-99", [], {}, [[]], {"a": {}},
        "period.closed", "tongpin", ["a", 1], "\u202e", "'; DROP TABLE commit; --", "=1+1",
    ]  # fmt: skip
    keys = ["id", "type", "date", "source", "entity", "posting_date", "group_id", "actor",
            "approved_by", "source_doc", "customer", "amount", "extra", "attempt_id"]  # fmt: skip
    stub = server.posting()
    for _ in range(300):
        events = []
        for number in range(chance.randint(1, 4)):
            event = sold(f"r{chance.randint(0, 50)}-{number}")
            for _ in range(chance.randint(0, 3)):
                event[chance.choice(keys)] = chance.choice(odd)
            events.append(event)
        text = json.dumps(events).encode()
        request = pb.PostEventsRequest(
            batch=event_pb2.EventBatch(json=text), on_error=chance.choice([1, 2])
        )
        failed = stub.PostEvents.future(request, timeout=30).exception()
        if failed is not None:
            assert isinstance(failed, grpc.RpcError)
            assert failed.code() is grpc.StatusCode.INVALID_ARGUMENT, info_of(failed)


@pytest.mark.slow
def test_events_sent_many_times_over_many_connections_are_booked_once(
    server: RunningServer,
) -> None:
    ids = [str(number) for number in range(500)]
    chance = random.Random(6)

    def run(worker: int) -> Counter[str]:
        mine = ids * 2
        random.Random(worker).shuffle(mine)
        counts: Counter[str] = Counter()
        if worker % 2:
            batches = [mine[start : start + 25] for start in range(0, len(mine), 25)]
            requests = [
                numbered(offset, *map(sold, batch)) for offset, batch in enumerate(batches, start=1)
            ]
            first = opening(f"w{worker}")
            for answer in server.posting().StreamEvents(iter([first, *requests]), timeout=60):
                counts.update(statuses(answer.results))
        else:
            stub = server.posting()
            while mine:
                batch = [mine.pop() for _ in range(min(len(mine), chance.randint(1, 40)))]
                counts.update(statuses(stub.PostEvents(post(*map(sold, batch))).results))
        return counts

    with ThreadPoolExecutor(6) as pool:
        total = sum(pool.map(run, range(6)), Counter())
    assert total == {"POSTED": 500, "DUPLICATE": 5_500}
    numbers = [voucher.number for voucher in server.book.vouchers(limit=1_000)[0]]
    assert numbers == list(range(1, 501))


@pytest.mark.slow
def test_calls_given_up_at_any_moment_are_booked_whole_or_not_at_all(
    server: RunningServer,
) -> None:
    chance = random.Random(42)
    stub = server.posting()

    def run(number: int) -> bool:
        call = stub.PostEvents.future(
            post(sold(f"{number}a"), sold(f"{number}b"), attempt_id=f"a{number}"),
            timeout=chance.uniform(0.001, 0.05),
        )
        if number % 3 == 0:
            call.cancel()
        try:
            return call.exception() is None
        except grpc.FutureCancelledError:
            return False

    with ThreadPoolExecutor(16) as pool:
        answered = list(pool.map(run, range(400)))
    assert not all(answered)
    for number in range(400):
        results = stub.PostEvents(
            post(sold(f"{number}a"), sold(f"{number}b"), attempt_id=f"a{number}"), timeout=30
        ).results
        assert statuses(results) == ["POSTED", "POSTED"]
        if answered[number]:
            assert all(result.replayed for result in results)
    numbers = [voucher.number for voucher in server.book.vouchers(limit=1_000)[0]]
    assert numbers == list(range(1, 801))
