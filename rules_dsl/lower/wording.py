"""Raw values in messages."""

from __future__ import annotations


def show_number(raw: int, scale: int) -> str:
    """A raw number as a plain decimal, without zeros at its end."""
    sign = "-" if raw < 0 else ""
    whole, fraction = divmod(abs(raw), 10**scale)
    decimals = str(fraction).rjust(scale, "0").rstrip("0") if scale else ""
    return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"
