"""Budgets in the program: what declarations and statements come to, and mistakes in them."""

from __future__ import annotations

import pytest

from engine.program import (
    EVENT_SHAPE,
    NO_DATE,
    Act,
    Budget,
    BudgetMove,
    Control,
    Horizon,
    Kind,
    Op,
    Otherwise,
    Posture,
    Rule,
    Tolerance,
)
from rules_dsl.diagnostics.model import Diagnostic, Severity
from tests.rules_dsl.books import compile_text, formula, program_of

BOOK = """\
unit 小时 is hour decimals 2
code 类别 = 差旅 is travel | 招待 is entertainment
dimension 部门
dimension 项目
budget 部门费用 is dept_expense by 部门, 类别 over month of 业务日期
budget 工时 by 部门, 人 text over quarter
  counts 小时
budget 项目预算 by 项目 over life
budget 外币 by 部门 over year
  counts USD
list 行
  类别 类别
  金额 is gross amount
  科目 text optional
event 单据 is claim dated 业务日期
  号 text key
  部门 部门
  项目 项目 optional
  类别 类别 optional
  金额 is amount amount max 1000000.00
  小时数 is hours quantity of 小时 max 100
  税率 percent min 0 max 1
  申请号 text optional
  角色 list of text optional
  理由 text optional
  到期 is due date optional
  发票日 is invoice_date date
  明细 is lines list of 行
event 无日期 is other
  部门 部门
  金额 is amount amount
"""
RULE = 'rule 单据\n  on 单据\n  basis "制度"\n'


def rule_with(body: str, *, on: str = "单据") -> Rule:
    """The rule of a body that must compile."""
    head = RULE.replace("on 单据", f"on {on}")
    return program_of(f"{BOOK}{head}  {body}\n").rules[-1]


def move_of(statement: str) -> tuple[Rule, BudgetMove]:
    """The only budget statement of a rule that must compile."""
    rule = rule_with(statement)
    (move,) = rule.moves
    return rule, move


def budget_of(lines: str, header: str = "budget 费 by 部门 over month") -> Budget:
    """A declared budget."""
    program = program_of(f"dimension 部门\nunit 小时 decimals 2\n{header}\n{lines}")
    (budget,) = program.budgets
    return budget


# --- Declarations ------------------------------------------------------------------------


def test_a_budget_counts_the_first_ledgers_currency_by_default() -> None:
    budget = budget_of("")
    assert (budget.currency, budget.unit, budget.scale) == ("CNY", "", 2)
    assert (budget.name, budget.wire, budget.keys) == ("费", "费", ("部门",))
    assert (budget.horizon, budget.control, budget.posture) == (
        Horizon.MONTH, Control.BLOCK, Posture.CLOSED,
    )  # fmt: skip
    assert (budget.tolerances, budget.warn_ppm, budget.override_role) == ({}, None, "")
    assert not budget.by_path


def test_a_budget_counts_another_currency_or_a_unit_at_its_decimals() -> None:
    yen = budget_of("  counts JPY\n")
    assert (yen.currency, yen.unit, yen.scale) == ("JPY", "", 0)
    hours = budget_of("  counts 小时\n")
    assert (hours.currency, hours.unit, hours.scale) == ("", "小时", 2)


def test_a_tolerance_without_an_act_is_for_the_others() -> None:
    budget = budget_of("  tolerance 5% up to 1000.00 for spend\n  tolerance 30.00\n")
    assert budget.tolerances == {
        Act.RESERVE: Tolerance(None, 3_000),
        Act.COMMIT: Tolerance(None, 3_000),
        Act.SPEND: Tolerance(50_000, 100_000),
    }


def test_a_share_is_kept_in_millionths() -> None:
    assert budget_of("  warn at 12.5%\n").warn_ppm == 125_000


def test_the_language_of_the_declaration_is_that_of_its_sentences() -> None:
    assert not budget_of("").chinese
    assert budget_of("", header="预算 费 按 部门 期限 月").chinese


def test_other_attributes_are_taken_over() -> None:
    budget = budget_of(
        '  control track\n  override by "head"\n  unchecked open_marked\n  under parents\n',
        header="budget 费 is fee.dept by 部门, 人 text over dates",
    )
    assert (budget.wire, budget.keys, budget.horizon) == ("fee.dept", ("部门", "人"), Horizon.DATES)
    assert (budget.control, budget.posture) == (Control.TRACK, Posture.OPEN_MARKED)
    assert (budget.override_role, budget.by_path) == ("head", True)


# --- Statements --------------------------------------------------------------------------


