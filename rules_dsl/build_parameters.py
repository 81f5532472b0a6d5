"""From the parse tree of a header to a parameter of the book."""

from __future__ import annotations

from rules_dsl.body import Body
from rules_dsl.build_tree import build_expr, build_type, children, must_child
from rules_dsl.syntax import ParameterDecl


def build_parameter(body: Body) -> ParameterDecl:
    """Builds the declaration of a parameter."""
    return ParameterDecl(
        name=body.name,
        wire=body.wire,
        type=build_type(body.place, must_child(body.header, "type", "list_type", "map_type")),
        default=build_expr(body.place, children(body.header)[-1]),
        span=body.span,
        name_span=body.name_span,
    )
