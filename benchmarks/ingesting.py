"""Durable ingest against writing alone, against a naive loop and against indexed rows."""

from __future__ import annotations

import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pysqlite3

from benchmarks import forty
from benchmarks.indexed_rows import IndexedRows, RowBatch, count_rows
from benchmarks.measure import Figure, Scale, bound_by, interleaved, timed
from benchmarks.workload import (
    arrow_bytes,
    arrow_table,
    cut,
    fines_program,
    forty_program,
    invoices,
    road_fines,
    services_mix,
    services_program,
)
from engine.book import Book
from engine.calls import REVISION_PUBLISHED, Call
from engine.columns import EffectBatch
from engine.effects import COMMANDS, Status
from engine.log import CommitHeader, append_commit, genesis, open_store, read_log
from engine.program import Program
from engine.projection.follower import RowProjection, rows_path
from engine.receive.canonical import canonical_content
from engine.receive.dates import DayMemo
from engine.replay import replay_events
from rules_dsl.rulebooks import SERVICES
from server.rulebooks import compile_files, read_folder

Event = Mapping[str, object]


@contextmanager
def folder() -> Iterator[Path]:
    """A folder on disk that goes away."""
    with tempfile.TemporaryDirectory(prefix="tongpin-bench-") as name:
        yield Path(name)


def new_book(path: Path, rules: Path) -> Book:
    """A durable book in `path` with a rule book in force."""
    book = Book.open(f"sqlite:///{(path / 'book.db').as_posix()}", compiler=compile_files)
    files = [{"path": name, "content": text.decode()} for name, text in read_folder(rules)]
    event = {
        "id": "publish",
        "type": REVISION_PUBLISHED,
        "date": "2026-01-01",
        "source": "tongpin",
        "files": files,
    }
    answer = book.post([Call(events=[event])])[0].results[0]
    if not answer.status.takes_identity:
        raise RuntimeError(answer.message)
    return book


def post_all(book: Book, batches: Sequence[Sequence[Event]]) -> None:
    """Posts batches and refuses any other outcome than booked."""
    for batch in batches:
        results = book.post([Call(events=batch)])[0].results
        if any(result.status > Status.NO_POSTING for result in results):
            bad = next(result for result in results if result.status > Status.NO_POSTING)
            raise RuntimeError(f"{bad.status.name} {bad.reason} {bad.message}")


def count_stored(path: Path) -> int:
    """Events in a book's file, read by plain SQLite and decoded."""
    connection = pysqlite3.connect(f"file:{path / 'book.db'}?mode=ro", uri=True)
    try:
        check = connection.execute("PRAGMA quick_check").fetchone()[0]
        if check != "ok":
            raise RuntimeError(check)
    finally:
        connection.close()
    url = f"sqlite:///{(path / 'book.db').as_posix()}"
    store = open_store(url, book_id="main", read_only=True)
    try:
        return sum(
            entry.effects.tables[COMMANDS.name].count
            for entry in read_log(store)
            if COMMANDS.name in entry.effects.tables
        )
    finally:
        store.close()


def decided(
    rules: Path, batches: Sequence[Sequence[Event]]
) -> list[tuple[CommitHeader, EffectBatch]]:
    """The commits batches become."""
    with folder() as path:
        book = new_book(path, rules)
        post_all(book, batches)
        commits = [book.commit(seq) for seq in range(1, book.seq + 1)]
        book.close()
    return commits


def write_commits(
    path: Path, commits: Sequence[tuple[CommitHeader, EffectBatch]], *, untimed: int = 0
) -> float:
    """Seconds to append commits that are decided already, but for the first `untimed` of them."""
    url = f"sqlite:///{(path / 'book.db').as_posix()}"
    store = open_store(url, book_id="main", read_only=False)
    try:
        chain = genesis("main")
        started = time.perf_counter()
        for place, (header, effects) in enumerate(commits):
            if place == untimed:
                started = time.perf_counter()
            chain = append_commit(store, header, effects, chain).commit.chain
        return time.perf_counter() - started
    finally:
        store.close()


