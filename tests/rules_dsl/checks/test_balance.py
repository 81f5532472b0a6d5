"""The proof of balance: what it must prove, and that it never proves what does not hold."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.program import LineDimension, Op
from rules_dsl.checks import CheckInput
from rules_dsl.checks.balance import balance
from rules_dsl.checks.dimension_balance import dimension_balance
from tests.rules_dsl.checks.builder import LIST, RuleBuilder
from tests.rules_dsl.checks.run_nodes import difference, run

AMOUNTS = ("总额", "净额", "税额")
FLAG, CATEGORY = 2, 3


def _is_balanced(checked: CheckInput) -> bool:
    return not balance(checked)


def _gross_net_tax(rule: RuleBuilder) -> tuple[int, int, int]:
    """总额, 不含税 = round(总额 / (1 + 税率)) and 进项税 = 总额 − 不含税."""
    gross = rule.field("总额")
    divisor = rule.op(Op.ADD, rule.const(10**6, 6), rule.field("税率"))
    scaled = rule.node(Op.SHIFT, gross, data=6, scale=8)
    net = rule.label(rule.round(scaled, divisor), "不含税")
    return gross, net, rule.label(rule.op(Op.SUB, gross, net), "进项税")


def test_tax_by_difference_balances() -> None:
    rule = RuleBuilder()
    gross, net, tax = _gross_net_tax(rule)
    rule.debit(net)
    rule.debit(tax)
    rule.credit(gross)
    assert _is_balanced(rule.build())


def test_wrong_amount_names_what_is_missing_and_what_would_close_it() -> None:
    rule = RuleBuilder()
    _, net, tax = _gross_net_tax(rule)
    rule.debit(net)
    rule.debit(tax)
    rule.credit(net)
    (found,) = balance(rule.build())
    assert found.code == "TP301"
    assert found.label == "credits fall short by 进项税"
    assert found.notes == ("debits − credits = 进项税",)
    assert found.help == "总额 equals 不含税 + 进项税"
    assert found.suggestions == ("总额",)
    assert found.span.line == 3


def test_rounding_both_parts_does_not_balance() -> None:
    rule = RuleBuilder()
    gross = rule.field("总额")
    divisor = rule.op(Op.ADD, rule.const(10**6, 6), rule.field("税率"))
    rule.debit(rule.round(rule.node(Op.SHIFT, gross, data=6, scale=8), divisor))
    rule.debit(rule.round(rule.op(Op.MUL, gross, rule.field("税率")), divisor))
    rule.credit(gross)
    assert not _is_balanced(rule.build())


def test_deductible_tax_per_line_balances() -> None:
    rule = RuleBuilder()
    gross, tax = rule.item("含税"), rule.item("税额")
    line_tax = rule.op(Op.SELECT, rule.item("可抵扣"), tax, rule.const(0))
    rule.debit(rule.op(Op.SUB, gross, line_tax), each=LIST)
    rule.debit(rule.node(Op.SUM, line_tax))
    rule.credit(rule.node(Op.SUM, gross))
    assert _is_balanced(rule.build())


def test_shares_of_a_split_add_up_to_their_total() -> None:
    rule = RuleBuilder()
    total = rule.field("总额")
    rule.debit(rule.split(total, rule.item("含税")), each=LIST)
    rule.credit(total)
    assert _is_balanced(rule.build())


def test_sum_of_a_repeated_amount_is_not_that_amount() -> None:
    rule = RuleBuilder()
    total = rule.field("总额")
    rule.debit(rule.repeat(total), each=LIST)
    rule.credit(total)
    assert not _is_balanced(rule.build())


def test_guard_decides_between_the_sides_of_an_if() -> None:
    rule = RuleBuilder()
    gross, net = rule.field("总额"), rule.field("净额")
    is_travel = rule.op(Op.EQ, rule.field("类别"), rule.text("travel"))
    tax = rule.op(Op.SELECT, is_travel, rule.op(Op.SUB, gross, net), rule.const(0))
    rule.debit(net)
    rule.debit(tax)
    rule.credit(gross)
    (found,) = balance(rule.build())
    assert found.notes == ('debits − credits = 净额 − 总额, where 类别 != "travel"',)
    assert _is_balanced(rule.build(voucher_guard=is_travel))
    others = rule.op(Op.IN, rule.field("类别"), data=("office", "other"))
    assert _is_balanced(rule.build(guard=rule.op(Op.NOT, others)))


def test_closed_code_leaves_no_other_case() -> None:
    rule = RuleBuilder()
    gross, category = rule.field("总额"), rule.field("类别")
    for text in ("travel", "office", "other"):
        matches = rule.op(Op.EQ, category, rule.text(text))
        rule.debit(rule.op(Op.SELECT, matches, gross, rule.const(0)))
    rule.credit(gross)
    assert _is_balanced(rule.build())


def test_open_text_has_another_case() -> None:
    rule = RuleBuilder()
    gross, department = rule.field("总额"), rule.field("部门")
    for text in ("A", "B"):
        matches = rule.op(Op.EQ, department, rule.text(text))
        rule.debit(rule.op(Op.SELECT, matches, gross, rule.const(0)))
    rule.credit(gross)
    assert not _is_balanced(rule.build())


def test_smaller_amount_and_the_rest_balance() -> None:
    rule = RuleBuilder()
    gross, net = rule.field("总额"), rule.field("净额")
    rule.debit(rule.op(Op.MIN, gross, net))
    rule.debit(rule.op(Op.MAX, rule.op(Op.SUB, gross, net), rule.const(0)))
    rule.credit(gross)
    assert _is_balanced(rule.build())


def test_comparison_and_the_rest_balance() -> None:
    rule = RuleBuilder()
    gross, net = rule.field("总额"), rule.field("净额")
    rest = rule.op(Op.SUB, gross, net)
    rule.debit(rule.op(Op.MIN, gross, net))
    rule.debit(rule.op(Op.SELECT, rule.op(Op.GE, gross, net), rest, rule.const(0)))
    rule.credit(gross)
    assert _is_balanced(rule.build())


def test_refusing_unequal_totals_proves_balance() -> None:
    rule = RuleBuilder()
    gross, net, tax = (rule.field(name) for name in AMOUNTS)
    rule.debit(net)
    rule.debit(tax)
    rule.credit(gross)
    assert not _is_balanced(rule.build())
    rule.refuse(rule.op(Op.NE, gross, rule.op(Op.ADD, net, tax)))
    assert _is_balanced(rule.build())


def test_refusing_a_list_that_does_not_add_up_proves_balance() -> None:
    rule = RuleBuilder()
    total, items = rule.field("总额"), rule.item("含税")
    rule.debit(items, each=LIST)
    rule.credit(total)
    rule.refuse(rule.op(Op.NE, rule.node(Op.SUM, items), total))
    assert _is_balanced(rule.build())


def test_same_department_on_both_sides_balances() -> None:
    rule = RuleBuilder()
    amount, department = rule.field("总额"), rule.field("部门")
    rule.debit(amount, LineDimension(0, department))
    rule.credit(amount, LineDimension(0, department))
    assert not dimension_balance(rule.build())


def test_departments_of_the_lines_do_not_balance_one_department() -> None:
    rule = RuleBuilder()
    share = rule.label(rule.split(rule.field("总额"), rule.item("含税")), "份额")
    rule.debit(share, LineDimension(0, rule.item("部门")), each=LIST)
    rule.credit(rule.field("总额"), LineDimension(0, rule.field("部门")))
    (found,) = dimension_balance(rule.build())
    assert found.code == "TP302"
    assert found.notes == (
        "部门 = 明细.部门: debits − credits = 份额",
        "部门 = 部门: debits − credits = −总额",
    )


def test_settlement_lines_balance_each_department() -> None:
    rule = RuleBuilder()
    total, share = rule.field("总额"), rule.split(rule.field("总额"), rule.item("含税"))
    of_line, of_event = rule.item("部门"), rule.field("部门")
    rule.debit(share, LineDimension(0, of_line), each=LIST)
    rule.credit(share, LineDimension(0, of_line), each=LIST)
    rule.debit(share, LineDimension(0, rule.repeat(of_event)), each=LIST)
    rule.credit(total, LineDimension(0, of_event))
    assert not dimension_balance(rule.build())


def test_line_without_the_dimension_is_a_value_of_its_own() -> None:
    rule = RuleBuilder()
    amount, department = rule.field("总额"), rule.field("部门")
    rule.debit(amount, LineDimension(0, department))
    rule.credit(amount)
    (found,) = dimension_balance(rule.build())
    assert found.notes[1] == "without 部门: debits − credits = −总额"


def test_dimension_given_on_both_sides_balances() -> None:
    rule = RuleBuilder()
    amount, department, given_flag = rule.field("总额"), rule.field("部门"), rule.field("免税")
    rule.debit(amount, LineDimension(0, department, given_flag))
    rule.credit(amount, LineDimension(0, department, given_flag))
    assert not dimension_balance(rule.build())
    rule.lines.pop()
    rule.credit(amount, LineDimension(0, department))
    assert dimension_balance(rule.build())


# --- Random vouchers ----------------------------------------------------------------------------


def _linear(rule: RuleBuilder, atoms: list[int], factors: list[int]) -> int:
    total = rule.const(0)
    for atom, factor in zip(atoms, factors, strict=True):
        total = rule.op(Op.ADD, rule.node(Op.MUL, rule.const(factor, 0), atom), total)
    return total


@given(
    st.lists(st.lists(st.integers(-5, 5), min_size=5, max_size=5), min_size=1, max_size=5),
    st.integers(0, 4),
    st.integers(-3, 3).filter(bool),
)
def test_linear_vouchers_are_proved_and_one_changed_coefficient_is_refused(
    rows: list[list[int]], place: int, change: int
) -> None:
    for shift in (0, change):
        rule = RuleBuilder()
        _, net, _ = _gross_net_tax(rule)
        items = rule.node(Op.SUM, rule.item("含税"))
        atoms = [*(rule.field(name) for name in AMOUNTS), net, items]
        for factors in rows:
            rule.debit(_linear(rule, atoms, factors))
        sums = [sum(column) for column in zip(*rows, strict=True)]
        sums[place] += shift
        rule.credit(_linear(rule, atoms, sums))
        assert _is_balanced(rule.build()) == (shift == 0)


class _Maker:
    """Draws random amounts over everything a rule can write."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.rule = RuleBuilder()

    def amount(self, depth: int) -> int:
        rule = self.rule
        kind = self.draw(st.integers(0, 9 if depth else 2))
        if kind <= 1:
            return rule.field(self.draw(st.sampled_from(AMOUNTS)))
        if kind == 2:
            return rule.const(self.draw(st.sampled_from((0, 1, 100))))
        if kind == 3:
            return rule.node(Op.SUM, self.element(depth - 1))
        if kind == 4:
            return rule.op(Op.SELECT, self.truth(depth - 1), *self.pair(depth))
        if kind == 5:
            return rule.round(self.amount(depth - 1), rule.const(self.draw(st.integers(1, 3)), 0))
        if kind == 6:
            return rule.op(Op.ABS, self.amount(depth - 1))
        op = self.draw(st.sampled_from((Op.ADD, Op.SUB, Op.MIN, Op.MAX)))
        return rule.op(op, *self.pair(depth))

    def pair(self, depth: int) -> tuple[int, int]:
        return self.amount(depth - 1), self.amount(depth - 1)

    def element(self, depth: int) -> int:
        rule = self.rule
        kind = self.draw(st.integers(0, 5 if depth > 0 else 1))
        if kind <= 1:
            return rule.item(self.draw(st.sampled_from(("含税", "税额"))))
        if kind == 2:
            return rule.split(self.amount(depth - 1), rule.item("含税"))
        if kind == 3:
            truth = self.draw(st.booleans())
            condition = rule.item("可抵扣") if truth else rule.repeat(self.truth(depth - 1))
            return rule.op(Op.SELECT, condition, *self.elements(depth))
        op = self.draw(st.sampled_from((Op.ADD, Op.SUB, Op.MIN, Op.MAX)))
        return rule.op(op, *self.elements(depth))

    def elements(self, depth: int) -> tuple[int, int]:
        first = self.element(depth - 1)
        is_event = self.draw(st.booleans())
        second = self.rule.repeat(self.amount(0)) if is_event else self.element(depth - 1)
        return first, second

    def truth(self, depth: int) -> int:
        rule = self.rule
        kind = self.draw(st.integers(0, 5 if depth > 0 else 2))
        if kind == 0:
            return rule.field("免税")
        if kind == 1:
            text = self.draw(st.sampled_from(("travel", "office", "other")))
            return rule.op(Op.EQ, rule.field("类别"), rule.text(text))
        if kind == 2:
            texts = self.draw(st.sets(st.sampled_from(("travel", "office", "other"))))
            return rule.op(Op.IN, rule.field("类别"), data=tuple(sorted(texts)))
        if kind == 3:
            op = self.draw(st.sampled_from((Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE)))
            return rule.op(op, *self.pair(depth - 1 if depth > 1 else 1))
        if kind == 4:
            return rule.op(Op.NOT, self.truth(depth - 1))
        op = self.draw(st.sampled_from((Op.AND, Op.OR)))
        return rule.op(op, self.truth(depth - 1), self.truth(depth - 1))


