"""Runs the same events through two books in memory, in step; both decide as a replay does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from engine.book import Book
from engine.calls import Call
from engine.impact.joining import Decided, Event, EventJoin
from engine.impact.report import ImpactReport, ReportMaker
from engine.impact.writer import ImpactWriter
from engine.program import NO_DATE, Program
from engine.replay import (
    DEFAULT_BATCH_EVENTS,
    LogClock,
    in_batches,
    recorded_calls,
    still_clock,
)
from engine.revisions import RuleCompiler

Progress = Callable[[int], None]


def compare_events(
    old: Program,
    new: Program,
    events: Iterable[Event],
    *,
    entities: Sequence[str] = (),
    folder: Path | None = None,
    batch_events: int = DEFAULT_BATCH_EVENTS,
    progress: Progress | None = None,
) -> ImpactReport:
    """Compares what two revisions make of the events of files, from empty books on.

    Args:
        old: the revision before.
        new: the one in question.
        events: in log order.
        entities: of the book, as for a replay.
        folder: where the files go; None = only the report.
        batch_events: events decided together; the result does not depend on it.
        progress: called with the number of events done so far.
    """
    books = tuple(
        Book.in_memory([program], entities=entities, clock=still_clock) for program in (old, new)
    )
    with ImpactWriter(folder) as writer:
        maker = ReportMaker(old.revision, new.revision, writer)
        join = EventJoin(maker.add)
        done = 0
        for batch in in_batches(events, batch_events):
            join.add(batch, *(_decide(book, [Call(events=batch)]) for book in books))
            done += len(batch)
            if progress is not None:
                progress(done)
        join.finish()
        return maker.finish()


def compare_book(
    recorded: Book,
    new: Program,
    *,
    old: Program | None = None,
    valid_from: int = NO_DATE,
    valid_until: int = NO_DATE,
    folder: Path | None = None,
    batch_events: int = DEFAULT_BATCH_EVENTS,
    progress: Progress | None = None,
) -> ImpactReport:
    """Compares what a revision would have made of a stored book's own events.

    Both sides decide the log's accepted events anew: one under the revisions they were decided
    under, the other under `new` instead, as if it had been in force from the first commit on.
    Events that were refused are not kept and so not compared.

    Args:
        recorded: the stored book, with a compiler; it is only read.
        new: the revision in question.
        old: decides every event of the old side, in place of the revisions published.
        valid_from: first business date (day) `new` decides, NO_DATE = open; dates outside stay
            with the revisions published.
        valid_until: the last one, inclusive, NO_DATE = open.
        folder: where the files go; None = only the report.
        batch_events: events decided together; the result does not depend on it.
        progress: called with the number of events done so far.
    """
    compiler = _known_first(recorded)
    clock = LogClock()
    books = tuple(Book.in_memory(compiler=compiler, clock=clock) for _ in range(2))
    if old is not None:
        books[0].prefer(old)
    books[1].prefer(new, valid_from=valid_from, valid_until=valid_until)
    published = [view.revision for view in recorded.revisions()]
    old_revision = old.revision if old is not None else (published[-1] if published else "")
    with ImpactWriter(folder) as writer:
        maker = ReportMaker(old_revision, new.revision, writer)
        join = EventJoin(maker.add)
        done = 0
        for now_us, calls in recorded_calls(recorded, batch_events):
            clock.now_us = now_us
            if not calls:
                for book in books:
                    book.tick()
            batch = [event for call in calls for event in call.events]
            join.add(batch, *(_decide(book, calls) for book in books))
            done += len(batch)
            if progress is not None:
                progress(done)
        join.finish()
        return maker.finish()


def _decide(book: Book, calls: Sequence[Call]) -> Decided:
    """Posts calls to one of the books."""
    before = book.seq
    results = [result for answer in book.post(calls) for result in answer.own]
    return Decided(results, [effects for _, effects in book.commits(before + 1)])


def _known_first(recorded: Book) -> RuleCompiler:
    """Compiles rule files; those the book has published are compiled already."""
    known = {view.files: view.revision for view in recorded.revisions()}

    def compile_files(files: Sequence[tuple[str, bytes]]) -> Program:
        revision = known.get(tuple(files))
        return recorded.program(revision) if revision else recorded.compile(files)

    return compile_files
