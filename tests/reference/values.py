"""Values of the reference evaluator and the arithmetic on them; not the look-ups, not the rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import floor

from engine.program import Residue, RoundMode

EPOCH = date(1970, 1, 1)

#: Minor digits of the currencies that tests use (ISO 4217).
CURRENCY_DECIMALS = {"CNY": 2, "USD": 2, "EUR": 2, "JPY": 0, "KWD": 3, "CLF": 4}


def decimals_of(currency: str) -> int:
    """Decimals of a currency; those held where a field of the event names it."""
    return CURRENCY_DECIMALS.get(currency, 4)


class Absent:
    """An optional field that was not sent, or an element's."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()


@dataclass(frozen=True, slots=True)
class Account:
    """A role of the chart."""

    role: str
    code: str
    name: str
    debit_side: bool
    requires: tuple[str, ...]


#: A number is an exact fraction; its decimals and currency are known statically (`types`).
Value = Fraction | str | bool | date | Account | Absent


class Fault(Exception):
    """A rule cannot be evaluated for the event: UNPOSTED with this reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def day(days: int) -> date:
    """The date of a day number of the syntax tree."""
    return EPOCH + timedelta(days=days)


def divide(left: Fraction, right: Fraction) -> Fraction:
    """Quotient of two numbers."""
    if right == 0:
        raise Fault("DIVISION_BY_ZERO")
    return left / right


def round_to(number: Fraction, decimals: int, mode: RoundMode) -> Fraction:
    """Rounds to `decimals` places on the absolute value; the sign is applied after."""
    scaled = abs(number) * 10**decimals
    whole = floor(scaled)
    rest = scaled - whole
    half = Fraction(1, 2)
    rounds_up = {
        RoundMode.HALF_AWAY: rest >= half,
        RoundMode.HALF_EVEN: rest > half or (rest == half and whole % 2 == 1),
        RoundMode.DOWN: False,
        RoundMode.UP: rest > 0,
    }[mode]
    units = whole + (1 if rounds_up else 0)
    return Fraction(-units if number < 0 else units, 10**decimals)


def units_of(number: Fraction, scale: int) -> int:
    """The number in units of its type, which it must be a whole number of."""
    scaled = number * 10**scale
    if scaled.denominator != 1:
        raise AssertionError(f"{number} has more than {scale} decimals")
    return scaled.numerator


def split(total: int, weights: list[Fraction], residue: Residue) -> list[int]:
    """Proportional shares of `total` units that add up to it."""
    if any(weight < 0 for weight in weights):
        raise Fault("SPLIT_NEGATIVE_WEIGHT")
    weight_sum = sum(weights)
    if weight_sum == 0:
        if total != 0:
            raise Fault("SPLIT_WITHOUT_WEIGHT")
        return [0 for _ in weights]
    exact = [abs(total) * weight / weight_sum for weight in weights]
    shares = [floor(share) for share in exact]
    left_over = abs(total) - sum(shares)
    positions = list(range(len(weights)))
    if residue is Residue.LARGEST_REMAINDER:
        by_remainder = sorted(positions, key=lambda at: (shares[at] - exact[at], at))
        for at in by_remainder[:left_over]:
            shares[at] += 1
    else:
        receiver = {
            Residue.LARGEST: weights.index(max(weights)),
            Residue.FIRST: 0,
            Residue.LAST: len(weights) - 1,
        }[residue]
        shares[receiver] += left_over
    return [-share for share in shares] if total < 0 else shares


def plain(number: Fraction) -> str:
    """The shortest decimal notation, as `text(number)` gives it."""
    scale = 0
    while (number * 10**scale).denominator != 1:
        scale += 1
    return at_scale(number, scale)


def at_scale(number: Fraction, scale: int) -> str:
    """Decimal notation with all decimals of the number's type, as templates print it."""
    units = units_of(number, scale)
    digits = str(abs(units)).rjust(scale + 1, "0")
    whole, decimals = digits[: len(digits) - scale], digits[len(digits) - scale :]
    sign = "-" if units < 0 else ""
    return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"


def printed(value: Value) -> str:
    """A value other than a number as it stands in a summary."""
    match value:
        case bool():
            return "true" if value else "false"
        case date():
            return value.isoformat()
        case str():
            return value
        case Account():
            return value.role
    return ""
