"""Reading targets in expressions, and differences between what a balance should be and is."""

from __future__ import annotations

import pytest

from rules_dsl.testing import run_tests
from tests.rules_dsl.books import compile_text, errors_of
from tests.rules_dsl.syntax_trees import parsed, strip_spans

HEAD = """\
rulebook 测试
ledger 法定账 is GL currency CNY
dimension 客户 is customer
chart 企业会计准则
  应收账款 @1122 debit
  坏账准备 @1231 credit
  信用减值 @6702 debit
  收入     @6001 credit
target 已收货 by 订单
event 收货 is received dated 日期
  订单 is po text
  额   is amount amount max 100000
  客户 客户
rule 记收货
  on 收货
  basis "制度"
  delta 本次 of 已收货 = 已收货 + 额
  voucher "累计 {已收货[订单]}"
    debit  应收账款 本次 by 客户
    credit 收入     本次 by 客户
event 计提 is accrued dated 日期
  客户 客户
rule 记计提
  on 计提
  basis "制度"
  let 应收 = balance of 应收账款 for 客户
  true up 补提 of 坏账准备 for 客户 to round(应收 * 5%)
  voucher "补提 {补提}"
    debit  信用减值 补提 by 客户
    credit 坏账准备 补提 by 客户
"""


def outcome(steps: str) -> str:
    result = compile_text(f'test "试"\n  at 2026-03-01\n{steps}', head=HEAD)
    assert errors_of(result) == [], [each.message for each in result.diagnostics]
    assert result.program is not None
    (found,) = run_tests(result.program, result.files)
    return found.message


def test_a_counter_adds_to_itself_and_is_read_as_it_was_before_the_event() -> None:
    steps = """
  given 收货 订单 = "P1", 客户 = C1, 额 = 100.00
  given 收货 订单 = "P2", 客户 = C1, 额 = 1.00
  given 收货 订单 = "P1", 客户 = C1, 额 = 40.00
  expect voucher "累计 100.00"
    debit  应收账款 40.00 by 客户 = C1
    credit 收入     40.00 by 客户 = C1
  given 收货 订单 = "P1", 客户 = C1, 额 = 5.00
  expect voucher with "累计 140.00"
    debit 应收账款 5.00 by 客户 = C1
"""
    assert outcome(steps) == ""


def test_a_true_up_posts_only_what_is_missing() -> None:
    steps = """
  given 收货 订单 = "P1", 客户 = C1, 额 = 1000.00
  given 计提 客户 = C1
  expect voucher "补提 50.00"
    debit  信用减值 50.00 by 客户 = C1
    credit 坏账准备 50.00 by 客户 = C1
  given 计提 客户 = C1
  expect no posting
  given 收货 订单 = "P1", 客户 = C1, 额 = -400.00
  given 计提 客户 = C1
  expect voucher "补提 -20.00"
    debit  信用减值 -20.00 by 客户 = C1
    credit 坏账准备 -20.00 by 客户 = C1
  given 计提 客户 = C2
  expect no posting
"""
    assert outcome(steps) == ""


RULE = 'rule 坏\n  on 收货\n  basis "制度"\n'


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('let 数 = 已收货["a", "b"]', "the target 已收货 has 1 key (订单), not 2"),
        ("let 数 = 已收货[额]", "a text, a date or a whole number is needed here"),
        ('let 数 = 已收获["a"]', "unknown table, rate or record 已收获"),
        ("let 数 = 已收货[订单].余额", "已收货 is a target: one amount for its keys"),
        (
            "true up 数 of 坏账准备 for 客户 to 额 * 5%",
            "an unrounded amount in CNY must be rounded",
        ),
        ("true up 数 of 坏帐准备 to 额", "unknown account 坏帐准备"),
    ],
)
def test_slips_are_told(line: str, expected: str) -> None:
    result = compile_text(f"{RULE}  {line}\n", head=HEAD)
    messages = [each.message for each in result.diagnostics if each.severity.value == "error"]
    assert any(message.startswith(expected) for message in messages), messages


def test_both_languages_give_one_tree() -> None:
    english = "rule 甲\n  on 乙\n  true up 数 of 丙 for 丁 = 戊 in 己 to 庚 + 1"
    chinese = "规则 甲\n  针对 乙\n  调至 数 的 丙 对 丁 = 戊 于 己 到 庚 + 1"
    assert strip_spans(parsed(english + "\n")) == strip_spans(parsed(chinese + "\n"))
