"""`true up`: the difference between what a balance should be and what it is."""

from __future__ import annotations

from dataclasses import replace

from engine.program import Op
from rules_dsl import syntax
from rules_dsl.lower.balances import lower_balance, read_ledger
from rules_dsl.lower.lines import lower_amount
from rules_dsl.lower.scope import Scope
from rules_dsl.lower.values import Value, failed


def lower_true_up(scope: Scope, statement: syntax.TrueUp) -> Value:
    """`true up NAME of ACCOUNT … to value`: the value minus the balance, on its normal side."""
    outer = scope.ledger
    ledger = read_ledger(scope, statement.balance.ledger)
    scope.ledger = outer if ledger is None else ledger
    value = lower_amount(scope, statement.value, why="kept")
    scope.ledger = outer
    balance = lower_balance(scope, statement.balance)
    single = all(scope.one_value(part, "a true up") for part in (value, balance))
    if ledger is None or not single:
        return failed(statement.span)
    node = scope.graph.number_op(
        Op.SUB,
        (value.node, balance.node),
        scope.graph[balance.node].scale,
        statement.span,
    )
    return replace(value, node=node, span=statement.span, literal=None)
