"""The client against a served book: posting, retrying, reading, rules, both ways of waiting."""

from __future__ import annotations

import asyncio
import inspect
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pyarrow as pa
import pytest

import tongpin_client
from engine.book import Book
from engine.calls import REVISION_PUBLISHED, Call
from engine.effects import Status as EngineStatus
from server.interceptors import Context
from server.posting_service import PostingService
from server.principals import add_token
from server.rulebooks import compile_files
from server.status import CallRefused
from tests.server import conftest
from tests.server.conftest import RunningServer, Serve
from tests.server.rules import BROKEN, SALES
from tests.server.wire import sale
from tongpin.v1 import event_pb2
from tongpin.v1 import posting_service_pb2 as pb
from tongpin_client import (
    AsyncClient,
    Client,
    OnError,
    PublishOptions,
    RetryPolicy,
    Status,
    TongpinRpcError,
)
from tongpin_client.results import decimal_of

serve, server = conftest.serve, conftest.server  # fixtures of the service's tests

NO_RETRY = RetryPolicy(attempts=1)


def note(event_id: str) -> dict[str, Any]:
    return {"id": event_id, "type": "note", "date": "2026-03-01"}


def published(path: Path) -> Book:
    """A book on disk with the sales rules in force."""
    book = Book.open(f"sqlite:///{path / 'book.db'}", compiler=compile_files)
    event = {
        "id": "rules", "type": REVISION_PUBLISHED, "date": "2026-01-01", "source": "tongpin",
        "files": [{"path": "a.tp", "content": SALES}],
    }  # fmt: skip
    (answer,) = book.post([Call(events=(event,))])
    assert answer.results[0].status.takes_identity, answer.results[0].message
    return book


def sold(event_id: str, amount: str = "10.00") -> dict[str, Any]:
    named = {"id": event_id, "type": "sale", "date": "2026-03-01"}
    return {**named, "customer": "K1", "amount": amount}


# ---------------------------------------------------------------- posting


def test_results_are_typed_and_in_order(server: RunningServer) -> None:
    with Client(server.address) as client:
        answer = client.post([sale("1"), note("2"), sale("1"), {"id": "3", "type": "sale"}])
    first, second, third, fourth = answer
    assert (first.status, first.vouchers) == (Status.POSTED, ("C01/GL/2026-03/记/1",))
    assert second.status is Status.NO_POSTING
    assert (third.status, third.first_status) == (Status.DUPLICATE, Status.POSTED)
    assert (fourth.status, fourth.message) == (Status.INVALID, "date is missing")
    assert answer.failures == (fourth,)
    assert len(answer) == 4
    assert client.seq == answer.seq == 1


def test_one_event_may_stand_alone(server: RunningServer) -> None:
    with Client(server.address) as client:
        (result,) = client.post(sale("1", Decimal("10.50")))  # type: ignore[arg-type]
        assert result.status is Status.POSTED
        (line, _) = client.voucher(result.vouchers[0]).lines
    assert line.debit is not None
    assert (line.debit.minor_units, line.debit.scale) == (1050, 2)
    assert (line.debit.amount, line.debit.currency_code) == (Decimal("10.50"), "CNY")
    assert line.credit is None
    assert line.dimensions == {"customer": "K1"}


def test_many_events_are_sent_in_several_messages(server: RunningServer) -> None:
    with Client(server.address) as client:
        answer = client.post([note(str(number)) for number in range(2_100)], attempt_id="a")
        again = client.post([note(str(number)) for number in range(2_100)], attempt_id="a")
    assert [result.event_id for result in answer] == [str(number) for number in range(2_100)]
    assert all(result.replayed for result in again)
    assert set(server.book._attempts) == {"a", "a-1", "a-2"}


def test_columns_are_posted_like_events(server: RunningServer) -> None:
    columns = {
        "id": np.array(["1", "2"]),
        "type": np.array(["sale", "sale"]),
        "date": np.array(["2026-03-01", "2026-03-02"]),
        "amount": np.array(["10.00", "11.00"]),
    }
    with Client(server.address) as client:
        assert {result.status for result in client.post_columns(columns)} == {Status.POSTED}
        assert {r.status for r in client.post_columns(pa.table(columns))} == {Status.DUPLICATE}


def test_dry_run_and_stop_are_passed_on(server: RunningServer) -> None:
    with Client(server.address) as client:
        (trial,) = client.post(sale("1"), dry_run=True)
        assert (trial.vouchers, len(trial.drafts), trial.drafts[0].number) == ((), 1, 0)
        refused = {"id": "0", "type": "refused", "date": "2026-03-01"}
        stopped = client.post([refused, sale("1")], on_error=OnError.STOP)
    assert [r.status for r in stopped] == [Status.REJECTED_RULE, Status.NOT_ATTEMPTED]


