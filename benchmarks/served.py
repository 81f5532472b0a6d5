"""A server in a process of its own for benchmarks: `python -m benchmarks.served DATA RULES`."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server.config import ServerConfig
from server.serve import run_server

#: Seconds a server may take to start, and to stop.
_PATIENCE = 60


@contextmanager
def served(data: Path, rules: Path) -> Iterator[str]:
    """The address of a server over a fresh book in `data`; stopped and waited for at the end."""
    ready = data / "ready"
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.served", str(data), str(rules), str(ready)]
    )
    try:
        deadline = time.monotonic() + _PATIENCE
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the server did not start")
            time.sleep(0.05)
        yield ready.read_text().strip()
    finally:
        process.terminate()
        process.wait(_PATIENCE)


if __name__ == "__main__":
    data, rules, ready = map(Path, sys.argv[1:])
    config = ServerConfig(
        data=data,
        rules=rules,
        listen="127.0.0.1:0",
        ready_file=ready,
        log_level="warning",
    )
    sys.exit(run_server(config, ready=lambda _: None))
