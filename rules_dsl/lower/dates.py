"""Functions of dates and periods: their types, and the nodes that compute them."""

from __future__ import annotations

from engine.limits import MAX_YEAR, MIN_YEAR
from engine.program import Fault, Kind, Op, Span
from rules_dsl import syntax
from rules_dsl.bounds import Range
from rules_dsl.literals import day_number
from rules_dsl.lower.requirements import required
from rules_dsl.lower.scope import Scope
from rules_dsl.lower.values import Value, failed
from rules_dsl.types import DATE, INTEGER, PERIOD, NumberType, describe

#: Dates that an event can carry, and what a date moved stays within.
_FIRST_DAY = day_number(f"{MIN_YEAR}-01-01") or 0
_LAST_DAY = day_number(f"{MAX_YEAR}-12-31") or 0
_DATES = Range(_FIRST_DAY, _LAST_DAY)

#: Bounds of what dates come to; a date written out may lie in the years 1 to 9999.
_YEARS = Range(1, 9999)
_MONTHS = Range(1, 12)
_DAYS_BETWEEN = Range(-9999 * 366, 9999 * 366)
_MONTHS_BETWEEN = Range(-9999 * 12, 9999 * 12)

#: The most days and months by which a date can be moved and stay within the calendar.
_STEPS = {Op.ADD_DAYS: 9999 * 366, Op.ADD_MONTHS: 9999 * 12}


def lower_between(scope: Scope, call: syntax.Call) -> Value:
    """`days(a, b)` and `months(a, b)`: from a to b; of periods, months only."""
    values = [scope.lower(arg) for arg in call.args]
    if not all(_is_dated(scope, value, periods=call.function == "months") for value in values):
        return failed(call.span)
    if not scope.same_list(*values):
        return failed(call.span)
    op = Op.DAYS if call.function == "days" else Op.MONTHS
    bounds = _DAYS_BETWEEN if op is Op.DAYS else _MONTHS_BETWEEN
    days = [as_date(scope, value) for value in values]
    return Value(INTEGER, _elementwise(scope, op, days, bounds, call.span), call.span)


def lower_part(scope: Scope, call: syntax.Call) -> Value:
    """`year(d)` and `month(d)` of a date or a period."""
    value = scope.lower(call.args[0])
    if not _is_dated(scope, value, periods=True):
        return failed(call.span)
    op, bounds = (Op.YEAR, _YEARS) if call.function == "year" else (Op.MONTH, _MONTHS)
    days = [as_date(scope, value)]
    return Value(INTEGER, _elementwise(scope, op, days, bounds, call.span), call.span)


def lower_period(scope: Scope, call: syntax.Call) -> Value:
    """`period(d)`: the accounting period of a date."""
    value = scope.lower(call.args[0])
    if not _is_dated(scope, value, periods=False):
        return failed(call.span)
    shape = scope.shape(value)
    node = scope.graph.add(Op.PERIOD, (value.node,), kind=Kind.TEXT, shape=shape, span=call.span)
    return Value(PERIOD, node, call.span)


def lower_edge(scope: Scope, call: syntax.Call) -> Value:
    """`month_start(x)` and `month_end(x)` of a date or a period."""
    value = scope.lower(call.args[0])
    if not _is_dated(scope, value, periods=True):
        return failed(call.span)
    day = as_date(scope, value)
    if call.function == "month_start" and value.type == PERIOD:
        return Value(DATE, day, call.span)
    op = Op.MONTH_START if call.function == "month_start" else Op.MONTH_END
    node = scope.graph.add(op, (day,), kind=Kind.DATE, shape=scope.graph.shape(day), span=call.span)
    return Value(DATE, node, call.span)


def lower_moved(scope: Scope, call: syntax.Call) -> Value:
    """`add_days(d, n)` and `add_months(d, n)`; beyond the calendar the event is UNPOSTED."""
    date, count = scope.lower(call.args[0]), scope.lower(call.args[1])
    if not _is_dated(scope, date, periods=False) or count.is_error:
        return failed(call.span)
    if not isinstance(count.type, NumberType) or not count.type.is_integer or count.is_exact:
        return scope.mismatch(count.span, "a whole number", count)
    if not scope.same_list(date, count):
        return failed(call.span)
    op = Op.ADD_DAYS if call.function == "add_days" else Op.ADD_MONTHS
    limit = Range(-_STEPS[op], _STEPS[op])
    steps = required(scope, count.node, limit, Fault.DATE_OUT_OF_RANGE, call.span)
    moved = _elementwise(scope, op, [date.node, steps], _DATES, call.span)
    node = required(scope, moved, _DATES, Fault.DATE_OUT_OF_RANGE, call.span)
    return Value(DATE, node, call.span)


def as_date(scope: Scope, value: Value) -> int:
    """The node of a date, or of the first day of a period."""
    if value.type != PERIOD:
        return value.node
    shape = scope.shape(value)
    return scope.graph.add(
        Op.PERIOD_START, (value.node,), kind=Kind.DATE, shape=shape, span=value.span
    )


def _elementwise(scope: Scope, op: Op, nodes: list[int], bounds: Range, span: Span) -> int:
    graph = scope.graph
    kind = Kind.DATE if op in _STEPS else Kind.NUMBER
    shape = graph.shape(*nodes)
    args = tuple(graph.repeat(node, shape) for node in nodes)
    return graph.add(op, args, kind=kind, shape=shape, values=bounds, span=span)


def _is_dated(scope: Scope, value: Value, *, periods: bool) -> bool:
    """Whether a value is a date (or, where they go too, a period); reported where not."""
    if value.is_error:
        return False
    if value.type == DATE or (periods and value.type == PERIOD):
        return True
    wanted = f"{describe(DATE)} or {describe(PERIOD)}" if periods else describe(DATE)
    scope.mismatch(value.span, wanted, value)
    return False
