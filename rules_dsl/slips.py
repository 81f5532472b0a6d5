"""Explaining why a line does not parse: what was found, what could stand there, what was meant."""

from __future__ import annotations

from engine.program import Span
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic
from rules_dsl.keywords import Language
from rules_dsl.line_parser import FailedLine


def explain_failure(path: str, failed: FailedLine, language: Language) -> Diagnostic:
    """Makes the diagnostic of a line that does not parse."""
    at = failed.lexemes[min(failed.index, len(failed.lexemes) - 1)]
    if failed.index < len(failed.lexemes):
        span = Span(path, at.line, at.column, at.line, at.end_column)
        return diagnose("TP101", span, f"{at.text} cannot stand here")
    span = Span(path, at.line, at.end_column, at.line, at.end_column + 1)
    return diagnose("TP101", span, "the line ends too early")
