"""Static checks of a compiled rule book, one module per pass; not for name and type errors.

A pass is a function from `CheckInput` to diagnostics. It never raises on a program that lowering
made, and says nothing where it cannot decide soundly, or says so with an INFO diagnostic.
"""

from __future__ import annotations

from collections.abc import Callable

from rules_dsl.checks.balance import balance
from rules_dsl.checks.budgets import budgets
from rules_dsl.checks.closed_accounts import closed_accounts
from rules_dsl.checks.dimension_balance import dimension_balance
from rules_dsl.checks.effective_ranges import effective_ranges
from rules_dsl.checks.idle_columns import idle_columns
from rules_dsl.checks.input import CheckInput, Usage
from rules_dsl.checks.missing_basis import missing_basis
from rules_dsl.checks.negative_amounts import negative_amounts
from rules_dsl.checks.plug_accounts import plug_accounts
from rules_dsl.checks.rate_dates import rate_dates
from rules_dsl.checks.required_dimensions import required_dimensions
from rules_dsl.checks.rounded_parts import rounded_parts
from rules_dsl.checks.rule_matches import rule_matches
from rules_dsl.checks.style import file_order, long_lets, long_tables, name_case
from rules_dsl.checks.table_gaps import table_gaps
from rules_dsl.checks.table_overlaps import table_overlaps
from rules_dsl.checks.test_blocks import test_blocks
from rules_dsl.checks.unreachable_rows import unreachable_rows
from rules_dsl.checks.unused import unused
from rules_dsl.checks.zero_lines import zero_lines
from rules_dsl.diagnostics.model import Diagnostic

__all__ = ["CHECKS", "CheckInput", "Usage"]

#: Every check, in the order it runs: vouchers, tables, rules, dates, budgets, style, tests.
CHECKS: tuple[Callable[[CheckInput], list[Diagnostic]], ...] = (
    balance,
    dimension_balance,
    zero_lines,
    rounded_parts,
    required_dimensions,
    closed_accounts,
    negative_amounts,
    plug_accounts,
    table_overlaps,
    table_gaps,
    unreachable_rows,
    idle_columns,
    rule_matches,
    effective_ranges,
    rate_dates,
    budgets,
    unused,
    missing_basis,
    name_case,
    long_lets,
    file_order,
    long_tables,
    test_blocks,
)
