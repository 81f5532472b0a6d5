"""What the engine answers as messages of the wire; no decisions, no storage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from engine.calendar import iso_instant
from engine.calls import (
    AccountEntry,
    DraftView,
    EventResult,
    LineView,
    StoredEventView,
    TrialBalanceRow,
    VoucherView,
)
from engine.currencies import CURRENCY_DECIMALS
from engine.effects import Status
from engine.parameters import ParameterView
from server.convert_budgets import write_verdict
from tongpin.v1 import (
    event_pb2,
    ledger_service_pb2,
    posting_service_pb2,
)

#: Statuses that a summary only counts, where the result carries no reason.
_EXPECTED = frozenset({Status.POSTED, Status.NO_POSTING})


def write_result(result: EventResult) -> event_pb2.EventResult:
    """The result of one event. The numbers of the statuses are those of the wire."""
    written = event_pb2.EventResult(
        status=int(result.status),  # type: ignore[arg-type] # the same numbers, by contract
        reason=result.reason,
        message=result.message,
        vouchers=result.vouchers,
        seq=result.seq,
        source=result.source,
        event_id=result.event_id,
    )
    if result.first_status is not None:
        written.first_status = int(result.first_status)  # type: ignore[assignment] # as above
    if result.replayed:
        written.replayed = True
    if result.conflicting_fields:
        written.conflicting_fields.extend(result.conflicting_fields)
    if result.drafts:
        written.draft_vouchers.extend(map(write_voucher, result.drafts))
    if result.budget:
        written.budget_verdicts.extend(map(write_verdict, result.budget))
    return written


def write_results(results: Iterable[EventResult]) -> list[event_pb2.EventResult]:
    """Results in order."""
    return [write_result(result) for result in results]


def write_stream_answer(
    results: Sequence[EventResult], *, summary_only: bool
) -> posting_service_pb2.StreamEventsResponse:
    """The answer to a batch of a stream, offsets and position left out."""
    answer = posting_service_pb2.StreamEventsResponse()
    for status, count in Counter(result.status for result in results).items():
        answer.status_counts[int(status)] = count
    if not summary_only:
        answer.results.extend(map(write_result, results))
        return answer
    for position, result in enumerate(results):
        if result.reason or result.status not in _EXPECTED:
            answer.results.append(write_result(result))
            answer.result_positions.append(position)
    return answer


def write_voucher(voucher: VoucherView) -> event_pb2.Voucher:
    """A voucher with its lines; a draft has no name."""
    return event_pb2.Voucher(
        name=voucher.name if voucher.number else "",
        entity=voucher.entity,
        ledger=voucher.ledger,
        series=voucher.series,
        period=voucher.period,
        word=voucher.word,
        number=voucher.number,
        voucher_date=voucher.voucher_date,
        event_date=voucher.event_date,
        source=voucher.source,
        event_id=voucher.event_id,
        rule=voucher.rule,
        revision=voucher.revision,
        summary=voucher.summary,
        state=voucher.state,
        reverses=voucher.reverses,
        lines=[write_line(line, voucher.currency, voucher.scale) for line in voucher.lines],
        seq=voucher.seq,
        preparer=voucher.signatures.preparer,
        reviewer=voucher.signatures.reviewer,
        review_time=_instant(voucher.signatures.reviewed_at_us),
    )


def write_draft(draft: DraftView) -> posting_service_pb2.DraftVoucher:
    """A voucher that waits for a review."""
    return posting_service_pb2.DraftVoucher(
        voucher=write_voucher(draft.voucher),
        draft=draft.draft,
        role=draft.role,
        draft_time=iso_instant(draft.drafted_at_us),
    )


def _instant(time_us: int) -> str:
    return iso_instant(time_us) if time_us else ""


def write_line(line: LineView, currency: str, scale: int) -> event_pb2.VoucherLine:
    """A voucher line; the side without an amount is absent."""
    return event_pb2.VoucherLine(
        line_number=line.line_no,
        account_code=line.account_code,
        account_name=line.account_name,
        debit=_money(line.debit, currency, scale) if line.debit else None,
        credit=_money(line.credit, currency, scale) if line.credit else None,
        dimensions=dict(line.dimensions),
        rule_line=line.rule_line,
        foreign_amount=_foreign(line),
        exchange_rate=line.rate,
    )


def _foreign(line: LineView) -> event_pb2.Money | None:
    """The foreign amount of a line, on whichever side it is."""
    if not line.currency:
        return None
    amount = line.fc_debit or line.fc_credit
    return _money(amount, line.currency, CURRENCY_DECIMALS[line.currency])


def _money(minor_units: int, currency: str, scale: int) -> event_pb2.Money:
    return event_pb2.Money(minor_units=minor_units, currency_code=currency, scale=scale)


def write_stored_event(event: StoredEventView) -> posting_service_pb2.StoredEvent:
    """An event as stored."""
    return posting_service_pb2.StoredEvent(
        source=event.source,
        event_id=event.event_id,
        type=event.type,
        date=event.date,
        status=int(event.status),  # type: ignore[arg-type] # the same numbers, by contract
        reason=event.reason,
        message=event.message,
        content=event.content,
        vouchers=event.vouchers,
        seq=event.seq,
        principal=event.principal,
        seal_time=iso_instant(event.sealed_at_us),
        revision=event.revision,
    )


def write_trial_balance_row(row: TrialBalanceRow) -> ledger_service_pb2.TrialBalanceRow:
    """An account in a period."""
    return ledger_service_pb2.TrialBalanceRow(
        entity=row.entity,
        ledger=row.ledger,
        period=row.period,
        account_code=row.account_code,
        account_name=row.account_name,
        currency_code=row.currency,
        scale=row.scale,
        opening_debit_minor=row.opening_debit,
        opening_credit_minor=row.opening_credit,
        debit_minor=row.debit,
        credit_minor=row.credit,
        closing_debit_minor=row.closing_debit,
        closing_credit_minor=row.closing_credit,
    )


def write_account_entry(
    entry: AccountEntry, currency: str, scale: int
) -> ledger_service_pb2.AccountEntry:
    """A line of an account."""
    return ledger_service_pb2.AccountEntry(
        voucher=entry.voucher,
        voucher_date=entry.voucher_date,
        summary=entry.summary,
        line=write_line(entry.line, currency, scale),
        source=entry.source,
        event_id=entry.event_id,
    )


def write_parameter(view: ParameterView) -> ledger_service_pb2.Parameter:
    """A value of a parameter."""
    return ledger_service_pb2.Parameter(
        name=view.name,
        wire_name=view.wire,
        entity=view.entity,
        value=view.value,
        is_default=view.is_default,
        set_date=view.since,
        person=view.by,
        reason=view.reason,
    )
