"""Runs the `test` blocks of a rule book through the engine's own posting path, in memory.

The events a test gives are posted to a book of their own; what it expects is compared with what
that book then holds. Nothing here evaluates a rule or decides a budget.
"""

from __future__ import annotations

from rules_dsl.testing.coverage import Coverage, CoverageItem, Part
from rules_dsl.testing.difference import (
    Difference,
    FigureDifference,
    LineFigures,
    LinePair,
    StatusDifference,
    VoucherDifference,
    VoucherFigures,
    VoucherPair,
    compare_vouchers,
)
from rules_dsl.testing.edits import Change
from rules_dsl.testing.mutants import OPERATORS
from rules_dsl.testing.mutation import Fate, Mutation, Tried, choose_mutants, try_change
from rules_dsl.testing.running import (
    DEFAULT_DAY,
    TestResult,
    count_passed,
    run_covered,
    run_tests,
    tests_of,
)
from rules_dsl.testing.showing import show_difference
from rules_dsl.testing.transcript import transcribe_event

__all__ = [
    "Change",
    "Coverage",
    "CoverageItem",
    "DEFAULT_DAY",
    "Difference",
    "Fate",
    "FigureDifference",
    "LineFigures",
    "LinePair",
    "Mutation",
    "OPERATORS",
    "Part",
    "StatusDifference",
    "TestResult",
    "Tried",
    "VoucherDifference",
    "VoucherFigures",
    "VoucherPair",
    "choose_mutants",
    "compare_vouchers",
    "count_passed",
    "run_covered",
    "run_tests",
    "show_difference",
    "tests_of",
    "transcribe_event",
    "try_change",
]
