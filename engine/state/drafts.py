"""Folds drafts and reviews into the state: which vouchers wait, and what was written over since.

Contains no rule; part of `engine.apply`.
"""

from __future__ import annotations

from engine.columns import EffectBatch
from engine.effects import COMMANDS, DRAFTS, RECORDS, REVIEWS, UNDO, UndoKind
from engine.state.book_state import BookState, DraftedEvent, OpenDraft

#: Source and id of an event.
EventName = tuple[str, str]


def apply_reviews(state: BookState, seq: int, effects: EffectBatch) -> None:
    """Closes the drafts that a commit decides on; before its status changes are applied.

    Args:
        state: changed.
        seq: of the commit.
        effects: of the commit.
    """
    if REVIEWS.name not in effects.tables:
        return
    table = effects.tables[REVIEWS.name]
    ordinals = {(event.source, event.event_id): o for o, event in state.waiting.items()}
    for source, event_id, draft, approved in zip(
        effects.text(REVIEWS.name, "source"),
        effects.text(REVIEWS.name, "event_id"),
        table.ints("draft").tolist(),
        table.ints("approved").tolist(),
        strict=True,
    ):
        name = (source, event_id)
        if not approved:
            _take_back(state, name)
            continue
        event, ordinal = state.drafts[name], ordinals[name]
        del event.drafts[draft]
        if not event.drafts:
            del state.drafts[name]
        waiting = state.waiting[ordinal]
        before = (waiting.decided_in,) if waiting.decided_in else ()
        posted = state.reviewed.get(ordinal, before)
        if seq not in posted:
            state.reviewed[ordinal] = (*posted, seq)


def _take_back(state: BookState, name: EventName) -> None:
    """Forgets an event's drafts, and that it wrote over what others had written."""
    state.drafts.pop(name, None)
    shown = "/".join(name)
    for other in state.drafts.values():
        for writers in other.records.values():
            while shown in writers:
                writers.remove(shown)


def apply_drafts(state: BookState, seq: int, effects: EffectBatch) -> None:
    """Enters the drafts of a commit, and notes who writes over records of events with drafts.

    Args:
        state: changed; the commit's records were applied.
        seq: of the commit.
        effects: of the commit.
    """
    if DRAFTS.name in effects.tables:
        _enter(state, seq, effects)
    if state.drafts and RECORDS.name in effects.tables:
        _note_writers(state, effects, _written(state, effects))


def _enter(state: BookState, seq: int, effects: EffectBatch) -> None:
    name, table = DRAFTS.name, effects.tables[DRAFTS.name]
    rows = zip(
        effects.text(name, "source"),
        effects.text(name, "event_id"),
        table.ints("draft").tolist(),
        effects.text(name, "role"),
        effects.text(name, "entity"),
        table.ints("period").tolist(),
        strict=True,
    )
    for row, (source, event_id, draft, role, entity, period) in enumerate(rows):
        event = state.drafts.setdefault((source, event_id), DraftedEvent(seq))
        event.drafts[draft] = OpenDraft(row, role, entity, period)


def _written(state: BookState, effects: EffectBatch) -> dict[tuple[int, str, str], list[EventName]]:
    """(command, record, key) -> events with drafts that this commit's row writes for."""
    found: dict[tuple[int, str, str], list[EventName]] = {}
    if UNDO.name not in effects.tables:
        return found
    name, table = UNDO.name, effects.tables[UNDO.name]
    rows = zip(
        table.ints("command").tolist(),
        effects.text(name, "source"),
        effects.text(name, "event_id"),
        table.ints("kind").tolist(),
        effects.text(name, "name"),
        effects.text(name, "key"),
        strict=True,
    )
    for command, source, event_id, kind, record, key in rows:
        if kind == UndoKind.RECORD:
            owners = found.setdefault((command, record, key), [])
            if (source, event_id) not in owners:
                owners.append((source, event_id))
    return found


def _note_writers(
    state: BookState,
    effects: EffectBatch,
    written: dict[tuple[int, str, str], list[EventName]],
) -> None:
    """Walks the records of a commit in log order.

    Several events that one command decides again stand in one place of it, in their order.
    """
    restoring = _restoring(effects)
    sources = effects.text(COMMANDS.name, "source")
    ids = effects.text(COMMANDS.name, "event_id")
    table = effects.tables[RECORDS.name]
    rows = zip(
        table.ints("command").tolist(),
        effects.text(RECORDS.name, "record"),
        effects.text(RECORDS.name, "key"),
        strict=True,
    )
    seen: set[tuple[int, str, str]] = set()
    for command, record, key in rows:
        place = (command, record, key)
        if place in seen or command in restoring:
            continue
        seen.add(place)
        owners = written.get(place, [])
        for writer in owners or [(sources[command], ids[command])]:
            for name, event in state.drafts.items():
                if name != writer and (record, key) in event.records:
                    event.records[record, key].append("/".join(writer))
            if writer in state.drafts and owners:
                state.drafts[writer].records.setdefault((record, key), [])


def _restoring(effects: EffectBatch) -> set[int]:
    """Commands that take an event back; what they write is what was there before it."""
    if REVIEWS.name not in effects.tables:
        return set()
    table = effects.tables[REVIEWS.name]
    rows = zip(table.ints("command").tolist(), table.ints("approved").tolist(), strict=True)
    return {command for command, approved in rows if not approved}
