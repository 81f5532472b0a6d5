"""`tongpin try`, `schema`: what a rule author asks of rule files that compile."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from engine.book import Book
from engine.calendar import day_of, iso_instant
from engine.calls import BudgetVerdict, Call, EventResult, LineView, VoucherView
from engine.currencies import CURRENCY_DECIMALS
from engine.decimals import format_minor
from engine.effects import Status
from engine.errors import CallerError
from server.rulebooks import compile_files, read_folder
from tongpin_cli.output import EXIT_INPUT, EXIT_OK, Output, money
from tongpin_cli.revision_output import resolution_data, show_resolution


def try_one(event: Path, rules: Path | None, store: str, output: Output) -> int:
    """Decides one event on an overlay and shows what it would become."""
    if (rules is None) == (not store):
        raise CallerError("USAGE", "give either --rules or --store")
    text = sys.stdin.read() if str(event) == "-" else event.read_text(encoding="utf-8")
    try:
        parsed = msgspec.json.decode(text.encode())
    except msgspec.DecodeError as error:
        raise CallerError("MALFORMED", f"{event} is not JSON: {error}") from error
    if rules is not None:
        book = Book.in_memory([compile_files(read_folder(rules))])
    else:
        book = Book.open(store, compiler=compile_files, read_only=True)
    result = book.dry_run(Call(events=[parsed])).results[0]
    moves = _move_data(result, book)
    day = _business_day(parsed)
    resolution = book.resolve(day) if store and day is not None else None
    book.close()
    show_result(result, output)
    _show_moves(moves, output)
    if resolution is not None:
        show_resolution(resolution, output)
    chosen = (
        resolution_data(resolution)
        if resolution is not None
        else {"revision": book.program().revision if rules is not None else None}
    )
    output.data({**result_data(result), "budget_moves": moves, "resolution": chosen})
    return EXIT_OK if result.status in (Status.POSTED, Status.NO_POSTING) else EXIT_INPUT


def _business_day(event: object) -> int | None:
    """The business date of an event as a day, None where it has none that can be read."""
    text = event.get("date") if isinstance(event, dict) else None
    try:
        return day_of(text) if isinstance(text, str) else None
    except ValueError:
        return None


def show_result(result: EventResult, output: Output) -> None:
    """Prints a result with its draft vouchers."""
    words = " ".join(part for part in (result.status.name, result.reason) if part)
    output.text(f"{result.source}/{result.event_id}: {words}")
    if result.message:
        output.text(f"  {result.message}")
    for draft in result.drafts:
        show_voucher(draft, output)
    show_verdicts(result.budget, output)


def _move_data(result: EventResult, book: Book) -> list[dict[str, str]]:
    """Budget moves of a dry run, amounts as decimals of what their budget counts."""
    if not result.budget_moves:
        return []
    budgets = {budget.wire: budget for budget in book.program().budgets}
    found = []
    for move in result.budget_moves:
        budget = budgets[move.node.partition("[")[0]]
        found.append(
            {
                "node": move.node,
                "kind": move.kind.name,
                "stage": move.stage.name,
                "amount": format_minor(move.amount, budget.scale),
                "counts": budget.currency or budget.unit,
                "reference": move.reference,
                "group": move.group,
                "expires": iso_instant(move.expires_us) if move.expires_us else "",
            }
        )
    return found


def _show_moves(moves: Sequence[Mapping[str, str]], output: Output) -> None:
    if not moves:
        return
    names = ("node", "kind", "stage", "amount", "counts", "reference", "group", "expires")
    header = ("budget move", "kind", "stage", "amount", "of", "reference", "group", "until")
    output.table(header, [tuple(move[name] for name in names) for move in moves], right="   r")


def show_verdicts(verdicts: Sequence[BudgetVerdict], output: Output) -> None:
    """Prints what budget nodes said, as a table."""
    if not verdicts:
        return
    output.table(
        ("budget node", "verdict", "requested", "available", "short", "of", "role"),
        [
            (
                verdict.node,
                verdict.verdict.name,
                format_minor(verdict.requested, verdict.scale),
                format_minor(verdict.available, verdict.scale),
                money(verdict.shortfall, verdict.scale),
                verdict.currency,
                verdict.role,
            )
            for verdict in verdicts
        ],
        right="  rrr",
    )


def show_voucher(voucher: VoucherView, output: Output) -> None:
    """Prints a voucher as a table of its lines."""
    number = voucher.name if voucher.number else f"{voucher.ledger} {voucher.word} (draft)"
    output.text(f"{number}  {voucher.voucher_date}  {voucher.summary}")
    output.table(
        ("account", "name", "debit", "credit", "dimensions"),
        [
            (
                line.account_code,
                line.account_name,
                money(line.debit, voucher.scale),
                money(line.credit, voucher.scale),
                ", ".join((*_currency_words(line), *_dimension_words(line))),
            )
            for line in voucher.lines
        ],
        right="  rr ",
    )


def _dimension_words(line: LineView) -> Iterator[str]:
    return (f"{name}={value}" for name, value in line.dimensions)


def _currency_words(line: LineView) -> Iterator[str]:
    """Foreign amount, currency and rate of a line that has them."""
    if line.currency:
        amount = format_minor(line.fc_debit or line.fc_credit, CURRENCY_DECIMALS[line.currency])
        yield f"{amount} {line.currency} at {line.rate}"


def _foreign(line: LineView) -> dict[str, object]:
    if not line.currency:
        return {}
    decimals = CURRENCY_DECIMALS[line.currency]
    return {
        "currency": line.currency,
        "fc_debit": format_minor(line.fc_debit, decimals),
        "fc_credit": format_minor(line.fc_credit, decimals),
        "rate": line.rate,
    }


def result_data(result: EventResult) -> dict[str, object]:
    """A result for machines."""
    return {
        "source": result.source,
        "event_id": result.event_id,
        "status": result.status.name,
        "reason": result.reason,
        "message": result.message,
        "vouchers": [voucher_data(draft) for draft in result.drafts] or list(result.vouchers),
        "budget": [verdict_data(verdict) for verdict in result.budget],
    }


def verdict_data(verdict: BudgetVerdict) -> dict[str, object]:
    """What a budget node said, for machines; amounts as decimal strings."""
    amounts = {
        name: format_minor(getattr(verdict, name), verdict.scale)
        for name in ("requested", "available", "shortfall", "excess")
    }
    return {
        "node": verdict.node,
        "verdict": verdict.verdict.name,
        **amounts,
        "counts": verdict.currency,
        "role": verdict.role,
        "person": verdict.person,
        "reason": verdict.reason,
    }


def voucher_data(voucher: VoucherView) -> dict[str, object]:
    """A voucher for machines; amounts as decimal strings."""

    def amount(minor: int) -> str:
        return money(minor, voucher.scale).replace(",", "") or format_minor(0, voucher.scale)

    return {
        "name": voucher.name if voucher.number else "",
        "ledger": voucher.ledger,
        "word": voucher.word,
        "voucher_date": voucher.voucher_date,
        "summary": voucher.summary,
        "rule": voucher.rule,
        "lines": [
            {
                "account_code": line.account_code,
                "account_name": line.account_name,
                "debit": amount(line.debit),
                "credit": amount(line.credit),
                "dims": dict(line.dimensions),
                **_foreign(line),
            }
            for line in voucher.lines
        ],
    }


def show_schema(rules: Path, *, as_arrow: bool) -> int:
    """Prints the schemas of the event types."""
    from server.event_types import arrow_schema, event_types_of, json_schema

    program = compile_files(read_folder(rules))
    if as_arrow:
        for kind in event_types_of(program):
            print(f"{kind.wire}\n{arrow_schema(kind)}\n")
    else:
        schemas = {kind.wire: json.loads(json_schema(kind)) for kind in event_types_of(program)}
        print(json.dumps(schemas, ensure_ascii=False, indent=1))
    return EXIT_OK
