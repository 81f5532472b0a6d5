"""Amounts of a currency that a field of the event names: their rounding, shares and conversion.

Such amounts are held at four decimals and are whole multiples of their currency's minor unit,
which is known when an event comes. Not responsible for voucher lines.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from engine.currencies import MOST_DECIMALS
from engine.program import Fault, Kind, Ledger, Op, RoundMode, Span
from rules_dsl import syntax
from rules_dsl.bounds import ACCUMULATED_LIMIT, NOTHING, Range, symmetric
from rules_dsl.lower.arithmetic import quotient_node, round_value
from rules_dsl.lower.numbers import multiply_nodes, read_literal, within_limits
from rules_dsl.lower.requirements import required
from rules_dsl.lower.scope import Scope
from rules_dsl.lower.values import Value, failed
from rules_dsl.types import (
    PERCENT,
    Measure,
    NumberType,
    Type,
    describe,
    is_named_by_field,
    money,
)


def is_foreign(number: Type) -> bool:
    """Whether a value is an amount of a currency that a field names."""
    return (
        isinstance(number, NumberType)
        and number.measure is Measure.MONEY
        and is_named_by_field(number.currency)
    )


def round_number(scope: Scope, call: syntax.Call, value: Value) -> Value:
    """`round(value)` or `round(value, decimals)`, in any mode and of any number."""
    if isinstance(value.type, NumberType) and is_foreign(value.type):
        return _round_to_unit(scope, call, value, value.type)
    return round_value(scope, call, value)


def lower_convert(scope: Scope, call: syntax.Call) -> Value:
    """`convert(AMOUNT, RATE)`: the amount in the functional currency of the ledger.

    round(AMOUNT × RATE), half away from zero; the rate is functional currency for 1 foreign.
    """
    values = [scope.lower(arg) for arg in call.args]
    amount, rate = (read_literal(scope, value) for value in values)
    ledger = scope.book.ledgers[scope.ledger]
    if not _can_convert(scope, amount, ledger) or not is_rate(scope, rate):
        return failed(call.span)
    if not scope.same_list(amount, rate):
        return failed(call.span)
    node = convert_node(scope, amount, rate, call.span)
    if node is None:
        return failed(call.span)
    return Value(money(ledger.currency), node, call.span)


def convert_node(scope: Scope, amount: Value, rate: Value, span: Span) -> int | None:
    """The node of round(amount × rate) in the ledger's currency; None where it outgrows all."""
    ledger = scope.book.ledgers[scope.ledger]
    product = multiply_nodes(scope, amount.node, rate.node, span)
    exact = Value(replace(money(ledger.currency), exact=True), product, span)
    exact = within_limits(scope, exact)
    if exact.is_error:
        return None
    return quotient_node(scope, exact, ledger.scale, RoundMode.HALF_AWAY, span)


def lower_book_share(scope: Scope, call: syntax.Call) -> Value:
    """`book_share(AMOUNT, BALANCE, FOREIGN BALANCE)`: what an amount is in the books.

    round(BALANCE × AMOUNT / FOREIGN BALANCE), half away from zero, in the ledger's currency; where
    nothing is held in the foreign currency the event is UNPOSTED (DIVISION_BY_ZERO).
    """
    amount, balance, whole = (read_literal(scope, scope.lower(arg)) for arg in call.args)
    if any(value.is_error for value in (amount, balance, whole)):
        return failed(call.span)
    ledger = scope.book.ledgers[scope.ledger]
    wanted = (amount.type, money(ledger.currency), amount.type)
    for value, of in zip((amount, balance, whole), wanted, strict=True):
        if not isinstance(value.type, NumberType) or value.type.measure is not Measure.MONEY:
            return scope.mismatch(value.span, "an amount", value)
        if value.is_exact:
            return scope.need_rounded(value, "shared")
        if value.type != of or (value is amount and of == wanted[1]):
            message = "an amount and a foreign balance of one currency, and a balance in"
            message = f"{message} {ledger.currency}, are needed here, not {describe(value.type)}"
            return scope.fail("TP212", value.span, message)
    if not scope.same_list(amount, balance, whole):
        return failed(call.span)
    node = share_node(scope, (amount, balance, whole), call.span)
    return Value(money(ledger.currency), node, call.span)


