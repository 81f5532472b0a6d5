"""Typing of list fields: elements of all events laid end to end and typed as one field each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np

from engine.batch import Int64s, ListColumn
from engine.program import Field, ListType
from engine.receive.foreign import check_foreign_amounts
from engine.receive.scalars import Report, Scalars, named
from engine.receive.wording import Problems, shown

_NO_ELEMENTS: list[object] = []

#: What each form looks like, for messages.
_FORMS = {
    "records": 'a list of objects, such as [{"…": "…"}]',
    "values": 'a list of values, such as ["…"]',
    "map": 'an object, such as {"…": "…"}',
}


def type_list(
    field: Field,
    list_type: ListType,
    values: Sequence[object],
    scalars: Scalars,
    problems: Problems,
    *,
    strict: bool,
) -> ListColumn:
    """Types a list field.

    Args:
        field: of type LIST.
        list_type: its elements.
        values: one JSON value per row, None where absent.
        scalars: types the fields of the elements.
        problems: where problems are reported by row; messages count elements from 1.
        strict: an undeclared field of an element is a problem.
    """
    name = named(field.name, field.wire)
    form = list_type.form
    wanted = dict if form == "map" else list
    given = np.fromiter((value is not None for value in values), dtype=np.bool_, count=len(values))
    lists: list[Sequence[object]] = []
    for row, value in enumerate(values):
        if isinstance(value, wanted):
            lists.append(sorted(value.items()) if isinstance(value, dict) else value)
            continue
        lists.append(_NO_ELEMENTS)
        if value is not None:
            problems.report(row, f"{name} is {shown(value)}; it is {_FORMS[form]}")
        elif not field.optional:
            problems.report(row, f"{name} is missing; it is {_FORMS[form]}")
    offsets = np.zeros(len(lists) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, lists), dtype=np.int64, count=len(lists)), out=offsets[1:])
    elements = list(chain.from_iterable(lists))
    report = _element_report(name, offsets, problems)
    if form == "records":
        columns = _records(elements, report)
        if strict:
            _report_undeclared(name, list_type, columns, report)
        parts = [[record.get(part.wire) for record in columns] for part in list_type.fields]
    elif form == "map":
        parts = [list(part) for part in zip(*elements, strict=True)] or [[], []]
        parts = [parts[0 if part.wire == "key" else 1] for part in list_type.fields]
    else:
        parts = [elements]
    typed = [
        scalars.column(part, part_values, report)
        for part, part_values in zip(list_type.fields, parts, strict=True)
    ]
    check_foreign_amounts(list_type.fields, typed, scalars.strings, report)
    return ListColumn(offsets, tuple(typed), given)


def _element_report(name: str, offsets: Int64s, problems: Problems) -> Report:
    """Reports problems of elements under the event that owns them."""

    def report(element: int, problem: str) -> None:
        row = int(np.searchsorted(offsets, element, side="right")) - 1
        problems.report(row, f"{name}[{element - int(offsets[row]) + 1}]: {problem}")

    return report


def _records(elements: Sequence[object], report: Report) -> list[Mapping[str, object]]:
    records: list[Mapping[str, object]] = []
    for index, element in enumerate(elements):
        if isinstance(element, dict):
            records.append(element)
        else:
            report(index, f"{shown(element)} stands where an object is needed")
            records.append({})
    return records


def _report_undeclared(
    name: str, list_type: ListType, records: Sequence[Mapping[str, object]], report: Report
) -> None:
    declared = frozenset(part.wire for part in list_type.fields)
    shapes = {tuple(record) for record in records}
    strays = {shape for shape in shapes if not declared.issuperset(shape)}
    if not strays:
        return
    for index, record in enumerate(records):
        if tuple(record) in strays:
            for key in record:
                if key not in declared:
                    report(index, f"{shown(key)} is not declared for {name}; leave it out")
