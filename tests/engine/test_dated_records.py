"""Dated records: what an event writes is in force from the event's business date."""

from __future__ import annotations

from typing import Literal

import pytest

from engine.book import Book
from engine.calendar import day_of
from engine.calls import Call
from engine.effects import READS, ReadKind
from engine.explain import explain_voucher
from engine.state.serialize import state_from_sections, state_sections
from server.rulebooks import compile_files

_RULES = """rulebook rates
ledger main is GL currency CNY
chart chart
  bank @1002 "bank" debit
  debt @1122 "debt" debit
event published is rate.published
  unit is currency text
  middle is rate decimal min 0 max 1000 optional
  origin text optional
event paid is cash.received
  unit is currency text
  count integer min 0 max 1000
  priced date optional
record quote key unit dated from published
  middle decimal min 0 max 1000
  origin text optional default "none"
rule pay
  on paid
  basis "quotes"
  let today = quote[unit].middle
  let price = if given priced then quote[unit at priced].middle else today
  let known = if given quote[unit at 2026-03-31] then "known" else "unknown"
  voucher "{quote[unit].origin} {known}"
    debit bank round(1.00 CNY * count * price)
    credit debt round(1.00 CNY * count * price)
"""

Evaluator = Literal["closures", "columns"]


def _quote(number: int, date: str, **fields: str) -> dict[str, object]:
    return {"id": f"q{number}", "type": "rate.published", "date": date, "currency": "USD", **fields}


def _paid(number: int, date: str, **fields: str) -> dict[str, object]:
    event = {"id": f"p{number}", "type": "cash.received", "date": date, "currency": "USD"}
    return event | {"count": 100} | fields


def _book(evaluator: Evaluator) -> Book:
    return Book.in_memory([compile_files([("r.tp", _RULES.encode())])], evaluator=evaluator)


@pytest.mark.parametrize("evaluator", ["closures", "columns"])
def test_version_of_the_latest_date_up_to_the_business_date_is_read(evaluator: Evaluator) -> None:
    book = _book(evaluator)
    events = [
        _paid(1, "2026-03-05"),
        _quote(1, "2026-03-10", rate="7.1"),
        _paid(2, "2026-03-09"),
        _paid(3, "2026-03-10"),
        _quote(2, "2026-03-20", rate="7.2"),
        # Published later for a day before: it is in force from that day to the next version.
        _quote(3, "2026-03-15", rate="7.15", origin="back"),
        _paid(4, "2026-03-14"),
        _paid(5, "2026-03-19"),
        _paid(6, "2026-03-31"),
        # Two writes for one day: the later in the log.
        _quote(4, "2026-03-20", rate="7.3"),
        _paid(7, "2026-03-31"),
        _paid(8, "2026-03-31", priced="2026-03-16"),
        _paid(9, "2026-03-31", priced="2026-03-01"),
        # What a version does not carry stays as the one before says.
        _quote(5, "2026-03-25", origin="only"),
        _paid(10, "2026-03-31"),
    ]
    results = book.post([Call(events=events)])[0].results
    unposted = {r.event_id: r.reason for r in results if r.status.name == "UNPOSTED"}
    assert unposted == dict.fromkeys(("p1", "p2", "p9"), "MISSING_RECORD")
    vouchers, _ = book.vouchers()
    assert {(v.event_id, v.lines[0].debit, v.summary) for v in vouchers} == {
        ("p3", 71000, "none known"),
        ("p4", 71000, "none known"),
        ("p5", 71500, "back known"),
        ("p6", 72000, "back known"),
        ("p7", 73000, "back known"),
        ("p8", 71500, "back known"),
        ("p10", 73000, "only known"),
    }
    for voucher in vouchers:
        name = f"C01/GL/2026-03/记/{voucher.number}"
        posted = tuple((line.debit, line.credit) for line in voucher.lines)
        assert explain_voucher(book, name).recomputed == posted


def test_read_names_the_version() -> None:
    book = _book("closures")
    book.post([Call(events=[_quote(1, "2026-03-10", rate="7.1"), _paid(1, "2026-03-12")])])
    effects = book.commit(book.state.seq)[1]
    kinds = effects.tables[READS.name].ints("kind").tolist()
    rows = zip(
        kinds, effects.text(READS.name, "name"), effects.text(READS.name, "key"), strict=True
    )
    # 2026-03-10 is day 20522, the day asked 2026-03-12 is 20524.
    assert [row[1:] for row in rows if row[1] == "quote.middle"] == [
        ("quote.middle", '["USD",20524]'),
        ("quote.middle", '["USD",20522]'),
    ]
    assert ReadKind.VERSION in kinds


def test_versions_are_found_again_in_a_snapshot() -> None:
    book = _book("closures")
    quotes = [_quote(1, "2026-03-10", rate="7.1"), _quote(2, "2026-03-20", rate="7.2")]
    book.post([Call(events=quotes)])
    opened = state_from_sections(state_sections(book.state))
    unit, day = opened.pool.find("USD"), day_of("2026-03-19")
    assert opened.versions.of(opened.records, "quote", 2)[(unit,)] == [day - 9, day + 1]
