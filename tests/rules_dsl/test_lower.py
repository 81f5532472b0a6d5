"""Lowering, on cases small enough to be worked by hand: nodes, scales, bounds, laziness."""

from __future__ import annotations

import pytest

from engine.program import EVENT_SHAPE, Kind, Op, RoundMode, Rule
from tests.rules_dsl.books import formula, labelled, only, program_of, rule_of

BOOK = """\
unit 小时 decimals 2
dimension 部门
dimension 客户 of 客户档案
list 行
  工时 quantity of 小时 min 0 max 24
  税额 amount
  税率 percent min 0 max 1
  加急 flag
  客户 客户
  号 text
event 单据 dated 日期
  金额 amount
  其他 amount
  税率 percent min 0 max 1
  人数 integer min 1 max 9
  工时 quantity of 小时 min 0 max 24
  单价 amount per 小时 min 0 max 1000
  加急 flag
  客户 客户
  号 text
  明细 list of 行
  备注 amount optional
  份数 integer min 1 max 9 optional
event 客户建档
  客户号 text
  等级 text
  额度 amount
record 客户档案 key 客户号 from 客户建档
  等级 text
  额度 amount
table 等级 first
  | 加急 flag | = 率 percent |
  | true | 5% |
  | else | 6% |
"""
RULE = 'rule 单据\n  on 单据\n  basis "制度"\n'


def lower(body: str) -> Rule:
    """The rule whose statements are `body`, with a voucher that balances."""
    return rule_of(
        f'{BOOK}{RULE}{body}  voucher "单据"\n    debit 应收 金额\n    credit 收入 金额\n'
    )


def value_of(expression: str) -> tuple[str, int]:
    """The formula and the scale of an expression, read in the text of a voucher."""
    rule = rule_of(
        f'{BOOK}{RULE}  let 值 = {expression}\n  voucher "{{值}}"\n'
        "    debit 应收 金额\n    credit 收入 金额\n"
    )
    (part,) = rule.vouchers[0].summary.parts
    assert isinstance(part, int)
    return formula(rule, part), rule.nodes[part].scale


def condition_of(expression: str) -> str:
    """The formula of a guard."""
    rule = lower(f"  when {expression}\n")
    assert rule.guard is not None
    return formula(rule, rule.guard)


# --- Numbers -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "expected", "scale"),
    [
        ("金额 + 0.5", "add(f0, 50e-2)", 2),
        ("0 - 金额", "sub(0e-2, f0)", 2),
        ("-金额", "neg(f0)", 2),
        ("金额 * 人数", "mul(f0, f3)", 2),
        ("金额 * 2 - 其他", "sub(mul(f0, 2), f1)", 2),
        ("税率 + 1", "add(f2, 1000000e-6)", 6),
        ("人数 + 1", "add(f3, 1)", 0),
        ("工时 + 0.25", "add(f4, 25e-2)", 2),
        ("工时 + 0.125", "add(shift[1](f4), 125e-3)", 3),
        ("min(金额, 其他, 0)", "min(min(f0, f1), 0e-2)", 2),
        ("abs(金额 - 其他)", "abs(sub(f0, f1))", 2),
        ("2 * 3 + 1", "7", 0),
        ("5.00 CNY", "500e-2", 2),
        ("sum(明细.税额)", "sum(f9.1)", 2),
        ("count(明细)", "count[9]()", 0),
    ],
)
def test_arithmetic_keeps_scales(expression: str, expected: str, scale: int) -> None:
    assert value_of(expression) == (expected, scale)


