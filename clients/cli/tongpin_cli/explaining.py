"""`tongpin explain`: why a voucher is as it is, and why an event made none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from engine.calendar import iso_instant
from engine.decimals import format_minor
from engine.errors import UnknownObject
from engine.explain import Explanation, explain_voucher
from engine.explain_budgets import BudgetStep, EventExplanation, explain_event
from engine.explain_lines import ExplainedLine
from engine.explain_text import explanation_lines
from tongpin_cli.books import open_for_reading
from tongpin_cli.output import EXIT_INPUT, EXIT_OK, Output
from tongpin_cli.rules import show_voucher, voucher_data

if TYPE_CHECKING:
    from tongpin_client import VoucherExplanation


def explain_one(store: str, wanted: tuple[str, str, int], output: Output) -> int:
    """Explains a voucher, or an event: every voucher of it, or why it has none.

    Args:
        store: the book.
        wanted: name of a voucher or "", SOURCE/ID of an event or "", line number or 0 for all.
        output: where to.
    """
    voucher, event, line_no = wanted
    book = open_for_reading(store)
    try:
        stored = None
        names = [voucher]
        if event:
            source, _, event_id = event.rpartition("/")
            stored = explain_event(book, source, event_id)
            names = list(stored.vouchers)
        found = [explain_voucher(book, name) for name in names]
    finally:
        book.close()
    return show_explanations(found, stored, line_no, output)


def explain_over(where: tuple[str, str], wanted: tuple[str, str, int], output: Output) -> int:
    """The same from a server; `where`: address and token. Says nothing of an unposted event."""
    from tongpin_client import Client

    server, token = where
    voucher, event, line_no = wanted
    source, _, event_id = event.rpartition("/")
    with Client(server, token=token or None) as client:
        found = client.explain(voucher, source=source, event_id=event_id, line_number=line_no)
        if not found:
            stored = client.event(source or "default", event_id)
            output.text(f"{event} is {stored.status.name} {stored.reason} and made no voucher.")
            output.text(stored.message)
            output.data([{"voucher": None, "status": stored.status.name, "reason": stored.reason}])
            return EXIT_OK
    for one in found:
        output.text(one.voucher.name)
        for text in one.rendered:
            output.text(text)
        output.text()
    output.data([_remote_data(one) for one in found])
    return EXIT_OK if all(one.agrees for one in found) else EXIT_INPUT


def _remote_data(one: VoucherExplanation) -> dict[str, object]:
    return {
        "voucher": {"name": one.voucher.name, "summary": one.voucher.summary},
        "agrees": one.agrees,
        "event": dict(one.event.fields),
        "principal": one.event.principal,
        "sentence": one.sentence,
        "rule": one.rule,
        "rule_place": one.rule_place,
        "rule_text": one.rule_text,
        "basis": one.basis,
        "revision": one.voucher.revision,
        "published": one.published,
        "guards": [guard.to_json() for guard in one.guards],
        "lines": [
            {
                "line_no": line.line_number,
                "agrees": line.agrees,
                "place": line.place,
                "text": line.text,
                "account": line.account.to_json(),
                "amounts": [amount.to_json() for amount in line.amounts],
                "dimensions": {name: step.to_json() for name, step in line.dimensions.items()},
            }
            for line in one.lines
        ],
        "reads": [asdict(read) for read in one.reads],
    }


def show_explanations(
    found: Sequence[Explanation], stored: EventExplanation | None, line_no: int, output: Output
) -> int:
    """Prints explanations; EXIT_INPUT where one does not agree with what was posted."""
    if line_no and not any(line_no <= len(one.lines) for one in found):
        message = f"there is no line {line_no}; leave --line out to see all"
        raise UnknownObject("NOT_FOUND", message, kind="line", name=str(line_no))
    for explanation in found:
        show_voucher(explanation.voucher, output)
        for text in explanation_lines(explanation, line_no=line_no):
            output.text(text)
        output.text()
    if found:
        output.data([explanation_data(explanation, line_no) for explanation in found])
    elif stored is not None:
        _show_without_voucher(stored, output)
    agrees = all(explanation.agrees for explanation in found)
    if not agrees:
        output.note("what was recorded does not lead to the posted amounts; run tongpin verify")
    return EXIT_OK if agrees else EXIT_INPUT


def explanation_data(explanation: Explanation, line_no: int = 0) -> dict[str, object]:
    """An explanation for machines; `line_no`: of one line only, 0 = all."""
    scale = explanation.voucher.scale
    return {
        "voucher": {**voucher_data(explanation.voucher), "name": explanation.voucher.name},
        "agrees": explanation.agrees,
        "event": json.loads(explanation.event.content),
        "principal": explanation.event.principal,
        "sentence": explanation.sentence,
        "rule": explanation.rule,
        "rule_place": explanation.rule_place,
        "rule_text": explanation.rule_text,
        "basis": explanation.basis,
        "revision": explanation.voucher.revision,
        "published": explanation.published,
        "guards": [guard.to_json() for guard in explanation.guards],
        "lines": [
            _line_data(line, scale)
            for line in explanation.lines
            if line_no in (0, line.line.line_no)
        ],
        "reads": [asdict(read) for read in explanation.reads],
        "budgets": [step.to_json() for step in explanation.budgets],
    }


def _line_data(line: ExplainedLine, scale: int) -> dict[str, object]:
    again = line.recomputed
    return {
        "line_no": line.line.line_no,
        "account_code": line.line.account_code,
        "debit": format_minor(line.line.debit, scale),
        "credit": format_minor(line.line.credit, scale),
        "recomputed": None
        if again is None
        else {"debit": format_minor(again[0], scale), "credit": format_minor(again[1], scale)},
        "agrees": line.agrees,
        "place": line.place,
        "text": line.text,
        "account": line.account.to_json(),
        "amounts": [amount.to_json() for amount in line.amounts],
        "dimensions": {name: step.to_json() for name, step in line.dimensions},
        **({name: step.to_json() for name, step in line.foreign}),
    }


def _show_without_voucher(event: EventExplanation, output: Output) -> None:
    words = " ".join(part for part in (event.status.name, event.reason) if part)
    output.text(f"{event.source}/{event.event_id} is {words} and made no voucher. {event.message}")
    output.text(f"event     {event.source}/{event.event_id}, {event.type}")
    at = iso_instant(event.sealed_at_us)
    output.text(f"sent by   {event.principal}, commit {event.seq}, {at}")
    _show_budgets(event.steps, output)
    output.data(
        [
            {
                "voucher": None,
                "event": json.loads(event.content) if event.content else None,
                "status": event.status.name,
                "reason": event.reason,
                "message": event.message,
                "principal": event.principal,
                "budgets": [step.to_json() for step in event.steps],
            }
        ]
    )


def _show_budgets(steps: Sequence[BudgetStep], output: Output) -> None:
    for step in steps:
        for line in step.to_text():
            output.text(line)
