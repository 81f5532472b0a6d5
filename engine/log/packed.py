"""Effects whose columns lie in Arrow buffers, so that hashing and storing share one conversion.

Checks that effects are as their tables declare; knows neither the stored form nor the chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engine.columns import ColumnTable, ColumnType, EffectBatch, TableSpec
from engine.effects import DIMENSION_PREFIX, TABLES, WITH_DIMENSIONS
from engine.errors import InvariantBroken, StoreCorrupt

if TYPE_CHECKING:
    AnyArray: TypeAlias = pa.Array[pa.Scalar[pa.DataType]]

ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    ColumnType.INT64: pa.int64(),
    ColumnType.INT32: pa.int32(),
    ColumnType.UINT8: pa.uint8(),
    ColumnType.TEXT: pa.int32(),
    ColumnType.BYTES: pa.binary(),
    ColumnType.PERSONAL: pa.binary(),
}
TABLES_BY_NAME = {spec.name: spec for spec in TABLES}

_INT32_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class PackedTable:
    """A table with at least one row; one array for each column of `spec`."""

    spec: TableSpec
    count: int
    columns: tuple[AnyArray, ...]

    @property
    def extra_columns(self) -> tuple[str, ...]:
        """Names of the columns beyond the table's declaration: dimensions of lines."""
        declared = TABLES_BY_NAME[self.spec.name]
        if self.spec is declared:
            return ()
        return tuple(name for name, _ in self.spec.columns[len(declared.columns) :])


@dataclass(frozen=True, slots=True)
class PackedEffects:
    """Effects in canonical order: the strings, then the tables that have rows."""

    strings: AnyArray
    tables: tuple[PackedTable, ...]


def pack_effects(effects: EffectBatch) -> PackedEffects:
    """Packs effects after checking each table against its declaration.

    Raises:
        InvariantBroken: a table or column is not as declared.
    """
    unknown = effects.tables.keys() - TABLES_BY_NAME.keys()
    if unknown:
        raise InvariantBroken("effects hold an unknown table", *sorted(unknown))
    tables = []
    for declared in TABLES:
        table = effects.tables.get(declared.name)
        if table is not None and table.count:
            _check_spec(table.spec, declared)
            columns = tuple(_pack_column(table, name, kind) for name, kind in table.spec.columns)
            tables.append(PackedTable(table.spec, table.count, columns))
    return PackedEffects(pa.array(effects.strings, pa.utf8()), tuple(tables))


def unpack_effects(packed: PackedEffects) -> EffectBatch:
    """The effects again; tables without rows are there, empty.

    Raises:
        StoreCorrupt: a column has nulls, which ours never have.
    """
    tables = {name: _empty(spec) for name, spec in TABLES_BY_NAME.items()}
    for table in packed.tables:
        columns: dict[str, npt.NDArray[np.generic] | list[bytes]] = {}
        for (name, kind), values in zip(table.spec.columns, table.columns, strict=True):
            if values.null_count:
                raise StoreCorrupt(f"column {table.spec.name}.{name} of a commit has nulls")
            columns[name] = (
                values.to_numpy(zero_copy_only=False).tolist()
                if kind.is_blob
                else values.to_numpy(zero_copy_only=True)
            )
        tables[table.spec.name] = ColumnTable(table.spec, columns, table.count)
    if packed.strings.null_count:
        raise StoreCorrupt("the strings of a commit have nulls")
    strings: list[str] = packed.strings.to_numpy(zero_copy_only=False).tolist()
    return EffectBatch(strings, tables)


def _check_spec(spec: TableSpec, declared: TableSpec) -> None:
    if spec is declared:
        return
    extra = spec.columns[len(declared.columns) :]
    if spec.columns[: len(declared.columns)] != declared.columns:
        raise InvariantBroken("table lacks its declared columns", spec)
    if extra and declared.name not in WITH_DIMENSIONS:
        raise InvariantBroken("only voucher lines may have further columns", spec)
    for name, kind in extra:
        if kind is not ColumnType.TEXT or not name.startswith(DIMENSION_PREFIX):
            raise InvariantBroken("further columns of lines are dimensions", name, kind)


def _pack_column(table: ColumnTable, name: str, kind: ColumnType) -> AnyArray:
    column = table.columns[name]
    if len(column) != table.count:
        raise InvariantBroken("column has another length than its table", table.spec.name, name)
    if isinstance(column, list):
        if not kind.is_blob:
            raise InvariantBroken("column has another type than declared", table.spec.name, name)
        if sum(map(len, column)) > _INT32_MAX:
            raise InvariantBroken("column exceeds 2 GiB", table.spec.name, name)
        return pa.array(column, ARROW_TYPES[kind])
    if kind.is_blob or column.dtype != kind.dtype:
        raise InvariantBroken("column has another type than declared", table.spec.name, name)
    buffer = pa.py_buffer(np.ascontiguousarray(column).data)
    return pa.Array.from_buffers(ARROW_TYPES[kind], table.count, [None, buffer])


def _empty(spec: TableSpec) -> ColumnTable:
    columns: dict[str, npt.NDArray[np.generic] | list[bytes]] = {
        name: [] if kind.is_blob else np.empty(0, dtype=kind.dtype) for name, kind in spec.columns
    }
    return ColumnTable(spec, columns, 0)
