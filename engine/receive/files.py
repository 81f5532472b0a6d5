"""Reads events from files: JSON Lines, CSV and Parquet, in order, a bounded chunk at a time."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import MalformedInput
from engine.limits import MAX_BATCH_EVENTS, MAX_EVENT_BYTES, MAX_FIELDS
from engine.receive.arrow_values import ColumnFields, check_type
from engine.receive.rows import parse_json_rows
from engine.receive.wording import escaped

Event = Mapping[str, object]

#: Bytes of a JSON Lines file read at a time; an event that has not ended by then is too large.
_BLOCK_BYTES = 4 * MAX_EVENT_BYTES

#: Text of one CSV cell, which may hold a list as JSON.
_MAX_CELL_CHARS = MAX_EVENT_BYTES

_decode = msgspec.json.Decoder().decode


def read_events(path: str | Path, *, encoding: str = "utf-8") -> Iterator[list[Event]]:
    """Reads a file of events, told apart by its suffix: .jsonl (.ndjson, .json), .csv, .parquet.

    Args:
        path: the file.
        encoding: of a CSV file, such as gb18030; a byte order mark is understood either way.

    Yields:
        Events in file order, at most MAX_BATCH_EVENTS at a time; the input number of an event
        is its position over all chunks, from 1.

    Raises:
        MalformedInput: the file cannot be read as events; names file and line.
    """
    file = Path(path)
    try:
        match file.suffix.lower():
            case ".jsonl" | ".ndjson" | ".json":
                yield from _json_lines(file)
            case ".csv":
                yield from _csv(file, encoding)
            case ".parquet":
                yield from _parquet(file)
            case suffix:
                raise MalformedInput(
                    "FILE_TYPE", f"the suffix {suffix!r} is not known; use .jsonl, .csv or .parquet"
                )
    except MalformedInput as error:
        raise MalformedInput(
            error.reason, f"{file}: {error.message}", file=str(file), **error.metadata
        ) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise MalformedInput("FILE", f"{file}: {reason}", file=str(file)) from error


def _json_lines(file: Path) -> Iterator[list[Event]]:
    """Cuts the file at line ends; a JSON array or one object over several lines is read whole."""
    line = 1
    with file.open("rb") as stream:
        head = stream.read(_BLOCK_BYTES)
        if head.removeprefix(codecs.BOM_UTF8)[:64].lstrip()[:1] == b"[":
            yield from _chunks(parse_json_rows(head + stream.read()))
            return
        rest = head
        while rest:
            end = rest.rfind(b"\n") + 1
            block = stream.read(_BLOCK_BYTES)
            if block and not end:
                raise MalformedInput(
                    "JSON",
                    f"line {line}: the line is longer than {_BLOCK_BYTES} bytes; an event has at "
                    f"most {MAX_EVENT_BYTES}",
                    line=str(line),
                )
            whole = rest[:end] if block else rest
            yield from _chunks(parse_json_rows(whole, first_line=line))
            line += whole.count(b"\n")
            rest = rest[len(whole) :] + block


def _chunks(events: Sequence[Event]) -> Iterator[list[Event]]:
    for start in range(0, len(events), MAX_BATCH_EVENTS):
        yield list(events[start : start + MAX_BATCH_EVENTS])


def _csv(file: Path, encoding: str) -> Iterator[list[Event]]:
    with file.open("rb") as stream:
        has_mark = stream.read(3) == codecs.BOM_UTF8
    try:
        codec = "utf-8-sig" if has_mark else codecs.lookup(encoding).name
    except LookupError:
        raise MalformedInput(
            "ENCODING", f"the encoding {escaped(encoding)} is not known; try utf-8 or gb18030"
        ) from None
    with file.open(encoding=codec, newline="") as text:
        csv.field_size_limit(_MAX_CELL_CHARS)
        yield from _csv_rows(text, codec)


def _csv_rows(text: io.TextIOBase, codec: str) -> Iterator[list[Event]]:
    reader = csv.reader(text, strict=True)
    try:
        names = _header(next(reader, []))
        while True:
            # An empty line is an empty row; only the end of the file gives none at all.
            events = [
                _csv_event(names, row, reader.line_num) if row else None
                for row in islice(reader, MAX_BATCH_EVENTS)
            ]
            if not events:
                return
            yield [event for event in events if event is not None]
    except UnicodeDecodeError:
        line = reader.line_num + 1
        raise MalformedInput(
            "ENCODING",
            f"after line {line}: the text is not {codec}; name its encoding (--encoding gb18030)",
            line=str(line),
        ) from None
    except csv.Error as error:
        line = reader.line_num
        raise MalformedInput("CSV", f"line {line}: {error}", line=str(line)) from None


def _header(cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    if not names:
        raise MalformedInput("CSV", "the file is empty; its first line names the columns", line="1")
    if len(names) > MAX_FIELDS:
        raise MalformedInput(
            "CSV", f"line 1: {len(names)} columns; at most {MAX_FIELDS} are accepted", line="1"
        )
    for place, name in enumerate(names, start=1):
        if not name:
            raise MalformedInput("CSV", f"line 1: column {place} has no name", line="1")
        if name in names[: place - 1]:
            raise MalformedInput(
                "CSV", f'line 1: the column "{escaped(name)}" is there twice', line="1"
            )
    return names


def _csv_event(names: list[str], row: list[str], line: int) -> Event:
    if len(row) != len(names):
        raise MalformedInput(
            "CSV",
            f"line {line}: {len(row)} cells under {len(names)} column names",
            line=str(line),
        )
    return {name: _cell(cell) for name, cell in zip(names, row, strict=True) if cell}


def _cell(cell: str) -> object:
    """A cell as text; one that is a JSON list or object as that."""
    if cell[0] not in "[{":
        return cell
    try:
        return _decode(cell)
    except (msgspec.DecodeError, RecursionError):
        return cell  # ordinary text, or a slip that typing reports with the field's name


def _parquet(file: Path) -> Iterator[list[Event]]:
    for batch in read_parquet_batches(file):
        arrays = dict(zip(batch.schema.names, batch.columns, strict=True))
        yield list(ColumnFields(arrays, batch.num_rows))


def read_parquet_batches(file: str | Path) -> Iterator[pa.RecordBatch]:
    """Reads a Parquet file of events as record batches of at most MAX_BATCH_EVENTS rows.

    Raises:
        MalformedInput: it is not Parquet, or a column has a type no event value has.
    """
    try:
        with pq.ParquetFile(file) as parquet:
            schema = parquet.schema_arrow
            if len(set(schema.names)) != len(schema.names):
                raise MalformedInput("PARQUET", "two columns have the same name")
            for column in schema:
                check_type(column.name, column.type)
            yield from parquet.iter_batches(batch_size=MAX_BATCH_EVENTS)
    except pa.ArrowException as error:
        reason = str(error).splitlines()[0][:200] if str(error) else "it is damaged"
        raise MalformedInput("PARQUET", f"the file cannot be read as Parquet: {reason}") from None
