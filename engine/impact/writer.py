"""Writes the files of an impact comparison: events, lines, accounts, dimensions, summary.

Rows are written as events settle, in row groups; the summary comes last, so a folder without one
is not complete.
"""

# The stubs of pyarrow tell apart types that its functions take alike.
# mypy: disable-error-code="arg-type"

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from engine.decimals import format_minor
from engine.impact.classes import ChangeClass
from engine.impact.joining import JoinedEvent
from engine.output.columns import amount_type
from engine.output.parquet_file import ParquetFile
from engine.output.trial_balance import plain_cell

#: Events gathered before their rows become a table.
_ROWS_GATHERED = 5_000

#: Decimals of amounts in `lines.parquet`; no currency has more.
_AMOUNT_SCALE = 4

_TEXT, _I64, _I32 = pa.string(), pa.int64(), pa.int32()

EVENTS = pa.schema(
    [
        ("input_no", _I64),
        ("source", _TEXT),
        ("event_id", _TEXT),
        ("type", _TEXT),
        ("date", _TEXT),
        ("class", _TEXT),
        ("old_status", _TEXT),
        ("old_reason", _TEXT),
        ("new_status", _TEXT),
        ("new_reason", _TEXT),
    ]
)

LINES = pa.schema(
    [
        ("input_no", _I64),
        ("source", _TEXT),
        ("event_id", _TEXT),
        ("class", _TEXT),
        ("side", _TEXT),  # "old" or "new"
        ("entity", _TEXT),
        ("ledger", _TEXT),
        ("period", _TEXT),
        ("voucher_date", _TEXT),
        ("summary", _TEXT),
        ("line_no", _I32),
        ("account_code", _TEXT),
        ("account_name", _TEXT),
        ("debit", amount_type(_AMOUNT_SCALE)),
        ("credit", amount_type(_AMOUNT_SCALE)),
        ("dimensions", _TEXT),  # JSON object
    ]
)


class ImpactWriter:
    """Writes one folder, or nothing where there is none."""

    def __init__(self, folder: Path | None) -> None:
        """Makes the folder and opens its files; files of an earlier run are replaced."""
        self._folder = folder
        self._events: list[tuple[object, ...]] = []
        self._lines: list[tuple[object, ...]] = []
        self._files: tuple[ParquetFile, ParquetFile] | None = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "summary.json").unlink(missing_ok=True)
            self._files = (
                ParquetFile(folder / "events.parquet", EVENTS),
                ParquetFile(folder / "lines.parquet", LINES),
            )

    def __enter__(self) -> Self:
        """The writer."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes the files."""
        for file in self._files or ():
            file.close()

    def add(self, event: JoinedEvent, change: ChangeClass) -> None:
        """Adds an event, and its lines on both sides where they are not the same."""
        if self._files is None:
            return
        old, new = event.outcomes
        self._events.append(
            (
                event.input_no,
                event.source,
                event.event_id,
                event.type,
                event.date,
                change.value,
                old.status.name,
                old.reason,
                new.status.name,
                new.reason,
            )
        )
        if change is not ChangeClass.SAME:
            self._lines += _line_rows(event, change)
        if len(self._events) >= _ROWS_GATHERED:
            self._flush()

    def finish(
        self,
        accounts: Sequence[Mapping[str, object]],
        dimensions: Sequence[Mapping[str, object]],
        summary: Mapping[str, object],
    ) -> None:
        """Writes what stands at the end: `accounts.csv`, `dimensions.csv`, `summary.json`."""
        if self._folder is None:
            return
        self._flush()
        names = ("account_code", "account_name", "debit", "credit")
        by_account = ("entity", "ledger", "period", *names)
        _write_csv(self._folder / "accounts.csv", by_account, accounts)
        by_dimension = ("dimension", "value", "entity", "ledger", *names)
        _write_csv(self._folder / "dimensions.csv", by_dimension, dimensions)
        text = json.dumps(summary, ensure_ascii=False, indent=2)
        (self._folder / "summary.json").write_text(text + "\n", encoding="utf-8")

    def _flush(self) -> None:
        for file, rows in zip(self._files or (), (self._events, self._lines), strict=False):
            if rows:
                columns = [
                    pa.array(column, field.type)
                    for column, field in zip(zip(*rows, strict=True), file.schema, strict=True)
                ]
                file.add(pa.table(columns, schema=file.schema))
                rows.clear()


def _line_rows(event: JoinedEvent, change: ChangeClass) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for side, outcome in zip(("old", "new"), event.outcomes, strict=True):
        for voucher in outcome.vouchers:
            for number, line in enumerate(voucher.lines, start=1):
                rows.append(
                    (
                        event.input_no,
                        event.source,
                        event.event_id,
                        change.value,
                        side,
                        voucher.entity,
                        voucher.ledger,
                        voucher.period,
                        voucher.voucher_date,
                        voucher.summary,
                        number,
                        line.account_code,
                        line.account_name,
                        Decimal(format_minor(line.debit, voucher.scale)),
                        Decimal(format_minor(line.credit, voucher.scale)),
                        json.dumps(dict(line.dimensions), ensure_ascii=False),
                    )
                )
    return rows


def _write_csv(path: Path, header: Sequence[str], rows: Sequence[Mapping[str, object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        for row in rows:
            cells = [str(row[name]) for name in header]
            amounts = {"debit", "credit"}
            writer.writerow(
                [
                    cell if name in amounts else plain_cell(cell)
                    for name, cell in zip(header, cells, strict=True)
                ]
            )
