"""Finds rows of a table that can never be the one that matches (TP403)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from engine.program import Table
from rules_dsl.checks.authors import Authors
from rules_dsl.checks.input import CheckInput
from rules_dsl.checks.regions import Undecided
from rules_dsl.checks.rows import is_too_large, matching_rows, table_space
from rules_dsl.checks.study import authors_of
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic

#: So many rows of one table are shown.
SHOWN_LIMIT = 10


def unreachable_rows(checked: CheckInput) -> list[Diagnostic]:
    """Reports duplicate rows, rows that earlier rows hide, and `else` rows nothing is left for."""
    authors = authors_of(checked)
    return [
        diagnostic
        for table in checked.program.tables
        if not is_too_large(table)
        for diagnostic in islice(_table(authors, table), SHOWN_LIMIT)
    ]


def _table(authors: Authors, table: Table) -> Iterator[Diagnostic]:
    declaration = f"table {table.name}"
    rows = matching_rows(table)
    try:
        reached = table_space(authors, table).first_rows()
    except Undecided:
        return
    first_of: dict[object, int] = {}
    for place, row in enumerate(rows):
        first = first_of.setdefault((row.cells, row.outputs), place)
        if first != place:
            yield diagnose(
                "TP403",
                row.span,
                f"this row of {table.name} repeats an earlier row",
                help="remove one of them",
                related=((rows[first].span, "the same row"),),
                declaration=declaration,
            )
        elif place not in reached and not table.unique:
            yield diagnose(
                "TP403",
                row.span,
                f"this row of {table.name} is never reached: earlier rows match all it could match",
                help="move it before them, or remove it",
                declaration=declaration,
            )
    if rows and -1 not in reached:
        for row in table.rows:
            if row.is_else:
                yield diagnose(
                    "TP403",
                    row.span,
                    f"the else row of {table.name} is never reached:"
                    " the other rows match every input",
                    help="remove it, so that a new value shows up as a gap",
                    declaration=declaration,
                )
