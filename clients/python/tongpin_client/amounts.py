"""Amounts as decimals and back; no float anywhere."""

from __future__ import annotations

from decimal import Decimal


def decimal_of(minor_units: int, scale: int) -> Decimal:
    """The decimal of an amount in minor units, exact at any size."""
    sign = 1 if minor_units < 0 else 0
    return Decimal((sign, tuple(map(int, str(abs(minor_units)))), -scale))


def amount_text(amount: str | int | Decimal) -> str:
    """An amount as the wire takes it, in plain decimal notation.

    Raises:
        TypeError: it is a float or no number at all; binary floats cannot hold 0.10.
    """
    if isinstance(amount, bool) or not isinstance(amount, str | int | Decimal):
        raise TypeError(f"{amount!r} is no amount; pass a string such as '300.00', or a Decimal")
    return format(amount, "f") if isinstance(amount, Decimal) else str(amount)
