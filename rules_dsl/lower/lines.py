"""Voucher lines and templates: account, amount and dimensions of a line, texts with places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.errors import InvariantBroken
from engine.program import EVENT_SHAPE, ForeignPart, Kind, Line, LineDimension, Op, Span, Template
from rules_dsl import syntax
from rules_dsl.bounds import POSTED_LIMIT
from rules_dsl.diagnostics.model import Fix
from rules_dsl.lower.book import FieldInfo
from rules_dsl.lower.charts import in_chart
from rules_dsl.lower.conditions import select
from rules_dsl.lower.dimensions import dimension_value, find_dimensions
from rules_dsl.lower.foreign import is_foreign
from rules_dsl.lower.ledger_columns import dimension_columns
from rules_dsl.lower.lookups import (
    field_value,
    find_list,
    given_node,
    lower_given_field,
    lower_name,
)
from rules_dsl.lower.numbers import adopt
from rules_dsl.lower.reading import lower_index
from rules_dsl.lower.scope import Scope
from rules_dsl.lower.values import Value
from rules_dsl.lower.wording import show_number
from rules_dsl.types import (
    ACCOUNT,
    TEXT,
    AccountType,
    FlagType,
    Measure,
    NumberType,
    compare_measures,
    describe,
    money,
)

#: Fields whose bounds are shown with an amount that may be too large.
SHOWN_FIELDS = 4


@dataclass(frozen=True, slots=True)
class Repetition:
    """Something made once for an event, or `each` LIST once for each element.

    `each`: the list; None without one, or where it is not known (reported). `written`: the
    clause as written. `end`: a place at whose end it can be written. `noun`: what is made.
    """

    each: FieldInfo | None
    written: syntax.Name | None
    end: Span
    noun: str

    @property
    def shape(self) -> int:
        """The shape of its values."""
        return EVENT_SHAPE if self.each is None else self.each.index

    @property
    def is_broken(self) -> bool:
        """Whether its list is not known."""
        return self.written is not None and self.each is None


#: Lowers the foreign part of a line, given account and amount; None where wrong (reported).
LowerForeign = Callable[
    [Scope, syntax.ForeignClause, tuple[Value, Value], Repetition], "ForeignPart | None"
]


def repetition(scope: Scope, written: syntax.Name | None, end: Span, noun: str) -> Repetition:
    """Resolves an `each` clause, or its absence."""
    each = None if written is None else find_list(scope, written)
    return Repetition(each, written, end, noun)


def lower_line(scope: Scope, line: syntax.LineDecl, lower_foreign: LowerForeign) -> Line | None:
    """Lowers a voucher line; None where something in it is wrong (reported).

    `lower_foreign`: lowers its foreign part (`rules_dsl.lower.foreign_lines`).
    """
    made = repetition(scope, line.each, line.span, "line")
    account = lower_account(scope, line.account)
    if isinstance(line.amount, syntax.Remaining):
        raise InvariantBroken("what the other lines leave is known after them", line.span)
    amount = lower_amount(scope, line.amount)
    in_shape = check_shape(scope, made, account, amount)
    dimensions = lower_dimensions(scope, line.dimensions, made)
    if line.by_all:
        dimensions = _all_dimensions(scope, line, made)
    foreign = None
    if line.foreign is not None:
        foreign = lower_foreign(scope, line.foreign, (account, amount), made)
        if foreign is None:
            return None
    if made.is_broken or not in_shape or dimensions is None:
        return None
    return Line(
        side=line.side,
        account=scope.graph.repeat(account.node, made.shape),
        amount=scope.graph.repeat(amount.node, made.shape),
        dimensions=dimensions,
        each=made.shape,
        span=line.span,
        by_sign=line.by_sign,
        foreign=foreign,
    )


def lower_amount(scope: Scope, expr: syntax.Expr, *, why: str = "posted") -> Value:
    """Lowers what is posted or kept: an amount in the ledger's currency that fits a line."""
    wanted = money(scope.book.ledgers[scope.ledger].currency)
    value = adopt(scope, scope.lower(expr, wanted), wanted)
    if value.is_error:
        return value
    if not isinstance(value.type, NumberType) or value.type.measure is not Measure.MONEY:
        return scope.mismatch(value.span, describe(wanted), value)
    problem = compare_measures(value.type, wanted)
    if problem is not None:
        ledger = scope.book.ledgers[scope.ledger]
        message = (
            f"{describe(value.type)} is posted in {ledger.name}, which is in {ledger.currency}"
        )
        return scope.fail(problem.code, value.span, message)
    if value.is_exact:
        return scope.need_rounded(value, why)
    check_size(scope, value)
    return value


