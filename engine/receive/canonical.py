"""Canonical content of an event and the hashes that identify it; not its envelope or its type.

The canonical form is JSON: keys in code point order, strings in Unicode normal form C, no white
space, UTF-8. What is null is absent. What belongs to the transport is left out, so that the same
event sent again in another group, attempt, stream or encoding has the same content.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from unicodedata import is_normalized, normalize

import msgspec

from engine.calls import FILED_TYPES
from engine.errors import MalformedInput
from engine.limits import (
    MAX_EVENT_BYTES,
    MAX_FIELDS,
    MAX_LIST_ELEMENTS,
    MAX_NESTING,
    MAX_REVISION_BYTES,
    MAX_TEXT_CHARS,
)
from engine.program import INT64_MAX, INT64_MIN
from engine.receive.wording import Problems, escaped, shown

#: Keys that belong to the transport: neither content nor fields.
TRANSPORT = frozenset({"attempt_id", "stream_id", "offset"})

#: Keys that are not content. The group is kept beside it.
EXCLUDED = TRANSPORT | {"group_id"}

#: Size of every hash here, in bytes.
HASH_BYTES = 16

_encoder = msgspec.json.Encoder(order="deterministic")
_encode = _encoder.encode

# A string value that is a plain decimal or a truth. Only in front of a value stands `:"` with a
# quote that is not escaped; a value in a list follows `[` or a comma.
_PLAIN_VALUE = re.compile(rb':"(-?[0-9]+\.?[0-9]*|true|false)"')
_PLAIN_ELEMENT = re.compile(rb'(?<=[\[,])"(-?[0-9]+\.?[0-9]*|true|false)"(?!:)')
_FRACTION_ENDS = b"0."  # what ends in another character stays as it is
_VALUE_LIST = re.compile(rb':\["')


def canonical_content(event: Mapping[str, object]) -> bytes:
    """The canonical JSON of an event as received.

    Raises:
        MalformedInput: the event holds something that has no canonical form (a number with
            decimals, text that is not Unicode) or is beyond the limits.
    """
    return clean_event(event)[1]


def clean_event(event: Mapping[str, object]) -> tuple[Mapping[str, object], bytes]:
    """Fields and canonical JSON of an event: strings in normal form C, nulls left out.

    Gives the mapping itself where nothing has to be cleaned, which is the rule.

    Raises:
        MalformedInput: as for `canonical_content`.
    """
    if type(event) is dict and len(event) <= MAX_FIELDS and _is_plain(event.values(), 1):
        fields: Mapping[str, object] = event
        if not TRANSPORT.isdisjoint(event):
            fields = {key: value for key, value in event.items() if key not in TRANSPORT}
        content = _try_encode(fields)
        if content is not None and len(content) <= MAX_EVENT_BYTES:
            return fields, content
    return _clean_slowly(event)


def clean_events(
    events: Sequence[object], problems: Problems
) -> tuple[list[Mapping[str, object]], list[bytes]]:
    """Fields and canonical JSON of many events, as `clean_event` gives them.

    An event that is refused is reported, keeps its fields as they are and has no content.
    """
    fields: list[Mapping[str, object]] = [
        event if isinstance(event, dict) else {} for event in events
    ]
    if all(map(_needs_no_copy, events)):
        contents = _encode_all(events)
        if contents is not None:
            return fields, contents
    contents = []
    for row, event in enumerate(events):
        if not isinstance(event, Mapping):
            problems.report(row, f"{shown(event)} stands where an event is needed, an object")
            contents.append(b"")
            continue
        try:
            fields[row] = event
            fields[row], content = clean_event(event)
        except MalformedInput as error:
            problems.report(row, error.message)
            content = b""
        contents.append(content)
    return fields, contents


def content_hash(canonical: bytes) -> bytes:
    """BLAKE2b-128 of canonical content in which equal numbers and truths look alike.

    Plain decimals lose the zeros that end their fraction and, with whole JSON numbers, their
    quotes: "1060.00", "1060" and 1060 hash alike. So do "true" and true: CSV knows strings only.
    The content itself keeps what was sent.
    """
    text = _PLAIN_VALUE.sub(_plain_value, canonical)
    if b'["' in text and _VALUE_LIST.search(text):
        text = _PLAIN_ELEMENT.sub(_plain_element, text)
    return blake2b(text, digest_size=HASH_BYTES).digest()


def identity(source: str, event_id: str) -> bytes:
    """BLAKE2b-128 of source and id, each behind its length in UTF-8 bytes."""
    return blake2b(prefixed(source) + prefixed(event_id), digest_size=HASH_BYTES).digest()


def prefixed(text: str) -> bytes:
    """The UTF-8 bytes of a text behind their count as 4 bytes, least significant first."""
    data = text.encode()
    return len(data).to_bytes(4, "little") + data


def _plain_value(match: re.Match[bytes]) -> bytes:
    text = match[1]
    return b":" + (_plain(text) if text[-1] in _FRACTION_ENDS else text)


def _plain_element(match: re.Match[bytes]) -> bytes:
    text = match[1]
    return _plain(text) if text[-1] in _FRACTION_ENDS else text


def _plain(text: bytes) -> bytes:
    if b"." in text:
        text = text.rstrip(b"0").rstrip(b".")
    return b"0" if text == b"-0" else text


def _is_plain(values: Iterable[object], depth: int) -> bool:
    # Whether values at this depth need no cleaning and are within the limits.
    for value in values:
        kind = type(value)
        if kind is str:
            if len(value) > MAX_TEXT_CHARS:  # type: ignore[arg-type] # mypy: type() narrows nothing
                return False
        elif kind is bool:
            continue
        elif kind is int:
            if not INT64_MIN <= value <= INT64_MAX:  # type: ignore[operator] # as above
                return False
        elif isinstance(value, dict):
            if depth == MAX_NESTING or len(value) > MAX_LIST_ELEMENTS:
                return False
            if not _is_plain(value.values(), depth + 1):
                return False
        elif isinstance(value, list):
            if depth == MAX_NESTING or len(value) > MAX_LIST_ELEMENTS:
                return False
            if not _is_plain(value, depth + 1):
                return False
        else:
            return False
    return True


def _needs_no_copy(event: object) -> bool:
    return (
        isinstance(event, dict)
        and len(event) <= MAX_FIELDS
        and EXCLUDED.isdisjoint(event)
        and _is_plain(event.values(), 1)
    )


def _encode_all(events: Sequence[object]) -> list[bytes] | None:
    # None where one of them has to be looked at by itself.
    try:
        lines = _encoder.encode_lines(events)
    except (UnicodeEncodeError, TypeError):  # half a surrogate pair; a key that is no text
        return None
    if not _is_clean(lines):
        return None
    contents = lines.split(b"\n")
    contents.pop()
    if max(map(len, contents), default=0) > MAX_EVENT_BYTES:
        return None
    return contents


def _is_clean(content: bytes) -> bool:
    if b"\\u0000" in content:
        return False
    # A part of text in normal form C is in normal form C, so the whole vouches for its strings.
    return content.isascii() or is_normalized("NFC", content.decode())


def _try_encode(fields: Mapping[str, object]) -> bytes | None:
    # None where a string has to be normalised or refused.
    content_fields = fields
    if "group_id" in fields:
        content_fields = {key: value for key, value in fields.items() if key != "group_id"}
    try:
        content = _encode(content_fields)
    except (UnicodeEncodeError, TypeError):
        return None
    return content if _is_clean(content) else None


def _clean_slowly(event: Mapping[str, object]) -> tuple[Mapping[str, object], bytes]:
    kept = {key: value for key, value in event.items() if key not in EXCLUDED}
    publishes = str(event.get("type")) in FILED_TYPES
    if len(kept) > MAX_FIELDS:
        raise _refused(f"the event has {len(kept)} fields; at most {MAX_FIELDS} are accepted")
    most_bytes = MAX_REVISION_BYTES if publishes else MAX_EVENT_BYTES
    cleaner = _Cleaner(most_bytes if publishes else MAX_TEXT_CHARS)
    fields = cleaner.record(kept, "", 1)
    content = _encode(fields)
    if len(content) > most_bytes:
        raise _refused(
            f"the event has {len(content)} bytes of content; at most {most_bytes} are accepted"
        )
    if event.get("group_id") is not None:
        fields["group_id"] = event["group_id"]  # not content: the envelope's check is enough
    return fields, content


class _Cleaner:
    """Copies values, normalising strings and dropping nulls; raises at the first bad one."""

    __slots__ = ("_max_chars",)

    def __init__(self, max_chars: int) -> None:
        self._max_chars = max_chars

    def record(self, record: Mapping[str, object], path: str, depth: int) -> dict[str, object]:
        cleaned: dict[str, object] = {}
        # In the order of keys, so that the first problem does not depend on how they were sent.
        for key, value in sorted(record.items(), key=lambda item: str(item[0])):
            if not isinstance(key, str):
                raise _refused(f"{path or 'the event'} has the key {shown(key)}; keys are text")
            place = f"{path}.{escaped(key)}" if path else escaped(key)
            name = self._text(key, f"the name {place}")
            if value is None:
                continue
            if name in cleaned:
                raise _refused(f"{place} is there twice, spelt in two Unicode forms; send it once")
            cleaned[name] = self._value(value, place, depth)
        return cleaned

    def _value(self, value: object, place: str, depth: int) -> object:
        match value:
            case bool():
                return value
            case str():
                return self._text(value, place)
            case int():
                if INT64_MIN <= value <= INT64_MAX:
                    return value
                raise _refused(f"{place} is {shown(value)}; a whole number has at most 18 digits")
            case float():
                raise _refused(
                    f'{place} is {shown(value)}; write amounts as strings, such as "1060.00"'
                )
            case dict() | list():
                return self._container(value, place, depth)
            case _:
                raise _refused(
                    f"{place} is {shown(value)}; a value is text, true or false, a whole number, "
                    "a list or an object"
                )

    def _container(self, value: dict[str, object] | list[object], place: str, depth: int) -> object:
        if depth == MAX_NESTING:
            raise _refused(f"{place} is nested deeper than {MAX_NESTING} levels")
        if len(value) > MAX_LIST_ELEMENTS:
            raise _refused(
                f"{place} has {len(value)} elements; at most {MAX_LIST_ELEMENTS} are accepted"
            )
        if isinstance(value, dict):
            return self.record(value, place, depth + 1)
        elements = []
        for position, element in enumerate(value, start=1):
            if element is None:
                raise _refused(f"{place}[{position}] is null; leave the element out or fill it in")
            elements.append(self._value(element, f"{place}[{position}]", depth + 1))
        return elements

    def _text(self, text: str, place: str) -> str:
        if len(text) > self._max_chars:
            raise _refused(
                f"{place} has {len(text)} characters; at most {self._max_chars} are accepted"
            )
        if "\0" in text:
            raise _refused(f"{place} contains a NUL character; leave it out")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise _refused(
                f"{place} contains half of a surrogate pair, which is not Unicode text"
            ) from None
        return text if is_normalized("NFC", text) else normalize("NFC", text)


def _refused(message: str) -> MalformedInput:
    return MalformedInput("EVENT_SHAPE", message)
