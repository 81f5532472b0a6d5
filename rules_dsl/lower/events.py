"""Ledgers, units, codes, dimensions and events of a rule book to the program's tables."""

from __future__ import annotations

from engine.program import Dimension, EventType, Field, FieldType, Ledger, ListType, Span
from rules_dsl import syntax
from rules_dsl.lower.book import Book, Code, EventInfo, FieldInfo
from rules_dsl.lower.constants import known_currency
from rules_dsl.lower.fields import (
    MAX_DECIMALS,
    bind_currency,
    currency_fields,
    read_field,
    read_list,
    unique_fields,
)
from rules_dsl.names import name_span
from rules_dsl.reporting import Reporter
from rules_dsl.syntax import TypeWord
from rules_dsl.types import DATE, Type, currency_decimals

#: Envelope keys that a field may be bound to, with the type it must have.
ENVELOPE_FIELDS = {
    "id": FieldType.TEXT,
    "source": FieldType.TEXT,
    "entity": FieldType.TEXT,
    "actor": FieldType.TEXT,
    "approved_by": FieldType.TEXT,
    "posting_date": FieldType.DATE,
    "date": FieldType.DATE,
}

#: Envelope keys that are no field of any event.
RESERVED_KEYS = frozenset({"type", "group_id", "source_doc"})


def lower_basics(book: Book, report: Reporter) -> None:
    """Fills in ledgers, units, codes and dimensions."""
    _lower_ledgers(book, report)
    for unit in book.symbols.units.values():
        if (unit.decimals or 0) > MAX_DECIMALS:
            message = f"a unit has at most {MAX_DECIMALS} decimals"
            report.error("TP211", name_span(unit, report), message)
        book.units[unit.name] = None if unit.decimals is None else min(unit.decimals, MAX_DECIMALS)
    for code in book.symbols.codes.values():
        book.codes[code.name] = _lower_code(code, report)
    for index, dimension in enumerate(book.symbols.dimensions.values()):
        book.dimensions.append(Dimension(dimension.name, dimension.wire, dimension.balancing))
        book.dimension_index[dimension.name] = index


def lower_events(book: Book, report: Reporter) -> None:
    """Fills in the event types."""
    for index, event in enumerate(book.symbols.events.values()):
        with report.inside(f"event {event.name}"):
            info = _lower_event(index, event, book, report)
        book.events[event.name] = info
        book.event_types.append(info.type)


def _lower_ledgers(book: Book, report: Reporter) -> None:
    for index, ledger in enumerate(book.symbols.ledgers.values()):
        span = report.place_of(ledger.currency, ledger.span)
        known_currency(ledger.currency, span, report)
        charts = {chart.name for chart in book.symbols.charts}
        if ledger.chart and ledger.chart not in charts:
            place = report.place_of(ledger.chart, ledger.span)
            if ledger.chart not in book.symbols.broken:
                report.unknown("chart", ledger.chart, place, sorted(charts))
        book.ledger_index[ledger.name] = index
        book.ledgers.append(
            Ledger(
                name=ledger.name,
                wire=ledger.wire,
                currency=ledger.currency,
                scale=currency_decimals(ledger.currency),
                word=ledger.word,
                negative=ledger.negative,
                chart=ledger.chart,
            )
        )


def _lower_code(code: syntax.CodeDecl, report: Reporter) -> Code:
    wires: dict[str, str] = {}
    spans: dict[str, Span] = {}
    seen: dict[str, Span] = {}
    where = f" in the code {code.name}"
    for value in code.values:
        if value.name in spans:
            report.duplicate("value", value.name, value.span, spans[value.name], where=where)
        elif value.wire in seen:
            report.duplicate("wire name", value.wire, value.span, seen[value.wire], where=where)
        else:
            wires[value.name] = value.wire
            spans[value.name] = seen[value.wire] = value.span
    return Code(code.name, wires, name_span(code, report))


def _lower_event(index: int, event: syntax.EventDecl, book: Book, report: Reporter) -> EventInfo:
    fields: list[Field] = []
    infos: dict[str, FieldInfo] = {}
    lists: dict[int, ListType] = {}
    declared = unique_fields(event.fields, report, f" in the event {event.name}")
    beside = currency_fields(declared)
    for each in declared:
        position = len(fields)
        if each.type.word in {TypeWord.LIST, TypeWord.MAP}:
            lists[position], items = read_list(each, book, report)
            field = _list_field(each, event, report)
            infos[each.name] = FieldInfo(position, field, None, each.name_span, items)
        else:
            read, field_type = read_field(each, book, report, beside)
            field = _bind_envelope(bind_currency(read, declared), field_type, each, report)
            infos[each.name] = FieldInfo(position, field, field_type, each.name_span)
        fields.append(field)
    date = _date_field(len(fields), event, infos, report)
    if date.index == len(fields):
        fields.append(date.field)
    if event.dated:
        infos.setdefault(event.dated, date)
    lowered = EventType(
        name=event.name,
        wire=event.wire,
        fields=tuple(fields),
        lists=lists,
        expects=event.expects,
        late=event.late,
        must_post=event.must_post,
    )
    broken = event.name in book.symbols.broken
    return EventInfo(index, event, infos, date, lowered, broken)


def _list_field(declaration: syntax.FieldDecl, event: syntax.EventDecl, report: Reporter) -> Field:
    if declaration.wire in ENVELOPE_FIELDS or declaration.wire in RESERVED_KEYS:
        message = f"{declaration.wire} is a key of every event; {event.name} cannot redefine it"
        report.error("TP211", declaration.span, message)
    return Field(
        name=declaration.name,
        wire=declaration.wire,
        type=FieldType.LIST,
        optional=declaration.optional,
        personal=declaration.personal,
    )


def _bind_envelope(
    field: Field, field_type: Type, declaration: syntax.FieldDecl, report: Reporter
) -> Field:
    """Binds a field whose wire name is an envelope key to the envelope."""
    if field.wire in RESERVED_KEYS:
        message = f"{field.wire} is a key of every event that rules do not read"
        report.error("TP211", declaration.span, message)
        return field
    wanted = ENVELOPE_FIELDS.get(field.wire)
    if wanted is None:
        return field
    if field.type is not wanted:
        message = f"{field.wire} is a key of every event and holds a {wanted.value}"
        report.error("TP211", declaration.type.span, message)
    return _in_envelope(field)


def _in_envelope(field: Field) -> Field:
    return Field(
        name=field.name,
        wire=field.wire,
        type=field.type,
        codes=field.codes,
        default=field.default,
        optional=field.optional,
        personal=field.personal,
        envelope=True,
    )


def _date_field(
    position: int, event: syntax.EventDecl, infos: dict[str, FieldInfo], report: Reporter
) -> FieldInfo:
    """The field of the business date: the one bound to it, or one more at the end."""
    bound = next((each for each in infos.values() if each.field.wire == "date"), None)
    clash = infos.get(event.dated) if event.dated else None
    if clash is not None and clash is not bound:
        span = report.place_of(event.dated, event.span)
        where = f" in the event {event.name}"
        report.duplicate("field", event.dated, clash.span, span, where=where)
    if bound is not None:
        return bound
    field = Field(name=event.dated, wire="date", type=FieldType.DATE, envelope=True)
    return FieldInfo(position, field, DATE, event.name_span)
