"""Effective ranges as intervals of days, and which node of a rule is the business date."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from engine.program import NO_DATE, Interval, Op, Program, Rule

#: The envelope key of the business date.
BUSINESS_DATE = "date"

_EPOCH = date(1970, 1, 1)


def effective_range(rule: Rule) -> Interval:
    """The days a rule is in force."""
    return interval_of(rule.valid_from, rule.valid_until)


def interval_of(valid_from: int | None, valid_until: int | None) -> Interval:
    """Days from and until as an interval; None and NO_DATE are open ends."""
    low = None if valid_from in {None, NO_DATE} else valid_from
    high = None if valid_until in {None, NO_DATE} else valid_until
    return Interval(low, high)


def is_business_date(program: Program, rule: Rule, index: int) -> bool:
    """Whether a node reads the event's business date, once or for each element of a list."""
    node = rule.nodes[index]
    while node.op is Op.REPEAT:
        node = rule.nodes[node.args[0]]
    if node.op is not Op.FIELD or not isinstance(node.data, int):
        return False
    field = program.event_types[rule.event_type].fields[node.data]
    return field.envelope and field.wire == BUSINESS_DATE


def day_text(day: int) -> str:
    """A day number as a date."""
    return (_EPOCH + timedelta(days=day)).isoformat()


def interval_words(days: Interval) -> str:
    """Days as "from 2026-01-01 until 2026-12-31"; open ends are left out."""
    parts = [
        f"from {day_text(days.low)}" if days.low is not None else "",
        f"until {day_text(days.high)}" if days.high is not None else "",
    ]
    return " ".join(part for part in parts if part) or "on every day"


def overlap(first: Interval, second: Interval) -> Interval | None:
    """The days of both intervals, or None."""
    lows = [low for low in (first.low, second.low) if low is not None]
    highs = [high for high in (first.high, second.high) if high is not None]
    shared = Interval(max(lows, default=None), min(highs, default=None))
    if shared.low is not None and shared.high is not None and shared.low > shared.high:
        return None
    return shared


def uncovered(whole: Interval, parts: Iterable[Interval]) -> list[Interval]:
    """The days of an interval that none of the parts covers, in order."""
    rest: list[Interval] = []
    start = whole.low
    is_open = True
    inside = [shared for part in parts if (shared := overlap(whole, part)) is not None]
    for part in sorted(inside, key=lambda part: (part.low is not None, part.low or 0)):
        begins_later = part.low is not None and (start is None or part.low > start)
        if is_open and begins_later and part.low is not None:
            rest.append(Interval(start, part.low - 1))
        if part.high is None:
            is_open = False
            break
        start = part.high + 1 if start is None else max(start, part.high + 1)
    if is_open and (whole.high is None or start is None or start <= whole.high):
        rest.append(Interval(start, whole.high))
    return rest