def ingest(rules: Path, batches: Sequence[Sequence[Event]]) -> float:
    """Seconds of posting to a fresh durable book; reopened and counted afterwards."""
    total = sum(map(len, batches))
    with folder() as path:
        book = new_book(path, rules)
        started = time.perf_counter()
        post_all(book, batches)
        seconds = time.perf_counter() - started
        book.close()
        if (found := count_stored(path)) != total + 1:  # the publication is an event, too
            raise RuntimeError(f"{found - 1} of {total} events are stored")
    return seconds


def _profiled(rules: Path, batches: Sequence[Sequence[Event]]) -> str:
    """What posting one batch to a durable book is bound by."""
    with folder() as path:
        book = new_book(path, rules)
        post_all(book, batches[:-1])
        said = bound_by(lambda: post_all(book, batches[-1:]), most=5)
        book.close()
    return said


def _durable(scale: Scale) -> dict[str, object]:
    return {
        "batch": scale.batch,
        "durable": "SQLite WAL, synchronous=FULL; closed, reopened, counted",
    }


# -------------------------------------------------------------------------------- ingest


def ingest_vs_segment_write(scale: Scale) -> list[Figure]:
    """Posting durably against appending the same commits without deciding."""
    figures = []
    for name, rules, events in (
        ("forty", forty.FOLDER, forty.events(scale.batch * scale.batches)),
        ("invoices", SERVICES, invoices(scale.batch * scale.batches)),
    ):
        batches = cut(events, scale.batch)
        commits = decided(rules, batches)

        def ours(rules: Path = rules, batches: list[list[Event]] = batches) -> float:
            return ingest(rules, batches)

        def write(
            commits: list[tuple[CommitHeader, EffectBatch]] = commits, total: int = len(events)
        ) -> float:
            with folder() as path:
                seconds = write_commits(path, commits)
                if count_stored(path) != total + 1:
                    raise RuntimeError("commits are missing")
            return seconds

        figures.append(
            interleaved(
                f"ingest_vs_segment_write:{name}",
                ours,
                write,
                count=len(events),
                target=0.45,
                runs=scale.runs,
                cpu=False,
                conditions={
                    **_durable(scale),
                    "ours": "Book.post of rows in process; without gRPC",
                    "bound_by": _profiled(rules, batches),
                },
            )
        )
    return figures


def ingest_vs_naive_loop(scale: Scale) -> list[Figure]:
    """Posting durably against a loop over events with Decimal into indexed SQLite rows."""
    total = scale.batch * scale.batches
    events = forty.events(total)
    batches = cut(events, scale.batch)
    texts = [[json.dumps(event).encode() for event in batch] for batch in batches]
    table = [arrow_bytes(arrow_table(batch)) for batch in batches]

    def loop() -> float:
        with folder() as path:
            rows = IndexedRows(path / "rows.db")
            started = time.perf_counter()
            naive_loop(rows, texts)
            seconds = time.perf_counter() - started
            rows.close()
            if count_rows(path / "rows.db")[0] != total:
                raise RuntimeError("events are missing")
        return seconds

    def from_arrow() -> float:
        with folder() as path:
            book = new_book(path, forty.FOLDER)
            started = time.perf_counter()
            for data in table:
                book.post([Call(arrow=data)])
            seconds = time.perf_counter() - started
            book.close()
            if count_stored(path) != total + 1:
                raise RuntimeError("events are missing")
        return seconds

    shared = {
        **_durable(scale),
        "reference": "JSON, identity by unique index, Decimal, one transaction a batch, 3 indexes",
    }
    return [
        interleaved(
            f"ingest_vs_naive_loop:{name}",
            ours,
            loop,
            count=total,
            target=7,
            runs=scale.runs,
            cpu=False,
            conditions={**shared, "bound_by": _profiled(forty.FOLDER, batches)},
        )
        for name, ours in (("rows", lambda: ingest(forty.FOLDER, batches)), ("arrow", from_arrow))
    ]


