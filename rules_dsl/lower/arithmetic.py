"""Sums, products, quotients and rounding: their types, and the nodes that compute them."""

from __future__ import annotations

from dataclasses import replace

from engine.program import Kind, Op, RoundMode, Span
from rules_dsl import syntax
from rules_dsl.bounds import Range, divide
from rules_dsl.lower.numbers import adopt_each_other, align, multiply_nodes, within_limits
from rules_dsl.lower.scope import Scope
from rules_dsl.lower.values import Value, failed
from rules_dsl.lower.wording import show_number
from rules_dsl.types import (
    DECIMAL,
    Measure,
    Mismatch,
    NumberType,
    add_types,
    currency_decimals,
    describe,
    divide_types,
    multiply_types,
)


def numbers(scope: Scope, expr: syntax.Binary, *values: Value) -> bool:
    """Whether the operands are numbers of one shape; reported where they are not."""
    if any(value.is_error for value in values):
        return False
    wrong = [value for value in values if not isinstance(value.type, NumberType)]
    for value in wrong:
        scope.mismatch(value.span, f"a number for {expr.op}", value)
    return not wrong and scope.same_list(*values)


def add(scope: Scope, expr: syntax.Binary, left: Value, right: Value) -> Value:
    """`left + right` or `left - right`."""
    if not numbers(scope, expr, left, right):
        return failed(expr.span)
    left, right = adopt_each_other(scope, left, right)
    if left.is_error or right.is_error:
        return failed(expr.span)
    joined = _joined_type(scope, expr, left, right)
    if joined is None:
        return failed(expr.span)
    op = Op.ADD if expr.op == "+" else Op.SUB
    aligned = align(scope, (left, right))
    node = scope.graph.number_op(op, aligned.nodes, aligned.scale, expr.span)
    return within_limits(scope, Value(joined, node, expr.span, aligned.denominator))


def _joined_type(scope: Scope, expr: syntax.Binary, left: Value, right: Value) -> NumberType | None:
    """The type of a sum; None where the two cannot be added (reported)."""
    if not isinstance(left.type, NumberType) or not isinstance(right.type, NumberType):
        return None
    joined = add_types(left.type, right.type)
    if isinstance(joined, Mismatch):
        scope.report.error(
            joined.code, expr.span, f"{joined.message}, so {expr.op} cannot join them"
        )
        return None
    for value, other in ((left, right), (right, left)):
        if not scope.is_constant(value.denominator):
            scope.need_rounded(value, "added")
            return None
        is_amount = joined.measure is not Measure.PLAIN
        if is_amount and value.is_exact and not other.is_exact and not other.is_zero:
            scope.need_rounded(value, f"added to {describe(other.type)}")
            return None
    return joined


def multiply(scope: Scope, expr: syntax.Binary, left: Value, right: Value) -> Value:
    """`left * right`."""
    if not numbers(scope, expr, left, right):
        return failed(expr.span)
    if not isinstance(left.type, NumberType) or not isinstance(right.type, NumberType):
        return failed(expr.span)
    product = multiply_types(left.type, right.type)
    if isinstance(product, Mismatch):
        return scope.fail(product.code, expr.span, product.message)
    node = multiply_nodes(scope, left.node, right.node, expr.span)
    denominator = _joined_divisor(scope, expr, left.denominator, right.denominator)
    if denominator == _FAILED:
        return failed(expr.span)
    return within_limits(scope, Value(product, node, expr.span, denominator))


def divide_values(scope: Scope, expr: syntax.Binary, left: Value, right: Value) -> Value:
    """`left / right`; the divisor must be proved not to be 0."""
    if not numbers(scope, expr, left, right):
        return failed(expr.span)
    if not isinstance(left.type, NumberType) or not isinstance(right.type, NumberType):
        return failed(expr.span)
    quotient = divide_types(left.type, right.type)
    if isinstance(quotient, Mismatch):
        return scope.fail(quotient.code, expr.span, quotient.message)
    if not _proved_not_zero(scope, right):
        return failed(expr.span)
    if not scope.is_constant(right.denominator):
        return _two_divisors(scope, expr.span)
    # left.n / left.d / (right.n / right.d) = (left.n × right.d) / (left.d × right.n)
    numerator, divisor = left.node, right.node
    if right.denominator is not None:
        numerator = multiply_nodes(scope, numerator, right.denominator, expr.span)
    if scope.graph.range(divisor).high < 0:
        numerator = _negative(scope, numerator, expr.span)
        divisor = _negative(scope, divisor, expr.span)
    joined = _joined_divisor(scope, expr, left.denominator, divisor)
    if joined == _FAILED:
        return failed(expr.span)
    return within_limits(scope, Value(quotient, numerator, expr.span, joined))


def negate(scope: Scope, expr: syntax.Unary, value: Value) -> Value:
    """`-value`."""
    if value.is_error:
        return failed(expr.span)
    if not isinstance(value.type, NumberType):
        return scope.mismatch(value.span, "a number for -", value)
    node = _negative(scope, value.node, expr.span)
    literal = value.literal
    if literal is not None:
        literal = replace(literal, digits=-literal.digits, span=expr.span)
    return Value(value.type, node, expr.span, value.denominator, literal)


