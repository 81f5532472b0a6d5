"""Canonical JSON of events that lie in Arrow columns, made column by column.

Gives up (None) on whatever would have to be cleaned or refused; the events then go through the
row path, which words the problem. What it does give equals the row path byte for byte.
"""

# The stubs of pyarrow tell apart array classes that its functions take alike, and miss some.
# mypy: disable-error-code="arg-type, assignment, attr-defined, call-overload, no-any-return"
# mypy: disable-error-code="return-value, type-arg, type-var"

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import is_normalized

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.limits import (
    MAX_EVENT_BYTES,
    MAX_FIELDS,
    MAX_LIST_ELEMENTS,
    MAX_NESTING,
    MAX_TEXT_CHARS,
)
from engine.program import INT64_MAX
from engine.receive.arrow_values import (
    bounded_flatten,
    date_texts,
    decimal_texts,
    is_list,
    is_text,
    list_bounds,
)

_ESCAPED = re.compile(rb'["\\\x00-\x1f]')
_PLAIN_VALUE = r"^(-?[0-9]+\.?[0-9]*|true|false)$"
_STARTS_PLAIN = np.zeros(256, dtype=np.bool_)  # by byte: begins a number or a truth
_STARTS_PLAIN[list(b"-0123456789tf")] = True

_encode = msgspec.json.Encoder().encode


# pyarrow takes 60 µs to make a scalar (it looks for pandas each time), more than most kernels.
_text_of = lru_cache(maxsize=1_024)(pa.scalar)
_ABSENT = pa.scalar(None, pa.string())


class _NeedsRows(Exception):
    """Something here has to be cleaned or refused by the row path."""


@dataclass(frozen=True, slots=True)
class _Json:
    """JSON text of the values of a column, null where absent.

    content: as it is kept. hashed: as it is hashed (see `content_hash`); often the same array.
    """

    content: pa.Array
    hashed: pa.Array


def contents_of(
    arrays: Mapping[str, pa.Array], count: int
) -> tuple[list[bytes], list[bytes]] | None:
    """Canonical JSON of `count` events, as kept and as hashed; None if rows are needed.

    Args:
        arrays: columns by wire name, only those that are content.
        count: their length.
    """
    if len(arrays) > MAX_FIELDS:
        return None
    try:
        parts = {name: _json(array, 2) for name, array in arrays.items()}
        record = _record(parts, count)
    except _NeedsRows:
        return None
    if (pc.max(pc.binary_length(record.content)).as_py() or 0) > MAX_EVENT_BYTES:
        return None
    return _byte_strings(record.content), _byte_strings(record.hashed)


def _json(array: pa.Array, depth: int) -> _Json:
    """JSON of the values of a column whose containers, if any, are at this depth."""
    kind, arrow_type = pa.types, array.type
    if kind.is_dictionary(arrow_type):
        known = _json(array.dictionary, depth)
        return _each(known, lambda texts: texts.take(array.indices))
    if is_text(arrow_type):
        return _text(array.cast(pa.string()))
    if kind.is_boolean(arrow_type):
        return _same(pc.if_else(array, _text_of("true"), _text_of("false")))
    if kind.is_integer(arrow_type):
        if len(array) and kind.is_uint64(arrow_type) and (pc.max(array).as_py() or 0) > INT64_MAX:
            raise _NeedsRows
        return _same(array.cast(pa.string()))
    if kind.is_decimal(arrow_type):
        texts = decimal_texts(array)
        return _Json(_quoted(texts), _trimmed(texts))
    if kind.is_date(arrow_type):
        return _same(_quoted(date_texts(array)))
    if array.null_count == len(array):
        return _same(pa.nulls(len(array), pa.string()))
    if depth > MAX_NESTING:
        raise _NeedsRows
    if is_list(arrow_type):
        return _list(array, depth)
    if kind.is_struct(arrow_type):
        return _struct(array, depth)
    raise _NeedsRows  # a float, which the row path refuses, or a map, whose keys it sorts


def _text(array: pa.Array) -> _Json:
    _offsets, data = _buffers(array)
    if _ESCAPED.search(data):
        if b"\0" in data:
            raise _NeedsRows
        escaped = [None if text is None else _encode(text) for text in array.to_pylist()]
        quoted = pa.array(escaped, pa.binary()).cast(pa.string())
    else:
        quoted = _quoted(array)
    # A part of text in normal form C is in normal form C, so the whole vouches for the values.
    if not data.isascii() and not is_normalized("NFC", data.decode()):
        raise _NeedsRows
    if (pc.max(pc.binary_length(array)).as_py() or 0) > MAX_TEXT_CHARS:
        raise _NeedsRows
    starts = _offsets[:-1][_offsets[:-1] < _offsets[1:]] - _offsets[0]
    firsts = np.frombuffer(data, dtype=np.uint8)[starts]
    if not _STARTS_PLAIN[firsts].any():
        return _same(quoted)
    is_plain = pc.match_substring_regex(array, _PLAIN_VALUE)
    if not pc.any(is_plain).as_py():
        return _same(quoted)
    return _Json(quoted, pc.if_else(is_plain, _trimmed(array), quoted))


