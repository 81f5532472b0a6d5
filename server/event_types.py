"""Declared event types as other systems see them: JSON Schema and Arrow schema of a program."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from engine.decimals import format_minor
from engine.limits import MAX_LIST_ELEMENTS, MAX_NAME_CHARS, MAX_TEXT_CHARS
from engine.program import INT64_MAX, INT64_MIN, EventType, Field, FieldType, ListType, Program

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DATE = {"type": "string", "format": "date"}
_PERIOD = {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"}
_DECIMAL_PRECISION = 38


def json_schema(event_type: EventType) -> str:
    """JSON Schema (2020-12) of an event of this type, envelope included."""
    properties = _envelope_properties(event_type)
    required = ["id", "type", "date"]
    for index, field in enumerate(event_type.fields):
        if field.envelope:
            properties[field.wire] = {**properties[field.wire], "title": field.name}
        else:
            properties[field.wire] = _property(field, event_type.lists.get(index))
        if _is_required(field) and field.wire not in required:
            required.append(field.wire)
    schema: Schema = {
        "$schema": _DIALECT,
        "title": event_type.name,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    return json.dumps(schema, ensure_ascii=False)


def arrow_schema(event_type: EventType) -> pa.Schema:
    """Arrow schema of a table of events of this type, envelope included."""
    columns: dict[str, pa.Field[Any]] = {
        name: pa.field(name, pa.string(), nullable=name not in {"id", "type"})
        for name in ("id", "type", "source", "entity", "group_id", "actor", "approved_by")
    }
    columns["date"] = pa.field("date", pa.date32(), nullable=False)
    columns["posting_date"] = pa.field("posting_date", pa.date32())
    for index, field in enumerate(event_type.fields):
        if not field.envelope:
            kind = _arrow_type(field, event_type.lists.get(index))
            columns[field.wire] = pa.field(field.wire, kind, nullable=not _is_required(field))
    return pa.schema(list(columns.values()), metadata={"tongpin.event_type": event_type.wire})


def event_types_of(program: Program) -> list[EventType]:
    """The declared event types, sorted by wire name."""
    return sorted(program.event_types, key=lambda event_type: event_type.wire)


def _is_required(field: Field) -> bool:
    return not field.optional and field.default is None


# ---------------------------------------------------------------- JSON Schema


def _envelope_properties(event_type: EventType) -> Schema:
    name: Schema = {"type": "string", "minLength": 1, "maxLength": MAX_NAME_CHARS}
    document: Schema = {
        "type": "object",
        "properties": {
            "kind": {"type": "string"},
            "number": {"type": "string"},
            "hash": {"type": "string"},
            "attachments": {"type": "integer", "minimum": 0},
        },
        "additionalProperties": False,
    }
    return {
        "id": name,
        "type": {"const": event_type.wire},
        "date": _DATE,
        "source": {**name, "default": "default"},
        "entity": name,
        "posting_date": _DATE,
        "group_id": name,
        "actor": name,
        "approved_by": name,
        "source_doc": document,
    }


def _property(field: Field, list_type: ListType | None) -> Schema:
    schema = _value_schema(field) if list_type is None else _list_schema(list_type)
    if field.name != field.wire:
        schema["title"] = field.name
    if field.default is not None:
        schema["default"] = _default(field)
    return schema


def _value_schema(field: Field) -> Schema:
    match field.type:
        case FieldType.FLAG:
            return {"type": "boolean"}
        case FieldType.DATE:
            return dict(_DATE)
        case FieldType.PERIOD:
            return dict(_PERIOD)
        case FieldType.NUMBER:
            return _number_schema(field)
        case _:
            if field.codes:
                return {"enum": list(field.codes)}
            return {"type": "string", "maxLength": MAX_TEXT_CHARS}


def _number_schema(field: Field) -> Schema:
    decimals = rf"(\.[0-9]{{1,{field.scale}}})?" if field.scale else ""
    # Whole numbers may be JSON numbers; amounts never.
    is_whole = not field.scale and not field.currency
    schema: Schema = {
        "type": ["string", "integer"] if is_whole else "string",
        "pattern": f"^-?[0-9]+{decimals}$",
    }
    about = [f"in {field.currency}"] if field.currency else []
    if field.low > INT64_MIN:
        about.append(f"at least {format_minor(field.low, field.scale)}")
    if field.high < INT64_MAX:
        about.append(f"at most {format_minor(field.high, field.scale)}")
    if about:
        schema["description"] = ", ".join(about)
    return schema


def _list_schema(list_type: ListType) -> Schema:
    if list_type.form == "map":
        value = next(field for field in list_type.fields if field.wire == "value")
        return {"type": "object", "additionalProperties": _property(value, None)}
    if list_type.form == "values":
        return {
            "type": "array",
            "items": _property(list_type.fields[0], None),
            "maxItems": MAX_LIST_ELEMENTS,
        }
    record: Schema = {
        "type": "object",
        "properties": {field.wire: _property(field, None) for field in list_type.fields},
        "required": [field.wire for field in list_type.fields if _is_required(field)],
        "additionalProperties": False,
    }
    return {"type": "array", "items": record, "maxItems": MAX_LIST_ELEMENTS}


def _default(field: Field) -> object:
    if field.type is FieldType.NUMBER and isinstance(field.default, int):
        return format_minor(field.default, field.scale)
    return field.default


# ---------------------------------------------------------------- Arrow


def _arrow_type(field: Field, list_type: ListType | None) -> pa.DataType:
    match field.type:
        case FieldType.LIST if list_type is not None:
            return _arrow_list_type(list_type)
        case FieldType.FLAG:
            return pa.bool_()
        case FieldType.DATE:
            return pa.date32()
        case FieldType.NUMBER:
            return pa.decimal128(_DECIMAL_PRECISION, field.scale)
        case _:
            return pa.string()


def _arrow_list_type(list_type: ListType) -> pa.DataType:
    if list_type.form == "map":
        kinds = {field.wire: _arrow_type(field, None) for field in list_type.fields}
        return pa.map_(kinds["key"], kinds["value"])
    if list_type.form == "values":
        return pa.list_(_arrow_type(list_type.fields[0], None))
    return pa.list_(
        pa.struct(
            [
                pa.field(field.wire, _arrow_type(field, None), nullable=not _is_required(field))
                for field in list_type.fields
            ]
        )
    )
