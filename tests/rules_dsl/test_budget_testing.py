"""Budget steps of test blocks: what is given, moved, left, refused, held and warned of."""

from __future__ import annotations

import pytest

from rules_dsl.testing import run_tests
from tests.rules_dsl.books import compile_text

BOOK = """\
unit 小时 is hour decimals 2
code 类别 = 差旅 is travel | 招待 is entertainment
dimension 部门
budget 部门费用 is dept_expense by 部门, 类别 over month of 业务日期
  tolerance 5% up to 100.00 for spend
  warn at 10%
  override by "dept_head"
budget 设备 by 编号 text over quarter
  counts 小时
budget 活动 by 名称 text over dates
budget 项目 by 负责 text, 科目 text over life
  under parents
event 申请 is request dated 业务日期
  号 text key
  部门 部门
  类别 类别
  金额 is amount amount max 1000000.00
event 报销 is claim dated 业务日期
  号 text key
  部门 部门
  类别 类别
  金额 is amount amount max 1000000.00
  申请号 is request_no text optional
  活动 is activity text optional
  角色 is roles list of text optional
  理由 is reason text optional
event 预订 is booking dated 业务日期
  号 text key
  编号 text
  时长 is hours quantity of 小时 max 1000
event 领用 is issue dated 业务日期
  科目 is subject text
  金额 is amount amount max 1000000.00
rule 申请
  on 申请
  basis "制度"
  reserve 金额 on 部门费用[部门, 类别] as 号 else hold "等待"
rule 报销
  on 报销
  basis "制度"
  release all of 申请号 from 部门费用
  spend 金额 on 部门费用[部门, 类别] override by 角色 because 理由
  spend 金额 on 活动[活动] when given 活动
  voucher "报销"
    debit 应收 金额
    credit 收入 金额
rule 预订
  on 预订
  basis "制度"
  reserve 时长 on 设备[编号] as 号 else reject FULL "排满了"
rule 领用
  on 领用
  basis "制度"
  commit 金额 on 项目["E1", last_part(科目)]
"""


def outcome(steps: str) -> str:
    """What the only test of these steps says, "" where it passes."""
    lines = [line.strip() for line in steps.splitlines() if line.strip()]
    if not any(line.startswith(("expect", "期望")) for line in lines):
        lines.append("expect held")  # never reached; a test without expectation does not compile
    indented = "".join(f"  {line}\n" for line in lines)
    result = compile_text(f'{BOOK}test "预算"\n{indented}')
    assert result.program is not None
    (found,) = run_tests(result.program, result.files)
    assert found.passed == (found.message == "")
    return found.message


GIVEN = """\
at 2026-03-05
given budget 部门费用[市场部, 差旅] = 5000.00 CNY
"""


def claim(number: str, amount: str, *more: str) -> str:
    """A line that gives a claim."""
    values = [f'号 = "{number}"', "部门 = 市场部", "类别 = 差旅", f"金额 = {amount}", *more]
    return f"given 报销 {', '.join(values)}\n"


def test_a_claim_spends_what_was_given() -> None:
    steps = f"""{GIVEN}{claim("1", "1000.00")}
        expect voucher
          debit 应收 1000.00
          credit 收入 1000.00
        expect spend 部门费用[市场部, 差旅] 1000.00
        expect reserve 部门费用[市场部, 差旅] 0
        expect available 部门费用[市场部, 差旅] = 4000.00"""
    assert outcome(steps) == ""


def test_what_is_short_is_rejected_and_moves_nothing() -> None:
    # 5,000 and a tolerance of 100 (5 % would be 250): 5,100 fits, a fen more does not.
    assert (
        outcome(f"""{GIVEN}{claim("1", "5100.01")}
        expect rejected BUDGET_EXCEEDED
        expect available 部门费用[市场部, 差旅] = 5000.00""")
        == ""
    )
    assert (
        outcome(f"""{GIVEN}{claim("1", "5100.00")}
        expect available 部门费用[市场部, 差旅] = -100.00""")
        == ""
    )


def test_an_override_passes() -> None:
    steps = claim("1", "6000.00", '角色 = ["dept_head"]', '理由 = "紧急"')
    assert (
        outcome(f"""{GIVEN}{steps}
        expect spend 部门费用[市场部, 差旅] 6000.00
        expect available 部门费用[市场部, 差旅] = -1000.00""")
        == ""
    )


def test_little_left_is_warned_of() -> None:
    # 10 % of 5,000 is 500: leaving 500.00 warns, leaving 500.01 does not.
    assert outcome(f"{GIVEN}{claim('1', '4500.00')}expect warned") == ""
    assert outcome(f"{GIVEN}{claim('1', '4499.99')}expect warned") == (
        "expected warned, but the event is accepted without a warning of a budget"
    )


