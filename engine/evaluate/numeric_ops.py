"""Turns nodes without state into steps over columns: arithmetic, comparisons, lists, rounding.

A step takes the frame and returns the node's values. Whatever can be decided from the program
alone is decided when the step is made. Where a node's static bounds fit int64 its step is one
numpy call; elsewhere the actual bounds of the columns choose between int64 and Python integers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np

from engine.batch import Column as FieldColumn
from engine.batch import ListColumn
from engine.errors import InvariantBroken
from engine.evaluate.columns import (
    Bools,
    Column,
    Int32s,
    Value,
    as_column,
    kind_dtype,
    nearest,
    settle,
)
from engine.evaluate.failures import DIV_ZERO
from engine.evaluate.frame import Frame
from engine.evaluate.link import LinkedRule, sum_may_fail
from engine.evaluate.numeric_values import VALUE_STEPS
from engine.evaluate.text import last_part_codes, number_codes, period_numbers
from engine.money import (
    Integers,
    as_objects,
    is_narrow,
    magnitude,
    narrow,
    round_products,
    round_quotients,
    segment_sums,
)
from engine.program import INT64_MAX, INT64_MIN, Kind, Node, Op, RoundMode

Step = Callable[[Frame], Value]

_ARITHMETIC = {
    Op.ADD: np.add,
    Op.SUB: np.subtract,
    Op.MUL: np.multiply,
    Op.MIN: np.minimum,
    Op.MAX: np.maximum,
    Op.NEG: np.negative,
    Op.ABS: np.absolute,
}

_RELATIONS = {
    Op.EQ: np.equal,
    Op.NE: np.not_equal,
    Op.LT: np.less,
    Op.LE: np.less_equal,
    Op.GT: np.greater,
    Op.GE: np.greater_equal,
    Op.AND: np.logical_and,
    Op.OR: np.logical_or,
    Op.NOT: np.logical_not,
}


def is_constant(rule: LinkedRule, index: int) -> bool:
    """Whether a node's value is one Python value for all events and elements."""
    node = rule.rule.nodes[index]
    while node.op is Op.REPEAT:
        node = rule.rule.nodes[node.args[0]]
    return node.op is Op.CONST


def make_step(rule: LinkedRule, index: int) -> Step:
    """The step of a node that reads neither tables nor state."""
    node = rule.rule.nodes[index]
    if node.op in _ARITHMETIC or node.op is Op.SHIFT:
        return _arithmetic(rule, index, node)
    if node.op in _RELATIONS:
        return _ufunc(rule, _RELATIONS[node.op], index, node)
    return _MAKERS[node.op](rule, index, node)


def _columns_of(rule: LinkedRule, frame: Frame, node: Node) -> list[Value]:
    """The arguments' values; if all are constant the first becomes a column."""
    values = [frame.value(arg) for arg in node.args]
    if not any(isinstance(value, np.ndarray) for value in values):
        kind = rule.rule.nodes[node.args[0]].kind
        values[0] = as_column(values[0], kind, frame.size(node.shape))
    return values


def _ufunc(rule: LinkedRule, ufunc: np.ufunc, index: int, node: Node) -> Step:
    """One numpy call on the arguments as they are."""
    args = node.args
    if all(is_constant(rule, arg) for arg in args):

        def constant(frame: Frame) -> Value:
            values = _columns_of(rule, frame, node)
            return cast("Column", ufunc(*values))

        return constant
    if len(args) == 1:
        only = args[0]

        def unary(frame: Frame) -> Value:
            return cast("Column", ufunc(frame.values[only]))

        return unary
    first, second = args

    def binary(frame: Frame) -> Value:
        values = frame.values
        return cast("Column", ufunc(values[first], values[second]))

    return binary


def _arithmetic(rule: LinkedRule, index: int, node: Node) -> Step:
    """Integer arithmetic: one numpy call where the static bounds fit, else checked."""
    nodes = rule.rule.nodes
    ufunc = np.multiply if node.op is Op.SHIFT else _ARITHMETIC[node.op]
    factor = 10**node.data if node.op is Op.SHIFT and isinstance(node.data, int) else None
    is_wide = node.is_wide or any(nodes[arg].is_wide for arg in node.args)
    if not is_wide and factor is None:
        return _ufunc(rule, ufunc, index, node)
    if not is_wide and factor is not None and factor <= INT64_MAX:
        only, power = node.args[0], factor

        def shift(frame: Frame) -> Value:
            value = frame.values[only]
            if isinstance(value, np.ndarray):
                return cast("Column", np.multiply(value, power))
            return as_column(cast("int", value) * power, Kind.NUMBER, frame.size(node.shape))

        return shift

    def checked(frame: Frame) -> Value:
        values = _columns_of(rule, frame, node)
        if factor is not None:
            values.append(factor)
        result = exact_call(ufunc, cast("list[Integers | int]", values))
        return result if node.is_wide else settle(result)

    return checked


