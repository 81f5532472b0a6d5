"""The events of a commit: identities, statuses, counts and places in streams.

Works on the commit and the state before it; no rule is looked at.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.calls import EVENT_RETRIED, EVENT_WITHDRAWN, HOLD_DECIDED, VOUCHER_REVIEWED
from engine.effects import (
    BUDGET_DECISIONS,
    BUDGET_MOVES,
    CALL_RESULTS,
    COMMANDS,
    DRAFTS,
    REVIEWS,
    STATUS_CHANGES,
    VOUCHERS,
    Status,
)
from engine.history import Commits
from engine.receive import identity
from engine.state.book_state import BookState, StreamState
from engine.verify.contents import WAITING, StoredEvents, offsets, waiting_events
from engine.verify.view import CommitView, Int64s

_NEW = StreamState()

#: What a command may turn a waiting event into.
_DECIDED_AGAIN = frozenset(
    {Status.POSTED, Status.NO_POSTING, Status.PENDING_REVIEW, Status.UNPOSTED, Status.HELD}
)
_SETTLES = {
    EVENT_RETRIED: _DECIDED_AGAIN,
    EVENT_WITHDRAWN: frozenset({Status.WITHDRAWN}),
    HOLD_DECIDED: _DECIDED_AGAIN | {Status.WITHDRAWN},
    VOUCHER_REVIEWED: frozenset({Status.POSTED, Status.UNPOSTED}),
}

#: What a tick may hold: soft holds expire.
_OF_TIME = frozenset({BUDGET_MOVES.name, BUDGET_DECISIONS.name})


def check_events(
    view: CommitView, stored: StoredEvents, state: BookState, commits: Commits
) -> None:
    """Checks the events of a commit against each other and against those before."""
    if view.header.kind == "tick":
        for name in view.effects.tables.keys() - _OF_TIME:
            if view.count(name):
                expected = "what expires, alone in a tick"
                raise view.differs("HEADER_MISMATCH", view.header.kind, expected, name)
    _check_counters(view)
    _check_streams(view, state)
    if view.count(CALL_RESULTS.name):
        _check_repeats(view, state)
    if not view.count(COMMANDS.name):
        return
    _check_identities(view)
    _check_principals(view)
    _check_taken(view, stored, state, commits)
    _check_vouchers_of_events(view)
    if view.count(STATUS_CHANGES.name):
        _check_changes(view, state)


def _check_identities(view: CommitView) -> None:
    table = COMMANDS.name
    identities, contents = view.blobs(table, "identity"), view.blobs(table, "content")
    names = zip(view.text(table, "source"), view.text(table, "event_id"), strict=True)
    statuses = view.numbers(table, "status")
    for row, (source, event_id) in enumerate(names):
        if identity(source, event_id) != identities[row]:
            expected = identity(source, event_id).hex()
            raise view.differs("EVENT_IDENTITY", view.event(row), expected, identities[row].hex())
        if contents[row] and not Status(statuses[row]).takes_identity:
            found = f"{len(contents[row])} bytes"
            raise view.differs("EVENT_CONTENT", view.event(row), "none of a refused event", found)


def _check_principals(view: CommitView) -> None:
    """Streams and attempts are named after the principal whose they are."""
    table = COMMANDS.name
    streams, principals = view.ints(table, "stream"), view.ints(table, "principal")
    pairs, rows = np.unique(np.stack([streams, principals], axis=1), axis=0, return_index=True)
    texts = view.effects.strings
    for (stream, principal), row in zip(pairs.tolist(), rows.tolist(), strict=True):
        owner = f"{texts[stream][:2]}{texts[principal]}:" if stream >= 0 else ""
        if stream >= 0 and not texts[stream].startswith(owner):
            raise view.differs(
                "PRINCIPAL", view.event(row), f"of {texts[stream]}", texts[principal]
            )


def _check_taken(
    view: CommitView, stored: StoredEvents, state: BookState, commits: Commits
) -> None:
    """No identity belongs to two events, unless the first was withdrawn before."""
    identities = view.blobs(COMMANDS.name, "identity")
    taken = [identities[row] for row in stored.rows]
    if len(set(taken)) != len(taken):
        seen: set[bytes] = set()
        for row in stored.rows:
            if identities[row] in seen:
                raise view.differs("EVENT_TWICE", view.event(row), "one event", "two in a commit")
            seen.add(identities[row])
    found = state.identities.find_many(taken)
    for place, ordinal in zip(found.rows.tolist(), found.positions.tolist(), strict=True):
        settled = state.settled.get(ordinal)
        if settled is not None and settled[0] == Status.WITHDRAWN:
            continue
        seq, row = state.place_of(ordinal)
        earlier = commits.get(seq)[1].tables[COMMANDS.name].blobs("identity")[row]
        if earlier == taken[place]:
            name = view.event(stored.rows[place])
            raise view.differs("EVENT_TWICE", name, "one event", f"another in commit {seq}")


def _check_vouchers_of_events(view: CommitView) -> None:
    """An event is POSTED if and only if it has vouchers and no drafts, and counts them right.

    One of which a voucher waits for a review has drafts, and may have vouchers besides.
    """
    table = COMMANDS.name
    rows = view.count(table)
    owners = np.zeros(0, dtype=np.int64)
    if view.count(VOUCHERS.name):
        owners = view.ints(VOUCHERS.name, "command")
    made = np.bincount(owners, minlength=rows)
    own = np.bincount(owners[_is_own(view, owners)], minlength=rows)
    statuses = view.ints(table, "status")
    _check_drafts_of_events(view, statuses)
    posted = statuses == Status.POSTED
    wrong = np.flatnonzero((posted != (own > 0)) & (statuses != Status.PENDING_REVIEW))
    if len(wrong):
        row = int(wrong[0])
        expected = "vouchers of a POSTED event" if posted[row] else "no voucher, as not POSTED"
        raise view.differs("EVENT_STATUS", view.event(row), expected, f"{own[row]} vouchers")
    counts = view.ints(table, "voucher_count")
    wrong = np.flatnonzero(counts != made)
    if len(wrong):
        row = int(wrong[0])
        raise view.differs("VOUCHER_COUNT", view.event(row), made[row], counts[row])


def _check_drafts_of_events(view: CommitView, statuses: Int64s) -> None:
    """Drafts are of events that wait for a review, by their own command or one that retries."""
    pending = {
        (row, view.event(row)) for row in np.flatnonzero(statuses == Status.PENDING_REVIEW).tolist()
    }
    pending |= {
        (command, f"{source}/{event_id}")
        for command, source, event_id in _changed_to(view, Status.PENDING_REVIEW)
    }
    drafted: set[tuple[int, str]] = set()
    if view.count(DRAFTS.name):
        names = zip(
            view.text(DRAFTS.name, "source"), view.text(DRAFTS.name, "event_id"), strict=True
        )
        commands = view.numbers(DRAFTS.name, "command")
        drafted = {(c, f"{s}/{e}") for c, (s, e) in zip(commands, names, strict=True)}
    for _, name in sorted(pending ^ drafted):
        expected = "drafts, and the status PENDING_REVIEW, or neither"
        raise view.differs("EVENT_STATUS", name, expected, "one of them")


def _is_own(view: CommitView, owners: Int64s) -> npt.NDArray[np.bool_]:
    """Which vouchers belong to the event of their command; the others to retried events."""
    mask = np.ones(len(owners), dtype=np.bool_)
    for name in ("source", "event_id"):
        if len(owners):
            mask &= view.ints(VOUCHERS.name, name) == view.ints(COMMANDS.name, name)[owners]
    posted = _changed_to(view, Status.POSTED)
    reviewed = _approved(view)
    may_post = posted | reviewed | _changed_to(view, Status.PENDING_REVIEW)
    made = set()
    for row in np.flatnonzero(~mask).tolist():
        source = view.text(VOUCHERS.name, "source")[row]
        event_id = view.text(VOUCHERS.name, "event_id")[row]
        retried = (int(owners[row]), source, event_id)
        if retried not in may_post:
            expected = view.event(int(owners[row]))
            raise view.differs("VOUCHER_EVENT", view.voucher(row), expected, f"{source}/{event_id}")
        made.add(retried)
    for _, source, event_id in sorted((posted | reviewed) - made):
        name = f"{source}/{event_id}"
        raise view.differs("EVENT_STATUS", name, "vouchers of a POSTED event", "0 vouchers")
    return mask


def _approved(view: CommitView) -> set[tuple[int, str, str]]:
    """Command, source and id of events of which a review posted a draft."""
    if not view.count(REVIEWS.name):
        return set()
    table = REVIEWS.name
    rows = zip(
        view.numbers(table, "command"),
        view.text(table, "source"),
        view.text(table, "event_id"),
        view.numbers(table, "approved"),
        strict=True,
    )
    return {(command, source, name) for command, source, name, approved in rows if approved}


def _changed_to(view: CommitView, status: Status) -> set[tuple[int, str, str]]:
    """Command, source and id of events that a command of this commit gave a status."""
    if not view.count(STATUS_CHANGES.name):
        return set()
    table = STATUS_CHANGES.name
    rows = zip(
        view.numbers(table, "command"),
        view.text(table, "source"),
        view.text(table, "event_id"),
        view.numbers(table, "status"),
        strict=True,
    )
    return {(command, source, name) for command, source, name, s in rows if s == status}


def _check_changes(view: CommitView, state: BookState) -> None:
    """Only events that wait are decided again, by a command for that, and settled once."""
    waiting = waiting_events(view, state)
    table = STATUS_CHANGES.name
    types = view.text(COMMANDS.name, "type")
    statuses = view.numbers(COMMANDS.name, "status")
    rows = zip(
        view.numbers(table, "command"),
        view.text(table, "source"),
        view.text(table, "event_id"),
        view.numbers(table, "status"),
        strict=True,
    )
    for command, source, event_id, status in rows:
        name = f"{source}/{event_id}"
        event = waiting.get((source, event_id))
        if event is None or (event.seq == view.seq and event.row > command):
            raise view.differs("STATUS_CHANGE", name, "an event that waits", "none")
        permitted = _SETTLES.get(types[command], frozenset())
        if status not in permitted or statuses[command] != Status.NO_POSTING:
            expected = f"a change by {view.event(command)}, {types[command]}"
            raise view.differs("STATUS_CHANGE", name, expected, Status(status).name)
        if status not in WAITING:
            del waiting[source, event_id]


def _check_counters(view: CommitView) -> None:
    """The header counts what was received: at least what the commit holds of each status."""
    decided = _count_by_status(view, COMMANDS.name)
    noted = _count_by_status(view, CALL_RESULTS.name)
    for name, count in view.header.counters.items():
        if name not in Status.__members__ or count < 0:
            raise view.differs("COUNTERS", name, "a count of a status", count)
    for status in Status:
        counted = view.header.counters.get(status.name, 0)
        if status.is_stored and counted != decided[status]:
            raise view.differs("COUNTERS", status.name, decided[status], counted)
        if counted < noted[status]:
            raise view.differs("COUNTERS", status.name, f"at least {noted[status]}", counted)


def _check_repeats(view: CommitView, state: BookState) -> None:
    """A duplicate, or an event in conflict, names the place of the event it repeats."""
    table = CALL_RESULTS.name
    rows = zip(
        view.text(table, "source"),
        view.text(table, "event_id"),
        view.numbers(table, "status"),
        view.numbers(table, "first_seq"),
        view.numbers(table, "first_row"),
        strict=True,
    )
    for source, event_id, status, first_seq, first_row in rows:
        name = f"{source}/{event_id}"
        if status not in {Status.DUPLICATE, Status.CONFLICT}:
            known = {(0, -1)}
        elif first_seq == view.seq:
            taken = range(view.count(COMMANDS.name))
            known = {(view.seq, row) for row in taken if view.event(row) == name}
        else:
            positions = state.identities.find(identity(source, event_id))
            known = {state.place_of(ordinal) for ordinal in positions}
            if status == Status.CONFLICT:  # with an event of this same commit
                known.add((0, -1))
        if (first_seq, first_row) not in known:
            found = f"commit {first_seq} row {first_row}"
            raise view.differs("REPEATED_PLACE", name, sorted(known), found)


def _count_by_status(view: CommitView, table: str) -> list[int]:
    most = max(Status) + 1
    if not view.count(table):
        return [0] * most
    counts: list[int] = np.bincount(view.ints(table, "status"), minlength=most).tolist()
    return counts


def _check_streams(view: CommitView, state: BookState) -> None:
    """Each stream goes on with its next offset, and every event of an offset is there once."""
    tables = [name for name in (COMMANDS.name, CALL_RESULTS.name) if view.count(name)]
    if not tables:
        return
    places = np.concatenate([offsets(view, name) for name in tables])
    loose = places[(places[:, 0] < 0) & (places[:, 1] != -1)]
    if len(loose):
        raise view.differs("STREAM_PLACE", "no stream", "offset -1", f"offset {loose[0, 1]}")
    places = places[places[:, 0] >= 0]
    if not len(places):
        return
    order = np.lexsort((places[:, 2], places[:, 1], places[:, 0]))
    strings = view.effects.strings
    before: dict[int, tuple[int, int]] = {}
    for code, offset, index in places[order].tolist():
        name = strings[code]
        if name.startswith("a:"):  # of an attempt not every event leaves a row
            if offset:
                raise view.differs("STREAM_PLACE", name, "offset 0 of an attempt", offset)
            continue
        last, last_index = before.get(code) or (state.streams.get(name, _NEW).last_offset, -2)
        if (offset, index) not in {(last, last_index + 1), (last + 1, 0)}:
            wanted = f"offset {last}, event {last_index + 1}, or offset {last + 1}"
            raise view.differs("STREAM_PLACE", name, wanted, f"offset {offset}, event {index}")
        before[code] = (offset, index)