def _buffers(array: pa.Array) -> tuple[np.ndarray[tuple[int], np.dtype[np.int32]], bytes]:
    """Offsets int32[n + 1] of a string column, and the bytes between the first and the last."""
    if not len(array):
        return np.zeros(1, dtype=np.int32), b""
    _, offsets, data = array.buffers()
    end = array.offset + len(array) + 1  # the buffer may be longer, and of any length
    places = np.frombuffer(offsets, dtype=np.int32, count=end)[array.offset :]
    if data is None:
        return places, b""
    start, stop = int(places[0]), int(places[-1])
    return places, data.slice(start, stop - start).to_pybytes()


def _quoted(texts: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(_text_of('"'), texts, _text_of('"'), _text_of(""))


def _trimmed(texts: pa.Array) -> pa.Array:
    """Plain decimals without the zeros that end their fraction; other texts anyhow."""
    has_point = pc.match_substring(texts, ".")
    short = pc.ascii_rtrim(pc.ascii_rtrim(texts, "0"), ".")
    texts = pc.if_else(has_point, short, texts)
    return pc.if_else(pc.equal(texts, _text_of("-0")), _text_of("0"), texts)


def _list(array: pa.Array, depth: int) -> _Json:
    lengths = array.value_lengths()
    if (pc.max(lengths).as_py() or 0) > MAX_LIST_ELEMENTS:
        raise _NeedsRows
    elements = bounded_flatten(array)
    if elements.null_count:
        raise _NeedsRows
    bounds = list_bounds(array)
    there = array.is_valid()

    def join(texts: pa.Array) -> pa.Array:
        lists = pa.ListArray.from_arrays(pa.array(bounds), texts)
        inner = pc.binary_join(lists, _text_of(","))
        joined = pc.binary_join_element_wise(_text_of("["), inner, _text_of("]"), _text_of(""))
        return pc.if_else(there, joined, _ABSENT)

    return _each(_json(elements, depth + 1), join)


def _struct(array: pa.Array, depth: int) -> _Json:
    names = [child.name for child in array.type]
    children = [_json(child, depth + 1) for child in array.flatten()]
    record = _record(dict(zip(names, children, strict=True)), len(array))
    if not array.null_count:
        return record
    there = array.is_valid()
    return _each(record, lambda texts: pc.if_else(there, texts, _ABSENT))


def _record(parts: Mapping[str, _Json], count: int) -> _Json:
    """Objects of `count` rows out of their members; absent members are left out."""
    for name in parts:
        if "\0" in name or not is_normalized("NFC", name) or len(name) > MAX_TEXT_CHARS:
            raise _NeedsRows
    ordered = sorted(parts.items())
    content = _members({name: part.content for name, part in ordered}, count)
    if all(part.content is part.hashed for part in parts.values()):
        return _same(content)
    return _Json(content, _members({name: part.hashed for name, part in ordered}, count))


def _members(texts: Mapping[str, pa.Array], count: int) -> pa.Array:
    pieces: list[object] = []
    for name, values in texts.items():
        key = _text_of(f",{_encode(name).decode()}:")
        if values.null_count:
            pieces.append(pc.binary_join_element_wise(key, values, _text_of("")))
        else:
            pieces += [key, values]
    if not any(isinstance(piece, pa.Array) for piece in pieces):
        return pa.array(["{}"] * count, pa.string())
    joined = pc.binary_join_element_wise(
        *pieces, _text_of(""), null_handling="replace", null_replacement=""
    )
    inner = pc.utf8_slice_codeunits(joined, start=1)  # without the first comma
    return pc.binary_join_element_wise(_text_of("{"), inner, _text_of("}"), _text_of(""))


def _byte_strings(texts: pa.Array) -> list[bytes]:
    return list(texts.cast(pa.binary()).to_pylist())


def _same(texts: pa.Array) -> _Json:
    return _Json(texts, texts)


def _each(json: _Json, change: Callable[[pa.Array], pa.Array]) -> _Json:
    content = change(json.content)
    return _Json(content, content if json.hashed is json.content else change(json.hashed))
