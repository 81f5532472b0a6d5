"""Dated records in source text: both spellings, layout, test steps."""

from __future__ import annotations

import pytest

from engine.program import Kind, Op
from rules_dsl.compile import CompileResult, compile_rulebook
from rules_dsl.formatter import format_text
from rules_dsl.source import SourceFile
from rules_dsl.testing import run_tests

ENGLISH = """rulebook 汇率册
ledger 总账 is GL currency CNY
chart 科目
  银行 @1002 debit
  应收 @1122 debit
event 发布 is rate.published
  货币 is currency text
  中间价 is rate decimal min 0 max 1000
event 收款 is cash.received dated 收款日 expects one
  货币 is currency text
  定价日 is priced date
record 汇率 key 货币 dated from 发布
  中间价 decimal min 0 max 1000
rule 收款
  on 收款
  basis "汇率"
  let 当日 = if given 汇率[货币] then 汇率[货币].中间价 else 0
  let 金额 = round(100.00 CNY * (当日 + 汇率[货币 at 定价日].中间价))
  voucher "收款"
    debit 银行 金额
    credit 应收 金额
"""
CHINESE = """规则册 汇率册
账簿 总账 对应 GL 币种 CNY
科目表 科目
  银行 @1002 借
  应收 @1122 借
事件 发布 对应 rate.published
  货币 对应 currency 文本
  中间价 对应 rate 数值 最小 0 最大 1000
事件 收款 对应 cash.received 日期为 收款日 应有 一条
  货币 对应 currency 文本
  定价日 对应 priced 日期
档案 汇率 键 货币 分日期 自 发布
  中间价 数值 最小 0 最大 1000
规则 收款
  针对 收款
  依据 "汇率"
  设 当日 = 若 已填 汇率[货币] 则 汇率[货币].中间价 否则 0
  设 金额 = 四舍五入(100.00 CNY * (当日 + 汇率[货币 于 定价日].中间价))
  凭证 "收款"
    借 银行 金额
    贷 应收 金额
"""
TEST = """test "两个版本"
  at 2026-03-05
  given 汇率[USD] from 2026-03-02 中间价 = 7.2
  given 汇率[USD] from 2026-03-01 中间价 = 7.1
  given 汇率[EUR] 中间价 = 8
  given 收款 货币 = USD, 定价日 = 2026-03-01
  expect voucher
    debit  银行 1430.00
    credit 应收 1430.00
  given 收款 货币 = EUR, 定价日 = 2026-03-05
  expect voucher
    debit  银行 1600.00
    credit 应收 1600.00
  given 收款 货币 = EUR, 定价日 = 2026-03-04
  expect unposted MISSING_RECORD
"""


def compiled(text: str) -> CompileResult:
    return compile_rulebook([SourceFile("汇率.tp", text)])


def test_both_spellings_are_one_revision_of_another_identity_than_without_dates() -> None:
    english, chinese = compiled(ENGLISH).program, compiled(CHINESE).program
    assert english is not None
    assert chinese is not None
    assert english.revision == chinese.revision
    undated = compiled(ENGLISH.replace(" dated from", " from").replace("货币 at 定价日", "货币"))
    assert undated.program is not None
    assert undated.program.revision != english.revision
    assert not undated.program.records[0].dated


def test_a_version_is_asked_for_once_a_date() -> None:
    program = compiled(ENGLISH).program
    assert program is not None
    nodes = program.rules[0].nodes
    versions = [node for node in nodes if node.op is Op.VERSION]
    # Whether anything is in force, the value of that day, and the value at the pricing date.
    assert [(node.data, node.kind) for node in versions] == [
        ((0, -1), Kind.DATE),
        ((0, 0), Kind.DATE),
        ((0, 0), Kind.DATE),
    ]


def test_a_test_gives_versions() -> None:
    result = compiled(ENGLISH + TEST)
    assert result.program is not None
    assert [(each.passed, each.message) for each in run_tests(result.program, result.files)] == [
        (True, "")
    ]


def test_a_test_gives_no_version_of_a_record_without_dates() -> None:
    text = ENGLISH.replace(" dated from", " from").replace("货币 at 定价日", "货币")
    result = compiled(text + TEST)
    assert result.program is not None
    (found,) = run_tests(result.program, result.files)
    assert found.message == "汇率 has no versions by date; leave out its date"


@pytest.mark.parametrize("text", [ENGLISH, CHINESE, ENGLISH + TEST])
def test_layout_keeps_the_meaning(text: str) -> None:
    formatted = format_text("汇率.tp", text).text
    assert formatted is not None
    first, second = compiled(text).program, compiled(formatted).program
    assert first is not None
    assert second is not None
    assert first.revision == second.revision
    assert format_text("汇率.tp", formatted).text == formatted
