"""Budget statements of a rule to its moves; declared budgets are lowered in `budgets`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from engine.program import (
    NO_DATE,
    Act,
    BudgetMove,
    Horizon,
    Kind,
    Otherwise,
    Template,
)
from rules_dsl import syntax
from rules_dsl.lower.book import BudgetInfo, FieldInfo, ValueInfo
from rules_dsl.lower.conditions import lower_condition, select
from rules_dsl.lower.functions import lower_last_part
from rules_dsl.lower.lines import (
    Repetition,
    check_size,
    fits_each,
    lower_template,
    repetition,
)
from rules_dsl.lower.lookups import field_value, given_node, lower_name
from rules_dsl.lower.numbers import adopt
from rules_dsl.lower.scope import Scope
from rules_dsl.lower.values import Value, failed
from rules_dsl.types import (
    DATE,
    CodeType,
    DimensionType,
    NumberType,
    TextType,
    Type,
    compare_measures,
    describe,
    is_text,
)

#: Code of a shortage whose statement names none, and of a transfer that is not available.
EXCEEDED = "BUDGET_EXCEEDED"
TRANSFER_EXCEEDED = "BUDGET_TRANSFER_EXCEEDS_AVAILABLE"


def lower_move(scope: Scope, statement: syntax.BudgetStatement) -> BudgetMove | None:
    """Lowers a budget statement; None where something in it is wrong (reported)."""
    info = _find_budget(scope, statement.node.budget)
    before = scope.report.errors
    guard: Value | None = None
    inside: AbstractContextManager[None] = nullcontext()
    if statement.guard is not None:
        guard = lower_condition(scope, statement.guard)
        if not scope.one_value(guard, "the condition of a budget statement"):
            guard = None
        inside = scope.doubting() if guard is None else scope.under(guard)
    with inside:
        move = _lower_inside(scope, statement, info)
    if move is None or scope.report.errors > before:
        return None
    return replace(move, guard=None if guard is None else guard.node)


def move_places(move: BudgetMove) -> Iterator[int]:
    """The nodes that a budget statement refers to."""
    single = (
        move.amount,
        move.day,
        move.reference,
        move.group,
        move.until,
        move.guard,
        move.roles,
        move.reason,
    )
    yield from (node for node in single if node is not None)
    yield from move.keys
    if move.message is not None:
        yield from (part for part in move.message.parts if isinstance(part, int))


def moved(move: BudgetMove, places: dict[int, int]) -> BudgetMove:
    """A budget statement whose nodes have new places."""

    def at(node: int | None) -> int | None:
        return None if node is None else places[node]

    message = move.message
    if message is not None:
        parts = (places[part] if isinstance(part, int) else part for part in message.parts)
        message = Template(tuple(parts))
    return replace(
        move,
        amount=at(move.amount),
        keys=tuple(places[key] for key in move.keys),
        day=at(move.day),
        reference=at(move.reference),
        group=at(move.group),
        until=at(move.until),
        guard=at(move.guard),
        roles=at(move.roles),
        reason=at(move.reason),
        message=message,
    )


def _find_budget(scope: Scope, name: syntax.Name) -> BudgetInfo | None:
    """The budget of a name; None where there is none (reported) or its declaration is broken."""
    known = scope.book.budget_info
    if name.text not in known and name.text not in scope.book.symbols.broken:
        scope.report.unknown("budget", name.text, name.span, known)
    return known.get(name.text)


def _lower_inside(
    scope: Scope, statement: syntax.BudgetStatement, info: BudgetInfo | None
) -> BudgetMove | None:
    """Everything but the guard, which is known to hold; all of it is looked at in any case."""
    node = statement.node
    made = repetition(scope, statement.each, node.span, "demand")
    amount = None if statement.amount is None else _lower_amount(scope, statement.amount, info)
    keys = _lower_keys(scope, statement, info, made)
    day = _lower_day(scope, statement, info)
    reference = _lower_label(scope, statement.reference, "the reference")
    group = _lower_label(scope, statement.group, "the group")
    until = _lower_until(scope, statement.until)
    roles = _lower_roles(scope, statement.roles)
    reason = _lower_label(scope, statement.reason, "the reason of an override")
    clause = statement.otherwise
    message = None
    if clause is not None and clause.message is not None:
        message = lower_template(scope, clause.message)
    parts = (amount, day, reference, group, until, roles, reason)
    is_broken = any(part is not None and part.is_error for part in parts)
    if amount is not None and not amount.is_error:
        is_broken = not fits_each(scope, made, amount, "amount") or is_broken
    if info is None or keys is None or made.is_broken or is_broken:
        return None
    return BudgetMove(
        act=statement.act,
        budget=info.index,
        amount=None if amount is None else scope.graph.repeat(amount.node, made.shape),
        keys=keys,
        day=_node(day),
        reference=_node(reference),
        group=_node(group),
        until=_node(until),
        each=made.shape,
        roles=_node(roles),
        reason=_node(reason),
        otherwise=_outcome(statement),
        role="" if clause is None else clause.role,
        code=_code(statement),
        message=message,
        span=statement.span,
    )


def _node(value: Value | None) -> int | None:
    return None if value is None else value.node


def _outcome(statement: syntax.BudgetStatement) -> Otherwise:
    if statement.otherwise is not None:
        return statement.otherwise.outcome
    return Otherwise.WARN if statement.act is Act.GRANT else Otherwise.REJECT


def _code(statement: syntax.BudgetStatement) -> str:
    if statement.otherwise is not None and statement.otherwise.code:
        return statement.otherwise.code
    return TRANSFER_EXCEEDED if statement.act is Act.GRANT else EXCEEDED


# --- Amounts -----------------------------------------------------------------------------


def _lower_amount(scope: Scope, expr: syntax.Expr, info: BudgetInfo | None) -> Value:
    """The amount of a statement: rounded, of what the budget counts, at its decimals."""
    if info is None:
        scope.lower(expr)
        return failed(expr.span)
    value = adopt(scope, scope.lower(expr, info.type), info.type)
    if value.is_error:
        return value
    if not isinstance(value.type, NumberType):
        return scope.mismatch(value.span, describe(info.type), value)
    problem = compare_measures(value.type, info.type)
    if problem is not None:
        counted = f"the budget {info.name} counts {info.type.currency or info.type.unit}"
        message = f"{counted}; {describe(value.type)} does not fit it"
        return scope.fail(problem.code, value.span, message)
    if value.is_exact:
        return scope.need_rounded(value, "counted in a budget")
    scale = scope.graph[value.node].scale
    if scale > info.scale:
        word = scope.report.word("round", value.span)
        message = f"the budget {info.name} counts with {info.scale} decimals, not {scale}"
        return scope.fail("TP214", value.span, message, advice=f"write {word}(…, {info.scale})")
    value = replace(value, node=scope.graph.shift(value.node, info.scale), literal=None)
    check_size(scope, value, verb="counted in a budget")
    return value


# --- Keys --------------------------------------------------------------------------------


def _lower_keys(
    scope: Scope,
    statement: syntax.BudgetStatement,
    info: BudgetInfo | None,
    made: Repetition,
) -> tuple[int, ...] | None:
    """The nodes of the keys, root first; None where one does not fit (reported)."""
    node = statement.node
    written = node.keys or ()
    values = [
        _lower_key(scope, expr, None if info is None else _wanted(info, place))
        for place, expr in enumerate(written)
    ]
    if info is None:
        return None
    if node.keys is None and statement.act is not Act.RELEASE:
        shape = f"{info.name}[{', '.join(key.name for key in info.keys)}]"
        message = f"which node of the budget {info.name} is meant is not said"
        scope.fail("TP603", node.span, message, advice=f"write {shape}")
        return None
    if len(written) > len(info.keys):
        names = ", ".join(key.name for key in info.keys)
        noun = "key" if len(info.keys) == 1 else "keys"
        message = f"the budget {info.name} has {len(info.keys)} {noun} ({names})"
        scope.fail("TP603", node.span, f"{message}, not {len(written)}")
        return None
    is_sound = True
    for value, key in zip(values, info.keys, strict=False):
        fits = not value.is_error and _fits_key(scope, info, value, key)
        is_sound = fits and fits_each(scope, made, value, "key") and is_sound
    if not is_sound or made.is_broken:
        return None
    return tuple(scope.graph.repeat(value.node, made.shape) for value in values)


def _wanted(info: BudgetInfo, place: int) -> Type | None:
    return info.keys[place].type if place < len(info.keys) else None


def _lower_key(scope: Scope, expr: syntax.Expr, wanted: Type | None) -> Value:
    """A key; an optional field may be absent, and the path then ends there."""
    if isinstance(expr, syntax.Name):
        return lower_name(scope, expr, wanted, absent_allowed=True)
    if isinstance(expr, syntax.Call) and expr.function == "last_part":
        return lower_last_part(scope, expr, absent_allowed=True)
    return scope.lower(expr, wanted)


def _fits_key(scope: Scope, info: BudgetInfo, value: Value, key: ValueInfo) -> bool:
    if _holds(key.type, value.type):
        return True
    fix = None
    advice = ""
    if isinstance(value.type, NumberType) and not isinstance(key.type, CodeType):
        fix = scope.report.wrap(value.span, "text")
        advice = f"write {scope.report.word('text', value.span)}(…)"
    scope.report.error(
        "TP603",
        value.span,
        f"the key {key.name} of the budget {info.name} is {describe(key.type)}, "
        f"not {describe(value.type)}",
        label=f"this is {describe(value.type)}",
        help=advice,
        fix=fix,
    )
    return False


def _holds(wanted: Type, found: Type) -> bool:
    """Whether a value of one type can be a key of another."""
    if isinstance(wanted, DimensionType):
        return found == wanted or isinstance(found, TextType)
    if isinstance(wanted, CodeType):
        return found == wanted
    return is_text(found)


# --- Dates -------------------------------------------------------------------------------


def _lower_day(
    scope: Scope, statement: syntax.BudgetStatement, info: BudgetInfo | None
) -> Value | None:
    """What chooses the period; None where it is the business date, or nothing does."""
    if statement.day is not None:
        value = _date(scope, statement.day)
        if info is not None and info.horizon is Horizon.LIFE and not value.is_error:
            message = f"the budget {info.name} lasts for life, so no date chooses a period"
            word = scope.report.word("at", statement.day.span)
            return scope.fail("TP211", value.span, message, advice=f"take {word} and it away")
        return value
    if info is None or not info.dated or statement.act is Act.RELEASE:
        return None
    field, span = scope.event.fields.get(info.dated), statement.node.budget.span
    if field is not None and field.field.wire == scope.event.date.field.wire:
        return None
    if field is not None and field.type == DATE:
        return field_value(scope, field, span)
    if scope.event.broken:
        return failed(span)
    word = scope.report.word("at", span)
    name = scope.event.name
    found = f"{info.dated} of the event {name} is no date"
    if field is None:
        found = f"the event {name} has no date {info.dated}"
    return scope.fail(
        "TP201" if field is None else "TP211",
        span,
        f"{found}, which chooses the period of the budget {info.name}",
        advice=f"say it behind the keys, as in {word} {_a_date(scope)}",
    )


def _a_date(scope: Scope) -> str:
    """The name of a date of the event, for a message."""
    dates = [each.name for each in scope.event.fields.values() if each.type == DATE]
    return dates[0] if dates else "2026-03-05"


def _date(scope: Scope, expr: syntax.Expr) -> Value:
    value = scope.lower(expr, DATE)
    if not scope.one_value(value, "a budget statement"):
        return failed(expr.span)
    return value if value.type == DATE else scope.mismatch(value.span, "a date", value)


def _lower_until(scope: Scope, expr: syntax.Expr | None) -> Value | None:
    """The last day of a soft hold; NO_DATE where an optional field is absent."""
    if expr is None:
        return None
    field = _optional_field(scope, expr)
    if field is None or field.type != DATE:
        return _date(scope, expr)
    given = given_node(scope, field, None, expr.span)
    if scope.known().holds(given):
        return _date(scope, expr)
    with scope.graph.under(given, truth=True):
        value = field_value(scope, field, expr.span)
    never = scope.graph.constant(Kind.DATE, NO_DATE, expr.span)
    return replace(value, node=select(scope, given, value.node, never, expr.span))


def _optional_field(scope: Scope, expr: syntax.Expr) -> FieldInfo | None:
    """The field of the event that a name stands for, where it may be absent."""
    if not isinstance(expr, syntax.Name) or expr.text in scope.lets:
        return None
    field = scope.event.fields.get(expr.text)
    return field if field is not None and field.may_be_absent else None


# --- Texts -------------------------------------------------------------------------------


def _lower_label(scope: Scope, expr: syntax.Expr | None, what: str) -> Value | None:
    """A text of the event, such as a reference; an optional field may be absent."""
    if expr is None:
        return None
    value = _text(scope, expr, what)
    return value if scope.one_value(value, what) else failed(expr.span)


def _lower_roles(scope: Scope, expr: syntax.Expr | None) -> Value | None:
    """The roles of an override: one text, or one for each element of any list."""
    if expr is None:
        return None
    if isinstance(expr, syntax.Name) and expr.text not in scope.lets:
        field = scope.event.fields.get(expr.text)
        if field is not None and field.items is not None and list(field.items) == ["value"]:
            path = (*expr.path, "value")
            expr = syntax.Name(path, expr.span)
    return _text(scope, expr, "a role")


def _text(scope: Scope, expr: syntax.Expr, what: str) -> Value:
    if isinstance(expr, syntax.Name):
        value = lower_name(scope, expr, None, absent_allowed=True)
    else:
        value = scope.lower(expr)
    if value.is_error or is_text(value.type):
        return value
    if not isinstance(value.type, NumberType):
        return scope.mismatch(value.span, "a text", value)
    word = scope.report.word("text", value.span)
    scope.report.error(
        "TP211",
        value.span,
        f"{what} is a text, not {describe(value.type)}",
        help=f"write {word}(…)",
        fix=scope.report.wrap(value.span, "text"),
    )
    return failed(value.span)
