"""The processes of a crash run: server, client, reader; each can be killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.faults import VARIABLE

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "tests" / "road_fines" / "rules"

#: Seconds after which a step that should have come counts as missed.
PATIENCE_SECONDS = 60


class CrashRunFailed(Exception):
    """What was to be shown does not hold, or could not be shown."""


def free_port() -> int:
    """A port nobody listens on now; the server takes the same one again after each kill."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _environment(folder: Path, **variables: str) -> dict[str, str]:
    """Variables of a child; compiled modules are kept in the run's folder, for many starts."""
    places = [ROOT, ROOT / "proto", ROOT / "clients" / "python", ROOT / "clients" / "cli"]
    paths = [*map(str, places), *filter(None, [os.environ.get("PYTHONPATH")])]
    dropped = ("TONGPIN_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    own = {"PYTHONPATH": os.pathsep.join(paths), "PYTHONPYCACHEPREFIX": str(folder / "pycache")}
    return {**kept, **own, **variables}


@dataclass(slots=True)
class Server:
    """`tongpin serve` over one data folder, in as many lives as it takes."""

    data: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    ready_seconds: list[float] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where it serves."""
        return f"127.0.0.1:{self.port}"

    @property
    def store(self) -> Path:
        """Its book."""
        return self.data / "book.db"

    def start(self, crash_at: str = "") -> None:
        """Starts it, to be killed at a crash point if one is named."""
        self._ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", "tongpin_cli.main", "serve", "--data", str(self.data)]
        command += ["--rules", str(RULES), "--listen", self.address]
        command += ["--ready-file", str(self._ready)]
        with (self.data / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=self.data,
                env=_environment(self.data.parent, **{VARIABLE: crash_at} if crash_at else {}),
                stdout=log,
                stderr=log,
            )

    def wait_ready(self) -> bool:
        """Waits until it serves; False if it died before."""
        started = time.monotonic()
        while not self._ready.exists():
            if self._process.poll() is not None:
                return False
            self._check(started, "the server does not get ready")
            time.sleep(0.005)
        self.ready_seconds.append(time.monotonic() - started)
        return True

    def wait_killed(self, seconds: int = PATIENCE_SECONDS) -> None:
        """Waits until it was killed at its crash point."""
        started = time.monotonic()
        while self._process.poll() is None:
            self._check(started, "the crash point was not passed", seconds)
            time.sleep(0.005)
        if self._process.returncode != -signal.SIGKILL:
            code = self._process.returncode
            raise CrashRunFailed(f"the server ended with {code} instead of being killed")

    def kill(self) -> None:
        """Kills it on the spot."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Asks it to stop and waits for that."""
        self._process.send_signal(signal.SIGTERM)
        if self._process.wait(PATIENCE_SECONDS):
            raise CrashRunFailed(f"the server ended with {self._process.returncode}")

    def ask_to_stop(self) -> None:
        """Asks it to stop without waiting."""
        self._process.send_signal(signal.SIGTERM)

    @property
    def _ready(self) -> Path:
        return self.data / "ready"

    @property
    def _process(self) -> subprocess.Popen[bytes]:
        if self.process is None:
            raise CrashRunFailed("the server was never started")
        return self.process

    def _check(self, started: float, problem: str, seconds: int = PATIENCE_SECONDS) -> None:
        if time.monotonic() - started > seconds:
            self._process.kill()
            log = (self.data / "server.log").read_text(encoding="utf-8", errors="replace")
            raise CrashRunFailed(f"{problem}:\n{log[-2_000:]}")


@dataclass(slots=True)
class Streamer:
    """The client, in as many lives as it takes."""

    address: str
    events: Path
    answers: Path
    batch: int
    pause_ms: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, or starts it again: the stream goes on where the server says."""
        command = [sys.executable, "-m", "tests.crash.client", self.address]
        command += [str(self.events), str(self.answers), str(self.batch), str(self.pause_ms)]
        self.process = subprocess.Popen(
            command, env=_environment(self.answers.parent), stdout=subprocess.PIPE
        )

    def kill(self) -> None:
        """Kills it on the spot."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()

    def is_done(self) -> bool:
        """Whether the stream is at its end."""
        return self.process is not None and self.process.poll() is not None

    def wait(self, seconds: int) -> dict[str, Any]:
        """Waits until the stream is at its end."""
        if self.process is None:
            raise CrashRunFailed("the client was never started")
        out, _ = self.process.communicate(timeout=seconds)
        if self.process.returncode:
            raise CrashRunFailed(f"the client ended with {self.process.returncode}")
        report: dict[str, Any] = json.loads(out)
        return report

    def answered(self) -> int:
        """Answers on disk so far."""
        if not self.answers.exists():
            return 0
        return sum(line.endswith(b"}\n") for line in self.answers.read_bytes().splitlines(True))


def read_as_stranger(store: Path, answers: Path, events: Path | None = None) -> dict[str, Any]:
    """What the independent reader finds; `events`: all that was sent, once the stream ended."""
    command = [sys.executable, "-m", "tests.crash.reader", str(store), "--answers", str(answers)]
    command += ["--events", str(events)] if events is not None else []
    done = subprocess.run(
        command, cwd=ROOT, env=_environment(answers.parent), capture_output=True, check=False
    )
    if done.returncode not in {0, 1} or not done.stdout:
        raise CrashRunFailed(f"the reader failed: {done.stderr.decode()[-2_000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    if found["problems"]:
        raise CrashRunFailed("; ".join(found["problems"]))
    return found
