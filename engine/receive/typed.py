"""Types the rows of one event type: JSON values into columns, under one program.

Says what is wrong with a row in the author's names; decides nothing about accounting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from engine.batch import ENVELOPE, Column, Int64s, ListColumn, ReceivedBatch, TypedBatch
from engine.program import EventType, Field, FieldType
from engine.receive.lists import type_list
from engine.receive.scalars import Scalars, named
from engine.receive.wording import Problems, shown

#: Envelope keys whose codes the batch already has.
_CODED = ("id", "source", "entity")


def type_rows(
    event_type: EventType,
    event_type_index: int,
    received: ReceivedBatch,
    rows: Int64s,
    *,
    strict: bool,
) -> TypedBatch:
    """Types rows of a received batch.

    Args:
        event_type: the declaration.
        event_type_index: its place in the program.
        received: the batch.
        rows: int64[m] positions in the batch of rows without problems, ascending.
        strict: an undeclared field is a problem; otherwise it is left aside.

    Returns:
        One column per declared field. A row with a problem has unspecified values.
    """
    problems = Problems()
    scalars = Scalars(received.strings)
    events = [received.fields[row] for row in rows.tolist()]
    columns: list[Column | ListColumn] = []
    for index, field in enumerate(event_type.fields):
        if field.envelope and field.wire in _CODED and not field.codes:
            columns.append(_coded(field, received, rows))
            continue
        values = _envelope_values(field, received, rows, events)
        if field.type is FieldType.LIST:
            list_type = event_type.lists[index]
            columns.append(type_list(field, list_type, values, scalars, problems, strict=strict))
        else:
            columns.append(scalars.column(field, values, problems.report))
    if strict:
        _report_undeclared(event_type, events, problems)
    return TypedBatch(
        event_type=event_type_index,
        rows=rows,
        entities=received.entities[rows],
        dates=received.dates[rows],
        columns=tuple(columns),
        strings=received.strings,
        problems=problems.messages(),
    )


def _coded(field: Field, received: ReceivedBatch, rows: Int64s) -> Column:
    codes = {"id": received.ids, "source": received.sources, "entity": received.entities}
    return Column(codes[field.wire][rows], np.ones(len(rows), dtype=np.bool_))


def _envelope_values(
    field: Field,
    received: ReceivedBatch,
    rows: Int64s,
    events: Sequence[Mapping[str, object]],
) -> list[object]:
    """Values of a field, one per event; source and entity with their defaults filled in."""
    if field.envelope and field.wire in _CODED:
        codes = {"id": received.ids, "source": received.sources, "entity": received.entities}
        return list(received.strings.texts(codes[field.wire][rows]))
    wire = field.wire
    return [event.get(wire) for event in events]


def _report_undeclared(
    event_type: EventType, events: Sequence[Mapping[str, object]], problems: Problems
) -> None:
    declared = ENVELOPE.union(field.wire for field in event_type.fields)
    # Events of one sender carry the same keys in the same order, so few shapes stand for all.
    shapes = {tuple(event) for event in events}
    strays = {shape for shape in shapes if not declared.issuperset(shape)}
    if not strays:
        return
    for row, event in enumerate(events):
        shape = tuple(event)
        if shape in strays:
            for key in shape:
                if key not in declared:
                    problems.report(
                        row,
                        f"{named(event_type.name, event_type.wire)} has no field {shown(key)}; "
                        "leave it out or declare it",
                    )
