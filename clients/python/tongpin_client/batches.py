"""Events as the batches that are sent: JSON Lines of mappings, Arrow of columns; cut to size."""

from __future__ import annotations

import datetime
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, cast

from tongpin.v1 import event_pb2
from tongpin_client.errors import ColumnsError

if TYPE_CHECKING:
    import pyarrow as pa

#: An event as in event files: {"id": …, "type": …, "date": …, …}.
Event = Mapping[str, Any]

#: Most events of a message as rows and as columns, and bytes of events in it. The server takes
#: messages of 4 MiB; some of that is left for what surrounds the events.
MAX_ROWS: Final = 1_000
MAX_COLUMNAR_ROWS: Final = 100_000
MAX_BATCH_BYTES: Final = 4 * 2**20 - 64 * 2**10

_GROUP = "group_id"


def row_batches(
    events: Iterable[Event], batch_size: int = MAX_ROWS
) -> Iterator[event_pb2.EventBatch]:
    """Cuts events into batches; neighbours of one group stay together.

    Raises:
        ValueError: an event or a group does not fit into a message, or cannot be written.
    """
    if not 1 <= batch_size <= MAX_ROWS:
        raise ValueError(f"a batch has 1 to {MAX_ROWS} events, not {batch_size}")
    lines: list[bytes] = []
    size = 0
    for unit in _units(events):
        unit_size = sum(len(line) + 1 for line in unit)
        if len(unit) > MAX_ROWS or unit_size > MAX_BATCH_BYTES:
            raise ValueError(
                f"{len(unit)} event(s) that belong together have {unit_size} bytes; a message "
                f"holds {MAX_ROWS} events and {MAX_BATCH_BYTES} bytes"
            )
        if lines and (len(lines) + len(unit) > batch_size or size + unit_size > MAX_BATCH_BYTES):
            yield event_pb2.EventBatch(json=b"\n".join(lines))
            lines, size = [], 0
        lines += unit
        size += unit_size
    if lines:
        yield event_pb2.EventBatch(json=b"\n".join(lines))


def column_batches(
    columns: object, batch_size: int = MAX_COLUMNAR_ROWS
) -> Iterator[event_pb2.EventBatch]:
    """Cuts columns into batches: a PyArrow table or record batch, or arrays by column name.

    Raises:
        ColumnsError: PyArrow is missing, or a column holds floats.
        ValueError: a group does not fit into a message.
    """
    table = _table(columns)
    start = 0
    while start < table.num_rows:
        count = min(batch_size, table.num_rows - start)
        data = _stream_bytes(table.slice(start, count))
        while len(data) > MAX_BATCH_BYTES and count > 1:
            count = max(1, count * MAX_BATCH_BYTES // len(data) * 9 // 10)
            data = _stream_bytes(table.slice(start, count))
        kept = _group_boundary(table, start, count)
        if kept != count:
            count, data = kept, _stream_bytes(table.slice(start, kept))
        if len(data) > MAX_BATCH_BYTES:
            raise ValueError(f"one event has {len(data)} bytes; a message holds {MAX_BATCH_BYTES}")
        yield event_pb2.EventBatch(arrow_ipc=data)
        start += count


def stream_batches(
    items: Iterable[object], batch_size: int | None = None
) -> Iterator[event_pb2.EventBatch]:
    """Batches of a stream: from events one by one, or from ready batches of any kind.

    An item is an event, a list of events, a PyArrow table or record batch, a mapping of arrays,
    or an `EventBatch`. The cut depends on the items and `batch_size` alone, so that a stream
    that is resumed finds its offsets again.
    """
    rows = batch_size or MAX_ROWS
    for is_event, run in itertools.groupby(items, key=_is_event):
        if is_event:
            yield from row_batches(cast("Iterable[Event]", run), rows)
            continue
        for item in run:
            if isinstance(item, event_pb2.EventBatch):
                yield item
            elif isinstance(item, list | tuple):
                yield from row_batches(item, rows)
            else:
                yield from column_batches(item, batch_size or MAX_COLUMNAR_ROWS)


def _is_event(item: object) -> bool:
    return isinstance(item, Mapping) and isinstance(item.get("id"), str)


# ---------------------------------------------------------------- rows


def _units(events: Iterable[Event]) -> Iterator[list[bytes]]:
    """Encoded events that must not be separated: one, or neighbours of one group."""
    unit: list[bytes] = []
    last: Event = {}
    for event in events:
        line = _encode(event)
        if unit and not _same_group(last, event):
            yield unit
            unit = []
        unit.append(line)
        last = event
    if unit:
        yield unit


def _same_group(first: Event, second: Event) -> bool:
    group = first.get(_GROUP)
    return bool(group) and group == second.get(_GROUP)


def _encode(event: Event) -> bytes:
    text = json.dumps(
        event, default=_plain, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    return text.encode()


def _plain(value: object) -> object:
    match value:
        case Decimal():
            return format(value, "f")
        case datetime.datetime():
            raise TypeError(f"{value!r} is a time; events carry dates")
        case datetime.date():
            return value.isoformat()
        case Mapping():
            return dict(value)
        case _:
            raise TypeError(f"{value!r} cannot be a value of an event")


# ---------------------------------------------------------------- columns


def _table(columns: object) -> pa.Table:
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra of this distribution
    except ImportError as error:
        raise ColumnsError("columns need PyArrow: pip install 'tongpin-client[arrow]'") from error
    if isinstance(columns, pa.RecordBatch):
        columns = pa.Table.from_batches([columns])
    elif isinstance(columns, Mapping):
        columns = pa.table({name: pa.array(values) for name, values in columns.items()})
    if not isinstance(columns, pa.Table):
        raise ColumnsError(f"{type(columns).__name__} is no table and no mapping of arrays")
    for name, kind in zip(columns.schema.names, columns.schema.types, strict=True):
        if pa.types.is_floating(kind):
            raise ColumnsError(f"the column {name} holds floats; pass decimals or strings")
    return columns


def _stream_bytes(table: pa.Table) -> bytes:
    import pyarrow as pa  # noqa: PLC0415 - as above

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _group_boundary(table: pa.Table, start: int, count: int) -> int:
    """The most rows from `start`, at most `count`, that do not cut a group."""
    if _GROUP not in table.schema.names or start + count >= table.num_rows:
        return count
    groups: Sequence[str | None] = table.column(_GROUP).slice(start, count + 1).to_pylist()
    kept = count
    while kept and groups[kept] and groups[kept] == groups[kept - 1]:
        kept -= 1
    if not kept:
        raise ValueError(f"the group {groups[0]} does not fit into a message")
    return kept
