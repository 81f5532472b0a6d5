"""Evaluates compiled rules: over columns for many events, through closures for few."""

from __future__ import annotations

from engine.evaluate.closures import evaluate_row
from engine.evaluate.failures import FAULTS
from engine.evaluate.link import LinkedProgram, LinkedRule, link
from engine.evaluate.numeric import evaluate_columns

__all__ = [
    "FAULTS",
    "LinkedProgram",
    "LinkedRule",
    "evaluate_columns",
    "evaluate_row",
    "link",
]

#: Levels of fewer rows go through closures.
CROSSOVER_ROWS = 1_000