def exact_call(ufunc: np.ufunc, values: list[Integers | int]) -> Integers:
    """Arithmetic on int64 where the actual bounds allow, on Python integers where they do not."""
    sizes = [magnitude(value) for value in values]
    bound = sizes[0] * sizes[-1] if ufunc is np.multiply else sum(sizes)
    if bound <= INT64_MAX and all(is_narrow(value) for value in values):
        return cast("Integers", ufunc(*values))
    wide = [v.astype(np.object_) if isinstance(v, np.ndarray) else v for v in values]
    return narrow(cast("Integers", ufunc(*wide)))


def _field(rule: LinkedRule, index: int, node: Node) -> Step:
    place = cast("int", node.data)
    dtype = kind_dtype(node.kind)

    def read(frame: Frame) -> Value:
        column = frame.batch.columns[place]
        if not isinstance(column, FieldColumn):
            raise InvariantBroken("field is a list", place)
        return frame.select(column.values.astype(dtype, copy=False))

    return read


def _given(rule: LinkedRule, index: int, node: Node) -> Step:
    place = cast("int", node.data)
    return lambda frame: frame.select(frame.batch.columns[place].given)


def _list_column(frame: Frame, shape: int, place: int) -> FieldColumn:
    column = frame.batch.columns[shape]
    if not isinstance(column, ListColumn):
        raise InvariantBroken("field is not a list", shape)
    return column.fields[place]


def _item(rule: LinkedRule, index: int, node: Node) -> Step:
    shape, place = cast("tuple[int, int]", node.data)
    dtype = kind_dtype(node.kind)

    def read(frame: Frame) -> Value:
        values = _list_column(frame, shape, place).values.astype(dtype, copy=False)
        places = frame.elements(shape).places
        return values if places is None else values[places]

    return read


def _given_item(rule: LinkedRule, index: int, node: Node) -> Step:
    shape, place = cast("tuple[int, int]", node.data)

    def read(frame: Frame) -> Value:
        given = _list_column(frame, shape, place).given
        places = frame.elements(shape).places
        return given if places is None else given[places]

    return read


def _const(rule: LinkedRule, index: int, node: Node) -> Step:
    value = cast("int", rule.data[index])
    return lambda frame: value


def _repeat(rule: LinkedRule, index: int, node: Node) -> Step:
    only, shape = node.args[0], node.shape

    def repeat(frame: Frame) -> Value:
        value = frame.value(only)
        if not isinstance(value, np.ndarray):
            return value
        return value[frame.elements(shape).owners]

    return repeat


def _sum(rule: LinkedRule, index: int, node: Node) -> Step:
    only = node.args[0]
    shape = rule.rule.nodes[only].shape
    may_fail = sum_may_fail(rule.rule, index)
    proved = not may_fail and not node.is_wide and not rule.rule.nodes[only].is_wide

    def total(frame: Frame) -> Value:
        values = cast("Integers", frame.column(only))
        sums = segment_sums(values, frame.elements(shape).offsets, proved=proved)
        if may_fail:
            sums = frame.check_range(index, sums)
        return sums if node.is_wide else settle(sums)

    return total


def _count(rule: LinkedRule, index: int, node: Node) -> Step:
    shape = cast("int", node.data)
    return lambda frame: frame.elements(shape).lengths


def _in(rule: LinkedRule, index: int, node: Node) -> Step:
    only = node.args[0]
    codes = sorted(cast("frozenset[int]", rule.data[index]))

    def member(frame: Frame) -> Value:
        values = frame.column(only)
        found = np.zeros(len(values), dtype=np.bool_)
        if len(codes) > 8:
            return np.isin(values, np.array(codes, dtype=np.int32))
        for code in codes:
            found |= values == code
        return found

    return member


def _select(rule: LinkedRule, index: int, node: Node) -> Step:
    condition, first, second = node.args
    dtype = kind_dtype(node.kind)

    def select(frame: Frame) -> Value:
        mask = frame.value(condition)
        chosen, other = frame.value(first), frame.value(second)
        if not isinstance(mask, np.ndarray):
            value = chosen if mask else other
            return as_column(value, node.kind, frame.size(node.shape))
        result = np.where(cast("Bools", mask), _fitting(chosen), _fitting(other))
        if result.dtype == np.object_:
            found = narrow(cast("Integers", result))
            return found if node.is_wide else settle(found)
        return result.astype(dtype, copy=False)

    return select


def _fitting(value: Value) -> Column | int:
    """A value numpy can choose between: an integer beyond int64 as an object."""
    if isinstance(value, np.ndarray) or INT64_MIN <= value <= INT64_MAX:
        return value
    return as_objects([value])


def _text_of(rule: LinkedRule, index: int, node: Node) -> Step:
    only = node.args[0]
    scale = rule.rule.nodes[only].scale

    def text_of(frame: Frame) -> Value:
        values = frame.column(only)
        active = frame.active(node)
        if active is None:
            return number_codes(values, scale, frame.batch.strings)
        codes = np.full(len(values), -1, dtype=np.int32)
        codes[active] = number_codes(values[active], scale, frame.batch.strings)
        return codes

    return text_of


def _last_part(rule: LinkedRule, index: int, node: Node) -> Step:
    only = node.args[0]

    def last_part(frame: Frame) -> Value:
        return last_part_codes(cast("Int32s", frame.column(only)), frame.batch.strings)

    return last_part


