"""`tongpin report`."""

from __future__ import annotations

import csv as csv_module
import sys
from collections.abc import Sequence

from engine.calls import TrialBalanceRow
from engine.decimals import format_minor
from tongpin_cli.books import open_for_reading
from tongpin_cli.output import EXIT_OK, Output, money

_AMOUNTS = (
    "opening_debit",
    "opening_credit",
    "debit",
    "credit",
    "closing_debit",
    "closing_credit",
)


def show_trial_balance(
    where: tuple[str, str, str], scope: tuple[str, str, str], output: Output, *, csv: bool
) -> int:
    """Prints a trial balance; where is (store, server, token), scope (entity, ledger, period)."""
    rows = _rows(where, scope)
    names = ("entity", "ledger", "period", "account_code", "account_name", *_AMOUNTS)
    records = [
        {
            "entity": row.entity,
            "ledger": row.ledger,
            "period": row.period,
            "account_code": row.account_code,
            "account_name": row.account_name,
            **{name: format_minor(getattr(row, name), row.scale) for name in _AMOUNTS},
        }
        for row in rows
    ]
    if csv:
        writer = csv_module.DictWriter(sys.stdout, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
        return EXIT_OK
    output.data(records)
    show_rows(rows, output)
    return EXIT_OK


def show_rows(rows: Sequence[TrialBalanceRow], output: Output) -> None:
    """Prints trial balance rows as a table."""
    output.table(
        ("period", "account", "name", "opening", "debit", "credit", "closing"),
        [
            (
                row.period,
                row.account_code,
                row.account_name,
                _net(row.opening_debit, row.opening_credit, row.scale),
                money(row.debit, row.scale),
                money(row.credit, row.scale),
                _net(row.closing_debit, row.closing_credit, row.scale),
            )
            for row in rows
        ],
        right="   rrrr",
    )


def _net(debit: int, credit: int, scale: int) -> str:
    if debit:
        return f"借 {money(debit, scale)}"
    return f"贷 {money(credit, scale)}" if credit else "平"


def _rows(where: tuple[str, str, str], scope: tuple[str, str, str]) -> list[TrialBalanceRow]:
    store, server, token = where
    entity, ledger, period = scope
    if not server:
        book = open_for_reading(store)
        try:
            return book.trial_balance(entity=entity, ledger=ledger, period=period)
        finally:
            book.close()
    from tongpin_client import Client

    with Client(server, token=token or None) as client:
        return [
            TrialBalanceRow(
                entity=row.entity,
                ledger=row.ledger,
                period=row.period,
                account_code=row.account_code,
                account_name=row.account_name,
                currency=row.currency_code,
                scale=row.scale,
                **{name: getattr(row, name + "_minor") for name in _AMOUNTS},
            )
            for row in client.trial_balance(entity=entity, ledger=ledger, period=period)
        ]
