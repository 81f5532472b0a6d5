"""Finds inputs for which a table without `else` has no row (TP402); not for rates (TP503)."""

from __future__ import annotations

from collections.abc import Iterator

from engine.program import Fault, Table
from rules_dsl.checks.input import CheckInput
from rules_dsl.checks.regions import Undecided
from rules_dsl.checks.rows import asked_bounds, is_too_large, table_space
from rules_dsl.checks.study import authors_of
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic, Severity

#: So many inputs without a row are shown.
WITNESS_LIMIT = 3


def table_gaps(checked: CheckInput) -> list[Diagnostic]:
    """Reports each table that leaves inputs without a row, with a few such inputs."""
    return [
        diagnostic
        for index, table in enumerate(checked.program.tables)
        if table.fault is not Fault.NO_RATE and not any(row.is_else for row in table.rows)
        for diagnostic in _table(checked, index, table)
    ]


def _table(checked: CheckInput, index: int, table: Table) -> Iterator[Diagnostic]:
    if is_too_large(table):
        yield _undecided(table)
        return
    space = table_space(authors_of(checked), table, asked_bounds(checked.program, index))
    try:
        gaps = space.gaps(WITNESS_LIMIT)
    except Undecided:
        yield _undecided(table)
        return
    if gaps:
        yield diagnose(
            "TP402",
            table.span,
            f"{table.name} has no row for some inputs",
            label="no row and no else",
            notes=tuple(f"no row for {space.words(gap)}" for gap in gaps),
            help=f"add rows for them, or a row that begins with {checked.word('else', table.span)}",
            declaration=f"table {table.name}",
        )


def _undecided(table: Table) -> Diagnostic:
    return diagnose(
        "TP402",
        table.span,
        f"{table.name} is too large to decide whether it has a row for every input",
        severity=Severity.INFO,
        help="add an else row, and tests for the inputs that matter",
        declaration=f"table {table.name}",
    )
