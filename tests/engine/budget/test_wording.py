"""What a person reads about a budget, in Chinese and in English."""

from __future__ import annotations

from typing import Any

import pytest

from engine.budget.wording import amount_text, sentence
from engine.calls import BudgetVerdict
from engine.effects import Verdict
from engine.program import Budget

NODE = "dept_expense[市场部,差旅费]@2026-05"
DEPARTMENT = "dept_expense[市场部]@2026-05"
BUDGETS = (
    Budget("部门费用", "dept_expense", ("部门", "费用类型"), 2, "CNY", override_role="dept_head"),
    Budget("人力", "hours", ("项目",), 1, unit="小时"),
)


def said(
    kind: Verdict, requested: int, available: int, shortfall: int = 0, **more: Any
) -> BudgetVerdict:
    node = more.pop("node", NODE)
    more.setdefault("currency", "CNY")
    return BudgetVerdict(node, kind, requested, available, shortfall, **more)


def both(*verdicts: BudgetVerdict, budgets: tuple[Budget, ...] = BUDGETS) -> tuple[str, str]:
    return (
        sentence(verdicts, chinese=True, budgets=budgets),
        sentence(verdicts, chinese=False, budgets=budgets),
    )


def test_refusal_names_node_figures_and_who_can_help() -> None:
    assert both(said(Verdict.BLOCK, 30_000, 20_000, 10_000)) == (
        "差旅费预算不足:部门费用[市场部,差旅费] 2026-05 还可用 200.00 元,本次需要 300.00 元,"
        "差 100.00 元。可由 dept_head 说明理由后批准超支。",
        "The budget for 差旅费 is short by 100.00 CNY: 部门费用[市场部, 差旅费] 2026-05 has "
        "200.00 CNY left, this needs 300.00 CNY. dept_head can approve the excess, giving a "
        "reason.",
    )


def test_refusal_without_anyone_who_may_override_says_what_else_to_do() -> None:
    chinese, english = both(said(Verdict.BLOCK, 30_000, 20_000, 10_000), budgets=())
    assert chinese.endswith("差 100.00 元。请减少金额,或先调整预算。")
    assert chinese.startswith("差旅费预算不足:dept_expense[市场部,差旅费] 2026-05 还可用")
    assert english.endswith("Ask for less, or have the budget raised first.")


def test_refusal_is_told_by_the_first_short_node_and_names_the_others() -> None:
    verdicts = [
        said(Verdict.BLOCK, 30_000, 90_000),
        said(Verdict.BLOCK, 30_000, 20_000, 10_000, node=DEPARTMENT),
        said(Verdict.BLOCK, 30_000, 25_000, 5_000, node="dept_expense[]@2026-05"),
    ]
    assert both(*verdicts) == (
        "市场部预算不足:部门费用[市场部] 2026-05 还可用 200.00 元,本次需要 300.00 元,差 100.00 元。"
        "部门费用[] 2026-05 也差 50.00 元。可由 dept_head 说明理由后批准超支。",
        "The budget for 市场部 is short by 100.00 CNY: 部门费用[市场部] 2026-05 has 200.00 CNY "
        "left, this needs 300.00 CNY. 部门费用[] 2026-05 is short by 50.00 CNY as well. "
        "dept_head can approve the excess, giving a reason.",
    )


def test_tolerance_that_did_not_suffice_is_told() -> None:
    chinese, english = both(said(Verdict.BLOCK, 30_000, 20_000, 5_000))
    assert "还可用 200.00 元(另有容差 50.00 元),本次需要 300.00 元,差 50.00 元。" in chinese
    assert "has 200.00 CNY left (and a tolerance of 50.00 CNY), this needs 300.00 CNY" in english


def test_overspent_node_is_told_as_overspent() -> None:
    chinese, english = both(said(Verdict.BLOCK, 30_000, -5_000, 35_000))
    assert "已超支 50.00 元,本次需要 300.00 元,差 350.00 元。" in chinese
    assert "is overspent by 50.00 CNY, this needs 300.00 CNY" in english


