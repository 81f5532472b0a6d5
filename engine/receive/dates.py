"""Dates and periods between text and numbers; days are counted from 1970-01-01."""

from __future__ import annotations

import re
from datetime import date

from engine.limits import MAX_YEAR, MIN_YEAR
from engine.program import NO_DATE

_EPOCH = date(1970, 1, 1).toordinal()
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PERIOD = re.compile(r"([0-9]{4})-(?:0[1-9]|1[0-2])")

#: What a date and a period have to look like, for messages.
DATE_FORM = 'a date of the calendar, such as "2026-03-05"'
PERIOD_FORM = 'a year and a month, such as "2026-03"'


def parse_date(text: str) -> int:
    """Day number of an ISO date; NO_DATE if it is none or lies outside the accepted years."""
    if not _DATE.fullmatch(text):
        return NO_DATE
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return NO_DATE
    return day.toordinal() - _EPOCH if MIN_YEAR <= day.year <= MAX_YEAR else NO_DATE


def is_period(text: str) -> bool:
    """Whether the text is a year and a month of the accepted years."""
    match = _PERIOD.fullmatch(text)
    return match is not None and MIN_YEAR <= int(match[1]) <= MAX_YEAR


class DayMemo(dict[str | None, int]):
    """Day numbers by text, parsed once each; NO_DATE for what is no date, `absent` for None."""

    def __init__(self, absent: int) -> None:
        """Starts with the value for None."""
        super().__init__({None: absent})

    def __missing__(self, text: str | None) -> int:
        """Parses a text not met before."""
        day = self[text] = parse_date(text or "")
        return day
