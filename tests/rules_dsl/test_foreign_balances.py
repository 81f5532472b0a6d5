"""Balances by currency: receipts at the book rate and revaluation, tested as rules; TP303."""

from __future__ import annotations

import pytest

from engine.program import ForeignForm
from rules_dsl.compile import CompileResult, compile_rulebook
from rules_dsl.formatter import format_text
from rules_dsl.source import SourceFile
from rules_dsl.testing import run_tests
from tests.rules_dsl.books import errors_of

BOOK = """rulebook 外币
ledger 总账 is GL currency CNY
dimension 客户 is customer
dimension 银行 is bank
chart 科目
  银行存款 @1002   debit
  应收账款 @1122   debit
  预收账款 @2203   credit
  汇兑     @660303 debit
  收入     @6001   credit
event 开票 is invoice.issued dated 日
  客户 is customer  客户
  币种 is currency  currency
  外币 is fc_amount amount of 币种
  汇率 is rate      decimal min 0 max 1000
rule 开票
  on 开票
  basis "CAS 19"
  let 本位 = convert(外币, 汇率)
  voucher "开票"
    debit  应收账款 本位 foreign 外币 at 汇率 by 客户
    credit 收入 本位
event 收款 is cash.received dated 日
  客户 is customer  客户
  银行 is bank      银行
  币种 is currency  currency
  外币 is fc_amount amount of 币种
  汇率 is rate      decimal min 0 max 1000
rule 收款
  on 收款
  basis "CAS 19"
  let 本位 = convert(外币, 汇率)
  let 账面原币 = foreign balance of 应收账款 for 客户, currency = 币种
  let 账面 = balance of 应收账款 for 客户, currency = 币种
  refuse NOTHING_OPEN "没有" when 账面原币 <= 0
  let 冲销 = book_share(外币, 账面, 账面原币)
  voucher "收款"
    debit  银行存款 本位 foreign 外币 at 汇率 by 银行
    credit 应收账款 冲销 foreign 外币 at book rate decimals 4 by 客户
    debit  汇兑 冲销 - 本位 side by sign
event 调汇 is fx.revalued dated 日
  客户 is customer 客户
  币种 is currency currency
  汇率 is rate     decimal min 0 max 1000
rule 调汇
  on 调汇
  basis "CAS 19"
  let 账面原币 = foreign balance of 应收账款 for 客户, currency = 币种
  let 账面 = balance of 应收账款 for 客户, currency = 币种
  let 差额 = if 币种 = CNY then 0 else convert(账面原币, 汇率) - 账面
  voucher "调汇"
    debit  应收账款 差额 foreign 0 at 汇率 by 客户 side by sign
    credit 汇兑 差额 side by sign
"""
TEST = """test "应收账款:开票、部分收款、两次调汇、收清"
  at 2026-03-01
  given 开票 客户 = C1, 币种 = USD, 外币 = 8000.00, 汇率 = 8.25
  given 开票 客户 = C1, 币种 = KWD, 外币 = 10.001, 汇率 = 23
  given 收款 客户 = C1, 币种 = USD, 外币 = 3000.00, 汇率 = 8.3, 银行 = B
  expect voucher
    debit  银行存款 24900.00 foreign 3000.00 USD at 8.3 by 银行 = B
    credit 应收账款 24750.00 foreign 3000.00 USD at 8.25 by 客户 = C1
    credit 汇兑       150.00
  given 调汇 客户 = C1, 币种 = USD, 汇率 = 8.27
  expect voucher
    debit  应收账款   100.00 foreign 0 USD at 8.27 by 客户 = C1
    credit 汇兑       100.00
  given 调汇 客户 = C1, 币种 = USD, 汇率 = 8.2
  expect voucher
    credit 应收账款   350.00 foreign 0 USD at 8.2 by 客户 = C1
    debit  汇兑       350.00
  given 调汇 客户 = C1, 币种 = USD, 汇率 = 8.2
  expect no posting
  given 收款 客户 = C1, 币种 = USD, 外币 = 1666.67, 汇率 = 8.2, 银行 = B
  expect voucher
    debit  银行存款 13666.69 foreign 1666.67 USD at 8.2 by 银行 = B
    credit 应收账款 13666.69 foreign 1666.67 USD at 8.2 by 客户 = C1
  given 收款 客户 = C1, 币种 = USD, 外币 = 3333.33, 汇率 = 8.2, 银行 = B
  expect voucher
    debit  银行存款 27333.31 foreign 3333.33 USD at 8.2 by 银行 = B
    credit 应收账款 27333.31 foreign 3333.33 USD at 8.2 by 客户 = C1
  given 收款 客户 = C1, 币种 = USD, 外币 = 0.01, 汇率 = 8.2, 银行 = B
  expect refused NOTHING_OPEN
  given 收款 客户 = C1, 币种 = KWD, 外币 = 3.334, 汇率 = 23, 银行 = B
  expect voucher
    debit  银行存款 76.68 foreign 3.334 KWD at 23 by 银行 = B
    credit 应收账款 76.68 foreign 3.334 KWD at 22.9994 by 客户 = C1
"""


