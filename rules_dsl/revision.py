"""The identity of a rule book: a hash of what it means, not of how it is written down.

Left out are places, comments, layout, names of files, tests, and the order of declarations where
it says nothing. Charts count with the accounts of their CSV files. Keywords of either language
give one syntax tree and so one revision.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import Field, fields, is_dataclass, replace
from enum import Enum
from functools import cache
from typing import Any

from engine.errors import InvariantBroken
from engine.program import Span
from rules_dsl import syntax
from rules_dsl.chart import csv_places

#: Version of the language a compiled program is of.
LANGUAGE_VERSION = 2

#: The version whose trees keep their identity: what later versions added shows in the trees.
_IDENTITY_VERSION = 1


def revision_of(
    files: Sequence[syntax.File], charts: Mapping[str, Sequence[syntax.AccountDecl]]
) -> str:
    """The hex SHA-256 of a rule book.

    Args:
        files: the parsed files.
        charts: the accounts of each chart's CSV, by its place in the rule book.
    """
    ordered = sorted(files, key=lambda file: file.path)
    kept = [
        _with_accounts(each, charts)
        for file in ordered
        for each in file.declarations
        if not isinstance(each, syntax.TestDecl)
    ]
    # The first ledger and the first budget are the defaults, and the rules of one event are
    # applied in their order.
    ledgers = [each for each in kept if isinstance(each, syntax.LedgerDecl)]
    budgets = [each for each in kept if isinstance(each, syntax.BudgetDecl)]
    rules = [each for each in kept if isinstance(each, syntax.RuleDecl)]
    rules.sort(key=lambda rule: rule.event.path)
    in_order = [canonical(each) for each in (*ledgers, *budgets, *rules)]
    ordered_kinds = (syntax.LedgerDecl, syntax.BudgetDecl, syntax.RuleDecl)
    free = sorted(canonical(each) for each in kept if not isinstance(each, ordered_kinds))
    content = [f"language {_IDENTITY_VERSION}", *free, *in_order]
    return hashlib.sha256("\n".join(content).encode()).hexdigest()


def canonical(node: object) -> str:
    """A syntax tree as one line of text, without places."""
    return json.dumps(_plain(node), ensure_ascii=False, separators=(",", ":"))


def _with_accounts(
    declaration: syntax.Declaration, charts: Mapping[str, Sequence[syntax.AccountDecl]]
) -> syntax.Declaration:
    """A chart with all its accounts, in the order of their roles, and without its file's name."""
    if not isinstance(declaration, syntax.ChartDecl):
        return declaration
    accounts = list(declaration.accounts)
    if declaration.csv:
        accounts += next((charts[each] for each in csv_places(declaration) if each in charts), ())
    accounts.sort(key=lambda account: (account.role, account.code))
    return replace(declaration, csv="", accounts=tuple(accounts))


def _plain(node: object) -> object:
    """A syntax tree as JSON values; a node is the name of its class and its members in order.

    A member that was added to the language later stands with its name, and only where it is used.
    """
    if isinstance(node, Enum):
        return node.value
    if node is None or isinstance(node, str | bool | int):
        return node
    if isinstance(node, tuple):
        return [_plain(each) for each in node if not isinstance(each, Span)]
    if is_dataclass(node) and not isinstance(node, type):
        kept: list[object] = [type(node).__name__]
        for member in _members(type(node)):
            value = getattr(node, member.name)
            if "added" not in member.metadata:
                kept += [] if isinstance(value, Span) else [_plain(value)]
            elif value != member.default:
                kept.append({member.name: _plain(value)})
        return kept
    raise InvariantBroken("no canonical form for a part of a syntax tree", type(node).__name__)


@cache
def _members(kind: type[Any]) -> tuple[Field[Any], ...]:
    """The members of a class of nodes, in order."""
    return tuple(fields(kind))
