"""What a name stands for in a rule: lets, fields, rates, accounts, code values; and `given`."""

from __future__ import annotations

from dataclasses import replace

from engine.currencies import CURRENCY_DECIMALS
from engine.program import EVENT_SHAPE, Kind, Op, Span
from rules_dsl import syntax
from rules_dsl.bounds import NOTHING, Range
from rules_dsl.diagnostics.model import Fix
from rules_dsl.lower.book import FieldInfo, LedgerListInfo, RecordInfo
from rules_dsl.lower.constants import report_code_value
from rules_dsl.lower.ledger_columns import COLUMNS, column_value
from rules_dsl.lower.parameters import read_parameter
from rules_dsl.lower.reading import read_dimension_record, read_rate
from rules_dsl.lower.scope import Scope
from rules_dsl.lower.values import Value, failed
from rules_dsl.types import (
    ACCOUNT,
    CURRENCY,
    FLAG,
    AccountType,
    CodeType,
    DimensionType,
    Measure,
    NumberType,
    Type,
    currency_decimals,
    describe,
    kind_of,
)


def lower_name(
    scope: Scope, name: syntax.Name, wanted: Type | None, *, absent_allowed: bool = False
) -> Value:
    """Lowers a name or dotted path.

    `absent_allowed`: an optional text field may be read where it is absent, as its emptiness is
    what is meant (dimensions of lines, templates).
    """
    first, rest = name.path[0], name.path[1:]
    if not rest and isinstance(wanted, CodeType):
        code = scope.book.codes.get(wanted.code)
        if code is not None and first in code.wires:
            return _code_value(scope, wanted.code, name)
    if first in scope.ledger_lists:
        return _ledger_column(scope, name, scope.ledger_lists[first])
    if first in scope.lets:
        scope.book.used_lets.setdefault(scope.rule, set()).add(first)
        value = scope.lets[first]
        if rest:
            return _attribute(scope, name, value, rest)
        return replace(value, span=name.span, let=first)
    info = scope.event.fields.get(first)
    if info is not None:
        return scope.meant(_field_path(scope, name, info, absent_allowed=absent_allowed))
    if rest and first in scope.book.dimension_index:
        return _dimension_path(scope, name)
    return _global(scope, name, wanted)


def _ledger_column(scope: Scope, name: syntax.Name, read: LedgerListInfo) -> Value:
    """`LIST.COLUMN` of a list read from the ledger, or a field of the record of its dimension."""
    scope.book.used_lets.setdefault(scope.rule, set()).add(read.name)
    rest = name.path[1:]
    if not rest:
        advice = f"name one of its columns, as in {read.name}.amount"
        return scope.fail("TP215", name.span, f"{read.name} is a list", advice=advice)
    value = column_value(scope, read, rest[0], name.span)
    if value is None:
        candidates = [f"{read.name}.{each}" for each in (*COLUMNS, *read.dimensions)]
        where = f" in the list {read.name}"
        scope.report.unknown("name", name.text, name.span, candidates, where=where)
        return failed(name.span)
    return _attribute(scope, name, value, rest[1:]) if len(rest) > 1 else value


def find_list(scope: Scope, name: syntax.Name) -> FieldInfo | None:
    """The list field of a name; None where it is none or may be absent here (reported)."""
    read = scope.ledger_lists.get(name.text)
    if read is not None:
        scope.book.used_lets.setdefault(scope.rule, set()).add(read.name)
        return read.as_field
    info = scope.event.fields.get(name.text)
    if info is None or info.items is None:
        if info is not None and info.type is not None:
            message = f"{name.text} is no list but {describe(info.type)}"
            scope.report.error("TP211", name.span, message)
        elif not scope.event.broken:
            lists = [each.name for each in scope.event.fields.values() if each.items is not None]
            lists += scope.ledger_lists
            where = f" in the event {scope.event.name}"
            scope.report.unknown("list field", name.text, name.span, lists, where=where)
        return None
    scope.book.use_field(scope.event.name, info.name)
    given = given_node(scope, info, None, name.span)
    return info if _is_given(scope, name, info, given, name.span) else None


def field_value(
    scope: Scope,
    info: FieldInfo,
    span: Span,
    *,
    of_list: FieldInfo | None = None,
    absent_allowed: bool = False,
) -> Value:
    """The value of a field of the event, or of an element of one of its lists."""
    name = info.name if of_list is None else f"{of_list.name}.{info.name}"
    scope.book.use_field(scope.event.name, name)
    if info.type is None:
        return failed(span)
    if of_list is not None:
        scope.book.use_field(scope.event.name, of_list.name)
        given = given_node(scope, of_list, None, span)
        owner = syntax.Name((of_list.name,), span)
        if not absent_allowed and not _is_given(scope, owner, of_list, given, span):
            return failed(span)
    if not absent_allowed or kind_of(info.type) is not Kind.TEXT:
        given = given_node(scope, info, of_list, span)
        asked = syntax.Name(tuple(name.split(".")), span)
        if not _is_given(scope, asked, info, given, span):
            return failed(span)
    return Value(info.type, _field_node(scope, info, of_list, span), span)


