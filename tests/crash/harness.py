"""One crash run: a stream of events, a server that is killed again and again, and what is left.

After each kill, before anyone has opened the book again, the independent reader looks at it:
nothing that was answered is missing, no voucher is half there, no number left out, no event
twice, the chain whole. At the end all events are there once and the vouchers are those of a run
that nobody disturbed, to the last byte of the digest.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.book import Book
from engine.receive import read_events
from engine.replay import replay_events
from engine.verify import VerifyReport, verify_book
from server.rulebooks import compile_files, read_folder
from tests.crash.processes import (
    PATIENCE_SECONDS,
    RULES,
    CrashRunFailed,
    Server,
    Streamer,
    free_port,
    read_as_stranger,
)
from tests.crash.reader import compare_answers, read_book, read_lines
from tests.digest import digests

SEED = 20_260_305

#: Events of a run in CI.
SHORT_EVENTS = 6_000

#: Seconds the rest of a stream may take once nobody disturbs it.
REST_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Life:
    """How a life of the server ends.

    Attributes:
        crash_at: crash point and passage, or "" for a kill from outside.
        answers: first wait for so many more answers.
        seconds: then for so long.
        stops: then ask it to stop, for a crash point on the way out.
        client_too: the client is killed as well and starts anew.
        patience: seconds within which the crash point must be passed.
    """

    crash_at: str = ""
    answers: int = 0
    seconds: float = 0
    stops: bool = False
    client_too: bool = False
    patience: int = PATIENCE_SECONDS

    @property
    def name(self) -> str:
        """For the report."""
        return self.crash_at or f"{self.answers} answers and {self.seconds * 1_000:.0f} ms later"


#: Every named step. On its way out a server writes a snapshot.
NAMED_STEPS = (
    Life("at_start:1"),
    Life("before_append:3"),
    Life("in_append:2"),
    Life("after_append:3", client_too=True),
    Life("after_apply:2"),
    Life("after_answer:4"),
    Life("in_projection:2"),
    Life("in_snapshot:1", answers=3, stops=True),
)

#: The same, later in a stream that is ten times as long. The projector makes few transactions.
LATE_STEPS = (
    Life("at_start:1"),
    Life("before_append:30"),
    Life("in_append:20"),
    Life("after_append:30", client_too=True),
    Life("after_apply:20"),
    Life("after_answer:40"),
    Life("in_projection:5"),
    Life("in_snapshot:1", answers=40, stops=True),
)


def random_lives(count: int, seed: int, *, most_answers: int, most_seconds: float) -> list[Life]:
    """Kills from outside at moments that only the seed knows."""
    chance = random.Random(seed)
    return [
        Life(
            answers=chance.randrange(most_answers + 1),
            seconds=chance.uniform(0, most_seconds),
            client_too=chance.random() < 0.25,
        )
        for _ in range(count)
    ]


def short_lives() -> list[Life]:
    """Every named step and two moments, for one book in CI."""
    return [*NAMED_STEPS, *random_lives(2, SEED, most_answers=8, most_seconds=0.1)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run showed. `slowest_start`: seconds from starting to serving."""

    kills: int
    answered: int
    found: dict[str, Any]
    verified: VerifyReport
    slowest_start: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Stream:
    """What is streamed: the events, how many go into a message, and how fast answers are taken."""

    events: Path
    batch: int
    pause_ms: int = 0


def short_stream(events: Path) -> Stream:
    """A stream slow enough that every life gets a part of it."""
    return Stream(events, batch=25, pause_ms=4)


def run(
    stream: Stream, lives: Sequence[Life], folder: Path, *, say: Callable[[str], None] = print
) -> Outcome:
    """Streams all events through all lives of a server and a last one that lives on.

    Raises:
        CrashRunFailed: something was lost, doubled, left out, or not reached.
    """
    started = time.monotonic()
    data = folder / "data"
    data.mkdir(parents=True)
    server = Server(data, free_port())
    client = Streamer(
        server.address, stream.events, folder / "answers.jsonl", stream.batch, stream.pause_ms
    )
    try:
        for life in lives:
            _live(server, client, life)
            found = _look(server, client)
            say(
                f"  killed {life.name:<28} {found['commits']:>6} commits, "
                f"{found['answered']:>6} events answered, {found['events']:>6} durable"
            )
        server.start()
        if not server.wait_ready():
            raise CrashRunFailed("the server does not start after the last kill")
        if client.process is None:
            client.start()
        client.wait(REST_SECONDS)
        server.stop()
    finally:
        client.kill()
        if server.process is not None:
            server.kill()
    found = read_as_stranger(server.store, client.answers, stream.events)
    verified = verify_book(f"sqlite:///{server.store}", "main", compile_files)
    if not verified.ok:
        raise CrashRunFailed(f"verify: {verified.first_bad}")
    return Outcome(
        kills=len(lives),
        answered=found["answered"],
        found=found,
        verified=verified,
        slowest_start=max(server.ready_seconds),
        seconds=time.monotonic() - started,
    )


def compare(outcome: Outcome, stream: Stream, folder: Path) -> str:
    """The digest of the run, after comparing it with that of a plain replay of the events."""
    out = folder / "replay"
    book = Book.in_memory([compile_files(read_folder(RULES))])
    sent = (event for chunk in read_events(stream.events) for event in chunk)
    replay_events(book, sent, out)
    expected = digests(out)["voucher_digest"]
    digest: str = outcome.found["voucher_digest"]
    if digest != expected:
        raise CrashRunFailed(f"the vouchers differ: {digest}, undisturbed {expected}")
    return digest


def _look(server: Server, client: Streamer) -> dict[str, int]:
    """What stands in the file right after a kill, and in the client's notes."""
    if not server.store.exists() or not server.store.stat().st_size:
        return {"commits": 0, "answered": 0, "events": 0}
    book = read_book(server.store)
    answered = compare_answers(book, read_lines(client.answers)) if client.answers.exists() else 0
    if book.problems:
        raise CrashRunFailed("; ".join(book.problems))
    return {"commits": book.commits, "answered": answered, "events": len(book.events)}


def _live(server: Server, client: Streamer, life: Life) -> None:
    """One life of the server, up to its violent end."""
    server.start(life.crash_at)
    is_ready = server.wait_ready()
    if not is_ready:
        server.wait_killed()
        return
    if client.process is None:
        client.start()
    before = client.answered()
    deadline = time.monotonic() + REST_SECONDS
    while client.answered() < before + life.answers:
        if client.is_done() or time.monotonic() > deadline:
            raise CrashRunFailed(f"the stream ended before {life.name}")
        time.sleep(0.01)
    time.sleep(life.seconds)
    if life.stops:
        server.ask_to_stop()
    if life.crash_at:
        server.wait_killed(life.patience)
    else:
        server.kill()
    if client.is_done():
        raise CrashRunFailed(f"the stream had ended before {life.name}")
    if life.client_too:
        client.kill()
        client.start()
