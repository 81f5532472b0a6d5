"""Tests made from posted events: what was read stands as givens, and the test passes."""

from __future__ import annotations

import pytest

from engine.book import Book
from engine.calls import Call
from engine.effects import Status
from engine.errors import CallerError
from rules_dsl.keywords import Language
from rules_dsl.source import SourceFile
from rules_dsl.testing import transcribe_event
from tests.rules_dsl.books import HEAD, compile_text, errors_of

BOOK = """\
code 种类 = 货物 is goods | 服务 is services
dimension 客户 is customer
target 进度 by 合同号 in 总账
budget 额度 is quota by 部门 text over month of 日期
event 签约 is signed dated 日期
  合同号 is no    text
  税率   is rate  percent min 0 max 1
record 合同 key 合同号 from 签约
  税率 percent min 0 max 1
list 行
  种类 is kind   种类
  金额 is amount amount
event 完工 is done dated 日期
  合同号 is no    text
  客户   is customer 客户
  种类   is kind  种类
  总额   is total amount min 0 max 1000000.00
  明细   is lines list of 行
  加急   is urgent flag optional default false
rule 完工
  on 完工
  basis "准则"
  let 税率 = 合同[合同号].税率
  delta 本期 of 进度 = 总额
  let 税额 = round(本期 * 税率)
  let 前欠 = balance of 应收 for 客户
  voucher "完工 {合同号}, 前欠 {前欠}"
    debit  应收 本期 + 税额 by 客户
    credit 收入 本期
    credit 税金 税额
event 申请 is request dated 日期
  号   is id     text key
  部门 is dept   text
  金额 is amount amount min 0 max 1000000.00
rule 申请
  on 申请
  basis "制度"
  reserve 金额 on 额度[部门] as 号
event 报销 is claim dated 日期
  申请号 is request text optional
  部门   is dept    text
  金额   is amount  amount min 0 max 1000000.00
rule 报销
  on 报销
  basis "制度"
  release all of 申请号 from 额度
  spend 金额 on 额度[部门]
  voucher "报销"
    debit  税金 金额
    credit 应收 金额 by 客户 = "内部"
event 报价 is quoted dated 日期
  货号 is item text
  单价 is price decimal decimals 2 min 0 max 1000
record 价目 key 货号 dated from 报价
  单价 decimal decimals 2 min 0 max 1000
event 售出 is sold dated 日期
  货号 is item text
  件数 is count integer min 0 max 1000
rule 售出
  on 售出
  basis "制度"
  let 金额 = round(1.00 CNY * (件数 * 价目[货号].单价))
  voucher "售出"
    debit  应收 金额 by 客户 = "散客"
    credit 收入 金额
parameter 加成 is markup percent min 0 max 1 default 10%
event 外销 is exported dated 日期
  客户 is customer 客户
  外币 is amount amount of USD min 0 max 100000.00
  汇率 is rate decimal min 0 max 100
rule 外销
  on 外销
  basis "制度"
  let 本位币 = convert(外币, 汇率)
  let 加价 = round(本位币 * 加成)
  voucher "外销 {客户}"
    debit  应收 本位币 foreign 外币 at 汇率 by 客户
    debit  税金 加价
    credit 收入 本位币 + 加价
event 拒绝 is refused
  金额 is amount amount
rule 拒绝
  on 拒绝
  basis "制度"
  refuse NO "不" when 金额 > 0.00
"""


@pytest.fixture(scope="module")
def book() -> Book:
    compiled = compile_text(BOOK)
    assert compiled.program is not None, errors_of(compiled)
    book = Book.in_memory([compiled.program])
    march = "2026-03-05"
    line = {"kind": "goods", "amount": "1.00"}
    done = {"type": "done", "no": "K1", "customer": "C1", "kind": "services", "lines": [line]}
    approved = {"type": "budget.approved", "budget": "quota", "date": march}
    for event in (
        {"id": "1", "type": "signed", "date": march, "no": "K1", "rate": "0.06"},
        {**done, "id": "2", "date": march, "total": "100.00"},
        {**done, "id": "3", "date": "2026-04-01", "total": "150.50", "urgent": True},
        {**done, "id": "4", "date": march, "no": "K9", "total": "1.00"},
        {**approved, "id": "5", "lines": [{"node": "quota[D]@2026-03", "amount": "500.00"}]},
        {"id": "R-1", "type": "request", "date": march, "dept": "D", "amount": "300.00"},
        {"id": "R-2", "type": "request", "date": march, "dept": "D", "amount": "120.00"},
        {"id": "6", "type": "claim", "date": "2026-03-09", "dept": "D", "amount": "280.25",
         "request": "R-1"},
        {"id": "8", "type": "quoted", "date": "2026-02-01", "item": "A", "price": "2.50"},
        {"id": "9", "type": "quoted", "date": "2026-03-07", "item": "A", "price": "3.00"},
        {"id": "10", "type": "sold", "date": march, "item": "A", "count": "4"},
        {"id": "11", "type": "book.parameter_set", "date": march, "name": "markup",
         "value": "0.05"},
        {"id": "12", "type": "exported", "date": march, "customer": "C2", "amount": "200.00",
         "rate": "7.1"},
        {"id": "7", "type": "refused", "date": march, "amount": "1.00"},
    ):  # fmt: skip
        book.post([Call(events=[event])])
    return book