def check_size(scope: Scope, value: Value, *, verb: str = "posted") -> None:
    """Reports an amount that may be larger than what can be posted or kept, once in a rule."""
    largest = scope.known().range(value.node).magnitude
    if largest <= POSTED_LIMIT or scope.in_doubt or value.node in scope.too_large:
        return
    scope.too_large.add(value.node)
    scale = scope.graph[value.node].scale
    scope.report.error(
        "TP216",
        value.span,
        f"this amount may reach {show_number(largest, scale)}, "
        f"but at most {show_number(POSTED_LIMIT, scale)} can be {verb}",
        notes=tuple(_input_bounds(scope, value.node)),
        help=f"bound its fields with {scope.report.word('max', value.span)}",
    )


def _input_bounds(scope: Scope, number: int) -> list[str]:
    """The bounds of the fields that a number is computed from."""
    notes: dict[str, str] = {}
    pending, seen = [number], {number}
    while pending:
        node = scope.graph[pending.pop()]
        names = scope.event.type.fields
        name = ""
        if node.op is Op.FIELD and isinstance(node.data, int):
            name = names[node.data].name
        elif node.op is Op.ITEM and isinstance(node.data, tuple):
            owner, item = node.data
            name = f"{names[owner].name}.{scope.event.type.lists[owner].fields[item].name}"
        if name and node.kind is Kind.NUMBER:
            low, high = show_number(node.low, node.scale), show_number(node.high, node.scale)
            notes[name] = f"{name} lies between {low} and {high}"
        pending.extend(set(node.args) - seen)
        seen.update(node.args)
    return sorted(notes.values())[:SHOWN_FIELDS]


# --- Accounts ----------------------------------------------------------------------------


def lower_account(scope: Scope, account: syntax.Name | syntax.Index) -> Value:
    """The account of a line: a role, a look-up in a table, or a let that names one."""
    if isinstance(account, syntax.Index):
        value = lower_index(scope, account)
    elif _is_role(scope, account):
        scope.book.use("account", account.text)
        index = scope.book.roles(scope.ledger)[account.text]
        node = scope.graph.constant(Kind.ACCOUNT, index, account.span)
        return Value(ACCOUNT, node, account.span)
    else:
        value = lower_name(scope, account, ACCOUNT)
    if value.is_error:
        return value
    if not isinstance(value.type, AccountType):
        return scope.mismatch(value.span, "an account", value)
    return in_chart(scope, value)


def _is_role(scope: Scope, name: syntax.Name) -> bool:
    """Whether a name is a role here; a let that names an account comes first."""
    named = scope.lets.get(name.text)
    is_let = named is not None and isinstance(named.type, AccountType)
    return name.text in scope.book.roles(scope.ledger) and not is_let


# --- Shapes ------------------------------------------------------------------------------


def check_shape(scope: Scope, made: Repetition, account: Value, amount: Value) -> bool:
    """Whether account and amount have one value for each line made; reported otherwise."""
    is_sound = not account.is_error and not amount.is_error
    for value, what in ((account, "account"), (amount, "amount")):
        if not value.is_error:
            is_sound = fits_each(scope, made, value, what) and is_sound
    return is_sound


def fits_each(scope: Scope, made: Repetition, value: Value, what: str) -> bool:
    """Whether a value has one value for each of what is made; reported otherwise."""
    shape = scope.shape(value)
    if shape in {EVENT_SHAPE, made.shape}:
        return True
    name, report = scope.list_name(shape), scope.report
    word = report.word("each", made.end)
    if made.written is not None:
        if made.each is not None:
            message = f"the {what} has one value for each of {name}, not of {made.each.name}"
            report.error("TP211", value.span, message)
        return False
    last = made.end
    end = Span(last.file, last.end_line, last.end_column, last.end_line, last.end_column)
    advice = f"add {word} {name}"
    if what == "amount":
        advice += f", or take {report.word('sum', made.end)}(…)"
    report.error(
        "TP215",
        value.span,
        f"the {what} has one value for each element of {name}, but this is one {made.noun}",
        label=f"one for each of {name}",
        help=advice,
        fix=Fix(end, f" {word} {name}", safe=False),
    )
    return False


