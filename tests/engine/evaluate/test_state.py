"""State that rules read, and programs bound to a process, in both evaluators."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import InvariantBroken
from engine.evaluate import evaluate_row, link
from engine.evaluate.closures import rule_source
from engine.program import (
    Balance,
    Fault,
    FieldType,
    Kind,
    Op,
    Record,
    RecordField,
    Refusal,
    Span,
    Target,
    Template,
)
from engine.strings import BatchStrings, StringPool
from tests.engine.evaluate.building import FakeState, RuleMaker, batch, linked, program
from tests.engine.evaluate.claims import EVENT, lines, outcome, run, two_lines
from tests.engine.evaluate.comparing import compare

CONTRACT = Record(
    "合同",
    ("合同号",),
    (RecordField("价款", FieldType.NUMBER, 2), RecordField("折扣", FieldType.NUMBER, 2, default=7)),
    (),
)


def test_records_fall_back_to_defaults_and_fail_where_missing() -> None:
    make = RuleMaker(EVENT)
    key = make.field("客户")
    price = make.state(Op.RECORD, (0, 0), key, bound=(-1000, 1000))
    discount = make.state(Op.RECORD, (0, 1), key, bound=(-1000, 1000))
    net = make.number(Op.SUB, price, discount)

    def state(code: Any) -> FakeState:
        return FakeState(
            kept_records={
                (0, 0, (code("全"),)): 500,
                (0, 1, (code("全"),)): 20,
                (0, 0, (code("缺省"),)): 500,
                (0, 0, (code("过大"),)): 1001,
            },
            written={(0, (code(name),)) for name in ("全", "缺省", "过大", "空")},
        )

    rows = run(
        make,
        make.rule(two_lines(make, net)),
        *({"客户": name} for name in ("全", "缺省", "过大", "空", "无", None)),
        state=state,
        records=(CONTRACT,),
    )
    assert [lines(row)[0][2] for row in rows[:2]] == [480, 493]
    assert [read[3] for read in rows[1].reads] == [500, None]
    assert [outcome(row) for row in rows[2:]] == [
        (price, Fault.OUT_OF_RANGE), *[(price, Fault.MISSING_RECORD)] * 3
    ]  # fmt: skip


def test_state_is_read_only_where_it_is_needed() -> None:
    make = RuleMaker(EVENT)
    key, is_flag = make.field("客户"), make.field("标志")
    balance = make.state(Op.BALANCE, 0, key, active=is_flag)
    chosen = make.select(is_flag, balance, make.const(0, scale=2))
    rows = run(
        make,
        make.rule(two_lines(make, chosen)),
        {"客户": "甲", "标志": True},
        {"客户": "甲"},
        state=lambda code: FakeState(kept_balances={(0, (code("E"), code("甲"))): 42}),
        balances=(Balance(0, (0,), (1,)),),
    )
    assert [len(row.reads) for row in rows] == [1, 0]
    assert rows[0].reads[0][3] == 42
    assert lines(rows[0]) == [(0, -1, 42), (1, -1, 42)]


def test_deltas_of_one_key_telescope_inside_a_batch() -> None:
    make = RuleMaker(EVENT)
    newest = make.field("金额")
    delta = make.state(Op.DELTA, 0, make.field("客户"), newest)
    rows = run(
        make,
        make.rule(two_lines(make, delta)),
        {"客户": "甲", "金额": 10},
        {"客户": "乙", "金额": 5},
        {"客户": "甲", "金额": 4},
        {"客户": "甲", "金额": 9, "entity": "别"},
        {"客户": "甲", "金额": 4},
        state=lambda code: FakeState(kept_targets={(0, (code("E"), code("甲"))): 3}),
        targets=(Target("进度", ("客户",), 0, 2),),
    )
    amounts = [lines(row)[0][2] if lines(row) else 0 for row in rows]
    assert amounts == [7, 5, -6, 9, 0]
    assert [row.reads[0][3] for row in rows] == [3, 0, 10, 0, 4]
    assert [row.deltas[0][3] for row in rows] == [10, 5, 4, 9, 4]


def test_state_beyond_the_bounds_that_were_proved_is_a_fault() -> None:
    make = RuleMaker(EVENT)
    delta = make.state(Op.DELTA, 0, make.field("客户"), make.field("金额"), bound=(-10, 10))
    rows = run(
        make,
        make.rule(two_lines(make, delta)),
        {"客户": "甲", "金额": 10},
        {"客户": "乙", "金额": 11},
        {"客户": "丙", "金额": 0},
        state=lambda code: FakeState(kept_targets={(0, (code("E"), code("丙"))): -(2**63)}),
        targets=(Target("进度", ("客户",), 0, 2),),
    )
    assert [outcome(row)[1] for row in rows] == [None, Fault.OUT_OF_RANGE, Fault.OUT_OF_RANGE]


def test_a_batch_begun_before_linking_is_refused() -> None:
    make = RuleMaker(EVENT)
    pool = StringPool()
    strings = BatchStrings(pool)
    own = link(program(EVENT, make.rule(two_lines(make, make.field("金额")))), pool)
    found = batch(own, [{"金额": 1}], strings)
    with pytest.raises(InvariantBroken, match="before the program was linked"):
        compare(own, found)
    with pytest.raises(InvariantBroken, match="before the program was linked"):
        evaluate_row(own, 0, found, 0, FakeState())


def test_a_linked_program_serves_batches_begun_after_the_pool_grew() -> None:
    make = RuleMaker(EVENT)
    is_one = make.bool(Op.IN, make.field("部门"), data=("市场", "研发"))
    amount = make.select(is_one, make.field("金额"), make.const(0, scale=2))
    own = linked(program(EVENT, make.rule(two_lines(make, amount))))
    events: list[dict[str, Any]] = [{"部门": "市场", "金额": 1}, {"部门": "新", "金额": 1}]
    for _ in range(2):
        rows = compare(own, batch(own, events))
        assert [len(row.vouchers[0].lines) for row in rows] == [2, 0]
        own.pool.intern("新")


def test_rules_are_found_by_event_type_in_program_order() -> None:
    make = RuleMaker(EVENT)
    rule = make.rule()
    own = linked(program(EVENT, rule, rule, event_types=(EVENT, EVENT)))
    assert own.rules_by_event == {0: (0, 1), 1: ()}


def test_a_node_that_uses_a_later_one_is_refused() -> None:
    make = RuleMaker(EVENT)
    make.bool(Op.NOT, make.field("标志"))
    make.nodes.reverse()
    with pytest.raises(InvariantBroken, match="uses a later one"):
        linked(program(EVENT, make.rule()))


def test_generated_source_holds_nothing_an_author_wrote() -> None:
    nasty = "'; import os #\"\n{x}"
    make = RuleMaker(EVENT)
    is_one = make.bool(Op.IN, make.field("部门"), data=(nasty,))
    same = make.bool(Op.EQ, make.field("客户"), make.const(nasty, Kind.TEXT))
    amount = make.select(
        make.bool(Op.AND, is_one, same), make.field("金额"), make.const(7, scale=2)
    )
    plan = make.voucher(*two_lines(make, amount).lines, summary=Template((nasty, amount)))
    refusal = Refusal(make.field("标志"), nasty, Template((nasty,)), Span())
    own = linked(program(EVENT, make.rule(plan, refusals=(refusal,))))
    source, _ = rule_source(own, 0)
    assert "import" not in source
    assert source.isascii()
    rows = compare(
        own,
        batch(own, [{"部门": nasty, "客户": nasty, "金额": 5}, {"金额": 5}, {"标志": True}]),
    )
    assert lines(rows[0])[0][2] == 5
    assert rows[0].vouchers[0].summary == nasty + "0.05"
    assert lines(rows[1])[0][2] == 7
    assert rows[2].message == nasty
