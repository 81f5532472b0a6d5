"""Exact integer kernels for money: rounding quotients and products, sums that cannot wrap.

Values are raw integers; scales are the caller's business. A column is an int64 array, or an
object array of Python integers where a value left int64. The only floats are estimates that an
integer residual corrects.
"""

from __future__ import annotations

from itertools import pairwise
from typing import cast

import numpy as np
import numpy.typing as npt

from engine.decimals import (
    DecimalSyntaxError,
    format_minor,
    format_plain,
    parse_decimal,
    parse_decimals,
)
from engine.program import INT64_MAX, INT64_MIN, RoundMode

__all__ = [
    "DecimalSyntaxError",
    "Int64s",
    "Integers",
    "as_objects",
    "checked_sum",
    "floor_products",
    "format_minor",
    "format_plain",
    "is_narrow",
    "magnitude",
    "narrow",
    "parse_decimal",
    "parse_decimals",
    "round_products",
    "round_quotient",
    "round_quotients",
    "segment_sums",
]

Int64s = npt.NDArray[np.int64]
Objects = npt.NDArray[np.object_]
Integers = Int64s | Objects
Bools = npt.NDArray[np.bool_]

#: Bounds of the wide kernel. The estimate of q = a*b/c is off by less than 2**-51 |q| + 1, so for
#: |q| < 2**62 and 0 < c < 2**50 the residual a*b - q*c stays below (2**11 + 1) * 2**50 < 2**62,
#: and wrapping int64 arithmetic gives it exactly.
_QUOTIENT_LIMIT = 2**62
_DIVISOR_LIMIT = 2**50
_LOW_HALF = 0xFFFF_FFFF


def round_quotient(num: int, den: int, mode: RoundMode) -> int:
    """Rounds num/den to an integer; raises ZeroDivisionError for den = 0."""
    if den < 0:
        num, den = -num, -den
    floor, rest = divmod(num, den)
    if not rest:
        return floor
    match mode:
        case RoundMode.HALF_AWAY:
            up = 2 * rest > den or (2 * rest == den and floor >= 0)
        case RoundMode.HALF_EVEN:
            up = 2 * rest > den or (2 * rest == den and floor % 2 == 1)
        case RoundMode.DOWN:
            up = floor < 0
        case RoundMode.UP:
            up = floor >= 0
    return floor + up


def round_quotients(
    num: Integers, den: Integers | int, mode: RoundMode, *, proved: bool = False
) -> Integers:
    """Rounds each num/den; no den may be 0.

    Args:
        num: numerators.
        den: denominators, one each or one for all.
        mode: how a quotient that is not an integer is settled.
        proved: the caller has proved den > 0 and |num| + den < 2**63 wherever the result is
            used, so that nothing needs to be looked at.

    Returns:
        int64 where everything fits, otherwise Python integers.
    """
    if num.dtype == np.object_ or not (isinstance(den, int) or den.dtype != np.object_):
        return _round_objects(num, den, mode)
    if not proved and len(num):
        size = magnitude(num)
        low, high = _bounds(den)
        if low < 0 and max(size, -low) <= INT64_MAX:
            num, den = _with_positive(cast("Int64s", num), cast("Int64s | int", den))
            low, high = _bounds(den)
        if low <= 0 or size + high > INT64_MAX:
            return _round_objects(num, den, mode)
    return _round_narrow(cast("Int64s", num), cast("Int64s | int", den), mode)


def _bounds(values: Integers | int) -> tuple[int, int]:
    """The least and the largest value."""
    if isinstance(values, int):
        return values, values
    return int(values.min()), int(values.max())


def _with_positive(num: Int64s, den: Int64s | int) -> tuple[Int64s, Int64s | int]:
    """The same quotients with the divisors' signs moved to the numerators."""
    if isinstance(den, int):
        return -num, -den
    return np.where(den < 0, -num, num), np.abs(den)


