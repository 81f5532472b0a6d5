"""Schemas of event types, as other systems read them."""

from __future__ import annotations

import json

import pyarrow as pa

from engine.program import EventType, Field, FieldType, ListType
from rules_dsl.rulebooks import SERVICES
from server.event_types import arrow_schema, event_types_of, json_schema
from server.rulebooks import compile_files, read_folder

CLAIM = EventType(
    "报销",
    "claim",
    (
        Field("报销日", "date", FieldType.DATE, envelope=True),
        Field("金额", "amount", FieldType.NUMBER, scale=2, low=0, high=10**15, currency="CNY"),
        Field("人数", "heads", FieldType.NUMBER, default=1),
        Field("类别", "kind", FieldType.TEXT, codes=("travel", "other"), optional=True),
        Field("已付", "paid", FieldType.FLAG, optional=True),
        Field("月份", "month", FieldType.PERIOD, optional=True),
        Field("明细", "lines", FieldType.LIST),
        Field("标签", "tags", FieldType.LIST, optional=True),
        Field("比例", "shares", FieldType.LIST, optional=True),
    ),
    lists={
        6: ListType((Field("额", "amount", FieldType.NUMBER, scale=2, currency="CNY"),
                     Field("注", "note", FieldType.TEXT, optional=True))),
        7: ListType((Field("值", "value", FieldType.TEXT),), form="values"),
        8: ListType((Field("键", "key", FieldType.TEXT),
                     Field("值", "value", FieldType.NUMBER, scale=4)), form="map"),
    },
)  # fmt: skip


def test_json_schema_states_envelope_fields_and_bounds() -> None:
    schema = json.loads(json_schema(CLAIM))
    properties = schema["properties"]
    assert schema["required"] == ["id", "type", "date", "amount", "lines"]
    assert schema["additionalProperties"] is False
    assert properties["date"]["title"] == "报销日"
    assert properties["amount"] == {
        "type": "string",
        "pattern": r"^-?[0-9]+(\.[0-9]{1,2})?$",
        "description": "in CNY, at least 0.00, at most 10000000000000.00",
        "title": "金额",
    }
    assert properties["heads"]["type"] == ["string", "integer"]
    assert properties["heads"]["default"] == "1"
    assert properties["kind"]["enum"] == ["travel", "other"]
    assert properties["lines"]["items"]["required"] == ["amount"]
    assert properties["tags"]["items"]["type"] == "string"
    assert properties["shares"]["additionalProperties"]["type"] == "string"


def test_arrow_schema_has_a_column_for_each_key_and_field() -> None:
    schema = arrow_schema(CLAIM)
    assert schema.field("date").type == pa.date32()
    assert schema.field("amount").type == pa.decimal128(38, 2)
    assert not schema.field("amount").nullable
    assert schema.field("heads").nullable
    assert schema.field("paid").type == pa.bool_()
    assert schema.field("tags").type == pa.list_(pa.string())
    assert schema.field("shares").type == pa.map_(pa.string(), pa.decimal128(38, 4))
    assert [field.name for field in schema.field("lines").type.value_type] == ["amount", "note"]


def test_every_type_of_the_shipped_rule_book_has_both_schemas() -> None:
    program = compile_files(read_folder(SERVICES))
    types = event_types_of(program)
    assert [found.wire for found in types] == sorted(found.wire for found in types)
    for found in types:
        assert json.loads(json_schema(found))["title"] == found.name
        assert arrow_schema(found).metadata[b"tongpin.event_type"].decode() == found.wire