# --- Dimensions --------------------------------------------------------------------------


def _all_dimensions(
    scope: Scope, line: syntax.LineDecl, made: Repetition
) -> tuple[LineDimension, ...] | None:
    """`by all`: every dimension of the element; None where there is none (reported)."""
    read = None if made.each is None else scope.ledger_lists.get(made.each.name)
    if read is None:
        if not made.is_broken:
            each = scope.report.word("each", line.span)
            message = "all dimensions are those of an element of a list read from the ledger"
            scope.fail("TP211", line.span, message, advice=f"add {each} and the name of the list")
        return None
    return tuple(
        LineDimension(index, node) for index, node in dimension_columns(scope, read, line.span)
    )


def lower_dimensions(
    scope: Scope, written: tuple[syntax.DimensionArg, ...], made: Repetition
) -> tuple[LineDimension, ...] | None:
    """The dimensions of a line; None where one of them is wrong (reported)."""
    before = scope.report.errors
    each, shape = made.each, made.shape
    found = []
    for index, arg in find_dimensions(scope, written):
        given = None if arg.when_given is None else lower_given_field(scope, arg.when_given)
        if given is None:
            last = arg.span
            scope.dimension_end = replace(last, line=last.end_line, column=last.end_column)
            value = dimension_value(scope, arg, each=each, absent_allowed=True)
            scope.dimension_end = None
        elif given.is_error:
            with scope.doubting():
                value = dimension_value(scope, arg, each=each, absent_allowed=True)
        else:
            with scope.under(given):
                value = dimension_value(scope, arg, each=each, absent_allowed=True)
        values = [part for part in (value, given) if part is not None and not part.is_error]
        if not all(fits_each(scope, made, part, "dimension") for part in values):
            continue
        if value.is_error or (given is not None and given.is_error):
            continue
        node = scope.graph.repeat(value.node, shape)
        condition = None if given is None else scope.graph.repeat(given.node, shape)
        found.append(LineDimension(index, node, condition))
    if scope.report.errors > before or len(found) < len(written):
        return None
    return tuple(found)


# --- Templates ---------------------------------------------------------------------------


def lower_template(scope: Scope, template: syntax.TemplateText) -> Template:
    """Lowers a text with places; places with mistakes are left out (reported)."""
    parts: list[str | int] = []
    for part in template.parts:
        if isinstance(part, str):
            parts.append(part)
            continue
        value = _without_zeros(scope, _lower_place(scope, part))
        if scope.one_value(value, "a text") and _can_print(scope, value):
            parts.append(value.node)
        else:
            scope.is_sound = False
    return Template(tuple(parts))


def _without_zeros(scope: Scope, value: Value) -> Value:
    """An amount whose decimals only the event tells, as text: 20000 and not 20000.0000."""
    if value.is_error or value.is_exact or not is_foreign(value.type):
        return value
    shape = scope.shape(value)
    node = scope.graph.add(Op.TEXT_OF, (value.node,), kind=Kind.TEXT, shape=shape, span=value.span)
    return Value(TEXT, node, value.span)


def _lower_place(scope: Scope, expr: syntax.Expr) -> Value:
    if not isinstance(expr, syntax.Name):
        return scope.lower(expr)
    info = scope.event.fields.get(expr.text)
    is_number = info is not None and isinstance(info.type, NumberType) and info.may_be_absent
    if info is None or not is_number or expr.text in scope.lets:
        return lower_name(scope, expr, None, absent_allowed=True)
    given = given_node(scope, info, None, expr.span)
    if scope.known().holds(given):
        return field_value(scope, info, expr.span)
    # An absent number prints as nothing; as a number it would print as 0.
    with scope.graph.under(given, truth=True):
        value = field_value(scope, info, expr.span)
        text = scope.graph.add(Op.TEXT_OF, (value.node,), kind=Kind.TEXT, span=expr.span)
    empty = scope.graph.constant(Kind.TEXT, "", expr.span)
    return Value(TEXT, select(scope, given, text, empty, expr.span), expr.span)


def _can_print(scope: Scope, value: Value) -> bool:
    if isinstance(value.type, FlagType | AccountType):
        scope.mismatch(value.span, "a text, a number or a date", value)
        return False
    if value.is_exact:
        scope.need_rounded(value, "printed")
        return False
    return True