def test_hold_says_who_decides() -> None:
    assert both(said(Verdict.HOLD, 30_000, 20_000, 10_000, role="cfo")) == (
        "差旅费预算不足,已暂挂:部门费用[市场部,差旅费] 2026-05 还可用 200.00 元,"
        "本次需要 300.00 元,差 100.00 元。由 cfo 决定。",
        "The budget for 差旅费 is short by 100.00 CNY; it waits for a decision: "
        "部门费用[市场部, 差旅费] 2026-05 has 200.00 CNY left, this needs 300.00 CNY. cfo decides.",
    )


def test_override_names_role_person_and_reason() -> None:
    verdict = said(
        Verdict.OVERRIDE, 30_000, 20_000, 10_000, excess=10_000, role="dept_head", person="王五",
        reason="客户紧急拜访",
    )  # fmt: skip
    assert both(verdict) == (
        "差旅费预算超支 100.00 元,由 dept_head 王五 批准:部门费用[市场部,差旅费] 2026-05 "
        "还可用 200.00 元,本次需要 300.00 元。理由:客户紧急拜访。",
        "The budget for 差旅费 is exceeded by 100.00 CNY, approved by dept_head, 王五: "
        "部门费用[市场部, 差旅费] 2026-05 has 200.00 CNY left, this needs 300.00 CNY. "
        "Reason: 客户紧急拜访.",
    )


def test_overrun_says_that_it_is_booked_all_the_same() -> None:
    assert both(said(Verdict.OVERRUN, 30_000, 20_000, 10_000, excess=10_000)) == (
        "差旅费预算超支 100.00 元,该业务必须入账:部门费用[市场部,差旅费] 2026-05 "
        "还可用 200.00 元,本次需要 300.00 元。",
        "The budget for 差旅费 is exceeded by 100.00 CNY, and this must be booked all the same: "
        "部门费用[市场部, 差旅费] 2026-05 has 200.00 CNY left, this needs 300.00 CNY.",
    )


@pytest.mark.parametrize(
    ("verdict", "chinese", "english"),
    [
        (
            said(Verdict.WARN, 30_000, 35_000),
            "差旅费预算即将用完:部门费用[市场部,差旅费] 2026-05 本次之后还可用 50.00 元。",
            "The budget for 差旅费 is nearly used up: 部门费用[市场部, 差旅费] 2026-05 has "
            "50.00 CNY left after this.",
        ),
        (
            said(Verdict.WARN, 30_000, 28_000),
            "差旅费预算已用完:部门费用[市场部,差旅费] 2026-05 本次之后超出 20.00 元,在容差之内。",
            "The budget for 差旅费 is used up: 部门费用[市场部, 差旅费] 2026-05 is over by "
            "20.00 CNY after this, within tolerance.",
        ),
        (
            said(Verdict.WARN, 30_000, 20_000, 10_000, excess=10_000),
            "差旅费预算不足,仍予通过:部门费用[市场部,差旅费] 2026-05 还可用 200.00 元,"
            "本次需要 300.00 元,超出 100.00 元。",
            "The budget for 差旅费 is exceeded by 100.00 CNY, which passes with a warning: "
            "部门费用[市场部, 差旅费] 2026-05 has 200.00 CNY left, this needs 300.00 CNY.",
        ),
        (
            said(Verdict.UNCHECKED, 30_000, 0, reason="期间已关闭"),
            "差旅费预算未能校验(期间已关闭):部门费用[市场部,差旅费] 2026-05 本次 300.00 元 "
            "已放行并标记,须事后核对。",
            "The budget for 差旅费 could not be checked (期间已关闭): 部门费用[市场部, 差旅费] "
            "2026-05, 300.00 CNY passed, marked for a later look.",
        ),
        (
            said(Verdict.CUT, 0, -40_000, excess=40_000),
            "差旅费预算已下调到已用额度以下:部门费用[市场部,差旅费] 2026-05 超出 400.00 元。",
            "The budget for 差旅费 was cut below what is used: 部门费用[市场部, 差旅费] 2026-05 "
            "is over by 400.00 CNY.",
        ),
        (
            said(Verdict.EXPIRED, -30_000, 0),
            "部门费用[市场部,差旅费] 2026-05 的预占已到期,300.00 元 已释放。",
            "The time of a reservation at 部门费用[市场部, 差旅费] 2026-05 was up; 300.00 CNY was "
            "given back.",
        ),
        (
            said(Verdict.BLOCK, 30_000, 90_000, reason="2026-05 已关闭"),
            "差旅费预算不能使用:部门费用[市场部,差旅费] 2026-05 本次需要 300.00 元,"
            "2026-05 已关闭。",
            "The budget for 差旅费 cannot be used: 部门费用[市场部, 差旅费] 2026-05, this needs "
            "300.00 CNY; 2026-05 已关闭.",
        ),
    ],
    ids=["little-left", "tolerance", "only-warns", "unchecked", "cut", "expired", "closed"],
)
def test_each_mark_has_its_words(verdict: BudgetVerdict, chinese: str, english: str) -> None:
    assert both(verdict) == (chinese, english)


