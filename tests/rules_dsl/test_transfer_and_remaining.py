"""`transfer` between values of a balancing dimension, and lines that take what others leave."""

from __future__ import annotations

import pytest

from engine.program import Side
from rules_dsl.revision import canonical
from rules_dsl.testing.coverage import measure_coverage
from tests.rules_dsl.books import compile_text
from tests.rules_dsl.syntax_trees import parsed, strip_spans
from tests.rules_dsl.values import HEAD, codes, outcome, program

LIST = """\
list 行
  中心 中心
  额 is amount amount max 1000000
event 单 is doc dated 日期
  中心 中心
  项目 项目
  行 is lines list of 行
  他方 is other text
"""
EVENT = """\
event 单 is doc dated 日期
  额 is amount amount max 1000000
  总 is total amount max 1000000
"""


def rule(*lines: str, head: str = "") -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return f'rule 记\n  on 单\n  basis "制度"\n  voucher "凭证"{head}\n{body}'


COST = (
    "debit 应收 行.额 by 中心 = 行.中心 each 行",
    "transfer 行.额 from 中心 to 行.中心 through 往来 by 项目 each 行",
    "credit 收入 sum(行.额) by 中心",
)


def test_a_transfer_settles_element_by_element() -> None:
    steps = """at 2026-03-05
        given 单 中心 = A, 项目 = P, 他方 = "X", 行 = [{中心 = B, 额 = 3}, {中心 = A, 额 = 1}]
        expect voucher
        debit 应收 3.00 by 中心 = B
        debit 应收 1.00 by 中心 = A
        debit 往来 3.00 by 中心 = A, 项目 = P
        credit 往来 3.00 by 中心 = B, 项目 = P
        credit 收入 4.00 by 中心 = A"""
    assert outcome(LIST + rule(*COST), steps) == ""


def test_all_debits_come_before_all_credits() -> None:
    (made,) = program(LIST + rule(*COST)).rules
    sides = [line.side for line in made.vouchers[0].lines]
    assert sides == [Side.DEBIT, Side.DEBIT, Side.CREDIT, Side.CREDIT]
    assert [line.transfer is None for line in made.vouchers[0].lines] == [True, False, False, True]


def test_equal_ends_make_no_line() -> None:
    steps = """at 2026-03-05
        given 单 中心 = A, 项目 = P, 他方 = "X", 行 = [{中心 = A, 额 = 1.00}]
        expect voucher
        debit 应收 1.00 by 中心 = A
        credit 收入 1.00 by 中心 = A"""
    assert outcome(LIST + rule(*COST), steps) == ""


def test_the_dimension_is_named_where_neither_end_has_one() -> None:
    lines = ("debit 应收 sum(行.额) by 中心 = 他方", 'credit 收入 sum(行.额) by 中心 = "总部"')
    plain = 'transfer sum(行.额) from "总部" to 他方 through 往来'
    named = plain.replace(" from", " of 中心 from")
    result = compile_text(LIST + rule(*lines, plain), head=HEAD.format(policy="red"))
    (error,) = [each for each in result.diagnostics if each.code == "TP211"]
    assert "of 中心" in error.help
    assert "TP302" in codes(LIST + rule(*lines))
    steps = """at 2026-03-05
        given 单 中心 = A, 项目 = P, 他方 = "B", 行 = [{中心 = A, 额 = 1.00}]
        expect voucher
        debit 应收 1.00 by 中心 = B
        credit 收入 1.00 by 中心 = 总部
        debit 往来 1.00 by 中心 = 总部
        credit 往来 1.00 by 中心 = B"""
    assert outcome(LIST + rule(*lines, named), steps) == ""


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("transfer sum(行.额) of 项目 from 项目 to 他方 through 往来", "TP211"),
        ("transfer sum(行.额) of 中兴 from 中心 to 他方 through 往来", "TP201"),
        ("transfer 行.额 from 中心 to 行.中心 through 往来", "TP215"),
        ("transfer sum(行.额) from 中心 to 他方 through 往来 by 中心", "TP211"),
        ("transfer sum(行.额) * 6% from 中心 to 他方 through 往来", "TP214"),
    ],
)
def test_what_cannot_be_transferred_is_refused(line: str, code: str) -> None:
    lines = ("debit 应收 sum(行.额) by 中心", "credit 收入 sum(行.额) by 中心")
    assert code in codes(LIST + rule(*lines, line))


REST = ("debit 应收 总", "credit 收入 额", "credit 尾差 remaining up to 0.05 side by sign")


def test_a_line_takes_what_the_others_leave_up_to_its_bound() -> None:
    steps = """at 2026-03-05
        given 单 额 = 10.00, 总 = 10.05
        expect voucher
        debit 应收 10.05
        credit 收入 10.00
        credit 尾差 0.05
        given 单 额 = 10.00, 总 = 9.97
        expect voucher
        debit 应收 9.97
        credit 收入 10.00
        debit 尾差 0.03
        given 单 额 = 10.00, 总 = 10.00
        expect voucher
        debit 应收 10.00
        credit 收入 10.00
        given 单 额 = 10.00, 总 = 10.06
        expect unposted REMAINING_EXCEEDS_BOUND
        given 单 额 = 10.06, 总 = 10.00
        expect unposted REMAINING_EXCEEDS_BOUND"""
    assert outcome(EVENT + rule(*REST), steps) == ""