def naive_loop(store: IndexedRows, batches: Sequence[Sequence[bytes]]) -> None:
    """One event after another, as a ledger app would book them; a transaction for each batch.

    It keeps what ours keeps of an event: its canonical content and a hash of it.
    """
    rules, numbers, days = forty.tree_rules(), {}, DayMemo(absent=0)
    event_key = voucher_key = 0
    for texts in batches:
        batch = RowBatch()
        for text in texts:
            event = json.loads(text)
            day = days[event["date"]]
            content = canonical_content(event)
            rule, summary, lines = forty.interpret(rules, forty.typed(event))
            event_key += 1
            batch.events.append(
                (event_key, event["source"], event["id"], event["type"], "C01", day, 1, "", "", "r",
                 "system", content[:16], content)
            )  # fmt: skip
            if not lines:
                continue
            voucher_key += 1
            period = int(event["date"][:4]) * 100 + int(event["date"][5:7])
            numbers[period] = numbers.get(period, 0) + 1
            batch.vouchers.append(
                (voucher_key, event_key, "C01", "GL", period, "记", "live", numbers[period], day,
                 day, rule, "r", summary, "posted", 2, "CNY")
            )  # fmt: skip
            for line_no, line in enumerate(lines, start=1):
                minor = int(line.amount.scaleb(2))
                others = dict(line.dimensions)
                project = others.pop("project", None)
                batch.lines.append(
                    (voucher_key, line_no, event_key, line.account, line.account, period,
                     minor if line.debit else 0, 0 if line.debit else minor, project,
                     json.dumps(others) if others else "", 1, -1)
                )  # fmt: skip
        store.append(batch)


def replay_vs_ingest(scale: Scale) -> list[Figure]:
    """Replaying events into files against posting them to a durable book."""
    total = scale.batch * scale.batches
    events = forty.events(total)
    batches = cut(events, scale.batch)
    program = forty_program()

    def replay() -> float:
        with folder() as path:
            book = Book.in_memory([program])
            started = time.perf_counter()
            replay_events(book, events, path / "out", batch_events=scale.batch)
            return time.perf_counter() - started

    return [
        interleaved(
            "replay_vs_ingest",
            replay,
            lambda: ingest(forty.FOLDER, batches),
            count=total,
            target=1.5,
            runs=scale.runs,
            cpu=False,
            conditions=_durable(scale),
        )
    ]


# ------------------------------------------------------------------------------- levels


def dependency_levels(scale: Scale) -> list[Figure]:
    """Levels of the services and road-fines books; road fines against a book without state."""
    levels: dict[str, object] = {}
    _, levels["services mix"] = _in_memory(
        services_program(), cut(services_mix(scale.batch * 2), scale.batch)
    )
    fines = road_fines()
    plain = cut(forty.events(scale.batch * scale.batches), scale.batch)
    stateless = forty_program()
    if fines is None:
        return [Figure("dependency_levels", None, 0.4, None, "no log at hand", "", "", levels)]
    most = scale.batch * scale.batches
    dated = cut(fines[:most], scale.batch)
    _, levels["road fines by date"] = _in_memory(fines_program(), dated)
    in_file = cut((road_fines(by_date=False) or [])[:most], scale.batch)
    _, levels["road fines in file order"] = _in_memory(fines_program(), in_file)
    program = fines_program()
    return [
        interleaved(
            f"dependency_levels:{name}",
            lambda batches=batches: _in_memory(program, batches)[0],
            lambda: _in_memory(stateless, plain)[0],
            count=sum(map(len, batches)),
            reference_count=sum(map(len, plain)),
            target=0.4,
            runs=scale.runs,
            conditions={"batch": scale.batch, "in memory": True, "rows by level": levels},
        )
        for name, batches in (("by_date", dated), ("file_order", in_file))
    ]


def _in_memory(program: Program, batches: Sequence[Sequence[Event]]) -> tuple[float, str]:
    book = Book.in_memory([program])
    started = time.process_time()
    for batch in batches:
        book.post([Call(events=batch)])
    seconds = time.process_time() - started
    found = book.stats.levels
    rows = [found.rows_by_level[level] for level in sorted(found.rows_by_level)]
    said = f"{len(rows)} levels, rows {rows[:12]}{' …' if len(rows) > 12 else ''}"
    return seconds, f"{said}, runs {found.runs}, rows in order {found.rows_in_order}"


# ------------------------------------------------------------------------ append, growth