def _round_narrow(num: Int64s, den: Int64s | int, mode: RoundMode) -> Int64s:
    """Rounds int64[n] by den > 0 where |num| + den < 2**63.

    Adding the right offset turns each mode into one floor division. Half away from zero:
    floor((n + h) / d) for n >= 0 and ceil((n - h) / d) = floor((n - h + d - 1) / d) below, with
    h = d // 2; for odd d both offsets are h, for even d the second is h - 1.
    """
    # A single integer broadcasts, so that it may stand for a column below.
    divisor = cast("Int64s", den)
    match mode:
        case RoundMode.HALF_AWAY:
            shifted = num + (divisor >> 1)
            if not isinstance(den, int):
                shifted -= (num >> 63) & ~divisor & 1
            elif den % 2 == 0:
                shifted += num >> 63
            return shifted // divisor
        case RoundMode.DOWN:
            return (num + ((num >> 63) & (divisor - 1))) // divisor
        case RoundMode.UP:
            return (num + ((-num >> 63) & (divisor - 1))) // divisor
        case RoundMode.HALF_EVEN:
            floor = num // divisor
            return _settle(floor, num - floor * divisor, den, mode)


def _settle(floor: Int64s, rest: Int64s, den: Int64s | int, mode: RoundMode) -> Int64s:
    """Rounds floor + rest/den with 0 <= rest < den and den > 0."""
    other = cast("Int64s", den) - rest
    match mode:
        case RoundMode.HALF_AWAY:
            up = (rest > other) | ((rest == other) & (floor >= 0))
        case RoundMode.HALF_EVEN:
            up = (rest > other) | ((rest == other) & ((floor & 1) == 1))
        case RoundMode.DOWN:
            up = (rest != 0) & (floor < 0)
        case RoundMode.UP:
            up = (rest != 0) & (floor >= 0)
    return cast("Int64s", floor + up)


def _round_objects(num: Integers, den: Integers | int, mode: RoundMode) -> Integers:
    """Rounds in Python integers, row by row: the values may be beyond any machine word."""
    nums = num.tolist()
    dens = [den] * len(nums) if isinstance(den, int) else den.tolist()
    pairs = zip(nums, dens, strict=True)
    return narrow(as_objects([round_quotient(n, d, mode) for n, d in pairs]))


def round_products(
    a: Integers | int, b: Integers | int, c: Integers | int, mode: RoundMode
) -> Integers:
    """Rounds each a*b/c exactly, whatever the size of a*b; no c may be 0.

    Each argument is a column or one integer for all rows; at least one of a, b is a column.

    Returns:
        int64 where everything fits, otherwise Python integers.
    """
    if isinstance(a, int):
        a, b = b, a
    if isinstance(a, int):
        raise TypeError("round_products needs a column")
    if not is_narrow(a) or not is_narrow(b) or not is_narrow(c):
        return _round_wide_rows(a, b, c, mode)
    column, divisor = cast("Int64s", a), cast("Int64s | int", c)
    if magnitude(a) * magnitude(b) <= INT64_MAX:
        return round_quotients(column * cast("Int64s", b), divisor, mode)
    floor, rest, outside = floor_products(column, cast("Int64s | int", b), divisor)
    result = _settle(floor, rest, divisor, mode)
    if not outside.any():
        return result
    rows = np.flatnonzero(outside)
    exact = _round_wide_rows(a[rows], _rows_of(b, rows), _rows_of(c, rows), mode)
    if exact.dtype == np.object_:
        wide = result.astype(np.object_)
        wide[rows] = exact
        return wide
    result[rows] = exact
    return result


def floor_products(a: Int64s, b: Int64s | int, c: Int64s | int) -> tuple[Int64s, Int64s, Bools]:
    """floor(a*b/c) and a*b mod c without a wider type; b and c may be one integer for all.

    Returns:
        int64[n] quotients, int64[n] remainders in 0..c-1, and bool[n]: the rows that the kernel
        cannot hold (c <= 0, c >= 2**50, a quotient of 2**62 or more). There the caller takes
        Python integers; what stands in the other columns is meaningless.
    """
    outside = np.zeros(len(a), dtype=np.bool_)
    if isinstance(c, int):
        if not 0 < c < _DIVISOR_LIMIT:
            return outside.astype(np.int64), outside.astype(np.int64), ~outside
    elif len(c) and not (c.min() > 0 and c.max() < _DIVISOR_LIMIT):
        outside = (c <= 0) | (c >= _DIVISOR_LIMIT)
        c = np.where(outside, 1, c)
    estimate = a.astype(np.float64) * b / c
    large = ~(np.abs(estimate) < _QUOTIENT_LIMIT)
    if large.any():
        estimate[large] = 0
        outside |= large
    quotient = np.rint(estimate).astype(np.int64)
    # A single integer broadcasts, so that it may stand for a column here.
    factor, divisor = cast("Int64s", b), cast("Int64s", c)
    # Both products may wrap; their difference is exact all the same (see _QUOTIENT_LIMIT).
    residual = a * factor - quotient * divisor
    fix = residual // divisor
    quotient += fix
    residual -= fix * divisor
    return quotient, residual, outside


