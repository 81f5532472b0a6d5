"""Function calls: which function lowers which; numbers, lists and texts are lowered here."""

from __future__ import annotations

from collections.abc import Callable

from engine.limits import MAX_LIST_ELEMENTS
from engine.program import EVENT_SHAPE, LEDGER_SHAPE, Kind, Op
from rules_dsl import syntax
from rules_dsl.bounds import ACCUMULATED_LIMIT, Range, clamp, total
from rules_dsl.keywords import ARITIES
from rules_dsl.lower.dates import lower_between, lower_edge, lower_moved, lower_part, lower_period
from rules_dsl.lower.foreign import lower_book_share, lower_convert, round_number
from rules_dsl.lower.lookups import find_list, lower_name
from rules_dsl.lower.numbers import adopt_each_other, align, within_limits
from rules_dsl.lower.scope import Scope
from rules_dsl.lower.spreading import lower_spread
from rules_dsl.lower.values import Value, failed
from rules_dsl.types import INTEGER, TEXT, Mismatch, NumberType, Type, add_types, is_text


def lower_call(scope: Scope, call: syntax.Call, wanted: Type | None) -> Value:
    """Lowers a function call."""
    if call.function in {"min", "max"}:
        return _lower_extreme(scope, call, wanted)
    function = _FUNCTIONS.get(call.function)
    if function is None or len(call.args) != ARITIES[call.function]:
        return failed(call.span)  # The parser reported it.
    return function(scope, call)


def _lower_round(scope: Scope, call: syntax.Call) -> Value:
    return round_number(scope, call, scope.lower(call.args[0]))


def _lower_extreme(scope: Scope, call: syntax.Call, wanted: Type | None) -> Value:
    values = [scope.lower(arg, wanted) for arg in call.args]
    if len(values) < 2 or any(value.is_error for value in values):
        return failed(call.span)
    result = values[0]
    op = Op.MIN if call.function == "min" else Op.MAX
    for value in values[1:]:
        result = _extreme(scope, call, op, result, value)
        if result.is_error:
            break
    return result


def _extreme(scope: Scope, call: syntax.Call, op: Op, left: Value, right: Value) -> Value:
    for value in (left, right):
        if not isinstance(value.type, NumberType):
            return scope.mismatch(value.span, f"a number for {call.function}", value)
        if not scope.is_constant(value.denominator):
            return scope.need_rounded(value, "compared")
    left, right = adopt_each_other(scope, left, right)
    if not isinstance(left.type, NumberType) or not isinstance(right.type, NumberType):
        return failed(call.span)
    joined = add_types(left.type, right.type)
    if isinstance(joined, Mismatch):
        return scope.fail(joined.code, call.span, joined.message)
    if not scope.same_list(left, right):
        return failed(call.span)
    aligned = align(scope, (left, right))
    node = scope.graph.number_op(op, aligned.nodes, aligned.scale, call.span)
    return Value(joined, node, call.span, aligned.denominator)


def _lower_abs(scope: Scope, call: syntax.Call) -> Value:
    value = scope.lower(call.args[0])
    if value.is_error:
        return failed(call.span)
    if not isinstance(value.type, NumberType):
        return scope.mismatch(value.span, "a number for abs", value)
    graph = scope.graph
    node = graph.number_op(Op.ABS, (value.node,), graph[value.node].scale, call.span)
    divisor = value.denominator
    if divisor is not None and graph.range(divisor).low <= 0:
        divisor = graph.number_op(Op.ABS, (divisor,), graph[divisor].scale, call.span)
    return Value(value.type, node, call.span, divisor)


