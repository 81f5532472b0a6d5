"""Ten mistakes an author makes, and more: one clear diagnostic each, at the right place."""

from __future__ import annotations

import pytest

from rules_dsl.diagnostics import Diagnostic, Severity
from server.rulebooks import check_files

_BASE = """规则册 试验
账簿 总账 对应 GL 币种 CNY
单位 小时
代码 费用类型 = 差旅费 | 招待费 | 礼品费
代码 发票类型 = 专票 | 普票
维度 部门 平衡
维度 员工
科目表 试验
  管理费用.差旅费   @660201 借
  管理费用.招待费   @660202 借 需要 员工
  应交税费.进项税额 @222101 借
  其他应付款.员工   @2241 贷
事件 报销单 日期为 业务日期 应有 一条
  单号     文本 键
  部门     部门
  员工     员工
  费用类型 费用类型
  发票类型 发票类型
  含税金额 金额
  税率     百分比 最小 0 最大 1
  工时     数量 的 小时
决策表 费用科目 唯一
  | 费用类型         | = 科目          |
  | 差旅费           | 管理费用.差旅费 |
  | {招待费, 礼品费} | 管理费用.招待费 |
规则 费用报销 自 2026-01-01
  针对 报销单
  依据 "费用报销制度 第12条"
  拒收 NO_HOURS "工时不能为负" 当 工时 < 0
  设 税额     = 若 发票类型 = 专票 则 四舍五入(含税金额 * 税率 / (1 + 税率)) 否则 0
  设 不含税额 = 含税金额 - 税额
  凭证 "报销 {单号}"
    借 费用科目[费用类型] 不含税额 按 部门, 员工
    借 应交税费.进项税额  税额     按 部门
    贷 其他应付款.员工    含税金额 按 部门, 员工
"""

#: What is written, what instead, the code, where (line text, word), and the suggestion.
_MISTAKES = [
    ("= 含税金额 - 税额", "= 含税金颔 - 税额", "TP201", ("设 不含税额", "含税金颔"), "含税金额"),
    ("不含税额 按 部门, 员工", "不含税额 按 部们, 员工", "TP201", ("借 费用科目", "部们"), "部门"),
    ("员工    含税金额", "员工    不含税额", "TP301", ("贷 其他", "不含税额"), "含税金额"),
    ("| {招待费, 礼品费} |", "| {差旅费, 招待费, 礼品费} |", "TP401", ("| {差旅费", "|"), ""),
    ("| {招待费, 礼品费} |", "| 招待费 |", "TP402", ("决策表", "决策表"), ""),
    ("= 含税金额 - 税额", "= 含税金额 * 税率", "TP214", ("借 费用科目", "不含税额"), ""),
    ("= 含税金额 - 税额", "= 含税金额 - 工时", "TP213", ("设 不含税额", "含税金额 -"), ""),
    (
        "贷 其他应付款.员工 ",
        "贷 其他应付款.员公 ",
        "TP201",
        ("贷 其他", "其他应付款"),
        "其他应付款.员工",
    ),
    ("不含税额 按 部门, 员工", "不含税额 按 部门", "TP306", ("借 费用科目", "借"), ""),
    ("设 税额     = 若", "设 税额     ＝ 若", "TP102", ("设 税额", "＝"), ""),
    ("借 应交税费.进项税额", "借应交税费.进项税额", "TP103", ("借应交", "借"), ""),
    ("税额     按 部门", "税额", "TP302", ("凭证", "凭证"), ""),
    ("发票类型 = 专票 则", "发票类型 = 专飘 则", "TP202", ("设 税额", "专飘"), "专票"),
    ("  设 不含税额 =", "  设 单号 =", "TP205", ("设 单号", "单号"), ""),
    ("规则 费用报销", "规测 费用报销", "TP101", ("规测", "规测"), "规则"),
]


def _place(text: str, where: tuple[str, str]) -> tuple[int, int]:
    """Line and column, counted in characters, of a word in the first line that holds a text."""
    for number, line in enumerate(text.splitlines(), start=1):
        if where[0] in line:
            start = line.index(where[0])
            return number, line.index(where[1], start) + 1
    raise AssertionError(where)


def _found(text: str) -> list[Diagnostic]:
    check = check_files([("报销.tp", text.encode())], run_tests=False)
    return [found for found, _ in check.diagnostics]


def test_rule_book_without_a_mistake_has_no_diagnostic() -> None:
    assert _found(_BASE) == []


@pytest.mark.parametrize(
    ("good", "bad", "code", "where", "suggestion"), _MISTAKES, ids=[m[1] for m in _MISTAKES]
)
def test_mistake_is_named_at_its_place(
    good: str, bad: str, code: str, where: tuple[str, str], suggestion: str
) -> None:
    assert _BASE.count(good) >= 1
    text = _BASE.replace(good, bad, 1)
    found = [one for one in _found(text) if one.severity is not Severity.INFO]
    first = next(one for one in found if one.code == code)
    assert (first.span.line, first.span.column) == _place(text, where)
    if suggestion:
        assert suggestion in (*first.suggestions, first.help)
    errors = {one.code for one in found if one.severity is Severity.ERROR}
    assert errors <= {code, "TP201"}


def test_unrounded_let_used_twice_is_reported_once() -> None:
    text = _BASE.replace("四舍五入(含税金额 * 税率 / (1 + 税率))", "含税金额 * 税率 / (1 + 税率)")
    assert [one.code for one in _found(text)] == ["TP214"]
