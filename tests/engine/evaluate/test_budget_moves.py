"""What budget statements ask, in both evaluators; what it comes to is decided elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.evaluate import evaluate_columns
from engine.evaluate.outcome import NOT_FAILED, MoveRow, RuleRow
from engine.limits import MAX_BUDGET_RAW
from engine.program import (
    NO_DATE,
    Act,
    Budget,
    BudgetMove,
    Fault,
    Kind,
    Op,
    Otherwise,
    Template,
)
from engine.strings import BatchStrings
from tests.engine.evaluate.building import FakeState, RuleMaker, batch, linked, program
from tests.engine.evaluate.claims import EVENT, outcome, two_lines
from tests.engine.evaluate.comparing import compare

BUDGETS = (Budget("部门费用", "dept_expense", ("部门", "类别"), 2, "CNY"),)


def moves_of(
    make: RuleMaker, moves: tuple[BudgetMove, ...], *events: dict[str, Any], **parts: Any
) -> tuple[list[RuleRow], BatchStrings]:
    """Evaluates events both ways; the strings tell what the codes mean."""
    own = linked(program(EVENT, make.rule(moves=moves, **parts), budgets=BUDGETS))
    strings = BatchStrings(own.pool)
    return compare(own, batch(own, events, strings)), strings


def asked(row: RuleRow) -> list[tuple[int, int, int]]:
    """(statement, element, amount) of a row's moves."""
    return [(move.move, move.element, move.amount) for move in row.moves]


def test_a_statement_asks_an_amount_on_its_keys() -> None:
    make = RuleMaker(EVENT)
    keys = (make.field("部门"), make.const("差旅", Kind.TEXT))
    move = BudgetMove(Act.SPEND, 0, make.field("金额"), keys)
    rows, strings = moves_of(
        make, (move,), {"金额": 120_00, "部门": "市场部"}, {"金额": 0}, {"金额": -5_00}
    )
    code = strings.code
    path = (code("市场部"), code("差旅"))
    expected = MoveRow(0, -1, 120_00, path, NO_DATE, -1, -1, NO_DATE, (), -1, "")
    assert rows[0].moves == [expected]
    assert rows[1].moves == []
    assert asked(rows[2]) == [(0, -1, -5_00)]
    assert rows[2].moves[0].keys == (-1, code("差旅"))


def test_empty_texts_are_absent_in_every_place() -> None:
    make = RuleMaker(EVENT)
    department, customer = make.field("部门"), make.field("客户")
    move = BudgetMove(
        Act.RESERVE, 0, make.field("金额"), (department,), reference=department, group=department,
        roles=customer, reason=department,
    )  # fmt: skip
    rows, strings = moves_of(
        make,
        (move,),
        {"金额": 1, "部门": "", "客户": ""},
        {"金额": 1},
        {"金额": 1, "部门": "甲", "客户": "总监"},
    )
    for row in rows[:2]:
        (found,) = row.moves
        nothing = (found.reference, found.group, found.reason)
        assert (found.keys, nothing, found.roles) == ((-1,), (-1, -1, -1), ())
    (found,) = rows[2].moves
    own = strings.code("甲")
    assert (found.keys, found.reference, found.group, found.reason) == ((own,), own, own, own)
    assert found.roles == (strings.code("总监"),)


def test_each_asks_once_an_element_and_leaves_out_zero() -> None:
    make = RuleMaker(EVENT)
    reference = make.field("客户")
    move = BudgetMove(
        Act.RESERVE, 0, make.item("明细", "额"), (make.item("明细", "部"),),
        reference=reference, day=make.field("日期"), until=make.const(20_600, Kind.DATE), each=6,
    )  # fmt: skip
    event = {
        "客户": "HT-1",
        "日期": 20_517,
        "明细": [{"额": 3, "部": "甲"}, {"额": 0, "部": "乙"}, {"额": 7}],
    }
    rows, strings = moves_of(make, (move,), event, {"明细": []}, {"明细": [{"额": 1, "部": ""}]})
    first, second = rows[0].moves
    code = strings.code
    assert first == MoveRow(
        0, 0, 3, (code("甲"),), 20_517, code("HT-1"), -1, 20_600, (), -1, ""
    )  # fmt: skip
    assert second == MoveRow(0, 2, 7, (-1,), 20_517, code("HT-1"), -1, 20_600, (), -1, "")
    assert [asked(row) for row in rows[1:]] == [[], [(0, 0, 1)]]


