"""Budgets as written: two spellings and any order of clauses give one tree and one revision."""

from __future__ import annotations

import pytest

from engine.program import Act, Control, Horizon, Otherwise, Posture
from rules_dsl.compile import compile_rulebook
from rules_dsl.parse import parse_file
from rules_dsl.source import SourceFile
from rules_dsl.syntax import (
    BudgetDecl,
    BudgetStatement,
    ExpectMove,
    ExpectStatus,
    GivenBudget,
    RuleDecl,
    TestDecl,
)
from tests.rules_dsl.syntax_trees import parsed, strip_spans

RULE = "rule 甲\n  on 乙\n  "
CHINESE_RULE = "规则 甲\n  针对 乙\n  "
PAIRS = [
    (
        "budget 费 is fee by 部门, 人 text over month of 日\n  counts CNY\n  control block\n"
        "  tolerance 5% up to 9.00 for reserve\n  tolerance 5% for commit\n"
        '  tolerance up to 9.00 for spend\n  tolerance 7.00\n  warn at 10%\n  override by "长"\n'
        "  unchecked closed\n  under parents",
        "预算 费 对应 fee 按 部门, 人 文本 期限 月 的 日\n  计量 CNY\n  控制 阻断\n"
        "  容差 5% 至多 9.00 对 预占\n  容差 5% 对 承诺\n"
        '  容差 至多 9.00 对 执行\n  容差 7.00\n  提醒 于 10%\n  超支 由 "长"\n'
        "  未校验 不放行\n  挂上级",
    ),
    (
        "budget 费 by 部门 over life\n  control warn\n  unchecked open_marked",
        "预算 费 按 部门 期限 终身\n  控制 提醒\n  未校验 标记放行",
    ),
    ("budget 费 by 部门 over quarter\n  control track", "预算 费 按 部门 期限 季\n  控制 跟踪"),
    ("budget 费 by 部门 over year", "预算 费 按 部门 期限 年"),
    ("budget 费 by 部门 over dates", "预算 费 按 部门 期限 起止日期"),
    (
        f"{RULE}reserve a on 费[b, c] at d as e group f until g each h"
        ' override by i because j when k else reject CODE "少 {a}"',
        f"{CHINESE_RULE}预占 a 于 费[b, c] 于 d 为 e 组 f 至 g 逐项 h"
        ' 超支 由 i 因 j 当 k 否则 拒绝 CODE "少 {a}"',
    ),
    (f'{RULE}commit a on 费[b] else hold "等"', f'{CHINESE_RULE}承诺 a 于 费[b] 否则 暂挂 "等"'),
    (f"{RULE}spend a on 费[b] else warn", f"{CHINESE_RULE}执行 a 针对 费[b] 否则 提醒"),
    (
        f'{RULE}check a on 费[b] else escalate "长" "报 {{a}}"',
        f'{CHINESE_RULE}校验 a 于 费[b] 否则 上报 "长" "报 {{a}}"',
    ),
    (
        f"{RULE}release all of a from 费\n  release b of c from 费[d] each e when f",
        f"{CHINESE_RULE}释放 全部 凭 a 自 费\n  释放 b 的 c 自 费[d] 逐项 e 当 f",
    ),
    (f"{RULE}grant a on 费[] else reject", f"{CHINESE_RULE}下达 a 于 费[] 否则 拒绝"),
    (f"{RULE}let x = last_part(a)", f"{CHINESE_RULE}设 x = 末段(a)"),
    (
        f"{RULE}spend balance of 应收 for 客户 in 账 on 费[b]",
        f"{CHINESE_RULE}执行 余额 的 应收 对 客户 于 账 于 费[b]",
    ),
    (
        f"{RULE}spend balance of 应收 for 客户 on 费[b]",
        f"{CHINESE_RULE}执行 余额 的 应收 对 客户 于 费[b]",
    ),
    (
        'test "t"\n  given budget 费[市场部, "E1"] = 5000.00 CNY\n'
        "  given budget 费[A] at 2026-04-01 under 费[B] = 1\n"
        "  given budget 项[] from 2026-03-01 until 2026-03-31 = 2\n"
        "  given 报销 a = 1\n  expect reserve 费[A] 1.00\n  expect commit 费[A] 1.00\n"
        "  expect spend 费[A] at 2026-04-01 1.00\n  expect release 费[A] -1.00\n"
        "  expect available 费[A] = 4000.00\n  expect rejected BUDGET_EXCEEDED\n"
        "  expect held BUDGET_HELD\n  expect warned",
        '测试 "t"\n  假设 预算 费[市场部, "E1"] = 5000.00 CNY\n'
        "  假设 预算 费[A] 于 2026-04-01 挂靠 费[B] = 1\n"
        "  假设 预算 项[] 自 2026-03-01 至 2026-03-31 = 2\n"
        "  假设 报销 a = 1\n  期望 预占 费[A] 1.00\n  期望 承诺 费[A] 1.00\n"
        "  期望 执行 费[A] 于 2026-04-01 1.00\n  期望 释放 费[A] -1.00\n"
        "  期望 可用 费[A] = 4000.00\n  期望 驳回 BUDGET_EXCEEDED\n"
        "  期望 被暂挂 BUDGET_HELD\n  期望 被提醒",
    ),
]


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_both_languages_give_one_tree(english: str, chinese: str) -> None:
    assert strip_spans(parsed(english)) == strip_spans(parsed(chinese))


