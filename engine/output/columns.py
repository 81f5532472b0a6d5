"""Effects of a commit as the columns of the output files; holds their schemas."""

# The stubs of pyarrow tell apart array classes that its functions take alike, and miss some.
# mypy: disable-error-code="arg-type, assignment, attr-defined, call-overload, no-any-return"
# mypy: disable-error-code="return-value, type-arg"

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from engine.calendar import period_text
from engine.columns import ColumnTable, EffectBatch
from engine.currencies import CURRENCY_DECIMALS, MOST_DECIMALS
from engine.effects import DIMENSION_PREFIX, Verdict
from engine.errors import InvariantBroken

Int64s = npt.NDArray[np.int64]

#: Digits of an amount column: as many as decimal128 holds.
AMOUNT_DIGITS = 38

_TEXT, _I64, _I32, _DAY = pa.string(), pa.int64(), pa.int32(), pa.date32()

#: Columns by which vouchers and lines are named and sorted.
VOUCHER_KEY = ("entity", "ledger", "series", "period", "word", "number")

RESULTS = pa.schema(
    [
        ("input_no", _I64),
        ("source", _TEXT),
        ("event_id", _TEXT),
        ("type", _TEXT),
        ("status", _TEXT),
        ("reason", _TEXT),
        ("message", _TEXT),
    ]
)

_KEY_FIELDS = [(name, _I64 if name == "number" else _TEXT) for name in VOUCHER_KEY]

VOUCHERS = pa.schema(
    [
        *_KEY_FIELDS,
        ("voucher_date", _DAY),
        ("event_date", _DAY),
        ("source", _TEXT),
        ("event_id", _TEXT),
        ("rule", _TEXT),
        ("revision", _TEXT),
        ("summary", _TEXT),
        ("state", _TEXT),
        ("reverses", _TEXT),
        ("line_count", _I32),
    ]
)


def amount_type(scale: int) -> pa.DataType:
    """Type of an amount column."""
    return pa.decimal128(AMOUNT_DIGITS, scale)


def line_schema(dimensions: Sequence[str], scale: int) -> pa.Schema:
    """Schema of `lines.parquet`.

    Args:
        dimensions: wire names of the declared dimensions.
        scale: largest scale of the book's ledgers.
    """
    amount, foreign = amount_type(scale), amount_type(max(scale, MOST_DECIMALS))
    return pa.schema(
        [
            *_KEY_FIELDS,
            ("line_no", _I32),
            ("account_code", _TEXT),
            ("account_name", _TEXT),
            ("debit", amount),
            ("credit", amount),
            ("currency", _TEXT),
            ("fc_debit", foreign),
            ("fc_credit", foreign),
            ("rate", _TEXT),
            *((DIMENSION_PREFIX + name, _TEXT) for name in sorted(dimensions)),
        ]
    )


def quantity_schema(dimensions: Sequence[str]) -> pa.Schema:
    """Schema of `quantities.parquet`, the statistical lines."""
    return pa.schema(
        [
            *_KEY_FIELDS,
            ("line_no", _I32),
            ("account_code", _TEXT),
            ("unit", _TEXT),
            ("quantity", amount_type(6)),
            *((DIMENSION_PREFIX + name, _TEXT) for name in sorted(dimensions)),
        ]
    )


def budget_schema(scale: int) -> pa.Schema:
    """Schema of `budgets.parquet`: every node; budget and available null where it only counts."""
    names = ("budget", "reserved", "committed", "actual", "available")
    return pa.schema([("node", _TEXT), *((name, amount_type(scale)) for name in names)])


def decision_schema(scale: int) -> pa.Schema:
    """Schema of `budget_decisions.parquet`: what nodes said, in log order."""
    amount = amount_type(scale)
    return pa.schema(
        [
            ("source", _TEXT),
            ("event_id", _TEXT),
            ("node", _TEXT),
            ("verdict", _TEXT),
            ("requested", amount),
            ("available", amount),
            ("shortfall", amount),
            ("excess", amount),
            ("role", _TEXT),
            ("person", _TEXT),
            ("reason", _TEXT),
            ("rule", _TEXT),
            ("rule_line", _I32),
        ]
    )


def decision_columns(
    effects: EffectBatch, scales: Mapping[str, int], schema: pa.Schema, scale: int
) -> pa.Table:
    """The budget decisions of a commit as rows of `budget_decisions.parquet`.

    Args:
        effects: the commit.
        scales: scale of each budget, by wire name.
        schema: a `decision_schema` of this scale.
        scale: scale of the amounts.
    """
    table = effects.tables["budget_decisions"]
    strings = _Strings(effects.strings)
    nodes, places = np.unique(table.ints("node"), return_inverse=True)
    wires = [effects.strings[code].partition("[")[0] for code in nodes.tolist()]
    of_node = np.array([scales.get(wire, scale) for wire in wires], dtype=np.int64)
    verdicts = _by_distinct(table.ints("verdict"), lambda value: Verdict(value).name)
    columns = {"verdict": verdicts, "rule_line": pa.array(table.ints("rule_line").astype(np.int32))}
    for name in schema.names:
        if name in ("requested", "available", "shortfall", "excess"):
            columns[name] = decimals(table.ints(name), of_node[places], scale)
        elif name not in columns:
            columns[name] = strings.column(table, name)
    return pa.table([columns[name] for name in schema.names], schema=schema)