def test_a_request_reserves_holds_and_is_released() -> None:
    request = 'given 申请 号 = "{}", 部门 = 市场部, 类别 = 差旅, 金额 = {}\n'
    assert (
        outcome(f"""{GIVEN}{request.format("R1", "3000.00")}
        expect reserve 部门费用[市场部, 差旅] 3000.00
        {request.format("R2", "2000.01")}
        expect held
        expect reserve 部门费用[市场部, 差旅] 0
        {claim("1", "2500.00", '申请号 = "R1"')}
        expect release 部门费用[市场部, 差旅] 3000.00
        expect spend 部门费用[市场部, 差旅] 2500.00
        expect available 部门费用[市场部, 差旅] = 2500.00""")
        == ""
    )


def test_every_month_is_a_node_of_its_own() -> None:
    assert (
        outcome(f"""{GIVEN}
        given budget 部门费用[市场部, 差旅] at 2026-04-01 = 100.00
        {claim("1", "100.00", "业务日期 = 2026-04-30")}
        expect spend 部门费用[市场部, 差旅] at 2026-04-15 100.00
        expect spend 部门费用[市场部, 差旅] 0.00
        expect available 部门费用[市场部, 差旅] at 2026-04-02 = 0
        expect available 部门费用[市场部, 差旅] = 5000.00""")
        == ""
    )


def test_hours_are_counted_by_quarter() -> None:
    assert (
        outcome("""
        at 2026-03-05
        given budget 设备["M1"] = 8
        given 预订 号 = "B1", 编号 = "M1", 时长 = 7.50
        expect reserve 设备["M1"] 7.5
        given 预订 号 = "B2", 编号 = "M1", 时长 = 0.51
        expect rejected FULL
        expect available 设备["M1"] at 2026-01-31 = 0.50""")
        == ""
    )


def test_a_node_with_dates_is_found_by_a_day_in_them() -> None:
    assert (
        outcome(f"""{GIVEN}
        given budget 活动["展会"] from 2026-03-01 until 2026-03-10 = 900.00
        {claim("1", "100.00", '活动 = "展会"')}
        expect spend 活动["展会"] 100.00
        expect available 活动["展会"] at 2026-03-10 = 800.00
        expect available 活动["展会"] from 2026-03-01 until 2026-03-10 = 800.00""")
        == ""
    )
    assert outcome(f"""{GIVEN}
        given budget 活动["展会"] from 2026-03-01 until 2026-03-10 = 900.00
        expect available 活动["展会"] at 2026-03-11 = 900.00""") == (
        '活动["展会"] has no dates that hold 2026-03-11; '
        'give them as in 活动["展会"] from 2026-03-11 until 2026-03-11'
    )


def test_a_node_may_hang_under_another() -> None:
    assert (
        outcome("""
        at 2026-03-05
        given budget 项目["D1"] = 100.00
        given budget 项目["E1", "笔"] under 项目["D1"] = 500.00
        given 领用 科目 = "办公/笔", 金额 = 80.00
        expect commit 项目["E1", "笔"] 80.00
        expect available 项目["D1"] = 20.00
        given 领用 科目 = "笔", 金额 = 30.00
        expect rejected""")
        == ""
    )


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (
            "given budget 部门费用[市场部, 差旅, 展会] = 1.00",
            "部门费用[市场部, 差旅, 展会] has too many keys; 部门费用 has 部门, 类别",
        ),
        (
            "given budget 部门费用[市场部, 差旅] = 1.00 USD",
            "the budget 部门费用 counts CNY, not USD",
        ),
        (
            "given budget 部门费用[市场部, 差旅] = 1.001",
            "an expected amount is a number with at most 2 decimals",
        ),
        (
            "given budget 部门费用[市场部] from 2026-03-01 until 2026-03-31 = 1.00",
            "the budget 部门费用 is over month, not over dates",
        ),
        (
            "expect available 部门费用[市场部, 差旅] = 1.00",
            "there is no node 部门费用[市场部, 差旅]; nothing was given or moved there",
        ),
        (
            f"{claim('1', '1.00')}expect available 部门费用[市场部, 差旅] = 1.00",
            "部门费用[市场部, 差旅] has no amount, so nothing is available or short",
        ),
        (
            f"{GIVEN}expect available 部门费用[市场部, 差旅] = 4999.99",
            "expected 4999.99 available at 部门费用[市场部, 差旅], found 5000.00",
        ),
        (
            f"{GIVEN}{claim('1', '10.00')}expect spend 部门费用[市场部, 差旅] 11.00",
            "expected spend 部门费用[市场部, 差旅] 11.00, found 10.00",
        ),
        (
            "expect spend 部门费用[市场部, 差旅] 1.00",
            "the test expects something before it gives an event",
        ),
    ],
)
def test_a_step_that_fails_says_why(steps: str, message: str) -> None:
    assert outcome(steps) == message


def test_a_refusal_that_was_not_expected_is_shown_with_its_sentence() -> None:
    message = outcome(f"{GIVEN}{claim('1', '9000.00')}expect spend 部门费用[市场部, 差旅] 9000.00")
    assert message.startswith(
        "expected spend 部门费用[市场部, 差旅] 9000.00, found 0.00; "
        "the event is rejected budget BUDGET_EXCEEDED"
    )
    assert "3,900.00" in message or "4,000.00" in message
