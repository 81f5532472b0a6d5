"""`let NAME = balances of …`, and one spelling for the columns of such a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar

from engine.program import Span
from rules_dsl.build_tree import (
    Node,
    Place,
    build_balance_keys,
    build_in_ledger,
    build_name,
    build_read_period,
    child,
    children,
    must_child,
    must_token,
    span_of,
    token,
)
from rules_dsl.syntax import BalanceOf, LetBalances, Name, RuleDecl

#: Chinese spellings of the columns of a list read from the ledger.
COLUMN_WORDS: dict[str, str] = {
    "科目": "account",
    "金额": "amount",
    "净额": "net",
    "借方": "debit",
    "贷方": "credit",
    "借方发生额": "debits",
    "贷方发生额": "credits",
}

T = TypeVar("T")


def build_let_balances(place: Place, node: Node, span: Span) -> LetBalances:
    """Builds `let NAME = balances of ACCOUNTS by …`."""
    leaf = must_token(node, "NAME")
    node = must_child(node, "balances")
    account = build_name(place, must_child(node, "path"))
    during, until = build_read_period(place, node)
    ledger = build_in_ledger(place, node)
    keys = children(node, "list_key")
    by_all = any(token(key, "ALL_KEYS") is not None for key in keys)
    if by_all and len(keys) > 1:
        place.report(span_of(place, keys[0]), "all stands alone: it means every dimension")
    return LetBalances(
        name=str(leaf),
        balance=BalanceOf(
            account,
            build_balance_keys(place, node),
            ledger,
            account.span,
            during=during,
            until=until,
        ),
        keys=tuple(
            build_name(place, must_child(key, "path"))
            for key in keys
            if child(key, "path") is not None
        ),
        by_account=any(token(key, "ACCOUNT") is not None for key in keys),
        by_all=by_all,
        span=span,
        name_span=span_of(place, leaf),
    )


def with_column_words(rule: RuleDecl) -> RuleDecl:
    """The rule with the columns of its lists spelled in English, whatever its author wrote.

    A key dimension of that name is meant before a column.
    """
    lists: dict[str, Mapping[str, str]] = {}
    for statement in rule.statements:
        if isinstance(statement, LetBalances):
            keys = {key.text for key in statement.keys}
            words = {word: name for word, name in COLUMN_WORDS.items() if word not in keys}
            lists[statement.name] = words
    return _respelled(rule, lists) if lists else rule


def _respelled(node: T, lists: Mapping[str, Mapping[str, str]]) -> T:
    if isinstance(node, Name):
        words = lists.get(node.path[0])
        if words is None or len(node.path) < 2 or node.path[1] not in words:
            return node
        return replace(node, path=(node.path[0], words[node.path[1]], *node.path[2:]))
    if isinstance(node, tuple):
        return tuple(_respelled(each, lists) for each in node)  # type: ignore[return-value]
    if is_dataclass(node) and not isinstance(node, type | Span):
        changed = {}
        for member in fields(node):
            value = getattr(node, member.name)
            new = _respelled(value, lists)
            if new is not value:
                changed[member.name] = new
        return replace(node, **changed) if changed else node
    return node
