"""Replays event files, or a stored log, into the files of `engine.output`; no server needed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from engine.book import Book
from engine.budget.callers import roles_of_callers
from engine.calls import (
    EVENT_RETRIED,
    EVENT_WITHDRAWN,
    HOLD_DECIDED,
    PUBLICATION_TYPES,
    SYSTEM_TYPES,
    VOUCHER_REVIEWED,
    BudgetNodeView,
    Call,
    EventResult,
)
from engine.columns import EffectBatch
from engine.effects import BUDGET_MOVES, CALL_RESULTS, COMMANDS, MoveKind, Status
from engine.output import OutputWriter, ResultRow
from engine.program import Program

#: Events decided together where the caller does not say.
DEFAULT_BATCH_EVENTS = 10_000

#: Commands that look for events in the commits before.
_DECIDES_OTHERS = frozenset({EVENT_RETRIED, EVENT_WITHDRAWN, HOLD_DECIDED, VOUCHER_REVIEWED})

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
        writer.add_results(_result_rows(done, batch, answer.own))
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


@dataclass(slots=True)
class LogClock:
    """A clock that stands until it is set: the time of a recorded log, in microseconds."""

    now_us: int = 0

    def __call__(self) -> int:
        """The time it was set to last."""
        return self.now_us


def still_clock() -> int:
    """The clock of a book that event files are replayed into: nothing expires by itself."""
    return 0


def replay_log(
    recorded: Book,
    book: Book,
    clock: LogClock,
    folder: Path,
    *,
    batch_events: int = DEFAULT_BATCH_EVENTS,
    progress: Callable[[int], None] | None = None,
) -> dict[str, object]:
    """Decides a stored log's accepted events anew in memory and writes what they become.

    Soft holds expire where they did: commits in which time mattered stand alone and at their time.

    Args:
        recorded: the stored book.
        book: a fresh book without revisions, with `clock` as its clock.
        clock: set as the log goes on.
        folder: where the files go.
        batch_events: events decided together; the result does not depend on it.
        progress: called with the number of events done so far.

    Returns:
        The summary, as written to `summary.json`.
    """
    writer = _writer(_programs(recorded), folder)
    done, seq = 0, 0
    started = time.perf_counter_ns()
    for now_us, calls in recorded_calls(recorded, batch_events):
        clock.now_us = now_us
        if not calls:
            book.tick()
        for call, answer in zip(calls, book.post(calls), strict=True):
            writer.add_results(_result_rows(done, call.events, answer.own))
            done += len(call.events)
        for _, effects in book.commits(seq + 1):
            writer.add_effects(effects)
        seq = book.seq
        if progress is not None:
            progress(done)
    nanos = max(1, time.perf_counter_ns() - started)
    return writer.finish(
        book.trial_balance(),
        {"events_per_second": done * 1_000_000_000 // nanos, **_revisions(book)},
        _budget_nodes(book),
    )


def recorded_calls(recorded: Book, size: int) -> Iterator[tuple[int, list[Call]]]:
    """Log time and calls to post together; no calls: time alone passed."""
    waiting: list[Call] = []
    count, now_us = 0, 0
    for header, effects in recorded.commits():
        calls = _calls_of(effects)
        timed, has_expired = _time_matters(effects)
        decides_others = any(
            event.get("type") in _DECIDES_OTHERS for call in calls for event in call.events
        )
        if waiting and (timed or decides_others or count >= size):
            yield now_us, waiting
            waiting, count = [], 0
        if timed:
            now_us = header.sealed_at_us
            if calls or has_expired:
                yield now_us, calls
        else:
            waiting += calls
            count += sum(len(call.events) for call in calls)
    if waiting:
        yield now_us, waiting


def _time_matters(effects: EffectBatch) -> tuple[bool, bool]:
    """Whether soft holds were made, changed or expired in a commit; and whether any expired."""
    table = effects.tables.get(BUDGET_MOVES.name)
    if table is None or not table.count:
        return False, False
    has_expired = bool((table.ints("kind") == MoveKind.EXPIRE).any())
    return has_expired or bool(table.ints("expires_us").any()), has_expired


def _calls_of(effects: EffectBatch) -> list[Call]:
    """The accepted events of a commit as calls of those who sent them."""
    commands = effects.tables.get(COMMANDS.name)
    if commands is None:
        return []
    name = COMMANDS.name
    calls: list[Call] = []
    held: list[Event] = []
    before: object = None
    rows = zip(
        effects.text(name, "source"),
        effects.text(name, "entity"),
        effects.text(name, "type"),
        effects.text(name, "principal"),
        roles_of_callers(effects),
        commands.blobs("content"),
        strict=True,
    )
    for source, entity, kind, principal, roles, content in rows:
        if not content:
            continue
        event = {"source": source, "entity": entity, **msgspec.json.decode(content)}
        caller = (principal, roles)
        if kind in PUBLICATION_TYPES or caller != before:
            held = []
            calls.append(Call(events=held, principal=principal, budget_roles=roles))
        before = None if kind in PUBLICATION_TYPES else caller
        held.append(event)
    return calls


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
    stands alone, since what comes after it is decided under its rules; a command that decides
    other events again begins a batch, since it looks for them in the commits before.
    """
    batch: list[Event] = []
    run, group = 0, None
    for event in events:
        own = event.get("group_id")
        if str(event.get("type")) in PUBLICATION_TYPES:
            if batch:
                yield batch
            yield [event]
            batch, group = [], None
            continue
        may_cut = own is None or own != group
        if own != group:
            run, group = run + 1, own
        decides_others = own is None and event.get("type") in _DECIDES_OTHERS
        if batch and (decides_others or (may_cut and len(batch) >= size)):
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
