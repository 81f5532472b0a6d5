"""Currencies that events name, and their conversion; every figure is worked out by hand."""

from __future__ import annotations

from typing import Literal

import pytest

from engine.book import Book
from engine.calls import Call, EventResult
from rules_dsl.formatter import format_text
from server.rulebooks import compile_files

_RULES = """rulebook 外币
ledger 总账 is GL currency CNY
chart 科目
  银行 @1002 "银行" debit
  应收 @1122 "应收" debit
list 行
  币种 is currency currency
  金额 is amount   amount of 币种
  汇率 is rate     decimal min 0 max 1000
event 收款 is cash.received
  币种 is currency  currency
  外币 is fc_amount amount of 币种
  汇率 is rate      decimal min 0 max 1000
  份数 is weights   list of integer
  明细 is items     list of 行
rule 收款
  on 收款
  basis "x"
  let 本位 = convert(外币, 汇率)
  let 半 = round(外币 * 50%)
  let 分 = convert(明细.金额, 明细.汇率)
  refuse LARGE "{外币} {币种}" when 币种 = JPY and 外币 > 1000
  split 外币 by 份数.value as 份
  let 份额 = convert(份, 汇率)
  voucher "收 {半}"
    debit 银行 本位
    credit 应收 本位
  voucher "明细 {外币}"
    debit 银行 分 each 明细
    credit 应收 sum(分)
  voucher "份额"
    debit 银行 份额 each 份数
    credit 应收 sum(份额)
"""

Evaluator = Literal["closures", "columns"]


def _event(number: int, currency: str, amount: str, rate: str, **more: object) -> dict[str, object]:
    event: dict[str, object] = {"id": str(number), "type": "cash.received", "date": "2026-03-01"}
    event |= {"currency": currency, "fc_amount": amount, "rate": rate, "weights": [], "items": []}
    if amount != "0":
        event["weights"] = [1]
    return event | more


def _book(evaluator: Evaluator, rules: str = _RULES) -> Book:
    return Book.in_memory([compile_files([("r.tp", rules.encode())])], evaluator=evaluator)


def _post(book: Book, *events: dict[str, object]) -> tuple[EventResult, ...]:
    return tuple(book.post([Call(events=events)])[0].results)


@pytest.mark.parametrize("evaluator", ["closures", "columns"])
def test_amounts_are_whole_minor_units_of_the_currency_the_event_names(
    evaluator: Evaluator,
) -> None:
    items = [
        {"currency": "USD", "amount": "1.01", "rate": "7.1"},  # 7.171
        {"currency": "JPY", "amount": "3", "rate": "0.05"},  # 0.15
        {"currency": "CLF", "amount": "0.0001", "rate": "300"},  # 0.03
    ]
    book = _book(evaluator)
    _post(
        book,
        # 100.001 KWD by 7 : 3 is 70.0007 and 30.0003: the unit left over goes to the larger rest.
        _event(1, "KWD", "100.001", "23", weights=[7, 3], items=items),
        # 101 JPY by 1 : 1 is 51 and 50.
        _event(2, "JPY", "101", "0.05", weights=[1, 1]),
        _event(3, "CLF", "0.0003", "1000", weights=[1]),
    )
    vouchers, _ = book.vouchers()
    found = {}
    for voucher in vouchers:
        lines = [line.debit for line in voucher.lines if line.debit]
        found[voucher.event_id, voucher.summary] = lines
    assert found == {
        # 100.001 × 23 = 2300.023; half of it is 50.0005 -> 50.001.
        ("1", "收 50.001"): [230002],
        ("1", "明细 100.001"): [717, 15, 3],
        # 70.001 × 23 = 1610.023 and 30 × 23 = 690.
        ("1", "份额"): [161002, 69000],
        # 101 × 0.05 = 5.05; half is 50.5 -> 51.
        ("2", "收 51"): [505],
        # 51 × 0.05 = 2.55 and 50 × 0.05 = 2.5.
        ("2", "份额"): [255, 250],
        # 0.0003 × 1000 = 0.3; half is 0.00015 -> 0.0002.
        ("3", "收 0.0002"): [30],
        ("3", "份额"): [30],
    }


@pytest.mark.parametrize(
    ("currency", "amount", "message"),
    [
        ("JPY", "1.5", "外币 (fc_amount) has more decimals than JPY, which has 0"),
        ("USD", "1.005", "外币 (fc_amount) has more decimals than USD, which has 2"),
        ("KWD", "1.0005", "外币 (fc_amount) has more decimals than KWD, which has 3"),
        ("ZZZ", "1", '币种 (currency) is "ZZZ"; it is a currency code of ISO 4217, such as USD'),
        ("usd", "1", '币种 (currency) is "usd"; it is a currency code of ISO 4217, such as USD'),
    ],
)
def test_more_decimals_than_the_currency_has_are_invalid(
    currency: str, amount: str, message: str
) -> None:
    (result,) = _post(_book("closures"), _event(1, currency, amount, "7"))
    assert (result.status.name, result.message) == ("INVALID", message)


