"""Interval arithmetic over the raw integers of a program; knows operations, not the language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.limits import MAX_AMOUNT_MINOR, MAX_LIST_ELEMENTS, MAX_READ_RAW
from engine.program import Op

#: Bound of an amount without a written one, in minor units.
DEFAULT_AMOUNT = 10**15

#: Bound of any other number without a written one, raw.
DEFAULT_NUMBER = 10**12

#: Largest absolute amount that a rule may post or store.
POSTED_LIMIT = MAX_AMOUNT_MINOR

#: What a sum over a list, a balance or a target is taken to stay within. No field bounds them;
#: the evaluators refuse a value outside (AMOUNT_OUT_OF_RANGE). A ninth of what can be posted, so
#: that a few of them still add up to something that can.
ACCUMULATED_LIMIT = MAX_READ_RAW

#: Largest absolute value an intermediate result may reach: 256 bits and no more.
EXACT_LIMIT = 2**256

#: Most decimals of an intermediate result.
SCALE_LIMIT = 60


@dataclass(frozen=True, slots=True)
class Range:
    """An inclusive range of raw values; `nonzero`: 0 is excluded although inside."""

    low: int
    high: int
    nonzero: bool = False

    @property
    def excludes_zero(self) -> bool:
        """Whether no value is 0."""
        return self.nonzero or self.low > 0 or self.high < 0

    @property
    def magnitude(self) -> int:
        """The largest absolute value."""
        return max(abs(self.low), abs(self.high))

    def hull(self, other: Range) -> Range:
        """The smallest range that holds both."""
        nonzero = self.excludes_zero and other.excludes_zero
        return Range(min(self.low, other.low), max(self.high, other.high), nonzero)

    def meet(self, other: Range) -> Range:
        """The values in both; where there are none, the narrower guess is as good as any."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        nonzero = self.nonzero or other.nonzero
        if nonzero and low == 0 < high:
            low = 1
        if nonzero and high == 0 > low:
            high = -1
        return Range(low, high, nonzero) if low <= high else Range(low, low, nonzero)


#: The range of values that are no numbers.
NOTHING = Range(0, 0)


def constant(raw: int) -> Range:
    """The range of one value."""
    return Range(raw, raw)


def symmetric(limit: int) -> Range:
    """The range from -limit to limit."""
    return Range(-limit, limit)


def clamp(values: Range, limit: int) -> Range:
    """The range cut to -limit .. limit."""
    low, high = max(values.low, -limit), min(values.high, limit)
    return Range(min(low, limit), max(high, -limit), values.nonzero)


def narrowed(op: Op, data: object, args: Sequence[Range]) -> Range | None:
    """The range of an operation's result, or None where its operands say nothing about it."""
    match op:
        case Op.ADD:
            return Range(args[0].low + args[1].low, args[0].high + args[1].high)
        case Op.SUB:
            return Range(args[0].low - args[1].high, args[0].high - args[1].low)
        case Op.MUL:
            return multiply(args[0], args[1])
        case Op.NEG:
            return Range(-args[0].high, -args[0].low, args[0].nonzero)
        case Op.ABS:
            return absolute(args[0])
        case Op.MIN:
            low = min(args[0].low, args[1].low)
            nonzero = args[0].excludes_zero and args[1].excludes_zero
            return Range(low, min(args[0].high, args[1].high), nonzero)
        case Op.MAX:
            high = max(args[0].high, args[1].high)
            nonzero = args[0].excludes_zero and args[1].excludes_zero
            return Range(max(args[0].low, args[1].low), high, nonzero)
        case Op.SHIFT if isinstance(data, int):
            factor = 10**data
            return Range(args[0].low * factor, args[0].high * factor, args[0].nonzero)
        case Op.REPEAT:
            return args[0]
        case Op.ROUND:
            return divide(args[0], args[1])
        case _:
            return None


def multiply(left: Range, right: Range) -> Range:
    """The range of a product."""
    corners = [a * b for a in (left.low, left.high) for b in (right.low, right.high)]
    nonzero = left.excludes_zero and right.excludes_zero
    return Range(min(corners), max(corners), nonzero)


def absolute(values: Range) -> Range:
    """The range of an absolute value."""
    if values.low >= 0:
        return values
    if values.high <= 0:
        return Range(-values.high, -values.low, values.nonzero)
    return Range(1 if values.nonzero else 0, values.magnitude, values.nonzero)


def divide(left: Range, right: Range, step: int = 1) -> Range:
    """The range of a quotient rounded in any way; a divisor 0 is left out.

    Corners of left and right decide, since a quotient is monotone in each where the divisor
    keeps its sign; the divisors nearest to 0 are -step and step, of which all are multiples.
    """
    divisors = {right.low, right.high} - {0}
    if right.low <= step <= right.high:
        divisors.add(step)
    if right.low <= -step <= right.high:
        divisors.add(-step)
    if not divisors:
        return constant(0)
    floors = [a // b for a in (left.low, left.high) for b in divisors]
    ceilings = [-(-a // b) for a in (left.low, left.high) for b in divisors]
    return Range(min(floors), max(ceilings))


def total(values: Range) -> Range:
    """The range of a sum over the elements of a list; an empty list gives 0."""
    low, high = min(values.low, 0), max(values.high, 0)
    return Range(low * MAX_LIST_ELEMENTS, high * MAX_LIST_ELEMENTS)
