"""Each answer to why a rule did not post, by an event made for it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from engine.book import Book
from engine.calls import Call
from engine.errors import UnknownObject
from engine.explain_why_not import WhyNot, why_not_posted, why_not_tried
from server.rulebooks import compile_files

RULES = """rulebook claims
ledger general is GL currency CNY
dimension employee
chart claims_chart
  cost    @6602 "Cost"    debit
  payable @2241 "Payable" credit
record limit key employee from limited
  most amount
event limited expects none
  employee employee
  most     amount
event claim
  employee employee
  amount   amount
  urgent   flag
event other_claim
  amount amount
rule claims from 2026-02-01 until 2026-12-31
  on claim
  basis "claims are paid"
  when amount < 1000.00 and (balance of payable for employee) < 100.00
  refuse NOBODY "nobody claimed" when employee = "X"
  voucher "urgent {employee}" when urgent and amount > 10.00
    debit  cost    amount
    credit payable amount by employee
  voucher "limited {employee}" when given limit[employee]
    debit  cost    min(amount, limit[employee].most)
    credit payable min(amount, limit[employee].most) by employee
"""


def _claim(event_id: str, **fields: object) -> Mapping[str, object]:
    own = {"employee": "A", "amount": "50.00", "urgent": True, "date": "2026-03-05", **fields}
    return {"id": event_id, "type": "claim", **own}


EVENTS: dict[str, Mapping[str, object]] = {
    "paid": _claim("paid"),
    "other": {"id": "other", "type": "other_claim", "date": "2026-03-05", "amount": "1.00"},
    "early": _claim("early", date="2026-01-31"),
    "large": _claim("large", amount="1000.00"),
    "more": _claim("more", amount="60.00"),
    "again": _claim("again"),
    "calm": _claim("calm", employee="B", urgent=False),
    "small": _claim("small", employee="B", amount="10.00"),
    "limit": {"id": "limit", "type": "limited", "date": "2026-03-05", "employee": "C",
              "most": "0.00"},
    "nothing": _claim("nothing", employee="C", urgent=False),
}  # fmt: skip

#: Event -> answer, and what the first false condition says.
ANSWERS = {
    "paid": (WhyNot.POSTED, "记/1"),
    "other": (WhyNot.OTHER_TYPE, "for claim events; this one is other_claim"),
    "early": (
        WhyNot.OUT_OF_DATES,
        "until 2026-12-31; the business date is 2026-01-31",
    ),
    "large": (WhyNot.GUARD, "amount < 1000.00"),
    "more": (WhyNot.POSTED, "记/2"),
    # 50.00 and 60.00 were posted before: 110.00 is not below 100.00.
    "again": (WhyNot.GUARD, "(balance of payable for employee) < 100.00"),
    "calm": (WhyNot.VOUCHER_GUARD, "urgent; given limit[employee]"),
    "small": (WhyNot.VOUCHER_GUARD, ": amount > 10.00; given limit[employee]"),
    "nothing": (WhyNot.ALL_ZERO, "every line comes to zero"),
}


@pytest.fixture(scope="module")
def book() -> Book:
    book = Book.in_memory(compiler=compile_files)
    files = [{"path": "c.tp", "content": RULES}]
    published = {"id": "p", "type": "revision.published", "source": "tongpin", "files": files}
    book.post([Call(events=[{"date": "2026-01-01", **published}])])
    book.post([Call(events=list(EVENTS.values()))])
    # Later events change what the rule would read now, not what it read then.
    book.post([Call(events=[_claim("later", employee="B", amount="90.00")])])
    return book


@pytest.mark.parametrize("event_id", ANSWERS)
def test_answer_names_what_kept_the_rule_from_posting(book: Book, event_id: str) -> None:
    why, part = ANSWERS[event_id]
    answer = why_not_posted(book, "claims", "", event_id)
    assert answer.why is why
    assert part in answer.message


def test_condition_shows_the_values_it_saw_then(book: Book) -> None:
    answer = why_not_posted(book, "claims", "", "again")
    assert [step.value for step in answer.conditions] == ["true", "false"]
    balance = next(step for step in answer.conditions[1].walk() if step.kind == "balance")
    assert balance.value == "110.00 CNY"
    field = next(step for step in answer.conditions[0].walk() if step.kind == "field")
    assert (field.name, field.value, field.place) == ("amount", "50.00 CNY", "c.tp:21")


def test_event_not_stored_is_asked_about_the_book_as_it_is(book: Book) -> None:
    refused = why_not_tried(book, "claims", _claim("n", employee="X"))
    assert (refused.why, "NOBODY nobody claimed" in refused.message) == (WhyNot.REFUSED, True)
    assert why_not_tried(book, "claims", _claim("n2", employee="B")).why is WhyNot.POSTED
    wrong = why_not_tried(book, "claims", _claim("n3", amount="1.005"))
    assert wrong.why is WhyNot.INVALID
    full = why_not_tried(book, "claims", _claim("n4"))
    assert full.why is WhyNot.GUARD


def test_unknown_rule_suggests_the_right_name(book: Book) -> None:
    with pytest.raises(UnknownObject, match="did you mean claims"):
        why_not_posted(book, "claim", "", "paid")
