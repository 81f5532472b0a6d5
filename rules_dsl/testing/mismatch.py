"""What a test found to differ, in words; not what to compare."""

from __future__ import annotations

from engine.calls import EventResult
from rules_dsl import syntax


class Mismatch(Exception):
    """What a test found, in words."""


def minor_amount(value: syntax.Expr, scale: int) -> int:
    """The raw amount of a number written in a test. Raises Mismatch where it is none."""
    sign = 1
    if isinstance(value, syntax.Unary):
        sign, value = -1, value.operand
    if not isinstance(value, syntax.Number) or value.decimals > scale:
        raise Mismatch(f"an expected amount is a number with at most {scale} decimals")
    return sign * value.digits * int(10 ** (scale - value.decimals))


def status_words(result: EventResult) -> str:
    """What became of an event."""
    words = result.status.name.lower().replace("_", " ")
    return " ".join(part for part in (words, result.reason, result.message) if part)
