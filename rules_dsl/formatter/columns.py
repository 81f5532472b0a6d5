"""Columns of neighbouring lines: which parts of a line stand in which, and their alignment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from rules_dsl.diagnostics.render import display_width
from rules_dsl.formatter.spacing import SpacedLine, first_lexeme
from rules_dsl.tree import Token, Tree

#: A part wider than this runs over its column instead of moving the whole column away.
MAX_COLUMN_WIDTH: Final = 40

#: Columns of each kind of line: the parts, by rule or terminal, of which the first one found
#: begins the column. What stands before the first column is a column of its own.
_COLUMNS: dict[str, tuple[tuple[str, ...], ...]] = {
    "field_line": (("wire",), ("type", "list_type", "map_type")),
    "account_line": (
        ("ACCOUNT_CODE",),
        ("STRING",),
        ("DEBIT", "CREDIT"),
        ("REQUIRES",),
        ("from_day", "until_day"),
    ),
    "let": (("EQ",),),
    "let_balances": (("EQ",),),
    "ledger": (("wire",), ("CURRENCY",), ("WORD", "NEGATIVE")),
    "unit": (("wire",), ("DECIMALS",)),
    "dimension": (("wire",), ("BALANCING", "OF")),
    "code": (("EQ",),),
    "target": (("BY",),),
    "parameter": (("wire",), ("type",), ("DEFAULT",)),
}
_ROWS = frozenset({"table_header", "row", "else_row", "rate_header", "rate_row"})
_NUMBERS = frozenset({"number", "signed_number"})
_LINE, _AMOUNT = "line", 2


@dataclass(frozen=True, slots=True)
class Cells:
    """The columns of one line, "" where it has none.

    Attributes:
        kind: only lines of one kind are aligned with each other.
        texts: one for each column. is_row: the columns stand between `|`.
        is_number: the amount of the line is a number written out.
    """

    kind: str
    texts: tuple[str, ...]
    is_row: bool = False
    is_number: bool = False


def cells_of(line: SpacedLine) -> Cells | None:
    """Gives the columns of a line, None where lines of its kind are not aligned."""
    kind = str(line.tree.data)
    if kind in _ROWS:
        return Cells("row", tuple(_row(line)), is_row=True)
    if kind == _LINE:
        account, amount, *rest = line.tree.children[1:]
        starts: list[int | None] = [0, first_lexeme(account), first_lexeme(amount)]
        starts.append(first_lexeme(rest[0]) if rest else None)
        is_number = isinstance(amount, Tree) and _is_number(amount)
        return Cells(kind, _split(line, starts), is_number=is_number)
    wanted = _COLUMNS.get(kind)
    if wanted is None:
        return None
    return Cells(kind, _split(line, [0, *(_first(line.tree.children, names) for names in wanted)]))


def aligned(lines: Sequence[Cells]) -> list[str]:
    """Writes neighbouring lines of one kind with their columns below each other."""
    count = max((len(cells.texts) for cells in lines), default=0)
    to_right = all(cells.is_number for cells in lines)
    widths = [
        max((_column_width(cells, column, to_right=to_right) for cells in lines), default=0)
        for column in range(count)
    ]
    return [_written(cells, widths, to_right=to_right) for cells in lines]


def _written(cells: Cells, widths: Sequence[int], *, to_right: bool) -> str:
    if cells.is_row:
        padded = [_pad(text, width) for text, width in zip(cells.texts, widths, strict=False)]
        return f"| {' | '.join(padded)} |"
    return " ".join(
        _pad(text, width, to_right=to_right and column == _AMOUNT)
        for column, (text, width) in enumerate(zip(cells.texts, widths, strict=True))
        if width or text
    ).rstrip()


def _column_width(cells: Cells, column: int, *, to_right: bool) -> int:
    if column >= len(cells.texts):
        return 0
    if column == _AMOUNT and cells.kind == _LINE and not to_right and not cells.texts[-1]:
        return 0  # nothing stands behind this amount that would have to be moved
    width = display_width(cells.texts[column])
    return width if cells.is_row or width <= MAX_COLUMN_WIDTH else 0


def _pad(text: str, width: int, *, to_right: bool = False) -> str:
    space = " " * (width - display_width(text))
    return space + text if to_right else text + space


def _row(line: SpacedLine) -> Iterable[str]:
    bars = [index for index, terminal in enumerate(line.terminals) if terminal == "PIPE"]
    for before, behind in pairwise(bars):
        yield line.written(before + 1, behind)


def _first(parts: Sequence[Tree | Token], names: tuple[str, ...]) -> int | None:
    for part in parts:
        if (part.data if isinstance(part, Tree) else part.type) in names:
            return first_lexeme(part)
    return None


def _split(line: SpacedLine, starts: Sequence[int | None]) -> tuple[str, ...]:
    """Cuts a line where its columns begin; a column without a beginning is empty."""
    texts: list[str] = []
    end = len(line.lexemes)
    for start in reversed(starts):
        texts.append("" if start is None else line.written(start, end))
        end = end if start is None else start
    return tuple(reversed(texts))


def _is_number(amount: Tree) -> bool:
    inner = amount.children[-1]
    is_negative = amount.data == "unary" and isinstance(inner, Tree) and inner.data in _NUMBERS
    return amount.data in _NUMBERS or is_negative
