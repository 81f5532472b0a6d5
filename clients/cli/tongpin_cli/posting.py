"""`tongpin post`: streams event files to a server, and goes on where an earlier run stopped."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from engine.receive import read_events
from engine.replay import in_batches
from tongpin_cli.output import EXIT_INPUT, EXIT_OK, Output
from tongpin_client import BatchResult, Client, Status

#: Outcomes that leave the events in the books.
_FINE = (Status.POSTED, Status.NO_POSTING, Status.PENDING_REVIEW, Status.DUPLICATE)

#: Results shown one by one at most.
_SHOWN = 20


def post_files(
    files: list[Path], where: tuple[str, str], encoding: str, batch: int, output: Output
) -> int:
    """Streams files in order; where is (server, token)."""
    server, token = where
    totals: dict[str, int] = {}
    problems: list[dict[str, str]] = []
    with Client(server, token=token or None) as client:
        for path in files:
            report = client.stream(
                _stream_id(path, batch),
                in_batches(_events(path, encoding), batch),
                summary_only=True,
                on_result=lambda result: _collect(result, problems),
            )
            for status, count in report.counts.items():
                totals[status.name] = totals.get(status.name, 0) + count
            if report.resumed_offset:
                output.note(f"{path}: {report.resumed_offset} batches were durable before")
    for problem in problems[:_SHOWN]:
        output.text(f"{problem['event']}: {problem['status']} {problem['reason']}")
        output.text(f"  {problem['message']}")
    if len(problems) > _SHOWN:
        output.text(f"and {len(problems) - _SHOWN} more; `--json` lists all")
    output.text(", ".join(f"{count} {name}" for name, count in totals.items()) or "nothing new")
    output.data({"counts": totals, "exceptions": problems})
    fine = {status.name for status in _FINE}
    return EXIT_OK if set(totals) <= fine else EXIT_INPUT


def _stream_id(path: Path, batch: int) -> str:
    """Name, content and batch size: the same file sent again is the same stream."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return f"{path.name[:60]}-{digest[:16]}-{batch}"


def _events(path: Path, encoding: str) -> Iterator[Mapping[str, object]]:
    for chunk in read_events(path, encoding=encoding):
        yield from chunk


def _collect(result: BatchResult, problems: list[dict[str, str]]) -> None:
    if sys.stderr.isatty():
        print(f"\r{result.offset} batches", end="", file=sys.stderr)
    problems.extend(
        {
            "event": f"{event.source}/{event.event_id}",
            "status": event.status.name,
            "reason": event.reason,
            "message": event.message,
        }
        for event in result.results
        if event.status not in _FINE
    )