def compiled(text: str) -> CompileResult:
    return compile_rulebook([SourceFile("外币.tp", text)])


def test_receipts_relieve_at_the_book_rate_and_revaluation_takes_balances_to_the_rate() -> None:
    result = compiled(BOOK + TEST)
    assert result.program is not None, result.diagnostics
    assert [each.message for each in run_tests(result.program, result.files)] == [""]
    forms = [
        line.foreign.form
        for rule in result.program.rules
        for line in rule.vouchers[0].lines
        if line.foreign is not None
    ]
    assert forms == [
        ForeignForm.CONVERTED,
        ForeignForm.CONVERTED,
        ForeignForm.BOOK,
        ForeignForm.REVALUED,
    ]


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        # Another account than the line's, another key, another currency, the reverse.
        ("foreign balance of 应收账款 for 客户, currency = 币种\n  let 账面 =",
         "foreign balance of 预收账款 for 客户, currency = 币种\n  let 账面 ="),
        ("let 账面 = balance of 应收账款 for 客户,", "let 账面 = balance of 应收账款 for 银行,"),
        ("let 账面 = balance of 应收账款 for 客户, currency = 币种\n  refuse",
         "let 账面 = balance of 应收账款 for 客户\n  refuse"),
        ("冲销 foreign 外币 at book rate", "本位 foreign 外币 at book rate"),
        ("冲销 foreign 外币 at book rate", "冲销 foreign 外币 + 外币 at book rate"),
        ("冲销 foreign 外币 at book rate decimals 4", "冲销 foreign 外币 at 汇率"),
        ("convert(账面原币, 汇率) - 账面", "账面 - convert(账面原币, 汇率)"),
        ("convert(账面原币, 汇率) - 账面", "convert(账面原币, 7.1) - 账面"),
        ("convert(账面原币, 汇率) - 账面", "convert(账面原币, 汇率) + 账面"),
        ("if 币种 = CNY then 0 else", "if 币种 = CNY then 1 else"),
        ("差额 foreign 0 at 汇率 by 客户 side", "差额 foreign 0 at 7.1 by 客户 side"),
    ],
)  # fmt: skip
def test_an_amount_of_another_form_is_refused(written: str, instead: str) -> None:
    assert written in BOOK
    result = compiled(BOOK.replace(written, instead, 1))
    assert result.program is None
    assert "TP303" in errors_of(result), result.diagnostics


def test_both_spellings_and_layout_are_one_revision() -> None:
    chinese = BOOK
    for english, spelled in (
        ("foreign balance of", "原币 余额 的"),
        ("balance of", "余额 的"),
        (", currency =", ", 币种 ="),
        ("at book rate decimals", "于 账面汇率 小数"),
        ("book_share(", "账面份额("),
        (" for 客户", " 对 客户"),
        (" at 汇率", " 汇率 汇率"),
        ("foreign 0", "原币 0"),
        ("foreign 外币", "原币 外币"),
    ):
        chinese = chinese.replace(english, spelled)
    assert "foreign" not in chinese
    formatted = format_text("外币.tp", BOOK).text or ""
    revisions = {
        program.revision
        for text in (BOOK, chinese, formatted)
        if (program := compiled(text).program) is not None
    }
    assert len(revisions) == 1
    assert compiled(chinese).program is not None
