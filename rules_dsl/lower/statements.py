"""Statements that name a value: let, split and delta."""

from __future__ import annotations

from dataclasses import replace

from engine.program import EVENT_SHAPE, Kind, Op
from rules_dsl import syntax
from rules_dsl.bounds import ACCUMULATED_LIMIT, Range, symmetric
from rules_dsl.lower.book import TargetInfo
from rules_dsl.lower.foreign import in_whole_units
from rules_dsl.lower.lines import lower_amount
from rules_dsl.lower.lookups import lower_name
from rules_dsl.lower.numbers import adopt
from rules_dsl.lower.scope import Scope
from rules_dsl.lower.values import Value, failed
from rules_dsl.types import (
    AccountType,
    FlagType,
    Measure,
    NumberType,
    Type,
    describe,
    is_text,
    meaning_of,
    money,
)


def bind(scope: Scope, statement: syntax.Let | syntax.Split | syntax.Delta, value: Value) -> None:
    """Gives a value its name for the statements after it."""
    name, span = statement.name, statement.name_span
    field = scope.event.fields.get(name)
    if field is not None:
        scope.report.error(
            "TP205",
            span,
            f"{name} is already a field of the event {scope.event.name}",
            label="shadows the field",
            help="give this value another name",
            related=((field.span, "the field"),),
        )
        return
    if name in scope.lets:
        where = f" in the rule {scope.rule}"
        scope.report.duplicate("name", name, span, scope.let_spans[name], where=where)
        return
    if value.is_error:
        scope.is_sound = False
    scope.lets[name] = value
    scope.let_spans[name] = span
    if not value.is_error and not value.is_exact:
        scope.graph.label(value.node, name)
        scope.graph.mean(value.node, meaning_of(value.type))


def lower_split(scope: Scope, split: syntax.Split) -> Value:
    """`split TOTAL by WEIGHTS as NAME`: shares of the total, one for each element."""
    wanted = money(scope.book.ledgers[scope.ledger].currency)
    total = scope.lower(split.total, wanted)
    if total.literal is not None:
        total = adopt(scope, total, wanted)
    weights = scope.lower(split.weights)
    if not _is_total(scope, total) or not _are_weights(scope, weights):
        return failed(split.span)
    graph = scope.graph

    def shares(whole: Value) -> int:
        bounds = graph.range(whole.node)
        return graph.add(
            Op.SPLIT,
            (whole.node, weights.node),
            split.residue,
            kind=Kind.NUMBER,
            shape=graph[weights.node].shape,
            scale=graph[whole.node].scale,
            values=Range(min(bounds.low, 0), max(bounds.high, 0)),
            span=split.span,
        )

    node = in_whole_units(scope, total, split.span, shares)
    return failed(split.span) if node is None else Value(total.type, node, split.span)


def _is_total(scope: Scope, total: Value) -> bool:
    if not scope.one_value(total, "the total of a split"):
        return False
    number = total.type
    if not isinstance(number, NumberType) or not (
        number.measure in {Measure.MONEY, Measure.QUANTITY} or number.is_integer
    ):
        scope.mismatch(total.span, "an amount to split", total)
        return False
    if total.is_exact:
        scope.need_rounded(total, "split")
        return False
    return True


def _are_weights(scope: Scope, weights: Value) -> bool:
    if weights.is_error:
        return False
    if not isinstance(weights.type, NumberType):
        scope.mismatch(weights.span, "a number for each element", weights)
        return False
    if not scope.is_constant(weights.denominator):
        scope.need_rounded(weights, "a weight")
        return False
    if scope.shape(weights) == EVENT_SHAPE:
        message = "a split needs a weight for each element of a list, not one value"
        scope.fail("TP211", weights.span, message)
        return False
    return True


# --- delta -------------------------------------------------------------------------------


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
    keys = None if target is None else _keys(scope, delta, target)
    if not scope.one_value(value, "a delta") or keys is None or target is None:
        return failed(delta.span)
    node = scope.graph.add(
        Op.DELTA,
        (*keys, value.node),
        target.index,
        kind=Kind.NUMBER,
        scale=book.targets[target.index].scale,
        values=symmetric(ACCUMULATED_LIMIT),
        span=delta.span,
    )
    return replace(value, node=node, span=delta.span, literal=None)


def _keys(scope: Scope, delta: syntax.Delta, target: TargetInfo) -> list[int] | None:
    """The nodes of a delta's keys: those written, or the event's fields of those names."""
    exprs: tuple[syntax.Expr, ...] = delta.keys
    if not exprs:
        exprs = tuple(syntax.Name(tuple(key.split(".")), delta.target.span) for key in target.keys)
    if len(exprs) != len(target.keys):
        names = ", ".join(target.keys)
        message = f"the target {target.name} has {len(target.keys)} keys ({names})"
        if len(target.keys) == 1:
            message = message.replace(" keys ", " key ")
        scope.fail("TP211", delta.target.span, f"{message}, not {len(exprs)}")
        return None
    values = [
        lower_name(scope, expr, None) if isinstance(expr, syntax.Name) else scope.lower(expr)
        for expr in exprs
    ]
    if not all(scope.one_value(value, "a key") and _is_key(scope, value) for value in values):
        return None
    types = [value.type for value in values]
    if not target.key_types:
        target.key_types.extend(types)
    for value, first in zip(values, target.key_types, strict=True):
        if not _same_key(value.type, first):
            scope.mismatch(value.span, f"{describe(first)}, as in other rules,", value)
            return None
    return [value.node for value in values]


def _is_key(scope: Scope, value: Value) -> bool:
    is_number = isinstance(value.type, NumberType) and not value.type.is_integer
    if is_number or isinstance(value.type, FlagType | AccountType):
        scope.mismatch(value.span, "a text, a date or a whole number", value)
        return False
    return True


def _same_key(found: Type, first: Type) -> bool:
    return found == first or (is_text(found) and is_text(first))