def append_p99(scale: Scale) -> list[Figure]:
    """Append of a commit of 100 events: p50 and p99 alone, and beside a busy projector."""
    count = 60 if scale.quick else 500
    with folder() as path:
        book = new_book(path, forty.FOLDER)
        post_all(book, cut(forty.events(scale.batch * 2, seed=9), scale.batch))
        alone = _append_millis(book, cut(forty.events(count * 100, seed=2), 100))
        stop = threading.Event()
        thread = threading.Thread(target=_project_again, args=(path, stop))
        thread.start()
        beside = _append_millis(book, cut(forty.events(count * 100, seed=3), 100))
        stop.set()
        thread.join()
        total = scale.batch * 2 + count * 200 + 1
        book.close()
        if count_stored(path) != total:
            raise RuntimeError("events are missing")
    p99, p99_beside = _percentile(alone, 99), _percentile(beside, 99)
    return [
        Figure(
            "append_p99_beside_projector",
            round(p99_beside / p99, 2),
            3,
            p99_beside <= 3 * p99,
            f"p50 {_percentile(beside, 50):.2f} ms, p99 {p99_beside:.2f} ms beside a projector",
            f"p50 {_percentile(alone, 50):.2f} ms, p99 {p99:.2f} ms alone",
            "one run of each",
            {
                "commits": count,
                "events a commit": 100,
                "clock": "wall, append only",
                "ratio_of": "times",
                "bound_by": "fsync, Arrow encoding of a small commit; the interpreter lock beside "
                "the projector",
            },
        )
    ]


def _append_millis(book: Book, batches: Sequence[Sequence[Event]]) -> list[float]:
    times = []
    for batch in batches:
        book.post([Call(events=batch)])
        times.append(book.stats.append_nanos / 1e6)
    return sorted(times)


def _percentile(times: Sequence[float], percent: int) -> float:
    return times[min(len(times) - 1, len(times) * percent // 100)]


def _project_again(path: Path, stop: threading.Event) -> None:
    """Works off the whole log, again and again, until told to stop."""
    store = open_store(f"sqlite:///{(path / 'book.db').as_posix()}", book_id="main", read_only=True)
    while not stop.is_set():
        projection = RowProjection(rows_path(path / "book.db"), book_id="main")
        try:
            projection.clear()
            projection.catch_up(store)
        finally:
            projection.close()
    store.close()


def growth(scale: Scale) -> list[Figure]:
    """Posting to a book that holds many events against posting to one that holds few."""
    few, many = (2_000, 20_000) if scale.quick else (10_000, 200_000)
    events = forty.events(many + scale.batch * scale.runs * 2)
    with folder() as small, folder() as large:
        books = [new_book(small, forty.FOLDER), new_book(large, forty.FOLDER)]
        post_all(books[0], cut(events[:few], 10_000))
        post_all(books[1], cut(events[:many], 10_000))
        later = iter(cut(events[many:], scale.batch))
        pairs, rates = [], ([], [])
        for _ in range(scale.runs):
            seconds = []
            for book, batch in ((books[0], next(later)), (books[1], next(later))):
                seconds.append(timed(lambda b=book, e=batch: post_all(b, [e]), time.process_time))
            pairs.append(seconds[0] / seconds[1])
            for part, taken in zip(rates, seconds, strict=True):
                part.append(scale.batch / taken)
        for book in books:
            book.close()
        if count_stored(large) != many + scale.batch * scale.runs + 1:
            raise RuntimeError("events are missing")
    ratio = statistics.median(pairs)
    return [
        Figure(
            "growth",
            round(ratio, 3),
            0.9,
            ratio >= 0.9,
            f"{statistics.median(rates[1]):,.0f} ev/s at {many:,} stored",
            f"{statistics.median(rates[0]):,.0f} ev/s at {few:,} stored",
            f"{min(pairs):.3f}–{max(pairs):.3f}",
            {
                **_durable(scale),
                "clock": "processor",
                "target of performance.md": "10 M against 100 k",
                "bound_by": "as ingest_vs_segment_write",
            },
        )
    ]


BENCHMARKS: dict[str, Callable[[Scale], list[Figure]]] = {
    "ingest_vs_segment_write": ingest_vs_segment_write,
    "ingest_vs_naive_loop": ingest_vs_naive_loop,
    "replay_vs_ingest": replay_vs_ingest,
    "dependency_levels": dependency_levels,
    "append_p99": append_p99,
    "growth": growth,
}

__all__ = ["BENCHMARKS", "count_stored", "folder", "new_book", "write_commits"]
