"""Reading tables, rates and records by key."""

from __future__ import annotations

from collections.abc import Sequence

from engine.program import EVENT_SHAPE, Kind, Op, Span
from rules_dsl import syntax
from rules_dsl.bounds import NOTHING, Range
from rules_dsl.lower.book import RecordInfo, TableInfo, ValueInfo
from rules_dsl.lower.numbers import adopt
from rules_dsl.lower.scope import Scope
from rules_dsl.lower.values import Value, failed
from rules_dsl.types import (
    DATE,
    FLAG,
    TEXT,
    CodeType,
    DateType,
    DimensionType,
    Measure,
    NumberType,
    TextType,
    Type,
    compare_measures,
    currency_decimals,
    describe,
    is_text,
    kind_of,
)


def lower_index(scope: Scope, index: syntax.Index) -> Value:
    """`NAME[keys]` or `NAME[keys].FIELD`."""
    name, book = index.name.text, scope.book
    if name in book.table_info:
        book.use("table", name)
        table = book.table_info[name]
        return _check_only(scope, index) if table is None else _read_table(scope, index, table)
    if name in book.rate_info:
        book.use("rate", name)
        rate = book.rate_info[name]
        return _check_only(scope, index) if rate is None else _read_table(scope, index, rate)
    if name in book.record_info:
        book.use("record", name)
        record = book.record_info[name]
        return _check_only(scope, index) if record is None else _read_record(scope, index, record)
    if name not in book.symbols.broken:
        candidates = [*book.table_info, *book.rate_info, *book.record_info, *book.target_info]
        scope.report.unknown("table, rate or record", name, index.name.span, candidates)
    return _check_only(scope, index)


def after_dot(name: str, span: Span) -> Span:
    """Where the last name of a path or an index stands."""
    return Span(
        span.file, span.end_line, span.end_column - len(name), span.end_line, span.end_column
    )


def _check_only(scope: Scope, index: syntax.Index) -> Value:
    for arg in index.args:
        scope.lower(arg)
    return failed(index.span)


# --- Tables and rates --------------------------------------------------------------------


def read_rate(scope: Scope, rate: TableInfo, span: Span) -> Value:
    """A rate at the business date of the event."""
    date = scope.event.date
    node = scope.graph.add(Op.FIELD, (), date.index, kind=Kind.DATE, shape=EVENT_SHAPE, span=span)
    return _table_cell(scope, rate, [node], rate.outputs[0], span)


def _read_table(scope: Scope, index: syntax.Index, table: TableInfo) -> Value:
    if index.day is not None:
        kind, last = ("rate", "as its input") if table.is_rate else ("table", "among its inputs")
        message = f"{table.name} is a {kind}; a date stands {last}, without {_at(scope, index)}"
        scope.report.error("TP211", index.day.span, message)
    keys = _fit_keys(scope, index, table.keys, "rate" if table.is_rate else "table")
    output = _find_output(scope, index, table)
    if keys is None or output is None:
        return failed(index.span)
    return _table_cell(scope, table, keys, output, index.span)


def _find_output(scope: Scope, index: syntax.Index, table: TableInfo) -> ValueInfo | None:
    names = [output.name for output in table.outputs]
    if index.field:
        found = next((each for each in table.outputs if each.name == index.field), None)
        if found is None:
            where = f" in the table {table.name}"
            span = after_dot(index.field, index.span)
            scope.report.unknown("output", index.field, span, names, where=where)
        return found
    if len(names) == 1:
        return table.outputs[0]
    message = f"the table {table.name} has several outputs: {', '.join(names)}"
    written = scope.report.text(index.span) or table.name
    scope.fail("TP211", index.span, message, advice=f"write {written}.{names[0]}")
    return None


def _table_cell(
    scope: Scope, table: TableInfo, keys: Sequence[int], output: ValueInfo, span: Span
) -> Value:
    graph = scope.graph
    shape = graph.shape(*keys)
    row = graph.add(
        Op.TABLE_ROW,
        tuple(graph.repeat(key, shape) for key in keys),
        table.index,
        kind=Kind.NUMBER,
        shape=shape,
        values=Range(0, max(table.row_count - 1, 0)),
        span=span,
    )
    kind = kind_of(output.type)
    numeric = kind is Kind.NUMBER
    node = graph.add(
        Op.TABLE_CELL,
        (row,),
        (table.index, output.index),
        kind=kind,
        scale=output.scale if numeric else 0,
        values=output.range if numeric else NOTHING,
        span=span,
    )
    return _at_currency(scope, Value(output.type, node, span))