def test_a_statement_asks_where_its_guard_holds() -> None:
    make = RuleMaker(EVENT)
    amount, is_flag = make.field("金额"), make.field("标志")
    moves = (
        BudgetMove(Act.COMMIT, 0, amount, (), guard=is_flag),
        BudgetMove(Act.SPEND, 0, make.item("明细", "额"), (), each=6, guard=is_flag),
        BudgetMove(Act.CHECK, 0, amount, ()),
    )
    event = {"金额": 5, "明细": [{"额": 2}, {"额": 3}]}
    rows, _ = moves_of(make, moves, {**event, "标志": True}, {**event, "标志": False})
    assert asked(rows[0]) == [(0, -1, 5), (1, 0, 2), (1, 1, 3), (2, -1, 5)]
    assert asked(rows[1]) == [(2, -1, 5)]


def test_release_all_names_no_amount_and_is_never_left_out() -> None:
    make = RuleMaker(EVENT)
    reference = make.field("客户")
    moves = (
        BudgetMove(Act.RELEASE, 0, None, (), reference=reference, guard=make.field("标志")),
        BudgetMove(Act.RELEASE, 0, None, (make.item("明细", "部"),), reference=reference, each=6),
    )
    rows, strings = moves_of(
        make,
        moves,
        {"客户": "HT-1", "标志": True, "明细": [{"部": "甲"}, {}]},
        {"客户": None, "标志": False, "明细": [{}]},
    )
    assert asked(rows[0]) == [(0, -1, 0), (1, 0, 0), (1, 1, 0)]
    assert {move.reference for move in rows[0].moves} == {strings.code("HT-1")}
    assert [move.reference for move in rows[1].moves] == [-1]


def test_roles_are_one_text_or_every_element_of_a_list() -> None:
    make = RuleMaker(EVENT)
    amount, reason = make.field("金额"), make.field("客户")
    moves = (
        BudgetMove(Act.SPEND, 0, amount, (), roles=make.field("部门"), reason=reason),
        BudgetMove(Act.SPEND, 0, amount, (), roles=make.item("明细", "部"), reason=reason),
    )
    event = {
        "金额": 1,
        "部门": "总监",
        "客户": "急",
        "明细": [{"部": "甲"}, {"部": ""}, {}, {"部": "乙"}],
    }
    rows, strings = moves_of(make, moves, event, {"金额": 1, "明细": []})
    code = strings.code
    assert [move.roles for move in rows[0].moves] == [(code("总监"),), (code("甲"), code("乙"))]
    assert [move.reason for move in rows[0].moves] == [code("急"), code("急")]
    assert [move.roles for move in rows[1].moves] == [(), ()]


def test_messages_show_the_event_and_are_rendered_when_asked_for() -> None:
    make = RuleMaker(EVENT)
    amount = make.field("金额")
    message = Template((make.field("部门"), " 超支：", amount, "，", make.field("日期")))
    move = BudgetMove(Act.SPEND, 0, amount, (), otherwise=Otherwise.HOLD, message=message)
    plain = BudgetMove(Act.SPEND, 0, amount, (), message=Template(("超支",)))
    events = [
        {"金额": 106_000, "部门": "市场部", "日期": 20_517},
        {"金额": 0, "部门": "研发部", "日期": 20_517},
        {"金额": -5, "日期": 20_518},
    ]
    rows, _ = moves_of(make, (move, plain), *events)
    assert [[found.message for found in row.moves] for row in rows] == [
        ["市场部 超支：1060.00，2026-03-05", "超支"],
        [],
        [" 超支：-0.05，2026-03-06", "超支"],
    ]


def test_a_message_can_be_asked_for_after_others_were_evaluated() -> None:
    make = RuleMaker(EVENT)
    amount = make.field("金额")
    message = Template((make.field("部门"), "：", amount))
    rule = make.rule(moves=(BudgetMove(Act.SPEND, 0, amount, (), message=message),))
    own = linked(program(EVENT, rule, budgets=BUDGETS))
    strings = BatchStrings(own.pool)
    one = batch(own, [{"金额": 1}, {"金额": 2, "部门": "甲"}], strings)
    other = batch(own, [{"金额": 9, "部门": "乙"}], strings)
    rows = np.arange(2, dtype=np.int64)
    first = evaluate_columns(own, 0, one, rows, FakeState())
    evaluate_columns(own, 0, other, rows[:1], FakeState())
    assert [first.moves[0].message(row) for row in (1, 0)] == ["甲：0.02", "：0.01"]


