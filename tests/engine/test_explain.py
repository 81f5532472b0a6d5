"""A posted voucher explains itself from what was recorded with it, defaults included."""

from __future__ import annotations

import pytest

from engine.book import Book
from engine.calls import Call
from engine.explain import explain_voucher
from server.rulebooks import compile_files

DECLARATIONS = """
rulebook deals
ledger general is GL currency CNY
chart deals_chart
  bank    @1002 "Bank"    debit
  revenue @6001 "Revenue" credit
  other   @6002 "Other"   credit
record deal key contract from signed
  price amount optional default 5.00
event signed expects none
  contract text
  price    amount optional
event paid expects one
  contract text
  amount   amount
"""

BY_EXISTENCE = """
rule payment
  on paid
  basis "who has a contract pays for it"
  voucher "contract" when given deal[contract]
    debit  bank    amount
    credit revenue amount
  voucher "no contract" when not given deal[contract]
    debit  bank  amount
    credit other amount
"""

BY_PRICE = """
rule payment
  on paid
  basis "the price is paid, whatever it is"
  voucher "price"
    debit  bank    deal[contract].price
    credit revenue deal[contract].price
"""


def _book(rules: str, *events: dict[str, str]) -> Book:
    book = Book.in_memory([compile_files([("deals.tp", (DECLARATIONS + rules).encode())])])
    dated = [{"date": "2026-03-05", **event} for event in events]
    book.post([Call(events=dated)])
    return book


SIGNED = {"id": "1", "type": "signed", "contract": "K1"}
PAID = {"id": "2", "type": "paid", "contract": "K1", "amount": "1.00"}
PAID_WITHOUT = {"id": "3", "type": "paid", "contract": "K2", "amount": "1.00"}


@pytest.mark.parametrize(
    ("rules", "vouchers"), [(BY_EXISTENCE, 2), (BY_PRICE, 1)], ids=["existence", "default"]
)
def test_voucher_that_asked_for_a_record_explains_itself(rules: str, vouchers: int) -> None:
    book = _book(rules, SIGNED, PAID, PAID_WITHOUT)
    made, _ = book.vouchers()
    assert len(made) == vouchers
    for voucher in made:
        explanation = explain_voucher(book, voucher.name)
        amounts = tuple((line.debit, line.credit) for line in voucher.lines)
        assert explanation.recomputed == amounts
        assert explanation.reads