def test_a_statement_has_its_amount_keys_and_defaults() -> None:
    rule, move = move_of("spend 金额 on 部门费用[部门, 类别]")
    assert (move.act, move.budget, move.each) == (Act.SPEND, 0, EVENT_SHAPE)
    assert move.amount is not None
    assert (formula(rule, move.amount), rule.nodes[move.amount].scale) == ("f4", 2)
    assert [formula(rule, key) for key in move.keys] == ["f1", "f3"]
    assert (move.day, move.reference, move.group, move.until) == (None,) * 4
    assert (move.guard, move.roles, move.reason, move.message) == (None,) * 4
    assert (move.otherwise, move.code) == (Otherwise.REJECT, "BUDGET_EXCEEDED")
    assert move.span.line == len(BOOK.splitlines()) + 4


def test_an_amount_is_brought_to_the_scale_of_the_budget() -> None:
    rule, move = move_of("reserve round(小时数, 1) on 工时[部门]")
    assert move.amount is not None
    node = rule.nodes[move.amount]
    assert (node.op, node.data, node.scale) == (Op.SHIFT, 1, 2)


def test_a_literal_counts_in_what_the_budget_counts() -> None:
    rule, move = move_of("reserve 1.5 on 工时[部门]")
    assert move.amount is not None
    assert (rule.nodes[move.amount].data, rule.nodes[move.amount].scale) == (150, 2)
    rule, move = move_of("spend 7 on 外币[部门]")
    assert move.amount is not None
    assert (rule.nodes[move.amount].data, rule.nodes[move.amount].scale) == (700, 2)


def test_keys_may_be_code_values_texts_and_last_parts() -> None:
    rule, move = move_of("spend 金额 on 部门费用[last_part(申请号), 差旅]")
    assert [formula(rule, key) for key in move.keys] == ["last_part(f7)", "'travel'"]
    assert all(rule.nodes[key].kind is Kind.TEXT for key in move.keys)


def test_optional_fields_stand_without_given() -> None:
    rule, move = move_of(
        "reserve 金额 on 项目预算[项目] as 申请号 group 申请号 until 到期"
        " override by 角色 because 理由"
    )
    assert [formula(rule, key) for key in move.keys] == ["f2"]
    assert move.reference == move.group
    assert move.reference is not None
    assert formula(rule, move.reference) == "f7"
    assert move.roles is not None
    assert move.reason is not None
    assert (formula(rule, move.roles), rule.nodes[move.roles].shape) == ("f8.0", 8)
    assert formula(rule, move.reason) == "f9"
    assert move.until is not None
    assert formula(rule, move.until) == f"select(given[10](), f10, {NO_DATE})"


def test_until_a_given_date_needs_no_choice() -> None:
    rule, move = move_of("reserve 金额 on 项目预算[项目] until 到期 when given 到期")
    assert move.until is not None
    assert formula(rule, move.until) == "f10"
    assert move.guard is not None
    assert formula(rule, move.guard) == "given[10]()"


def test_each_makes_a_demand_for_every_element() -> None:
    rule, move = move_of("spend 明细.金额 on 部门费用[部门, 明细.类别] each 明细 when 金额 > 0")
    assert move.each == 12
    assert move.amount is not None
    assert formula(rule, move.amount) == "f12.1"
    assert [formula(rule, key) for key in move.keys] == ["f1*", "f12.0"]
    assert move.guard is not None
    assert rule.nodes[move.guard].shape == EVENT_SHAPE


def test_the_declared_date_chooses_the_period_unless_at_says_another() -> None:
    rule, move = move_of("spend 金额 on 部门费用[部门] at 发票日")
    assert move.day is not None
    assert formula(rule, move.day) == "f11"
    # The business date itself is the default of the program.
    assert move_of("spend 金额 on 部门费用[部门]")[1].day is None
    other = BOOK.replace("month of 业务日期", "month of 发票日")
    rule = program_of(f"{other}{RULE}  spend 金额 on 部门费用[部门]\n").rules[0]
    (move,) = rule.moves
    assert move.day is not None
    assert formula(rule, move.day) == "f11"


def test_a_release_names_a_reference_and_needs_no_period() -> None:
    rule, move = _release("release all of 申请号 from 部门费用")
    assert (move.amount, move.keys, move.day) == (None, (), None)
    assert move.reference is not None
    assert formula(rule, move.reference) == "f7"
    rule, move = _release("release 金额 of 号 from 部门费用[部门]")
    assert move.amount is not None
    assert [formula(rule, key) for key in move.keys] == ["f1"]


