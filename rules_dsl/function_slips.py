"""A function whose name is misspelled: the slip shows only at its bracket."""

from __future__ import annotations

from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic
from rules_dsl.diagnostics.suggest import suggest
from rules_dsl.keywords import FUNCTIONS
from rules_dsl.stop import Stop


def function_slip(stop: Stop) -> Diagnostic | None:
    """`四舍王入(金额)`, `rond(amount)`: a name before a bracket that is near a function's."""
    if stop.kind != "LPAR" or stop.previous is None or stop.previous.kind != "NAME":
        return None
    name, span = stop.previous.text, stop.span_of(stop.previous)
    near = suggest(name, FUNCTIONS)
    if not near:
        return None
    return diagnose(
        "TP101",
        span,
        f"there is no function {name}",
        suggestions=near,
        fix=stop.replace(near[0], span=span),
    )
