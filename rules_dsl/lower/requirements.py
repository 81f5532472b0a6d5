"""Where a value must hold something for the event to be posted: otherwise a fault of the event."""

from __future__ import annotations

from engine.program import Fault, Kind, Op, Span
from rules_dsl.bounds import Range
from rules_dsl.lower.scope import Scope


def required(scope: Scope, node: int, limits: Range, fault: Fault, span: Span) -> int:
    """The node of a number or date that lies within limits; a fault of the event elsewhere."""
    graph = scope.graph
    value = graph[node]
    if value.kind is Kind.NUMBER and limits.low <= value.low and value.high <= limits.high:
        return node
    bounds = [
        graph.constant(value.kind, bound, span, scale=value.scale)
        for bound in (limits.low, limits.high)
    ]
    above = graph.truth_op(Op.GE, (node, bounds[0]), span)
    below = graph.truth_op(Op.LE, (node, bounds[1]), span)
    holds = graph.truth_op(Op.AND, (above, below), span)
    kept = limits
    if value.kind is Kind.NUMBER:
        kept = Range(max(value.low, limits.low), min(value.high, limits.high))
        kept = kept if kept.low <= kept.high else limits
    return require(scope, (node, holds), fault, kept, span)


def require(scope: Scope, pair: tuple[int, int], fault: Fault, bounds: Range, span: Span) -> int:
    """The node of a value where a condition holds; a fault of the event elsewhere.

    `pair`: the value and the condition. Where it holds the value lies within the bounds.
    """
    graph = scope.graph
    node, condition = pair
    shape = graph.shape(node, condition)
    return graph.add(
        Op.REQUIRE,
        (graph.repeat(node, shape), graph.repeat(condition, shape)),
        fault,
        kind=graph[node].kind,
        shape=shape,
        scale=graph[node].scale,
        values=bounds,
        span=span,
    )
