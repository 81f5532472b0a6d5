"""`spread` and `spread_last`: one period's part of a total, so that all parts add up to it."""

from __future__ import annotations

from engine.program import Fault, Kind, Op, RoundMode, Span
from rules_dsl import syntax
from rules_dsl.bounds import Range
from rules_dsl.lower.conditions import select
from rules_dsl.lower.numbers import adopt, multiply_nodes
from rules_dsl.lower.requirements import require
from rules_dsl.lower.scope import Scope
from rules_dsl.lower.values import Value, failed
from rules_dsl.types import (
    INTEGER,
    Measure,
    NumberType,
    currency_decimals,
    describe,
    is_named_by_field,
    money,
)


def lower_spread(scope: Scope, call: syntax.Call) -> Value:
    """The part of the K-th of N periods; K outside 1 … N: the event is UNPOSTED.

    `spread`: what has been due up to it, rounded, minus what was due before. `spread_last`: an
    equal rounded part each, the last period the rest.
    """
    wanted = money(scope.book.ledgers[scope.ledger].currency)
    total, place, count = (scope.lower(arg) for arg in call.args)
    total = adopt(scope, total, wanted) if total.literal is not None else total
    if any(value.is_error for value in (total, place, count)):
        return failed(call.span)
    if not isinstance(total.type, NumberType) or total.type.measure is not Measure.MONEY:
        return scope.mismatch(total.span, "an amount to spread", total)
    if is_named_by_field(total.type.currency):
        word = scope.report.word("convert", call.span)
        message = f"{describe(total.type)} is not spread, since a field names its currency"
        return scope.fail("TP212", total.span, message, advice=f"spread {word}(…, …) of it")
    decimals = currency_decimals(total.type.currency)
    if total.is_exact or scope.graph[total.node].scale > decimals:
        return scope.need_rounded(total, "split")
    node = scope.graph.shift(total.node, decimals)
    for value in (place, count):
        if value.type != INTEGER:
            return scope.mismatch(value.span, "a whole number", value)
    if not scope.same_list(total, place, count):
        return failed(call.span)
    part = _last if call.function == "spread_last" else _cumulative
    return Value(total.type, part(scope, node, place.node, count.node, call.span), call.span)


def _places(scope: Scope, place: int, count: int, span: Span) -> tuple[int, int]:
    """The two numbers where 1 <= place <= count."""
    graph = scope.graph
    one = graph.number(1, 0, span)
    from_one = graph.truth_op(Op.GE, (place, one), span)
    to_last = graph.truth_op(Op.LE, (place, count), span)
    within = graph.truth_op(Op.AND, (from_one, to_last), span)
    first, most = graph[place].high, max(graph[count].high, 1)
    fault = Fault.OUTSIDE_SPREAD
    return (
        require(scope, (place, within), fault, Range(1, max(min(first, most), 1)), span),
        require(scope, (count, within), fault, Range(1, most), span),
    )


def _cumulative(scope: Scope, total: int, place: int, count: int, span: Span) -> int:
    """round(T × K / N) − round(T × (K − 1) / N)."""
    graph = scope.graph
    place, count = _places(scope, place, count, span)
    one = graph.number(1, 0, span)
    before = graph.number_op(Op.SUB, (place, one), 0, span)
    bounds = _between(graph.range(total))
    due = [_due(scope, (total, upto, count), bounds, span) for upto in (place, before)]
    shape = graph.shape(*due)
    return graph.add(
        Op.SUB,
        tuple(graph.repeat(node, shape) for node in due),
        kind=Kind.NUMBER,
        shape=shape,
        scale=graph[total].scale,
        values=bounds,
        span=span,
    )


def _last(scope: Scope, total: int, place: int, count: int, span: Span) -> int:
    """round(T / N), and T − round(T / N) × (N − 1) of the last."""
    graph = scope.graph
    place, count = _places(scope, place, count, span)
    one = graph.number(1, 0, span)
    each = _due(scope, (total, one, count), _between(graph.range(total)), span)
    others = graph.number_op(Op.SUB, (count, one), 0, span)
    given = multiply_nodes(scope, each, others, span)
    shape = graph.shape(total, given)
    # The parts before the last are T / N each, but for half a unit.
    values, most = graph.range(total), graph.range(count).high
    rest = graph.add(
        Op.SUB,
        (graph.repeat(total, shape), graph.repeat(given, shape)),
        kind=Kind.NUMBER,
        shape=shape,
        scale=graph[total].scale,
        values=Range(min(values.low, 0) - most, max(values.high, 0) + most),
        span=span,
    )
    is_last = graph.truth_op(Op.EQ, (place, count), span)
    return select(scope, is_last, rest, each, span)


def _due(scope: Scope, parts: tuple[int, int, int], bounds: Range, span: Span) -> int:
    """round(T × upto / N), half away from zero."""
    graph = scope.graph
    total, upto, count = parts
    product = multiply_nodes(scope, total, upto, span)
    shape = graph.shape(product, count)
    return graph.add(
        Op.ROUND,
        (graph.repeat(product, shape), graph.repeat(count, shape)),
        RoundMode.HALF_AWAY,
        kind=Kind.NUMBER,
        shape=shape,
        scale=graph[total].scale,
        values=bounds,
        span=span,
    )


def _between(values: Range) -> Range:
    """What a part of a total lies within."""
    return Range(min(values.low, 0), max(values.high, 0))
