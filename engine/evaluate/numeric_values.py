"""Turns calendar operations and requirements into steps over columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np

from engine.evaluate.columns import Bools, Column, Value, kind_dtype, settle
from engine.evaluate.dates import COLUMNS, period_codes, period_starts
from engine.evaluate.failures import FAULT_CODES
from engine.evaluate.frame import Frame
from engine.evaluate.link import LinkedRule
from engine.money import Integers
from engine.program import Fault, Node, Op

_Step = Callable[[Frame], Value]


def _calendar(rule: LinkedRule, index: int, node: Node) -> _Step:
    kernel, dtype = COLUMNS[node.op], kind_dtype(node.kind)

    def calendar(frame: Frame) -> Value:
        return kernel(*[frame.column(arg) for arg in node.args]).astype(dtype, copy=False)

    return calendar


def _period(rule: LinkedRule, index: int, node: Node) -> _Step:
    (only,) = node.args

    def period(frame: Frame) -> Value:
        return period_codes(frame.column(only), frame.batch.strings)

    return period


def _period_start(rule: LinkedRule, index: int, node: Node) -> _Step:
    (only,) = node.args

    def period_start(frame: Frame) -> Value:
        return period_starts(frame.column(only), frame.batch.strings)

    return period_start


def _require(rule: LinkedRule, index: int, node: Node) -> _Step:
    value, condition = node.args
    code, dtype = FAULT_CODES[cast("Fault", node.data)], kind_dtype(node.kind)

    def require(frame: Frame) -> Value:
        values: Column = frame.column(value)
        missed = ~cast("Bools", frame.column(condition))
        if missed.any():
            active = frame.active(node)
            frame.fail(index, missed if active is None else missed & active, code)
            values = np.clip(values, node.low, node.high)
        if node.is_wide:
            return values
        return settle(cast("Integers", values)).astype(dtype, copy=False)

    return require


def _entity(rule: LinkedRule, index: int, node: Node) -> _Step:
    def entity(frame: Frame) -> Value:
        return frame.select(frame.batch.entities).astype(np.int32, copy=False)

    return entity


def _in_chart(rule: LinkedRule, index: int, node: Node) -> _Step:
    (only,) = node.args
    accounts = np.array(node.data, dtype=np.int32)

    def in_chart(frame: Frame) -> Value:
        return cast("Column", accounts[frame.column(only)])

    return in_chart


#: Makers of steps by operation, as in `engine.evaluate.numeric_ops`.
VALUE_STEPS: dict[Op, Callable[[LinkedRule, int, Node], _Step]] = {
    **dict.fromkeys(COLUMNS, _calendar),
    Op.PERIOD: _period,
    Op.PERIOD_START: _period_start,
    Op.REQUIRE: _require,
    Op.IN_CHART: _in_chart,
    Op.ENTITY: _entity,
}
