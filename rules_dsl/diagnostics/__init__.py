"""Diagnostics: their codes, their rendering and the suggestions they make."""

from rules_dsl.diagnostics.codes import CODES, Code, diagnose
from rules_dsl.diagnostics.model import Diagnostic, Fix, Severity
from rules_dsl.diagnostics.render import advise, display_width, render, render_all, to_json
from rules_dsl.diagnostics.suggest import suggest

__all__ = [
    "CODES",
    "Code",
    "Diagnostic",
    "Fix",
    "Severity",
    "advise",
    "diagnose",
    "display_width",
    "render",
    "render_all",
    "suggest",
    "to_json",
]
