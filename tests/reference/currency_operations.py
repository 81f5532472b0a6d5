"""Functions of currencies on single values, and the limit of a foreign balance."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from engine.program import RoundMode
from tests.reference.values import CURRENCY_DECIMALS, Fault, divide, round_to

#: Minor units of a currency.
FOREIGN_LIMIT = 8 * 10**12


def _convert(row: tuple[Fraction, ...], scale: int) -> Fraction:
    amount, rate = row
    return round_to(amount * rate, scale, RoundMode.HALF_AWAY)


def _book_share(row: tuple[Fraction, ...], scale: int) -> Fraction:
    amount, balance, whole = row
    return round_to(divide(balance * amount, whole), scale, RoundMode.HALF_AWAY)


CURRENCY_FUNCTIONS: dict[str, Callable[[tuple[Fraction, ...], int], Fraction]] = {
    "convert": _convert,
    "book_share": _book_share,
}


def foreign_balance(minor: int, currency: str) -> Fraction:
    """A foreign balance, which must stay within the engine's limit."""
    if abs(minor) > FOREIGN_LIMIT:
        raise Fault("AMOUNT_OUT_OF_RANGE")
    return Fraction(minor, 10 ** CURRENCY_DECIMALS[currency])
