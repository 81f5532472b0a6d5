"""Parameters of the book: their declarations, and what reads them."""

from __future__ import annotations

from engine.program import (
    PARAMETER_FIELDS,
    PARAMETER_PREFIX,
    Field,
    FieldType,
    Kind,
    Op,
    Parameter,
    Record,
    RecordField,
    Span,
)
from rules_dsl import syntax
from rules_dsl.bounds import NOTHING, Range
from rules_dsl.lower.book import Book, ParameterInfo
from rules_dsl.lower.conditions import select
from rules_dsl.lower.fields import read_field
from rules_dsl.lower.scope import Scope
from rules_dsl.lower.values import Value
from rules_dsl.reporting import Reporter
from rules_dsl.types import kind_of


def lower_parameters(book: Book, report: Reporter) -> None:
    """Fills in the parameters and the records their values are kept in."""
    for declaration in book.symbols.parameters.values():
        with report.inside(f"parameter {declaration.name}"):
            before = report.errors
            field, value_type = read_field(_as_field(declaration), book, report)
        if report.errors > before or field.default is None:
            book.parameter_info[declaration.name] = None
            continue
        index = len(book.records)
        book.records.append(_record(field))
        book.parameters.append(Parameter(field, index))
        book.parameter_info[declaration.name] = ParameterInfo(field, value_type, index)


def _as_field(declaration: syntax.ParameterDecl) -> syntax.FieldDecl:
    return syntax.FieldDecl(
        name=declaration.name,
        name_span=declaration.name_span,
        wire=declaration.wire,
        type=declaration.type,
        optional=False,
        default=declaration.default,
        personal=False,
        span=declaration.span,
    )


def _record(field: Field) -> Record:
    value, since, person, reason = PARAMETER_FIELDS
    return Record(
        name=f"{PARAMETER_PREFIX}{field.wire}",
        keys=("entity",),
        fields=(
            RecordField(value, field.type, field.scale, field.currency),
            RecordField(since, FieldType.DATE),
            RecordField(person, FieldType.TEXT),
            RecordField(reason, FieldType.TEXT),
        ),
        sources=(),
    )


def read_parameter(scope: Scope, info: ParameterInfo, span: Span) -> Value:
    """The value for the event's entity, else the book's, else the default.

    It is read once for an event that the rule matches, whatever condition it stands under.
    """
    graph, field = scope.graph, info.field
    before, graph.frame = graph.frame, None
    entity = graph.add(Op.ENTITY, (), kind=Kind.TEXT, span=span)
    every = graph.constant(Kind.TEXT, "", span)
    kind = kind_of(info.type)
    found = graph.constant(kind, field.default, span, scale=field.scale)
    for key in (every, entity):
        is_set = graph.add(Op.HAS_RECORD, (key,), info.record, kind=Kind.BOOL, span=span)
        with graph.under(is_set, truth=True):
            kept = graph.add(
                Op.RECORD,
                (key,),
                (info.record, 0),
                kind=kind,
                scale=field.scale,
                values=Range(field.low, field.high) if kind is Kind.NUMBER else NOTHING,
                span=span,
            )
        found = select(scope, is_set, kept, found, span)
    graph.frame = before
    return Value(info.type, found, span)