def _release(statement: str) -> tuple[Rule, BudgetMove]:
    rule = rule_with(f"{statement}\n  reserve 金额 on 部门费用[部门] as 号")
    return rule, rule.moves[0]


def test_a_release_needs_no_date_of_the_budget() -> None:
    text = (
        f"{BOOK}{RULE.replace('on 单据', 'on 无日期')}"
        '  release all of "甲" from 部门费用\n'
        f"{RULE.replace('rule 单据', 'rule 乙')}  reserve 金额 on 部门费用[部门] as 号\n"
    )
    assert program_of(text).rules[0].moves[0].day is None


def test_grants_without_else_cut_and_with_else_ask() -> None:
    plain = move_of("grant 金额 on 部门费用[部门]")[1]
    assert plain.otherwise is Otherwise.WARN
    asking = move_of('grant -金额 on 部门费用[部门] else reject "不足"')[1]
    assert (asking.otherwise, asking.code) == (
        Otherwise.REJECT, "BUDGET_TRANSFER_EXCEEDS_AVAILABLE",
    )  # fmt: skip


def test_the_outcome_has_its_code_role_and_message() -> None:
    rule, move = move_of('spend 金额 on 部门费用[部门] else escalate "总监" "超 {金额}"')
    assert (move.otherwise, move.role) == (Otherwise.ESCALATE, "总监")
    assert move.message is not None
    text, node = move.message.parts
    assert text == "超 "
    assert isinstance(node, int)
    assert formula(rule, node) == "f4"
    assert move_of("spend 金额 on 部门费用[部门] else reject NO_MONEY")[1].code == "NO_MONEY"


def test_a_guard_holds_for_what_stands_under_it() -> None:
    rule, move = move_of("spend round(100.00 CNY / 税率) on 部门费用[部门] when 税率 > 0")
    assert move.guard is not None
    assert formula(rule, move.guard) == "gt(f6, 0e-6)"


def test_statements_keep_the_order_of_writing_among_lets_and_vouchers() -> None:
    rule = rule_with(
        "let 半 = round(金额 / 2)\n"
        "  spend 半 on 部门费用[部门]\n"
        '  voucher "单据"\n    debit 应收 金额\n    credit 收入 金额\n'
        "  reserve 半 on 项目预算[项目] as 号"
    )
    assert [move.act for move in rule.moves] == [Act.SPEND, Act.RESERVE]
    assert rule.moves[0].amount == rule.moves[1].amount
    assert len(rule.vouchers) == 1


def test_a_book_without_budgets_has_none() -> None:
    program = program_of('event 甲\n  a amount\nrule 甲\n  on 甲\n  basis "制度"\n')
    assert program.budgets == ()
    assert program.rules[0].moves == ()


# --- Mistakes ----------------------------------------------------------------------------


def told(text: str) -> Diagnostic:
    """The one error of a text."""
    errors = [each for each in compile_text(text).diagnostics if each.severity is Severity.ERROR]
    assert len(errors) == 1, [each.message for each in errors]
    return errors[0]


#: A statement, the code, the place (the text it points at) and the suggestion.
_STATEMENTS = [
    ("spend 金额 on 部们费用[部门]", "TP201", "部们费用", "部门费用"),
    ("spend 金额 on 部门费用[部们]", "TP201", "部们", "部门"),
    ("spend 金颔 on 部门费用[部门]", "TP201", "金颔", "金额"),
    ("spend 金额 on 部门费用[部门, 差旅费]", "TP202", "差旅费", "差旅"),
    ("spend 小时数 on 部门费用[部门]", "TP213", "小时数", ""),
    ("reserve 金额 on 工时[部门]", "TP213", "金额", ""),
    ("spend 金额 on 外币[部门]", "TP212", "金额", ""),
    ("spend 金额 * 税率 on 部门费用[部门]", "TP214", "金额 * 税率", ""),
    ("reserve 0.125 on 工时[部门]", "TP214", "0.125", ""),
    ("spend 部门 on 部门费用[部门]", "TP211", "部门", ""),
    ("spend 金额 * 10000000000 on 部门费用[部门]", "TP216", "金额 * 10000000000", ""),
    ("spend 明细.金额 on 部门费用[部门]", "TP215", "明细.金额", ""),
    ("spend 金额 on 部门费用[部门, 明细.类别]", "TP215", "明细.类别", ""),
    ("spend 明细.金额 on 部门费用[角色.value] each 明细", "TP211", "角色.value", ""),
    ("spend 金额 on 部门费用[部门] each 名细", "TP201", "名细", "明细"),
    ("spend 金额 on 部门费用[项目]", "TP603", "项目", ""),
    ("spend 金额 on 部门费用[部门, 差旅, 项目]", "TP603", "部门费用[部门, 差旅, 项目]", ""),
    ("spend 金额 on 部门费用", "TP603", "部门费用", ""),
    ("reserve 金额 on 部门费用[部门] as 金额", "TP211", "金额", ""),
    ("reserve 金额 on 部门费用[部门] as 明细.科目", "TP215", "明细.科目", ""),
    ("reserve 金额 on 部门费用[部门] until 部门", "TP211", "部门", ""),
    ("reserve 金额 on 部门费用[部门] at 到期", "TP218", "到期", ""),
    ("reserve 金额 on 项目预算[项目] at 发票日", "TP211", "发票日", ""),
    ("spend 金额 on 部门费用[部门] when 金额", "TP211", "金额", ""),
    ("spend 金额 on 部门费用[部门] when 明细.金额 > 0", "TP215", "明细.金额 > 0", ""),
    ("spend 金额 on 部门费用[部门] override by 角色 because 税率", "TP211", "税率", ""),
    ('spend 金额 on 部门费用[部门] else hold "超 {金颔}"', "TP201", "金颔", "金额"),
    ("spend 金额 on 部门费用[last_part(金额)]", "TP211", "金额", ""),
]


