"""Reads an Arrow IPC stream of unknown origin into a table, within bounds of memory."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pyarrow as pa

from engine.errors import MalformedInput
from engine.limits import MAX_UNPACKED_BYTES

# A stream is a row of messages: this mark, the size of the metadata, the metadata (a flatbuffer
# padded to 8 bytes), the body. See the Arrow columnar format, "Encapsulated message format".
_MARK = b"\xff\xff\xff\xff"
_DICTIONARY_BATCH = 2
_RECORD_BATCH = 3
_NOT_COMPRESSED = -1


def read_stream(data: bytes) -> pa.Table:
    """Reads an Arrow IPC stream.

    Raises:
        MalformedInput: it is none, is damaged, or would unpack to more than
            MAX_UNPACKED_BYTES.
    """
    try:
        unpacked = sum(_unpacked_sizes(data))
    except (struct.error, IndexError, OverflowError):
        raise _malformed("the bytes are not an Arrow IPC stream") from None
    if unpacked > MAX_UNPACKED_BYTES:
        raise _malformed(
            f"the Arrow stream unpacks to {unpacked} bytes; at most {MAX_UNPACKED_BYTES} are "
            "accepted"
        )
    try:
        with pa.ipc.open_stream(data) as reader:
            table = reader.read_all()
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else "it is damaged"
        raise _malformed(f"the Arrow stream cannot be read: {reason}") from None
    return table


def _malformed(message: str) -> MalformedInput:
    return MalformedInput("ARROW", message)


def _unpacked_sizes(data: bytes) -> Iterator[int]:
    """Size of each compressed buffer of the stream once unpacked, as its first 8 bytes say."""
    place = 0
    while place + 8 <= len(data):
        if data[place : place + 4] == _MARK:
            place += 4
        (size,) = struct.unpack_from("<i", data, place)
        place += 4
        if size <= 0:
            return
        message = _Table.root(data[place : place + size])
        place += size
        (body_size,) = struct.unpack("<q", message.scalar(3, "<q") or bytes(8))
        if body_size < 0:
            raise IndexError(body_size)
        yield from _batch_sizes(message, data[place : place + body_size])
        place += body_size


def _batch_sizes(message: _Table, body: bytes) -> Iterator[int]:
    kind = (message.scalar(1, "<B") or b"\0")[0]
    batch = message.table(2) if kind in {_DICTIONARY_BATCH, _RECORD_BATCH} else None
    if kind == _DICTIONARY_BATCH and batch is not None:
        batch = batch.table(1)
    if batch is None or batch.table(3) is None:  # no field `compression`
        return
    for start, length in batch.pairs(2):
        if length >= 8:
            (size,) = struct.unpack_from("<q", body, start)
            if size != _NOT_COMPRESSED:
                yield max(size, 0)


class _Table:
    """A flatbuffers table, as far as it is needed here: fields are found by their number."""

    __slots__ = ("_data", "_place", "_vtable")

    def __init__(self, data: bytes, place: int) -> None:
        (back,) = struct.unpack_from("<i", data, place)
        if place < 0 or place - back < 0:
            raise IndexError(place)
        self._data = data
        self._place = place
        self._vtable = place - back

    @classmethod
    def root(cls, data: bytes) -> _Table:
        return cls(data, struct.unpack_from("<I", data, 0)[0])

    def _field(self, number: int) -> int:
        (size,) = struct.unpack_from("<H", self._data, self._vtable)
        if 4 + 2 * number >= size:
            return 0
        (offset,) = struct.unpack_from("<H", self._data, self._vtable + 4 + 2 * number)
        return self._place + offset if offset else 0

    def _target(self, number: int) -> int:
        place = self._field(number)
        return place + int(struct.unpack_from("<I", self._data, place)[0]) if place else 0

    def scalar(self, number: int, form: str) -> bytes:
        """Bytes of a scalar field; empty where the field is absent."""
        place = self._field(number)
        return self._data[place : place + struct.calcsize(form)] if place else b""

    def table(self, number: int) -> _Table | None:
        """A field that is a table."""
        place = self._target(number)
        return _Table(self._data, place) if place else None

    def pairs(self, number: int) -> Iterator[tuple[int, int]]:
        """A field that is a vector of structs of two int64."""
        place = self._target(number)
        if place:
            (count,) = struct.unpack_from("<I", self._data, place)
            for index in range(count):
                yield struct.unpack_from("<qq", self._data, place + 4 + 16 * index)
