"""The hash chain over commits: canonical bytes of effects, and the link from commit to commit.

h_n = SHA-256(h_{n-1} || header bytes || SHA-256(canonical column bytes)). Canonical bytes depend
on the values alone, never on Arrow's own bytes or on compression.

All integers are little-endian. Canonical bytes are the dictionary, then each table that has rows,
in the order of `engine.effects.TABLES`. A name is its length in bytes as u32, then UTF-8.

* dictionary: blob column of the strings in UTF-8, preceded by their count as u64
* table: its name, number of columns as u32, name and type of each column, row count as u64,
  then the columns in declared order
* number column: the values, as wide as the type says
* blob column: count + 1 offsets as i64, starting at 0, then all bytes joined
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa

from engine.columns import ColumnType, EffectBatch
from engine.log.codec import CACHED_SCHEMAS
from engine.log.packed import TABLES_BY_NAME, PackedEffects, pack_effects

if TYPE_CHECKING:
    AnyArray: TypeAlias = pa.Array[pa.Scalar[pa.DataType]]

#: Length of a chain value in bytes.
CHAIN_BYTES = 32


def genesis(book_id: str) -> bytes:
    """The chain value before the first commit; differs from book to book."""
    return hashlib.sha256(b"tongpin book\0" + book_id.encode("utf-8")).digest()


def next_chain(previous: bytes, header: bytes, columns_digest: bytes) -> bytes:
    """The chain value of a commit."""
    return hashlib.sha256(previous + header + columns_digest).digest()


def columns_digest(effects: EffectBatch) -> bytes:
    """SHA-256 of the canonical bytes of the effects."""
    return packed_digest(pack_effects(effects))


def packed_digest(packed: PackedEffects) -> bytes:
    """`columns_digest` of packed effects."""
    digest = hashlib.sha256()
    for part in canonical_parts(packed):
        digest.update(part)
    return digest.digest()


def canonical_parts(packed: PackedEffects) -> Iterator[bytes | memoryview]:
    """The canonical bytes, in parts, so that large columns need no copy."""
    yield len(packed.strings).to_bytes(8, "little")
    yield from _blob_parts(packed.strings)
    for table in packed.tables:
        yield _table_head(table.spec.name, table.extra_columns)
        yield table.count.to_bytes(8, "little")
        for (_, kind), column in zip(table.spec.columns, table.columns, strict=True):
            if kind.is_blob:
                yield from _blob_parts(column)
            else:
                values = column.to_numpy(zero_copy_only=True)
                yield values.astype(kind.dtype, copy=False).data.cast("B")


@lru_cache(maxsize=CACHED_SCHEMAS)
def _table_head(table: str, extra: tuple[str, ...]) -> bytes:
    columns = [*TABLES_BY_NAME[table].columns, *((name, ColumnType.TEXT) for name in extra)]
    parts = [_name(table), len(columns).to_bytes(4, "little")]
    for name, kind in columns:
        parts += [_name(name), _name(kind.value)]
    return b"".join(parts)


def _name(text: str) -> bytes:
    encoded = text.encode("utf-8")
    return len(encoded).to_bytes(4, "little") + encoded


def _blob_parts(blobs: AnyArray) -> Iterator[bytes | memoryview]:
    # Arrow's buffers of a string or binary array: validity, int32 offsets, the bytes joined.
    _, starts, joined = blobs.buffers()
    if not len(blobs) or starts is None:
        yield bytes(8)
        return
    held = np.frombuffer(
        memoryview(starts), dtype="<i4", count=len(blobs) + 1, offset=4 * blobs.offset
    )
    yield (held - held[0]).astype("<i8").data.cast("B")
    if joined is not None:
        yield memoryview(joined)[held[0] : held[-1]]
