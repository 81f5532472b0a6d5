"""Readings of the ledger: balance and turnover of accounts for dimension values and periods."""

from __future__ import annotations

from dataclasses import replace

from engine.program import CURRENCY_AXIS, Balance, BalanceMeasure, Kind, Op
from rules_dsl import syntax
from rules_dsl.bounds import ACCUMULATED_LIMIT, Range, symmetric
from rules_dsl.lower.account_sets import accounts_of
from rules_dsl.lower.book import Book
from rules_dsl.lower.dimensions import dimension_value, find_dimensions
from rules_dsl.lower.foreign_balances import (
    FOREIGN_LIMIT,
    foreign_value,
    lower_currency,
    note_read,
)
from rules_dsl.lower.records import find_ledger
from rules_dsl.lower.scope import Scope
from rules_dsl.lower.values import Value, failed
from rules_dsl.types import PERIOD, money

#: The number of the last period there can be, 2999-12.
_LAST_PERIOD = 299912


def lower_balance(scope: Scope, expr: syntax.BalanceOf) -> Value:
    """`balance|debits|credits of ACCOUNTS [for DIM = value, …] [in LEDGER] [during|until P]`."""
    book = scope.book
    ledger = read_ledger(scope, expr.ledger)
    accounts = accounts_of(expr.account, book, scope.report, ledger)
    keys = lower_keys(scope, expr.keys)
    period = lower_period(scope, expr.during or expr.until)
    if accounts is None or ledger is None or keys is None or (period and period.is_error):
        return failed(expr.span)
    currency = None
    if expr.currency is not None:
        currency = lower_currency(scope, expr.currency)
        if currency is None:
            return failed(expr.span)
        keys = [*keys, (CURRENCY_AXIS, currency[0])]
    elif expr.measure is BalanceMeasure.FOREIGN:
        word = scope.report.word("currency", expr.span)
        message = "a foreign balance is that of one currency"
        return scope.fail("TP212", expr.span, message, advice=f"add {word} = and the currency")
    values = [value for _, value in keys] + ([period] if period else [])
    if not scope.same_list(*values):
        return failed(expr.span)
    balance = Balance(
        ledger,
        accounts,
        tuple(index for index, _ in keys),
        expr.measure,
        by_period=period is not None,
    )
    shape = scope.graph.shape(*(value.node for value in values))
    args = tuple(scope.graph.repeat(value.node, shape) for value in values)
    is_foreign = expr.measure is BalanceMeasure.FOREIGN
    node = scope.graph.add(
        Op.BALANCE if expr.until is None else Op.BALANCE_UNTIL,
        args,
        balance_index(book, balance),
        kind=Kind.NUMBER,
        shape=shape,
        scale=0 if is_foreign else book.ledgers[ledger].scale,
        values=symmetric(FOREIGN_LIMIT if is_foreign else ACCUMULATED_LIMIT),
        span=expr.span,
    )
    found = Value(money(book.ledgers[ledger].currency), node, expr.span)
    if currency is None:
        return found
    if is_foreign:
        found = Value(currency[1], foreign_value(scope, node, currency, expr.span), expr.span)
    note_read(scope, balance, args, found, args[len(keys) - 1])
    return found


def balance_index(book: Book, balance: Balance) -> int:
    """The place of a balance in the program, made where there is none yet."""
    if balance not in book.balances:
        book.balances.append(balance)
    return book.balances.index(balance)


def read_ledger(scope: Scope, name: syntax.Name | None) -> int | None:
    """The ledger named, or the one meant here; None where it is unknown (reported)."""
    return scope.ledger if name is None else find_ledger(name, scope.book, scope.report)


def lower_keys(
    scope: Scope, keys: tuple[syntax.DimensionArg, ...]
) -> list[tuple[int, Value]] | None:
    """The dimensions behind `for` in the order of the book; None with a mistake (reported)."""
    found = [
        (index, dimension_value(scope, arg, absent_allowed=False))
        for index, arg in sorted(find_dimensions(scope, keys), key=lambda pair: pair[0])
    ]
    if len(found) < len(keys) or any(value.is_error for _, value in found):
        return None
    return found


def lower_period(scope: Scope, expr: syntax.Expr | None) -> Value | None:
    """The number of a period (202603); None where none is written."""
    if expr is None:
        return None
    value = scope.lower(expr, PERIOD)
    if value.is_error:
        return value
    if value.type != PERIOD:
        return scope.mismatch(value.span, 'a period, such as "2026-03",', value)
    graph = scope.graph
    node = graph[value.node]
    if node.op is Op.CONST and isinstance(node.data, str):
        number = graph.number(int(node.data.replace("-", "")), 0, value.span)
    else:
        number = graph.add(
            Op.PERIOD_NUMBER,
            (value.node,),
            kind=Kind.NUMBER,
            shape=graph.shape(value.node),
            values=Range(0, _LAST_PERIOD),
            span=value.span,
        )
    return replace(value, node=number)
