"""Types the rows of one event type: JSON values into columns, under one program.

Says what is wrong with a row in the author's names; decides nothing about accounting.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from engine.batch import ENVELOPE, Column, Int32s, Int64s, ListColumn, ReceivedBatch, TypedBatch
from engine.program import EventType, Field, FieldType
from engine.receive.foreign import check_foreign_amounts
from engine.receive.lists import type_list
from engine.receive.scalars import Scalars, named
from engine.receive.wording import Problems, shown

#: Envelope keys that have their default filled in where absent.
_DEFAULTED = ("source", "entity")

#: Envelope keys whose codes the batch already has.
_CODED = ("id", *_DEFAULTED)


@runtime_checkable
class InColumns(Protocol):
    """Fields of events that lie in columns."""

    @property
    def names(self) -> Sequence[str]:
        """Wire names that some event carries."""
        ...

    def column(self, wire: str) -> list[object]:
        """JSON values of a field, one per event, None where absent."""
        ...


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
    events = _Events(received.fields, rows)
    columns: list[Column | ListColumn] = []
    for index, field in enumerate(event_type.fields):
        if field.envelope and field.wire in _CODED and not field.codes:
            codes = _codes(field, received, rows)
            columns.append(Column(codes, np.ones(len(rows), dtype=np.bool_)))
            continue
        values = events.values(field.wire)
        if field.envelope and field.wire in _DEFAULTED:
            values = list(received.strings.texts(_codes(field, received, rows)))
        if field.type is FieldType.LIST:
            list_type = event_type.lists[index]
            columns.append(type_list(field, list_type, values, scalars, problems, strict=strict))
        else:
            columns.append(scalars.column(field, values, problems.report))
    check_foreign_amounts(event_type.fields, columns, received.strings, problems.report)
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


def _codes(field: Field, received: ReceivedBatch, rows: Int64s) -> Int32s:
    codes = {"id": received.ids, "source": received.sources, "entity": received.entities}
    return codes[field.wire][rows]


class _Events:
    """Some rows of a batch, whether it holds mappings or columns."""

    __slots__ = ("_columns", "_mappings", "_rows")

    def __init__(self, fields: Sequence[Mapping[str, object]], rows: Int64s) -> None:
        self._rows = rows.tolist()
        self._columns = fields if isinstance(fields, InColumns) else None
        self._mappings = [] if self._columns else [fields[row] for row in self._rows]

    def values(self, wire: str) -> list[object]:
        """JSON values of a field, one per row, None where absent."""
        if self._columns is None:
            return [event.get(wire) for event in self._mappings]
        values = self._columns.column(wire)
        return [values[row] for row in self._rows]

    def undeclared(self, declared: frozenset[str]) -> Iterator[tuple[int, str]]:
        """Index into the rows and name of every field that is not declared."""
        if self._columns is not None:
            names = [name for name in self._columns.names if name not in declared]
            columns = [self._columns.column(name) for name in names]
            for index, row in enumerate(self._rows if names else ()):
                for name, column in zip(names, columns, strict=True):
                    if column[row] is not None:
                        yield index, name
            return
        # Events of one sender carry the same keys in the same order: few shapes stand for all.
        shapes = {tuple(event) for event in self._mappings}
        if any(not declared.issuperset(shape) for shape in shapes):
            for index, event in enumerate(self._mappings):
                yield from ((index, name) for name in event if name not in declared)


def _report_undeclared(event_type: EventType, events: _Events, problems: Problems) -> None:
    declared = ENVELOPE.union(field.wire for field in event_type.fields)
    for row, name in events.undeclared(declared):
        problems.report(
            row,
            f"{named(event_type.name, event_type.wire)} has no field {shown(name)}; "
            "leave it out or declare it",
        )