@pytest.mark.parametrize(
    ("expression", "expected", "scale"),
    [
        # Amount (2) × percent (6) is at 8 decimals; 10**6 of 6 decimals brings it back to 2.
        ("round(金额 * 税率)", "round[half_away](mul(f0, f2), 1000000e-6)", 2),
        # (2 + 6) - 6 = 2: nothing to bring to another scale.
        (
            "round(金额 * 税率 / (1 + 税率))",
            "round[half_away](mul(f0, f2), add(1000000e-6, f2))",
            2,
        ),
        # 2 - 6 = -4, six more are wanted in the numerator.
        ("round(金额 / (1 + 税率))", "round[half_away](shift[6](f0), add(1000000e-6, f2))", 2),
        ("round(金额 / 人数)", "round[half_away](f0, f3)", 2),
        ("round_down(金额 / 人数)", "round[down](f0, f3)", 2),
        ("round_up(金额 / 人数)", "round[up](f0, f3)", 2),
        ("round_half_even(金额 / 人数)", "round[half_even](f0, f3)", 2),
        # Hours (2) × price (6): 10**6 of 6 decimals.
        ("round(工时 * 单价)", "round[half_away](mul(f4, f5), 1000000e-6)", 2),
        ("round(税率 / 人数, 4)", "round[half_away](f2, shift[2](f3))", 4),
        ("round(人数 / 7, 4)", "round[half_away](shift[4](f3), 7)", 4),
        ("round(金额 / 7 / 人数)", "round[half_away](f0, mul(7, f3))", 2),
        ("round(金额 / -7)", "round[half_away](neg(f0), 7)", 2),
        ("round(金额 / (0 - 人数))", "round[half_away](neg(f0), neg(sub(0, f3)))", 2),
        ("round(金额, 0)", "shift[2](round[half_away](f0, 100e-2))", 2),
        ("round(金额)", "f0", 2),
        ("round(税率, 8)", "shift[2](f2)", 8),
        ("round(人数 * 税率, 6)", "mul(f3, f2)", 6),
        # x/3 - y/7 = (7x - 3y)/21.
        ("round(金额 / 3 - 其他 / 7)", "round[half_away](sub(mul(f0, 7), mul(f1, 3)), 21)", 2),
        # 金额/0.3 + 其他 × 1.5 = (金额 + 其他 × 1.5 × 0.3)/0.3; 4 decimals above, 2 below.
        (
            "round(金额 / 0.3 + 其他 * 1.5)",
            "round[half_away](add(shift[2](f0), mul(mul(f1, 15e-1), 3e-1)), 30e-2)",
            2,
        ),
        (
            "round(sum(明细.税额 * 明细.税率))",
            "round[half_away](sum(mul(f9.1, f9.2)), 1000000e-6)",
            2,
        ),
        (
            "round(sum(明细.税额 / 人数))",
            "round[half_away](sum(f9.1), f3)",
            2,
        ),
        ("text(税率)", "text_of(f2)", 0),
        ("text(客户)", "f7", 0),
        ("if 加急 then text(客户) else 号", "select(f6, f7, f8)", 0),
    ],
)
def test_rounding_brings_a_quotient_to_its_scale(
    expression: str, expected: str, scale: int
) -> None:
    found, found_scale = value_of(expression)
    assert found.replace(str(RoundMode.HALF_AWAY), "half_away") == expected
    assert found_scale == scale


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("金额 > 100", "gt(f0, 10000e-2)"),
        ("100.5 < 金额", "lt(10050e-2, f0)"),
        ("金额 * 税率 > 其他", "gt(mul(f0, f2), shift[6](f1))"),
        ("金额 / 3 < 其他", "lt(f0, mul(f1, 3))"),
        ("税率 = 6%", "eq(f2, 60000e-6)"),
        ('号 in {"A", "B", "A"}', "in[('A', 'B')](f8)"),
        ("人数 in {1, 2}", "or(eq(f3, 1), eq(f3, 2))"),
        ("人数 in 2..<5", "and(ge(f3, 2), lt(f3, 5))"),
        ("人数 in ..5", "le(f3, 5)"),
        ("日期 >= 2026-01-01", "ge(f12, 20454)"),
        ("加急 = false", "eq(f6, False)"),
        ("not 加急 or given 备注", "or(not(f6), given[10]())"),
        ("given 客户档案[号]", "has_record[0](f8)"),
        ('客户.等级 = "A"', "eq(record[(0, 0)](f7), 'A')"),
    ],
)
def test_conditions(expression: str, expected: str) -> None:
    assert condition_of(expression) == expected


