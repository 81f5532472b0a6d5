"""The service over gRPC: single events from few and many callers, and streams in bulk."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import grpc

from benchmarks import forty
from benchmarks.deciding import json_lines
from benchmarks.ingesting import count_stored, folder
from benchmarks.measure import Figure, Scale
from benchmarks.served import served
from benchmarks.workload import arrow_table, cut
from tongpin.v1 import event_pb2, posting_service_pb2, posting_service_pb2_grpc
from tongpin_client import Client

Event = Mapping[str, object]

_POSTED = event_pb2.EVENT_STATUS_POSTED


def unary_group_commit(scale: Scale) -> list[Figure]:
    """64 callers with one event a call against one such caller, calls per second."""
    alone, many, callers = (60, 640, 64) if scale.quick else (400, 6_400, 64)
    runs = scale.runs
    total = (alone + many) * runs
    events = iter(json_lines(forty.events(total, seed=7)))
    pairs: list[float] = []
    rates: tuple[list[float], list[float]] = ([], [])
    latencies: tuple[list[float], list[float]] = ([], [])
    with folder() as path:
        with served(path, forty.FOLDER) as address:
            for _ in range(runs):
                seconds = []
                for place, (count, parallel) in enumerate(((many, callers), (alone, 1))):
                    part = [next(events) for _ in range(count)]
                    taken, waits = asyncio.run(_calls(address, part, parallel))
                    seconds.append(count / taken)
                    rates[place].append(count / taken)
                    latencies[place].extend(waits)
                pairs.append(seconds[0] / seconds[1])
        if (found := count_stored(path)) != total + 1:
            raise RuntimeError(f"{found - 1} of {total} events are stored")
    ratio = statistics.median(pairs)
    return [
        Figure(
            "unary_group_commit",
            round(ratio, 2),
            5,
            ratio >= 5,
            f"{statistics.median(rates[0]):,.0f} calls/s, {_waits(latencies[0])}",
            f"{statistics.median(rates[1]):,.0f} calls/s, {_waits(latencies[1])}",
            f"{min(pairs):.2f}–{max(pairs):.2f}",
            {
                "callers": callers,
                "clock": "wall",
                "encoding": "JSON, one event a call",
                "durable": "SQLite WAL, synchronous=FULL; reopened, counted",
                "bound_by": "per commit: small-batch costs of receiving, typing and encoding; per "
                "call: grpc.aio on the server's event loop (two processes on two cores)",
            },
        )
    ]


def _waits(times: Sequence[float]) -> str:
    ordered = sorted(times)
    p50, p99 = (ordered[len(ordered) * percent // 100] * 1e3 for percent in (50, 99))
    return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms"


async def _calls(address: str, lines: Sequence[bytes], parallel: int) -> tuple[float, list[float]]:
    """Posts each line by a call of its own, `parallel` at a time; seconds, and those of a call."""
    async with grpc.aio.insecure_channel(address) as channel:
        stub = posting_service_pb2_grpc.PostingServiceStub(channel)
        queue = iter(lines)
        waits: list[float] = []

        async def caller() -> None:
            for line in queue:
                started = time.perf_counter()
                batch = event_pb2.EventBatch(json=line)
                response = await stub.PostEvents(posting_service_pb2.PostEventsRequest(batch=batch))
                waits.append(time.perf_counter() - started)
                if response.results[0].status != _POSTED:
                    raise RuntimeError(str(response.results[0]))

        await channel.channel_ready()
        started = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(parallel)))
        return time.perf_counter() - started, waits


def stream_ingest(scale: Scale) -> list[Figure]:
    """Streams of JSON and of Arrow over gRPC into a durable book, absolute."""
    total = 4_000 if scale.quick else 50_000
    figures = []
    for name, size in (("json", 1_000), ("arrow", scale.batch)):
        rates = []
        for run in range(3 if scale.quick else scale.runs):
            events = forty.events(total, seed=20 + run)
            parts = cut(events, size)
            items: Sequence[object] = parts if name == "json" else [arrow_table(p) for p in parts]
            with folder() as path:
                with served(path, forty.FOLDER) as address, Client(address) as client:
                    client.trial_balance()  # the connection is made before the clock starts
                    started = time.perf_counter()
                    client.stream(f"{name}-{run}", items)
                    rates.append(total / (time.perf_counter() - started))
                if (found := count_stored(path)) != total + 1:
                    raise RuntimeError(f"{found - 1} of {total} events are stored")
        figures.append(
            Figure(
                f"stream_ingest:{name}",
                None,
                None,
                None,
                f"{statistics.median(rates):,.0f} ev/s",
                "absolute",
                f"{min(rates):,.0f}–{max(rates):,.0f} ev/s",
                {
                    "events a message": size,
                    "events": total,
                    "clock": "wall, client on the same two cores",
                    "durable": "SQLite WAL, synchronous=FULL; reopened, counted",
                    "bound_by": "the decision thread: see ingest_vs_segment_write",
                },
            )
        )
    return figures


BENCHMARKS: dict[str, Callable[[Scale], list[Figure]]] = {
    "unary_group_commit": unary_group_commit,
    "stream_ingest": stream_ingest,
}
