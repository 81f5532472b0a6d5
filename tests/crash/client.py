"""The client of a crash run, a process of its own: streams events, and notes each answer on disk.

python -m tests.crash.client ADDRESS EVENTS.jsonl ANSWERS.jsonl BATCH [PAUSE_MS]: every answer is
on disk before the next one is taken. Started again it goes on where the server says.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tongpin_client import BatchResult, Client, RetryPolicy

STREAM = "road-fines"

#: A server that was killed is back within seconds; it is never given up.
PATIENCE = RetryPolicy(attempts=200, reconnects=200, first_delay=0.05, most_delay=0.3)


def events(path: Path) -> Iterator[dict[str, object]]:
    """The events of a file."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def main() -> int:
    """Streams the file to its end."""
    address, source, target, batch, *pause = sys.argv[1:]
    pause_seconds = int(pause[0]) / 1_000 if pause else 0
    with Path(target).open("a", encoding="utf-8") as notes:
        notes.write("\n")  # ends a line that a killed client left unfinished

        def note(answer: BatchResult) -> None:
            results = [
                [result.source, result.event_id, result.status.name, list(result.vouchers)]
                for result in answer.results
            ]
            line = {"offset": answer.offset, "replayed": answer.replayed, "results": results}
            notes.write(json.dumps(line, ensure_ascii=False) + "\n")
            notes.flush()
            os.fsync(notes.fileno())
            time.sleep(pause_seconds)

        with Client(address, retry=PATIENCE) as client:
            report = client.stream(
                STREAM,
                events(Path(source)),
                batch_size=int(batch),
                on_result=note,
                summary_only=False,
            )
    print(json.dumps({"durable_offset": report.durable_offset, "reconnects": report.reconnects}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