def voucher_columns(effects: EffectBatch) -> pa.Table:
    """The vouchers of a commit as rows of `vouchers.parquet`."""
    vouchers = effects.tables["vouchers"]
    strings = _Strings(effects.strings)
    columns = {
        "period": _periods(vouchers.ints("period")),
        "number": pa.array(vouchers.ints("number")),
        "voucher_date": _days(vouchers.ints("voucher_date")),
        "event_date": _days(vouchers.ints("event_date")),
        "line_count": pa.array(vouchers.ints("line_count").astype(np.int32)),
    }
    for name in VOUCHERS.names:
        if name not in columns:
            columns[name] = strings.column(vouchers, name)
    return pa.table([columns[name] for name in VOUCHERS.names], schema=VOUCHERS)


def line_columns(
    effects: EffectBatch, vouchers: pa.Table, schema: pa.Schema, scale: int
) -> pa.Table:
    """The lines of a commit as rows of `lines.parquet`.

    Args:
        effects: the commit.
        vouchers: its `voucher_columns`.
        schema: a `line_schema` of this scale.
        scale: scale of the amounts.
    """
    lines = effects.tables["lines"]
    owners = lines.ints("voucher")
    scales = effects.tables["vouchers"].ints("scale")[owners]
    strings = _Strings(effects.strings)
    currencies = lines.ints("currency")
    has_currency = pa.array(currencies >= 0)
    decimals_of = np.array(
        [*(CURRENCY_DECIMALS.get(text, 0) for text in effects.strings), 0], dtype=np.int64
    )
    columns = {name: vouchers[name].take(pa.array(owners)) for name in VOUCHER_KEY}
    columns["line_no"] = pa.array(lines.ints("line_no").astype(np.int32))
    for name in ("account_code", "account_name", "currency", "rate"):
        columns[name] = strings.column(lines, name)
    for name in ("debit", "credit"):
        columns[name] = decimals(lines.ints(name), scales, scale)
    for name in ("fc_debit", "fc_credit"):
        amounts = decimals(lines.ints(name), decimals_of[currencies], max(scale, MOST_DECIMALS))
        columns[name] = pc.if_else(has_currency, amounts, pa.scalar(None, amounts.type))
    carried = {name for name, _ in lines.spec.columns if name.startswith(DIMENSION_PREFIX)}
    undeclared = carried - set(schema.names)
    if undeclared:
        raise InvariantBroken("lines carry dimensions nobody declared", *sorted(undeclared))
    for name in schema.names:
        if name in carried:
            columns[name] = strings.column(lines, name)
        elif name.startswith(DIMENSION_PREFIX):
            columns[name] = pa.repeat("", lines.count)
    return pa.table([columns[name] for name in schema.names], schema=schema)


def decimals(amounts: Int64s, scales: Int64s, scale: int) -> pa.Array:
    """Minor units as decimal128 of one scale.

    Args:
        amounts: int64[n] minor units.
        scales: int64[n], the scale each is in; none is larger than `scale`.
        scale: of the result.
    """
    present = np.unique(scales).tolist()
    if present and present[-1] > scale:
        raise InvariantBroken("amounts have more decimals than the file", present[-1], scale)
    if len(present) <= 1:
        return _decimals(amounts, present[0] if present else scale).cast(amount_type(scale))
    places = [np.flatnonzero(scales == own) for own in present]
    parts = [
        _decimals(amounts[place], own).cast(amount_type(scale))
        for place, own in zip(places, present, strict=True)
    ]
    order = np.argsort(np.concatenate(places), kind="stable")
    return pa.concat_arrays(parts).take(pa.array(order))


def exact_sum(amounts: Int64s) -> int:
    """Sum of minor units as a Python integer; adding up in int64 could wrap."""
    high, low = amounts >> 32, amounts & 0xFFFFFFFF
    return (int(high.sum()) << 32) + int(low.sum())


def _decimals(amounts: Int64s, scale: int) -> pa.Array:
    words = np.empty((len(amounts), 2), dtype="<i8")  # low word, then the sign above it
    words[:, 0] = amounts
    words[:, 1] = amounts >> 63
    return pa.Array.from_buffers(amount_type(scale), len(amounts), [None, pa.py_buffer(words)])


def _days(days: Int64s) -> pa.Array:
    return pa.array(days.astype(np.int32)).cast(_DAY)


def _periods(periods: Int64s) -> pa.Array:
    return _by_distinct(periods, period_text)


def _by_distinct(values: Int64s, text: Callable[[int], str]) -> pa.Array:
    distinct, places = np.unique(values, return_inverse=True)
    texts = pa.array([text(value) for value in distinct.tolist()], _TEXT)
    return texts.take(pa.array(places))


class _Strings:
    """The dictionary of a commit; absent text becomes the empty string."""

    __slots__ = ("_absent", "_texts")

    def __init__(self, strings: Sequence[str]) -> None:
        self._texts = pa.array([*strings, ""], _TEXT)
        self._absent = len(strings)

    def column(self, table: ColumnTable, name: str) -> pa.Array:
        codes = table.ints(name)
        return self._texts.take(pa.array(np.where(codes < 0, self._absent, codes)))
