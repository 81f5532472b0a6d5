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
_ZERO, _DOT, _MINUS, _NEWLINE = b"0.-\n"

#: Below this many texts each is read by itself. All at once costs some 46 µs however few they are,
#: one 0.6 µs; they are even at about 80.
_FEW_TEXTS = 48


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
    given = np.ones(count, dtype=np.bool_)
    if None in texts:
        given = np.array([text is not None for text in texts], dtype=np.bool_)
    raws = np.zeros(count, dtype=np.int64)
    simple = np.zeros(count, dtype=np.bool_)
    if count >= _FEW_TEXTS:
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
    """Parses the short, well-formed texts at once, as one string of bytes.

    Returns int64[n] raw values and bool[n], which rows were settled; the others hold 0.
    """
    count = len(texts)
    none = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.bool_)
    joined = "\n".join([text or "" for text in texts]) + "\n"
    if not count or not joined.isascii() or scale >= _MOST_CHARS:
        return none
    chars = np.frombuffer(joined.encode("ascii"), dtype=np.uint8)
    ends = np.flatnonzero(chars == _NEWLINE)
    if len(ends) != count:  # a text holds a line break of its own
        return none
    sizes = np.diff(ends, prepend=-1)  # the line break included
    rows = np.repeat(np.arange(count), sizes)
    digits = chars - np.uint8(_ZERO)  # wraps: everything else becomes larger than 9
    places = np.flatnonzero(digits <= 9)
    before = np.searchsorted(places, ends)  # digits up to the end of each row
    digit_counts = np.diff(before, prepend=0)
    dots = np.flatnonzero(chars == _DOT)
    rows_of_dots = rows[dots]
    dot_counts = np.bincount(rows_of_dots, minlength=count)
    decimals = np.zeros(count, dtype=np.int64)
    decimals[rows_of_dots] = ends[rows_of_dots] - dots - 1
    negative = chars[ends - sizes + 1] == _MINUS
    whole = digit_counts - decimals
    simple = (digit_counts + negative + dot_counts == sizes - 1) & (dot_counts <= 1)
    simple &= (whole >= 1) & (decimals <= scale) & (whole + scale <= _MOST_CHARS)
    simple &= (dot_counts == 0) | (decimals > 0)
    # The power of a digit is the number of digits after it, and of those the scale adds.
    digit_rows = rows[places]
    powers = (before + scale - decimals)[digit_rows] - np.arange(1, len(places) + 1)
    powers[~simple[digit_rows]] = 0
    totals = np.zeros(len(places) + 1, dtype=np.int64)
    np.cumsum(digits[places] * _POWERS[powers], out=totals[1:])
    # The running total may wrap; its differences are exact where a row's own total fits.
    raws = totals[before] - totals[before - digit_counts]
    return np.where(simple, np.where(negative, -raws, raws), 0), simple


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
