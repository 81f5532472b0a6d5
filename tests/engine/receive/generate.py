"""Random events for tests: as JSON values, and the Arrow table that carries the same ones."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from decimal import Decimal

import pyarrow as pa
from hypothesis import strategies as st

Event = Mapping[str, object]

#: Text with what is hard: quotes, control characters, Chinese, combining marks, truths, numbers.
texts = st.one_of(
    st.sampled_from(["", "C01", "项目一", "é", "e\u0301", "true", "0", "-0", "5.", "1.50", "007"]),
    st.sampled_from(['a"b', "a\\b", "a\nb", "\u0301x", "x\x7f", "[", '","', "\U0001f600", "null"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
)
ids = st.text("abc01-编", min_size=1, max_size=8)
amounts = st.decimals(-(10**9), 10**9, places=2).map(lambda value: f"{value:f}")
days = st.dates(datetime.date(1900, 1, 1), datetime.date(2999, 12, 31)).map(str)
lines = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "类别": texts,
            "gross": amounts,
            "flag": st.booleans(),
            "count": st.integers(0, 2**63 - 1),
        },
    ),
    max_size=3,
)
documents = st.fixed_dictionaries(
    {}, optional={"kind": ids, "number": ids, "hash": ids, "attachments": st.integers(0, 9)}
)

events = st.fixed_dictionaries(
    {"id": ids, "type": st.sampled_from(["a.b", "费用"]), "date": days},
    optional={
        "source": ids,
        "entity": ids,
        "group_id": ids,
        "actor": ids,
        "posting_date": days,
        "source_doc": documents,
        "note": texts,
        "amount": amounts,
        "count": st.integers(-(2**63), 2**63 - 1),
        "flag": st.booleans(),
        "tags": st.lists(texts, max_size=3),
        "lines": lines,
        "offset": st.integers(0, 5),
    },
)

#: The same, with envelope problems among them.
faulty_events = st.builds(
    lambda event, change: {**event, **change},
    events,
    st.one_of(
        st.just({}),
        st.just({}),
        st.dictionaries(
            st.sampled_from(
                ["id", "type", "date", "posting_date", "source", "actor", "group_id", "note"]
            ),
            st.one_of(
                st.none(), st.sampled_from(["", "x\x01", "x\0"]), texts, st.text("x", min_size=300)
            ),
            max_size=2,
        ),
    ),
)

LINE = pa.struct(
    [
        ("类别", pa.string()),
        ("gross", pa.decimal128(20, 2)),
        ("flag", pa.bool_()),
        ("count", pa.decimal128(38, 0)),
    ]
)
TYPES: dict[str, pa.DataType] = {
    "posting_date": pa.string(),
    "source_doc": pa.struct(
        [
            ("kind", pa.string()),
            ("number", pa.large_string()),
            ("hash", pa.string()),
            ("attachments", pa.int32()),
        ]
    ),
    "amount": pa.decimal128(18, 2),
    "count": pa.int64(),
    "flag": pa.bool_(),
    "tags": pa.list_(pa.string()),
    "lines": pa.list_(LINE),
    "offset": pa.int64(),
}


def table_of(
    rows: Sequence[Event],
    *,
    dictionary: bool = False,
    chunks: int = 1,
    types: Mapping[str, pa.DataType] = TYPES,
) -> pa.Table:
    """The table whose columns carry these events; whole numbers in lines as decimals."""
    names = sorted({name for row in rows for name in row}, reverse=True)
    columns: dict[str, pa.ChunkedArray] = {}
    size = -(-len(rows) // chunks) or 1
    for name in names:
        kind = types.get(name, pa.string())
        values = [_arrow_value(row.get(name), kind) for row in rows]
        parts = [pa.array(values[at : at + size], kind) for at in range(0, len(rows), size)]
        if dictionary and kind == pa.string():
            parts = [part.dictionary_encode() for part in parts]
            kind = pa.dictionary(pa.int32(), kind)
        columns[name] = pa.chunked_array(parts, kind)
    return pa.table(columns)


def _arrow_value(value: object, kind: pa.DataType) -> object:
    if value is None:
        return None
    if pa.types.is_decimal(kind):
        return Decimal(str(value))
    if pa.types.is_list(kind) and isinstance(value, list):
        return [_arrow_value(element, kind.value_type) for element in value]
    if pa.types.is_struct(kind) and isinstance(value, dict):
        return {child.name: _arrow_value(value.get(child.name), child.type) for child in kind}
    return value


def as_strings(rows: Sequence[Event]) -> list[Event]:
    """The events as JSON would carry them for `table_of`: counts of lines as strings."""
    changed: list[Event] = []
    for row in rows:
        parts = row.get("lines")
        if isinstance(parts, list):
            parts = [
                {name: str(value) if name == "count" else value for name, value in part.items()}
                for part in parts
            ]
            row = {**row, "lines": parts}  # noqa: PLW2901 - a copy with one member replaced
        changed.append(row)
    return changed


def stream_of(table: pa.Table, *, compression: str | None = None) -> bytes:
    """The table as an Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())
