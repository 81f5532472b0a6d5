"""Failures in both evaluators: their order, and where they do not count."""

from __future__ import annotations

import pytest

from engine.evaluate import FAULTS
from engine.evaluate.outcome import NOT_FAILED
from engine.program import (
    Fault,
    Kind,
    Op,
    Refusal,
    Residue,
    RoundMode,
    Span,
    Template,
)
from tests.engine.evaluate.building import (
    RuleMaker,
)
from tests.engine.evaluate.claims import CREDIT, DEBIT, EVENT, lines, outcome, run, two_lines


def test_the_smallest_node_decides_between_fault_and_refusal() -> None:
    make = RuleMaker(EVENT)
    amount, divisor = make.field("金额"), make.field("除数")
    early = make.bool(Op.GT, amount, make.const(100, scale=2))
    quotient = make.round(amount, divisor)
    late = make.bool(Op.GT, amount, make.const(50, scale=2))
    refusals = (
        Refusal(late, "LATE", Template(("晚 ", amount)), Span()),
        Refusal(early, "EARLY", Template(("早 ", quotient)), Span()),
    )
    rule = make.rule(two_lines(make, quotient), refusals=refusals)
    rows = run(
        make,
        rule,
        {"金额": 101, "除数": 0},
        {"金额": 60, "除数": 0},
        {"金额": 60, "除数": 2},
        {"金额": 5, "除数": 2},
        {"金额": 300, "除数": 2},
    )
    failures = [(row.failed_node, row.failure) for row in rows]
    zero = FAULTS.index(Fault.DIV_ZERO)
    assert failures == [
        (early, -2), (quotient, zero), (late, -1), (-1, NOT_FAILED), (early, -2)
    ]  # fmt: skip
    assert [row.message for row in rows] == ["早 0.00", "", "晚 0.60", "", "早 1.50"]


def test_of_two_refusals_on_one_condition_the_first_counts() -> None:
    make = RuleMaker(EVENT)
    holds = make.field("标志")
    refusals = tuple(Refusal(holds, code, Template((code,)), Span()) for code in ("A", "B"))
    (row,) = run(make, make.rule(refusals=refusals), {"标志": True})
    assert (row.failure, row.message) == (-1, "A")


def test_events_whose_guard_does_not_hold_do_not_match() -> None:
    make = RuleMaker(EVENT)
    guard = make.field("标志")
    count = len(make.nodes)
    quotient = make.round(make.field("金额"), make.field("除数"))
    rule = make.rule(two_lines(make, quotient), guard=guard, guard_count=count)
    rows = run(
        make,
        rule,
        {"金额": 4, "除数": 0},
        {"金额": 4, "除数": 0, "标志": True},
        {"金额": 4, "除数": 2, "标志": True},
    )
    assert [row.matched for row in rows] == [False, True, True]
    assert outcome(rows[1]) == (quotient, Fault.DIV_ZERO)
    assert lines(rows[2]) == [(0, -1, 2), (1, -1, 2)]


def test_a_guard_that_cannot_be_evaluated_fails_the_event() -> None:
    make = RuleMaker(EVENT)
    amount = make.field("金额")
    refused = make.bool(Op.GT, amount, make.const(10, scale=2))
    quotient = make.round(amount, make.field("除数"))
    guard = make.bool(Op.GT, quotient, make.const(0, scale=2))
    refusal = Refusal(refused, "R", Template(("拒",)), Span())
    rule = make.rule(guard=guard, guard_count=len(make.nodes), refusals=(refusal,))
    rows = run(
        make,
        rule,
        {"金额": 5, "除数": 0},
        {"金额": 11, "除数": 0},
        {"金额": 11, "除数": 1},
        {"金额": 11, "除数": -1},
        {"金额": 5, "除数": 1},
    )
    assert [row.matched for row in rows] == [True, True, True, False, True]
    assert outcome(rows[0]) == (quotient, Fault.DIV_ZERO)
    assert [row.failure for row in rows[1:]] == [-1, -1, NOT_FAILED, NOT_FAILED]


