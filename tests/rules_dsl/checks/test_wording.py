"""Amounts and conditions in messages: the author's names and keywords."""

from __future__ import annotations

from rules_dsl.checks import CHECKS, CheckInput
from rules_dsl.compile import PASSES, Compilation
from rules_dsl.diagnostics.model import Diagnostic
from rules_dsl.reporting import Reporter
from rules_dsl.source import SourceFile

BOOK = """
规则册 检查
账簿 法定账 对应 GL 币种 CNY 字 记
维度 部门 对应 department
科目表 科目
  费用   @6602 "费用"   借 需要 部门
  应付   @2241 "应付"   贷
列表 报销行
  含税   对应 gross      金额
  税额   对应 tax        金额
  可抵扣 对应 deductible 真假
事件 报销 对应 claim 日期为 日期
  类型 对应 kind  文本
  限额 对应 limit 金额
  明细 对应 lines 列表 的 报销行
""".replace("字 记", "凭证字 记")


def _told(code: str, rule: str) -> Diagnostic:
    text = BOOK.lstrip() + rule
    report = Reporter({"a.tp": text})
    compilation = Compilation([SourceFile("a.tp", text)], {}, report)
    for run in PASSES[:-1]:
        run(compilation)
    assert report.diagnostics == []
    assert compilation.program is not None
    checked = CheckInput(
        compilation.program, compilation.files, compilation.usage, word=report.word
    )
    (found,) = [each for check in CHECKS for each in check(checked) if each.code == code]
    return found


def test_help_is_in_the_keywords_of_the_file() -> None:
    rule = """规则 报销
  针对 报销
  依据 "制度"
  凭证 "报销"
    借 费用 限额
    贷 应付 限额
"""
    assert _told("TP306", rule).help == "write 按 部门 on the line"


def test_sums_are_in_the_keywords_of_the_file() -> None:
    rule = """规则 报销
  针对 报销
  依据 "制度"
  设 行税额 = 若 明细.可抵扣 则 明细.税额 否则 0
  凭证 "报销"
    借 费用 合计(明细.含税) 按 部门 = 类型
    贷 应付 合计(明细.含税) - 合计(行税额)
"""
    found = _told("TP301", rule)
    assert found.notes == ("debits − credits = 合计(行税额)",)
    assert found.help == "add a credit line of 合计(行税额)"
    assert found.suggestions == ("合计(明细.含税)",)


def test_amounts_without_a_name_are_written_out() -> None:
    rule = """规则 报销
  针对 报销
  依据 "制度"
  凭证 "报销"
    借 费用 若 限额 > 1000 且 类型 = "A" 则 四舍五入(限额 * 5%) 否则 0 按 部门 = 类型
"""
    found = _told("TP301", rule)
    assert found.notes == (
        'debits − credits = 四舍五入(限额 × 0.05), where 限额 > 1000.00 and 类型 = "A"',
    )
