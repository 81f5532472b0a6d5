"""What a test found to differ, in words and, where there is one, as a difference."""

from __future__ import annotations

from engine.calls import EventResult
from rules_dsl import syntax
from rules_dsl.testing.difference import Difference, StatusDifference
from rules_dsl.testing.showing import show_difference


class Mismatch(Exception):
    """What a test found: in words, and as data where something was expected."""

    def __init__(self, found: str | Difference) -> None:
        """`found`: a sentence, or what differs."""
        self.difference = None if isinstance(found, str) else found
        super().__init__(found if isinstance(found, str) else show_difference(found))


def minor_amount(value: syntax.Expr, scale: int) -> int:
    """The raw amount of a number written in a test. Raises Mismatch where it is none."""
    sign = 1
    if isinstance(value, syntax.Unary):
        sign, value = -1, value.operand
    if not isinstance(value, syntax.Number) or value.decimals > scale:
        raise Mismatch(f"an expected amount is a number with at most {scale} decimals")
    return sign * value.digits * int(10 ** (scale - value.decimals))


def status_name(result: EventResult) -> str:
    """The status of an event in lower case words."""
    return result.status.name.lower().replace("_", " ")


def status_words(result: EventResult) -> str:
    """What became of an event."""
    return " ".join(part for part in (status_name(result), result.reason, result.message) if part)


def status_difference(expected: str, result: EventResult) -> StatusDifference:
    """What was expected of an event beside what became of it."""
    return StatusDifference(expected, status_name(result), result.reason, result.message)