def test_a_declaration_reads_as_written() -> None:
    (budget,) = parsed(PAIRS[0][0])
    assert isinstance(budget, BudgetDecl)
    assert (budget.name, budget.wire, budget.dated) == ("费", "fee", "日")
    assert [(key.name, key.is_text) for key in budget.keys] == [("部门", False), ("人", True)]
    assert (budget.horizon, budget.control, budget.posture) == (
        Horizon.MONTH, Control.BLOCK, Posture.CLOSED,
    )  # fmt: skip
    assert budget.by_path
    assert budget.override_role == "长"
    assert budget.warn_at is not None
    assert (budget.warn_at.digits, budget.warn_at.decimals) == (10, 2)
    found = {
        each.act: (
            each.share and each.share.digits,
            each.amount and each.amount.digits,
        )
        for each in budget.tolerances
    }
    assert found == {
        None: (None, 700),
        Act.RESERVE: (5, 900),
        Act.COMMIT: (5, None),
        Act.SPEND: (None, 900),
    }


def test_a_declaration_without_lines_has_the_defaults() -> None:
    (budget,) = parsed("budget 费 by 部门 over life")
    assert isinstance(budget, BudgetDecl)
    assert (budget.wire, budget.dated, budget.counts) == ("费", "", None)
    assert (budget.control, budget.posture, budget.by_path) == (
        Control.BLOCK, Posture.CLOSED, False,
    )  # fmt: skip
    assert (budget.tolerances, budget.warn_at, budget.override_role) == ((), None, "")


def _statement(text: str) -> BudgetStatement:
    (rule,) = parsed(f"{RULE}{text}")
    assert isinstance(rule, RuleDecl)
    (statement,) = rule.statements
    assert isinstance(statement, BudgetStatement)
    return statement


def test_clauses_may_stand_in_any_order() -> None:
    first = _statement("reserve a on 费[b] at d as e until g when k else hold")
    other = _statement("reserve a on 费[b] when k until g as e at d else hold")
    assert strip_spans(first) == strip_spans(other)


def test_else_says_what_becomes_of_the_event() -> None:
    rejected = _statement("spend a on 费[b] else reject").otherwise
    assert rejected is not None
    assert (rejected.outcome, rejected.code, rejected.message) == (Otherwise.REJECT, "", None)
    escalated = _statement('spend a on 费[b] else escalate "长"').otherwise
    assert escalated is not None
    assert (escalated.outcome, escalated.role) == (Otherwise.ESCALATE, "长")
    assert _statement("spend a on 费[b]").otherwise is None


def test_an_if_before_else_keeps_its_own() -> None:
    statement = _statement('spend a on 费[b] when if c then d else e else hold "f"')
    assert statement.guard is not None
    assert statement.otherwise is not None


