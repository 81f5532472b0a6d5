"""Edits that checks offer: applied to the text, they repair it."""

from __future__ import annotations

import pytest

from rules_dsl.compile import compile_rulebook
from rules_dsl.diagnostics.model import Diagnostic
from rules_dsl.source import SourceFile, split_lines

BOOK = """rulebook checks
ledger 法定账 is GL currency CNY
dimension 客户 is customer
dimension 部门 is department
chart 科目
  应收 @1122 "应收" debit requires 客户
  税金 @2221 "税金" credit
  收入 @6001 "收入" credit
event 开票 is invoice dated 日期
  客户 is customer   客户
  部门 is department 部门
  金额 is amount     amount
  税率 is rate       percent min 0 max 1
"""


def _compiled(rule: str) -> tuple[str, tuple[Diagnostic, ...]]:
    text = BOOK + rule
    return text, compile_rulebook([SourceFile("a.tp", text)], assets={}).diagnostics


def _applied(text: str, found: Diagnostic) -> str:
    fix = found.fix
    assert fix is not None
    lines = split_lines(text)
    line = lines[fix.span.line - 1]
    start, end = fix.span.column - 1, fix.span.end_column - 1
    lines[fix.span.line - 1] = line[:start] + fix.replacement + line[end:]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("TP301", "debit 应收 金额 by 客户\n    credit 税金 税额\n    credit 收入 金额"),
        ("TP306", "debit 应收 金额\n    credit 税金 税额\n    credit 收入 净额"),
        ("TP306", "debit 应收 金额 by 部门\n    credit 税金 税额\n    credit 收入 净额"),
    ],
)
def test_fixed_text_is_no_longer_told(code: str, lines: str) -> None:
    rule = f"""rule 开票
  on 开票
  basis "准则"
  let 净额 = round(金额 / (1 + 税率))
  let 税额 = 金额 - 净额
  voucher "开票"
    {lines}
"""
    text, diagnostics = _compiled(rule)
    (found,) = [each for each in diagnostics if each.code == code]
    fixed = compile_rulebook([SourceFile("a.tp", _applied(text, found))], assets={})
    assert [each for each in fixed.diagnostics if each.code != "TP204"] == []


def test_rounding_one_part_and_taking_the_rest_closes_the_voucher() -> None:
    rule = """rule 开票
  on 开票
  basis "准则"
  let 净额 = round(金额 / (1 + 税率))
  let 税额 = round(金额 * 税率 / (1 + 税率))
  voucher "开票"
    debit 应收 金额 by 客户
    credit 税金 税额
    credit 收入 净额
"""
    text, diagnostics = _compiled(rule)
    assert {"TP301", "TP305"} <= {each.code for each in diagnostics}
    (found,) = [each for each in diagnostics if each.code == "TP305"]
    fixed = compile_rulebook([SourceFile("a.tp", _applied(text, found))], assets={})
    assert [each for each in fixed.diagnostics if each.code != "TP204"] == []