def share_node(scope: Scope, values: tuple[Value, Value, Value], span: Span) -> int:
    """The node of round(balance × amount / foreign balance), of (amount, balance, the last)."""
    amount, balance, whole = values
    ledger = scope.book.ledgers[scope.ledger]
    product = multiply_nodes(scope, balance.node, amount.node, span)
    exact = Value(replace(money(ledger.currency), exact=True), product, span, whole.node)
    node = quotient_node(scope, exact, ledger.scale, RoundMode.HALF_AWAY, span)
    # An amount within its balance has a share within the other one.
    limits = symmetric(ACCUMULATED_LIMIT)
    return required(scope, node, limits, Fault.OUT_OF_RANGE, span)


def _can_convert(scope: Scope, amount: Value, ledger: Ledger) -> bool:
    if amount.is_error:
        return False
    number = amount.type
    if not isinstance(number, NumberType) or number.measure is not Measure.MONEY:
        scope.mismatch(amount.span, "an amount to convert", amount)
        return False
    if amount.is_exact:
        scope.need_rounded(amount, "converted")
        return False
    if number.currency == ledger.currency:
        message = f"{describe(number)} is in the currency of {ledger.name} already"
        scope.fail("TP212", amount.span, message)
        return False
    return True


def is_rate(scope: Scope, rate: Value) -> bool:
    """Whether a value is a rate of exchange: a plain number, no percent; reported otherwise."""
    if rate.is_error:
        return False
    number = rate.type
    is_plain = isinstance(number, NumberType) and number.measure is Measure.PLAIN
    if not is_plain or number in {PERCENT, replace(PERCENT, exact=True)}:
        scope.mismatch(rate.span, "a rate of exchange, a plain number,", rate)
        return False
    if rate.is_exact or rate.denominator is not None:
        scope.need_rounded(rate, "used as a rate")
        return False
    return True


def in_whole_units(
    scope: Scope, amount: Value, span: Span, make: Callable[[Value], int]
) -> int | None:
    """The node that `make` makes of an amount, done on whole minor units of its currency.

    Args:
        scope: the rule.
        amount: rounded; of a currency that a field names, or any other.
        span: where it is done.
        make: gives the node of a number at the scale of the number it is given.

    Returns:
        None where the field that names the currency may be absent (reported).
    """
    if not isinstance(amount.type, NumberType) or not is_foreign(amount.type):
        return make(amount)
    unit = _unit(scope, amount.type.currency, span)
    if unit is None:
        return None
    counted = replace(amount, denominator=unit)
    count = quotient_node(scope, counted, 0, RoundMode.HALF_AWAY, span)
    values = scope.graph.range(amount.node).hull(NOTHING)
    return _times_unit(scope, make(replace(amount, node=count)), unit, values)


def _round_to_unit(scope: Scope, call: syntax.Call, value: Value, number: NumberType) -> Value:
    rounded = replace(number, exact=False)
    if call.decimals is not None:
        message = f"{describe(rounded)} is rounded to the minor unit of its currency"
        word = scope.report.word("round", call.span)
        return scope.fail("TP211", call.span, message, advice=f"write {word}(…) without decimals")
    unit = _unit(scope, number.currency, call.span)
    if unit is None:
        return failed(call.span)
    divisor = unit
    if value.denominator is not None:
        divisor = multiply_nodes(scope, value.denominator, unit, call.span)
    counted = replace(value, denominator=divisor)
    count = quotient_node(scope, counted, 0, call.mode or RoundMode.HALF_AWAY, call.span)
    nearest = quotient_node(scope, value, 0, RoundMode.UP, call.span)
    bounds = scope.graph.range(nearest)
    # No unit is larger than 1, so that no rounding goes beyond the next whole number.
    values = Range(bounds.low * 10**MOST_DECIMALS, bounds.high * 10**MOST_DECIMALS)
    return Value(rounded, _times_unit(scope, count, unit, values), call.span)


def _times_unit(scope: Scope, count: int, unit: int, values: Range) -> int:
    """So many minor units as an amount, which is known to be within `values`."""
    graph = scope.graph
    shape = graph.shape(count, unit)
    args = (graph.repeat(count, shape), graph.repeat(unit, shape))
    span = graph[count].span
    return graph.add(
        Op.MUL, args, kind=Kind.NUMBER, shape=shape, scale=MOST_DECIMALS, values=values, span=span
    )


def _unit(scope: Scope, currency: str, span: Span) -> int | None:
    """The node of a currency's minor unit; None where its field may be absent (reported)."""
    named = scope.lower(syntax.Name(tuple(currency.split(".")), span))
    if named.is_error:
        return None
    graph = scope.graph
    most = Range(1, 10**MOST_DECIMALS)
    raw = graph.add(Op.MINOR_UNIT, (named.node,), kind=Kind.NUMBER, values=most, span=span)
    return multiply_nodes(scope, raw, graph.number(1, MOST_DECIMALS, span), span)
