"""Sets of accounts, balances and turnover of them, and what periods a reading takes."""

from __future__ import annotations

import pytest

from engine.program import BalanceMeasure, Op
from rules_dsl.revision import canonical
from rules_dsl.testing import run_tests
from tests.rules_dsl.books import compile_text, errors_of
from tests.rules_dsl.syntax_trees import parsed, strip_spans

HEAD = """\
rulebook 测试
ledger 法定账 is GL currency CNY
dimension 部门 is dept
chart 企业会计准则
  银行存款        @1002   debit
  主营业务收入    @6001   credit
  管理费用        @6602   debit
  管理费用.差旅费 @660210 debit
  财务费用        @6603   debit
  本年利润        @4103   credit
accounts 费用类 = 管理费用.*, 财务费用
accounts 损益类 = 主营业务收入, 费用类
event 付款 is paid dated 日期
  部门 部门
  金额 is amount amount
event 结算 is settled dated 日期
  部门 部门
  期间 is period period
rule 记费用
  on 付款
  basis "制度"
  voucher "付款 {部门}"
    debit  管理费用.差旅费 金额 by 部门
    credit 银行存款        金额 by 部门
"""
STEPS = """
  given balance of 财务费用 for 部门 = D1 = 5.00
  given 付款 日期 = 2026-01-10, 部门 = D1, 金额 = 100.00
  given 付款 日期 = 2026-02-10, 部门 = D1, 金额 = 20.00
  given 付款 日期 = 2026-03-10, 部门 = D1, 金额 = 3.00
  given 付款 日期 = 2026-02-10, 部门 = D2, 金额 = 1000.00
  given 付款 日期 = 2026-02-10, 部门 = D1, 金额 = -7.00
  given 结算 部门 = D1, 期间 = "2026-02"
"""


def read(expression: str) -> str:
    """The rule that posts a reading."""
    return f"""\
rule 结算规则
  on 结算
  basis "制度"
  let 数 = {expression}
  voucher "结算 {{部门}} {{期间}}"
    debit  银行存款 数
    credit 本年利润 数
"""


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # Opening 5.00 stands in the test's period, 2026-02.
        ("debits of 费用类 for 部门 during 期间", "18.00"),  # 5 + 20 - 7, red is negative
        ("debits of 费用类 for 部门 until 期间", "118.00"),
        ("debits of 费用类 for 部门", "121.00"),
        ("balance of 费用类 during 期间", "1018.00"),  # whatever it carries
        ('balance of 损益类 for 部门 until "2026-01"', "100.00"),  # both sides: debit positive
        ('credits of 银行存款 for 部门 = "D2"', "1000.00"),
        ('credits of 银行存款 until "2025-12"', "0.00"),
        ("balance of 银行存款 during 期间", "-1013.00"),
        ("credits of 管理费用.差旅费", "0.00"),
        ("balance of 财务费用 for 部门 during period(日期)", "5.00"),
    ],
)
def test_readings_of_the_ledger(expression: str, expected: str) -> None:
    # Beside zero there is no voucher; another amount is posted as it is.
    ends = (
        "  expect no posting\n"
        if expected == "0.00"
        else f"  expect voucher\n    debit 银行存款 {expected}\n    credit 本年利润 {expected}\n"
    )
    text = f'{read(expression)}test "试"\n  at 2026-02-10{STEPS}{ends}'
    result = compile_text(text, head=HEAD)
    assert errors_of(result) == [], [each.message for each in result.diagnostics]
    assert result.program is not None
    (found,) = run_tests(result.program, result.files)
    assert found.message == ""


def test_a_set_holds_what_stands_below_a_role_and_in_other_sets() -> None:
    result = compile_text(read("balance of 损益类"), head=HEAD)
    assert result.program is not None
    (balance,) = result.program.balances
    roles = [result.program.accounts[account].role for account in balance.accounts]
    assert roles == ["主营业务收入", "管理费用", "管理费用.差旅费", "财务费用"]
    assert balance.measure is BalanceMeasure.NET
    assert not balance.by_period
    result = compile_text(read("credits of 费用类 until 期间"), head=HEAD)
    assert result.program is not None
    (balance,) = result.program.balances
    assert balance.measure is BalanceMeasure.CREDITS
    assert balance.by_period
    ops = [node.op for node in result.program.rules[1].nodes]
    assert Op.BALANCE_UNTIL in ops
    assert Op.PERIOD_NUMBER in ops


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("accounts 坏 = 管理费\n", "unknown account 管理费"),
        ("accounts 坏 = 管理费.*\n", "unknown group of accounts 管理费.*"),
        ("accounts 甲 = 乙\naccounts 乙 = 甲\n", "the set of accounts 甲 names itself"),
        ("accounts 银行存款 = 财务费用\n", "银行存款 is already an account of the chart"),
        (read("balance of 损益 during 期间"), "unknown account 损益"),
        (read("balance of 损益类 during 部门"), 'a period, such as "2026-03", is needed here'),
        (read('balance of 损益类 during "2026-13"'), '"2026-13" is not a period'),
        (read("balance of 损益类 for 部们"), "unknown dimension 部们"),
    ],
)
def test_slips_in_readings_are_told(text: str, expected: str) -> None:
    result = compile_text(text, head=HEAD)
    messages = [each.message for each in result.diagnostics if each.severity.value == "error"]
    assert any(message.startswith(expected) for message in messages), messages


def test_an_unused_set_is_told() -> None:
    result = compile_text("", head=HEAD)
    assert "set of accounts 损益类 is never used" in [each.message for each in result.diagnostics]


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("accounts 甲 = 乙.*, 丙", "科目组 甲 = 乙.*, 丙"),
        (
            "rule 甲\n  on 乙\n  let 数 = debits of 丙 for 丁 in 戊 during 己",
            "规则 甲\n  针对 乙\n  设 数 = 借方发生额 的 丙 对 丁 于 戊 期内 己",
        ),
        (
            "rule 甲\n  on 乙\n  let 数 = credits of 丙 until 己 + balance of 丁",
            "规则 甲\n  针对 乙\n  设 数 = 贷方发生额 的 丙 截至 己 + 余额 的 丁",
        ),
    ],
)
def test_both_languages_give_one_tree(english: str, chinese: str) -> None:
    assert strip_spans(parsed(english + "\n")) == strip_spans(parsed(chinese + "\n"))


def test_a_plain_balance_has_the_tree_it_had_before() -> None:
    (rule,) = parsed("rule 甲\n  on 乙\n  let 数 = balance of 丙 for 丁\n")
    assert '["BalanceOf",["Name",["丙"]],[["DimensionArg",["Name",["丁"]],null,null]],null]' in (
        canonical(rule)
    )
