"""Writes `trial_balance.csv`."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from engine.calls import TrialBalanceRow
from engine.decimals import format_minor

_HEADER = (
    "entity",
    "ledger",
    "period",
    "account_code",
    "account_name",
    "opening_debit",
    "opening_credit",
    "debit",
    "credit",
    "closing_debit",
    "closing_credit",
)

# Spreadsheet programs run a cell that starts like this as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_trial_balance(path: Path, rows: Sequence[TrialBalanceRow]) -> None:
    """Writes the rows that have any balance or movement, sorted, in UTF-8 with LF line ends.

    Amounts are in the ledger's functional currency at its scale; red amounts are negative on
    their side. A text that a spreadsheet program would take for a formula gets a `'` before it.
    """
    kept = [row for row in rows if any(_amounts(row))]
    kept.sort(key=lambda row: (row.entity, row.ledger, row.period, row.account_code))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_HEADER)
        for row in kept:
            texts = (row.entity, row.ledger, row.period, row.account_code, row.account_name)
            amounts = [format_minor(amount, row.scale) for amount in _amounts(row)]
            writer.writerow([*map(plain_cell, texts), *amounts])


def _amounts(row: TrialBalanceRow) -> tuple[int, ...]:
    return (
        row.opening_debit,
        row.opening_credit,
        row.debit,
        row.credit,
        row.closing_debit,
        row.closing_credit,
    )


def plain_cell(text: str) -> str:
    """A text for a CSV cell; what a spreadsheet program would run as a formula gets a `'`."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