def _negative(scope: Scope, node: int, span: Span) -> int:
    return scope.graph.number_op(Op.NEG, (node,), scope.graph[node].scale, span)


_FAILED = -1


def _joined_divisor(
    scope: Scope, expr: syntax.Binary, left: int | None, right: int | None
) -> int | None:
    """The product of two divisors, at most one of them not a constant; -1 if reported."""
    if left is None or right is None:
        return right if left is None else left
    if not scope.is_constant(left) and not scope.is_constant(right):
        _two_divisors(scope, expr.span)
        return _FAILED
    return multiply_nodes(scope, left, right, expr.span)


def _two_divisors(scope: Scope, span: Span) -> Value:
    word = scope.report.word("round", span)
    return scope.fail(
        "TP219",
        span,
        "an unrounded value can have one divisor only",
        advice=f"{word} the first quotient, as in {word}(…, 6), before it is divided again",
    )


def _proved_not_zero(scope: Scope, divisor: Value) -> bool:
    """Whether a divisor cannot be 0 here; reported where it can."""
    values = scope.known().range(divisor.node)
    if values.excludes_zero or scope.in_doubt:
        return True
    written = scope.report.text(divisor.span) or "the divisor"
    node = scope.graph[divisor.node]
    low, high = show_number(values.low, node.scale), show_number(values.high, node.scale)
    notes = () if low == high else (f"{written} lies between {low} and {high}",)
    when = scope.report.word("when", divisor.span)
    scope.report.error(
        "TP217",
        divisor.span,
        f"the divisor {written} may be 0" if notes else "the divisor is 0",
        notes=notes,
        help=f"bound its fields with min or max, or ask: {when} {written} != 0" if notes else "",
    )
    return False


# --- Rounding ----------------------------------------------------------------------------


def round_value(scope: Scope, call: syntax.Call, value: Value) -> Value:
    """`round(value)` or `round(value, decimals)`, in any mode."""
    if value.is_error:
        return failed(call.span)
    if not isinstance(value.type, NumberType):
        return scope.mismatch(value.span, "a number to round", value)
    scale = _target_scale(scope, call, value.type)
    if scale is None:
        return failed(call.span)
    rounded = replace(value.type, exact=False)
    if value.type.measure is Measure.PLAIN:
        rounded = DECIMAL
    node = quotient_node(scope, value, scale, call.mode or RoundMode.HALF_AWAY, call.span)
    if rounded.measure is Measure.MONEY:
        node = scope.graph.shift(node, currency_decimals(rounded.currency))
    return Value(rounded, node, call.span)


def _target_scale(scope: Scope, call: syntax.Call, number: NumberType) -> int | None:
    """To how many decimals a value is rounded; None where that is not said (reported)."""
    if number.measure is Measure.MONEY:
        most = currency_decimals(number.currency)
        if call.decimals is None or call.decimals <= most:
            return most if call.decimals is None else call.decimals
        scope.fail("TP211", call.span, f"an amount in {number.currency} has {most} decimals")
        return None
    if call.decimals is not None:
        return call.decimals
    decimals = scope.book.units.get(number.unit) if number.measure is Measure.QUANTITY else None
    if decimals is None:
        word = scope.report.word("round", call.span)
        scope.fail(
            "TP211",
            call.span,
            f"{describe(number)} is rounded to a number of decimals that must be said",
            advice=f"write {word}(…, 4) for four decimals",
        )
    return decimals


def quotient_node(scope: Scope, value: Value, scale: int, mode: RoundMode, span: Span) -> int:
    """The node of a value rounded to a scale; none is needed where nothing has to be rounded."""
    graph = scope.graph
    numerator, divisor = value.node, value.denominator
    if divisor is None:
        by = graph[numerator].scale - scale
        if by <= 0:
            return graph.shift(numerator, scale)
        divisor = graph.number(10**by, by, span)
    missing = graph[divisor].scale + scale - graph[numerator].scale
    if missing >= 0:
        numerator = graph.shift(numerator, graph[numerator].scale + missing)
    else:
        divisor = graph.shift(divisor, graph[divisor].scale - missing)
    shape = graph.shape(numerator, divisor)
    args = (graph.repeat(numerator, shape), graph.repeat(divisor, shape))
    may_fail = not graph.range(divisor).excludes_zero
    return graph.add(
        Op.ROUND,
        args,
        mode,
        kind=Kind.NUMBER,
        scale=scale,
        values=_quotient_range(scope, args, may_fail=may_fail),
        span=span,
        partial=may_fail,
    )


def _quotient_range(scope: Scope, args: tuple[int, int], *, may_fail: bool) -> Range:
    """Static bounds of a quotient. One that may fail stands where the facts hold, so they count."""
    step = _step(scope, args[1])
    if may_fail:
        known = scope.known()
        return divide(known.range(args[0]), known.range(args[1]), step)
    return divide(scope.graph.range(args[0]), scope.graph.range(args[1]), step)


def _step(scope: Scope, index: int) -> int:
    """A whole number of which every value of a node is a multiple."""
    node = scope.graph.nodes[index]
    if node.op is Op.SHIFT and isinstance(node.data, int):
        return int(10**node.data) * _step(scope, node.args[0])
    return 1
