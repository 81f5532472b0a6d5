"""What lines and vouchers come to, in both evaluators, and what stops them."""

from __future__ import annotations

import pytest

from engine.limits import MAX_AMOUNT_MINOR
from engine.program import (
    Account,
    Dimension,
    Fault,
    Kind,
    Ledger,
    NegativePolicy,
    Op,
    Rule,
    Template,
)
from tests.engine.evaluate.building import (
    RuleMaker,
)
from tests.engine.evaluate.claims import CREDIT, DEBIT, EVENT, lines, outcome, run, two_lines


def test_zero_lines_are_dropped_and_the_voucher_stays_tried() -> None:
    make = RuleMaker(EVENT)
    rows = run(make, make.rule(two_lines(make, make.field("金额"))), {"金额": 5}, {"金额": 0})
    assert lines(rows[0]) == [(0, -1, 5), (1, -1, 5)]
    assert lines(rows[1]) == []


def test_a_voucher_is_made_where_its_guard_holds() -> None:
    make = RuleMaker(EVENT)
    plan = two_lines(make, make.field("金额"))
    guarded = make.voucher(*plan.lines, guard=make.field("标志"))
    rows = run(make, make.rule(guarded, plan), {"金额": 5, "标志": True}, {"金额": 5})
    assert [voucher.plan for voucher in rows[0].vouchers] == [0, 1]
    assert [voucher.plan for voucher in rows[1].vouchers] == [1]


def test_each_makes_a_line_per_element_and_keeps_its_position() -> None:
    make = RuleMaker(EVENT)
    own = two_lines(make, make.item("明细", "额"))
    rows = run(
        make,
        make.rule(own),
        {"明细": [{"额": 3}, {"额": 0}, {"额": -2}]},
        {"明细": []},
        {"明细": [{"额": 1}]},
    )
    assert lines(rows[0]) == [(0, 0, 3), (0, 2, -2), (1, 0, 3), (1, 2, -2)]
    assert lines(rows[1]) == []
    assert lines(rows[2]) == [(0, 0, 1), (1, 0, 1)]


def test_absent_and_empty_dimensions_are_not_carried() -> None:
    make = RuleMaker(EVENT)
    amount, customer = make.field("金额"), make.field("客户")
    is_flag = make.field("标志")
    account = make.const(0, Kind.ACCOUNT)
    plan = make.voucher(
        make.line(DEBIT, account, amount, (1, customer)),
        make.line(CREDIT, account, amount, (1, customer, is_flag)),
    )
    rows = run(
        make,
        make.rule(plan),
        {"金额": 1, "客户": "甲", "标志": True},
        {"金额": 1, "客户": ""},
        {"金额": 1, "标志": True},
        {"金额": 1, "客户": "甲", "标志": False},
    )
    carried = [[line[4][0] >= 0 for line in row.vouchers[0].lines] for row in rows]
    assert carried == [[True, True], [False, False], [False, False], [True, False]]


def test_required_dimension_that_is_not_carried_is_a_fault() -> None:
    make = RuleMaker(EVENT)
    amount, customer = make.field("金额"), make.field("客户")
    rule = make.rule(two_lines(make, amount, (1, customer)))
    accounts = (Account("应收", "1122", "应收", True, required=(1,)),)
    rows = run(
        make,
        rule,
        {"金额": 1, "客户": "甲"},
        {"金额": 1, "客户": ""},
        {"金额": 1},
        {"金额": 0},
        accounts=accounts,
    )
    missing = (len(make.nodes), Fault.MISSING_DIMENSION)
    assert [outcome(row) for row in rows] == [(-1, None), missing, missing, (-1, None)]


def test_required_dimension_that_the_line_never_has_is_a_fault() -> None:
    make = RuleMaker(EVENT)
    rule = make.rule(two_lines(make, make.field("金额")))
    accounts = (Account("应收", "1122", "应收", True, required=(1,)),)
    rows = run(make, rule, {"金额": 1}, {"金额": 0}, accounts=accounts)
    assert outcome(rows[0])[1] is Fault.MISSING_DIMENSION
    assert outcome(rows[1])[1] is None


def test_only_the_account_named_requires_its_dimensions() -> None:
    make = RuleMaker(EVENT)
    amount, is_flag = make.field("金额"), make.field("标志")
    one, two = make.const(0, Kind.ACCOUNT), make.const(1, Kind.ACCOUNT)
    account = make.select(is_flag, one, two)
    plan = make.voucher(make.line(DEBIT, account, amount), make.line(CREDIT, two, amount))
    accounts = (
        Account("应收", "1122", "应收", True, required=(1,)),
        Account("现金", "1001", "现金", True),
    )
    rows = run(make, make.rule(plan), {"金额": 1, "标志": True}, {"金额": 1}, accounts=accounts)
    assert [outcome(row)[1] for row in rows] == [Fault.MISSING_DIMENSION, None]


@pytest.mark.parametrize("policy", list(NegativePolicy))
def test_negative_amounts_fail_only_where_the_ledger_rejects_them(policy: NegativePolicy) -> None:
    make = RuleMaker(EVENT)
    rule = make.rule(two_lines(make, make.field("金额")))
    ledger = Ledger("账", "GL", "CNY", 2, negative=policy)
    rows = run(make, rule, {"金额": -1}, {"金额": 1}, ledgers=(ledger,))
    fault = Fault.NEGATIVE_AMOUNT if policy is NegativePolicy.REJECT else None
    assert [outcome(row)[1] for row in rows] == [fault, None]


