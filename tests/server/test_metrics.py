"""What the service tells of itself, over HTTP."""

from __future__ import annotations

import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from server.metrics import ServiceMetrics, serve_metrics
from server.serve import observe_book
from tests.server.conftest import RunningServer
from tests.server.wire import numbered, opening, post, sale


def scrape(metrics: ServiceMetrics) -> dict[str, float]:
    http, thread, port = serve_metrics(metrics, "127.0.0.1", 0)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
    finally:
        http.shutdown()
        http.server_close()
        thread.join(10)
    return {
        sample.name + "".join(f"|{value}" for _, value in sorted(sample.labels.items())): (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_figures_follow_what_happened(server: RunningServer) -> None:
    observe_book(server.book, server.metrics)
    server.posting().PostEvents(post(sale("1"), {"id": "2", "type": "x", "date": "2026-03-01"}))
    requests = iter([opening("s"), numbered(1, sale("3"))])
    list(server.posting().StreamEvents(requests, timeout=30))
    found = scrape(server.metrics)
    assert found["tongpin_events_total|POSTED"] == 2
    assert found["tongpin_events_total|UNPOSTED"] == 1
    assert found["tongpin_book_seq"] == 2
    assert found["tongpin_projection_lag_commits"] == 2
    assert found["tongpin_unposted_events"] == 1
    assert 0 <= found["tongpin_oldest_unposted_seconds"] < 60
    assert found["tongpin_append_seconds_count"] == 2
    assert found["tongpin_commit_events_sum"] == 3
    assert found["tongpin_queued_calls"] == 0
    assert found["tongpin_call_seconds_count|OK|tongpin.v1.PostingService.PostEvents"] == 1
