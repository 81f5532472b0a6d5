"""Records: what an accepted event writes, and what it leaves as it was."""

from __future__ import annotations

import pytest

from engine.book import Book
from engine.calls import Call
from engine.explain import explain_voucher
from server.rulebooks import compile_files

_RULES = """rulebook records
ledger main is GL currency CNY
dimension contract is contract
chart chart
  bank @1002 "bank" debit
  debt @2001 "debt" credit
event signed is contract.signed
  contract contract
  price amount
event changed is contract.changed
  contract contract
  price amount optional default 100
event paid is contract.paid expects one
  contract contract
record deal key contract from signed, changed
  price amount
rule pay
  on paid
  basis "contract"
  voucher "pay {contract}"
    debit bank deal[contract].price
    credit debt deal[contract].price
"""


def _event(number: int, kind: str, **fields: str) -> dict[str, object]:
    return {"id": str(number), "type": kind, "date": "2026-03-05", "contract": "K1", **fields}


@pytest.mark.parametrize("evaluator", ["closures", "columns"])
def test_absent_field_with_default_leaves_the_record_as_it_was(evaluator: str) -> None:
    program = compile_files([("r.tp", _RULES.encode())])
    book = Book.in_memory([program], evaluator=evaluator)  # type: ignore[arg-type]
    events = [
        _event(1, "contract.paid"),
        _event(2, "contract.signed", price="5.00"),
        _event(3, "contract.paid"),
        _event(4, "contract.changed"),
        _event(5, "contract.paid"),
        _event(6, "contract.changed", price="7.00"),
        _event(7, "contract.paid"),
    ]
    results = book.post([Call(events=events)])[0].results
    assert (results[0].status.name, results[0].reason) == ("UNPOSTED", "MISSING_RECORD")
    vouchers, _ = book.vouchers()
    assert [voucher.lines[0].debit for voucher in vouchers] == [500, 500, 700]


_GIVEN = (
    _RULES.replace("event paid", "event seen", 1).replace("contract.paid", "contract.seen")
    + """event paid is contract.paid expects one
  contract contract
rule deposit
  on paid
  basis "contract"
  let price = if given deal[contract] then deal[contract].price else 1.00
  voucher "deposit {contract}"
    debit bank price
    credit debt price
"""
).replace("  on paid\n", "  on seen\n", 1)


@pytest.mark.parametrize("evaluator", ["closures", "columns"])
def test_whether_a_record_exists_is_a_recorded_read(evaluator: str) -> None:
    book = Book.in_memory(
        [compile_files([("r.tp", _GIVEN.encode())])],
        evaluator=evaluator,  # type: ignore[arg-type]
    )
    book.post([Call(events=[_event(1, "contract.paid"), _event(2, "contract.signed", price="5")])])
    book.post([Call(events=[_event(3, "contract.paid")])])
    before, after = (explain_voucher(book, f"2026-03/记/{number}") for number in (1, 2))
    assert [(read.kind, read.known) for read in before.reads] == [("existence", False)]
    assert [(read.kind, read.known) for read in after.reads] == [
        ("existence", True),
        ("record", True),
    ]
    assert [view.recomputed for view in (before, after)] == [
        ((100, 0), (0, 100)),
        ((500, 0), (0, 500)),
    ]
