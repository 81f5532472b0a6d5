"""Operators and functions on single values, by their names in the syntax tree."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from tests.reference.values import ABSENT, Value, divide

COMPARISONS: dict[str, Callable[[Value, Value], bool]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
ARITHMETIC: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": divide,
}
FUNCTIONS: dict[str, Callable[[tuple[Fraction, ...]], Fraction]] = {
    "min": min,
    "max": max,
    "abs": lambda row: abs(row[0]),
}


def in_range(value: Value, low: Value, high: Value, exclusive: bool) -> bool:
    """Whether a value lies in `low..high`; ABSENT is an open side."""
    if low is not ABSENT and value < low:
        return False
    if high is ABSENT:
        return True
    return value < high if exclusive else value <= high


def last_part(value: Value) -> Value:
    """What follows the last "/" of a text; ABSENT of what is absent."""
    return value.split("/")[-1] if isinstance(value, str) else value
