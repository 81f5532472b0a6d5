"""Folds into the state which revisions are proposed, in force, withdrawn, and how often used."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from engine.columns import EffectBatch
from engine.effects import (
    COMMANDS,
    PUBLISHING,
    REVISION_STEPS,
    REVISIONS,
    STATUS_CHANGES,
    RevisionStep,
)
from engine.errors import InvariantBroken
from engine.log.header import CommitHeader
from engine.state.book_state import BookState, RevisionEntry


def apply_publications(state: BookState, header: CommitHeader, effects: EffectBatch) -> None:
    """Folds what a commit says about revisions into the state.

    Args:
        state: changed in place; a commit's uses count for the revisions in force before it.
        header: of the commit.
        effects: of the commit.
    """
    published: dict[int, tuple[str, int, int]] = {}
    if REVISIONS.name in effects.tables:
        table = effects.tables[REVISIONS.name]
        published = {
            row: (revision, first, last)
            for row, revision, first, last in zip(
                table.ints("command").tolist(),
                effects.text(REVISIONS.name, "revision"),
                table.ints("valid_from").tolist(),
                table.ints("valid_until").tolist(),
                strict=True,
            )
        }
    own = {revision for revision, _, _ in published.values()}
    _count_uses(state, header, effects, own)
    _apply_steps(state, header, effects, published)
    for row, (revision, first, last) in published.items():
        entry = RevisionEntry(revision, header.seq, row, first, last, header.seq, row)
        state.revisions.append(_named(entry, effects))
    if PUBLISHING.name in effects.tables:
        state.publishing = int(effects.tables[PUBLISHING.name].ints("mode")[-1])


def _count_uses(
    state: BookState, header: CommitHeader, effects: EffectBatch, own: set[str]
) -> None:
    if not state.revisions:
        return
    counts: Counter[tuple[str, int | None]] = Counter()
    if COMMANDS.name in effects.tables:
        table = effects.tables[COMMANDS.name]
        pairs = zip(table.ints("revision").tolist(), table.ints("event_date").tolist(), strict=True)
        for (code, day), count in Counter(pairs).items():
            if code >= 0:
                counts[effects.strings[code], day] += count
    if STATUS_CHANGES.name in effects.tables:
        for code in effects.tables[STATUS_CHANGES.name].ints("revision").tolist():
            if code >= 0:
                counts[effects.strings[code], None] += 1
    counted = {revision for revision, _ in counts} | own
    for revision in header.revisions:
        if revision not in counted:  # a budget command, which uses the rules of no event
            counts[revision, None] = 0
    for (revision, day), count in counts.items():
        _use(state, header.seq, revision, day, count)


def _use(state: BookState, seq: int, revision: str, day: int | None, count: int) -> None:
    """Counts for the newest publication of the revision that holds the day."""
    for place in range(len(state.revisions) - 1, -1, -1):
        entry = state.revisions[place]
        fits = entry.revision == revision and not entry.withdrawn_seq
        if fits and (day is None or entry.holds(day)):
            first = entry.first_use_seq or seq
            state.revisions[place] = replace(entry, uses=entry.uses + count, first_use_seq=first)
            return


def _apply_steps(
    state: BookState,
    header: CommitHeader,
    effects: EffectBatch,
    published: dict[int, tuple[str, int, int]],
) -> None:
    """Folds the steps; takes from `published` the rows that approve a proposal."""
    if REVISION_STEPS.name not in effects.tables:
        return
    table = effects.tables[REVISION_STEPS.name]
    columns = ("command", "step", "of_seq", "of_row", "valid_from", "valid_until")
    numbers = zip(*(table.ints(name).tolist() for name in columns), strict=True)
    revisions = effects.text(REVISION_STEPS.name, "revision")
    for revision, (row, step, of_seq, of_row, first, last) in zip(revisions, numbers, strict=True):
        place = (of_seq, of_row)
        if step == RevisionStep.PROPOSED:
            entry = RevisionEntry(revision, 0, -1, first, last, header.seq, row)
            state.proposals.append(_named(entry, effects))
        elif step == RevisionStep.APPROVED:
            published.pop(row, None)
            found = _find(state.proposals, place)
            if found < 0:
                raise InvariantBroken("no proposal stands at this place", *place)
            entry = state.proposals.pop(found)
            state.revisions.append(replace(entry, seq=header.seq, row=row))
        else:
            for entries in (state.proposals, state.revisions):
                found = _find(entries, place)
                if found >= 0:
                    entries[found] = replace(
                        entries[found], withdrawn_seq=header.seq, withdrawn_row=row
                    )


def _find(entries: list[RevisionEntry], place: tuple[int, int]) -> int:
    """Index of the entry whose files stand at a place of the log, -1 if there is none."""
    places = ((entry.source_seq, entry.source_row) for entry in entries)
    return next((index for index, found in enumerate(places) if found == place), -1)


def _named(entry: RevisionEntry, effects: EffectBatch) -> RevisionEntry:
    """An entry with the name and author of the command that holds its files."""
    source, event_id, author = (
        effects.text(COMMANDS.name, name)[entry.source_row]
        for name in ("source", "event_id", "principal")
    )
    return replace(entry, source=source, event_id=event_id, author=author)
