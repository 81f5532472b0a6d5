"""Names of budget nodes and periods: `NAME[k1,k2]@2026-03`, and the path form commands may use."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence

from engine.calendar import day_of, period_of
from engine.program import Budget, Horizon

#: Characters that are escaped in a key of a canonical name.
_SPECIAL = re.compile(r"([\\,\[\]])")
_ESCAPED = re.compile(r"\\(.)")
_CANONICAL = re.compile(r"([^\[\]]+)\[((?:[^\\\[\]]|\\.)*)\](?:@(.+))?")
_KEY = re.compile(r"(?:^|,)((?:[^\\,]|\\.)*)")

_LABELS = {
    Horizon.MONTH: re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])"),
    Horizon.QUARTER: re.compile(r"[0-9]{4}-Q[1-4]"),
    Horizon.YEAR: re.compile(r"[0-9]{4}"),
    Horizon.DATES: re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\.\.[0-9]{4}-[0-9]{2}-[0-9]{2}"),
}

_EXAMPLES = {
    Horizon.MONTH: "2026-03",
    Horizon.QUARTER: "2026-Q1",
    Horizon.YEAR: "2026",
    Horizon.DATES: "2026-03-10..2026-04-09",
}


class NodeNameError(ValueError):
    """A node's name that cannot be read; the message says what to write."""


def node_name(budget: str, path: Sequence[str], period: str) -> str:
    """The canonical name of a node."""
    keys = ",".join(_SPECIAL.sub(r"\\\1", key) for key in path)
    return f"{budget}[{keys}]@{period}" if period else f"{budget}[{keys}]"


def budget_of(node: str) -> str:
    """The budget's wire name in a canonical node name."""
    return node[: node.index("[")]


def split_name(name: str) -> tuple[str, tuple[str, ...], str] | None:
    """Budget, path and period of a canonical name; None if it is not one."""
    match = _CANONICAL.fullmatch(name)
    if match is None:
        return None
    path = [_ESCAPED.sub(r"\1", key) for key in _KEY.findall(match[2])] if match[2] else []
    return match[1], tuple(path), match[3] or ""


def period_label(horizon: Horizon, day: int) -> str:
    """The period a day belongs to, as in node names; "" for life and for dates of a node's own."""
    if horizon in (Horizon.LIFE, Horizon.DATES):
        return ""
    year, month = divmod(period_of(day), 100)
    if horizon is Horizon.MONTH:
        return f"{year}-{month:02d}"
    if horizon is Horizon.QUARTER:
        return f"{year}-Q{(month + 2) // 3}"
    return f"{year}"


def next_label(horizon: Horizon, label: str) -> str:
    """The period after one; "" where periods have no order of their own."""
    if horizon is Horizon.MONTH:
        year, month = int(label[:4]), int(label[5:])
        return f"{year + 1}-01" if month == 12 else f"{year}-{month + 1:02d}"
    if horizon is Horizon.QUARTER:
        year, quarter = int(label[:4]), int(label[6:])
        return f"{year + 1}-Q1" if quarter == 4 else f"{year}-Q{quarter + 1}"
    return str(int(label) + 1) if horizon is Horizon.YEAR else ""


def is_label(horizon: Horizon, text: str) -> bool:
    """Whether a text names a period of this kind, with days that exist and stand in order."""
    pattern = _LABELS.get(horizon)
    if pattern is None or pattern.fullmatch(text) is None:
        return False
    if horizon is not Horizon.DATES:
        return text[:4] != "0000"
    try:
        dates_label(*text.split(".."))
    except NodeNameError:
        return False
    return True


def dates_label(first: str, last: str) -> str:
    """The period of a node with dates. Raises NodeNameError."""
    try:
        if day_of(first) > day_of(last):
            raise NodeNameError(f"{first} lies after {last}; give from and until in order")
    except ValueError as error:
        raise NodeNameError(f"from and until are dates written 2026-03-05: {error}") from None
    return f"{first}..{last}"


def days_of(horizon: Horizon, label: str) -> tuple[int, int] | None:
    """First and last day of a period; None for life."""
    if horizon is Horizon.DATES:
        first, last = label.split("..")
        return day_of(first), day_of(last)
    if horizon is Horizon.LIFE:
        return None
    year = int(label[:4])
    month, months = 1, 12
    if horizon is Horizon.MONTH:
        month, months = int(label[5:]), 1
    elif horizon is Horizon.QUARTER:
        month, months = int(label[6:]) * 3 - 2, 3
    end = month + months - 1
    days = monthrange(year, end)[1]
    return day_of(f"{label[:4]}-{month:02d}-01"), day_of(f"{label[:4]}-{end:02d}-{days}")


def read_node(
    text: str, budgets: Sequence[Budget], default: Budget, day: int
) -> tuple[Budget, tuple[str, ...], str]:
    """Budget, path and period of a node as a command writes it.

    Args:
        text: a canonical name, or a path `[NAME/]k1/k2[/PERIOD]`.
        budgets: those declared.
        default: the budget of a path that begins with none.
        day: chooses the period where the text has none.

    Raises:
        NodeNameError: no such budget, too many keys, or no period.
    """
    by_wire = {budget.wire: budget for budget in budgets}
    found = split_name(text)
    if found is not None:
        budget = by_wire.get(found[0])
        if budget is None:
            raise NodeNameError(
                f"{text} names no budget of the rule book; it has " + ", ".join(by_wire)
            )
        path, period = found[1], found[2]
        if period and not is_label(budget.horizon, period):
            example = _EXAMPLES.get(budget.horizon)
            instead = f"written {example}" if example else "whose nodes have no period"
            raise NodeNameError(
                f"{period} is no {budget.horizon} of budget {budget.name}, {instead}"
            )
    else:
        parts = text.split("/")
        budget = by_wire.get(parts[0], default)
        if parts[0] == budget.wire and len(parts) > 1:
            parts = parts[1:]
        period = ""
        if len(parts) > 1 and is_label(budget.horizon, parts[-1]):
            period = parts.pop()
        path = tuple(parts)
    if budget.by_path:
        path = tuple(segment for key in path for segment in key.split("/"))
    if any(not key for key in path):
        raise NodeNameError(f"{text} has an empty key; write every key down to the node")
    if not budget.by_path and len(path) > len(budget.keys):
        raise NodeNameError(
            f"{text} has {len(path)} keys; budget {budget.name} has {', '.join(budget.keys)}"
        )
    if not period:
        period = period_label(budget.horizon, day)
    return budget, path, period