# ---------------------------------------------------------------- errors and retries


def test_refusals_carry_reason_and_metadata(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "tokens.jsonl"
    token = add_token(path, "auditor", ["auditor"])
    server = serve(token_file=path)
    with Client(server.address, token=token, retry=NO_RETRY) as client:
        with pytest.raises(TongpinRpcError) as caught:
            client.post(sale("1"), attempt_id="a")
        error = caught.value
        assert (error.code, error.reason) == (grpc.StatusCode.PERMISSION_DENIED, "ROLE_MISSING")
        assert error.metadata["principal"] == "auditor"
        assert error.attempt_id == "a"
        assert str(error).startswith("ROLE_MISSING: auditor may not call")
        with pytest.raises(TongpinRpcError) as caught:
            client.voucher("C01/GL/2026-03/记/9")
        assert (caught.value.reason, caught.value.metadata["kind"]) == ("NOT_FOUND", "voucher")
    with Client(server.address) as nobody, pytest.raises(TongpinRpcError) as caught:
        nobody.event("default", "1")
    assert caught.value.reason == "NOT_AUTHENTICATED"
    assert token not in repr(client._connection)


def test_server_that_is_away_is_given_up_in_time() -> None:
    with (
        Client("127.0.0.1:1", retry=RetryPolicy(attempts=2, first_delay=0.01)) as client,
        pytest.raises(TongpinRpcError) as caught,
    ):
        client.post(sale("1"))
    assert caught.value.code is grpc.StatusCode.UNAVAILABLE
    assert caught.value.attempt_id


def lossy(monkeypatch: pytest.MonkeyPatch, chance: random.Random, share: float) -> list[int]:
    """Lets a share of the replies to PostEvents be lost after the book has answered."""
    answer, lost = PostingService.PostEvents, [0]

    async def post_events(
        self: PostingService, request: pb.PostEventsRequest, context: Context
    ) -> pb.PostEventsResponse:
        response = await answer(self, request, context)
        if chance.random() < share:
            lost[0] += 1
            raise CallRefused(grpc.StatusCode.UNAVAILABLE, "", "the reply was lost")
        return response

    monkeypatch.setattr(PostingService, "PostEvents", post_events)
    return lost


@pytest.mark.slow
def test_lost_replies_change_nothing(
    serve: Serve,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    count = 1_000
    lost = lossy(monkeypatch, random.Random(5), 0.1)
    book = published(tmp_path)
    server = serve(book)

    async def post_all() -> list[tongpin_client.EventResult]:
        policy = RetryPolicy(attempts=8, first_delay=0.01)
        async with AsyncClient(server.address, retry=policy) as client:
            numbers = iter(range(count))
            results: dict[int, tongpin_client.EventResult] = {}

            async def work() -> None:
                for number in numbers:
                    (results[number],) = await client.post(sold(str(number)))

            await asyncio.gather(*(work() for _ in range(32)))
            return [results[number] for number in range(count)]

    results = server.run(post_all())
    assert lost[0] >= count // 20
    assert {result.status for result in results} == {Status.POSTED}
    assert sum(result.replayed for result in results) > 0
    names = [result.vouchers for result in results]
    assert len(set(names)) == count
    with Client(server.address) as client:
        vouchers = list(client.vouchers())
        assert [voucher.number for voucher in vouchers] == list(range(1, count + 1))
        (row, _) = client.trial_balance(period="2026-03")
        assert row.debit == row.closing == Decimal(10 * count)
    book.close()


# ---------------------------------------------------------------- reading


def test_reads_are_never_older_than_what_was_posted(
    server: RunningServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("server.reading.MAX_SEQ_WAIT_SECONDS", 0.05)
    with Client(server.address, retry=NO_RETRY) as client:
        client.post(sale("1"))
        assert client.seq == 1
        assert client.event("default", "1").seq == 1
        client.seq = 3  # as if another server had answered a post
        with pytest.raises(TongpinRpcError, match="NOT_CAUGHT_UP"):
            client.event("default", "1")


def test_lists_go_over_their_pages(
    server: RunningServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tongpin_client.queries._PAGE_SIZE", 3)
    with Client(server.address) as client:
        client.post([sale(str(number)) for number in range(8)])
        client.post([{"id": f"m{n}", "type": "mystery", "date": "2026-03-01"} for n in range(4)])
        assert [voucher.number for voucher in client.vouchers()] == list(range(1, 9))
        assert [event.event_id for event in client.unposted()] == ["m0", "m1", "m2", "m3"]
        page = client.unposted_page(page_size=2)
        assert (page.total_count, len(page.events)) == (4, 2)
        entries = list(client.account_activity("6001"))
        assert [entry.event_id for entry in entries] == [str(number) for number in range(8)]
        assert not list(client.account_activity("1122", dimensions={"customer": "other"}))


def test_stored_event_gives_its_fields_back(server: RunningServer) -> None:
    with Client(server.address) as client:
        client.post(sale("1", "10.00", customer="客户甲"))
        found = client.event("default", "1")
    assert found.fields["customer"] == "客户甲"
    assert (found.status, found.vouchers) == (Status.POSTED, ("C01/GL/2026-03/记/1",))


def test_waiting_events_are_retried_and_withdrawn(server: RunningServer) -> None:
    with Client(server.address) as client:
        client.post([{"id": str(n), "type": "mystery", "date": "2026-03-01"} for n in range(2)])
        server.book.known_types.add("mystery")
        (again,) = client.retry_unposted([("default", "0")])
        assert again.status is Status.NO_POSTING
        assert client.withdraw("default", "1", "sent twice").status is Status.WITHDRAWN


# ---------------------------------------------------------------- rules


def test_rule_books_are_checked_published_and_read(
    server: RunningServer,
    tmp_path: Path,
) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "a.tp").write_text(SALES, encoding="utf-8")
    (folder / "notes.txt").write_text("not part of it", encoding="utf-8")
    with Client(server.address) as client:
        broken = client.check_rules({"a.tp": BROKEN})
        assert not broken.ok
        assert broken.diagnostics[0].severity == "error"
        assert client.check_rules(folder).ok
        report = client.publish(folder, PublishOptions(comment="first"))
        assert (report.ok, report.seq, report.tests[0].passed) == (True, 1, True)
        assert not client.publish({"a.tp": BROKEN}).ok
        assert client.publish({"a.tp": SALES}, PublishOptions(validate_only=True)).ok
        (listed,) = client.revisions()
        assert client.revision(listed.revision[:10]).files == {"a.tp": SALES.encode()}


def test_event_types_come_parsed(serve: Serve, tmp_path: Path) -> None:
    book = published(tmp_path)
    server = serve(book)
    with Client(server.address) as client:
        note_type, sale_type = client.event_types()
    assert (note_type.type, sale_type.type, sale_type.name) == ("note", "sale", "销售")
    assert sale_type.json_schema["required"] == ["id", "type", "date", "customer", "amount"]
    book.close()


# ---------------------------------------------------------------- both clients


def test_async_client_does_what_the_blocking_one_does(server: RunningServer) -> None:
    async def work() -> None:
        async with AsyncClient(server.address) as client:
            answers = await asyncio.gather(*(client.post(sale(str(n))) for n in range(20)))
            assert {answer.results[0].status for answer in answers} == {Status.POSTED}
            assert len([voucher async for voucher in client.vouchers()]) == 20
            assert (await client.event("default", "3")).status is Status.POSTED
            assert (await client.trial_balance())[0].debit == Decimal(200)
            assert (await client.check_rules({"a.tp": SALES})).ok
            with pytest.raises(TongpinRpcError, match="NOT_FOUND"):
                await client.voucher("nowhere")

    server.run(work())


def test_both_clients_offer_the_same_calls() -> None:
    def calls(kind: type) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(call).parameters)
            for name, call in inspect.getmembers(kind, inspect.isfunction)
            if not name.startswith("_")
        }

    assert calls(Client) == calls(AsyncClient)


def test_statuses_are_those_of_engine_and_wire() -> None:
    wire = {
        name.removeprefix("EVENT_STATUS_"): number
        for name, number in event_pb2.EventStatus.items()
        if number
    }
    assert {status.name: status.value for status in Status} == wire
    assert {status.name: status.value for status in EngineStatus} == wire


def test_public_names_are_there() -> None:
    for name in tongpin_client.__all__:
        assert hasattr(tongpin_client, name)


@pytest.mark.parametrize(
    ("minor", "scale", "text"),
    [(0, 2, "0.00"), (1, 2, "0.01"), (-105, 2, "-1.05"), (7, 0, "7"), (2**63 - 1, 4, None)],
)
def test_amounts_are_exact_decimals(minor: int, scale: int, text: str | None) -> None:
    amount = decimal_of(minor, scale)
    assert amount.scaleb(scale) == minor
    assert text is None or str(amount) == text
