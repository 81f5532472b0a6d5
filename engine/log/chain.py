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
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from engine.columns import ColumnTable, ColumnType, EffectBatch
from engine.log.codec import CACHED_SCHEMAS, TABLES_BY_NAME, extra_columns, filled_tables

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
    return tables_digest(effects.strings, filled_tables(effects))


def tables_digest(strings: list[str], tables: list[ColumnTable]) -> bytes:
    """`columns_digest` of tables that `filled_tables` returned."""
    digest = hashlib.sha256()
    for part in canonical_parts(strings, tables):
        digest.update(part)
    return digest.digest()


def canonical_parts(strings: list[str], tables: list[ColumnTable]) -> Iterator[bytes | memoryview]:
    """The canonical bytes, in parts, so that large columns need no copy."""
    yield len(strings).to_bytes(8, "little")
    yield from _blob_parts([text.encode("utf-8") for text in strings])
    for table in tables:
        yield _table_head(table.spec.name, extra_columns(table.spec))
        yield table.count.to_bytes(8, "little")
        for name, kind in table.spec.columns:
            column = table.columns[name]
            if isinstance(column, list):
                yield from _blob_parts(column)
            else:
                yield np.ascontiguousarray(column, dtype=kind.dtype).data.cast("B")


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


def _blob_parts(blobs: Sequence[bytes]) -> Iterator[bytes | memoryview]:
    offsets = np.zeros(len(blobs) + 1, dtype="<i8")
    np.cumsum(np.fromiter(map(len, blobs), dtype=np.int64, count=len(blobs)), out=offsets[1:])
    yield offsets.data.cast("B")
    yield b"".join(blobs)