@pytest.mark.parametrize("sign", [1, -1])
def test_an_amount_beyond_what_a_budget_holds_is_a_fault(sign: int) -> None:
    make = RuleMaker(EVENT)
    amount = make.number(Op.SHIFT, make.field("金额"), data=3)
    over = make.number(Op.ADD, amount, make.const(sign, scale=2))
    largest = {"金额": sign * MAX_BUDGET_RAW // 1000, "标志": True}
    rows, _ = moves_of(make, (BudgetMove(Act.RESERVE, 0, amount, ()),), largest)
    assert asked(rows[0]) == [(0, -1, sign * MAX_BUDGET_RAW)]
    guarded = BudgetMove(Act.RESERVE, 0, over, (), guard=make.field("标志"))
    rows, _ = moves_of(
        make, (guarded,), largest, {"金额": 1, "标志": True}, {**largest, "标志": None}
    )
    assert outcome(rows[0]) == (len(make.nodes), Fault.OUT_OF_RANGE)
    assert rows[0].moves == []
    assert [row.failure for row in rows[1:]] == [NOT_FAILED, NOT_FAILED]
    assert [len(row.moves) for row in rows[1:]] == [1, 0]


def test_an_amount_beyond_int64_is_a_fault() -> None:
    make = RuleMaker(EVENT)
    wide = make.number(Op.MUL, make.item("明细", "额"), make.item("明细", "额"))
    move = BudgetMove(Act.SPEND, 0, wide, (), each=6)
    rows, _ = moves_of(
        make, (move,), {"明细": [{"额": 10**15}]}, {"明细": [{"额": 3}, {"额": 10**8}]}
    )
    assert outcome(rows[0])[1] is Fault.OUT_OF_RANGE
    assert asked(rows[1]) == [(0, 0, 9), (0, 1, 10**16)]


def test_a_faulty_voucher_counts_before_a_faulty_statement() -> None:
    make = RuleMaker(EVENT)
    amount = make.number(Op.SHIFT, make.field("金额"), data=3)
    other = make.number(Op.MAX, amount, make.const(10, scale=2))
    debit, credit = two_lines(make, amount).lines
    plan = make.voucher(debit, make.line(credit.side, credit.account, other))
    rule = make.rule(plan, moves=(BudgetMove(Act.SPEND, 0, amount, ()),))
    own = linked(program(EVENT, rule, budgets=BUDGETS))
    rows = compare(own, batch(own, [{"金额": -2 * 10**14}, {"金额": 2 * 10**14}]))
    assert [outcome(row)[1] for row in rows] == [Fault.UNBALANCED, Fault.OUT_OF_RANGE]


def test_nodes_that_only_statements_use_are_evaluated() -> None:
    make = RuleMaker(EVENT)
    department = make.field("部门")
    make.number(Op.NEG, make.field("金额"))
    move = BudgetMove(Act.GRANT, 0, len(make.nodes) - 1, (make.last_part(department),))
    rows, strings = moves_of(make, (move,), {"金额": 5, "部门": "集团/华东"})
    assert [(found.amount, found.keys) for found in rows[0].moves] == [
        (-5, (strings.code("华东"),))
    ]


@pytest.mark.parametrize(
    ("path", "last"),
    [
        ("集团/华东/上海", "上海"),
        ("上海", "上海"),
        ("集团/", ""),
        ("/", ""),
        ("", ""),
        (None, None),
    ],
)
def test_last_part_is_what_follows_the_last_slash(path: str | None, last: str | None) -> None:
    make = RuleMaker(EVENT)
    own = make.last_part(make.field("部门"))
    elements = make.last_part(make.item("明细", "部"))
    moves = (
        BudgetMove(Act.SPEND, 0, make.field("金额"), (own,)),
        BudgetMove(Act.SPEND, 0, make.item("明细", "额"), (elements,), each=6),
    )
    event = {"金额": 1, "部门": path, "明细": [{"额": 1, "部": path}, {"额": 1, "部": "甲/乙"}]}
    rows, strings = moves_of(make, moves, event, {"金额": 1, "部门": path, "明细": []})
    code = strings.code(last) if last else -1
    keys = [found.keys for found in rows[0].moves]
    assert keys == [(code,), (code,), (strings.code("乙"),)]


def test_the_last_part_of_an_absent_text_is_absent_and_not_empty() -> None:
    make = RuleMaker(EVENT)
    last = make.last_part(make.field("部门"))
    is_empty = make.bool(Op.EQ, last, make.const("", Kind.TEXT))
    move = BudgetMove(Act.SPEND, 0, make.field("金额"), (), guard=is_empty)
    rows, _ = moves_of(make, (move,), {"金额": 1}, {"金额": 1, "部门": "甲/"})
    assert [len(row.moves) for row in rows] == [0, 1]
