"""Lines in a foreign currency, from the rule to files, rows and verification; by hand."""

from __future__ import annotations

import csv
import json
from contextlib import closing
from pathlib import Path
from typing import Literal

import pyarrow.parquet as pq
import pytest

from engine.book import Book
from engine.calls import Call
from engine.explain import explain_voucher
from engine.explain_text import explanation_lines
from engine.replay import export_book
from engine.verify import verify_book
from server.convert_results import write_line
from server.rulebooks import compile_files
from tests.digest import digests

_RULES = """rulebook 外币
ledger 总账 is GL currency CNY
ledger 换向账 is SW currency CNY negative swap
dimension 客户 is customer
chart 科目
  银行 @1002 "银行存款" debit
  应收 @1122 "应收账款" debit requires 客户
  平衡 @9999 "期初平衡" credit
event 收款 is cash.received
  客户 is customer  客户
  币种 is currency  currency
  外币 is fc_amount amount of 币种
  汇率 is rate      decimal min 0 max 1000
rule 收款
  on 收款
  basis "CAS 19"
  let 本位 = convert(外币, 汇率)
  voucher "收 {外币} {币种}"
    debit  银行 本位 foreign 外币 at 汇率
    credit 应收 本位 foreign 外币 at 汇率 by 客户
rule 换向
  on 收款
  basis "CAS 19"
  let 本位 = convert(外币, 汇率)
  voucher "换向" ledger 换向账
    debit  银行 本位 foreign 外币 at 汇率
    credit 应收 本位 foreign 外币 at 汇率 by 客户
list 期初行
  客户   is customer  客户
  币种   is currency  currency
  外币   is fc_amount amount of 币种
  本位币 is amount    amount
  汇率   is rate      decimal min 0 max 1000
event 期初 is opening.loaded
  明细 is items list of 期初行
rule 期初
  on 期初
  basis "期初余额表"
  voucher "期初" merge
    debit  应收 明细.本位币 foreign 明细.外币 at 明细.汇率 as stated by 客户 = 明细.客户 each 明细
    credit 平衡 sum(明细.本位币)
"""

Evaluator = Literal["closures", "columns"]


def _received(number: int, currency: str, amount: str, rate: str) -> dict[str, object]:
    event = {"id": f"r{number}", "type": "cash.received", "date": "2026-03-05", "customer": "A"}
    return event | {"currency": currency, "fc_amount": amount, "rate": rate}


def _opening(*items: tuple[str, str, str, str, str]) -> dict[str, object]:
    names = ("customer", "currency", "fc_amount", "amount", "rate")
    rows = [dict(zip(names, item, strict=True)) for item in items]
    return {"id": "o1", "type": "opening.loaded", "date": "2026-03-01", "items": rows}


EVENTS = [
    # The amount is nothing, the foreign amount is not: the line stays. Two lines are one.
    _opening(
        ("A", "USD", "5.00", "0.00", "84.2105"),
        ("B", "USD", "10.00", "71.00", "7.1"),
        ("B", "USD", "-4.00", "-28.40", "7.1"),
        ("B", "USD", "1.00", "7.10", "7.2"),
    ),
    _received(1, "USD", "20000.00", "8.24"),
    _received(2, "KWD", "100.001", "23"),
    _received(3, "JPY", "-1000", "0.05"),
]


@pytest.fixture(params=["closures", "columns"])
def book(request: pytest.FixtureRequest) -> Book:
    book = Book.in_memory([compile_files([("r.tp", _RULES.encode())])], evaluator=request.param)
    for result in book.post([Call(events=EVENTS)])[0].results:
        assert result.status.name == "POSTED", result
    return book


def _lines(book: Book, event: str, ledger: str = "GL") -> list[tuple[object, ...]]:
    vouchers, _ = book.vouchers()
    (view,) = [v for v in vouchers if v.event_id == event and v.ledger == ledger]
    return [
        (x.account_code, x.debit, x.credit, x.currency, x.fc_debit, x.fc_credit, x.rate)
        for x in book.voucher(view.name).lines
    ]


