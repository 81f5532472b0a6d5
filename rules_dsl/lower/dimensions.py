"""Dimensions of lines and of balances: which value stands for each."""

from __future__ import annotations

from dataclasses import replace

from engine.program import LEDGER_SHAPE, Span
from rules_dsl import syntax
from rules_dsl.lower.book import FieldInfo
from rules_dsl.lower.ledger_columns import column_value
from rules_dsl.lower.lookups import field_value, lower_name
from rules_dsl.lower.scope import Scope
from rules_dsl.lower.values import Value, failed
from rules_dsl.types import DimensionType, NumberType, describe, is_text


def find_dimensions(
    scope: Scope, args: tuple[syntax.DimensionArg, ...]
) -> list[tuple[int, syntax.DimensionArg]]:
    """The dimensions named, each once; unknown ones and repetitions are reported."""
    found: list[tuple[int, syntax.DimensionArg]] = []
    seen: dict[int, Span] = {}
    for arg in args:
        name = arg.dimension
        index = scope.book.dimension_index.get(name.text)
        if index is None:
            if name.text not in scope.book.symbols.broken:
                known = scope.book.dimension_index
                scope.report.unknown("dimension", name.text, name.span, known)
            continue
        scope.book.use("dimension", name.text)
        if index in seen:
            scope.report.duplicate("dimension", name.text, name.span, seen[index])
            continue
        seen[index] = name.span
        found.append((index, arg))
    return found


def dimension_value(
    scope: Scope,
    arg: syntax.DimensionArg,
    *,
    each: FieldInfo | None = None,
    absent_allowed: bool,
) -> Value:
    """The value a line or a balance has for a dimension: a text."""
    if arg.value is None:
        value = _own_field(scope, arg, each, absent_allowed=absent_allowed)
    elif isinstance(arg.value, syntax.Name):
        wanted = DimensionType(arg.dimension.text)
        value = lower_name(scope, arg.value, wanted, absent_allowed=absent_allowed)
    else:
        value = scope.lower(arg.value)
    if value.is_error or is_text(value.type):
        return value
    if isinstance(value.type, NumberType):
        word = scope.report.word("text", value.span)
        fix = scope.report.wrap(value.span, "text", safe=True)
        if arg.value is None and fix is not None:
            fix = replace(fix, replacement=f"{arg.dimension.text} = {fix.replacement}")
        scope.report.error(
            "TP211",
            value.span,
            f"a dimension holds texts, not {describe(value.type)}",
            help=f"write {word}(…)",
            fix=fix,
        )
        return failed(value.span)
    return scope.mismatch(value.span, f"a text for the dimension {arg.dimension.text}", value)


def _own_field(
    scope: Scope, arg: syntax.DimensionArg, each: FieldInfo | None, *, absent_allowed: bool
) -> Value:
    """The event's field of a dimension, or the list's where the event has none."""
    name, event = arg.dimension.text, scope.event
    span = arg.dimension.span
    typed = event.of_dimension(name)
    named = event.fields.get(name)
    if len(typed) > 1 and named not in typed:
        names = ", ".join(field.name for field in typed)
        message = f"several fields are of the dimension {name}: {names}"
        by = scope.report.word("by", span)
        advice = f"say which, as in {by} {name} = {typed[0].name}"
        return scope.fail("TP211", span, message, advice=advice)
    info = typed[0] if len(typed) == 1 else named
    if info is not None and info.items is None:
        return field_value(scope, info, span, absent_allowed=absent_allowed)
    if name in scope.lets:
        return lower_name(scope, arg.dimension, None)
    if each is not None and each.index >= LEDGER_SHAPE:
        column = column_value(scope, scope.ledger_lists[each.name], name, span)
        if column is not None:
            return column
    if each is not None and each.items is not None:
        items = [item for item in each.items.values() if _is_of(item, name)]
        item = items[0] if len(items) == 1 else each.items.get(name)
        if item is not None:
            return field_value(scope, item, span, of_list=each, absent_allowed=absent_allowed)
    if event.broken:
        return failed(span)
    by = scope.report.word("by", span)
    return scope.fail(
        "TP201",
        span,
        f"the event {event.name} has no field of the dimension {name}",
        advice=f"say its value, as in {by} {name} = …",
    )


def _is_of(item: FieldInfo, dimension: str) -> bool:
    return item.type == DimensionType(dimension)
