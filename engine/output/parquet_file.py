"""A Parquet file that is written bit by bit, in row groups of a bounded size."""

# The stubs of pyarrow miss some of what it has.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

#: Rows gathered before they are written as one row group.
ROW_GROUP_ROWS = 65_536


class ParquetFile:
    """A Parquet file; gathers small tables into row groups."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        """Makes the file."""
        self.schema = schema
        self.row_count = 0
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._waiting: list[pa.Table] = []
        self._waiting_rows = 0

    def add(self, table: pa.Table) -> None:
        """Adds rows."""
        self.row_count += table.num_rows
        self._waiting.append(table)
        self._waiting_rows += table.num_rows
        if self._waiting_rows >= ROW_GROUP_ROWS:
            self._write()

    def note(self, key: str, text: str) -> None:
        """Puts a text into the file's metadata."""
        self._writer.add_key_value_metadata({key: text})

    def close(self) -> None:
        """Writes what is gathered and completes the file."""
        self._write()
        self._writer.close()

    def _write(self) -> None:
        if self._waiting_rows:
            self._writer.write_table(
                pa.concat_tables(self._waiting), row_group_size=self._waiting_rows
            )
        self._waiting, self._waiting_rows = [], 0
