"""Comparisons, membership, and/or/not and `if`: what is true, and what depends on it.

The right side of `and` and `or` and the branches of `if` are lowered where the condition is
known, so that only what is needed can fail.
"""

from __future__ import annotations

from engine.program import Kind, Op, Span
from rules_dsl import syntax
from rules_dsl.bounds import Range
from rules_dsl.lower.dates import as_date
from rules_dsl.lower.facts import gather
from rules_dsl.lower.numbers import adopt, adopt_each_other, align
from rules_dsl.lower.scope import Scope
from rules_dsl.lower.values import Value, failed
from rules_dsl.types import (
    CURRENCY,
    DATE,
    FLAG,
    PERIOD,
    TEXT,
    AccountType,
    DateType,
    DimensionType,
    FlagType,
    Mismatch,
    NumberType,
    TextType,
    Type,
    add_types,
    compare_measures,
    describe,
    is_text,
)

_COMPARISONS = {"=": Op.EQ, "!=": Op.NE, "<": Op.LT, "<=": Op.LE, ">": Op.GT, ">=": Op.GE}


def lower_condition(scope: Scope, expr: syntax.Expr) -> Value:
    """Lowers an expression that must be true or false."""
    value = scope.lower(expr, FLAG)
    if value.is_error or isinstance(value.type, FlagType):
        return value
    return scope.mismatch(value.span, "a condition (true or false)", value)


def lower_not(scope: Scope, expr: syntax.Unary) -> Value:
    """`not x`."""
    value = lower_condition(scope, expr.operand)
    if value.is_error:
        return failed(expr.span)
    return Value(FLAG, scope.graph.truth_op(Op.NOT, (value.node,), expr.span), expr.span)


def lower_and_or(scope: Scope, expr: syntax.Binary) -> Value:
    """`x and y`, `x or y`: y is looked at only where x does not decide."""
    left = lower_condition(scope, expr.left)
    if left.is_error:
        with scope.doubting():
            lower_condition(scope, expr.right)
        return failed(expr.span)
    is_and = expr.op == "and"
    with scope.under(left, truth=is_and):
        right = lower_condition(scope, expr.right)
    if right.is_error or not scope.same_list(left, right):
        return failed(expr.span)
    op = Op.AND if is_and else Op.OR
    return Value(FLAG, scope.graph.truth_op(op, (left.node, right.node), expr.span), expr.span)


# --- Comparisons -------------------------------------------------------------------------


def lower_comparison(scope: Scope, expr: syntax.Compare) -> Value:
    """`x = y` and the like."""
    # A code value says nothing by itself; the other side says of which code it is.
    if _is_bare(scope, expr.left) and not _is_bare(scope, expr.right):
        right = scope.lower(expr.right)
        left = scope.lower(expr.left, None if right.is_error else right.type)
    else:
        left = scope.lower(expr.left)
        right = scope.lower(expr.right, None if left.is_error else left.type)
    return compare(scope, expr.op, left, right, expr.span)


def _is_bare(scope: Scope, expr: syntax.Expr) -> bool:
    """Whether an expression is a name that neither the event nor a let explains."""
    if not isinstance(expr, syntax.Name):
        return False
    return expr.path[0] not in scope.lets and expr.path[0] not in scope.event.fields


def compare(scope: Scope, sign: str, left: Value, right: Value, span: Span) -> Value:
    """Compares two values of one type."""
    if left.is_error or right.is_error or not scope.same_list(left, right):
        return failed(span)
    if isinstance(left.type, NumberType) and isinstance(right.type, NumberType):
        return _compare_numbers(scope, sign, left, right, span)
    if not _meet(left.type, right.type):
        message = f"{describe(left.type)} cannot be compared with {describe(right.type)}"
        return scope.fail("TP211", span, message)
    if sign not in {"=", "!="} and left.type == right.type == PERIOD:
        days = [as_date(scope, value) for value in (left, right)]
        return Value(FLAG, scope.graph.truth_op(_COMPARISONS[sign], days, span), span)
    if sign not in {"=", "!="} and left.type != DATE:
        message = f"{sign} is for numbers, dates and periods, not for {describe(left.type)}"
        return scope.fail("TP211", span, message)
    node = scope.graph.truth_op(_COMPARISONS[sign], (left.node, right.node), span)
    return Value(FLAG, node, span)


def _compare_numbers(scope: Scope, sign: str, left: Value, right: Value, span: Span) -> Value:
    left, right = adopt_each_other(scope, left, right)
    if not isinstance(left.type, NumberType) or not isinstance(right.type, NumberType):
        return failed(span)
    problem = compare_measures(left.type, right.type)
    if problem is not None:
        return scope.fail(problem.code, span, f"{problem.message}, so they cannot be compared")
    for value in (left, right):
        if not scope.is_constant(value.denominator):
            scope.need_rounded(value, "compared")
            return failed(span)
    aligned = align(scope, (left, right))
    node = scope.graph.truth_op(_COMPARISONS[sign], aligned.nodes, span)
    return Value(FLAG, node, span)


def _meet(left: Type, right: Type) -> bool:
    """Whether values of two types that are not numbers can be equal."""
    if left == right:
        return True
    texts = isinstance(left, TextType | DimensionType) and isinstance(
        right, TextType | DimensionType
    )
    periods = isinstance(left, TextType) and isinstance(right, TextType)
    if CURRENCY in {left, right}:
        return texts and TEXT in {left, right}
    return texts and not periods and TEXT in {left, right}


