"""Shapes of vouchers in a stored book: explained from the log, verified, balanced by ledger."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from engine.book import Book
from engine.calls import Call
from engine.explain import explain_voucher
from engine.verify import verify_book
from server.rulebooks import compile_files

RULES = """
rulebook shapes
ledger general is GL currency CNY
ledger internal is MGMT currency CNY word I chart internal_chart
dimension center is center balancing
chart statutory
  receivable @1122 "Receivables" debit
  revenue    @6001 "Revenue"     credit
  rest       @6711 "Rest"        debit plug
  settlement @3001 "Settlement"  debit requires center
chart internal_chart
  receivable @9122 "Internal receivables" debit
  revenue    @9001 "Internal revenue"     credit
list item
  center center
  amount is value amount max 1000000
event work is work dated day
  center center
  total  amount max 1000000
  items  list of item
rule statutory
  on work
  basis "law"
  explain "{total} of {center}"
  voucher "statutory {center}" merge
    debit    receivable items.amount by center = items.center each items
    transfer items.amount from center to items.center through settlement each items
    credit   revenue total by center
    credit   rest remaining up to 0.05 by center side by sign
rule internal
  on work
  ledger internal
  basis "management"
  voucher "internal {center}"
    debit  receivable total side by sign
    credit revenue    total side by sign
"""

EVENTS = [
    {
        "id": str(number), "type": "work", "date": "2026-03-05", "center": "A", "total": total,
        "items": [{"center": "B", "value": "3.00"}, {"center": "B", "value": "4.00"},
                  {"center": "A", "value": "1.00"}],
    }
    for number, total in enumerate(["8.00", "7.97"])
]  # fmt: skip


PUBLISHED = {
    "id": "p",
    "type": "revision.published",
    "date": "2026-01-01",
    "source": "tongpin",
    "files": [{"path": "shapes.tp", "content": RULES}],
}


def test_they_explain_themselves_and_verify(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'book.db'}"
    with closing(Book.open(url, compiler=compile_files)) as book:
        book.post([Call(events=[PUBLISHED])])
        book.post([Call(events=EVENTS)])
        made, _ = book.vouchers()
        names = [voucher.name for voucher in made]
        for voucher in made:
            explanation = explain_voucher(book, voucher.name)
            amounts = tuple((line.debit, line.credit) for line in voucher.lines)
            assert explanation.recomputed == amounts
        balances = [
            (row.ledger, row.account_code, row.account_name, row.debit, row.credit)
            for row in book.trial_balance()
        ]
    assert len(names) == 4
    # 8.00 and 7.97 of revenue against 8.00 twice of receivables; 0.03 fall to the rest.
    assert balances == [
        ("GL", "1122", "Receivables", 1600, 0),
        ("GL", "3001", "Settlement", 1400, 1400),
        ("GL", "6001", "Revenue", 0, 1597),
        ("GL", "6711", "Rest", 0, 3),
        ("MGMT", "9001", "Internal revenue", 0, 1597),
        ("MGMT", "9122", "Internal receivables", 1597, 0),
    ]
    report = verify_book(url, "main", compile_files)
    assert report.first_bad is None
    assert report.checked["vouchers"] == 4
    # Equal lines merged: receivables of center B, and both sides of the settlement.
    assert [len(voucher.lines) for voucher in made] == [5, 2, 6, 2]
