"""Requests of the wire as calls of the engine: three encodings of events, one form behind them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from google.protobuf import struct_pb2

from engine.calls import SYSTEM_TYPES
from engine.errors import MalformedInput
from engine.receive import parse_json_rows
from engine.receive.ipc import read_stream
from server.limits import MAX_ATTEMPT_ID_CHARS, MAX_BATCH_COLUMNAR, MAX_BATCH_ROWS
from server.status import CallRefused, limit_exceeded, malformed
from tongpin.v1 import event_pb2

_ZERO_UUID = "00000000-0000-0000-0000-000000000000"

#: Doubles hold every whole number up to here; a larger one may not be what the sender wrote.
_MAX_WHOLE_DOUBLE = 2**53

#: Envelope keys by their name in the proto, which differs for one of them.
_TEXT_KEYS = (
    "id",
    "type",
    "date",
    "source",
    "entity",
    "posting_date",
    "group_id",
    "actor",
    "approved_by",
)
_ENVELOPE = frozenset({*_TEXT_KEYS, "source_doc"})


@dataclass(frozen=True, slots=True)
class Batch:
    """Events of one message in the form of a `Call`.

    Attributes:
        events: JSON-like objects, or
        arrow: an Arrow IPC stream instead.
        count: number of events.
        size: bytes of the message.
        commands: system types among the events, which need roles of their own.
    """

    events: tuple[Mapping[str, object], ...]
    arrow: bytes | None
    count: int
    size: int
    commands: frozenset[str]


def read_batch(batch: event_pb2.EventBatch) -> Batch:
    """The events of a batch, whichever encoding they are in.

    Raises:
        CallRefused: there are none, too many, or they cannot be read as events.
    """
    size = batch.ByteSize()
    match batch.WhichOneof("encoding"):
        case "rows":
            events = [
                _read_row(event, f"batch.rows.events[{position}]")
                for position, event in enumerate(batch.rows.events)
            ]
            return _row_batch("batch.rows", events, size)
        case "json":
            return _row_batch("batch.json", _read_json(batch.json), size)
        case "arrow_ipc":
            return _columnar_batch(batch.arrow_ipc, size)
        case _:
            raise malformed("batch", "the batch has no events; set rows, json or arrow_ipc")


def read_attempt_id(attempt_id: str) -> str:
    """A request's attempt id, checked; "" where it carries none."""
    if len(attempt_id) > MAX_ATTEMPT_ID_CHARS:
        raise limit_exceeded(
            "attempt_id",
            f"an attempt id has at most {MAX_ATTEMPT_ID_CHARS} characters",
            limit=MAX_ATTEMPT_ID_CHARS,
            value=len(attempt_id),
        )
    if attempt_id and (not attempt_id.isascii() or not attempt_id.isprintable()):
        raise malformed("attempt_id", "an attempt id is printable ASCII, such as a UUID")
    if attempt_id == _ZERO_UUID:
        raise malformed("attempt_id", "the zero UUID is no attempt id; make a random one")
    return attempt_id


def commands_in(types: Iterable[object]) -> frozenset[str]:
    """The system types among event types, as the engine will read them."""
    texts = {text for text in types if isinstance(text, str)}
    # The engine normalises text, so a type has to be looked at in the same form.
    normal = {t if t.isascii() else unicodedata.normalize("NFC", t) for t in texts}
    return SYSTEM_TYPES & normal


def _row_batch(field_path: str, events: list[Mapping[str, object]], size: int) -> Batch:
    if not events:
        raise malformed(field_path, "the batch has no events")
    if len(events) > MAX_BATCH_ROWS:
        raise limit_exceeded(
            field_path,
            f"a batch has at most {MAX_BATCH_ROWS} rows; send several, or columns",
            limit=MAX_BATCH_ROWS,
            value=len(events),
        )
    commands = commands_in(event.get("type") for event in events)
    return Batch(tuple(events), None, len(events), size, commands)


def _read_json(data: bytes) -> list[Mapping[str, object]]:
    try:
        return parse_json_rows(data)
    except MalformedInput as error:
        raise _at("batch.json", error) from error


def _columnar_batch(data: bytes, size: int) -> Batch:
    try:
        table = read_stream(data)
    except MalformedInput as error:
        raise _at("batch.arrow_ipc", error) from error
    count = table.num_rows
    if not count:
        raise malformed("batch.arrow_ipc", "the batch has no events")
    if count > MAX_BATCH_COLUMNAR:
        raise limit_exceeded(
            "batch.arrow_ipc",
            f"a batch has at most {MAX_BATCH_COLUMNAR} columnar events; send several",
            limit=MAX_BATCH_COLUMNAR,
            value=count,
        )
    return Batch((), data, count, size, commands_in(_types_of(table)))


def _types_of(table: pa.Table) -> list[object]:
    place = table.schema.get_field_index("type")
    types: list[object] = pc.unique(table.column(place)).to_pylist() if place >= 0 else []
    return types


def _at(field_path: str, error: MalformedInput) -> CallRefused:
    refusal = malformed(field_path, error.message)
    refusal.metadata = {**error.metadata, "field": field_path, "detail": error.reason}
    return refusal


# ---------------------------------------------------------------- typed envelopes


def _read_row(event: event_pb2.Event, field_path: str) -> Mapping[str, object]:
    row: dict[str, object] = {}
    for key in _TEXT_KEYS:
        text = getattr(event, key)
        if text:
            row[key] = text
    if event.HasField("source_document"):
        row["source_doc"] = _read_document(event.source_document)
    for key, value in event.fields.fields.items():
        if key in _ENVELOPE:
            raise malformed(
                f"{field_path}.fields.{key}",
                f"{key} belongs to the envelope; set it beside `fields`, not in it",
            )
        row[key] = _read_value(value)
    return row


def _read_document(document: event_pb2.SourceDocument) -> dict[str, object]:
    read: dict[str, object] = {}
    for key in ("kind", "number", "hash"):
        text = getattr(document, key)
        if text:
            read[key] = text
    if document.attachments:
        read["attachments"] = document.attachments
    return read


def _read_value(value: struct_pb2.Value) -> object:
    match value.WhichOneof("kind"):
        case "string_value":
            return value.string_value
        case "number_value":
            return _read_number(value.number_value)
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [_read_value(element) for element in value.list_value.values]
        case "struct_value":
            fields = value.struct_value.fields
            return {key: _read_value(element) for key, element in fields.items()}
        case _:
            return None


def _read_number(number: float) -> object:
    # Struct knows doubles only. What is no whole number stays one, and typing then answers that
    # amounts are written as strings.
    if number.is_integer() and abs(number) <= _MAX_WHOLE_DOUBLE:
        return int(number)
    return number