def test_faults_count_only_where_the_node_is_active() -> None:
    make = RuleMaker(EVENT)
    amount, divisor = make.field("金额"), make.field("除数")
    is_given = make.bool(Op.NE, divisor, make.const(0))
    quotient = make.round(amount, divisor, active=is_given)
    chosen = make.select(is_given, quotient, make.const(0, scale=2))
    rows = run(
        make, make.rule(two_lines(make, chosen)), {"金额": 9, "除数": 0}, {"金额": 9, "除数": -2}
    )
    assert [outcome(row)[1] for row in rows] == [None, None]
    assert lines(rows[1]) == [(0, -1, -5), (1, -1, -5)]


def test_an_event_condition_counts_for_every_element() -> None:
    make = RuleMaker(EVENT)
    item, divisor = make.item("明细", "额"), make.item("明细", "权")
    quotient = make.round(item, divisor, active=make.field("标志"))
    total = make.number(Op.SUM, quotient)
    rows = run(
        make,
        make.rule(two_lines(make, total)),
        {"标志": True, "明细": [{"额": 9, "权": 3}, {"额": 9, "权": 0}]},
        {"标志": False, "明细": []},
        {"标志": True, "明细": []},
        {"标志": True, "明细": [{"额": 9, "权": -3}]},
    )
    faults = [outcome(row)[1] for row in rows]
    assert faults == [Fault.DIV_ZERO, None, None, None]
    assert lines(rows[3]) == [(0, -1, -3), (1, -1, -3)]


def test_a_sum_beyond_its_bounds_is_a_fault_even_where_it_wraps() -> None:
    make = RuleMaker(EVENT)
    shifted = make.number(Op.SHIFT, make.item("明细", "额"), data=3)
    total = make.number(Op.SUM, shifted, bound=(-(10**17), 10**17))
    rule = make.rule(two_lines(make, total))
    # 18446744 * 10**12 + 73709551616 = 2**64
    wrapping = [10**15] * 18 + [446744073709551]
    rows = run(
        make,
        rule,
        {"明细": [{"额": amount} for amount in wrapping]},
        {"明细": [{"额": 10**14}]},
        {"明细": [{"额": 10**14}, {"额": 1}]},
    )
    assert [outcome(row) for row in rows] == [
        (total, Fault.OUT_OF_RANGE), (-1, None), (total, Fault.OUT_OF_RANGE)
    ]  # fmt: skip


@pytest.mark.parametrize("mode", list(RoundMode))
def test_products_beyond_int64_round_exactly(mode: RoundMode) -> None:
    make = RuleMaker(EVENT)
    amount = make.field("金额")
    wide = make.number(Op.MUL, make.number(Op.MUL, amount, amount), make.const(999_983))
    quotient = make.round(wide, make.const(7 * 10**20 + 1), mode)
    rows = run(
        make, make.rule(two_lines(make, quotient)), {"金额": 999_999_999_999_989}, {"金额": 3}
    )
    assert make.nodes[wide].is_wide
    exact, rest = divmod(999_999_999_999_989**2 * 999_983, 7 * 10**20 + 1)
    up = {RoundMode.UP: 1, RoundMode.DOWN: 0}.get(mode, int(2 * rest > 7 * 10**20 + 1))
    assert lines(rows[0])[0][2] == exact + up


def test_shares_of_a_negative_total_add_up_and_ties_go_in_order() -> None:
    make = RuleMaker(EVENT)
    total, weights = make.field("金额"), make.item("明细", "权")
    shares = make.number(Op.SPLIT, total, weights, data=Residue.LARGEST_REMAINDER)
    account = make.const(0, Kind.ACCOUNT)
    plan = make.voucher(
        make.line(DEBIT, make.repeat(account, "明细"), shares), make.line(CREDIT, account, total)
    )
    rows = run(
        make,
        make.rule(plan),
        {"金额": -101, "明细": [{"权": 1}, {"权": 1}, {"权": 1}]},
        {"金额": 5, "明细": []},
        {"金额": 5, "明细": [{"权": 1}, {"权": -1}]},
        {"金额": 0, "明细": [{"权": 0}]},
    )
    amounts = [amount for _, _, amount in lines(rows[0])]
    assert amounts == [-34, -34, -33, -101]
    assert [outcome(row) for row in rows[1:]] == [
        (shares, Fault.NO_WEIGHT), (shares, Fault.NEGATIVE_WEIGHT), (-1, None)
    ]  # fmt: skip
