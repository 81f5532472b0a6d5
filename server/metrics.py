"""Figures for Prometheus, in a registry of the server's own; measuring only, no decisions."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable
from threading import Thread
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from engine.calls import CallResult
from engine.effects import Status

_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000)


class ServiceMetrics:
    """Everything the service measures of itself."""

    def __init__(self) -> None:
        """Makes the registry and its metrics, all named tongpin_…."""
        registry = self.registry = CollectorRegistry()
        self.append_seconds = Histogram(
            "tongpin_append_seconds",
            "Time of a durable append",
            buckets=_SECONDS,
            registry=registry,
        )
        self.commit_seconds = Histogram(
            "tongpin_commit_seconds",
            "Time of a group commit, decision included",
            buckets=_SECONDS,
            registry=registry,
        )
        self.commit_events = Histogram(
            "tongpin_commit_events", "Events decided together", buckets=_SIZES, registry=registry
        )
        self.call_seconds = Histogram(
            "tongpin_call_seconds",
            "Time of a call",
            ["rpc", "code"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.events = Counter(
            "tongpin_events", "Events answered, by status", ["status"], registry=registry
        )
        self.queued_calls = Gauge(
            "tongpin_queued_calls", "Calls that wait for a decision", registry=registry
        )
        self.queued_bytes = Gauge(
            "tongpin_queued_bytes", "Bytes of the calls that wait", registry=registry
        )
        self.open_streams = Gauge("tongpin_open_streams", "Streams open", registry=registry)
        self.open_watches = Gauge("tongpin_open_watches", "Watches of budgets", registry=registry)
        self.seq = Gauge("tongpin_book_seq", "Position of the book", registry=registry)
        self.projection_lag = Gauge(
            "tongpin_projection_lag_commits", "Commits not yet in the rows", registry=registry
        )
        self.lost_races = Gauge(
            "tongpin_lost_races", "Appends another server was first with", registry=registry
        )
        self.unposted = Gauge(
            "tongpin_unposted_events", "Events no rule can book", registry=registry
        )
        self.oldest_unposted_seconds = Gauge(
            "tongpin_oldest_unposted_seconds", "Age of the oldest of them", registry=registry
        )
        self._by_status = {s: self.events.labels(status=s.name) for s in Status}
        self._calls: dict[tuple[str, str], Histogram] = {}

    def observe_call(self, rpc: str, code: str, seconds: float) -> None:
        """Counts a call."""
        key = (rpc, code)
        found = self._calls.get(key)
        if found is None:
            found = self._calls[key] = self.call_seconds.labels(rpc=rpc, code=code)
        found.observe(seconds)

    def count_results(self, results: Iterable[CallResult]) -> None:
        """Counts the events of answered calls by status."""
        tally = Tally(result.status for call in results for result in call.results)
        for status, count in tally.items():
            self._by_status[status].inc(count)


def serve_metrics(metrics: ServiceMetrics, host: str, port: int) -> tuple[WSGIServer, Thread, int]:
    """Answers GET /metrics in a thread of its own; gives HTTP server, thread and port."""
    server, thread = start_http_server(port, addr=host, registry=metrics.registry)
    return server, thread, server.server_port
