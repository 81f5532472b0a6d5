"""Keys of state as they stand in the log (JSON arrays of text and numbers) and in memory (ints)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from engine.program import FieldType, Kind

Key = tuple[int, ...]


def key_text(parts: Sequence[int], kinds: Sequence[Kind], text: Callable[[int], str]) -> str:
    """Writes a key for the log: text parts as JSON strings, all others as JSON integers.

    Args:
        parts: text codes, raw numbers, days or truth values, as `kinds` says.
        kinds: one per part.
        text: turns a text code into its string.
    """
    return json.dumps(
        [
            text(part) if kind is Kind.TEXT else int(part)
            for part, kind in zip(parts, kinds, strict=True)
        ],
        ensure_ascii=False,
        separators=(",", ":"),
    )


def key_ints(key: str, intern: Callable[[str], int]) -> Key:
    """Reads a key of the log back, interning its texts."""
    return tuple(intern(part) if isinstance(part, str) else int(part) for part in json.loads(key))


def field_kind(kind: FieldType) -> Kind:
    """The kind of a field's values in a key."""
    if kind in (FieldType.TEXT, FieldType.PERIOD):
        return Kind.TEXT
    if kind is FieldType.DATE:
        return Kind.DATE
    if kind is FieldType.FLAG:
        return Kind.BOOL
    return Kind.NUMBER