def _period_number(rule: LinkedRule, index: int, node: Node) -> Step:
    only = node.args[0]

    def number(frame: Frame) -> Value:
        return period_numbers(cast("Int32s", frame.column(only)), frame.batch.strings)

    return number


def factors(rule: LinkedRule, index: int) -> tuple[tuple[int, ...], int]:
    """The nodes and the power of ten whose product a wide numerator is.

    The numerator of a ROUND is never multiplied out where it is wide: its factors go to the
    exact kernel.
    """
    node = rule.rule.nodes[index]
    if node.is_wide and node.op is Op.MUL:
        first, second = (factors(rule, arg) for arg in node.args)
        return first[0] + second[0], first[1] + second[1]
    if node.is_wide and node.op is Op.SHIFT and isinstance(node.data, int):
        found, power = factors(rule, node.args[0])
        return found, power + node.data
    return (index,), 0


def _round(rule: LinkedRule, index: int, node: Node) -> Step:
    nodes = rule.rule.nodes
    numerator, denominator = node.args
    parts, power = factors(rule, numerator)
    mode = cast("RoundMode", node.data)
    num_node, den_node = nodes[numerator], nodes[denominator]
    top = max(-num_node.low, num_node.high)
    # What numerators may grow to for the divisors' largest not to carry them beyond int64.
    room = INT64_MAX - den_node.high if den_node.low > 0 else -1

    def rounded(frame: Frame) -> Value:
        values = [cast("Integers | int", frame.value(part)) for part in parts]
        first, second, size = multiply(values, 10**power, top)
        if isinstance(first, int):
            first = cast("Integers", as_column(first, Kind.NUMBER, frame.size(node.shape)))
        den, zero = _divisors(frame, index, node, denominator)
        if second is not None:
            result = round_products(first, second, den, mode)
        else:
            proved = size <= room and _is_positive(den)
            result = round_quotients(first, den, mode, proved=proved)
        settled = result if node.is_wide else settle(result)
        return settled if zero is None else np.where(zero, nearest(node, 0), settled)

    return rounded


def _is_positive(den: Integers | int) -> bool:
    """Whether every divisor is positive: those of rows that failed may not be."""
    if isinstance(den, int):
        return den > 0
    return not len(den) or bool(den.min() > 0)


def _divisors(
    frame: Frame, index: int, node: Node, denominator: int
) -> tuple[Integers | int, Bools | None]:
    """The divisors with 1 in place of 0, which is a fault where the node is active; and where."""
    den = frame.value(denominator)
    if not isinstance(den, np.ndarray):
        if den != 0:
            return den, None
        den = np.zeros(frame.size(node.shape), dtype=np.int64)
    zero = cast("Bools", den == 0)
    if not zero.any():
        return cast("Integers", den), None
    active = frame.active(node)
    frame.fail(index, zero if active is None else zero & active, DIV_ZERO)
    return cast("Integers", np.where(zero, 1, den)), zero


def multiply(
    values: list[Integers | int], power: int, top: int
) -> tuple[Integers | int, Integers | int | None, int]:
    """Reduces a product to one factor, or to two where no one int64 column can hold it.

    Args:
        values: the factors.
        power: a power of ten, another factor.
        top: magnitude of a single factor, from its static bounds.

    Returns:
        The factor, the second one or None, and the magnitude of their product.
    """
    if power == 1 and len(values) == 1:
        return values[0], None, top
    parts = [(magnitude(value), value) for value in values]
    if power != 1:
        parts.append((power, power))
    while len(parts) > 1:
        parts.sort(key=lambda part: part[0])
        (size, first), (other_size, second) = parts[0], parts[1]
        size *= other_size
        if size > INT64_MAX and len(parts) == 2:
            return (second, first, size) if isinstance(first, int) else (first, second, size)
        product: Integers | int
        if isinstance(first, int) and isinstance(second, int):
            product = first * second
        elif isinstance(first, np.ndarray):
            product = exact_product(first, second, size)
        else:
            product = exact_product(cast("Integers", second), first, size)
        parts[:2] = [(size, product)]
    return parts[0][1], None, parts[0][0]


def exact_product(column: Integers, other: Integers | int, size: int) -> Integers:
    """The product, in int64 where `size`, their magnitudes' product, fits."""
    if size <= INT64_MAX and is_narrow(column) and is_narrow(other):
        return cast("Integers", np.multiply(column, other))
    return narrow(column.astype(np.object_) * other)


_MAKERS: dict[Op, Callable[[LinkedRule, int, Node], Step]] = {
    **VALUE_STEPS,
    Op.CONST: _const,
    Op.FIELD: _field,
    Op.ITEM: _item,
    Op.GIVEN: _given,
    Op.GIVEN_ITEM: _given_item,
    Op.REPEAT: _repeat,
    Op.SUM: _sum,
    Op.COUNT: _count,
    Op.IN: _in,
    Op.SELECT: _select,
    Op.TEXT_OF: _text_of,
    Op.LAST_PART: _last_part,
    Op.PERIOD_NUMBER: _period_number,
    Op.ROUND: _round,
}
