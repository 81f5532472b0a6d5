"""Accounts of tables and lets in the chart of the ledger they are posted in."""

from __future__ import annotations

from engine.program import Op
from rules_dsl.lower.scope import Scope
from rules_dsl.lower.values import Value, failed


def in_chart(scope: Scope, value: Value) -> Value:
    """The account of the same role in the chart of the ledger at hand.

    A role that this chart lacks is reported. An account that only the event names is left as it is.
    """
    book = scope.book
    if len(book.charts) <= 1:
        return value
    roles = book.roles(scope.ledger)
    possible = _possible(scope, value.node)
    for account in possible:
        role = book.accounts[account].role
        if role not in roles:
            if not book.broken_chart:
                ledger = book.ledgers[scope.ledger].name
                where = f" in the chart of {ledger}, which this may give"
                scope.report.unknown("account", role, value.span, roles, where=where)
            return failed(value.span)
    found = tuple(roles.get(each.role, index) for index, each in enumerate(book.accounts))
    if all(found[account] == account for account in possible):
        return value
    graph = scope.graph
    node = graph.add(
        Op.IN_CHART,
        (value.node,),
        found,
        kind=graph[value.node].kind,
        shape=graph.shape(value.node),
        span=value.span,
    )
    return Value(value.type, node, value.span)


def _possible(scope: Scope, index: int) -> set[int]:
    """Every account of the rule book that a node may give."""
    node = scope.graph[index]
    match node.op:
        case Op.CONST if isinstance(node.data, int):
            return {node.data}
        case Op.TABLE_CELL if isinstance(node.data, tuple):
            table, output = node.data
            return {int(row.outputs[output]) for row in scope.book.tables[table].rows}
        case Op.REPEAT:
            return _possible(scope, node.args[0])
        case Op.SELECT:
            return _possible(scope, node.args[1]) | _possible(scope, node.args[2])
    return set()
