"""Two processes that append to one hot book on PostgreSQL: compare-and-swap against a soft lease.

`python -m benchmarks.experiments.two_appenders [--quick] [--bin FOLDER]` starts a private cluster
in a temporary folder (as the user `postgres` where it is started by root), runs every combination
and prints a table in Markdown. Two ways to append:

* `cas`: read the head, decide, INSERT commit(book, seq); the primary key decides. The loser reads
  the commits it missed and decides again.
* `lease`: the same INSERT, but only the holder of an advisory lock decides; whoever does not hold
  it waits for it and hands it on after `LEASE_COMMITS` commits or `LEASE_SECONDS`. The key stays
  the fence.

Deciding is simulated: a busy processor for half of the time given, asleep for the rest, so that
two processes on two cores with their database do not measure the scheduler alone.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import pwd
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks import forty
from benchmarks.ingesting import decided
from benchmarks.measure import environment
from benchmarks.workload import cut
from engine.log.codec import encode_payload

BIN = Path("/usr/lib/postgresql/15/bin")
#: A holder hands the lease on after so many commits or seconds, so that nobody starves.
LEASE_COMMITS = 32
LEASE_SECONDS = 0.05
_LOCK = 4711

_SCHEMA = """
CREATE TABLE commit (
    book text NOT NULL, seq bigint NOT NULL,
    header bytea NOT NULL, payload bytea NOT NULL, chain bytea NOT NULL, digest bytea NOT NULL,
    PRIMARY KEY (book, seq)
);
ALTER TABLE commit ALTER COLUMN payload SET STORAGE EXTERNAL;
"""

_INSERT = "INSERT INTO commit VALUES ('main', %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"


@dataclass(frozen=True, slots=True)
class Trial:
    """What one process is told to do."""

    way: str
    events: int
    decide_ms: float
    seconds: float
    processes: int


@dataclass(slots=True)
class Tally:
    """What one process saw."""

    commits: int
    lost: int
    decided_seconds: float
    wasted_seconds: float
    waits: list[float]


@contextlib.contextmanager
def cluster(folder: Path, binaries: Path) -> Iterator[str]:
    """A cluster of our own on a socket in `folder`; gives its connection string."""
    user, prefix = _user(folder)
    data, socket = folder / "data", folder
    run = [*prefix, str(binaries / "initdb"), "-D", str(data), "-A", "trust", "-E", "UTF8"]
    subprocess.run([*run, "--locale=C"], check=True, stdout=subprocess.DEVNULL, cwd=folder)
    options = f"-c listen_addresses='' -c unix_socket_directories='{socket}' -c fsync=on"
    control = [*prefix, str(binaries / "pg_ctl"), "-D", str(data), "-w"]
    log = folder / "log"
    start = [*control, "-l", str(log), "-o", options, "start"]
    subprocess.run(start, check=True, stdout=subprocess.DEVNULL, cwd=folder)
    try:
        yield f"host={socket} dbname=postgres user={user}"
    finally:
        subprocess.run(
            [*control, "-m", "fast", "stop"], check=True, stdout=subprocess.DEVNULL, cwd=folder
        )


def _user(folder: Path) -> tuple[str, list[str]]:
    """The user the cluster runs as, and how to become it: PostgreSQL refuses root."""
    if os.getuid():
        return pwd.getpwuid(os.getuid()).pw_name, []
    entry = pwd.getpwnam("postgres")
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    return "postgres", ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


def payload_of(events: int) -> bytes:
    """The payload of a commit of so many events."""
    commits = decided(forty.FOLDER, cut(forty.events(events), events))
    return encode_payload(commits[-1][1])


def decide(milliseconds: float) -> None:
    """Stands for deciding a commit."""
    end = time.perf_counter() + milliseconds / 2e3
    while time.perf_counter() < end:
        pass
    time.sleep(milliseconds / 2e3)


class Appender:
    """One server on the book: its connection and how far it has applied the log."""

    def __init__(self, target: str, trial: Trial, payload: bytes) -> None:
        """Connects."""
        self.connection = psycopg.connect(target, autocommit=True)
        self.connection.execute("SET synchronous_commit = on")
        self.trial, self.payload = trial, payload
        self.head = 0
        self.tally = Tally(0, 0, 0.0, 0.0, [])

    def catch_up(self) -> None:
        """Reads the commits it has not applied."""
        rows = self.connection.execute(
            "SELECT seq, header, payload FROM commit WHERE book = 'main' AND seq > %s ORDER BY seq",
            (self.head,),
        ).fetchall()
        if rows:
            self.head = rows[-1][0]

    def attempt(self) -> bool:
        """Decides and appends once; False where another was first."""
        started = time.perf_counter()
        decide(self.trial.decide_ms)
        taken = time.perf_counter() - started
        self.tally.decided_seconds += taken
        digest = bytes(32)
        done = self.connection.execute(
            _INSERT, (self.head + 1, b"h" * 400, self.payload, digest, digest), prepare=True
        ).rowcount
        if done:
            self.head += 1
            self.tally.commits += 1
            return True
        self.tally.lost += 1
        self.tally.wasted_seconds += taken
        self.catch_up()
        return False

    def cas(self, end: float) -> None:
        """By the key alone."""
        while time.perf_counter() < end:
            started = time.perf_counter()
            while not self.attempt():
                pass
            self.tally.waits.append(time.perf_counter() - started)

    def lease(self, end: float) -> None:
        """By the key, but deciding only while holding the lock."""
        while time.perf_counter() < end:
            started = time.perf_counter()
            if not self._try_lock():
                self.connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
            until, count = time.perf_counter() + LEASE_SECONDS, 0
            self.catch_up()
            while count < LEASE_COMMITS and time.perf_counter() < min(until, end):
                while not self.attempt():
                    pass
                count += 1
                self.tally.waits.append(time.perf_counter() - started)
                started = time.perf_counter()
            self.connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))

    def _try_lock(self) -> bool:
        row = self.connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
        return bool(row and row[0])


def _work(target: str, trial: Trial, payload: bytes, start: object, results: object) -> None:
    appender = Appender(target, trial, payload)
    start.wait()  # type: ignore[attr-defined]
    getattr(appender, trial.way)(time.perf_counter() + trial.seconds)
    results.put(appender.tally)  # type: ignore[attr-defined]
    appender.connection.close()


def measure(target: str, trial: Trial, payload: bytes) -> dict[str, float]:
    """Runs a trial on an empty table and adds its processes up."""
    with psycopg.connect(target, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS commit")
        connection.execute(_SCHEMA)
    spawn = multiprocessing.get_context("spawn")
    start, results = spawn.Barrier(trial.processes), spawn.Queue()
    processes = [
        spawn.Process(target=_work, args=(target, trial, payload, start, results))
        for _ in range(trial.processes)
    ]
    for process in processes:
        process.start()
    tallies: list[Tally] = [results.get(timeout=trial.seconds + 60) for _ in processes]
    for process in processes:
        process.join()
    commits = sum(tally.commits for tally in tallies)
    with psycopg.connect(target, autocommit=True) as connection:
        stored = connection.execute("SELECT count(*), max(seq) FROM commit").fetchone()
    if stored != (commits, commits):
        raise RuntimeError(f"{commits} commits were acknowledged, {stored} are stored")
    waits = sorted(wait for tally in tallies for wait in tally.waits)
    spent = sum(tally.decided_seconds for tally in tallies) or 1.0
    counts = [tally.commits for tally in tallies]
    return {
        "commits/s": commits / trial.seconds,
        "events/s": commits * trial.events / trial.seconds,
        "lost": sum(tally.lost for tally in tallies),
        "lost share": sum(tally.lost for tally in tallies) / max(1, commits),
        "wasted": sum(tally.wasted_seconds for tally in tallies) / spent,
        "p50 ms": waits[len(waits) // 2] * 1e3,
        "p99 ms": waits[len(waits) * 99 // 100] * 1e3,
        "max ms": waits[-1] * 1e3,
        "fairness": min(counts) / max(1, *counts),
    }


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--bin", type=Path, default=BIN, help="folder of the server's programs")
    arguments = parser.parse_args()
    seconds, runs = (1.0, 1) if arguments.quick else (4.0, 3)
    folder = Path(tempfile.mkdtemp(prefix="tongpin-pg-"))
    folder.chmod(0o755)
    print(
        "| decide | events/commit | way | commits/s | events/s | lost per commit "
        "| decide time wasted | p50 | p99 | max | fairness |\n"
        "|--:|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    )
    try:
        with cluster(folder, arguments.bin) as target:
            for decide_ms in (1.0, 10.0):
                for events in (1, 100):
                    payload = payload_of(events)
                    for way, processes in (("cas", 1), ("cas", 2), ("lease", 2)):
                        trial = Trial(way, events, decide_ms, seconds, processes)
                        found = [measure(target, trial, payload) for _ in range(runs)]
                        print(_row(trial, found), flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(environment())


def _row(trial: Trial, found: list[dict[str, float]]) -> str:
    middle = {name: statistics.median(run[name] for run in found) for name in found[0]}
    name = "one server" if trial.processes == 1 else f"two, {trial.way}"
    return (
        f"| {trial.decide_ms:.0f} ms | {trial.events} | {name} | {middle['commits/s']:,.0f} "
        f"| {middle['events/s']:,.0f} | {middle['lost share']:.2f} | {middle['wasted']:.0%} "
        f"| {middle['p50 ms']:.1f} ms | {middle['p99 ms']:.1f} ms | {middle['max ms']:.0f} ms "
        f"| {middle['fairness']:.2f} |"
    )


if __name__ == "__main__":
    main()