def _round_wide_rows(
    a: Integers, b: Integers | int, c: Integers | int, mode: RoundMode
) -> Integers:
    """round_products in Python integers, row by row."""
    factors = a.tolist()
    count = len(factors)
    others = [b] * count if isinstance(b, int) else b.tolist()
    divisors = [c] * count if isinstance(c, int) else c.tolist()
    rows = zip(factors, others, divisors, strict=True)
    return narrow(as_objects([round_quotient(x * y, z, mode) for x, y, z in rows]))


def is_narrow(value: Integers | int) -> bool:
    """Whether a column is int64, or an integer fits it."""
    if isinstance(value, int):
        return INT64_MIN <= value <= INT64_MAX
    return value.dtype != np.object_


def _rows_of(value: Integers | int, rows: npt.NDArray[np.intp]) -> Integers | int:
    """Some rows of a column; one integer for all stays as it is."""
    return value if isinstance(value, int) else value[rows]


def magnitude(values: Integers | int) -> int:
    """The largest absolute value, exact (int64's lowest included); 0 for none."""
    if isinstance(values, int):
        return abs(values)
    if not len(values):
        return 0
    return max(-int(values.min()), int(values.max()))


def as_objects(values: list[int]) -> Objects:
    """Python integers as an object column."""
    column = np.empty(len(values), dtype=np.object_)
    column[:] = values
    return column


def narrow(values: Integers) -> Integers:
    """The column as int64 where every value fits; otherwise as it is."""
    if values.dtype != np.object_:
        return values
    try:
        return values.astype(np.int64)
    except OverflowError:
        return values


def checked_sum(values: Int64s) -> int:
    """The exact sum of a column, as a Python integer."""
    if magnitude(values) * len(values) <= INT64_MAX:
        return int(values.sum())
    return (int((values >> 32).sum()) << 32) + int((values & _LOW_HALF).sum())


def segment_sums(values: Integers, offsets: Int64s, *, proved: bool = False) -> Integers:
    """The sum of each segment offsets[i]:offsets[i+1]; an empty one is 0.

    Args:
        values: concatenated segments.
        offsets: int64[m + 1], ascending from 0 to len(values).
        proved: the caller has proved that every sum it uses fits int64.

    Returns:
        int64[m], or Python integers where a sum leaves int64.
    """
    if values.dtype == np.object_:
        items = values.tolist()
        sums = [sum(items[start:end]) for start, end in pairwise(offsets.tolist())]
        return narrow(as_objects(sums))
    column = cast("Int64s", values)
    if proved:
        return _wrapping_sums(column, offsets)
    longest = int(np.diff(offsets).max()) if len(offsets) > 1 else 0
    if magnitude(values) * longest <= INT64_MAX:
        return _wrapping_sums(column, offsets)
    high = _wrapping_sums(column >> 32, offsets).astype(np.object_)
    low = _wrapping_sums(column & _LOW_HALF, offsets).astype(np.object_)
    return narrow(high * 2**32 + low)


def _wrapping_sums(values: Int64s, offsets: Int64s) -> Int64s:
    """Segment sums as differences of a running total.

    The running total may wrap; its differences are exact modulo 2**64, so they are exact where
    the segment's own sum fits. Three times as fast as `np.add.reduceat`, and right for empty
    segments.
    """
    totals = np.empty(len(values) + 1, dtype=np.int64)
    totals[0] = 0
    np.cumsum(values, out=totals[1:])
    at = totals[offsets]
    return at[1:] - at[:-1]
