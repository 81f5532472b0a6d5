"""An expense claim, and what the tests of single rules share."""

from __future__ import annotations

from typing import Any

from engine.evaluate import FAULTS
from engine.evaluate.outcome import NOT_FAILED, RuleRow
from engine.program import (
    EventType,
    Fault,
    Kind,
    ListType,
    Rule,
    Side,
)
from engine.strings import BatchStrings
from tests.engine.evaluate.building import (
    RuleMaker,
    batch,
    day,
    flag,
    linked,
    number,
    program,
    records,
    text,
)
from tests.engine.evaluate.comparing import compare

EVENT = EventType(
    "报销",
    "claim",
    (
        number("金额"),
        number("除数", scale=0, low=-9, high=9),
        text("部门"),
        text("客户"),
        flag("标志"),
        day("日期"),
        records("明细"),
    ),
    {6: ListType((number("额"), number("权", scale=0, low=-9, high=10**6), text("部")))},
)
DEBIT, CREDIT = Side.DEBIT, Side.CREDIT


def run(
    maker: RuleMaker, rule: Rule, *events: dict[str, Any], state: Any = None, **parts: Any
) -> list[RuleRow]:
    """Evaluates events both ways; `state` is a FakeState or makes one from the batch's codes."""
    own = linked(program(EVENT, rule, **parts))
    strings = BatchStrings(own.pool)
    found = batch(own, events, strings)
    return compare(own, found, state(strings.code) if callable(state) else state)


def outcome(row: RuleRow) -> tuple[int, Fault | None]:
    """The failed node and its fault."""
    return row.failed_node, None if row.failure == NOT_FAILED else FAULTS[row.failure]


def two_lines(maker: RuleMaker, amount: int, *dimensions: tuple[int, int]) -> Any:
    """A voucher that debits and credits one amount."""
    shape = maker.nodes[amount].shape
    account = maker.const(0, Kind.ACCOUNT)
    if shape >= 0:
        account = maker.repeat(account, "明细")
    sides = (DEBIT, CREDIT)
    return maker.voucher(*(maker.line(side, account, amount, *dimensions) for side in sides))


def lines(row: RuleRow) -> list[tuple[int, int, int]]:
    """(line, element, amount) of a row's only voucher."""
    (voucher,) = row.vouchers
    return [(line, element, amount) for line, element, _, amount, *_ in voucher.lines]
