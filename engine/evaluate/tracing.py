"""Evaluates a rule for one event and keeps the value of every node, for explanations.

Runs the steps of the columns over one event. What decides about a posting are `evaluate_row` and
`evaluate_columns`; this shows how they came to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.batch import TypedBatch
from engine.evaluate.columns import Bools, Column, Int64s
from engine.evaluate.frame import Frame, new_frame
from engine.evaluate.link import LinkedProgram, LinkedRule
from engine.evaluate.numeric_ops import make_step
from engine.evaluate.numeric_state import STATE_OPS, make_state_step
from engine.evaluate.outcome import StateView
from engine.program import EVENT_SHAPE, Rule


@dataclass(frozen=True, slots=True)
class RowTrace:
    """The nodes of a rule over one event.

    Attributes:
        rule: the rule.
        failed_node: the first node that could not be computed, or -1; what uses it is unspecified.
    """

    rule: Rule
    failed_node: int
    _values: Sequence[list[int] | None]
    _active: Sequence[list[bool] | None]

    def values(self, index: int) -> list[int]:
        """A node's raw values: one, or one per element; none where nothing needs the node."""
        return self._values[index] or []

    def value(self, index: int, element: int = EVENT_SHAPE) -> int:
        """A node's raw value of the event, or at an element; IndexError where it has none."""
        values = self.values(index)
        return values[0 if self.rule.nodes[index].shape == EVENT_SHAPE else element]

    def is_active(self, index: int, element: int = EVENT_SHAPE) -> bool:
        """Whether the condition under which a node counts holds (at an element)."""
        active = self._active[index]
        if active is None:
            return True
        return active[0 if self.rule.nodes[index].shape == EVENT_SHAPE else element]


def trace_row(
    linked: LinkedProgram, rule_index: int, batch: TypedBatch, index: int, state: StateView
) -> RowTrace:
    """Evaluates every node of a rule for one event, whether or not its guard holds.

    Args:
        linked: the program.
        rule_index: into its rules.
        batch: typed rows of the rule's event type.
        index: into `batch.rows`.
        state: what the event sees; only its scalar calls are used.
    """
    linked.check_strings(batch.strings)
    own = linked.rules[rule_index]
    rows = np.array([index], dtype=np.int64)
    frame = new_frame(linked, own.rule.nodes, batch, OneByOne(state), rows)
    values: list[list[int] | None] = [None] * len(own.rule.nodes)
    active: list[list[bool] | None] = [None] * len(own.rule.nodes)
    for place, node in enumerate(own.rule.nodes):
        if not own.needed[place]:
            continue
        frame.values[place] = _step(linked, own, place)(frame)
        values[place] = frame.column(place).tolist()
        mask = frame.active(node)
        active[place] = None if mask is None else mask.tolist()
    return RowTrace(own.rule, int(frame.failed_node[0]), values, active)


def _step(linked: LinkedProgram, own: LinkedRule, node: int) -> Callable[[Frame], Column | int]:
    if own.rule.nodes[node].op in STATE_OPS:
        return make_state_step(linked, own, node)
    return make_step(own, node)


class OneByOne:
    """A StateView that answers the plural calls through the scalar ones of another."""

    def __init__(self, state: StateView) -> None:
        """Asks `state`."""
        self._state = state
        self.record = state.record
        self.has_record = state.has_record
        self.version = state.version
        self.balance = state.balance
        self.balance_until = state.balance_until
        self.ledger_list = state.ledger_list
        self.target = state.target

    def records(self, record: int, field: int, keys: tuple[Int64s, ...]) -> tuple[Int64s, Bools]:
        """Values and whether each was set."""
        found = [self._state.record(record, field, key) for key in _rows(keys)]
        values = [0 if value is None else value for value in found]
        return _ints(values), np.array([value is not None for value in found], dtype=np.bool_)

    def have_records(self, record: int, keys: tuple[Int64s, ...]) -> Bools:
        """Whether each record exists."""
        found = [self._state.has_record(record, key) for key in _rows(keys)]
        return np.array(found, dtype=np.bool_)

    def versions(self, record: int, field: int, keys: tuple[Int64s, ...]) -> Int64s:
        """Days of versions."""
        return _ints([self._state.version(record, field, key) for key in _rows(keys)])

    def balances(self, balance: int, keys: tuple[Int64s, ...]) -> Int64s:
        """Running balances."""
        return _ints([self._state.balance(balance, key) for key in _rows(keys)])

    def balances_until(self, balance: int, keys: tuple[Int64s, ...]) -> Int64s:
        """Balances up to and including a period."""
        return _ints([self._state.balance_until(balance, key) for key in _rows(keys)])

    def targets(self, target: int, keys: tuple[Int64s, ...]) -> Int64s:
        """Last cumulative values."""
        return _ints([self._state.target(target, key) for key in _rows(keys)])


def _rows(keys: tuple[Int64s, ...]) -> list[tuple[int, ...]]:
    return list(zip(*(key.tolist() for key in keys), strict=True))


def _ints(values: list[int]) -> Int64s:
    return np.array(values, dtype=np.int64)