def _at_currency(scope: Scope, value: Value) -> Value:
    """An amount kept with fewer decimals than its currency has, at the currency's scale."""
    if isinstance(value.type, NumberType) and value.type.measure is Measure.MONEY:
        node = scope.graph.shift(value.node, currency_decimals(value.type.currency))
        return Value(value.type, node, value.span)
    return value


# --- Keys --------------------------------------------------------------------------------


def _fit_keys(
    scope: Scope, index: syntax.Index, wanted: Sequence[ValueInfo], kind: str
) -> list[int] | None:
    """The nodes of the keys; None where one does not fit (reported)."""
    name = index.name.text
    values = [
        scope.lower(arg, wanted[place].type if place < len(wanted) else None)
        for place, arg in enumerate(index.args)
    ]
    if len(values) != len(wanted):
        names = ", ".join(each.name for each in wanted)
        message = f"the {kind} {name} takes {len(wanted)} inputs ({names}), not {len(values)}"
        if len(wanted) == 1:
            message = message.replace(" inputs ", " input ")
        scope.fail("TP211", index.span, message)
        return None
    if not scope.same_list(*values):
        return None
    where = f"of {name}"
    nodes = [fit(scope, value, each, where) for value, each in zip(values, wanted, strict=True)]
    found = [node for node in nodes if node is not None]
    return found if len(found) == len(nodes) else None


def fit(scope: Scope, value: Value, wanted: ValueInfo, where: str) -> int | None:
    """The node of a value as a key; None where it is of another type (reported)."""
    if value.is_error:
        return None
    if isinstance(wanted.type, NumberType):
        return _fit_number(scope, value, wanted, wanted.type, where)
    if not _fits(value.type, wanted.type):
        scope.mismatch(
            value.span, f"{describe(wanted.type)} (the input {wanted.name} {where})", value
        )
        return None
    return value.node


def _fit_number(
    scope: Scope, value: Value, wanted: ValueInfo, number: NumberType, where: str
) -> int | None:
    value = adopt(scope, value, number)
    if value.is_error:
        return None
    if not isinstance(value.type, NumberType):
        scope.mismatch(value.span, f"{describe(number)} (the input {wanted.name} {where})", value)
        return None
    problem = compare_measures(value.type, number)
    if problem is not None:
        message = f"the input {wanted.name} {where} is {describe(number)}"
        scope.fail(problem.code, value.span, f"{message}, not {describe(value.type)}")
        return None
    if value.is_exact:
        scope.need_rounded(value, "looked up")
        return None
    scale = scope.graph[value.node].scale
    if scale > wanted.scale:
        message = f"the input {wanted.name} {where} has {wanted.scale} decimals, not {scale}"
        word = scope.report.word("round", value.span)
        scope.fail("TP211", value.span, message, advice=f"write {word}(…, {wanted.scale})")
        return None
    return scope.graph.shift(value.node, wanted.scale)


def _fits(found: Type, wanted: Type) -> bool:
    """Whether a value that is no number can be a key."""
    if found == wanted:
        return True
    if isinstance(wanted, CodeType):
        return False
    if isinstance(wanted, DimensionType):
        return found == TEXT
    if isinstance(wanted, TextType):
        return is_text(found) and not wanted.period
    return False


# --- Records -----------------------------------------------------------------------------


def _read_record(scope: Scope, index: syntax.Index, record: RecordInfo) -> Value:
    keys = _version_keys(scope, index, record)
    if not index.field:
        first = next(iter(record.fields), "")
        written = scope.report.text(index.span) or record.name
        message = f"{record.name} is a record; which of its fields is meant is not said"
        return scope.fail("TP211", index.span, message, advice=f"write {written}.{first}")
    found = _record_field(scope, record, index.field, after_dot(index.field, index.span))
    if keys is None or found is None:
        return failed(index.span)
    return _record_value(scope, record, found, keys, index.span)


def read_dimension_record(
    scope: Scope, record: RecordInfo, key: Value, attribute: str, name: syntax.Name
) -> Value:
    """A field of the record of a dimension's value."""
    scope.book.use("record", record.name)
    found = _record_field(scope, record, attribute, after_dot(attribute, name.span))
    if found is None:
        return failed(name.span)
    day = _business_day(scope, name.span) if record.dated else None
    return _record_value(scope, record, found, ([key.node], day), name.span)


