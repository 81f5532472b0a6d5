"""Checks that a rate has a value on the dates of the rules that read it (TP503).

Only readings at the business date count: other dates are known at run time only. A rule for
which no row applies on any of its dates is an error; a part of its dates without one, a warning.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.program import Fault, Interval, Op, Program, Rule, Table
from rules_dsl.checks.dates import (
    effective_range,
    interval_words,
    is_business_date,
    overlap,
    uncovered,
)
from rules_dsl.checks.input import CheckInput
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic, Severity


def rate_dates(checked: CheckInput) -> list[Diagnostic]:
    """Reports each rate that a rule reads on dates for which it has no row."""
    return [
        diagnostic for rule in checked.program.rules for diagnostic in _rule(checked.program, rule)
    ]


def _rule(program: Program, rule: Rule) -> Iterator[Diagnostic]:
    reported: set[int] = set()
    for node in rule.nodes:
        if node.op is not Op.TABLE_ROW or not isinstance(node.data, int) or len(node.args) != 1:
            continue
        table = program.tables[node.data]
        is_rate = table.fault is Fault.NO_RATE
        if not is_rate or node.data in reported:
            continue
        if not is_business_date(program, rule, node.args[0]):
            continue
        reported.add(node.data)
        days = effective_range(rule)
        covered = [interval for row in table.rows for interval in row.cells[0].intervals]
        missing = uncovered(days, covered)
        if any(row.cells[0].matches_all for row in table.rows) or not missing:
            continue
        is_empty = not any(overlap(days, interval) for interval in covered)
        yield diagnose(
            "TP503",
            node.span,
            _message(table, rule, missing, is_empty=is_empty),
            severity=None if is_empty else Severity.WARNING,
            notes=(f"events on those dates will be UNPOSTED ({table.fault.value})",),
            help=f"add a row to {table.name}, or give the rule the dates of its rows",
            related=((table.span, f"{table.name} is declared here"),),
            declaration=f"rule {rule.name}",
        )


def _message(table: Table, rule: Rule, missing: list[Interval], *, is_empty: bool) -> str:
    if is_empty:
        return f"{table.name} has no value on any date of rule {rule.name}"
    dates = " and ".join(interval_words(days) for days in missing)
    return f"{table.name} has no value {dates}, when rule {rule.name} is in force"
