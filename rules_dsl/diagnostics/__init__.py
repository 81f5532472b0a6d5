"""Diagnostics: their codes, their rendering and the suggestions they make."""

from rules_dsl.diagnostics.model import Diagnostic, Fix, Severity

__all__ = ["Diagnostic", "Fix", "Severity"]