def test_division_inside_a_name_is_rounded_where_it_is_used() -> None:
    rule = lower('  let 比 = 金额 / 人数\n  let 甲 = round(比)\n  refuse "" when 甲 > 5\n')
    assert formula(rule, rule.nodes.index(labelled(rule, "甲"))) == "round[half_away](f0, f3)"


def test_a_branch_with_another_divisor_selects_both_parts() -> None:
    found, _ = value_of("round(if 加急 then 金额 / 人数 else 金额 * 税率)")
    assert found == (
        "round[half_away](select(f6, shift[6](f0), mul(f0, f2)), shift[6](select(f6, f3, 1)))"
    )


# --- Bounds ------------------------------------------------------------------------------


def test_bounds_follow_the_fields() -> None:
    rule = lower(
        "  let 税额 = round(金额 * 税率)\n  let 成本 = round(工时 * 单价)\n"
        '  refuse "" when 税额 + 成本 > 5\n'
    )
    tax, cost = labelled(rule, "税额"), labelled(rule, "成本")
    assert (tax.low, tax.high) == (-(10**15), 10**15)
    assert (cost.low, cost.high) == (0, 24 * 1000 * 100)
    assert rule.nodes[tax.args[0]].is_wide
    assert not rule.nodes[cost.args[0]].is_wide


def test_sum_of_unbounded_amounts_stays_in_int64() -> None:
    node = only(lower("  when sum(明细.税额) > 0\n"), Op.SUM)
    assert (node.low, node.high) == (-(10**17), 10**17)
    hours = only(lower("  when sum(明细.工时) > 0\n"), Op.SUM)
    assert (hours.low, hours.high) == (0, 24_00 * 10_000)


def test_branch_is_bounded_by_what_its_condition_says() -> None:
    rule = lower('  let 甲 = if 金额 > 0 then 金额 else 1\n  refuse "" when 甲 > 5\n')
    node = labelled(rule, "甲")
    assert (node.low, node.high) == (1, 10**15)


@pytest.mark.parametrize(
    ("body", "active"),
    [
        ("  let 甲 = if given 份数 then round(金额 / 份数) else 0\n", "given[11]()"),
        ("  when given 份数\n  let 甲 = round(金额 / 份数)\n", ""),
    ],
)
def test_divisor_that_may_be_absent_is_zero_there(body: str, active: str) -> None:
    rule = lower(body)
    assert active_of(rule, Op.ROUND) == active
    node = only(rule, Op.ROUND)
    divisor = rule.nodes[node.args[1]]
    assert (divisor.low, divisor.high) == (0, 9)
    assert (node.low, node.high) == (-(10**15), 10**15)


def test_expression_as_deep_as_the_parser_allows_is_lowered() -> None:
    assert value_of(" + ".join(["人数"] * 99))[1] == 0
    assert value_of("-" * 90 + "人数")[1] == 0


# --- Shapes ------------------------------------------------------------------------------


def test_event_values_are_repeated_where_they_meet_a_list() -> None:
    rule = lower("  when sum(明细.税额 * 人数) > 0\n")
    product = only(rule, Op.MUL)
    assert product.shape == 9
    assert rule.nodes[product.args[1]].op is Op.REPEAT
    assert only(rule, Op.SUM).shape == EVENT_SHAPE


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("sum(if 明细.加急 then 金额 else 金额)", "sum(f0*)"),
        (
            "sum(round(if 明细.加急 then 金额 / 人数 else 金额 / 人数))",
            "sum(round[half_away](f0*, f3*))",
        ),
    ],
)
def test_equal_branches_have_a_value_for_each_element(expression: str, expected: str) -> None:
    found, _ = value_of(expression)
    assert found == expected


