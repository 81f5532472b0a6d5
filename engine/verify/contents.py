"""The stored events of a commit read again from their content, as any event is received."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import numpy as np

from engine.batch import ReceivedBatch
from engine.calendar import iso_day
from engine.effects import COMMANDS, STATUS_CHANGES, Status
from engine.receive import receive_rows
from engine.state.book_state import BookState
from engine.strings import BatchStrings, StringPool
from engine.verify.view import CommitView

#: Statuses of events that are decided later.
WAITING = (Status.PENDING_REVIEW, Status.HELD, Status.UNPOSTED)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Commit and row of an event that waits, and its status."""

    seq: int
    row: int
    status: Status


@dataclass(frozen=True, slots=True)
class StoredEvents:
    """Accepted events of a commit.

    Attributes:
        rows: their rows in COMMANDS, ascending.
        received: the same events in the same order, read from their content.
    """

    rows: list[int]
    received: ReceivedBatch


def read_contents(view: CommitView, pool: StringPool) -> StoredEvents:
    """Reads the content of every accepted event and checks it against the event's row."""
    table = COMMANDS.name
    strings = BatchStrings(pool)
    statuses = view.numbers(table, "status") if view.count(table) else []
    rows = [row for row, status in enumerate(statuses) if Status(status).takes_identity]
    contents = view.blobs(table, "content") if rows else []
    fields = [_decoded(view, row, contents[row]) for row in rows]
    received = receive_rows(fields, pool, default_entity="", strings=strings)
    stored = StoredEvents(rows, received)
    if rows:
        _check_rows(view, stored, contents)
        entities = view.text(table, "entity")
        received.entities[:] = strings.codes(entities[row] for row in rows)
    return stored


def _decoded(view: CommitView, row: int, content: bytes) -> Mapping[str, object]:
    try:
        fields = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise view.differs("EVENT_CONTENT", view.event(row), "a JSON object", error) from error
    if not isinstance(fields, dict):
        raise view.differs("EVENT_CONTENT", view.event(row), "a JSON object", fields)
    return fields


def _check_rows(view: CommitView, stored: StoredEvents, contents: list[bytes]) -> None:
    """The row of an event says what its content says."""
    table, received = COMMANDS.name, stored.received
    if received.problems:
        place, problem = min(received.problems.items())
        row = stored.rows[place]
        raise view.differs("EVENT_CONTENT", view.event(row), "an event in order", problem)
    hashes = view.blobs(table, "content_hash")
    entities = view.text(table, "entity")
    days = received.dates.tolist()
    told = {
        "source": received.strings.texts(received.sources),
        "event_id": received.strings.texts(received.ids),
        "type": received.strings.texts(received.types),
    }
    kept = {name: view.text(table, name) for name in told}
    kept_days = view.numbers(table, "event_date")
    for place, row in enumerate(stored.rows):
        if received.content_hashes[place] != hashes[row]:
            expected = received.content_hashes[place].hex()
            raise view.differs("EVENT_CONTENT_HASH", view.event(row), expected, hashes[row].hex())
        if received.contents[place] != contents[row]:
            shown = received.contents[place].decode(errors="replace")
            raise view.differs("EVENT_CONTENT", view.event(row), "canonical JSON", shown)
        for name, values in told.items():
            if values[place] != kept[name][row]:
                raise view.differs("EVENT_ROW", view.event(row), values[place], kept[name][row])
        if days[place] != kept_days[row]:
            expected, found = iso_day(days[place]), iso_day(kept_days[row])
            raise view.differs("EVENT_ROW", view.event(row), expected, found)
        entity = received.fields[place].get("entity", entities[row])
        if entity != entities[row]:
            raise view.differs("EVENT_ROW", view.event(row), entity, entities[row])


def waiting_events(view: CommitView, state: BookState) -> dict[tuple[str, str], Waiting]:
    """Events a commit may decide again: those that waited before it, and its own."""
    if not view.count(STATUS_CHANGES.name):
        return {}
    table = COMMANDS.name
    found = {
        (event.source, event.event_id): Waiting(event.seq, event.row, Status(event.status))
        for event in state.waiting.values()
    }
    names = zip(view.text(table, "source"), view.text(table, "event_id"), strict=True)
    statuses = view.numbers(table, "status")
    for row, name in enumerate(names):
        if statuses[row] in WAITING:
            found[name] = Waiting(view.seq, row, Status(statuses[row]))
    return found


def offsets(view: CommitView, table: str) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Stream code, offset and index of each row of a table, as int64[rows, 3]."""
    names = ("stream", "offset", "offset_index")
    return np.stack([view.ints(table, name) for name in names], axis=1)