def lower_given_record(scope: Scope, index: syntax.Index) -> Value:
    """`given RECORD[keys]`: whether the record exists."""
    name = index.name.text
    if name not in scope.book.record_info:
        if name not in scope.book.symbols.broken:
            scope.report.unknown("record", name, index.name.span, scope.book.record_info)
        return _check_only(scope, index)
    scope.book.use("record", name)
    record = scope.book.record_info[name]
    if record is None:
        return _check_only(scope, index)
    if index.field:
        message = f"given asks whether the record exists, not whether it has {index.field}"
        return scope.fail("TP211", index.span, message)
    asked = _version_keys(scope, index, record)
    if asked is None:
        return failed(index.span)
    args = _record_args(scope, (record.index, -1), *asked, index.span)
    shape = scope.graph.shape(*args)
    node = scope.graph.add(
        Op.HAS_RECORD, args, record.index, kind=Kind.BOOL, shape=shape, span=index.span
    )
    return Value(FLAG, node, index.span)


def _at(scope: Scope, index: syntax.Index) -> str:
    return scope.report.word("at", index.span)


def _business_day(scope: Scope, span: Span) -> int:
    """The node of the event's business date."""
    date = scope.event.date
    return scope.graph.add(Op.FIELD, (), date.index, kind=Kind.DATE, shape=EVENT_SHAPE, span=span)


def _version_keys(
    scope: Scope, index: syntax.Index, record: RecordInfo
) -> tuple[list[int], int | None] | None:
    """The nodes of a record's keys and, of a dated one, of the day it is asked at."""
    keys = _fit_keys(scope, index, record.keys, "record")
    if index.day is None:
        day = _business_day(scope, index.span) if record.dated else None
        return None if keys is None else (keys, day)
    written = scope.lower(index.day, DATE)
    if written.is_error:
        return None
    if not isinstance(written.type, DateType):
        scope.mismatch(written.span, "a date", written)
        return None
    if not record.dated:
        word = scope.report.word("dated", index.span)
        message = f"the record {record.name} has no versions by date"
        advice = f"declare it with {word} before its events, or leave out {_at(scope, index)}"
        scope.fail("TP211", written.span, message, advice=advice)
        return None
    if keys is None or not _same_shapes(scope, written, keys):
        return None
    return keys, written.node


def _same_shapes(scope: Scope, written: Value, keys: Sequence[int]) -> bool:
    """Whether a date is of the list that the keys are of, if both are of one; reported if not."""
    shapes = {scope.graph.shape(*keys), scope.graph.shape(written.node)} - {EVENT_SHAPE}
    if len(shapes) < 2:
        return True
    names = " and ".join(sorted(scope.list_name(shape) for shape in shapes))
    message = f"the elements of {names} do not belong together"
    scope.report.error("TP211", written.span, message)
    return False


def _record_args(
    scope: Scope, place: tuple[int, int], keys: Sequence[int], day: int | None, span: Span
) -> tuple[int, ...]:
    """The key of a record's entry: of a dated record with the day of the version in force.

    Args:
        scope: the rule.
        place: record and field, or -1 where any version will do.
        keys: the nodes of the keys.
        day: the node of the day asked at, None where the record is not dated.
        span: where it is read.
    """
    graph = scope.graph
    asked = [*keys] if day is None else [*keys, day]
    shape = graph.shape(*asked)
    args = tuple(graph.repeat(key, shape) for key in asked)
    if day is None:
        return args
    version = graph.add(Op.VERSION, args, place, kind=Kind.DATE, shape=shape, span=span)
    shape = graph.shape(version)
    return tuple(graph.repeat(key, shape) for key in (*args[:-1], version))


def _record_field(scope: Scope, record: RecordInfo, field: str, span: Span) -> ValueInfo | None:
    found = record.fields.get(field)
    if found is None:
        where = f" in the record {record.name}"
        scope.report.unknown("field", field, span, record.fields, where=where)
    return found


def _record_value(
    scope: Scope,
    record: RecordInfo,
    found: ValueInfo,
    asked: tuple[Sequence[int], int | None],
    span: Span,
) -> Value:
    """A field of a record; `asked`: the nodes of its keys, and of the day of a dated one."""
    graph = scope.graph
    args = _record_args(scope, (record.index, found.index), *asked, span)
    shape = graph.shape(*args)
    kind = kind_of(found.type)
    numeric = kind is Kind.NUMBER
    node = graph.add(
        Op.RECORD,
        args,
        (record.index, found.index),
        kind=kind,
        shape=shape,
        scale=found.scale if numeric else 0,
        values=found.range if numeric else NOTHING,
        span=span,
    )
    return _at_currency(scope, Value(found.type, node, span))