def given_node(scope: Scope, info: FieldInfo, of_list: FieldInfo | None, span: Span) -> int:
    """The condition that a field was sent."""
    if of_list is None:
        return scope.graph.add(
            Op.GIVEN, (), info.index, kind=Kind.BOOL, shape=EVENT_SHAPE, span=span
        )
    data = (of_list.index, info.index)
    return scope.graph.add(Op.GIVEN_ITEM, (), data, kind=Kind.BOOL, shape=of_list.index, span=span)


def lower_given_field(scope: Scope, name: syntax.Name) -> Value:
    """`given F`: whether an optional field was sent."""
    first, rest = name.path[0], name.path[1:]
    info = scope.event.fields.get(first)
    if info is None:
        if first in scope.lets:
            advice = "given is asked of the event's own fields"
            return scope.fail("TP211", name.span, f"{first} is a let, no field", advice=advice)
        return _unknown_field(scope, name)
    if not rest:
        scope.book.use_field(scope.event.name, info.name)
        return Value(FLAG, given_node(scope, info, None, name.span), name.span)
    item = info.items.get(rest[0]) if info.items is not None and len(rest) == 1 else None
    if item is None:
        return _unknown_field(scope, name)
    scope.book.use_field(scope.event.name, info.name)
    scope.book.use_field(scope.event.name, name.text)
    return Value(FLAG, given_node(scope, item, info, name.span), name.span)


# --- Fields ------------------------------------------------------------------------------


def _field_node(scope: Scope, info: FieldInfo, of_list: FieldInfo | None, span: Span) -> int:
    if info.type is None:
        return -1
    kind = kind_of(info.type)
    numeric = kind is Kind.NUMBER
    declared = Range(info.field.low, info.field.high) if numeric else NOTHING
    values = declared.hull(NOTHING) if info.may_be_absent else declared
    node = scope.graph.add(
        Op.FIELD if of_list is None else Op.ITEM,
        (),
        info.index if of_list is None else (of_list.index, info.index),
        kind=kind,
        shape=EVENT_SHAPE if of_list is None else of_list.index,
        scale=info.field.scale if numeric else 0,
        values=values,
        span=span,
    )
    if values != declared:
        given = given_node(scope, info, of_list, span)
        scope.graph.when_given[given] = (node, declared)
    if isinstance(info.type, NumberType) and info.type.measure is Measure.MONEY:
        node = scope.graph.shift(node, currency_decimals(info.type.currency))
    return node


def _is_given(scope: Scope, asked: syntax.Name, info: FieldInfo, given: int, span: Span) -> bool:
    """Whether a field is known to have been sent, if it may be absent; reported otherwise.

    `asked`: the field's name; what stands at `span` may be a field of that list.
    """
    if not info.may_be_absent or scope.in_doubt or scope.known().holds(given):
        return True
    report = scope.report
    written = report.text(span) or asked.text
    ask = f"{report.word('given', span)} {asked.text}"
    branch, then, other = (report.word(word, span) for word in ("if", "then", "else"))
    fix: Fix | None = None
    if scope.dimension_end is not None and len(asked.path) == 1:
        # As for a dimension that is the field itself: absent, it is not carried.
        fix = Fix(scope.dimension_end, f" {branch} {ask}", safe=True)
    elif isinstance(info.type, NumberType):
        fix = scope.text_fix(span, f"({branch} {ask} {then} {written} {other} 0)")
    advice = f"use it under {branch} {ask}"
    if len(asked.path) == 1:
        advice += f", or ask {report.word('when', span)} {ask}"
    if info.items is None:
        advice += ", or give the field a default"
    report.error(
        "TP218",
        span,
        f"{asked.text} is optional and may be absent here",
        help=advice,
        fix=fix,
        related=((info.span, "declared optional here"),),
    )
    return False


def _field_path(scope: Scope, name: syntax.Name, info: FieldInfo, *, absent_allowed: bool) -> Value:
    rest = name.path[1:]
    if info.items is None:
        value = field_value(scope, info, name.span, absent_allowed=absent_allowed and not rest)
        return _attribute(scope, name, value, rest) if rest else value
    if not rest:
        scope.book.use_field(scope.event.name, info.name)
        first = next(iter(info.items), "")
        advice = f"name one of its fields, as in {info.name}.{first}" if first else ""
        return scope.fail("TP215", name.span, f"{info.name} is a list", advice=advice)
    item = info.items.get(rest[0])
    if item is None:
        return _unknown_field(scope, name)
    value = field_value(
        scope,
        item,
        name.span,
        of_list=info,
        absent_allowed=absent_allowed and len(rest) == 1,
    )
    return _attribute(scope, name, value, rest[1:]) if len(rest) > 1 else value


def _dimension_path(scope: Scope, name: syntax.Name) -> Value:
    """`客户.等级` where the event's field of the dimension has another name."""
    fields = scope.event.of_dimension(name.path[0])
    if len(fields) != 1:
        message = f"the event {scope.event.name} has no field of the dimension {name.path[0]}"
        if fields:
            names = ", ".join(each.name for each in fields)
            message = f"several fields are of the dimension {name.path[0]}: {names}"
        return scope.fail("TP201", name.span, message)
    return _attribute(scope, name, field_value(scope, fields[0], name.span), name.path[1:])


