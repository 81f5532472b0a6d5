"""Finds input columns of a table that never change its result (TP404)."""

from __future__ import annotations

from collections.abc import Iterator

from engine.program import Fault, Table
from rules_dsl.checks.authors import Authors
from rules_dsl.checks.input import CheckInput
from rules_dsl.checks.regions import Undecided
from rules_dsl.checks.rows import is_too_large, matching_rows, table_space
from rules_dsl.checks.study import authors_of
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic


def idle_columns(checked: CheckInput) -> list[Diagnostic]:
    """Reports each column that could be left out without changing any look-up."""
    authors = authors_of(checked)
    return [
        diagnostic
        for table in checked.program.tables
        if table.fault is not Fault.NO_RATE and not is_too_large(table)
        for diagnostic in _table(authors, table)
    ]


def _table(authors: Authors, table: Table) -> Iterator[Diagnostic]:
    rows = matching_rows(table)
    if len(rows) < 2:
        return
    otherwise = next((row.outputs for row in table.rows if row.is_else), None)
    results = [row.outputs for row in rows]
    columns = authors.columns(table)
    space = table_space(authors, table)
    for column, name in enumerate(table.key_names):
        try:
            if space.matters(column, results, otherwise):
                continue
        except Undecided:
            return
        yield diagnose(
            "TP404",
            columns[column].span if columns else table.span,
            f"column {name} of {table.name} never changes the result",
            help="leave the column out",
            declaration=f"table {table.name}",
        )
