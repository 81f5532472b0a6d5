"""Events as JSON rows: reading the text, and making a received batch of the objects."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress

import msgspec

from engine.batch import ReceivedBatch
from engine.errors import MalformedInput
from engine.receive.canonical import HASH_BYTES, clean_events, content_hash
from engine.receive.envelope import read_envelope
from engine.receive.wording import Problems, escaped, shown
from engine.strings import BatchStrings, StringPool

Event = Mapping[str, object]

_BOM = b"\xef\xbb\xbf"
_BYTE = re.compile(r"\(byte (\d+)\)")
_NO_HASH = bytes(HASH_BYTES)

_decoder = msgspec.json.Decoder()
_encode = msgspec.json.Encoder().encode


def receive_rows(
    events: Sequence[Event],
    pool: StringPool,
    *,
    default_entity: str,
    default_source: str = "default",
    strings: BatchStrings | None = None,
) -> ReceivedBatch:
    """Checks the form of events and turns them into a batch, in order.

    An event that is not in order gets its reason in `problems`; the others go on. Its source, id
    and type are still there as far as they could be read.

    Args:
        events: objects of JSON values, envelope keys included.
        pool: the book's strings; it is only read.
        default_entity: entity of events that name none.
        default_source: source of events that name none.
        strings: codes to share with other batches of the same commit; None = own ones.
    """
    problems = Problems()
    fields, contents = clean_events(events, problems)
    strings = BatchStrings(pool) if strings is None else strings
    envelope = read_envelope(
        lambda key: [event.get(key) for event in fields],
        len(fields),
        strings,
        problems,
        (default_source, default_entity),
    )
    return ReceivedBatch(
        strings=strings,
        sources=envelope.sources,
        ids=envelope.ids,
        types=envelope.types,
        entities=envelope.entities,
        groups=envelope.groups,
        dates=envelope.dates,
        posting_dates=envelope.posting_dates,
        fields=fields,
        contents=contents,
        identities=envelope.identities,
        content_hashes=[content_hash(content) if content else _NO_HASH for content in contents],
        problems=problems.messages(),
    )


def parse_json_rows(data: bytes, *, first_line: int = 1) -> list[Event]:
    """Reads a JSON array of objects, one object, or JSON Lines (UTF-8, with or without BOM).

    Args:
        data: the text.
        first_line: number of its first line, for messages.

    Raises:
        MalformedInput: it is not JSON, an element is not an object, or an object has a key
            twice; the message and the metadata `line` name the line.
    """
    text = data.removeprefix(_BOM)
    is_array = text[:64].lstrip()[:1] == b"["
    try:
        events = _decoder.decode(text) if is_array else _decode_lines(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        events = _decode_slowly(text, first_line, is_array=is_array)
    if any(type(event) is not dict for event in events):
        _refuse_strays(events, text, first_line, is_array=is_array)
    _refuse_double_keys(events, text, first_line, is_array=is_array)
    return list(events)


def _decode_lines(text: bytes) -> list[Event]:
    events: list[Event] = _decoder.decode_lines(text)
    # The decoder looks for values, not for lines: two on one line, or one over several, pass.
    if len(events) != text.count(b"\n") + (not text.endswith(b"\n")):
        line_count = sum(1 for line in text.split(b"\n") if line.strip())
        if len(events) != line_count:
            raise msgspec.DecodeError
    return events


def _decode_slowly(text: bytes, first_line: int, *, is_array: bool) -> list[Event]:
    """Finds the line at fault; or reads a single object that is laid out over lines."""
    if is_array:
        _decode(text, first_line)
        raise MalformedInput("JSON", "the text is not JSON", line=str(first_line))
    if text[:64].lstrip()[:1] == b"{" and b"\n" in text.strip():
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return [_decoder.decode(text)]
    lines = enumerate(text.split(b"\n"), start=first_line)
    return [_decode(line, number) for number, line in lines if line.strip()]


def _decode(text: bytes, first_line: int) -> Event:
    try:
        event: Event = _decoder.decode(text)
    except RecursionError:
        raise _malformed(first_line, "the JSON is nested too deeply") from None
    except UnicodeDecodeError as error:
        line = first_line + text.count(b"\n", 0, error.start)
        raise _malformed(line, "the text is not UTF-8; convert it or name its encoding") from None
    except msgspec.DecodeError as error:
        found = _BYTE.search(str(error))
        place = int(found[1]) if found else len(text.rstrip())
        line = first_line + text.count(b"\n", 0, place)
        reason = _BYTE.sub("", str(error)).strip()
        raise _malformed(line, f"this is not JSON ({reason})") from None
    return event


def _refuse_strays(
    events: Sequence[object], text: bytes, first_line: int, *, is_array: bool
) -> None:
    for row, event in enumerate(events):
        if not isinstance(event, dict):
            line = first_line if is_array else _line_of(text, row, first_line)
            place = f"element {row + 1} of the array" if is_array else "the line"
            raise _malformed(line, f"{place} is {shown(event)}; every event is a JSON object")


def _refuse_double_keys(
    events: Sequence[Event], text: bytes, first_line: int, *, is_array: bool
) -> None:
    """Refuses objects with a key twice, of which the decoder keeps only the last.

    Every key stands before `":`. The text has as many of them as what was read from it, unless
    it has a double key, white space before a colon, or escapes; only then is it read again.
    """
    if b"\\u00" not in text and text.count(b'":') == _encode(events).count(b'":'):
        return
    numbered = enumerate(text.split(b"\n"), start=first_line)
    lines = [(number, line) for number, line in numbered if line.strip()]
    if is_array or len(lines) != len(events):  # an array, or one object over several lines
        lines = [(first_line, text)]
    for number, line in lines:
        _refuse_double_keys_in(line, number)


def _refuse_double_keys_in(text: bytes, line: int) -> None:
    def check(pairs: list[tuple[str, object]]) -> None:
        if len(pairs) != len({key for key, _ in pairs}):
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    raise _malformed(line, f'the key "{escaped(key)}" is there twice; send it once')
                seen.add(key)

    json.loads(text, object_pairs_hook=check, parse_int=str, parse_float=str)


def _line_of(text: bytes, row: int, first_line: int) -> int:
    numbers = [number for number, line in enumerate(text.split(b"\n"), first_line) if line.strip()]
    return numbers[row]


def _malformed(line: int, what: str) -> MalformedInput:
    return MalformedInput("JSON", f"line {line}: {what}", line=str(line))