def _attribute(scope: Scope, name: syntax.Name, value: Value, rest: tuple[str, ...]) -> Value:
    """A field of the record of a dimension's value."""
    if value.is_error:
        return value
    if len(rest) != 1 or not isinstance(value.type, DimensionType):
        owner = ".".join(name.path[: len(name.path) - len(rest)])
        message = f"{owner} is {describe(value.type)} and has no field {'.'.join(rest)}"
        return scope.fail("TP211", name.span, message)
    record = dimension_record(scope, value.type.dimension, name)
    if record is None:
        return failed(name.span)
    return read_dimension_record(scope, record, value, rest[0], name)


def dimension_record(scope: Scope, dimension: str, name: syntax.Name) -> RecordInfo | None:
    """The record that a dimension has; None where it has none (reported) or a broken one."""
    declared = scope.book.symbols.dimensions.get(dimension)
    record = scope.book.record_of_dimension.get(dimension)
    if record is not None:
        return scope.book.record_info[record]
    if declared is not None and declared.record is None:
        of = scope.report.word("of", name.span)
        message = f"the dimension {dimension} has no record, so it has no fields"
        advice = f"declare it with {of} and the name of its record"
        scope.report.error("TP211", name.span, message, help=advice)
    return None


# --- Names outside the event -------------------------------------------------------------


def _code_value(scope: Scope, code: str, name: syntax.Name) -> Value:
    wire = scope.book.codes[code].wires[name.text]
    scope.book.use("code", code)
    return Value(CodeType(code), scope.graph.constant(Kind.TEXT, wire, name.span), name.span)


def _global(scope: Scope, name: syntax.Name, wanted: Type | None) -> Value:
    book, text = scope.book, name.text
    if text in book.parameter_info:
        parameter = book.parameter_info[text]
        book.use("parameter", text)
        if parameter is None:
            return failed(name.span)
        return read_parameter(scope, parameter, name.span)
    if text in book.rate_info:
        rate = book.rate_info[text]
        book.use("rate", text)
        return failed(name.span) if rate is None else read_rate(scope, rate, name.span)
    if wanted == CURRENCY and text in CURRENCY_DECIMALS:
        return Value(CURRENCY, scope.graph.constant(Kind.TEXT, text, name.span), name.span)
    if text in book.account_index:
        book.use("account", text)
        index = book.roles(scope.ledger).get(text, book.account_index[text])
        node = scope.graph.constant(Kind.ACCOUNT, index, name.span)
        return Value(ACCOUNT, node, name.span)
    if text in book.target_info:
        return scope.lower(syntax.Index(name, (), "", name.span))
    owners = [code.name for code in book.codes.values() if text in code.wires]
    if len(owners) == 1 and not isinstance(wanted, CodeType):
        return _code_value(scope, owners[0], name)
    if len(owners) > 1 and not isinstance(wanted, CodeType):
        message = f"{text} is a value of the codes {', '.join(owners)}; which one is not clear"
        return scope.fail("TP211", name.span, message)
    return _unknown_name(scope, name, wanted)


def _unknown_name(scope: Scope, name: syntax.Name, wanted: Type | None) -> Value:
    book, report, text = scope.book, scope.report, name.text
    if text in book.table_info or text in book.record_info:
        kind = "table" if text in book.table_info else "record"
        message = f"{text} is a {kind} and is read with its inputs"
        return scope.fail("TP211", name.span, message, advice=f"write {text}[…]")
    code = book.codes.get(wanted.code) if isinstance(wanted, CodeType) else None
    is_value = code is not None and report.near(text, code.wires)
    if code is not None and (is_value or not report.near(text, _value_names(scope))):
        report_code_value(name, code, report)
        return failed(name.span)
    if isinstance(wanted, AccountType):
        if not book.broken_chart:
            report.unknown("account", text, name.span, book.roles(scope.ledger))
        return failed(name.span)
    return _unknown_field(scope, name)


def _unknown_field(scope: Scope, name: syntax.Name) -> Value:
    """Reports a name that is neither field nor let, unless the event lost lines."""
    if scope.event.broken or name.path[0] in scope.book.symbols.broken:
        return failed(name.span)
    info = scope.event.fields.get(name.path[0])
    if info is not None and info.items is not None:
        candidates = [f"{info.name}.{item}" for item in info.items]
        where = f" in the list {info.name}"
    else:
        candidates = _value_names(scope)
        where = f" in the event {scope.event.name}"
    scope.report.unknown("name", name.text, name.span, candidates, where=where)
    return failed(name.span)


def _value_names(scope: Scope) -> list[str]:
    """The names that give a value in an expression: fields, lets, fields of lists, rates."""
    names = [*scope.lets]
    for info in scope.event.fields.values():
        names.append(info.name)
        names.extend(f"{info.name}.{item}" for item in info.items or ())
    for read in scope.ledger_lists.values():
        names.extend(f"{read.name}.{column}" for column in (*COLUMNS, *read.dimensions))
    return [*names, *scope.book.rate_info]
