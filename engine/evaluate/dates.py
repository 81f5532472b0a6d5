"""Calendar arithmetic on day numbers, for one value and for columns; no clock, no time zone.

Days are counted from 1970-01-01 in the proleptic Gregorian calendar. Nothing here fails: what a
condition excludes is computed like the rest, and not used.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.evaluate.columns import Column, Int32s, Int64s
from engine.program import Op
from engine.strings import BatchStrings

#: Days of the 400 years after which the calendar repeats.
_CYCLE_DAYS = 146_097
_CYCLE_YEARS = 400
#: Days from 0000-03-01, from which years are counted here, to 1970-01-01.
_EPOCH = 719_468


def year_month_day(day: int) -> tuple[int, int, int]:
    """Year, month and day of the month."""
    cycle, rest = divmod(day + _EPOCH, _CYCLE_DAYS)
    # Years begin in March, so that the leap day is their last.
    year = (rest - rest // 1_460 + rest // 36_524 - rest // 146_096) // 365
    rest -= 365 * year + year // 4 - year // 100
    month = (5 * rest + 2) // 153
    of_month = rest - (153 * month + 2) // 5 + 1
    year += cycle * _CYCLE_YEARS + (month >= 10)
    return year, month + 3 if month < 10 else month - 9, of_month


def first_of_month(months: int) -> int:
    """The first day of a month, counted as year × 12 + month - 1."""
    year, month = divmod(months - 2, 12)
    cycle, rest = divmod(year, _CYCLE_YEARS)
    of_year = (153 * month + 2) // 5
    days = 365 * rest + rest // 4 - rest // 100
    return cycle * _CYCLE_DAYS + days + of_year - _EPOCH


def month_index(day: int) -> int:
    """The month a day lies in, counted as year × 12 + month - 1."""
    year, month, _ = year_month_day(day)
    return year * 12 + month - 1


def month_start(day: int) -> int:
    """The first day of the month."""
    return first_of_month(month_index(day))


def month_end(day: int) -> int:
    """The last day of the month."""
    return first_of_month(month_index(day) + 1) - 1


def add_months(day: int, months: int) -> int:
    """The same day of a month so many later, or the last day of that month where it has fewer."""
    index = month_index(day)
    start = first_of_month(index + months)
    return min(start + day - first_of_month(index), first_of_month(index + months + 1) - 1)


def period_text(day: int) -> str:
    """The accounting period of a day, such as 2026-03."""
    year, month, _ = year_month_day(day)
    return f"{year:04d}-{month:02d}"


def period_start_of(text: str) -> int:
    """The first day of a period; 0 of a text that is none."""
    year, separator, month = text.partition("-")
    if not separator or not (year + month).isascii() or not (year + month).isdigit():
        return 0
    return first_of_month(int(year) * 12 + int(month) - 1)


#: Operations on days as functions of one value each.
SCALARS: dict[Op, Callable[..., int]] = {
    Op.DAYS: lambda first, last: last - first,
    Op.MONTHS: lambda first, last: month_index(last) - month_index(first),
    Op.YEAR: lambda day: year_month_day(day)[0],
    Op.MONTH: lambda day: year_month_day(day)[1],
    Op.MONTH_START: month_start,
    Op.MONTH_END: month_end,
    Op.ADD_DAYS: lambda day, days: day + days,
    Op.ADD_MONTHS: add_months,
}


def period_code(strings: BatchStrings, day: int) -> int:
    """The code of the period of a day."""
    return strings.code(period_text(day))


def period_start(strings: BatchStrings, code: int) -> int:
    """The first day of a period by its code; 0 of an absent one."""
    return period_start_of(strings.text(code)) if code >= 0 else 0


# --- Columns -----------------------------------------------------------------------------


def _months(days: Column) -> Int64s:
    """int64 months of days, counted from 1970-01."""
    dates = days.astype(np.int64).astype("datetime64[D]")
    return dates.astype("datetime64[M]").astype(np.int64)


def _firsts(months: Int64s) -> Int64s:
    """int64 first days of months counted from 1970-01."""
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def _added_months(days: Column, count: Column) -> Int64s:
    months = _months(days)
    start = _firsts(months + count.astype(np.int64))
    last = _firsts(months + count.astype(np.int64) + 1) - 1
    same: Int64s = np.minimum(start + days.astype(np.int64) - _firsts(months), last)
    return same


#: The same operations on columns; days come as int32 or int64, results are int64.
COLUMNS: dict[Op, Callable[..., Int64s]] = {
    Op.DAYS: lambda first, last: last.astype(np.int64) - first,
    Op.MONTHS: lambda first, last: _months(last) - _months(first),
    Op.YEAR: lambda days: _months(days) // 12 + 1970,
    Op.MONTH: lambda days: _months(days) % 12 + 1,
    Op.MONTH_START: lambda days: _firsts(_months(days)),
    Op.MONTH_END: lambda days: _firsts(_months(days) + 1) - 1,
    Op.ADD_DAYS: lambda days, count: days.astype(np.int64) + count,
    Op.ADD_MONTHS: _added_months,
}


def period_codes(days: Column, strings: BatchStrings) -> Int32s:
    """int32 codes of the periods of days; each period is written once."""
    months, places = np.unique(_months(days), return_inverse=True)
    codes = [period_code(strings, day) for day in _firsts(months).tolist()]
    return np.array(codes, dtype=np.int32)[places]


def period_starts(codes: Column, strings: BatchStrings) -> Int32s:
    """int32 first days of periods by their codes; each period is read once."""
    periods, places = np.unique(codes, return_inverse=True)
    days = [period_start(strings, code) for code in periods.tolist()]
    return np.array(days, dtype=np.int32)[places]