def transcribed(book: Book, event_id: str, language: Language = Language.ENGLISH) -> str:
    sources = [SourceFile("head.tp", HEAD), SourceFile("rules.tp", BOOK)]
    text, result = transcribe_event(book, book.event("default", event_id), (sources, {}), language)
    assert result.passed, result.message
    return text


def test_records_targets_and_balances_read_stand_as_givens(book: Book) -> None:
    # 150.50 less the 100.00 before is 50.50, at 6% 3.03; 106.00 were owed before.
    assert (
        transcribed(book, "3")
        == """\
test "default/3"
  at 2026-04-01
  given 合同["K1"] 税率 = 0.060000
  given 进度["K1"] = 100.00
  given balance of 应收 for 客户 = "C1" = 106.00
  given 完工 合同号 = "K1", 客户 = "C1", 种类 = 服务, 总额 = 150.50, 明细 = \
[{种类 = 货物, 金额 = 1.00}], 加急 = true
  expect voucher "完工 K1, 前欠 106.00"
    debit  应收 53.53 by 客户 = "C1"
    credit 收入 50.50
    credit 税金  3.03
"""
    )


def test_nothing_is_given_where_nothing_was_there(book: Book) -> None:
    assert "given balance" not in transcribed(book, "2")
    assert "given 进度" not in transcribed(book, "2")


def test_budget_nodes_are_given_and_references_brought_about(book: Book) -> None:
    # Of 500.00 the two requests left 80.00; with the 300.00 of R-1 given back here 380.00.
    assert (
        transcribed(book, "6")
        == """\
test "default/6"
  at 2026-03-09
  given budget 额度["D"] = 380.00
  given 申请 日期 = 2026-03-05, 号 = "R-1", 部门 = "D", 金额 = 300.00
  given 报销 申请号 = "R-1", 部门 = "D", 金额 = 280.25
  expect voucher "报销"
    debit  税金 280.25
    credit 应收 280.25 by 客户 = "内部"
  expect release 额度["D"] 300.00
  expect spend 额度["D"] 280.25
"""
    )


def test_a_version_of_a_dated_record_is_given_with_its_day(book: Book) -> None:
    text = transcribed(book, "10")
    assert '  given 价目["A"] from 2026-02-01 单价 = 2.50\n' in text
    assert "debit  应收 10.00" in text  # 4 × 2.50; the price of 7 March is not yet in force


def test_parameters_are_given_and_foreign_amounts_expected(book: Book) -> None:
    # 200.00 USD at 7.1 are 1420.00, with 5% of markup 71.00.
    assert (
        transcribed(book, "12")
        == """\
test "default/12"
  at 2026-03-05
  given parameter 加成 = 0.050000
  given 外销 客户 = "C2", 外币 = 200.00, 汇率 = 7.1
  expect voucher "外销 C2"
    debit  应收 1420.00 foreign 200.00 USD at 7.1 by 客户 = "C2"
    debit  税金   71.00
    credit 收入 1491.00
"""
    )


def test_the_keywords_are_those_of_the_language_asked_for(book: Book) -> None:
    text = transcribed(book, "3", Language.CHINESE)
    assert '假设 余额 的 应收 对 客户 = "C1" = 106.00' in text
    assert "加急 = 是" in text
    assert "  期望 凭证 " in text


def test_a_waiting_event_expects_its_reason_and_a_refused_one_keeps_nothing(book: Book) -> None:
    assert book.event("default", "4").status is Status.UNPOSTED
    assert transcribed(book, "4").endswith("  expect unposted MISSING_RECORD\n")
    with pytest.raises(CallerError):
        transcribed(book, "7")


def test_a_target_is_given_its_cumulative_value_before() -> None:
    compiled = compile_text(BOOK + 'test "x"\n  given 进渡["K1"] = 1.00\n  expect no posting\n')
    assert errors_of(compiled) == ["TP201"]
