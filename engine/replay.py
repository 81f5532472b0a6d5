"""Replays event files, or a stored log, into the files of `engine.output`; no server needed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from engine.book import Book
from engine.calls import REVISION_PUBLISHED, SYSTEM_TYPES, BudgetNodeView, Call, EventResult
from engine.columns import EffectBatch
from engine.effects import CALL_RESULTS, COMMANDS, Status
from engine.output import OutputWriter, ResultRow
from engine.program import Program

#: Events decided together where the caller does not say.
DEFAULT_BATCH_EVENTS = 10_000

#: Budget nodes read at once. Reading a page looks at all of them, so that pages are large.
_PAGE_NODES = 1_000_000

Event = Mapping[str, object]


def replay_events(
    book: Book,
    events: Iterable[Event],
    folder: Path,
    *,
    batch_events: int = DEFAULT_BATCH_EVENTS,
    progress: Callable[[int], None] | None = None,
    programs: Sequence[Program] = (),
) -> dict[str, object]:
    """Posts events in order to a book in memory and writes what they become.

    Args:
        book: a fresh book, its revisions in force.
        events: in log order.
        folder: where the files go.
        batch_events: events decided together; the result does not depend on it.
        progress: called with the number of events done so far.
        programs: those the events themselves publish, whose dimensions and budgets get columns.

    Returns:
        The summary, as written to `summary.json`.
    """
    writer = _writer([*_programs(book), *programs], folder)
    done, seq = 0, book.seq
    started = time.perf_counter_ns()
    for batch in in_batches(events, batch_events):
        answer = book.post([Call(events=batch)])[0]
        writer.add_results(_result_rows(done, batch, answer.results))
        for _, effects in book.commits(seq + 1):
            writer.add_effects(effects)
        seq = book.seq
        done += len(batch)
        if progress is not None:
            progress(done)
    nanos = max(1, time.perf_counter_ns() - started)
    return writer.finish(
        book.trial_balance(),
        {"events_per_second": done * 1_000_000_000 // nanos, **_revisions(book)},
        _budget_nodes(book),
    )


def export_book(book: Book, folder: Path) -> dict[str, object]:
    """Writes the same files from a book's log; each stored or noted result is an input."""
    writer = _writer(_programs(book), folder)
    done = 0
    for _, effects in book.commits():
        rows = list(_stored_results(effects, done))
        writer.add_results(rows)
        writer.add_effects(effects)
        done += len(rows)
    return writer.finish(book.trial_balance(), _revisions(book), _budget_nodes(book))


def in_batches(events: Iterable[Event], size: int) -> Iterator[list[Event]]:
    """Cuts events into batches without cutting a group.

    In a file a group is an unbroken run of events with one `group_id`; a later run of the same
    id is a group of its own, so that batches of any size give the same result. A publication
    stands alone, since what comes after it is decided under its rules.
    """
    batch: list[Event] = []
    run, group = 0, None
    for event in events:
        own = event.get("group_id")
        if event.get("type") == REVISION_PUBLISHED:
            if batch:
                yield batch
            yield [event]
            batch, group = [], None
            continue
        if own != group:
            run, group = run + 1, own
            if len(batch) >= size:
                yield batch
                batch = []
        elif own is None and len(batch) >= size:
            yield batch
            batch = []
        batch.append({**event, "group_id": f"{own}#{run}"} if isinstance(own, str) else event)
    if batch:
        yield batch


def _writer(programs: Sequence[Program], folder: Path) -> OutputWriter:
    wires = sorted({part.wire for program in programs for part in program.dimensions})
    scale = max((ledger.scale for p in programs for ledger in p.ledgers), default=2)
    budget_scales = {budget.wire: budget.scale for p in programs for budget in p.budgets}
    return OutputWriter(folder, dimensions=wires, scale=scale, budget_scales=budget_scales)


def _budget_nodes(book: Book) -> Iterator[BudgetNodeView]:
    after = ""
    while True:
        nodes, after = book.budget_nodes(after=after, limit=_PAGE_NODES)
        yield from nodes
        if not after:
            return


def _programs(book: Book) -> list[Program]:
    return [book.program(view.revision) for view in book.revisions()]


def _revisions(book: Book) -> dict[str, object]:
    revisions = [view.revision for view in book.revisions()]
    return {"revision": revisions[-1] if revisions else "", "revisions": revisions}


def _result_rows(
    done: int, batch: Sequence[Event], results: Sequence[EventResult]
) -> Iterator[ResultRow]:
    for index, (event, result) in enumerate(zip(batch, results, strict=True)):
        kind = event.get("type")
        yield (
            done + index + 1,
            result.source,
            result.event_id,
            kind if isinstance(kind, str) else "",
            result.status,
            result.reason,
            result.message,
        )


def _stored_results(effects: EffectBatch, done: int) -> Iterator[ResultRow]:
    """Results of a commit in the order of the calls, publications left out."""
    rows: list[tuple[tuple[str, int, int, int], tuple[str, str, str, Status, str, str]]] = []
    commands = effects.tables.get(COMMANDS.name)
    if commands is not None:
        texts = {
            name: effects.text(COMMANDS.name, name)
            for name in ("source", "event_id", "type", "reason", "message", "stream")
        }
        offsets = commands.ints("offset").tolist()
        indices = commands.ints("offset_index").tolist()
        for row, status in enumerate(commands.ints("status").tolist()):
            if texts["type"][row] in SYSTEM_TYPES and texts["source"][row] == "tongpin":
                continue
            rows.append(
                (
                    (texts["stream"][row], offsets[row], indices[row], row),
                    (
                        texts["source"][row],
                        texts["event_id"][row],
                        texts["type"][row],
                        Status(status),
                        texts["reason"][row],
                        texts["message"][row],
                    ),
                )
            )
    rows.extend(_noted_results(effects))
    if all(place[1] >= 0 for place, _ in rows):
        rows.sort(key=lambda item: item[0][1:3])
    for index, (_, row_values) in enumerate(rows):
        yield (done + index + 1, *row_values)


def _noted_results(
    effects: EffectBatch,
) -> Iterator[tuple[tuple[str, int, int, int], tuple[str, str, str, Status, str, str]]]:
    table = effects.tables.get(CALL_RESULTS.name)
    if table is None:
        return
    texts = {
        name: effects.text(CALL_RESULTS.name, name)
        for name in ("source", "event_id", "type", "reason", "message", "stream")
    }
    offsets, indices = table.ints("offset").tolist(), table.ints("offset_index").tolist()
    for row, status in enumerate(table.ints("status").tolist()):
        yield (
            (texts["stream"][row], offsets[row], indices[row], row),
            (
                texts["source"][row],
                texts["event_id"][row],
                texts["type"][row],
                Status(status),
                texts["reason"][row],
                texts["message"][row],
            ),
        )