@st.composite
def _vouchers(draw: st.DrawFn) -> tuple[RuleBuilder, CheckInput]:
    """Three random lines and one that closes them up to an amount that is often zero."""
    maker = _Maker(draw)
    rule = maker.rule
    total = rule.const(0)
    for _ in range(draw(st.integers(1, 3))):
        if draw(st.booleans()):
            amount = maker.element(2)
            rule.debit(amount, each=LIST)
            total = rule.op(Op.ADD, total, rule.node(Op.SUM, amount))
        else:
            amount = maker.amount(2)
            rule.debit(amount)
            total = rule.op(Op.ADD, total, amount)
    if draw(st.booleans()):
        # The same total in another shape: x = max(x, y) + min(x, y) − y.
        other = maker.amount(1)
        both = rule.op(Op.ADD, rule.op(Op.MAX, total, other), rule.op(Op.MIN, other, total))
        total = rule.op(Op.SUB, both, other)
    if draw(st.booleans()):
        total = rule.op(Op.SELECT, maker.truth(2), total, maker.amount(2))
    rule.credit(total)
    guard = maker.truth(2) if draw(st.booleans()) else None
    if draw(st.booleans()):
        rule.refuse(maker.truth(2))
    return rule, rule.build(guard=guard)


@pytest.mark.slow
@settings(max_examples=200)
@given(_vouchers(), st.randoms(use_true_random=False))
def test_what_is_proved_balances_on_every_event(
    made: tuple[RuleBuilder, CheckInput], random: object
) -> None:
    rule, checked = made
    if not _is_balanced(checked):
        return
    (compiled,) = checked.program.rules
    for _ in range(40):
        values = _random_event(rule, random)
        if values is None:
            continue
        is_refused = any(values[refusal.condition] for refusal in compiled.refusals)
        if is_refused or (compiled.guard is not None and not values[compiled.guard]):
            continue
        assert difference(rule.lines, values) == 0


def _random_event(rule: RuleBuilder, random: object) -> list[object] | None:
    integer = random.randint  # type: ignore[attr-defined]
    fields: dict[int, int | str | bool] = {
        0: integer(-3, 3),
        1: integer(-3, 3),
        FLAG: bool(integer(0, 1)),
        CATEGORY: ("travel", "office", "other")[integer(0, 2)],
        5: "A",
        6: integer(0, 10**6),
        7: integer(-3, 3),
    }
    count = integer(0, 3)
    items: dict[int, list[int | str | bool]] = {
        0: [integer(-3, 3) for _ in range(count)],
        1: [integer(-3, 3) for _ in range(count)],
        2: [bool(integer(0, 1)) for _ in range(count)],
        3: ["A" for _ in range(count)],
    }
    try:
        return run(rule.nodes, fields, items)  # type: ignore[return-value]
    except ZeroDivisionError:
        return None
