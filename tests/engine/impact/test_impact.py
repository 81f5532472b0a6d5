"""Impact: each class of change by a hand-worked event, totals, files, a book's own log."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from engine.book import Book
from engine.calendar import day_of
from engine.calls import Call
from engine.impact import ChangeClass, ImpactReport, compare_book, compare_events
from engine.program import Program
from server.rulebooks import compile_files

DECLARATIONS = """
rulebook shop
ledger general is GL currency CNY
dimension project
dimension shop
budget travel by project over life
chart shop_chart
  bank    @1002 "Bank"    debit
  revenue @6001 "Revenue" credit
  other   @6002 "Other"   credit
event sale
  kind    text
  amount  amount
  project project
  shop    shop
"""

OLD = """
rule sales
  on sale
  when not (kind = "failing") and kind != "silent"
  voucher "sale {kind}" when kind != "new"
    debit  bank    amount by project
    credit revenue amount by project
  refuse BAD "bad" when kind = "passing"
"""

# One change a kind; "plain" stays as it is.
NEW = """
rule sales
  on sale
  when kind != "silent"
  let charged = if kind = "amount" then amount + 1.00 else amount
  let income  = if kind = "account" then amount else 0
  let plain   = charged - income
  let wording = if kind = "other" then "changed" else "sale"
  refuse BAD "bad" when kind = "failing"
  spend amount on travel[project] when kind = "budget"
  voucher "{wording} {kind}" when kind != "gone" and kind != "dimension"
    debit  bank    charged by project
    credit revenue plain   by project
    credit other   income  by project
  voucher "sale {kind}" when kind = "dimension"
    debit  bank    amount by project, shop
    credit revenue amount by project
"""


def _program(rules: str) -> Program:
    return compile_files([("shop.tp", (DECLARATIONS + rules).encode())])


def _sale(event_id: str, kind: str, amount: str = "10.00") -> Mapping[str, object]:
    return {
        "id": event_id,
        "type": "sale",
        "date": "2026-03-05",
        "kind": kind,
        "amount": amount,
        "project": "P1",
        "shop": "S1",
    }


KINDS = {
    "plain": ChangeClass.SAME,
    "silent": ChangeClass.SAME,
    "failing": ChangeClass.NEWLY_FAILING,
    "passing": ChangeClass.NEWLY_PASSING,
    "new": ChangeClass.NEWLY_POSTED,
    "gone": ChangeClass.NO_LONGER_POSTED,
    "account": ChangeClass.ACCOUNT,
    "dimension": ChangeClass.DIMENSION,
    "amount": ChangeClass.AMOUNT,
    "budget": ChangeClass.BUDGET,
    "other": ChangeClass.OTHER,
}


def _compare(**options: object) -> ImpactReport:
    events = [_sale(str(number), kind) for number, kind in enumerate(KINDS)]
    return compare_events(_program(OLD), _program(NEW), events, **options)  # type: ignore[arg-type]


def test_each_event_has_the_class_of_its_change() -> None:
    report = _compare()
    assert {example.event.event_id: example.change for example in report.examples} == {
        str(number): change
        for number, change in enumerate(KINDS.values())
        if change is not ChangeClass.SAME
    }
    assert report.counts[ChangeClass.SAME] == 2
    assert report.changed_count == len(KINDS) - 2


def test_totals_are_new_minus_old_by_account_and_by_dimension() -> None:
    report = _compare()
    # gone -10, passing +10, new +10, amount +1: 11 more in the bank; account moves 10 of revenue.
    accounts = {row.account_code: (row.debit, row.credit) for row in report.accounts}
    assert accounts == {"1002": (1_100, 0), "6001": (0, 100), "6002": (0, 1_000)}
    assert all(row.period == "2026-03" for row in report.accounts)
    found = {
        (row.dimension, row.value, row.account_code): (row.debit, row.credit)
        for row in report.dimensions
    }
    assert found == {
        ("project", "P1", "1002"): (1_100, 0),
        ("project", "P1", "6001"): (0, 100),
        ("project", "P1", "6002"): (0, 1_000),
        ("shop", "S1", "1002"): (1_000, 0),
    }


def test_a_revision_against_itself_changes_nothing() -> None:
    events = [_sale(str(number), kind) for number, kind in enumerate(KINDS)]
    report = compare_events(_program(NEW), _program(NEW), events)
    assert report.changed_count == 0
    assert not report.accounts
    assert not report.examples


@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_batches_of_any_size_give_one_report_and_files(tmp_path: Path, size: int) -> None:
    report = _compare(folder=tmp_path, batch_events=size)
    assert report.to_json() == _compare().to_json()
    events = pq.read_table(tmp_path / "events.parquet").to_pylist()
    assert [row["class"] for row in events] == [change.value for change in KINDS.values()]
    lines = pq.read_table(tmp_path / "lines.parquet").to_pylist()
    shown = [
        (row["side"], row["account_code"], str(row["debit"]), str(row["credit"]))
        for row in lines
        if row["class"] == "account"
    ]
    assert shown == [
        ("old", "1002", "10.0000", "0.0000"),
        ("old", "6001", "0.0000", "10.0000"),
        ("new", "1002", "10.0000", "0.0000"),
        ("new", "6002", "0.0000", "10.0000"),
    ]
    with (tmp_path / "accounts.csv").open(encoding="utf-8") as file:
        accounts = {row["account_code"]: row["credit"] for row in csv.DictReader(file)}
    assert accounts == {"1002": "0.00", "6001": "1.00", "6002": "10.00"}
    assert json.loads((tmp_path / "summary.json").read_text("utf-8")) == report.to_json()


WAITING = """
rulebook shop
ledger general is GL currency CNY
chart shop_chart
  bank    @1002 "Bank"    debit
  revenue @6001 "Revenue" credit
