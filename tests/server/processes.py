"""Servers as processes of their own, as an operator starts and stops them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import IO

from tests.server.rules import SALES

#: Seconds after which a process that should have started or ended has failed the test.
PATIENCE = 60

_PROGRAM = """
import sys
from server.config import ServerConfig
from server.serve import run_server
sys.exit(run_server(ServerConfig()))
"""


class ServerProcess:
    """A server over an embedded book in a folder; settings become TONGPIN_* variables."""

    def __init__(self, folder: Path, *, rules: str | None = SALES, **settings: str) -> None:
        self.folder = folder
        self.ready_file = folder / "ready"
        if rules is not None:
            (folder / "rules").mkdir(exist_ok=True)
            (folder / "rules" / "a.tp").write_text(rules, encoding="utf-8")
            settings.setdefault("rules", str(folder / "rules"))
        settings.setdefault("listen", "127.0.0.1:0")
        named = {f"TONGPIN_{name.upper()}": value for name, value in settings.items()}
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("TONGPIN_")}
        with (folder / "log").open("ab") as log:
            self.process = self._start(named, inherited, log)

    def _start(
        self, named: dict[str, str], inherited: dict[str, str], log: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            env={
                **inherited,
                "TONGPIN_DATA": str(self.folder / "data"),
                "TONGPIN_READY_FILE": str(self.ready_file),
                **named,
            },
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=Path(__file__).resolve().parents[2],
        )

    def __enter__(self) -> ServerProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=PATIENCE)

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8")

    def address(self) -> str:
        """Waits for the ready file and gives what stands in it."""
        deadline = time.monotonic() + PATIENCE
        while not self.ready_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server did not come up:\n{self.log}")
            time.sleep(0.02)
        return self.ready_file.read_text(encoding="utf-8").strip()

    def tell(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        return self.process.wait(PATIENCE)
