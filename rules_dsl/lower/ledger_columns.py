"""Columns of a list read from the ledger (`let X = balances of …`), each made when it is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.program import Kind, LedgerColumn, Op, Span
from rules_dsl.bounds import ACCUMULATED_LIMIT, NOTHING, Range, symmetric
from rules_dsl.lower.book import LedgerListInfo
from rules_dsl.lower.values import Value
from rules_dsl.types import ACCOUNT, FLAG, DimensionType, Type, kind_of, money

if TYPE_CHECKING:
    from rules_dsl.lower.scope import Scope

#: Columns beside the key dimensions, as they are named in a rule.
COLUMNS = ("account", "amount", "net", "debit", "credit", "debits", "credits")


def column_value(scope: Scope, read: LedgerListInfo, column: str, span: Span) -> Value | None:
    """The value of a column for each element; None where the list has no such column."""
    currency = scope.book.ledgers[read.ledger].currency
    if column in read.dimensions:
        position = read.dimensions.index(column)
        return _column(scope, read, position, DimensionType(column), span)
    match column:
        case "account":
            return _column(scope, read, LedgerColumn.ACCOUNT, ACCOUNT, span)
        case "debits" | "credits":
            own = LedgerColumn(column)
            return _column(scope, read, own, money(currency), span)
        case "amount" | "net" | "debit" | "credit":
            return Value(money(currency), _net(scope, read, column, span), span)
    return None


def dimension_columns(scope: Scope, read: LedgerListInfo, span: Span) -> Iterator[tuple[int, int]]:
    """Every key dimension of a list with the node of its column."""
    for position, name in enumerate(read.dimensions):
        value = _column(scope, read, position, DimensionType(name), span)
        yield scope.book.dimension_index[name], value.node


def _net(scope: Scope, read: LedgerListInfo, column: str, span: Span) -> int:
    graph = scope.graph
    of = money(scope.book.ledgers[read.ledger].currency)
    debits = _column(scope, read, LedgerColumn.DEBITS, of, span).node
    credits_ = _column(scope, read, LedgerColumn.CREDITS, of, span).node
    scale = graph[debits].scale
    net = graph.number_op(Op.SUB, (debits, credits_), scale, span)
    reverse = graph.number_op(Op.SUB, (credits_, debits), scale, span)
    zero = graph.number(0, scale, span)
    sides = {scope.book.accounts[account].debit_side for account in read.accounts}
    match column:
        case "net":
            return net
        case "debit":
            return graph.number_op(Op.MAX, (net, zero), scale, span)
        case "credit":
            return graph.number_op(Op.MAX, (reverse, zero), scale, span)
        case _ if sides == {True}:
            return net
        case _ if sides == {False}:
            return reverse
    side = _column(scope, read, LedgerColumn.DEBIT_SIDE, FLAG, span).node
    return graph.add(
        Op.SELECT,
        (side, net, reverse),
        kind=Kind.NUMBER,
        scale=scale,
        values=graph.range(net).hull(graph.range(reverse)),
        span=span,
    )


def _column(
    scope: Scope,
    read: LedgerListInfo,
    column: LedgerColumn | int,
    of: Type,
    span: Span,
) -> Value:
    kind = kind_of(of)
    is_number = kind is Kind.NUMBER
    values: Range = symmetric(ACCUMULATED_LIMIT) if is_number else NOTHING
    node = scope.graph.add(
        Op.COLUMN,
        (read.node,),
        (read.index, column),
        kind=kind,
        shape=read.shape,
        scale=scope.book.ledgers[read.ledger].scale if is_number else 0,
        values=values,
        span=span,
    )
    return Value(of, node, span)
