"""Spans of nodes and diagnostics cover the text they speak of."""

from __future__ import annotations

from typing import cast

import pytest

from engine.program import Span
from rules_dsl.parse import parse_file
from rules_dsl.source import span_text
from rules_dsl.syntax import (
    Binary,
    Call,
    EventDecl,
    Let,
    RuleDecl,
    TableDecl,
    TestDecl,
    VoucherDecl,
)
from tests.rules_dsl.syntax_trees import spans_in

TEXT = """\
# 注释
event 报销审批 is expense.claim
  金额  is gross  amount of CNY min -1.00  # 含税
  明细  list of 报销行

table 费用科目
  | 类别         | 有项目 flag | = account |
  | {招待, 其他} | 1..5        | 管理费用.其他 |

rule 费用报销 from 2026-01-01
  on 报销审批
  let 税额 = round(金额 * 税率
    / (1 + 税率), 2)
  voucher "报销 {员工.姓名} 元"
    debit 费用科目[明细.类别] 税额 by 部门 = 甲, 项目 if given 项目 each 明细

test "差旅费"
  given 报销审批 明细 = [{类别 = 差旅}]
"""


def declarations() -> tuple[EventDecl, TableDecl, RuleDecl, TestDecl]:
    result = parse_file("a.tp", TEXT)
    assert result.diagnostics == []
    return cast("tuple[EventDecl, TableDecl, RuleDecl, TestDecl]", result.file.declarations)


def text(span: Span) -> str:
    return span_text(TEXT, span)


def test_spans_of_fields_and_types_cover_their_text() -> None:
    event, *_ = declarations()
    amount = event.fields[0]
    assert text(event.name_span) == "报销审批"
    assert text(amount.name_span) == "金额"
    assert text(amount.span) == "金额  is gross  amount of CNY min -1.00"
    assert text(amount.type.span) == "amount of CNY min -1.00"
    assert amount.type.low is not None
    assert text(amount.type.low.span) == "-1.00"


def test_spans_of_cells_cover_their_text() -> None:
    _, table, *_ = declarations()
    (row,) = table.rows
    assert [text(column.span) for column in table.columns] == ["类别", "有项目 flag", "= account"]
    assert [text(cell.span) for cell in row.cells] == ["{招待, 其他}", "1..5"]
    assert text(row.outputs[0].span) == "管理费用.其他"
    assert text(row.span) == "| {招待, 其他} | 1..5        | 管理费用.其他 |"


def test_spans_reach_over_wrapped_lines() -> None:
    *_, rule, _ = declarations()
    let = rule.statements[0]
    assert isinstance(let, Let)
    assert isinstance(let.value, Call)
    assert text(let.name_span) == "税额"
    assert text(let.value.span) == "round(金额 * 税率\n    / (1 + 税率), 2)"
    quotient = let.value.args[0]
    assert isinstance(quotient, Binary)
    assert text(quotient.span) == "金额 * 税率\n    / (1 + 税率)"
    assert text(quotient.right.span) == "1 + 税率"


def test_spans_in_templates_point_into_the_text() -> None:
    *_, rule, _ = declarations()
    voucher = rule.statements[1]
    assert isinstance(voucher, VoucherDecl)
    name = voucher.summary.parts[1]
    assert not isinstance(name, str)
    assert text(name.span) == "员工.姓名"
    assert text(voucher.summary.span) == '"报销 {员工.姓名} 元"'


def test_spans_of_lines_and_dimensions_cover_their_text() -> None:
    *_, rule, _ = declarations()
    voucher = rule.statements[1]
    assert isinstance(voucher, VoucherDecl)
    (line,) = voucher.lines
    assert text(line.account.span) == "费用科目[明细.类别]"
    assert text(line.amount.span) == "税额"
    assert [text(each.span) for each in line.dimensions] == ["部门 = 甲", "项目 if given 项目"]
    assert text(voucher.span).startswith("voucher")
    assert text(voucher.span).endswith("each 明细")
    assert text(rule.span).startswith("rule 费用报销")
    assert rule.span.end_line == voucher.span.end_line


def test_spans_of_given_values_cover_their_text() -> None:
    *_, test = declarations()
    ((_, value),) = test.steps[0].values  # type: ignore[union-attr]  # the only step is an event
    assert text(value.span) == "[{类别 = 差旅}]"


def test_every_span_lies_in_the_file_and_is_not_empty() -> None:
    for declaration in declarations():
        for span in spans_in(declaration):
            assert text(span).strip() != ""


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("unit 小时 is\n", (1, 11)),
        ("rule 甲\n  on 乙\n  let 税额 = 金额 *\n", (3, 16)),
        ("event 甲\n  𠮷野家 amunt of CNY\n", (2, 7)),
    ],
)
def test_diagnostics_count_code_points(source: str, place: tuple[int, int]) -> None:
    (diagnostic,) = parse_file("a.tp", source).diagnostics
    assert (diagnostic.span.line, diagnostic.span.column) == place
