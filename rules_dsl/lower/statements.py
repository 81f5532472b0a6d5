"""Statements that name a value: how it is bound, and split."""

from __future__ import annotations

from engine.program import EVENT_SHAPE, Kind, Op
from rules_dsl import syntax
from rules_dsl.bounds import Range
from rules_dsl.lower.foreign import in_whole_units
from rules_dsl.lower.numbers import adopt
from rules_dsl.lower.scope import Scope
from rules_dsl.lower.values import Value, failed
from rules_dsl.types import (
    Measure,
    NumberType,
    meaning_of,
    money,
)

#: Statements that give a value a name.
Naming = syntax.Let | syntax.Split | syntax.Delta | syntax.TrueUp


def bind(scope: Scope, statement: Naming, value: Value) -> None:
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
    if name in scope.lets or name in scope.ledger_lists:
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
