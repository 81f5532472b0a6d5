"""Numbers and dates as they are written in a rule file."""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from rules_dsl.limits import MAX_NUMBER_DIGITS

#: A date, or something that can only be meant as one: 2026/03/05, 2026.3.5, 2026年3月5日.
DAY_FORM = (
    r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])"
    r"|(?:19|20|21)[0-9]{2}(?P<mark>[-/.])(?:1[0-2]|0?[1-9])(?P=mark)(?:3[01]|[12][0-9]|0?[1-9])"
    r"(?![0-9.])|[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日)"
)

_EPOCH = date(1970, 1, 1).toordinal()
_PERCENT_DECIMALS = 2


class NumberLiteral(NamedTuple):
    """A number: value = digits / 10**decimals, the division by 100 of a percent included."""

    digits: int
    decimals: int
    percent: bool


def read_number(text: str) -> NumberLiteral | None:
    """Reads `1060.00` or `6%`; None where it has more digits than the limit."""
    percent = text.endswith("%")
    whole, _, fraction = text.removesuffix("%").partition(".")
    if len(whole) + len(fraction) > MAX_NUMBER_DIGITS:
        return None
    decimals = len(fraction) + (_PERCENT_DECIMALS if percent else 0)
    return NumberLiteral(int(whole + fraction), decimals, percent)


def slipped_day(text: str) -> str:
    """Gives the ISO form of a date written in any of the forms of `DAY_FORM`."""
    year, month, day = re.findall("[0-9]+", text)
    return f"{year}-{int(month):02d}-{int(day):02d}"


def day_number(text: str) -> int | None:
    """Gives the days since 1970-01-01 of an ISO date, or None where there is no such day."""
    try:
        return date.fromisoformat(text).toordinal() - _EPOCH
    except ValueError:
        return None


def plain_text(written: str) -> str:
    """Gives a quoted text in `"` quotes; unchanged where that would change what it says.

    A `"` in an expression of a template cannot be escaped.
    """
    body = written[1:-1]
    if written[0] == '"' or any('"' in each for each in re.findall(r"\{[^{}]*\}", body)):
        return written
    escaped = re.sub(r'\\.|"', lambda match: '\\"' if match[0] == '"' else match[0], body)
    return f'"{escaped}"'