def test_pass_tells_the_tightest_node() -> None:
    verdicts = [
        said(Verdict.PASS, 30_000, 90_000),
        said(Verdict.PASS, 30_000, 1_230_000_00, node="dept_expense[]@2026-05"),
    ]
    assert both(*verdicts) == (
        "差旅费预算足够:部门费用[市场部,差旅费] 2026-05 本次之后还可用 600.00 元。",
        "The budget for 差旅费 suffices: 部门费用[市场部, 差旅费] 2026-05 has 600.00 CNY left "
        "after this.",
    )


def test_several_marks_are_told_the_gravest_first_and_the_rest_counted() -> None:
    verdicts = [
        *[said(Verdict.WARN, 100, 150, node=f"dept_expense[{n}]@2026-05") for n in "ABC"],
        said(Verdict.OVERRUN, 30_000, 20_000, 10_000, excess=10_000),
    ]
    chinese, english = both(*verdicts)
    assert chinese.startswith("差旅费预算超支 100.00 元,该业务必须入账")
    assert chinese.endswith(
        "B 预算即将用完:部门费用[B] 2026-05 本次之后还可用 0.50 元。另有 1 个预算节点。"
    )
    assert english.endswith("Further budget nodes concerned: 1.")


def test_quantities_carry_their_unit_and_no_verdict_says_nothing() -> None:
    verdict = said(Verdict.BLOCK, 80, 24, 56, node="hours[P84]", scale=1, currency="小时")
    assert sentence([verdict], chinese=True, budgets=BUDGETS) == (
        "P84 预算不足:人力[P84] 还可用 2.4 小时,本次需要 8.0 小时,差 5.6 小时。"
        "请减少金额,或先调整预算。"
    )
    assert both() == ("", "")


@pytest.mark.parametrize(
    ("raw", "scale", "counts", "chinese", "english"),
    [
        (123_456_789, 2, "CNY", "1,234,567.89 元", "1,234,567.89 CNY"),
        (-5, 2, "USD", "-0.05 USD", "-0.05 USD"),
        (1_000, 0, "人", "1,000 人", "1,000 人"),
        (2**63 - 1, 2, "", "92,233,720,368,547,758.07", "92,233,720,368,547,758.07"),
    ],
)
def test_amounts_are_exact_and_grouped(
    raw: int, scale: int, counts: str, chinese: str, english: str
) -> None:
    assert amount_text(raw, scale, counts, chinese=True) == chinese
    assert amount_text(raw, scale, counts, chinese=False) == english
