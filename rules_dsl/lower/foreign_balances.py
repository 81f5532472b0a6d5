"""Balances by currency: their foreign amounts, and which balance goes with which."""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.currencies import CURRENCY_DECIMALS, MOST_DECIMALS
from engine.program import Balance, BalanceMeasure, Kind, Op, Span
from rules_dsl import syntax
from rules_dsl.bounds import Range, symmetric
from rules_dsl.lower.numbers import multiply_nodes
from rules_dsl.lower.scope import Scope
from rules_dsl.lower.values import Value
from rules_dsl.types import CURRENCY, NumberType, currency_decimals, money

#: What a foreign balance is taken to stay within, in minor units; beyond, AMOUNT_OUT_OF_RANGE. At a
#: rate of 1000 what it is worth still fits a line together with the balance it replaces.
FOREIGN_LIMIT = 8 * 10**12


@dataclass(frozen=True, slots=True)
class Pair:
    """A balance in functional currency and that of the same lines in foreign currency.

    `balance`, `foreign`: their values' nodes, `type`: of the foreign one; `currency`: the node of
    the currency.
    """

    balance: int
    foreign: int
    type: NumberType
    currency: int


def lower_currency(scope: Scope, expr: syntax.Expr) -> tuple[Value, NumberType] | None:
    """The currency a balance is read in, with the type of its amounts; None if wrong (reported)."""
    value = scope.lower(expr, CURRENCY)
    if value.is_error:
        return None
    name = _named(scope, expr, value)
    if value.type != CURRENCY or not name:
        scope.mismatch(
            value.span, "a currency: a field of that type, or a code such as USD,", value
        )
        return None
    return value, money(name)


def _named(scope: Scope, expr: syntax.Expr, value: Value) -> str:
    """The code of a currency, or the path of the field that names it; "" where it is neither."""
    node = scope.graph[value.node]
    if node.op is Op.CONST and isinstance(node.data, str):
        return node.data if node.data in CURRENCY_DECIMALS else ""
    is_field = isinstance(expr, syntax.Name) and node.op in {Op.FIELD, Op.ITEM}
    return expr.text if is_field and isinstance(expr, syntax.Name) else ""


def foreign_value(scope: Scope, minor: int, currency: tuple[Value, NumberType], span: Span) -> int:
    """The node of an amount in minor units of a currency at the decimals of its type."""
    graph = scope.graph
    value, number = currency
    decimals = currency_decimals(number.currency)
    if number.currency in CURRENCY_DECIMALS:
        return multiply_nodes(scope, minor, graph.number(1, decimals, span), span)
    unit = graph.add(
        Op.MINOR_UNIT,
        (value.node,),
        kind=Kind.NUMBER,
        values=Range(1, 10**MOST_DECIMALS),
        span=span,
    )
    own = multiply_nodes(scope, unit, graph.number(1, MOST_DECIMALS, span), span)
    shape = graph.shape(minor, own)
    most = symmetric(FOREIGN_LIMIT * 10**MOST_DECIMALS)
    args = (graph.repeat(minor, shape), graph.repeat(own, shape))
    return graph.add(
        Op.MUL, args, kind=Kind.NUMBER, shape=shape, scale=MOST_DECIMALS, values=most, span=span
    )


def note_read(
    scope: Scope, balance: Balance, args: tuple[int, ...], value: Value, currency: int
) -> None:
    """Notes that a rule reads a balance in a currency.

    Args:
        scope: the rule.
        balance: as it is read.
        args: nodes of its key.
        value: what it is.
        currency: node of the currency.
    """
    if not isinstance(value.type, NumberType):
        return
    of = (replace(balance, measure=BalanceMeasure.NET), args, currency)
    if balance.measure is BalanceMeasure.FOREIGN:
        scope.foreign_reads[of] = (value.node, value.type)
    elif balance.measure is BalanceMeasure.NET:
        scope.currency_reads[of] = value.node


def pairs_of(scope: Scope, account: Value) -> list[Pair]:
    """The balances of an account that the rule has read in both currencies."""
    own = scope.graph[account.node]
    if own.op is not Op.CONST or not isinstance(own.data, int):
        return []
    accounts = scope.book.accounts
    code = accounts[own.data].code
    return [
        Pair(node, *scope.foreign_reads[of], of[2])
        for of, node in scope.currency_reads.items()
        if of in scope.foreign_reads and code in {accounts[at].code for at in of[0].accounts}
    ]