record price key shop from priced
  price amount
event priced expects none
  shop  text
  price amount
event sale expects one
  shop text
rule sales
  on sale
  let charged = price[shop].price SURCHARGE
  voucher "sale"
    debit  bank    charged
    credit revenue charged
"""


@pytest.mark.parametrize("size", [1, 100])
def test_event_that_a_retry_posts_later_is_joined_with_what_it_became(size: int) -> None:
    old, new = (
        compile_files([("shop.tp", WAITING.replace("SURCHARGE", text).encode())])
        for text in ("", "+ 0.50")
    )
    dated = {"date": "2026-03-05"}
    events = [
        {"id": "1", "type": "sale", "shop": "S1", **dated},
        {"id": "2", "type": "sale", "shop": "S2", **dated},
        {"id": "3", "type": "priced", "shop": "S1", "price": "2.00", **dated},
        {"id": "4", "type": "event.retried", "events": [], **dated},
    ]
    report = compare_events(old, new, events, batch_events=size)
    found = [(one.event.event_id, one.change) for one in report.examples]
    assert found == [("1", ChangeClass.AMOUNT)]
    assert report.counts[ChangeClass.SAME] == 3
    assert [(row.account_code, row.debit, row.credit) for row in report.accounts] == [
        ("1002", 50, 0),
        ("6001", 0, 50),
    ]


def _published(rules: str, event_id: str) -> Mapping[str, object]:
    files = [{"path": "shop.tp", "content": DECLARATIONS + rules}]
    return {
        "id": event_id,
        "type": "revision.published",
        "source": "tongpin",
        "date": "2026-01-01",
        "files": files,
    }


def test_impact_over_the_log_of_a_book_takes_the_place_of_what_it_published() -> None:
    book = Book.in_memory(compiler=compile_files)
    book.post([Call(events=[_published(OLD, "p1")])])
    book.post([Call(events=[_sale("1", "plain"), _sale("2", "amount"), _sale("3", "account")])])
    report = compare_book(book, _program(NEW))
    assert report.old_revision == book.revisions()[-1].revision
    changed = {name: count for name, count in report.counts.items() if count}
    assert changed == {ChangeClass.SAME: 1, ChangeClass.AMOUNT: 1, ChangeClass.ACCOUNT: 1}
    none = compare_book(book, _program(NEW), valid_from=day_of("2026-03-06"))
    assert none.changed_count == 0
    same = compare_book(book, _program(NEW), old=_program(NEW))
    assert same.changed_count == 0
    book.post([Call(events=[_published(NEW, "p2")])])
    book.post([Call(events=[_sale("4", "amount")])])
    again = compare_book(book, _program(OLD))
    changed = {name: count for name, count in again.counts.items() if count}
    assert changed == {ChangeClass.SAME: 3, ChangeClass.AMOUNT: 1}
