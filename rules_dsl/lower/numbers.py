"""Numbers side by side: literals take on a type, scales and divisors become equal.

An exact value is a numerator and a divisor that ROUND will join; a divisor that is a constant
can be brought to a common one, any other has to be rounded away first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import lcm

from engine.errors import InvariantBroken
from engine.program import Op, Span
from rules_dsl.bounds import EXACT_LIMIT, SCALE_LIMIT
from rules_dsl.lower.constants import rescale
from rules_dsl.lower.scope import Scope
from rules_dsl.lower.values import Value
from rules_dsl.types import (
    DECIMAL,
    INTEGER,
    PERCENT,
    Measure,
    NumberType,
    currency_decimals,
    describe,
    money,
)


@dataclass(frozen=True, slots=True)
class Aligned:
    """Numbers at one scale over one divisor (None = none)."""

    nodes: tuple[int, ...]
    scale: int
    denominator: int | None


def read_literal(scope: Scope, value: Value) -> Value:
    """A number written out, before anything stands beside it."""
    literal = value.literal
    if literal is None:
        return value
    graph = scope.graph
    if literal.currency:
        decimals = currency_decimals(literal.currency)
        raw = rescale(literal.digits, literal.decimals, decimals)
        if raw is None:
            return _too_precise(scope, value, money(literal.currency), decimals)
        node = graph.number(raw, decimals, value.span)
        return Value(money(literal.currency), node, value.span)
    node = graph.number(literal.digits, literal.decimals, value.span)
    if literal.percent:
        return replace(value, type=PERCENT, node=node)
    return replace(value, type=DECIMAL if literal.decimals else INTEGER, node=node)


def adopt(scope: Scope, value: Value, beside: NumberType) -> Value:
    """A literal as the type of what stands beside it; other values as they are."""
    literal = value.literal
    if literal is None or (beside.measure is Measure.PLAIN and not value.is_zero):
        return value
    if literal.percent and not value.is_zero:
        return value
    own = replace(beside, exact=False)
    decimals = 0 if value.is_zero else literal.decimals
    if beside.measure is Measure.MONEY:
        decimals = currency_decimals(beside.currency)
    raw = rescale(literal.digits, literal.decimals, decimals)
    if raw is None:
        return _too_precise(scope, value, own, decimals)
    return replace(value, type=own, node=scope.graph.number(raw, decimals, value.span))


def adopt_each_other(scope: Scope, left: Value, right: Value) -> tuple[Value, Value]:
    """Two numbers, of which one may be a literal that takes on the other's type."""
    left_type, right_type = left.type, right.type
    if isinstance(left_type, NumberType) and isinstance(right_type, NumberType):
        if left.literal is None:
            right = adopt(scope, right, left_type)
        elif right.literal is None:
            left = adopt(scope, left, right_type)
    return left, right


def align(scope: Scope, values: tuple[Value, ...]) -> Aligned:
    """Numbers over one divisor at one scale; every divisor is a constant or missing.

    n / (c / 10**d) is (n × L/c × 10**(d - D)) / (L / 10**D) for a multiple L of c and D >= d.
    """
    graph = scope.graph
    divisors = [_divisor(scope, value) for value in values]
    common = lcm(*(raw for raw, _ in divisors))
    widest = max(scale for _, scale in divisors)
    numerators = []
    for value, (raw, scale) in zip(values, divisors, strict=True):
        node = value.node
        if (raw, scale) != (common, widest):
            factor = graph.number(common // raw, widest - scale, value.span)
            node = multiply_nodes(scope, node, factor, value.span)
        numerators.append(node)
    scale = max(graph[node].scale for node in numerators)
    nodes = tuple(graph.shift(node, scale) for node in numerators)
    if all(value.denominator is None for value in values):
        return Aligned(nodes, scale, None)
    return Aligned(nodes, scale, graph.number(common, widest, values[0].span))


def multiply_nodes(scope: Scope, left: int, right: int, span: Span) -> int:
    """The product of two numbers, at the sum of their scales."""
    scale = scope.graph[left].scale + scope.graph[right].scale
    return scope.graph.number_op(Op.MUL, (left, right), scale, span)


def within_limits(scope: Scope, value: Value) -> Value:
    """The value, or an error where it has grown beyond what an intermediate result may be."""
    for node in (value.node, value.denominator):
        if node is None:
            continue
        too_precise = scope.graph[node].scale > SCALE_LIMIT
        if not too_precise and scope.graph.range(node).magnitude <= EXACT_LIMIT:
            continue
        word = scope.report.word("round", value.span)
        if value.is_exact:
            return scope.fail(
                "TP219",
                value.span,
                "this value needs more digits than an unrounded one may have",
                advice=f"give a part of it a name and {word} it first",
            )
        return scope.fail("TP216", value.span, "this value can grow beyond what can be held")
    return value


def _divisor(scope: Scope, value: Value) -> tuple[int, int]:
    """Raw value and scale of a constant divisor; 1 where there is none."""
    if value.denominator is None:
        return 1, 0
    raw = scope.graph.constant_of(value.denominator)
    if raw is None or raw <= 0:
        raise InvariantBroken("a divisor to align is a positive constant", value.denominator, raw)
    return raw, scope.graph[value.denominator].scale


def _too_precise(scope: Scope, value: Value, wanted: NumberType, decimals: int) -> Value:
    written = scope.report.text(value.span) or "this"
    message = f"{written} has more than the {decimals} decimals of {describe(wanted)}"
    return scope.fail("TP211", value.span, message)