@pytest.mark.parametrize("amount", [MAX_AMOUNT_MINOR, -MAX_AMOUNT_MINOR])
def test_amounts_up_to_the_limit_are_posted(amount: int) -> None:
    make = RuleMaker(EVENT)
    wide = make.number(Op.SHIFT, make.field("金额"), data=6)
    over = make.number(Op.ADD, wide, make.const(amount // abs(amount), scale=2))
    rows = run(make, make.rule(two_lines(make, wide)), {"金额": amount // 10**6})
    assert lines(rows[0]) == [(0, -1, amount), (1, -1, amount)]
    rows = run(make, make.rule(two_lines(make, over)), {"金额": amount // 10**6}, {"金额": 1})
    assert [outcome(row)[1] for row in rows] == [Fault.OUT_OF_RANGE, None]


def test_the_first_faulty_element_decides() -> None:
    make = RuleMaker(EVENT)
    amounts = make.number(Op.SHIFT, make.item("明细", "额"), data=10)
    ledger = Ledger("账", "GL", "CNY", 2, negative=NegativePolicy.REJECT)
    rows = run(
        make,
        make.rule(two_lines(make, amounts)),
        {"明细": [{"额": -1}, {"额": 10**9}]},
        {"明细": [{"额": 1}, {"额": 10**9}, {"额": -1}]},
        ledgers=(ledger,),
    )
    assert [outcome(row)[1] for row in rows] == [Fault.NEGATIVE_AMOUNT, Fault.OUT_OF_RANGE]


def test_a_voucher_that_does_not_balance_is_never_made() -> None:
    make = RuleMaker(EVENT)
    amount = make.field("金额")
    other = make.number(Op.MAX, amount, make.const(10, scale=2))
    account = make.const(0, Kind.ACCOUNT)
    plan = make.voucher(make.line(DEBIT, account, amount), make.line(CREDIT, account, other))
    rows = run(make, make.rule(plan), {"金额": 11}, {"金额": 9}, {"金额": 0})
    assert [outcome(row)[1] for row in rows] == [None, Fault.UNBALANCED, Fault.UNBALANCED]


def test_totals_beyond_int64_are_still_compared_exactly() -> None:
    make = RuleMaker(EVENT)
    amount = make.number(Op.SHIFT, make.field("金额"), data=3)
    account = make.const(0, Kind.ACCOUNT)
    # 2**64 more on one side would be equal in wrapping arithmetic.
    odd = make.const(2**64 - 22 * 8 * 10**17, scale=2)
    many = [make.line(DEBIT, account, amount) for _ in range(22)]
    unequal = make.rule(make.voucher(*many, make.line(DEBIT, account, odd)))
    rows = run(make, unequal, {"金额": 8 * 10**14})
    assert outcome(rows[0])[1] is Fault.UNBALANCED
    both = [make.line(side, account, amount) for side in (DEBIT, CREDIT) for _ in range(22)]
    rows = run(make, make.rule(make.voucher(*both)), {"金额": 8 * 10**14})
    assert outcome(rows[0])[1] is None


def by_department(*parts: str) -> tuple[RuleMaker, Rule]:
    """Debits each element by its own 部, credits the total as `parts` say."""
    make = RuleMaker(EVENT)
    account = make.const(0, Kind.ACCOUNT)
    amounts, own = make.item("明细", "额"), make.item("明细", "部")
    total, department = make.number(Op.SUM, amounts), make.field("部门")
    repeated = make.repeat(account, "明细")
    credit = {
        "event": make.line(CREDIT, account, total, (0, department)),
        "elements": make.line(CREDIT, repeated, amounts, (0, own)),
        "absent": make.line(CREDIT, account, total),
    }
    debit = make.line(DEBIT, repeated, amounts, (0, own))
    return make, make.rule(make.voucher(debit, *(credit[part] for part in parts)))


BALANCING = (Dimension("部门", "department", balancing=True), Dimension("客户", "customer"))


@pytest.mark.parametrize(
    ("credit", "department", "own", "balances"),
    [
        ("event", "甲", ["甲", "甲"], True),
        ("event", "甲", ["甲", "乙"], False),
        ("event", None, [None, ""], True),
        ("event", None, ["甲", None], False),
        ("elements", "丙", ["甲", "乙"], True),
        ("absent", "甲", ["甲", "甲"], False),
        ("absent", "甲", ["", None], True),
    ],
)
def test_a_balancing_dimension_balances_by_value(
    credit: str, department: str | None, own: list[str | None], balances: bool
) -> None:
    make, rule = by_department(credit)
    event = {"部门": department, "明细": [{"额": 7, "部": each} for each in own]}
    (row,) = run(make, rule, event, dimensions=BALANCING)
    assert outcome(row)[1] is (None if balances else Fault.UNBALANCED)
    (row,) = run(make, rule, event)
    assert outcome(row)[1] is None


def test_summary_prints_every_kind() -> None:
    make = RuleMaker(EVENT)
    amount = make.field("金额")
    account = make.const(0, Kind.ACCOUNT)
    parts = ("{", amount, " ", make.field("部门"), "|", make.field("客户"), "|",
             make.field("日期"), "|", make.field("标志"), "|", account)  # fmt: skip
    plan = make.voucher(*two_lines(make, amount).lines, summary=Template(parts))
    rows = run(
        make,
        make.rule(plan),
        {"金额": 106000, "部门": "市场'\"\\\n部", "日期": 20_517, "标志": True},
        {"金额": -5, "部门": "", "客户": "C", "日期": -1},
    )
    assert rows[0].vouchers[0].summary == "{1060.00 市场'\"\\\n部||2026-03-05|true|1000"
    assert rows[1].vouchers[0].summary == "{-0.05 |C|1969-12-31|false|1000"
