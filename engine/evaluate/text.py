"""Renders templates and numbers as text, for one event and for many."""

from __future__ import annotations

from datetime import date
from itertools import repeat
from operator import add
from typing import cast

import numpy as np

from engine.calendar import period_from_text
from engine.evaluate.columns import Column, Int32s, Int64s
from engine.money import format_minor, format_plain
from engine.program import Account, Kind
from engine.strings import BatchStrings

_EPOCH = date(1970, 1, 1).toordinal()


def day_text(day: int) -> str:
    """A day number as an ISO date."""
    return date.fromordinal(_EPOCH + day).isoformat()


def flag_text(flag: bool) -> str:  # noqa: FBT001 - the value that is rendered
    """A flag as it stands in JSON."""
    return "true" if flag else "false"


def column_texts(
    values: Column,
    kind: Kind,
    scale: int,
    strings: BatchStrings,
    accounts: tuple[Account, ...],
) -> list[str]:
    """What a template prints for each value of a node."""
    match kind:
        case Kind.TEXT:
            return strings.texts(cast("Int32s", values))
        case Kind.NUMBER:
            return [format_minor(raw, scale) for raw in cast("Int64s", values).tolist()]
        case Kind.DATE:
            days, places = np.unique(values, return_inverse=True)
            texts = [day_text(day) for day in cast("Int32s", days).tolist()]
            return [texts[place] for place in places.tolist()]
        case Kind.BOOL:
            return [flag_text(flag) for flag in values.tolist()]
        case Kind.ACCOUNT:
            return [accounts[index].code for index in values.tolist()]


def join_columns(parts: list[str | list[str]], count: int) -> list[str]:
    """Joins constant text and columns of text row by row."""
    joined: str | list[str] = ""
    for part in parts:
        if isinstance(joined, str):
            joined = joined + part if isinstance(part, str) else _prefixed(joined, part)
        elif isinstance(part, str):
            joined = list(map(add, joined, repeat(part)))
        else:
            joined = list(map(add, joined, part))
    return [joined] * count if isinstance(joined, str) else joined


def _prefixed(prefix: str, texts: list[str]) -> list[str]:
    return list(map(prefix.__add__, texts)) if prefix else texts


def last_part(text: str) -> str:
    """What follows the last "/" of a text; all of it where there is none."""
    return text.rpartition("/")[2]


def last_part_code(strings: BatchStrings, code: int) -> int:
    """The code of the last part of a text; what is absent stays absent."""
    return strings.code(last_part(strings.text(code))) if code >= 0 else code


def last_part_codes(codes: Int32s, strings: BatchStrings) -> Int32s:
    """int32 codes of the last parts of texts; each text is cut once."""
    whole, places = np.unique(codes, return_inverse=True)
    found = [last_part_code(strings, code) for code in whole.tolist()]
    return np.array(found, dtype=np.int32)[places]


def period_number(strings: BatchStrings, code: int) -> int:
    """202603 of the code of `2026-03`; 0 of what is absent."""
    return period_from_text(strings.text(code)) if code >= 0 else 0


def period_numbers(codes: Int32s, strings: BatchStrings) -> Int64s:
    """int64 numbers of periods; each text is read once."""
    whole, places = np.unique(codes, return_inverse=True)
    found = [period_number(strings, code) for code in whole.tolist()]
    return np.array(found, dtype=np.int64)[places]


def number_codes(values: Column, scale: int, strings: BatchStrings) -> Int32s:
    """int32 codes of numbers as plain decimals; each number is rendered once."""
    raws, places = np.unique(values, return_inverse=True)
    items: list[int] = raws.tolist()
    codes = strings.codes([format_plain(raw, scale) for raw in items])
    return codes[places]
