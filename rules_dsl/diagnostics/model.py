"""A diagnostic: one mistake of a rule author, with its place, in the author's own words.

Codes are permanent (`rules_dsl.diagnostics.codes`). Diagnostics are collected, never raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.program import Span


class Severity(StrEnum):
    """How a diagnostic weighs: an error stops publication, a warning and info do not."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Fix:
    """Replace the text of `span` by `replacement`; `safe`: cannot change what the rule means."""

    span: Span
    replacement: str
    safe: bool


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem.

    Attributes:
        code: "TP301". severity: see `Severity`.
        message: one sentence, what is wrong, with the author's names; no final full stop.
        span: the exact place (end exclusive).
        label: few words shown under the caret, or "".
        notes: facts that show it ("debits − credits = 税额"; witness values).
        help: what to do, or "". suggestions: names that could be meant, best first, at most 3.
        fix: an edit that repairs it, or None. related: other places, each with a word on it.
        declaration: "rule 费用报销" or "", shown behind the file position.
    """

    code: str
    severity: Severity
    message: str
    span: Span
    label: str = ""
    notes: tuple[str, ...] = ()
    help: str = ""
    suggestions: tuple[str, ...] = ()
    fix: Fix | None = None
    related: tuple[tuple[Span, str], ...] = ()
    declaration: str = ""