def test_line_with_each_has_one_shape() -> None:
    rule = rule_of(
        f'{BOOK}{RULE}  voucher "单据"\n'
        "    debit 应收 明细.税额 by 部门 = 号 if given 备注, 客户 = 明细.客户 each 明细\n"
        "    credit 收入 sum(明细.税额) by 客户\n"
    )
    first, second = rule.vouchers[0].lines
    assert first.each == 9
    members = [first.account, first.amount]
    for dimension in first.dimensions:
        members += [dimension.value, *([] if dimension.given is None else [dimension.given])]
    assert {rule.nodes[member].shape for member in members} == {9}
    assert second.each == EVENT_SHAPE
    assert rule.nodes[first.dimensions[0].given or 0].kind is Kind.BOOL


def test_split_has_the_shape_of_its_weights_and_stays_within_its_total() -> None:
    rule = rule_of(
        f"{BOOK}{RULE}  let 总额 = max(金额, 0)\n  split 总额 by 明细.工时 as 份\n"
        '  voucher "单据"\n    debit 应收 份 each 明细\n    credit 收入 总额\n'
    )
    node = labelled(rule, "份")
    assert (node.op, node.shape, node.scale) == (Op.SPLIT, 9, 2)
    assert (node.low, node.high) == (0, 10**15)


# --- Laziness ----------------------------------------------------------------------------


def active_of(rule: Rule, op: Op) -> str:
    node = only(rule, op)
    return "" if node.active is None else formula(rule, node.active)


@pytest.mark.parametrize(
    ("expression", "condition"),
    [
        ("if 加急 then 客户.额度 else 0", "f6"),
        ("if 加急 then 0 else 客户.额度", "not(f6)"),
        ("if 加急 then (if 人数 > 1 then 客户.额度 else 0) else 0", "and(f6, gt(f3, 1))"),
        ("if 加急 and 客户.额度 > 5 then 1 else 2", "f6"),
        ("if 加急 or 客户.额度 > 5 then 1 else 2", "not(f6)"),
        ("客户.额度 + (if 加急 then 客户.额度 else 0)", ""),
    ],
)
def test_reading_is_active_where_it_is_needed(expression: str, condition: str) -> None:
    rule = lower(f"  let 甲 = {expression}\n")
    assert active_of(rule, Op.RECORD) == condition


def test_value_first_read_in_a_branch_is_read_again_outside() -> None:
    rule = lower(
        "  let 甲 = if 加急 then 客户.额度 else 0\n  let 乙 = 客户.额度\n  let 丙 = 客户.额度\n"
    )
    reads = [node for node in rule.nodes if node.op is Op.RECORD]
    assert [node.active is None for node in reads] == [False, True]


def test_what_cannot_fail_is_shared_between_branches() -> None:
    rule = lower(
        "  let 甲 = if 加急 then round(金额 * 税率) else 0\n  let 乙 = round(税率 * 金额)\n"
        '  refuse "" when 甲 + 乙 > 0\n'
    )
    assert only(rule, Op.ROUND).active is None
    assert len([node for node in rule.nodes if node.op is Op.MUL]) == 1


def test_quotient_that_a_branch_protects_is_active_there() -> None:
    rule = lower("  let 甲 = if 金额 != 0 then round(其他 * 100 / 金额, 2) else 0\n")
    node = only(rule, Op.ROUND)
    assert node.active is not None
    assert formula(rule, node.active) == "ne(f0, 0e-2)"


def test_reading_for_the_event_under_a_condition_on_elements_is_done_per_element() -> None:
    rule = lower("  let 甲 = if 明细.加急 then 客户.额度 else 0\n")
    node = only(rule, Op.RECORD)
    assert node.shape == 9
    assert node.active is not None
    assert rule.nodes[node.active].shape == 9
    assert rule.nodes[node.args[0]].op is Op.REPEAT