def test_root_and_no_brackets_are_told_apart() -> None:
    assert _statement("spend a on 费[]").node.keys == ()
    assert _statement("release all of a from 费").node.keys is None


def test_words_of_budgets_are_names_elsewhere() -> None:
    text = (
        "event 预算 is budget dated 日期\n  all is a amount\n  budget is b amount\n"
        "rule 甲\n  on 预算\n  spend all on 费[check]\n  release all of group from 费\n"
        'test "t"\n  given 预算 all = 1, budget = 2\n'
    )
    result = parse_file("a.tp", text)
    assert result.diagnostics == []
    test = result.file.declarations[-1]
    assert isinstance(test, TestDecl)
    assert not any(isinstance(step, GivenBudget) for step in test.steps)


def test_steps_of_a_test_read_as_written() -> None:
    (test,) = parsed(PAIRS[-1][0])
    assert isinstance(test, TestDecl)
    first, second, third = (step for step in test.steps if isinstance(step, GivenBudget))
    assert (first.node.day, first.node.last, first.parent) == (None, None, None)
    assert (second.node.day, second.parent is not None) == (20544, True)  # 2026-04-01
    assert (third.node.day, third.node.last, third.node.keys) == (20513, 20543, ())
    moves = [step for step in test.steps if isinstance(step, ExpectMove)]
    assert [step.act for step in moves] == [Act.RESERVE, Act.COMMIT, Act.SPEND, Act.RELEASE]
    statuses = [step for step in test.steps if isinstance(step, ExpectStatus)]
    assert [(step.status, step.reason) for step in statuses] == [
        ("rejected", "BUDGET_EXCEEDED"),
        ("held", "BUDGET_HELD"),
        ("warned", ""),
    ]


# --- Revisions ---------------------------------------------------------------------------

_ENGLISH = """\
rulebook 测试
ledger 总账 is GL currency CNY
dimension 部门
budget 费 by 部门 over month
  tolerance 5% for spend
  tolerance 3% for reserve
budget 项 by 部门 over year
event 单据 is claim dated 日期
  号 text key
  部门 部门
  金额 is amount amount
rule 单据
  on 单据
  basis "制度"
  reserve 金额 on 费[部门] as 号 else hold "等"
"""
_CHINESE = """\
规则册 测试
账簿 总账 对应 GL 币种 CNY
维度 部门
预算 费 按 部门 期限 月
  容差 5% 对 执行
  容差 3% 对 预占
预算 项 按 部门 期限 年
事件 单据 对应 claim 日期为 日期
  号 文本 键
  部门 部门
  金额 对应 amount 金额
规则 单据
  针对 单据
  依据 "制度"
  预占 金额 于 费[部门] 为 号 否则 暂挂 "等"
"""


def _revision(text: str) -> str:
    program = compile_rulebook([SourceFile("a.tp", text)]).program
    assert program is not None
    return program.revision


def test_both_languages_and_the_order_of_lines_give_one_revision() -> None:
    lines = _ENGLISH.splitlines(keepends=True)
    lines[4], lines[5] = lines[5], lines[4]
    assert _revision(_ENGLISH) == _revision(_CHINESE) == _revision("".join(lines))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("over month", "over quarter"),
        ("tolerance 5%", "tolerance 6%"),
        ("for spend", "for commit"),
        ("on 费[部门]", "on 项[部门]"),
        (" as 号", ""),
        ('else hold "等"', 'else reject "等"'),
        ("budget 费 by 部门 over", "budget 费 is fee by 部门 over"),
        ("reserve", "commit"),
    ],
)
def test_what_a_budget_means_changes_the_revision(old: str, new: str) -> None:
    changed = _ENGLISH.replace(old, new)
    assert changed != _ENGLISH
    assert _revision(changed) != _revision(_ENGLISH)


def test_the_first_budget_is_the_default_so_their_order_counts() -> None:
    moved = _ENGLISH.replace("budget 项 by 部门 over year\n", "")
    moved = moved.replace("budget 费", "budget 项 by 部门 over year\nbudget 费")
    assert _revision(moved) != _revision(_ENGLISH)