def test_lines_carry_currency_amount_and_rate_on_their_side(book: Book) -> None:
    # 20000 × 8.24 = 164800.
    assert _lines(book, "r1") == [
        ("1002", 16480000, 0, "USD", 2000000, 0, "8.24"),
        ("1122", 0, 16480000, "USD", 0, 2000000, "8.24"),
    ]
    # 100.001 × 23 = 2300.023; fils have three decimals.
    assert _lines(book, "r2")[0] == ("1002", 230002, 0, "KWD", 100001, 0, "23")
    # Red stays on its side; yen have no decimals.
    assert _lines(book, "r3")[1] == ("1122", 0, -5000, "JPY", 0, -1000, "0.05")


def test_the_foreign_amount_changes_sides_with_the_amount(book: Book) -> None:
    assert _lines(book, "r3", "SW") == [
        ("1002", 0, 5000, "JPY", 0, 1000, "0.05"),
        ("1122", 5000, 0, "JPY", 1000, 0, "0.05"),
    ]


def test_a_line_of_foreign_amount_alone_stays_and_equal_ones_are_merged(book: Book) -> None:
    assert _lines(book, "o1") == [
        ("1122", 0, 0, "USD", 500, 0, "84.2105"),
        # 71.00 − 28.40 and 10 − 4 at one rate; the other rate is a line of its own.
        ("1122", 4260, 0, "USD", 600, 0, "7.1"),
        ("1122", 710, 0, "USD", 100, 0, "7.2"),
        ("9999", 0, 4970, "", 0, 0, ""),
    ]


PUBLISHED = {
    "id": "p",
    "type": "revision.published",
    "date": "2026-01-01",
    "source": "tongpin",
    "files": [{"path": "r.tp", "content": _RULES}],
}


def test_a_stored_book_verifies_and_explains_itself(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'book.db'}"
    with closing(Book.open(url, compiler=compile_files)) as book:
        book.post([Call(events=[PUBLISHED])])
        book.post([Call(events=EVENTS)])
        vouchers, _ = book.vouchers()
        for view in vouchers:
            explanation = explain_voucher(book, view.name)
            lines = book.voucher(view.name).lines
            assert explanation.agrees
            for line, explained in zip(lines, explanation.lines, strict=True):
                steps = dict(explained.foreign)
                assert set(steps) == ({"foreign", "exchange_rate"} if line.currency else set())
                if line.currency:
                    assert steps["exchange_rate"].value == line.rate
        text = "\n".join(explanation_lines(explain_voucher(book, vouchers[1].name)))
        assert "164800.00  20000.00 USD" in text
    report = verify_book(url, "main", compile_files)
    assert report.first_bad is None, report.first_bad


def test_exported_files_hold_foreign_amounts_and_their_digest(book: Book, tmp_path: Path) -> None:
    summary = export_book(book, tmp_path)
    rows = pq.read_table(tmp_path / "lines.parquet").to_pylist()
    found = {
        (row["currency"], str(row["fc_debit"].normalize()), row["rate"])
        for row in rows
        if row["ledger"] == "GL" and row["fc_debit"]
    }
    assert found == {
        ("USD", "5", "84.2105"),
        ("USD", "6", "7.1"),
        ("USD", "1", "7.2"),
        ("USD", "2E+4", "8.24"),
        ("KWD", "100.001", "23"),
        ("JPY", "-1E+3", "0.05"),
    }
    assert [row["fc_debit"] for row in rows if not row["currency"]] == [None]
    assert digests(tmp_path)["voucher_digest"] == summary["voucher_digest"]
    with (tmp_path / "trial_balance.csv").open(encoding="utf-8") as file:
        codes = {row["account_code"]: row["closing_debit"] for row in csv.DictReader(file)}
    assert codes["1002"]


def test_the_wire_has_the_foreign_amount_and_the_rate(book: Book) -> None:
    vouchers, _ = book.vouchers()
    views = {view.event_id: book.voucher(view.name) for view in vouchers if view.ledger == "GL"}
    line = write_line(views["r2"].lines[1], "CNY", 2)
    assert (line.foreign_amount.minor_units, line.foreign_amount.currency_code) == (100001, "KWD")
    assert (line.foreign_amount.scale, line.exchange_rate) == (3, "23")
    plain = write_line(views["o1"].lines[3], "CNY", 2)
    assert not plain.HasField("foreign_amount")
    assert json.dumps(plain.exchange_rate) == '""'
