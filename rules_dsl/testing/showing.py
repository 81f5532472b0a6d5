"""Shows what differs in a failed test: expected beside booked, aligned by display width."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from rules_dsl.diagnostics import display_width
from rules_dsl.testing.difference import (
    Difference,
    FigureDifference,
    LineFigures,
    LinePair,
    StatusDifference,
    VoucherDifference,
    VoucherPair,
)

_RED, _GREEN, _BOLD = "31", "32", "1"

#: Columns of a line: its side, account, amount, what that is in another currency, dimensions.
_PARTS = ("side", "account", "amount", "foreign", "dimensions")
_Cell = tuple[str, bool]  # its text, and whether it differs


def show_difference(difference: Difference, *, color: bool = False) -> str:
    """Gives a difference as text, without a newline at the end.

    Before each line stands what it is: `=` the same on both sides, `!` one that differs (what
    differs is named behind it), `-` expected and not booked, `+` booked and not expected.
    """
    match difference:
        case VoucherDifference():
            shown = [_voucher(pair, color=color) for pair in difference.vouchers]
            return "\n".join(["the vouchers differ:", *shown])
        case StatusDifference():
            return _status(difference)
        case FigureDifference():
            return _figure(difference)


def _figure(difference: FigureDifference) -> str:
    wanted = f"{difference.figure} {difference.node} {difference.expected}"
    if difference.figure == "available":
        wanted = f"{difference.expected} available at {difference.node}"
    text = f"expected {wanted}, found {difference.actual}"
    return f"{text}; the event is {difference.event}" if difference.event else text


def _status(difference: StatusDifference) -> str:
    found = (difference.status, difference.reason, difference.message)
    words = " ".join(part for part in found if part)
    return f"expected {difference.expected}, but the event is {words}"


def _voucher(pair: VoucherPair, *, color: bool) -> str:
    if pair.booked is None:
        title = "this voucher was expected and not booked:"
    elif pair.expected is None:
        title = f'this voucher was booked and not expected, "{pair.booked.summary}":'
    elif "summary" in pair.differs:
        title = f'expected "{pair.expected.summary}", booked "{pair.booked.summary}":'
    else:
        title = f'voucher "{pair.booked.summary}":'
    rows = [_row(line) for line in pair.lines]
    both = pair.expected is not None and pair.booked is not None
    shown = [f"  {title}", *_aligned(rows, with_header=both, color=color)]
    if pair.others:
        shown.append(f"    … and {pair.others} more lines that the test does not name")
    return "\n".join(shown)


def _row(line: LinePair) -> tuple[str, list[_Cell], list[_Cell], str]:
    """The mark of a line, its cells on both sides, and what differs in words."""
    if line.booked is None:
        return "-", _cells(line.expected, frozenset(), whole=True), [], ""
    if line.expected is None:
        return "+", [], _cells(line.booked, frozenset(), whole=True), ""
    differing = frozenset(line.differs)
    words = ", ".join(line.differs)
    return (
        "!" if differing else "=",
        _cells(line.expected, differing, whole=False),
        _cells(line.booked, differing, whole=False),
        words,
    )


def _cells(line: LineFigures | None, differing: frozenset[str], *, whole: bool) -> list[_Cell]:
    if line is None:
        return []
    carried = ", ".join(f"{name} = {value}" for name, value in line.dimensions)
    foreign = "{} {} at {}".format(*line.foreign) if line.foreign else ""
    texts = (line.side, line.account, line.amount, foreign, carried)
    named = dict(zip(_PARTS, texts, strict=True))
    others = bool(differing - set(_PARTS))
    return [
        (text, whole or part in differing or (part == "dimensions" and others))
        for part, text in named.items()
    ]


def _aligned(
    rows: Sequence[tuple[str, list[_Cell], list[_Cell], str]], *, with_header: bool, color: bool
) -> list[str]:
    left = _half([row[1] for row in rows], _RED, color=color)
    right = _half([row[2] for row in rows], _GREEN, color=color)
    width = max((length for _, length in left), default=0)
    wide = max((length for _, length in right), default=0)
    lines = []
    if with_header:
        width = max(width, len("expected"))
        lines.append(f"      {'expected':<{width}}  booked")
    for row, (first, taken), (second, used) in zip(rows, left, right, strict=True):
        middle = " " * (width - taken) + "  " if width else ""
        behind = f"{' ' * (wide - used)}  {_paint(row[3], _BOLD, color=color)}" if row[3] else ""
        lines.append(f"    {row[0]} {first}{middle}{second}{behind}".rstrip())
    return lines


def _half(rows: Sequence[list[_Cell]], tint: str, *, color: bool) -> list[tuple[str, int]]:
    """One side of every row with its display width; amounts stand to the right."""
    columns = zip_longest(*[row for row in rows if row], fillvalue=("", False))
    widths = [max(display_width(text) for text, _ in column) for column in columns]
    shown = []
    for row in rows:
        text, taken = "", 0
        for place, (cell, differs) in enumerate(row):
            if not widths[place]:
                continue
            space = " " * (widths[place] - display_width(cell))
            painted = _paint(cell, tint, color=color and differs)
            joint = " " if taken else ""
            whole = f"{space}{painted}" if _PARTS[place] == "amount" else f"{painted}{space}"
            text, taken = f"{text}{joint}{whole}", taken + len(joint) + widths[place]
        shown.append((text, taken))
    return shown


def _paint(text: str, tint: str, *, color: bool) -> str:
    return f"\x1b[{tint}m{text}\x1b[0m" if color and text else text
