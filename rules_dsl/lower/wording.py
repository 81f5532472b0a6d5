"""Raw values in messages: numbers in plain notation and dates."""

from __future__ import annotations

from datetime import date

_EPOCH = date(1970, 1, 1).toordinal()


def show_number(raw: int, scale: int) -> str:
    """A raw number as a plain decimal, without zeros at its end."""
    sign = "-" if raw < 0 else ""
    whole, fraction = divmod(abs(raw), 10**scale)
    decimals = str(fraction).rjust(scale, "0").rstrip("0") if scale else ""
    return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"


def show_day(day: int) -> str:
    """A day number as an ISO date."""
    return date.fromordinal(day + _EPOCH).isoformat()
