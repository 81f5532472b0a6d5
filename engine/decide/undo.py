"""Notes what an event with drafts changed, so that a returned one can be taken back.

Budget moves need no note: they stand in the log with their event.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from engine.decide.builder import CommitBuilder
from engine.effects import REMOVED, ReadKind, UndoKind
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
    """Rows of UNDO for the targets that decisions with drafts moved, beginning with the decision.

    What a decision added to a target is all it wrote there less all it read there: every delta
    reads the value it changes.
    """
    drafted = {int(index) for chunk in builder.drafts for index in set(chunk.decisions.tolist())}
    if not drafted:
        return []
    added: dict[tuple[int, int, int, int], int] = {}
    for decision, target, entity, key, value in builder.targets:
        if decision in drafted:
            place = (decision, target, entity, key)
            added[place] = added.get(place, 0) + value
    text, code = builder.strings.text, builder.strings.code
    for block in builder.reads:
        for row in block[block[:, 4] == int(ReadKind.TARGET)].tolist():
            decision, name, key, number = row[0], row[5], row[6], row[7]
            if decision in drafted:
                entity, *parts = json.loads(text(key))
                own = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
                place = (decision, name, code(entity), code(own))
                if place in added:
                    added[place] -= number
    kind = int(UndoKind.TARGET)
    return [
        (decision, kind, target, entity, key, -1, value, 0, -1)
        for (decision, target, entity, key), value in added.items()
        if value
    ]