def test_a_voucher_that_is_not_made_leaves_nothing() -> None:
    steps = """at 2026-03-05
        given 单 额 = 10.00, 总 = 90.00
        expect no posting"""
    assert outcome(EVENT + rule(*REST, head=" when 总 < 20"), steps) == ""


def test_the_rest_counts_the_elements_of_lists() -> None:
    lines = (
        "debit 应收 sum(行.额) + 0.01 by 中心",
        "debit 尾差 remaining up to 0.01 by 中心",
        "credit 收入 行.额 by 中心 each 行",
    )
    steps = """at 2026-03-05
        given 单 中心 = A, 项目 = P, 他方 = "X", 行 = [{中心 = B, 额 = 3}, {中心 = A, 额 = 1}]
        expect voucher
        debit 应收 4.01 by 中心 = A
        debit 尾差 -0.01 by 中心 = A
        credit 收入 3.00 by 中心 = A
        credit 收入 1.00 by 中心 = A"""
    assert outcome(LIST + rule(*lines), steps) == ""


def test_coverage_lists_the_lines_that_take_the_rest() -> None:
    found = measure_coverage(program(EVENT + rule(*REST)), [])
    (line,) = found.remaining
    assert (line.rule, line.bound) == ("记", "0.05")
    assert measure_coverage(program(LIST + rule(*COST)), []).remaining == ()


def test_a_dimension_that_a_transfer_lacks_is_added_behind_its_account() -> None:
    # The account of the settlement requires the project as well.
    head = HEAD.format(policy="red").replace("requires 中心", "requires 中心, 项目")
    lines = (*COST[:1], COST[1].replace(" by 项目", ""), *COST[2:])
    result = compile_text(LIST + rule(*lines), head=head)
    fixes = [each.fix for each in result.diagnostics if each.code == "TP306"]
    assert fixes
    assert fixes[0] is not None
    text = (LIST + rule(*lines)).splitlines()[fixes[0].span.line - 1]
    assert text[: fixes[0].span.column - 1].endswith("through 往来")
    assert fixes[0].replacement == " by 项目"


def test_the_program_says_the_bound_and_the_mark() -> None:
    made = program(EVENT + rule(*REST))
    bounds = [line.remaining_bound for line in made.rules[0].vouchers[0].lines]
    assert bounds == [None, None, 5]
    assert [account.role for account in made.accounts if account.plug] == ["尾差"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("credit 尾差 remaining", "TP101"),
        ("credit 尾差 remaining up to 0", "TP211"),
        ("credit 尾差 remaining up to 0.001", "TP211"),
        ("credit 尾差 remaining up to 5%", "TP211"),
        ("credit 尾差 remaining up to 0.05 USD", "TP211"),
        ("credit 税金 remaining up to 0.05", "TP310"),
    ],
)
def test_a_bound_is_an_amount_of_the_ledger_on_a_marked_account(line: str, code: str) -> None:
    assert code in codes(EVENT + rule("debit 应收 总", "credit 收入 额", line))


def test_charts_mark_accounts_in_files_too() -> None:
    head = 'rulebook 测试\nledger 总账 is GL currency CNY\nchart 科目 from "chart.csv"\n'
    rows = "role,code,side,plug\n应收,1122,debit,\n收入,6001,credit,\n尾差,6711,debit,{}\n"
    text = EVENT + rule(*REST)
    for mark, found in (("plug", 0), ("可倒挤", 0), ("", 1), ("yes", 1)):
        data = rows.format(mark).encode()
        result = compile_text(text, head=head, **{"chart.csv": data})
        errors = [each for each in result.diagnostics if each.severity.value == "error"]
        assert bool(errors) == bool(found), (mark, errors)


def test_the_words_stand_in_either_language() -> None:
    english = rule(*COST[1:2], REST[2]) + "chart 科目\n  尾差 @6711 debit plug\n"
    chinese = (
        '规则 记\n  针对 单\n  依据 "制度"\n  凭证 "凭证"\n'
        "    内部划转 行.额 自 中心 到 行.中心 经由 往来 按 项目 逐项 行\n"
        "    贷 尾差 倒挤 至多 0.05 按正负定方向\n科目表 科目\n  尾差 @6711 借 可倒挤\n"
    )
    assert strip_spans(parsed(english)) == strip_spans(parsed(chinese))
    (_, chart) = parsed(english)
    assert '{"plug":true}' in canonical(chart)
    (plain,) = parsed("chart 科目\n  尾差 @6711 debit\n")
    assert "plug" not in canonical(plain)