def test_sum_under_a_condition_on_elements_takes_all_elements() -> None:
    rule = lower("  let 甲 = if 明细.加急 then sum(明细.客户.额度) else 0\n")
    assert only(rule, Op.RECORD).active is None


def test_sum_that_may_leave_its_bounds_can_fail_only_where_it_is_needed() -> None:
    rule = lower("  let 甲 = if 加急 then sum(明细.税额) else 0\n")
    assert active_of(rule, Op.SUM) == "f6"
    rule = lower('  let 甲 = if 加急 then sum(明细.工时) else 0\n  refuse "" when 甲 > 5\n')
    assert active_of(rule, Op.SUM) == ""


def test_lines_of_a_guarded_voucher_fail_only_where_it_is_made() -> None:
    rule = rule_of(
        f'{BOOK}{RULE}  voucher "单据" when 加急\n'
        "    debit 应收 客户.额度\n    credit 收入 客户.额度\n"
    )
    node = only(rule, Op.RECORD)
    assert node.active == rule.vouchers[0].guard


# --- The order of nodes ------------------------------------------------------------------


def test_guard_comes_first_with_all_it_needs() -> None:
    rule = lower('  when 金额 > 5 and 客户.等级 = "A"\n  let 甲 = 客户.额度\n')
    assert rule.guard == rule.guard_count - 1
    assert formula(rule, rule.guard or 0) == ("and(gt(f0, 500e-2), eq(record[(0, 0)](f7), 'A'))")
    assert all(max(node.args, default=-1) < index for index, node in enumerate(rule.nodes))
    assert all((node.active or 0) <= index for index, node in enumerate(rule.nodes))


def test_rule_without_a_guard_has_no_guard_nodes() -> None:
    rule = lower("")
    assert (rule.guard, rule.guard_count) == (None, 0)


def test_refusal_stands_after_what_is_written_before_it() -> None:
    rule = lower(
        "  let 太大 = 金额 > 5\n  let 甲 = 客户.额度\n"
        '  refuse TOO_MUCH "{金额}" when 太大\n  refuse "" when 甲 > 7\n'
    )
    first, second = rule.refusals
    reading = rule.nodes.index(only(rule, Op.RECORD))
    assert reading < first.condition < second.condition
    assert (first.code, second.code) == ("TOO_MUCH", "REFUSED")


def test_unused_values_that_cannot_fail_are_left_out() -> None:
    rule = lower("  let 甲 = 金额 * 2 + 其他\n  let 乙 = count(明细)\n  let 丙 = 等级[加急]\n")
    assert {node.op for node in rule.nodes} == {Op.FIELD, Op.TABLE_ROW, Op.CONST}


# --- Templates ---------------------------------------------------------------------------


def test_optional_number_prints_as_nothing_where_it_is_absent() -> None:
    rule = rule_of(
        f'{BOOK}{RULE}  voucher "单据 {{备注}} {{号}}"\n    debit 应收 金额\n    credit 收入 金额\n'
    )
    head, note, blank, number = rule.vouchers[0].summary.parts
    assert (head, blank) == ("单据 ", " ")
    assert isinstance(note, int)
    assert isinstance(number, int)
    assert formula(rule, note) == "select(given[10](), text_of(f10), '')"
    assert formula(rule, number) == "f8"


def test_expressions_in_texts_are_those_of_the_voucher() -> None:
    program = program_of(
        f'{BOOK}{RULE}  voucher "单据 {{金额 * 2}}" word 转\n'
        "    debit 应收 金额\n    credit 收入 金额\n"
    )
    (voucher,) = program.rules[0].vouchers
    assert voucher.word == "转"
    assert formula(program.rules[0], int(voucher.summary.parts[1])) == "mul(f0, 2)"
