"""Notes what an event with drafts changed, so that a returned one can be taken back.

Budget moves need no note: they stand in the log with their event.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from engine.decide.builder import CommitBuilder
from engine.effects import REMOVED, UndoKind
from engine.strings import BatchStrings

#: Values of a record as the state has them: (raw, scale), a text code, or days and flags.
RecordValues = Mapping[str, int | tuple[int, int]]


def record_undo(
    strings: BatchStrings,
    record: tuple[int, int],
    old: RecordValues | None,
    written: Iterable[tuple[str, bool]],
) -> Iterator[tuple[int, ...]]:
    """Rows of UNDO, from `kind` on, for a record that an event writes.

    Args:
        strings: of the batch.
        record: codes of its name and key.
        old: its values before; None: it was not there.
        written: names of the fields the event sets, and whether their values are texts.
    """
    name, key = record
    kind = int(UndoKind.RECORD)
    yield kind, name, -1, key, -1, 0, REMOVED if old is None else 0, -1
    if old is None:
        return
    for field, is_text in written:
        code, value = strings.code(field), old.get(field)
        if value is None:
            yield kind, name, -1, key, code, 0, REMOVED, -1
        elif isinstance(value, tuple):
            yield kind, name, -1, key, code, value[0], value[1], -1
        elif is_text:
            yield kind, name, -1, key, code, 0, 0, value
        else:
            yield kind, name, -1, key, code, value, 0, -1


def target_undo(builder: CommitBuilder) -> list[tuple[int, ...]]:
    """Rows of UNDO for the targets that decisions with drafts moved; the decision comes first."""
    drafted = {int(index) for chunk in builder.drafts for index in set(chunk.decisions.tolist())}
    if not drafted:
        return []
    added: dict[tuple[int, int, int, int], int] = {}
    for *place, value, before in builder.targets:
        decision, target, entity, key = place
        if decision in drafted:
            own = (decision, target, entity, key)
            added[own] = added.get(own, 0) + value - before
    kind = int(UndoKind.TARGET)
    return [
        (decision, kind, target, entity, key, -1, value, 0, -1)
        for (decision, target, entity, key), value in added.items()
        if value
    ]