def _lower_sum(scope: Scope, call: syntax.Call) -> Value:
    graph = scope.graph
    with graph.over_list():
        value = scope.lower(call.args[0])
        if value.is_error:
            return failed(call.span)
        if not isinstance(value.type, NumberType):
            return scope.mismatch(value.span, "a number for each element", value)
        if scope.shape(value) == EVENT_SHAPE:
            return scope.fail(
                "TP211",
                value.span,
                "there is one value here, so there is nothing to add up",
                advice="sum takes a value for each element of a list",
            )
        if value.denominator is not None and graph[value.denominator].shape != EVENT_SHAPE:
            return scope.need_rounded(value, "added")
        if "." in value.type.currency:
            return scope.fail(
                "TP212",
                value.span,
                f"each of these amounts may be in another currency, as {value.type.currency} says",
                advice=f"add up {scope.report.word('convert', call.span)}(…, …) of each",
            )
        shape = scope.shape(value)
        possible = total(graph.range(value.node))
        bounds = possible if value.is_exact else clamp(possible, ACCUMULATED_LIMIT)
        node = graph.add(
            Op.SUM,
            (graph.repeat(value.node, shape),),
            kind=Kind.NUMBER,
            shape=EVENT_SHAPE,
            scale=graph[value.node].scale,
            values=bounds,
            span=call.span,
            partial=bounds != possible,
        )
    return within_limits(scope, Value(value.type, node, call.span, value.denominator))


def _lower_count(scope: Scope, call: syntax.Call) -> Value:
    name = call.args[0]
    if not isinstance(name, syntax.Name):
        message = "count takes the name of a list"
        return scope.fail("TP211", name.span, message)
    info = find_list(scope, name)
    if info is None:
        return failed(call.span)
    if info.index >= LEDGER_SHAPE:
        return Value(INTEGER, scope.ledger_lists[name.text].node, call.span)
    node = scope.graph.add(
        Op.COUNT,
        (),
        info.index,
        kind=Kind.NUMBER,
        shape=EVENT_SHAPE,
        values=Range(0, MAX_LIST_ELEMENTS),
        span=call.span,
    )
    return Value(INTEGER, node, call.span)


def _lower_text(scope: Scope, call: syntax.Call) -> Value:
    value = scope.lower(call.args[0])
    if value.is_error:
        return failed(call.span)
    if is_text(value.type):
        # A code's or dimension's value is its wire text already.
        return Value(TEXT, value.node, call.span)
    if not isinstance(value.type, NumberType):
        return scope.mismatch(value.span, "a number, code or dimension to write as text", value)
    if value.denominator is not None or value.type.exact:
        return scope.need_rounded(value, "written as text")
    shape = scope.shape(value)
    node = scope.graph.add(Op.TEXT_OF, (value.node,), kind=Kind.TEXT, shape=shape, span=call.span)
    return Value(TEXT, node, call.span)


def lower_last_part(scope: Scope, call: syntax.Call, *, absent_allowed: bool = False) -> Value:
    """`last_part(x)`: what follows the last "/" of a text, all of it where there is none.

    `absent_allowed`: as in `lower_name`; of an absent text the last part is absent.
    """
    arg = call.args[0]
    if absent_allowed and isinstance(arg, syntax.Name):
        value = lower_name(scope, arg, None, absent_allowed=True)
    else:
        value = scope.lower(arg)
    if value.is_error:
        return failed(call.span)
    if not is_text(value.type):
        return scope.mismatch(value.span, "a text to take the last part of", value)
    shape = scope.shape(value)
    node = scope.graph.add(Op.LAST_PART, (value.node,), kind=Kind.TEXT, shape=shape, span=call.span)
    return Value(TEXT, node, call.span)


_FUNCTIONS: dict[str, Callable[[Scope, syntax.Call], Value]] = {
    "abs": _lower_abs,
    "sum": _lower_sum,
    "count": _lower_count,
    "text": _lower_text,
    "last_part": lower_last_part,
    "convert": lower_convert,
    "book_share": lower_book_share,
    "round": _lower_round,
    "days": lower_between,
    "months": lower_between,
    "year": lower_part,
    "month": lower_part,
    "period": lower_period,
    "month_start": lower_edge,
    "month_end": lower_edge,
    "add_days": lower_moved,
    "add_months": lower_moved,
    "spread": lower_spread,
    "spread_last": lower_spread,
}
