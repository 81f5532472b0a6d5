"""Puts a decision table on axes and says its rows and inputs in the author's words."""

from __future__ import annotations

from collections.abc import Callable

from engine.program import Cell, Interval, Kind, Op, Program, Rule, Table, TableRow
from rules_dsl import syntax
from rules_dsl.checks.authors import Authors
from rules_dsl.checks.axes import Axis, flag_axis, flag_mask, line_axis, text_axis
from rules_dsl.checks.dates import day_text, effective_range, is_business_date
from rules_dsl.checks.regions import Space
from rules_dsl.checks.wording import decimal, plain_number

#: Beyond so many cells (rows times columns) a table is not searched.
CELLS_LIMIT = 20_000

UNBOUNDED = Interval(None, None)


def table_space(authors: Authors, table: Table, bounds: tuple[Interval, ...] = ()) -> Space:
    """The inputs of a table and its rows, without the `else` row.

    `bounds`: per column what the rules can ask for; () = anything.
    """
    axes: list[Axis] = []
    columns: list[list[int]] = []
    rows = matching_rows(table)
    for column in range(len(table.key_names)):
        cells = [row.cells[column] for row in rows]
        axis, masks = _column(authors, table, column, cells, bounds[column : column + 1])
        axes.append(axis)
        columns.append(
            [
                axis.everything if cell.matches_all else mask
                for cell, mask in zip(cells, masks, strict=True)
            ]
        )
    return Space(tuple(axes), tuple(zip(*columns, strict=True)) if rows else ())


def matching_rows(table: Table) -> tuple[TableRow, ...]:
    """The rows with conditions: all but `else`."""
    return tuple(row for row in table.rows if not row.is_else)


def is_too_large(table: Table) -> bool:
    """Whether the table is too large to be searched."""
    return len(table.rows) * len(table.key_names) > CELLS_LIMIT


def asked_bounds(program: Program, table_index: int) -> tuple[Interval, ...]:
    """Per column the bounds of what the rules look up; unbounded where that is not known."""
    found = [
        tuple(_key_bounds(program, rule, arg) for arg in node.args)
        for rule in program.rules
        for node in rule.nodes
        if node.op is Op.TABLE_ROW and node.data == table_index
    ]
    return tuple(_hull(column) for column in zip(*found, strict=True))


def row_words(authors: Authors, table: Table, row: TableRow) -> str:
    """A row in words: its number, and its conditions."""
    number = next((i for i, other in enumerate(table.rows, start=1) if other is row), 0)
    if row.is_else:
        return f"the else row of {table.name}"
    cells = ", ".join(
        f"{name} = {cell_words(authors, table, column, cell)}"
        for column, (name, cell) in enumerate(zip(table.key_names, row.cells, strict=True))
        if not cell.matches_all
    )
    return f"row {number} of {table.name}" + (f" ({cells})" if cells else "")


def cell_words(authors: Authors, table: Table, column: int, cell: Cell) -> str:
    """A condition as the author could have written it."""
    if cell.flag is not None:
        return _truth_words(authors, table)[0 if cell.flag else 1]
    words = _number_words(authors, table, column)
    items = [authors.value_name(table.key_domains[column], text) for text in cell.texts]
    items += [_interval_words(interval, words) for interval in cell.intervals]
    return items[0] if len(items) == 1 else "{" + ", ".join(items) + "}" if items else "*"


def _column(
    authors: Authors, table: Table, column: int, cells: list[Cell], bounds: tuple[Interval, ...]
) -> tuple[Axis, list[int]]:
    name = table.key_names[column]
    kind = table.key_kinds[column]
    if kind is Kind.BOOL:
        return flag_axis(name, _truth_words(authors, table)), [
            flag_mask(cell.flag) for cell in cells
        ]
    if kind in {Kind.NUMBER, Kind.DATE}:
        intervals = [interval for cell in cells for interval in cell.intervals]
        words = _number_words(authors, table, column)
        asked = bounds[0] if bounds else UNBOUNDED
        line = line_axis(name, asked, intervals, words, is_date=kind is Kind.DATE)
        return line.axis, [line.mask(cell.intervals) for cell in cells]
    domain = table.key_domains[column]
    texts = [text for cell in cells for text in cell.texts]
    axis = text_axis(name, domain, texts, lambda text: authors.value_name(domain, text))
    return axis.axis, [axis.mask(cell.texts) for cell in cells]


def _truth_words(authors: Authors, table: Table) -> tuple[str, str]:
    return authors.word("true", table.span), authors.word("false", table.span)


def _number_words(authors: Authors, table: Table, column: int) -> Callable[[int], str]:
    if table.key_kinds[column] is Kind.DATE:
        return day_text
    scale = table.key_scales[column]
    columns = authors.columns(table)
    type_ref = columns[column].type if columns else None
    if type_ref is not None and type_ref.word is syntax.TypeWord.PERCENT:
        return lambda raw: plain_number(raw * 100, -scale) + "%"
    if type_ref is not None and type_ref.word is syntax.TypeWord.AMOUNT:
        return lambda raw: decimal(raw, scale)
    return lambda raw: plain_number(raw, -scale)


def _key_bounds(program: Program, rule: Rule, index: int) -> Interval:
    key = rule.nodes[index]
    if is_business_date(program, rule, index):
        return effective_range(rule)
    return Interval(key.low, key.high) if key.kind is Kind.NUMBER else UNBOUNDED


def _interval_words(interval: Interval, words: Callable[[int], str]) -> str:
    low = "" if interval.low is None else words(interval.low)
    high = "" if interval.high is None else words(interval.high)
    return low if low == high and low else f"{low}..{high}"


def _hull(intervals: tuple[Interval, ...]) -> Interval:
    lows = [interval.low for interval in intervals]
    highs = [interval.high for interval in intervals]
    known_lows = [low for low in lows if low is not None]
    known_highs = [high for high in highs if high is not None]
    return Interval(
        min(known_lows) if len(known_lows) == len(lows) else None,
        max(known_highs) if len(known_highs) == len(highs) else None,
    )
