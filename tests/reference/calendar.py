"""Functions of dates and periods and of spreading, as section 8 of the reference page has them."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction

from engine.program import RoundMode
from tests.reference.values import Fault, Value, round_to

FIRST_YEAR, LAST_YEAR = 1900, 2999


def _day(value: Value) -> date:
    """A date, or the first day of a period."""
    if isinstance(value, str):
        return date.fromisoformat(f"{value}-01")
    assert isinstance(value, date)
    return value


def _last_of(year: int, month: int) -> int:
    return monthrange(year, month)[1]


def _months(first: Value, last: Value) -> Fraction:
    begin, end = _day(first), _day(last)
    return Fraction((end.year - begin.year) * 12 + end.month - begin.month)


def _month_end(value: Value) -> date:
    day = _day(value)
    return day.replace(day=_last_of(day.year, day.month))


def _add_days(value: Value, count: Value) -> date:
    assert isinstance(count, Fraction)
    if abs(count) > 3_000_000:
        raise Fault("DATE_OUT_OF_RANGE")
    try:
        found = _day(value) + timedelta(days=int(count))
    except OverflowError:
        raise Fault("DATE_OUT_OF_RANGE") from None
    return _within(found.year, found.month, found.day)


def _add_months(value: Value, count: Value) -> date:
    assert isinstance(count, Fraction)
    day = _day(value)
    year, month = divmod(day.year * 12 + day.month - 1 + int(count), 12)
    return _within(year, month + 1, day.day)


def _within(year: int, month: int, day: int) -> date:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Fault("DATE_OUT_OF_RANGE")
    return date(year, month, min(day, _last_of(year, month)))


CALENDAR: dict[str, Callable[..., Value]] = {
    "days": lambda first, last: Fraction((_day(last) - _day(first)).days),
    "months": _months,
    "year": lambda value: Fraction(_day(value).year),
    "month": lambda value: Fraction(_day(value).month),
    "period": lambda value: _day(value).isoformat()[:7],
    "month_start": lambda value: _day(value).replace(day=1),
    "month_end": _month_end,
    "add_days": _add_days,
    "add_months": _add_months,
}

SPREADING = ("spread", "spread_last")


def check_place(place: Fraction, count: Fraction) -> None:
    """A period is one of those an amount is spread over."""
    if not 1 <= place <= count:
        raise Fault("PERIOD_OUTSIDE_SPREAD")


def spread(
    function: str, total: Fraction, place: Fraction, count: Fraction, scale: int
) -> Fraction:
    """The part of a total that falls to one of so many periods."""
    check_place(place, count)
    if function == "spread":
        return _rounded(total * place / count, scale) - _rounded(total * (place - 1) / count, scale)
    each = _rounded(total / count, scale)
    return total - each * (count - 1) if place == count else each


def _rounded(number: Fraction, scale: int) -> Fraction:
    return round_to(number, scale, RoundMode.HALF_AWAY)