@pytest.mark.parametrize(("statement", "code", "place", "suggestion"), _STATEMENTS)
def test_a_mistake_is_told_once_at_its_place(
    statement: str, code: str, place: str, suggestion: str
) -> None:
    found = told(f"{BOOK}{RULE}  {statement}\n")
    line = f"  {statement}"
    assert found.code == code, found.message
    assert found.span.line == len(BOOK.splitlines()) + 4
    written = line[found.span.column - 1 : found.span.end_column - 1]
    assert written == place
    assert found.suggestions == ((suggestion,) if suggestion else ())


def test_an_event_without_the_declared_date_is_told_where_the_budget_is_named() -> None:
    found = told(f"{BOOK}{RULE.replace('on 单据', 'on 无日期')}  spend 金额 on 部门费用[部门]\n")
    assert found.code == "TP201"
    assert found.message == (
        "the event 无日期 has no date 业务日期, which chooses the period of the budget 部门费用"
    )
    assert found.span.column == 15


#: A declaration, the code and what it points at.
_DECLARATIONS = [
    ("budget 费 by 部们 over month", "TP201", "部们"),
    ("budget 费 by 部门, 部门 over month", "TP203", "部门"),
    ("budget 费 by 部门 over life of 日期", "TP211", "日期"),
    ('budget 费 is "a/b" by 部门 over month', "TP211", "a/b"),
    ("budget 费 by 部门 over month\n  counts 小时数", "TP201", "小时数"),
    ("budget 费 by 部门 over month\n  counts CNX", "TP201", "CNX"),
    ("budget 费 by 部门 over month\n  tolerance 5% up to 1.234", "TP211", "1.234"),
    ("budget 费 by 部门 over month\n  tolerance 5.00 USD", "TP212", "5.00 USD"),
    ("budget 费 by 部门 over month\n  warn at 10", "TP211", "10"),
    ("budget 费 by 部门 over month\n  warn at 110%", "TP211", "110%"),
    ("budget 费 by 部门 over month\nbudget 费 by 部门 over year", "TP203", "费"),
    ("budget 费 is a by 部门 over month\nbudget 用 is a by 部门 over year", "TP203", "用"),
]


@pytest.mark.parametrize(("text", "code", "place"), _DECLARATIONS)
def test_a_mistake_in_a_declaration_is_told_at_its_place(text: str, code: str, place: str) -> None:
    found = told(f"dimension 部门\nunit 小时\n{text}\n")
    assert found.code == code, found.message
    line = f"dimension 部门\nunit 小时\n{text}".splitlines()[found.span.line - 1]
    assert line[found.span.column - 1 : found.span.end_column - 1] == place


def test_a_broken_budget_is_told_once_and_its_statements_not() -> None:
    book = BOOK.replace("by 部门, 类别", "by 部们, 类别")
    found = told(f"{book}{RULE}  spend 金额 on 部门费用[部门, 类别]\n")
    assert (found.code, found.suggestions) == ("TP201", ("部门",))
    assert found.span.line == 5


def test_last_part_of_a_number_is_told() -> None:
    found = told(f"{BOOK}{RULE}  let 段 = last_part(金额)\n  spend 金额 on 部门费用[段]\n")
    assert found.code == "TP211"
    assert found.message.startswith("a text to take the last part of is needed here")
