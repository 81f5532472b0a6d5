"""The stored form of a commit's effects: a zstd frame around one Arrow IPC stream.

Not what the chain is made of (`engine.log.chain`): the stored form may change with Arrow, the
canonical bytes may not. Anyone with pyarrow reads a payload without this package:

    pa.ipc.open_stream(pa.input_stream(pa.py_buffer(payload), compression="zstd"))

It holds one record batch of one row: `strings: list<utf8>`, and a `list<struct<...>>` for each
table that has rows. The metadata of each field names its column type; "text" columns are
positions in `strings`, -1 meaning absent.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engine.columns import ColumnTable, ColumnType, EffectBatch, TableSpec
from engine.effects import DIMENSION_PREFIX, LINES, TABLES
from engine.errors import InvariantBroken, StoreCorrupt

if TYPE_CHECKING:
    AnyArray: TypeAlias = pa.Array[pa.Scalar[pa.DataType]]
    AnyField: TypeAlias = pa.Field[pa.DataType]

#: Level 1 takes two thirds of the time of level 3 and is 4 % larger on commits of 10,000 events.
ZSTD_LEVEL = 1
#: Combinations of tables and dimensions whose Arrow schema is kept at hand.
CACHED_SCHEMAS = 256

_KIND = b"tongpin.type"
_STRINGS = "strings"
_INT32_MAX = 2**31 - 1
_TABLES = {spec.name: spec for spec in TABLES}
_ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    ColumnType.INT64: pa.int64(),
    ColumnType.INT32: pa.int32(),
    ColumnType.UINT8: pa.uint8(),
    ColumnType.TEXT: pa.int32(),
    ColumnType.BYTES: pa.binary(),
    ColumnType.PERSONAL: pa.binary(),
}


def encode_payload(effects: EffectBatch) -> bytes:
    """Encodes the effects of a commit; tables without rows leave nothing behind."""
    tables = filled_tables(effects)
    schema = _schema(tuple((table.spec.name, extra_columns(table.spec)) for table in tables))
    arrays: list[AnyArray] = [pa.array([effects.strings], schema.field(0).type)]
    arrays += [_encode_table(table) for table in tables]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
    return pa.Codec("zstd", compression_level=ZSTD_LEVEL).compress(sink.getvalue(), asbytes=True)


def decode_payload(payload: bytes) -> EffectBatch:
    """Decodes a payload into effects in which every table is present, if only without rows.

    Raises:
        StoreCorrupt: the payload is damaged, or holds what only a later version knows.
    """
    try:
        stream = pa.input_stream(pa.py_buffer(payload), compression="zstd")
        reader = pa.ipc.open_stream(stream)
        record = reader.read_next_batch()
        record.validate(full=True)
    except (pa.ArrowException, OSError, ValueError, StopIteration, EOFError) as error:
        raise StoreCorrupt(f"the payload of a commit cannot be read: {error}") from error
    if record.num_rows != 1 or _STRINGS not in record.schema.names:
        raise StoreCorrupt("the payload of a commit is not one row with a column `strings`")
    found = {
        field.name: record.column(index)
        for index, field in enumerate(record.schema)
        if field.name != _STRINGS
    }
    unknown = sorted(found.keys() - _TABLES.keys())
    if unknown:
        raise StoreCorrupt(_later_version(f"the table {unknown[0]}"))
    tables = {
        name: _decode_table(spec, found[name]) if name in found else _empty(spec)
        for name, spec in _TABLES.items()
    }
    return EffectBatch(record.column(record.schema.names.index(_STRINGS))[0].as_py(), tables)


def filled_tables(effects: EffectBatch) -> list[ColumnTable]:
    """The tables that have rows, in canonical order, each checked against its declaration.

    Raises:
        InvariantBroken: a table or column is not as declared.
    """
    unknown = sorted(effects.tables.keys() - _TABLES.keys())
    if unknown:
        raise InvariantBroken("effects hold an unknown table", *unknown)
    tables = []
    for declared in TABLES:
        table = effects.tables.get(declared.name)
        if table is not None and table.count:
            _check_table(table, declared)
            tables.append(table)
    return tables


def extra_columns(spec: TableSpec) -> tuple[str, ...]:
    """The names of the columns that a table has beyond its declaration: dimensions of lines."""
    return tuple(name for name, _ in spec.columns[len(_TABLES[spec.name].columns) :])


def _check_table(table: ColumnTable, declared: TableSpec) -> None:
    if table.spec is not declared:
        extra = table.spec.columns[len(declared.columns) :]
        if table.spec.columns[: len(declared.columns)] != declared.columns:
            raise InvariantBroken("table lacks its declared columns", table.spec)
        if extra and declared.name != LINES.name:
            raise InvariantBroken("only voucher lines may have further columns", table.spec)
        for name, kind in extra:
            if kind is not ColumnType.TEXT or not name.startswith(DIMENSION_PREFIX):
                raise InvariantBroken("further columns of lines are dimensions", name, kind)
    for name, kind in table.spec.columns:
        column = table.columns[name]
        if len(column) != table.count:
            raise InvariantBroken("column has another length than its table", declared.name, name)
        if kind.is_blob != isinstance(column, list) or (
            isinstance(column, np.ndarray) and column.dtype != kind.dtype
        ):
            raise InvariantBroken("column has another type than declared", declared.name, name)


@lru_cache(maxsize=CACHED_SCHEMAS)
def _schema(tables: tuple[tuple[str, tuple[str, ...]], ...]) -> pa.Schema:
    fields: list[AnyField] = [pa.field(_STRINGS, pa.list_(pa.utf8()), nullable=False)]
    for name, extra in tables:
        fields.append(pa.field(name, _list_type(_struct_type(name, extra)), nullable=False))
    return pa.schema(fields)


@lru_cache(maxsize=CACHED_SCHEMAS)
def _struct_type(name: str, extra: tuple[str, ...]) -> pa.StructType:
    columns = [*_TABLES[name].columns, *((column, ColumnType.TEXT) for column in extra)]
    return pa.struct(
        [
            pa.field(column, _ARROW_TYPES[kind], nullable=False, metadata={_KIND: kind.value})
            for column, kind in columns
        ]
    )


def _list_type(rows: pa.StructType) -> pa.ListType[pa.StructType]:
    return pa.list_(pa.field("item", rows, nullable=False))


def _encode_table(table: ColumnTable) -> AnyArray:
    count = table.count
    children: list[AnyArray] = []
    for name, kind in table.spec.columns:
        column = table.columns[name]
        arrow_type = _ARROW_TYPES[kind]
        if isinstance(column, list):
            if sum(map(len, column)) > _INT32_MAX:
                raise InvariantBroken("column exceeds 2 GiB", table.spec.name, name)
            children.append(pa.array(column, arrow_type))
        else:
            buffer = pa.py_buffer(np.ascontiguousarray(column).data)
            children.append(pa.Array.from_buffers(arrow_type, count, [None, buffer]))
    struct = _struct_type(table.spec.name, extra_columns(table.spec))
    rows = pa.Array.from_buffers(struct, count, [None], children=children)
    offsets = pa.py_buffer(np.array([0, count], dtype="<i4").data)
    return pa.Array.from_buffers(_list_type(struct), 1, [None, offsets], children=[rows])


def _decode_table(declared: TableSpec, column: AnyArray) -> ColumnTable:
    rows = column.flatten() if isinstance(column, pa.ListArray) else None
    if not isinstance(rows, pa.StructArray):
        raise StoreCorrupt(f"table {declared.name} of a commit is not a list of structures")
    names = [(field.name, _column_type(declared, field)) for field in rows.type]
    spec = declared
    if tuple(names) != declared.columns:
        spec = declared.with_columns(names[len(declared.columns) :])
        _check_columns(declared, spec, names)
    columns: dict[str, npt.NDArray[np.generic] | list[bytes]] = {}
    for index, (name, kind) in enumerate(names):
        values = rows.field(index)
        if values.null_count:
            raise StoreCorrupt(f"column {declared.name}.{name} of a commit has nulls")
        if kind.is_blob:
            columns[name] = values.to_numpy(zero_copy_only=False).tolist()
        else:
            columns[name] = values.to_numpy(zero_copy_only=True)
    return ColumnTable(spec, columns, len(rows))


def _column_type(declared: TableSpec, field: AnyField) -> ColumnType:
    label = (field.metadata or {}).get(_KIND, b"").decode("utf-8", "replace")
    if label not in set(ColumnType) or _ARROW_TYPES[ColumnType(label)] != field.type:
        what = f"the column {declared.name}.{field.name} of type {label or field.type}"
        raise StoreCorrupt(_later_version(what))
    return ColumnType(label)


def _check_columns(
    declared: TableSpec, spec: TableSpec, names: list[tuple[str, ColumnType]]
) -> None:
    if tuple(names) != spec.columns:
        missing = [name for name, _ in declared.columns if name not in dict(names)]
        what = f"lacks {missing[0]}" if missing else "has its columns in another order"
        raise StoreCorrupt(f"table {declared.name} of a commit {what}")
    for name, kind in spec.columns[len(declared.columns) :]:
        is_dimension = name.startswith(DIMENSION_PREFIX) and kind is ColumnType.TEXT
        if declared.name != LINES.name or not is_dimension:
            raise StoreCorrupt(_later_version(f"the column {declared.name}.{name}"))


def _later_version(what: str) -> str:
    return (
        f"a commit holds {what}, which this version of Tongpin does not know; "
        "it was written by a later version: use that version or a newer one"
    )


def _empty(spec: TableSpec) -> ColumnTable:
    columns: dict[str, npt.NDArray[np.generic] | list[bytes]] = {
        name: [] if kind.is_blob else np.empty(0, dtype=kind.dtype) for name, kind in spec.columns
    }
    return ColumnTable(spec, columns, 0)
