"""From the parse trees of a rate's lines to their syntax nodes."""

from __future__ import annotations

from engine.program import Span
from rules_dsl.build_tree import Node, Place, build_expr, build_type, children, must_child, span_of
from rules_dsl.syntax import Expr, TypeRef, TypeWord


def build_rate_cells(place: Place, node: Node) -> list[tuple[Expr | None, Span]]:
    """Gives the cells of a rate row; None stands for `*`."""
    return [
        (build_expr(place, children(each)[0]) if children(each) else None, span_of(place, each))
        for each in children(node)
    ]


def build_rate_type(place: Place, node: Node) -> TypeRef:
    """Builds the type of a rate, which has one value."""
    found = build_type(place, must_child(node, "type", "list_type", "map_type"))
    if found.word in {TypeWord.LIST, TypeWord.MAP}:
        place.report(found.span, "a rate has one value at a time, not a list")
    return found
