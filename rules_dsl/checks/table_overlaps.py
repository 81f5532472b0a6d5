"""Finds rows of a `unique` table that match the same inputs (TP401)."""

from __future__ import annotations

from collections.abc import Iterator

from engine.program import Fault, Table
from rules_dsl.checks.authors import Authors
from rules_dsl.checks.input import CheckInput
from rules_dsl.checks.regions import Undecided
from rules_dsl.checks.rows import is_too_large, matching_rows, table_space
from rules_dsl.checks.study import authors_of
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic, Severity

#: So many overlaps of one table are shown.
SHOWN_LIMIT = 5


def table_overlaps(checked: CheckInput) -> list[Diagnostic]:
    """Reports each row that shares inputs with an earlier row and gives another result."""
    authors = authors_of(checked)
    return [
        diagnostic
        for table in checked.program.tables
        if table.unique
        for diagnostic in _table(authors, table)
    ]


def _table(authors: Authors, table: Table) -> Iterator[Diagnostic]:
    if is_too_large(table):
        yield _undecided(table)
        return
    rows = matching_rows(table)
    space = table_space(authors, table)
    try:
        overlaps = space.overlaps()
    except Undecided:
        yield _undecided(table)
        return
    number = {id(row): place for place, row in enumerate(table.rows, start=1)}
    shown = 0
    for second, first in overlaps.items():
        one, other = rows[first], rows[second]
        if one.cells == other.cells and one.outputs == other.outputs:
            continue  # A duplicate is TP403.
        shown += 1
        if shown > SHOWN_LIMIT:
            return
        witness = space.words(space.common(first, second))
        is_rate = table.fault is Fault.NO_RATE
        first_word = authors.word("first", table.span)
        yield diagnose(
            "TP401",
            other.span,
            f"rows {number[id(one)]} and {number[id(other)]} of {table.name} both match {witness}",
            label="this row matches too",
            help="end the earlier row on the day before the later one begins"
            if is_rate
            else f"narrow one of the rows, or write {first_word} behind the table's name if the"
            " first row is meant to win",
            related=((one.span, "already matches here"),),
            declaration=f"{'rate' if is_rate else 'table'} {table.name}",
        )


def _undecided(table: Table) -> Diagnostic:
    return diagnose(
        "TP401",
        table.span,
        f"{table.name} is too large to decide whether two of its rows match the same inputs",
        severity=Severity.INFO,
        help="add tests for the inputs that matter",
        declaration=f"table {table.name}",
    )
