"""Test blocks: every name in them is declared. What they give and expect is run, not lowered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rules_dsl import syntax
from rules_dsl.lower.book import Book, FieldInfo
from rules_dsl.lower.constants import report_code_value
from rules_dsl.reporting import Reporter
from rules_dsl.types import CodeType


def check_tests(book: Book, files: Iterable[syntax.File], report: Reporter) -> None:
    """Reports names in tests that nothing declares (TP201), and values outside a code (TP202)."""
    for file in files:
        for declaration in file.declarations:
            if isinstance(declaration, syntax.TestDecl):
                with report.inside(f"test {declaration.name}"):
                    for step in declaration.steps:
                        _check_step(step, book, report)


def _check_step(step: syntax.TestStep, book: Book, report: Reporter) -> None:
    match step:
        case syntax.GivenEvent():
            _check_event(step, book, report)
        case syntax.GivenRecord():
            _check_record(step, book, report)
        case syntax.GivenTarget():
            if step.target.text not in book.target_info:
                _unknown("target", step.target, book.target_info, book, report)
        case syntax.GivenBalance():
            _check_account(step.account, book, report)
            _check_dimensions(step.keys, book, report)
        case syntax.ExpectVoucher():
            for line in step.lines:
                account = line.account
                named = account if isinstance(account, syntax.Name) else account.name
                _check_account(named, book, report)
                _check_dimensions(line.dimensions, book, report)
        case syntax.GivenParameter():
            if step.name.text not in book.parameter_info:
                _unknown("parameter", step.name, book.parameter_info, book, report)
        case syntax.GivenBudget():
            _check_budget(step.node, book, report)
            if step.parent is not None:
                _check_budget(step.parent, book, report)
        case syntax.ExpectMove() | syntax.ExpectAvailable():
            _check_budget(step.node, book, report)
        case _:
            return


def _check_event(step: syntax.GivenEvent, book: Book, report: Reporter) -> None:
    event = book.events.get(step.event.text)
    if event is None:
        _unknown("event", step.event, book.events, book, report)
        return
    if event.broken:
        return
    _check_fields(step.values, event.fields, f" in the event {event.name}", book, report)


def _check_fields(
    values: Iterable[tuple[syntax.Name, syntax.GivenValue]],
    fields: Mapping[str, FieldInfo],
    where: str,
    book: Book,
    report: Reporter,
) -> None:
    if not fields:  # of a list that is not known, which is told at its own place
        return
    for name, value in values:
        field = fields.get(name.text)
        if field is None:
            report.unknown("field", name.text, name.span, fields, where=where)
            continue
        parts = value.items if isinstance(value, syntax.ListValue) else (value,)
        items = field.items or {}
        for part in parts:
            if isinstance(part, syntax.RecordValue):
                _check_fields(part.values, items, f" in {name.text}", book, report)
            elif isinstance(part, syntax.Name):
                only = items.get("value") if field.items is not None else field
                _check_code(part, only, book, report)


def _check_code(value: syntax.Name, field: FieldInfo | None, book: Book, report: Reporter) -> None:
    """A bare name given for a code is one of its values; what it has not stands in quotes."""
    if field is None or not isinstance(field.type, CodeType):
        return
    code = book.codes[field.type.code]
    if value.text in code.wires or value.text in code.wires.values():
        return
    report_code_value(value, code, report)


def _check_record(step: syntax.GivenRecord, book: Book, report: Reporter) -> None:
    name = step.record
    if name.text not in book.record_info:
        _unknown("record", name, book.record_info, book, report)
        return
    record = book.record_info[name.text]
    if record is None:
        return
    for field, _ in step.values:
        if field.text not in record.fields:
            report.unknown(
                "field", field.text, field.span, record.fields, where=f" in the record {name.text}"
            )


def _check_account(account: syntax.Name, book: Book, report: Reporter) -> None:
    if account.text not in book.account_index and not book.broken_chart:
        _unknown("account", account, book.account_index, book, report)


def _check_dimensions(parts: Iterable[syntax.DimensionArg], book: Book, report: Reporter) -> None:
    for part in parts:
        if part.dimension.text not in book.dimension_index:
            _unknown("dimension", part.dimension, book.dimension_index, book, report)


def _check_budget(node: syntax.TestNode, book: Book, report: Reporter) -> None:
    if node.budget.text not in book.budget_info:
        _unknown("budget", node.budget, book.budget_info, book, report)


def _unknown(
    kind: str, name: syntax.Name, candidates: Iterable[str], book: Book, report: Reporter
) -> None:
    if name.text not in book.symbols.broken:
        report.unknown(kind, name.text, name.span, candidates)
