"""Static checks of a compiled rule book, one module per pass; not for name and type errors.

A pass is a function from `CheckInput` to diagnostics. It never raises on a program that lowering
made, and says nothing where it cannot decide soundly, or says so with an INFO diagnostic.
"""

from __future__ import annotations

from collections.abc import Callable

from rules_dsl.checks.input import CheckInput, Usage
from rules_dsl.diagnostics.model import Diagnostic

__all__ = ["CHECKS", "CheckInput", "Usage"]

CHECKS: tuple[Callable[[CheckInput], list[Diagnostic]], ...] = ()
