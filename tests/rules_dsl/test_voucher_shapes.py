"""`side by sign` and `merge`: on which side lines stand, and which become one."""

from __future__ import annotations

import pytest

from engine.program import NegativePolicy
from rules_dsl.revision import canonical
from tests.rules_dsl.syntax_trees import parsed, strip_spans
from tests.rules_dsl.values import codes, outcome

EVENT = """\
event 单 is doc dated 日期
  部门 部门
  额 is amount amount max 1000000
"""
LIST = """\
list 行
  项目 项目
  额 is amount amount max 1000000
event 单 is doc dated 日期
  部门 部门
  行 is lines list of 行
"""


def rule(*lines: str, head: str = "") -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return f'rule 记\n  on 单\n  basis "制度"\n  voucher "凭证"{head}\n{body}'


@pytest.mark.parametrize("policy", list(NegativePolicy))
def test_a_negative_amount_goes_to_the_other_side_under_every_policy(
    policy: NegativePolicy,
) -> None:
    rules = EVENT + rule("debit 汇兑 额 by 部门 side by sign", "credit 应收 额 side by sign")
    steps = """at 2026-03-05
        given 单 部门 = D1, 额 = -12.50
        expect voucher
        debit 应收 12.50
        credit 汇兑 12.50 by 部门 = D1
        given 单 部门 = D1, 额 = 12.50
        expect voucher
        debit 汇兑 12.50 by 部门 = D1
        credit 应收 12.50"""
    assert outcome(rules, steps, policy=policy) == ""


def test_only_lines_that_say_so_change_sides() -> None:
    rules = EVENT + rule("debit 汇兑 额 side by sign", "credit 应收 额")
    steps = """at 2026-03-05
        given 单 部门 = D1, 额 = -12.50
        expect voucher
        credit 汇兑 12.50
        credit 应收 -12.50"""
    assert outcome(rules, steps) == ""


def test_a_ledger_that_rejects_says_nothing_of_lines_that_change_sides() -> None:
    plain = EVENT + rule("debit 汇兑 额 by 部门", "credit 应收 额")
    by_sign = plain.replace(" by 部门", " by 部门 side by sign").replace(
        "应收 额", "应收 额 side by sign"
    )
    assert "TP308" in codes(plain, policy=NegativePolicy.REJECT)
    assert "TP308" not in codes(by_sign, policy=NegativePolicy.REJECT)


def test_equal_lines_merge_in_the_place_of_the_first() -> None:
    lines = ("debit 应收 行.额 by 项目 = 行.项目 each 行", "credit 收入 sum(行.额)")
    given = """at 2026-03-05
        given 单 部门 = D1, 行 = [{项目 = P2, 额 = 3}, {项目 = P1, 额 = 1}, {项目 = P2, 额 = 4}]
        expect voucher
        """
    merged = """debit 应收 7.00 by 项目 = P2
        debit 应收 1.00 by 项目 = P1
        credit 收入 8.00"""
    apart = """debit 应收 3.00 by 项目 = P2
        debit 应收 1.00 by 项目 = P1
        debit 应收 4.00 by 项目 = P2
        credit 收入 8.00"""
    assert outcome(LIST + rule(*lines, head=" merge"), given + merged) == ""
    assert outcome(LIST + rule(*lines), given + apart) == ""


def test_lines_that_cancel_out_are_dropped_and_a_voucher_of_none_is_not_made() -> None:
    rules = EVENT + rule(
        "debit 应收 额 by 部门",
        "debit 应收 -额 by 部门",
        "credit 收入 额 - 额 + 0.00",
        head=" merge",
    )
    steps = """at 2026-03-05
        given 单 部门 = D1, 额 = 5.00
        expect no posting"""
    assert outcome(rules, steps) == ""


def test_lines_merge_by_the_side_they_are_posted_on() -> None:
    # In a ledger that swaps, a debit of -2.00 is a credit of 2.00 and joins the credit of 5.00.
    rules = EVENT + rule(
        "debit 应收 额", "credit 收入 额", "debit 收入 -2.00", "credit 应收 -2.00", head=" merge"
    )
    steps = """at 2026-03-05
        given 单 部门 = D1, 额 = 5.00
        expect voucher
        debit 应收 7.00
        credit 收入 7.00"""
    assert outcome(rules, steps, policy=NegativePolicy.SWAP) == ""
    red = """at 2026-03-05
        given 单 部门 = D1, 额 = 5.00
        expect voucher
        debit 应收 5.00
        credit 收入 5.00
        debit 收入 -2.00
        credit 应收 -2.00"""
    assert outcome(rules, red) == ""


def test_the_words_stand_in_either_language_and_leave_older_trees_as_they_were() -> None:
    english = rule(
        "debit 应收 额 side by sign", "credit 收入 额", head=" word 记 merge when 额 > 0"
    )
    chinese = (
        '规则 记\n  针对 单\n  依据 "制度"\n  凭证 "凭证" 凭证字 记 合并 当 额 > 0\n'
        "    借 应收 额 按正负定方向\n    贷 收入 额\n"
    )
    assert strip_spans(parsed(english)) == strip_spans(parsed(chinese))
    (tree,) = parsed(english)
    assert '{"by_sign":true}' in canonical(tree)
    assert '{"merge":true}' in canonical(tree)
    (plain,) = parsed(rule("debit 应收 额", "credit 收入 额"))
    assert "by_sign" not in canonical(plain)
    assert "merge" not in canonical(plain)