def lower_in_set(scope: Scope, expr: syntax.InSet) -> Value:
    """`x in {a, b}`."""
    operand = scope.lower(expr.operand)
    wanted = None if operand.is_error else operand.type
    items = [scope.lower(item, wanted) for item in expr.items]
    truths = [compare(scope, "=", operand, item, item.span) for item in items]
    if any(truth.is_error for truth in truths):
        return failed(expr.span)
    constants = [scope.graph[item.node] for item in items]
    if is_text(operand.type) and all(node.op is Op.CONST for node in constants):
        texts = tuple(dict.fromkeys(str(node.data) for node in constants))
        node = scope.graph.truth_op(Op.IN, (operand.node,), expr.span, data=texts)
        return Value(FLAG, node, expr.span)
    node = truths[0].node
    for truth in truths[1:]:
        node = scope.graph.truth_op(Op.OR, (node, truth.node), expr.span)
    return Value(FLAG, node, expr.span)


def lower_in_range(scope: Scope, expr: syntax.InRange) -> Value:
    """`x in a..b`."""
    operand = scope.lower(expr.operand)
    wanted = None if operand.is_error else operand.type
    below = "<" if expr.exclusive else "<="
    truths = []
    for sign, bound in ((">=", expr.low), (below, expr.high)):
        if bound is not None:
            truths.append(compare(scope, sign, operand, scope.lower(bound, wanted), expr.span))
    if not truths or any(truth.is_error for truth in truths):
        return failed(expr.span)
    node = truths[0].node
    for truth in truths[1:]:
        node = scope.graph.truth_op(Op.AND, (node, truth.node), expr.span)
    return Value(FLAG, node, expr.span)


# --- if ----------------------------------------------------------------------------------


def lower_if(scope: Scope, expr: syntax.If, wanted: Type | None) -> Value:
    """`if c then a else b`."""
    condition = lower_condition(scope, expr.condition)
    if condition.is_error:
        with scope.doubting():
            scope.lower(expr.then, wanted)
            scope.lower(expr.otherwise, wanted)
        return failed(expr.span)
    with scope.under(condition):
        then = scope.lower(expr.then, wanted)
    hint = wanted if wanted is not None or then.is_error else then.type
    with scope.under(condition, truth=False):
        otherwise = scope.lower(expr.otherwise, hint)
    if then.is_error or otherwise.is_error:
        return failed(expr.span)
    if not scope.same_list(condition, then, otherwise):
        return failed(expr.span)
    if isinstance(then.type, NumberType) and isinstance(otherwise.type, NumberType):
        if isinstance(wanted, NumberType):
            then, otherwise = adopt(scope, then, wanted), adopt(scope, otherwise, wanted)
        return _select_number(scope, expr, condition, then, otherwise)
    joined = _joined(then.type, otherwise.type)
    if joined is None:
        words = f"{describe(then.type)} and {describe(otherwise.type)}"
        return scope.fail("TP211", expr.span, f"the two sides of this if are {words}")
    node = select(scope, condition.node, then.node, otherwise.node, expr.span)
    return Value(joined, node, expr.span)


def _joined(then: Type, otherwise: Type) -> Type | None:
    """The type of either of two values that are not both numbers; None where there is none."""
    if then == otherwise:
        return then
    if isinstance(then, NumberType | AccountType | DateType | FlagType):
        return None
    return TEXT if _meet(then, otherwise) else None


def _select_number(
    scope: Scope, expr: syntax.If, condition: Value, then: Value, otherwise: Value
) -> Value:
    then, otherwise = adopt_each_other(scope, then, otherwise)
    if not isinstance(then.type, NumberType) or not isinstance(otherwise.type, NumberType):
        return failed(expr.span)
    joined = add_types(then.type, otherwise.type)
    if isinstance(joined, Mismatch):
        message = f"the two sides of this if differ: {joined.message}"
        return scope.fail(joined.code, expr.span, message)
    truth = condition.node
    if scope.is_constant(then.denominator) and scope.is_constant(otherwise.denominator):
        aligned = align(scope, (then, otherwise))
        node = select(scope, truth, aligned.nodes[0], aligned.nodes[1], expr.span)
        return Value(joined, node, expr.span, aligned.denominator)
    one = scope.graph.number(1, 0, expr.span)
    divisors = [
        one if value.denominator is None else value.denominator for value in (then, otherwise)
    ]
    node = _select_shifted(scope, truth, then.node, otherwise.node, expr.span)
    divisor = _select_shifted(scope, truth, divisors[0], divisors[1], expr.span)
    return Value(joined, node, expr.span, divisor)


def _select_shifted(scope: Scope, truth: int, then: int, otherwise: int, span: Span) -> int:
    graph = scope.graph
    scale = max(graph[then].scale, graph[otherwise].scale)
    return select(scope, truth, graph.shift(then, scale), graph.shift(otherwise, scale), span)


def select(scope: Scope, condition: int, then: int, otherwise: int, span: Span) -> int:
    """The node of one of two values of one kind and scale."""
    graph = scope.graph
    shape = graph.shape(condition, then, otherwise)
    if then == otherwise:
        return graph.repeat(then, shape)
    args = tuple(graph.repeat(arg, shape) for arg in (condition, then, otherwise))
    node = graph[then]
    values = Range(0, 0)
    if node.kind is Kind.NUMBER:
        # Only what the condition itself says counts: the node may be shared with other places.
        first = gather(graph, [(condition, True)]).range(then)
        values = first.hull(gather(graph, [(condition, False)]).range(otherwise))
    return graph.add(
        Op.SELECT,
        args,
        kind=node.kind,
        shape=shape,
        scale=node.scale,
        values=values,
        span=span,
    )
