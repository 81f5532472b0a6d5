"""Plain decimal notation to raw integers and back; no rounding, no exponent, no float."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from engine.limits import MAX_DECIMAL_CHARS

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_PLAIN = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?")
_INT64_MIN = -(2**63)
_INT64_MAX = 2**63 - 1
_MOST_CHARS = 17  # a sign, a point and digits that cannot leave int64 at any place
_ZERO, _NINE, _DOT, _MINUS = b"09.-"


class DecimalSyntaxError(ValueError):
    """Text that is not a decimal in plain notation, or has more decimals than allowed."""


def parse_decimal(text: str, scale: int) -> int:
    """The raw integer of a plain decimal: "-12.5" at scale 2 is -1250.

    Args:
        text: optional "-", ASCII digits, optionally "." and digits; nothing else.
        scale: decimals of the raw integer; further decimals must be zeros.

    Raises:
        DecimalSyntaxError: the text is too long, not plain, or too precise.
    """
    if len(text) > MAX_DECIMAL_CHARS:
        raise DecimalSyntaxError(f"a decimal may have at most {MAX_DECIMAL_CHARS} characters")
    match = _PLAIN.fullmatch(text)
    if match is None:
        raise DecimalSyntaxError(
            f"{text!r} is not a plain decimal; write digits such as 1060.00 or -0.5"
        )
    sign, whole, fraction = match[1], match[2], match[3] or ""
    if len(fraction) > scale:
        if fraction[scale:].strip("0"):
            raise DecimalSyntaxError(f"{text!r} has more than {scale} decimals")
        fraction = fraction[:scale]
    raw = int(whole + fraction + "0" * (scale - len(fraction)))
    return -raw if sign else raw


def parse_decimals(texts: Sequence[str | None], scale: int) -> tuple[Int64s, Bools, dict[int, str]]:
    """Parses many decimals as `parse_decimal` does.

    Returns:
        int64[n] raw values (0 where absent or wrong); bool[n], whether a text was there; index
        -> what is wrong with it, numbers beyond int64 included.
    """
    count = len(texts)
    given = np.fromiter((text is not None for text in texts), dtype=np.bool_, count=count)
    raws, simple = _parse_simple(texts, scale)
    problems: dict[int, str] = {}
    for index in np.flatnonzero(given & ~simple).tolist():
        text = texts[index]
        try:
            raw = parse_decimal("" if text is None else text, scale)
        except DecimalSyntaxError as error:
            problems[index] = str(error)
            continue
        if _INT64_MIN <= raw <= _INT64_MAX:
            raws[index] = raw
        else:
            problems[index] = f"{text} is beyond what a number can hold"
    return raws, given, problems


def _parse_simple(texts: Sequence[str | None], scale: int) -> tuple[Int64s, Bools]:
    """Parses the short, well-formed texts at once.

    Returns int64[n] raw values and bool[n], which rows were settled; the others hold 0.
    """
    count = len(texts)
    none = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.bool_)
    joined = "\n".join(["" if text is None else text for text in texts]) + "\n"
    if not count or not joined.isascii() or scale >= _MOST_CHARS:
        return none
    chars = np.frombuffer(joined.encode("ascii"), dtype=np.uint8)
    ends = np.flatnonzero(chars == ord("\n"))
    if len(ends) != count:  # a text holds a line break of its own
        return none
    starts = np.empty_like(ends)
    starts[0], starts[1:] = 0, ends[:-1] + 1
    lengths = ends - starts
    digit = (chars >= _ZERO) & (chars <= _NINE)
    before = np.zeros(len(chars) + 1, dtype=np.int32)  # digits before each place
    np.cumsum(digit, out=before[1:])
    digits = before[ends] - before[starts]
    negative = chars[starts] == _MINUS
    dots = np.flatnonzero(chars == _DOT)
    row_of_dot = np.searchsorted(ends, dots)
    dot_count = np.bincount(row_of_dot, minlength=count)
    decimals = np.zeros(count, dtype=np.int64)
    decimals[row_of_dot] = ends[row_of_dot] - dots - 1
    whole = digits - decimals
    simple = digits + negative + dot_count == lengths
    simple &= (dot_count <= 1) & (whole >= 1) & (decimals <= scale)
    simple &= ~((dot_count == 1) & (decimals == 0)) & (whole + scale <= _MOST_CHARS)
    if not simple.any():
        return none
    return _add_digits(chars, digit, before, ends, scale - decimals, simple, negative), simple


def _add_digits(
    chars: npt.NDArray[np.uint8],
    digit: Bools,
    before: npt.NDArray[np.int32],
    ends: npt.NDArray[np.intp],
    shifts: Int64s,
    simple: Bools,
    negative: Bools,
) -> Int64s:
    """Adds up digit times power of ten over each settled row.

    `before` counts the digits before each place of `chars`; a digit's power is the number of
    digits after it in its row, plus the row's shift.
    """
    places = np.flatnonzero(digit)
    rows = np.searchsorted(ends, places)
    kept = simple[rows]
    places, rows = places[kept], rows[kept]
    powers = before[ends[rows]] - before[places] - 1 + shifts[rows]
    values = (chars[places] - _ZERO).astype(np.int64) * _POWERS[powers]
    totals = np.zeros(len(ends), dtype=np.int64)
    firsts = np.flatnonzero(np.diff(rows, prepend=-1))
    totals[rows[firsts]] = np.add.reduceat(values, firsts)
    return np.where(negative, -totals, totals)


_POWERS = np.array([10**power for power in range(_MOST_CHARS + 1)], dtype=np.int64)


def format_minor(raw: int, scale: int) -> str:
    """A raw integer as a decimal at its full scale: 106000 at scale 2 is "1060.00"."""
    if scale == 0:
        return str(raw)
    digits = str(abs(raw)).zfill(scale + 1)
    sign = "-" if raw < 0 else ""
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}"


def format_plain(raw: int, scale: int) -> str:
    """A raw integer as a decimal without trailing zeros: 60000 at scale 6 is "0.06"."""
    text = format_minor(raw, scale)
    return text.rstrip("0").rstrip(".") if scale else text
