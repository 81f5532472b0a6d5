"""`tongpin replay`, `export`, `explain`, `verify`, `seal`, `status`: books opened directly."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from engine.book import Book, system_clock
from engine.calendar import iso_instant
from engine.effects import Status
from engine.errors import CallerError
from engine.log import open_store, sqlite_path
from engine.log.seal import load_seal_key, seal_head
from engine.receive import read_events
from engine.replay import LogClock, export_book, replay_events, replay_log, still_clock
from server.config import ServerConfig
from server.rulebooks import compile_files, read_folder
from tongpin_cli.output import EXIT_INPUT, EXIT_OK, Output
from tongpin_cli.progress import with_progress
from tongpin_cli.revision_output import revision_data, show_table

#: Name of the book in a store unless said otherwise.
BOOK_ID = "main"


def open_for_reading(store: str) -> Book:
    """Opens a stored book beside a server that may be writing it."""
    url = store or ServerConfig().store_url
    if not sqlite_path(url).exists():
        raise CallerError("NOT_FOUND", f"there is no book at {url}; name it with --store")
    return Book.open(url, compiler=compile_files, book_id=BOOK_ID, read_only=True)


def events_of(files: Sequence[Path], encoding: str) -> Iterator[Mapping[str, object]]:
    """The events of files, one file after the other."""
    for path in files:
        for chunk in read_events(path, encoding=encoding):
            yield from chunk


def replay_files(
    source: tuple[Path, list[Path], str],
    out: Path,
    batch: int,
    entities: tuple[str, ...],
    output: Output,
) -> int:
    """Replays event files under a rule book; source is (rules, files, encoding)."""
    rules, files, encoding = source
    program = compile_files(read_folder(rules))
    book = Book.in_memory([program], entities=entities, clock=still_clock)

    events = events_of(files, encoding)
    summary = with_progress(
        output,
        lambda progress: replay_events(book, events, out, batch_events=batch, progress=progress),
    )
    return _show_summary(summary, out, output)


def replay_store(store: str, out: Path, batch: int, output: Output) -> int:
    """Replays a store's own log: its commands in order, decided anew in memory."""
    recorded = open_for_reading(store)
    clock = LogClock()
    book = Book.in_memory(compiler=compile_files, clock=clock)
    summary = with_progress(
        output,
        lambda progress: replay_log(
            recorded, book, clock, out, batch_events=batch, progress=progress
        ),
    )
    recorded.close()
    return _show_summary(summary, out, output)


def export_store(store: str, out: Path, output: Output) -> int:
    """Writes a store's content as files."""
    book = open_for_reading(store)
    summary = export_book(book, out)
    book.close()
    return _show_summary(summary, out, output)


def _show_summary(summary: dict[str, object], out: Path, output: Output) -> int:
    for name, value in summary.items():
        shown = json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value
        output.text(f"{name}: {shown}")
    output.text(f"files are in {out}")
    output.data(summary)
    return EXIT_OK


def verify_store(store: str, against: Path | None, output: Output) -> int:
    """Checks a store from end to end."""
    from engine.verify import verify_book

    url = store or ServerConfig().store_url
    sealed = against.read_text(encoding="utf-8") if against is not None else ""
    report = verify_book(url, BOOK_ID, compile_files, sealed_head=sealed)
    output.data(report.to_json())
    for name, count in report.checked.items():
        output.text(f"{name:<24}{count:>12,}")
    if report.first_bad is None:
        output.text("everything verifies")
        return EXIT_OK
    bad = report.first_bad
    output.text(
        f"{bad.kind} at commit {bad.seq}, {bad.key}: expected {bad.expected}, found {bad.found}"
    )
    return EXIT_INPUT


def seal_store(store: str, out: Path | None, key: Path | None, output: Output) -> int:
    """Signs the head of the chain."""
    url = store or ServerConfig().store_url
    opened = open_store(url, book_id=BOOK_ID, read_only=True)
    key_path = key or ServerConfig().data / "seal.key"
    try:
        sealed = seal_head(opened, load_seal_key(key_path), sealed_at_us=system_clock()).to_json()
    finally:
        opened.close()
    if out is not None:
        out.write_text(sealed, encoding="utf-8")
        output.text(f"sealed head written to {out}; keep it outside this machine")
    else:
        output.text(sealed)
    output.data(json.loads(sealed))
    return EXIT_OK


def show_status(store: str, output: Output) -> int:
    """Position, revisions, counts and waiting events of a book."""
    book = open_for_reading(store)
    state = book.state
    reasons: dict[str, int] = {}
    for event in state.waiting.values():
        if event.status == Status.UNPOSTED:
            reasons[event.reason] = reasons.get(event.reason, 0) + 1
    data = {
        "seq": state.seq,
        "chain": state.chain.hex(),
        "sealed_at": iso_instant(state.sealed_at_us),
        "events": state.event_count,
        "received": dict(sorted(state.counters.items())),
        "unposted": reasons,
        "publishing": book.publishing.name.lower(),
        "revisions": [entry.revision for entry in state.revisions],
        "closed_periods": sorted(f"{entity} {period}" for entity, period in state.closed_periods),
        "snapshot": book.snapshot_note or "used",
    }
    publications = [revision_data(view) for view in reversed(book.publications())]
    book.close()
    for name, value in data.items():
        output.text(f"{name:<16}{value}")
    show_table(publications, output)
    output.data({**data, "publications": publications})
    return EXIT_INPUT if reasons else EXIT_OK