def test_elements_are_checked_by_the_currency_of_each() -> None:
    items = [
        {"currency": "KWD", "amount": "1.001", "rate": "1"},
        {"currency": "JPY", "amount": "1.1", "rate": "1"},
    ]
    (result,) = _post(_book("closures"), _event(1, "USD", "1.00", "7", items=items))
    assert (
        result.message == "明细 (items)[2]: 金额 (amount) has more decimals than JPY, which has 0"
    )


def test_an_amount_without_its_currency_is_invalid() -> None:
    rules = """rulebook b
ledger 总账 is GL currency CNY
event 收款 is cash.received
  币种 is currency currency optional
  外币 is fc_amount amount of 币种 optional
"""
    event = {"id": "1", "type": "cash.received", "date": "2026-03-01", "fc_amount": "5.00"}
    first, second, third = _post(
        _book("closures", rules),
        event,
        event | {"id": "2", "currency": "USD"},
        {"id": "3", "type": "cash.received", "date": "2026-03-01"},
    )
    assert first.message == (
        "外币 (fc_amount) is there without 币种 (currency), its currency; send both"
    )
    assert {second.status.name, third.status.name} == {"NO_POSTING"}


@pytest.mark.parametrize("evaluator", ["closures", "columns"])
def test_codes_of_currencies_are_compared(evaluator: Evaluator) -> None:
    one, two = _post(
        _book(evaluator), _event(1, "JPY", "1001", "0.05"), _event(2, "USD", "1001", "7")
    )
    assert (one.reason, one.message) == ("LARGE", "1001 JPY")
    assert two.status.name == "POSTED"


@pytest.mark.parametrize(
    ("functional", "scale", "debits"),
    [("JPY", 0, [31, 10]), ("KWD", 3, [30864, 9999])],
)
@pytest.mark.parametrize("evaluator", ["closures", "columns"])
def test_books_in_currencies_of_other_minor_units(
    functional: str, scale: int, debits: list[int], evaluator: Evaluator
) -> None:
    """12.3456 × 2.5 = 30.864; the ledger rounds what it converts and what it splits."""
    rules = f"""rulebook b
ledger 总账 is GL currency {functional}
chart 科目
  银行 @1002 "银行" debit
  应收 @1122 "应收" debit
event 收款 is cash.received
  币种 is currency currency
  外币 is fc_amount amount of 币种
  汇率 is rate decimal min 0 max 1000
  金额 is amount amount
rule 收款
  on 收款
  basis "x"
  voucher "收款"
    debit 银行 convert(外币, 汇率)
    debit 银行 金额
    credit 应收 convert(外币, 汇率) + 金额
"""
    book = _book(evaluator, rules)
    amount = "10" if scale == 0 else "9.999"
    event = {"id": "1", "type": "cash.received", "date": "2026-03-01", "currency": "CLF"}
    (result,) = _post(book, event | {"fc_amount": "12.3456", "rate": "2.5", "amount": amount})
    voucher = book.voucher(result.vouchers[0])
    assert voucher.scale == scale
    assert [line.debit for line in voucher.lines[:2]] == debits
    assert voucher.lines[2].credit == sum(debits)


def test_both_spellings_are_one_revision() -> None:
    words = {
        "rulebook": "规则册",
        "ledger": "账簿",
        " is ": " 对应 ",
        " currency CNY": " 币种 CNY",
        " currency\n": " 币种\n",
        "chart": "科目表",
        "debit": "借",
        "credit": "贷",
        "list 行": "列表 行",
        "amount   amount of": "amount   金额 的",
        "fc_amount amount of": "fc_amount 金额 的",
        "decimal min 0 max": "数值 最小 0 最大",
        "event": "事件",
        "list of integer": "列表 的 整数",
        "list of": "列表 的",
        "rule 收款": "规则 收款",
        "  on ": "  针对 ",
        "basis": "依据",
        "  let ": "  设 ",
        "convert(": "折算(",
        "round(": "四舍五入(",
        "refuse": "拒收",
        " when ": " 当 ",
        " and ": " 且 ",
        "split": "拆分",
        " by ": " 按 ",
        " as ": " 为 ",
        "voucher": "凭证",
        " each ": " 逐项 ",
        "sum(": "合计(",
    }
    chinese = _RULES
    for english, spelled in words.items():
        chinese = chinese.replace(english, spelled)
    assert "amount of" not in chinese
    revisions = {
        compile_files([("r.tp", text.encode())]).revision
        for text in (_RULES, chinese, format_text("r.tp", chinese).text or "")
    }
    assert len(revisions) == 1
