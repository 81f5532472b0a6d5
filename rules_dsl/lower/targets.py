"""Targets: their value as it is (`TARGET[keys]`), and what an event adds to it (`delta`)."""

from __future__ import annotations

from dataclasses import replace

from engine.program import Kind, Op
from rules_dsl import syntax
from rules_dsl.bounds import ACCUMULATED_LIMIT, symmetric
from rules_dsl.lower.book import TargetInfo
from rules_dsl.lower.lines import lower_amount
from rules_dsl.lower.lookups import lower_name
from rules_dsl.lower.scope import Scope
from rules_dsl.lower.values import Value, failed
from rules_dsl.types import (
    AccountType,
    FlagType,
    NumberType,
    Type,
    describe,
    is_text,
    money,
)


def names_target(scope: Scope, index: syntax.Index) -> bool:
    """Whether what stands before the brackets is a target; a table of that name comes first."""
    name, book = index.name.text, scope.book
    others = (book.table_info, book.rate_info, book.record_info)
    return name in book.target_info and not any(name in other for other in others)


def lower_target(scope: Scope, index: syntax.Index) -> Value:
    """`TARGET[keys]` or `TARGET` in an expression: its value before this event, 0 where none."""
    name, book = index.name, scope.book
    book.use("target", name.text)
    target = book.target_info[name.text]
    keys = None if target is None else _keys(scope, name, index.args, target)
    if target is None or keys is None:
        return failed(index.span)
    if index.field:
        message = f"{name.text} is a target: one amount for its keys, without fields"
        return scope.fail("TP211", index.span, message)
    if not scope.same_list(*keys):
        return failed(index.span)
    shape = scope.graph.shape(*(key.node for key in keys))
    node = scope.graph.add(
        Op.TARGET,
        tuple(scope.graph.repeat(key.node, shape) for key in keys),
        target.index,
        kind=Kind.NUMBER,
        shape=shape,
        scale=book.targets[target.index].scale,
        values=symmetric(ACCUMULATED_LIMIT),
        span=index.span,
    )
    return Value(money(book.ledgers[target.ledger].currency), node, index.span)


def lower_delta(scope: Scope, delta: syntax.Delta) -> Value:
    """`delta NAME of TARGET[keys] = value`: the value minus the one kept before."""
    name, book = delta.target, scope.book
    known = name.text in book.target_info
    target = book.target_info.get(name.text)
    if known:
        book.use("target", name.text)
    elif name.text not in book.symbols.broken:
        scope.report.unknown("target", name.text, name.span, book.target_info)
    ledger, scope.ledger = scope.ledger, scope.ledger if target is None else target.ledger
    value = lower_amount(scope, delta.value, why="kept")
    scope.ledger = ledger
    keys = None if target is None else _keys(scope, delta.target, delta.keys, target)
    if not scope.one_value(value, "a delta") or keys is None or target is None:
        return failed(delta.span)
    if not all(scope.one_value(key, "a key") for key in keys):
        return failed(delta.span)
    node = scope.graph.add(
        Op.DELTA,
        (*(key.node for key in keys), value.node),
        target.index,
        kind=Kind.NUMBER,
        scale=book.targets[target.index].scale,
        values=symmetric(ACCUMULATED_LIMIT),
        span=delta.span,
    )
    return replace(value, node=node, span=delta.span, literal=None)


def _keys(
    scope: Scope, name: syntax.Name, exprs: tuple[syntax.Expr, ...], target: TargetInfo
) -> list[Value] | None:
    """The keys of a target: those written, or the event's fields of those names."""
    if not exprs:
        exprs = tuple(syntax.Name(tuple(key.split(".")), name.span) for key in target.keys)
    if len(exprs) != len(target.keys):
        names = ", ".join(target.keys)
        message = f"the target {target.name} has {len(target.keys)} keys ({names})"
        if len(target.keys) == 1:
            message = message.replace(" keys ", " key ")
        scope.fail("TP211", name.span, f"{message}, not {len(exprs)}")
        return None
    values = [
        lower_name(scope, expr, None) if isinstance(expr, syntax.Name) else scope.lower(expr)
        for expr in exprs
    ]
    if not all(not value.is_error and _is_key(scope, value) for value in values):
        return None
    types = [value.type for value in values]
    if not target.key_types:
        target.key_types.extend(types)
    for value, first in zip(values, target.key_types, strict=True):
        if not _same_key(value.type, first):
            scope.mismatch(value.span, f"{describe(first)}, as in other rules,", value)
            return None
    return values


def _is_key(scope: Scope, value: Value) -> bool:
    is_number = isinstance(value.type, NumberType) and not value.type.is_integer
    if is_number or isinstance(value.type, FlagType | AccountType):
        scope.mismatch(value.span, "a text, a date or a whole number", value)
        return False
    return True


def _same_key(found: Type, first: Type) -> bool:
    return found == first or (is_text(found) and is_text(first))
