"""Streams of the client: windows, results, resuming, lost connections, being fenced."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.clients.test_client import published, sold
from tests.server import conftest
from tests.server.conftest import RunningServer, Serve
from tests.server.proxy import CuttableProxy
from tests.server.wire import sale
from tongpin_client import (
    AsyncClient,
    BatchResult,
    Client,
    RetryPolicy,
    Status,
    StreamReport,
    TongpinRpcError,
)

serve, server = conftest.serve, conftest.server  # fixtures of the service's tests

QUICK = RetryPolicy(attempts=3, reconnects=20, first_delay=0.01, most_delay=0.2)


def test_stream_posts_everything_and_reports_it(server: RunningServer) -> None:
    answers: list[BatchResult] = []
    events = [sale(str(number)) for number in range(25)]
    events += [{"id": "x", "type": "mystery", "date": "2026-03-01"}, sale("0")]
    with Client(server.address) as client:
        report = client.stream("s", events, batch_size=10, on_result=answers.append)
        assert client.seq == report.seq == server.book.seq
    assert report == StreamReport(
        "s", 0, 3, {Status.POSTED: 25, Status.UNPOSTED: 1, Status.DUPLICATE: 1}, report.seq, 0
    )
    assert [(answer.offset, answer.durable_offset) for answer in answers] == [
        (1, 1),
        (2, 2),
        (3, 3),
    ]
    last = answers[-1]
    assert [(p, r.status) for p, r in zip(last.positions, last.results, strict=True)] == [
        (5, Status.UNPOSTED), (6, Status.DUPLICATE),
    ]  # fmt: skip


def test_every_result_is_there_if_asked_for(server: RunningServer) -> None:
    names: list[str] = []
    with Client(server.address) as client:
        client.stream(
            "s",
            [sale(str(number)) for number in range(7)],
            batch_size=3,
            summary_only=False,
            on_result=lambda answer: names.extend(r.vouchers[0] for r in answer.results),
        )
    assert names == [f"C01/GL/2026-03/记/{number}" for number in range(1, 8)]


def test_stream_without_events_is_empty(server: RunningServer) -> None:
    with Client(server.address) as client:
        assert client.stream("s", []) == StreamReport("s", 0, 0, {}, 0, 0)


def test_second_run_of_a_stream_goes_on_where_the_first_stopped(
    server: RunningServer,
) -> None:
    events = [sale(str(number)) for number in range(50)]

    def failing() -> Iterator[dict[str, Any]]:
        yield from events[:35]
        raise OSError("the file cannot be read further")

    with Client(server.address) as client:
        with pytest.raises(OSError, match="cannot be read"):
            client.stream("file", failing(), batch_size=10, window=1)
        report = client.stream("file", events, batch_size=10)
    assert report.resumed_offset == 3
    assert (report.durable_offset, report.counts) == (5, {Status.POSTED: 20})
    assert len(server.book.vouchers(limit=99)[0]) == 50


def test_finished_stream_does_nothing_more(server: RunningServer) -> None:
    events = [sale(str(number)) for number in range(5)]
    with Client(server.address) as client:
        client.stream("s", events, batch_size=2)
        report = client.stream("s", events, batch_size=2)
    assert (report.resumed_offset, report.counts) == (3, {})


def test_columns_and_events_may_be_mixed(server: RunningServer) -> None:
    table = pa.Table.from_pylist([sale("t1"), sale("t2")])
    with Client(server.address) as client:
        report = client.stream("s", [sale("1"), table, [sale("2"), sale("3")]])
    assert (report.durable_offset, report.counts) == (3, {Status.POSTED: 5})


def test_newer_run_of_the_same_stream_takes_over(server: RunningServer) -> None:
    taken_over = threading.Event()

    def slowly() -> Iterator[dict[str, Any]]:
        yield sale("1")
        with Client(server.address) as newer:
            newer.stream("s", [sale("1"), sale("2")], batch_size=1)
        taken_over.set()
        for number in range(100):
            yield sale(f"late{number}")

    with Client(server.address) as client, pytest.raises(TongpinRpcError) as caught:
        client.stream("s", slowly(), batch_size=1, window=1)
    assert taken_over.is_set()
    assert caught.value.reason == "STREAM_FENCED"
    assert caught.value.metadata == {"stream_id": "s"}
    assert len(server.book.vouchers(limit=99)[0]) == 2


def test_failure_in_the_callers_own_code_ends_the_stream(server: RunningServer) -> None:
    def fail(answer: BatchResult) -> None:
        raise LookupError("no place for the answer")

    with Client(server.address) as client:
        with pytest.raises(LookupError):
            client.stream("s", [sale("1"), sale("2")], batch_size=1, on_result=fail)
        assert client.post(sale("3")).results[0].status is Status.POSTED


def test_server_that_was_never_there_is_given_up_early() -> None:
    with Client("127.0.0.1:1", retry=QUICK) as client, pytest.raises(TongpinRpcError) as caught:
        client.stream("s", [sale("1")])
    assert caught.value.is_transient


@pytest.mark.slow
def test_lost_connections_lose_and_double_nothing(serve: Serve, tmp_path: Path) -> None:
    count, batch_size = 4_000, 20
    chance = random.Random(8)
    book = published(tmp_path)
    server = serve(book)
    offsets: list[int] = []
    with CuttableProxy(server.address) as proxy, Client(proxy.address, retry=QUICK) as client:

        def on_result(answer: BatchResult) -> None:
            offsets.append(answer.offset)
            if chance.random() < 0.1:
                proxy.cut()

        report = client.stream(
            "s", (sold(str(n)) for n in range(count)), batch_size=batch_size, on_result=on_result
        )
    assert report.reconnects > 3
    assert offsets == list(range(1, count // batch_size + 1))
    assert report.counts == {Status.POSTED: count}
    with Client(server.address) as client:
        numbers = [voucher.number for voucher in client.vouchers()]
        assert numbers == list(range(1, count + 1))
    book.close()


@pytest.mark.slow
def test_stream_survives_a_restart_of_the_server(serve: Serve, tmp_path: Path) -> None:
    book = published(tmp_path)
    first = serve(book)
    restarted = threading.Event()
    with CuttableProxy(first.address) as proxy, Client(proxy.address, retry=QUICK) as client:

        def on_result(answer: BatchResult) -> None:
            if answer.offset == 5:
                first.run(first.service.stop(5))
                proxy.target = serve(book).address
                restarted.set()

        report = client.stream(
            "s", [sold(str(number)) for number in range(400)], batch_size=10, on_result=on_result
        )
    assert restarted.is_set()
    assert (report.durable_offset, report.counts) == (40, {Status.POSTED: 400})
    assert report.reconnects >= 1
    book.close()


def test_async_stream_resumes_like_the_blocking_one(
    serve: Serve,
    tmp_path: Path,
) -> None:
    book = published(tmp_path)
    server = serve(book)

    async def work(address: str, cut: Any) -> StreamReport:
        offsets: list[int] = []

        async def on_result(answer: BatchResult) -> None:
            offsets.append(answer.offset)
            if answer.offset in {3, 9}:
                await asyncio.to_thread(cut)

        async with AsyncClient(address, retry=QUICK) as client:
            events = [sold(str(number)) for number in range(300)]
            report = await client.stream("s", events, batch_size=20, on_result=on_result)
            assert offsets == list(range(1, 16))
            rest = await client.stream("s", [*events, sold("more")], batch_size=20)
            assert (rest.resumed_offset, rest.counts) == (15, {Status.POSTED: 1})
            return report

    with CuttableProxy(server.address) as proxy:
        report = server.run(work(proxy.address, proxy.cut))
    assert report.counts == {Status.POSTED: 300}
    assert report.reconnects >= 1
    book.close()
