"""`tongpin impact`: the same events under two revisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.calendar import day_of
from engine.decimals import format_minor
from engine.errors import MalformedInput
from engine.impact import (
    ChangeClass,
    Example,
    ImpactReport,
    compare_book,
    compare_events,
)
from engine.program import NO_DATE
from server.rulebooks import compile_files, read_folder
from tongpin_cli.books import events_of, open_for_reading
from tongpin_cli.output import EXIT_INPUT, EXIT_OK, Output
from tongpin_cli.progress import with_progress

#: Rows of each dimension printed for people; files hold all.
_DIMENSION_ROWS = 10

_CLASS_WORDS = {
    ChangeClass.NEWLY_FAILING: "newly failing",
    ChangeClass.NEWLY_PASSING: "newly passing",
    ChangeClass.NEWLY_POSTED: "newly posted",
    ChangeClass.NO_LONGER_POSTED: "no longer posted",
    ChangeClass.ACCOUNT: "other account",
    ChangeClass.DIMENSION: "other dimension",
    ChangeClass.AMOUNT: "other amount",
    ChangeClass.BUDGET: "other budget move",
    ChangeClass.OTHER: "other difference",
    ChangeClass.SAME: "same",
}


@dataclass(frozen=True, slots=True)
class Sides:
    """What is compared: rule folders, the dates the new one holds, and where files go."""

    rules: Path
    against: Path | None
    valid_from: str
    valid_until: str
    out: Path | None


def impact_of_files(
    sides: Sides,
    source: tuple[Sequence[Path], str, tuple[str, ...]],
    output: Output,
    *,
    expect_none: bool,
) -> int:
    """Compares two rule folders over event files; source is (files, encoding, entities)."""
    files, encoding, entities = source
    new = compile_files(read_folder(sides.rules))
    old = compile_files(read_folder(sides.against)) if sides.against is not None else new
    report = with_progress(
        output,
        lambda progress: compare_events(
            old,
            new,
            events_of(files, encoding),
            entities=entities,
            folder=sides.out,
            progress=progress,
        ),
    )
    return _show(report, sides.out, output, expect_none=expect_none)


def impact_of_store(sides: Sides, store: str, output: Output, *, expect_none: bool) -> int:
    """Compares a rule folder with what a book decided under, over the book's own events."""
    new = compile_files(read_folder(sides.rules))
    old = compile_files(read_folder(sides.against)) if sides.against is not None else None
    first, last = _day(sides.valid_from), _day(sides.valid_until)
    book = open_for_reading(store)
    try:
        report = with_progress(
            output,
            lambda progress: compare_book(
                book,
                new,
                old=old,
                valid_from=first,
                valid_until=last,
                folder=sides.out,
                progress=progress,
            ),
        )
    finally:
        book.close()
    return _show(report, sides.out, output, expect_none=expect_none)


def _day(text: str) -> int:
    if not text:
        return NO_DATE
    try:
        return day_of(text)
    except ValueError as error:
        raise MalformedInput("MALFORMED", f"{text} is no date; write 2026-03-05") from error


def _show(report: ImpactReport, out: Path | None, output: Output, *, expect_none: bool) -> int:
    output.data(report.to_json())
    output.text(f"old revision  {report.old_revision or 'none'}")
    output.text(f"new revision  {report.new_revision}")
    rows = [
        (words, f"{report.counts[change]:,}")
        for change, words in _CLASS_WORDS.items()
        if report.counts[change]
    ]
    output.table(("events", "count"), [*rows, ("in all", f"{report.event_count:,}")], right=" r")
    _show_types(report, output)
    _show_totals(report, output)
    for example in report.examples:
        _show_example(example, output)
    if out is not None:
        output.text(f"files are in {out}")
    if expect_none and report.changed_count:
        output.note(f"events that differ: {report.changed_count}; none was expected to")
        return EXIT_INPUT
    return EXIT_OK


def _show_types(report: ImpactReport, output: Output) -> None:
    if not report.types:
        return
    output.text()
    rows = [
        (kind, _CLASS_WORDS[change], f"{count:,}")
        for (kind, change), count in sorted(report.types.items())
    ]
    output.table(("event type", "change", "count"), rows, right="  r")


def _show_totals(report: ImpactReport, output: Output) -> None:
    if report.accounts:
        output.text("\nnew minus old, by account")
        output.table(
            ("ledger", "account", "name", "debit", "credit"),
            [
                (
                    f"{row.entity}/{row.ledger}",
                    row.account_code,
                    row.account_name,
                    _amount(row.debit, row.scale),
                    _amount(row.credit, row.scale),
                )
                for row in report.by_account()
            ],
            right="   rr",
        )
    shown = report.largest_by_dimension(_DIMENSION_ROWS)
    if shown:
        more = len(report.dimensions) - len(shown)
        output.text(
            "\nnew minus old, by dimension" + (f" (largest; {more:,} more rows)" if more else "")
        )
        output.table(
            ("dimension", "value", "ledger", "account", "name", "debit", "credit"),
            [
                (
                    row.dimension,
                    row.value,
                    f"{row.entity}/{row.ledger}",
                    row.account_code,
                    row.account_name,
                    _amount(row.debit, row.scale),
                    _amount(row.credit, row.scale),
                )
                for row in shown
            ],
            right="     rr",
        )


def _show_example(example: Example, output: Output) -> None:
    event = example.event
    words = _CLASS_WORDS[example.change]
    output.text(f"\n{words}: {event.source}/{event.event_id}, {event.type}, {event.date}")
    for side, outcome in zip(("old", "new"), event.outcomes, strict=True):
        said = " ".join(part for part in (outcome.status.name, outcome.reason) if part)
        output.text(f"  {side}  {said}" + (f": {outcome.message}" if outcome.message else ""))
        for voucher in outcome.vouchers:
            output.text(f"       {voucher.ledger} {voucher.voucher_date} {voucher.summary}")
            for line in voucher.lines:
                which = "debit " if line.debit else "credit"
                amount = _amount(line.debit or line.credit, voucher.scale)
                under = ", ".join(f"{name}={value}" for name, value in line.dimensions)
                name = f"{line.account_code} {line.account_name}"
                output.text(f"         {which} {name}  {amount}" + (f"  {under}" if under else ""))
        for move in outcome.moves:
            output.text(f"         {move.node} {move.stage} by {move.kind}")


def _amount(minor: int, scale: int) -> str:
    return format_minor(minor, scale)
