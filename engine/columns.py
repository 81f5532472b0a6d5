"""Tables of typed columns with one shared string dictionary: the shape in which effects live.

Holds no meaning of its own: `engine.effects` names the tables, `engine.log.codec` writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from engine.errors import InvariantBroken

IntArray = npt.NDArray[np.int64] | npt.NDArray[np.int32] | npt.NDArray[np.uint8]


class ColumnType(StrEnum):
    """Storage type of a column."""

    INT64 = "i64"
    INT32 = "i32"  # also dates (days since 1970-01-01) and periods (year*100 + month)
    UINT8 = "u8"  # small enumerations and flags
    TEXT = "text"  # int32 code into the shared dictionary `EffectBatch.strings`; -1 = absent
    BYTES = "bytes"  # list[bytes]
    PERSONAL = "personal"  # list[bytes]: ciphertext under a subject's key, see engine.personal

    @property
    def is_blob(self) -> bool:
        """Whether the column is a list[bytes] rather than an array."""
        return self is ColumnType.BYTES or self is ColumnType.PERSONAL

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The numpy dtype of the column; columns of blobs have none."""
        return np.dtype(_DTYPES[self])


_DTYPES = {
    ColumnType.INT64: "<i8",
    ColumnType.INT32: "<i4",
    ColumnType.UINT8: "u1",
    ColumnType.TEXT: "<i4",
}


@dataclass(frozen=True, slots=True)
class TableSpec:
    """Name and columns, in canonical order, of a table."""

    name: str
    columns: tuple[tuple[str, ColumnType], ...]

    def with_columns(self, extra: Iterable[tuple[str, ColumnType]]) -> TableSpec:
        """Returns the spec with further columns at its end (dimensions of voucher lines)."""
        return TableSpec(self.name, self.columns + tuple(extra))


@dataclass(slots=True)
class ColumnTable:
    """Columns of equal length by name; numpy arrays of the declared dtype, blobs a list."""

    spec: TableSpec
    columns: dict[str, npt.NDArray[np.generic] | list[bytes]]
    count: int

    @classmethod
    def from_rows(cls, spec: TableSpec, rows: Sequence[Sequence[object]]) -> ColumnTable:
        """Builds the table from row tuples in column order."""
        columns: dict[str, npt.NDArray[np.generic] | list[bytes]] = {}
        transposed: Sequence[Sequence[object]] = (
            list(zip(*rows, strict=True)) if rows else [()] * len(spec.columns)
        )
        for (name, kind), values in zip(spec.columns, transposed, strict=True):
            if kind.is_blob:
                columns[name] = [_as_bytes(value) for value in values]
            else:
                columns[name] = np.array(values, dtype=kind.dtype)
        return cls(spec, columns, len(rows))

    def ints(self, name: str) -> npt.NDArray[np.int64]:
        """A numeric column widened to int64."""
        column = self.columns[name]
        if isinstance(column, list):
            raise InvariantBroken("column holds bytes, not numbers", self.spec.name, name)
        return column.astype(np.int64, copy=False)

    def blobs(self, name: str) -> list[bytes]:
        """A column of BYTES or PERSONAL."""
        column = self.columns[name]
        if not isinstance(column, list):
            raise InvariantBroken("column holds numbers, not bytes", self.spec.name, name)
        return column

    def rows(self) -> Iterator[tuple[object, ...]]:
        """Row tuples of Python values, in column order (for tests, explain and small work)."""
        lists = [
            column if isinstance(column, list) else column.tolist()
            for column in (self.columns[name] for name, _ in self.spec.columns)
        ]
        return zip(*lists, strict=True) if lists else iter(())


def _as_bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise InvariantBroken("bytes column needs bytes", value)
    return value


@dataclass(slots=True)
class EffectBatch:
    """The effects of one commit: tables by name, TEXT columns coded into `strings`.

    `strings` holds distinct strings in order of first use.
    """

    strings: list[str]
    tables: dict[str, ColumnTable] = field(default_factory=dict)

    def text(self, table: str, column: str) -> list[str]:
        """A TEXT column as strings; absent = ""."""
        codes = self.tables[table].ints(column).tolist()
        strings = self.strings
        return [strings[code] if code >= 0 else "" for code in codes]
