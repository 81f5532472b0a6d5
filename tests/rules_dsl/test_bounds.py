"""Interval arithmetic holds every value, and what is known of a place narrows it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.money import round_quotient
from engine.program import Kind, Op, RoundMode
from rules_dsl.bounds import (
    Range,
    absolute,
    clamp,
    constant,
    divide,
    multiply,
    narrowed,
    symmetric,
    total,
)
from rules_dsl.lower.facts import gather
from rules_dsl.lower.graph import NOWHERE, Graph

small = st.integers(-12, 12)


@st.composite
def ranges(draw: st.DrawFn) -> Range:
    low, high = sorted((draw(small), draw(small)))
    return Range(low, high)


def inside(values: Range) -> range:
    return range(values.low, values.high + 1)


@given(ranges(), ranges())
def test_binary_operations_hold_every_result(left: Range, right: Range) -> None:
    results: dict[Op, Callable[[int, int], int]] = {
        Op.ADD: lambda a, b: a + b,
        Op.SUB: lambda a, b: a - b,
        Op.MUL: lambda a, b: a * b,
        Op.MIN: min,
        Op.MAX: max,
    }
    for op, function in results.items():
        found = narrowed(op, None, [left, right])
        assert found is not None
        values = [function(a, b) for a, b in product(inside(left), inside(right))]
        assert (found.low, found.high) == (min(values), max(values))


@given(ranges(), ranges(), st.sampled_from(list(RoundMode)))
def test_quotient_holds_every_rounding(left: Range, right: Range, mode: RoundMode) -> None:
    found = divide(left, right)
    for a, b in product(inside(left), inside(right)):
        if b:
            assert found.low <= round_quotient(a, b, mode) <= found.high


@given(ranges())
def test_unary_operations_hold_every_result(values: Range) -> None:
    assert absolute(values) == Range(min(map(abs, inside(values))), max(map(abs, inside(values))))
    assert narrowed(Op.NEG, None, [values]) == Range(-values.high, -values.low)
    assert narrowed(Op.SHIFT, 2, [values]) == Range(values.low * 100, values.high * 100)


def test_quotient_by_a_possibly_zero_divisor_counts_its_nearest_neighbours() -> None:
    assert divide(Range(0, 100), Range(0, 10)) == Range(0, 100)
    assert divide(Range(0, 100), Range(-10, 10)) == Range(-100, 100)
    assert divide(Range(0, 100), Range(-50, 50), 10) == Range(-10, 10)
    assert divide(Range(5, 5), constant(0)) == constant(0)


@pytest.mark.parametrize(
    ("values", "excludes"),
    [
        (Range(-1, 1), False),
        (Range(1, 5), True),
        (Range(-5, -1), True),
        (Range(-5, 5, nonzero=True), True),
        (Range(0, 5), False),
    ],
)
def test_range_knows_whether_it_excludes_zero(values: Range, *, excludes: bool) -> None:
    assert values.excludes_zero is excludes


def test_excluding_zero_moves_an_end_that_is_zero() -> None:
    assert Range(0, 5).meet(Range(0, 5, nonzero=True)) == Range(1, 5, nonzero=True)
    assert Range(-5, 0).meet(Range(-5, 0, nonzero=True)) == Range(-5, -1, nonzero=True)


def test_product_of_values_that_are_not_zero_is_not_zero() -> None:
    assert multiply(Range(-2, 2, nonzero=True), Range(1, 3)) == Range(-6, 6, nonzero=True)
    assert not multiply(Range(-2, 2), Range(1, 3)).excludes_zero


def test_sum_over_a_list_may_be_empty_and_is_clamped() -> None:
    assert total(Range(5, 7)) == Range(0, 70_000)
    assert clamp(total(Range(-(10**15), 10**15)), 10**17) == symmetric(10**17)


# --- Facts -------------------------------------------------------------------------------


class Sample:
    """A graph with a number, x in -100..100, at scale 0."""

    def __init__(self) -> None:
        self.graph = Graph()
        self.x = self.graph.add(Op.FIELD, (), 0, kind=Kind.NUMBER, values=symmetric(100))
        self.y = self.graph.add(Op.FIELD, (), 1, kind=Kind.NUMBER, values=symmetric(100))
        self.flag = self.graph.add(Op.FIELD, (), 2, kind=Kind.BOOL)

    def compare(self, op: Op, number: int) -> int:
        return self.graph.truth_op(op, (self.x, self.graph.number(number, 0, NOWHERE)), NOWHERE)


@pytest.mark.parametrize(
    ("op", "number", "holds", "expected"),
    [
        (Op.GT, 0, True, Range(1, 100)),
        (Op.GT, 0, False, Range(-100, 0)),
        (Op.GE, 5, True, Range(5, 100)),
        (Op.LT, 5, True, Range(-100, 4)),
        (Op.LE, 5, False, Range(6, 100)),
        (Op.EQ, 7, True, Range(7, 7)),
        (Op.EQ, 0, False, Range(-100, 100, nonzero=True)),
        (Op.NE, 0, True, Range(-100, 100, nonzero=True)),
        (Op.NE, 100, True, Range(-100, 99)),
        (Op.NE, 5, True, Range(-100, 100)),
    ],
)
def test_comparison_narrows_a_number(op: Op, number: int, expected: Range, *, holds: bool) -> None:
    sample = Sample()
    facts = gather(sample.graph, [(sample.compare(op, number), holds)])
    assert facts.range(sample.x) == expected


def test_comparison_narrows_what_is_computed_from_a_number() -> None:
    sample = Sample()
    one = sample.graph.number(1, 0, NOWHERE)
    plus = sample.graph.number_op(Op.ADD, (one, sample.x), 0, NOWHERE)
    facts = gather(sample.graph, [(sample.compare(Op.GE, 0), True)])
    assert facts.range(plus) == Range(1, 101)


def test_comparison_of_a_scaled_number_narrows_the_number() -> None:
    sample = Sample()
    shifted = sample.graph.shift(sample.x, 2)
    limit = sample.graph.number(150, 2, NOWHERE)
    fact = sample.graph.truth_op(Op.GE, (shifted, limit), NOWHERE)
    assert gather(sample.graph, [(fact, True)]).range(sample.x) == Range(2, 100)


def test_both_parts_of_a_conjunction_hold_and_of_a_disjunction_fail() -> None:
    sample = Sample()
    above, below = sample.compare(Op.GT, 0), sample.compare(Op.LT, 10)
    both = sample.graph.truth_op(Op.AND, (above, below), NOWHERE)
    assert gather(sample.graph, [(both, True)]).range(sample.x) == Range(1, 9)
    assert gather(sample.graph, [(both, False)]).range(sample.x) == Range(-100, 100)
    above, below = sample.compare(Op.GT, 10), sample.compare(Op.LT, 0)
    either = sample.graph.truth_op(Op.OR, (above, below), NOWHERE)
    assert gather(sample.graph, [(either, True)]).range(sample.x) == Range(-100, 100)
    neither = gather(sample.graph, [(either, False)])
    assert neither.range(sample.x) == Range(0, 10)
    assert not neither.holds(above)
    assert not neither.holds(below)


def test_negation_and_comparison_with_true_are_seen_through() -> None:
    sample = Sample()
    true = sample.graph.constant(Kind.BOOL, True, NOWHERE)
    same = sample.graph.truth_op(Op.EQ, (sample.flag, true), NOWHERE)
    other = sample.graph.truth_op(Op.NOT, (same,), NOWHERE)
    assert gather(sample.graph, [(same, True)]).holds(sample.flag)
    assert not gather(sample.graph, [(other, True)]).holds(sample.flag)
    assert gather(sample.graph, [(other, False)]).holds(sample.flag)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((Op.GT, 5, True), (Op.LT, 6, True)),
        ((Op.GT, 5, True), (Op.GT, 5, False)),
        ((Op.NE, 0, True), (Op.EQ, 0, True)),
        ((Op.LE, 100, True), (Op.GT, 100, True)),
        ((Op.LE, 100, True), (Op.NE, -101, False)),
        ((Op.LE, 100, False), (Op.LE, 5, True)),
    ],
)
def test_where_facts_contradict_each_other_everything_is_known(
    first: tuple[Op, int, bool], second: tuple[Op, int, bool]
) -> None:
    sample = Sample()
    conditions = [(sample.compare(op, number), holds) for op, number, holds in (first, second)]
    facts = gather(sample.graph, conditions)
    assert facts.contradictory
    assert facts.holds(sample.flag)
    assert facts.range(sample.y).excludes_zero
    zero = sample.graph.number(0, 0, NOWHERE)
    assert not facts.range(zero).excludes_zero


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((Op.GT, 5, True), (Op.LT, 7, True)),
        ((Op.GE, 0, True), (Op.EQ, 0, True)),
        ((Op.GE, 100, True), (Op.NE, 99, True)),
        ((Op.LT, 100, False), (Op.LE, 100, True)),
    ],
)
def test_facts_that_hold_of_one_value_do_not_contradict_each_other(
    first: tuple[Op, int, bool], second: tuple[Op, int, bool]
) -> None:
    sample = Sample()
    conditions = [(sample.compare(op, number), holds) for op, number, holds in (first, second)]
    assert not gather(sample.graph, conditions).contradictory


def test_no_whole_number_lies_between_two_neighbours() -> None:
    sample = Sample()
    shifted = sample.graph.shift(sample.x, 2)
    above = sample.graph.truth_op(Op.GT, (shifted, sample.graph.number(100, 2, NOWHERE)), NOWHERE)
    below = sample.graph.truth_op(Op.LT, (shifted, sample.graph.number(200, 2, NOWHERE)), NOWHERE)
    assert gather(sample.graph, [(above, True), (below, True)]).contradictory


def test_facts_about_one_number_say_something_of_the_other() -> None:
    sample = Sample()
    positive = sample.compare(Op.GT, 50)
    larger = sample.graph.truth_op(Op.GT, (sample.y, sample.x), NOWHERE)
    facts = gather(sample.graph, [(positive, True), (larger, True)])
    assert facts.range(sample.x).low == 51
    assert facts.range(sample.y) == Range(-99, 100)
