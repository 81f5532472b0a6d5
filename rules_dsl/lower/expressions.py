"""Lowering any expression: which module does it, by its form."""

from __future__ import annotations

from engine.program import Kind
from rules_dsl import syntax
from rules_dsl.lower.arithmetic import add, divide_values, multiply, negate
from rules_dsl.lower.balances import lower_balance
from rules_dsl.lower.conditions import (
    lower_and_or,
    lower_comparison,
    lower_if,
    lower_in_range,
    lower_in_set,
    lower_not,
)
from rules_dsl.lower.constants import known_currency, read_period
from rules_dsl.lower.functions import lower_call
from rules_dsl.lower.lookups import lower_given_field, lower_name
from rules_dsl.lower.numbers import read_literal
from rules_dsl.lower.reading import lower_given_record, lower_index
from rules_dsl.lower.scope import Scope
from rules_dsl.lower.targets import lower_target, names_target
from rules_dsl.lower.values import Value, failed
from rules_dsl.types import DATE, FLAG, INTEGER, PERIOD, TEXT, CodeType, Type


def lower_expression(scope: Scope, expr: syntax.Expr, wanted: Type | None) -> Value:
    """Types an expression and makes its nodes; what is wrong is reported, never raised.

    `wanted`: the type that the place needs. Bare names may then be values of that code, and
    texts are checked to be periods; the type of the result is still the caller's to check.
    """
    match expr:
        case syntax.Number():
            return _lower_number(scope, expr)
        case syntax.Text():
            return _lower_text(scope, expr, wanted)
        case syntax.Flag():
            node = scope.graph.constant(Kind.BOOL, expr.value, expr.span)
            return Value(FLAG, node, expr.span)
        case syntax.Date():
            return Value(DATE, scope.graph.constant(Kind.DATE, expr.days, expr.span), expr.span)
        case syntax.Name():
            return lower_name(scope, expr, wanted)
        case syntax.Index() if names_target(scope, expr):
            return lower_target(scope, expr)
        case syntax.Index():
            return lower_index(scope, expr)
        case syntax.Unary(op="not"):
            return lower_not(scope, expr)
        case syntax.Unary():
            return negate(scope, expr, scope.lower(expr.operand, wanted))
        case syntax.Binary(op="and" | "or"):
            return lower_and_or(scope, expr)
        case syntax.Binary():
            return _lower_binary(scope, expr, wanted)
        case syntax.Compare():
            return lower_comparison(scope, expr)
        case syntax.InSet():
            return lower_in_set(scope, expr)
        case syntax.InRange():
            return lower_in_range(scope, expr)
        case syntax.If():
            return lower_if(scope, expr, wanted)
        case syntax.Given():
            return _lower_given(scope, expr)
        case syntax.Call():
            return lower_call(scope, expr, wanted)
        case syntax.BalanceOf():
            return lower_balance(scope, expr)


def _lower_number(scope: Scope, expr: syntax.Number) -> Value:
    if expr.currency and not known_currency(expr.currency, expr.span, scope.report):
        return failed(expr.span)
    return read_literal(scope, Value(INTEGER, -1, expr.span, literal=expr))


def _lower_text(scope: Scope, expr: syntax.Text, wanted: Type | None) -> Value:
    if wanted == PERIOD:
        if read_period(expr, scope.report) is None:
            return failed(expr.span)
        node = scope.graph.constant(Kind.TEXT, expr.value, expr.span)
        return Value(PERIOD, node, expr.span)
    if isinstance(wanted, CodeType) and wanted.code in scope.book.codes:
        wires = scope.book.codes[wanted.code].wires
        names = {wire: name for name, wire in wires.items()}
        meant = expr.value if expr.value in wires else names.get(expr.value, "")
        scope.report.error(
            "TP211",
            expr.span,
            f"a value of the code {wanted.code} is needed here, not a text",
            help=f"write the name of the value: {' | '.join(wires)}",
            fix=scope.text_fix(expr.span, meant) if meant else None,
        )
        return failed(expr.span)
    return Value(TEXT, scope.graph.constant(Kind.TEXT, expr.value, expr.span), expr.span)


def _lower_binary(scope: Scope, expr: syntax.Binary, wanted: Type | None) -> Value:
    if expr.op in {"+", "-"}:
        left = scope.lower(expr.left, wanted)
        right = scope.lower(expr.right, wanted if left.is_error else left.type)
        return add(scope, expr, left, right)
    left, right = scope.lower(expr.left), scope.lower(expr.right)
    if expr.op == "*":
        return multiply(scope, expr, left, right)
    return divide_values(scope, expr, left, right)


def _lower_given(scope: Scope, expr: syntax.Given) -> Value:
    if isinstance(expr.subject, syntax.Index):
        return lower_given_record(scope, expr.subject)
    return lower_given_field(scope, expr.subject)
