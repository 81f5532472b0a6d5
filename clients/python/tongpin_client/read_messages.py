"""Messages of the wire as the client's own data."""

from __future__ import annotations

import json
from types import MappingProxyType

from tongpin.v1 import event_pb2, ledger_service_pb2, posting_service_pb2, rule_service_pb2
from tongpin_client.read_budgets import read_verdict
from tongpin_client.results import (
    AccountEntry,
    BatchResult,
    Diagnostic,
    Draft,
    EventResult,
    EventType,
    Money,
    Parameter,
    RuleTestResult,
    Status,
    StoredEvent,
    TrialBalanceRow,
    Voucher,
    VoucherLine,
)

_SEVERITIES = {
    rule_service_pb2.SEVERITY_ERROR: "error",
    rule_service_pb2.SEVERITY_WARNING: "warning",
    rule_service_pb2.SEVERITY_INFO: "info",
}


def read_result(message: event_pb2.EventResult) -> EventResult:
    """The result of one event."""
    return EventResult(
        status=Status(message.status),
        source=message.source,
        event_id=message.event_id,
        reason=message.reason,
        message=message.message,
        vouchers=tuple(message.vouchers),
        seq=message.seq,
        first_status=Status(message.first_status) if message.first_status else None,
        replayed=message.replayed,
        conflicting_fields=tuple(message.conflicting_fields),
        drafts=tuple(map(read_voucher, message.draft_vouchers)),
        budget=tuple(map(read_verdict, message.budget_verdicts)),
    )


def read_batch_result(message: posting_service_pb2.StreamEventsResponse) -> BatchResult:
    """The answer to a batch of a stream."""
    results = tuple(map(read_result, message.results))
    return BatchResult(
        offset=message.offset,
        durable_offset=message.durable_offset,
        counts={Status(number): count for number, count in message.status_counts.items()},
        results=results,
        positions=tuple(message.result_positions) or tuple(range(len(results))),
        seq=message.seq,
        replayed=message.replayed,
    )


def read_voucher(message: event_pb2.Voucher) -> Voucher:
    """A voucher with its lines."""
    return Voucher(
        name=message.name,
        entity=message.entity,
        ledger=message.ledger,
        series=message.series,
        period=message.period,
        word=message.word,
        number=message.number,
        voucher_date=message.voucher_date,
        event_date=message.event_date,
        source=message.source,
        event_id=message.event_id,
        rule=message.rule,
        revision=message.revision,
        summary=message.summary,
        state=message.state,
        reverses=message.reverses,
        lines=tuple(map(_read_line, message.lines)),
        seq=message.seq,
        preparer=message.preparer,
        reviewer=message.reviewer,
        review_time=message.review_time,
    )


def read_draft(message: posting_service_pb2.DraftVoucher) -> Draft:
    """A voucher that waits for a review."""
    return Draft(read_voucher(message.voucher), message.draft, message.role, message.draft_time)


def read_stored_event(message: posting_service_pb2.StoredEvent) -> StoredEvent:
    """An event as stored."""
    return StoredEvent(
        source=message.source,
        event_id=message.event_id,
        type=message.type,
        date=message.date,
        status=Status(message.status),
        reason=message.reason,
        message=message.message,
        content=message.content,
        vouchers=tuple(message.vouchers),
        seq=message.seq,
        principal=message.principal,
        seal_time=message.seal_time,
        revision=message.revision,
    )


def read_trial_balance_row(message: ledger_service_pb2.TrialBalanceRow) -> TrialBalanceRow:
    """An account in a period."""
    return TrialBalanceRow(
        entity=message.entity,
        ledger=message.ledger,
        period=message.period,
        account_code=message.account_code,
        account_name=message.account_name,
        currency_code=message.currency_code,
        scale=message.scale,
        opening_debit_minor=message.opening_debit_minor,
        opening_credit_minor=message.opening_credit_minor,
        debit_minor=message.debit_minor,
        credit_minor=message.credit_minor,
        closing_debit_minor=message.closing_debit_minor,
        closing_credit_minor=message.closing_credit_minor,
    )


def read_parameter(message: ledger_service_pb2.Parameter) -> Parameter:
    """A value of a parameter."""
    return Parameter(
        name=message.name,
        wire=message.wire_name,
        entity=message.entity,
        value=message.value,
        is_default=message.is_default,
        set_date=message.set_date,
        person=message.person,
        reason=message.reason,
    )


def read_account_entry(message: ledger_service_pb2.AccountEntry) -> AccountEntry:
    """A line of an account."""
    return AccountEntry(
        voucher=message.voucher,
        voucher_date=message.voucher_date,
        summary=message.summary,
        source=message.source,
        event_id=message.event_id,
        line=_read_line(message.line),
    )


def read_diagnostic(message: rule_service_pb2.Diagnostic) -> Diagnostic:
    """One mistake in a rule book."""
    return Diagnostic(
        code=message.code,
        severity=_SEVERITIES.get(message.severity, "error"),
        path=message.path,
        line=message.line,
        column=message.column,
        end_line=message.end_line,
        end_column=message.end_column,
        message=message.message,
        suggestions=tuple(message.suggestions),
        rendered=message.rendered,
    )


def read_rule_test(message: rule_service_pb2.RuleTestResult) -> RuleTestResult:
    """The result of a test block."""
    return RuleTestResult(
        name=message.name,
        path=message.path,
        line=message.line,
        passed=message.passed,
        message=message.message,
    )


def read_event_type(message: rule_service_pb2.EventType) -> EventType:
    """A declared event type."""
    return EventType(
        type=message.type,
        name=message.name,
        json_schema=json.loads(message.json_schema),
        arrow_schema=message.arrow_schema,
    )


def _read_line(message: event_pb2.VoucherLine) -> VoucherLine:
    return VoucherLine(
        line_number=message.line_number,
        account_code=message.account_code,
        account_name=message.account_name,
        debit=read_money(message.debit) if message.HasField("debit") else None,
        credit=read_money(message.credit) if message.HasField("credit") else None,
        dimensions=MappingProxyType(dict(message.dimensions)),
        rule_line=message.rule_line,
        foreign=read_money(message.foreign_amount) if message.HasField("foreign_amount") else None,
        exchange_rate=message.exchange_rate,
    )


def read_money(message: event_pb2.Money) -> Money:
    """An amount."""
    return Money(message.minor_units, message.currency_code, message.scale)
