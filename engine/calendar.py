"""Days, periods and log time as integers; no clock, no time zone."""

from __future__ import annotations

import datetime

import numpy as np
import numpy.typing as npt

_EPOCH = datetime.date(1970, 1, 1).toordinal()


def day_of(text: str) -> int:
    """Days since 1970-01-01 of an ISO date; ValueError if it is none."""
    if len(text) != 10:
        raise ValueError(text)
    return datetime.date.fromisoformat(text).toordinal() - _EPOCH


def iso_day(day: int) -> str:
    """ISO date of days since 1970-01-01."""
    return datetime.date.fromordinal(day + _EPOCH).isoformat()


def period_of(day: int) -> int:
    """Accounting period (calendar month, BW §39) of a day as year*100 + month."""
    date = datetime.date.fromordinal(day + _EPOCH)
    return date.year * 100 + date.month


def periods_of(days: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Periods of many days, int32."""
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    years = np.floor_divide(months, 12)
    periods: npt.NDArray[np.int32] = ((1970 + years) * 100 + months - years * 12 + 1).astype(
        np.int32
    )
    return periods


def period_text(period: int) -> str:
    """`2026-03` of 202603."""
    return f"{period // 100:04d}-{period % 100:02d}"


def period_from_text(text: str) -> int:
    """202603 of `2026-03`; ValueError if it is no period."""
    year, separator, month = text.partition("-")
    if not (separator and len(year) == 4 and len(month) == 2 and (year + month).isascii()):
        raise ValueError(text)
    number = int(year) * 100 + int(month)
    if not 1 <= number % 100 <= 12:
        raise ValueError(text)
    return number


def next_period(period: int) -> int:
    """The month after."""
    return period + 1 if period % 100 < 12 else period + 89


def first_day(period: int) -> int:
    """First day of a period."""
    return datetime.date(period // 100, period % 100, 1).toordinal() - _EPOCH


def iso_instant(micros: int) -> str:
    """RFC 3339 UTC text of microseconds since 1970-01-01."""
    seconds, fraction = divmod(micros, 1_000_000)
    moment = datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{fraction:06d}Z"
