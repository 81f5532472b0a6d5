"""Typing rows into columns: values, defaults, problems in the author's names, decimal extremes."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.batch import Column, ListColumn, ReceivedBatch, TypedBatch
from engine.limits import MAX_DECIMAL_CHARS
from engine.program import EventType, Field, FieldType, ListType
from engine.receive import receive_arrow, receive_rows, type_rows
from engine.strings import StringPool
from tests.engine.receive.generate import Event, table_of

TEXT, FLAG, DATE = FieldType.TEXT, FieldType.FLAG, FieldType.DATE
PERIOD, NUMBER, LIST = FieldType.PERIOD, FieldType.NUMBER, FieldType.LIST
WIDE = 10**15


def amount(name: str, wire: str, **more: object) -> Field:
    given = {"scale": 2, "low": -WIDE, "high": WIDE, "currency": "CNY", **more}
    return Field(name, wire, NUMBER, **given)  # type: ignore[arg-type] # by keyword


LINE = ListType(
    (
        Field("类别", "category", TEXT, codes=("travel", "office")),
        amount("含税金额", "gross"),
        amount("税额", "tax", optional=True, default=0),
        Field("可抵扣", "deductible", FLAG, optional=True, default=False),
    )
)
TAGS = ListType((Field("value", "value", TEXT),), form="values")
SHARES = ListType(
    (Field("key", "key", TEXT), Field("value", "value", NUMBER, scale=4, low=0, high=10**8)),
    form="map",
)
CLAIM = EventType(
    "报销",
    "claim",
    (
        Field("编号", "id", TEXT, envelope=True),
        Field("日期", "date", DATE, envelope=True),
        Field("主体", "entity", TEXT, envelope=True),
        Field("经办", "actor", TEXT, envelope=True, optional=True),
        Field("员工", "employee", TEXT),
        Field(
            "类别", "category", TEXT, codes=("travel", "office"), optional=True, default="office"
        ),
        amount("金额", "amount"),
        Field("次数", "count", NUMBER, low=-5, high=100, optional=True, default=7),
        Field("税率", "rate", NUMBER, scale=6, low=0, high=10**6, optional=True),
        Field("期间", "period", PERIOD, optional=True),
        Field("到期", "due", DATE, optional=True, default=20517),
        Field("急", "urgent", FLAG, optional=True, default=True),
        Field("明细", "lines", LIST, optional=True),
        Field("标签", "tags", LIST, optional=True),
        Field("份额", "shares", LIST, optional=True),
    ),
    lists={12: LINE, 13: TAGS, 14: SHARES},
)
NAMES = [field.wire for field in CLAIM.fields]
GOOD: Event = {
    "id": "e1",
    "type": "claim",
    "date": "2026-03-05",
    "employee": "E1",
    "amount": "106.00",
}


def typed(rows: list[Event], *, strict: bool = True, event_type: EventType = CLAIM) -> TypedBatch:
    batch = receive_rows(rows, StringPool(), default_entity="C01")
    assert batch.problems == {}
    return type_rows(event_type, 0, batch, np.arange(len(rows)), strict=strict)


def column(batch: TypedBatch, wire: str) -> Column:
    found = batch.columns[NAMES.index(wire)]
    assert isinstance(found, Column)
    return found


def list_column(batch: TypedBatch, wire: str) -> ListColumn:
    found = batch.columns[NAMES.index(wire)]
    assert isinstance(found, ListColumn)
    return found


def problem_of(change: Event, *, strict: bool = True) -> str:
    event = {key: value for key, value in {**GOOD, **change}.items() if value is not None}
    batch = typed([GOOD, event, GOOD], strict=strict)
    assert set(batch.problems) <= {1}
    return batch.problems.get(1, "")


def test_values_become_columns_of_their_dtype() -> None:
    full: Event = {
        **GOOD,
        "id": "e2",
        "entity": "C02",
        "actor": "E9",
        "category": "travel",
        "amount": "-0.5",
        "count": 5,
        "rate": "0.06",
        "period": "2026-02",
        "due": "1970-01-02",
        "urgent": False,
    }
    batch = typed([GOOD, full])
    texts = batch.strings.texts
    assert batch.problems == {}
    assert texts(column(batch, "id").values.astype(np.int32)) == ["e1", "e2"]
    assert column(batch, "date").values.tolist() == [20517, 20517]
    assert texts(column(batch, "entity").values.astype(np.int32)) == ["C01", "C02"]
    assert column(batch, "actor").given.tolist() == [False, True]
    assert column(batch, "actor").values.tolist()[0] == -1
    assert texts(column(batch, "category").values.astype(np.int32)) == ["office", "travel"]
    assert column(batch, "amount").values.tolist() == [10600, -50]
    assert column(batch, "count").values.tolist() == [7, 5]
    assert column(batch, "rate").values.tolist() == [0, 60_000]
    assert column(batch, "period").values.tolist()[0] == -1
    assert column(batch, "due").values.tolist() == [20517, 1]
    assert column(batch, "urgent").values.tolist() == [True, False]
    assert column(batch, "urgent").given.tolist() == [False, True]
    dtypes = {wire: column(batch, wire).values.dtype for wire in NAMES[:12]}
    assert {dtypes[wire] for wire in ("id", "employee", "category", "period", "due", "date")} == {
        np.dtype(np.int32)
    }
    assert {dtypes[wire] for wire in ("amount", "count", "rate")} == {np.dtype(np.int64)}
    assert dtypes["urgent"] == np.bool_
    assert texts(batch.entities) == ["C01", "C02"]
    assert batch.dates.tolist() == [20517, 20517]


def test_lists_are_laid_end_to_end() -> None:
    rows: list[Event] = [
        {
            **GOOD,
            "lines": [
                {"category": "travel", "gross": "53.00", "tax": "3.00", "deductible": True},
                {"category": "office", "gross": "1"},
            ],
            "tags": ["b", "a"],
            "shares": {"z": "0.5", "é": "0.25", "a": "1"},
        },
        {**GOOD, "lines": []},
        GOOD,
        {**GOOD, "lines": [{"category": "office", "gross": "2"}], "shares": {}},
    ]
    batch = typed(rows)
    assert batch.problems == {}
    lines = list_column(batch, "lines")
    assert lines.offsets.tolist() == [0, 2, 2, 2, 3]
    assert lines.offsets.dtype == np.int64
    assert lines.given.tolist() == [True, True, False, True]
    assert [part.values.tolist() for part in lines.fields[1:]] == [
        [5300, 100, 200],
        [300, 0, 0],
        [True, False, False],
    ]
    assert lines.fields[2].given.tolist() == [True, False, False]
    tags = list_column(batch, "tags")
    assert batch.strings.texts(tags.fields[0].values.astype(np.int32)) == ["b", "a"]
    shares = list_column(batch, "shares")
    assert batch.strings.texts(shares.fields[0].values.astype(np.int32)) == ["a", "z", "é"]
    assert shares.fields[1].values.tolist() == [10_000, 5_000, 2_500]
    assert shares.offsets.tolist() == [0, 3, 3, 3, 3]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"employee": None}, "员工 (employee) is missing; it is a text"),
        ({"amount": None}, '金额 (amount) is missing; it is a number, such as "1060.00"'),
        ({"employee": 5}, "员工 (employee) is the number 5; write it as text in quotes"),
        ({"employee": ["x"]}, "员工 (employee) is a list of 1; write it as text"),
        ({"category": "food"}, '类别 (category) is "food"; it is one of travel, office'),
        ({"category": ""}, '类别 (category) is ""; it is one of'),
        (
            {"amount": 106},
            '金额 (amount) is the number 106; write it as a string, such as "1060.00"',
        ),
        ({"amount": True}, "金额 (amount) is true; write it as a string"),
        ({"amount": "1.005"}, "金额 (amount): '1.005' has more than 2 decimals"),
        ({"amount": "abc\x1b[31m"}, "金额 (amount): 'abc\\x1b[31m' is not a plain decimal"),
        ({"amount": "10000000000000.01"}, "it is from -10000000000000.00 to 10000000000000.00"),
        ({"count": "101"}, '次数 (count) is "101"; it is from -5 to 100'),
        ({"count": -6}, '次数 (count) is "-6"; it is from -5 to 100'),
        ({"count": True}, "次数 (count) is true"),
        ({"rate": "-0.000001"}, "it is from 0.000000 to 1.000000"),
        ({"period": "2026-13"}, '期间 (period) is "2026-13"; it is a year and a month, such as'),
        ({"period": "2026-3"}, "a year and a month"),
        ({"period": 202603}, "期间 (period) is the number 202603; it is a year and a month"),
        ({"due": "2026-02-30"}, '到期 (due) is "2026-02-30"; it is a date of the calendar'),
        ({"due": 5}, "到期 (due) is the number 5; it is a date"),
        ({"urgent": "yes"}, '急 (urgent) is "yes"; it is true or false'),
        ({"urgent": 1}, "急 (urgent) is the number 1; it is true or false"),
        ({"urgent": ["true"]}, "急 (urgent) is a list of 1; it is true or false"),
        ({"lines": "x"}, '明细 (lines) is "x"; it is a list of objects'),
        ({"lines": {"a": "b"}}, "明细 (lines) is an object; it is a list of objects"),
        ({"lines": ["x"]}, '明细 (lines)[1]: "x" stands where an object is needed'),
        (
            {"lines": [{"category": "office", "gross": "1"}, {"category": "office"}]},
            "明细 (lines)[2]: 含税金额 (gross) is missing",
        ),
        (
            {"lines": [{"category": "food", "gross": "1"}]},
            '明细 (lines)[1]: 类别 (category) is "food"; it is one of',
        ),
        (
            {"lines": [{"category": "office", "gross": "1", "extra": "1"}]},
            '"extra" is not declared for 明细 (lines); leave it out',
        ),
        ({"tags": [5]}, "标签 (tags)[1]: value is the number 5"),
        ({"tags": {}}, "标签 (tags) is an object; it is a list of values"),
        ({"shares": ["a"]}, '份额 (shares) is a list of 1; it is an object, such as {"…": "…"}'),
        ({"shares": {"a": "x"}}, "份额 (shares)[1]: value: 'x' is not a plain decimal"),
        ({"extra": "1"}, '报销 (claim) has no field "extra"; leave it out or declare it'),
        (
            {"employee": 5, "amount": "x", "extra": "1"},
            "员工 (employee) is the number 5; write it as text in quotes (and 2 more problems)",
        ),
    ],
)
def test_a_problem_says_field_value_and_what_is_right(change: Event, message: str) -> None:
    found = problem_of(change)
    assert message in found
    assert found.isprintable()


def test_undeclared_fields_are_left_aside_in_lenient_books() -> None:
    change: Event = {"extra": "1", "lines": [{"category": "office", "gross": "1", "more": "x"}]}
    assert problem_of(change, strict=False) == ""


@pytest.mark.parametrize(
    "change",
    [
        {"count": "5"},
        {"count": -5},
        {"count": "100.0"},
        {"urgent": "true"},
        {"urgent": "false"},
        {"amount": "10000000000000.00"},
        {"amount": "1.500"},
        {"amount": "-0"},
        {"source_doc": {"kind": "x"}, "group_id": "g", "approved_by": "E2", "source": "erp"},
    ],
)
def test_what_is_in_order_has_no_problem(change: Event) -> None:
    assert problem_of(change) == ""


def test_a_code_typed_envelope_field_is_checked() -> None:
    fields = (Field("主体", "entity", TEXT, codes=("C01",), envelope=True),)
    event_type = EventType("a", "claim", fields)
    rows: list[Event] = [{**GOOD, "entity": "C01"}, GOOD, {**GOOD, "entity": "C02"}]
    batch = typed(rows, strict=False, event_type=event_type)
    assert batch.problems == {2: '主体 (entity) is "C02"; it is one of C01'}


def test_some_rows_of_a_batch_are_typed_alone() -> None:
    rows: list[Event] = [{**GOOD, "id": f"e{n}", "amount": f"{n}"} for n in range(6)]
    batch = receive_rows(rows, StringPool(), default_entity="C01")
    some = type_rows(CLAIM, 3, batch, np.array([1, 4]), strict=True)
    assert some.event_type == 3
    assert column(some, "amount").values.tolist() == [100, 400]
    none = type_rows(CLAIM, 3, batch, np.array([], dtype=np.int64), strict=True)
    assert [len(none.dates), len(column(none, "amount").values)] == [0, 0]


def extremes() -> list[str]:
    """300 decimals nobody should send: row 30 of the reliability table."""
    fixed = [
        *("1e3000000", "1E+2", "1e-2", "9" * 10**6, "0." + "0" * 10**6, "-" + "9" * 10**5),
        *("NaN", "-NaN", "sNaN", "Infinity", "-Infinity", "inf", "-0", "-0.00", "+1", "--1"),
        *(
            "１２",
            "1２",
            "١٢",
            "１．５",
            "1_000",
            "0x1",
            "0b1",
            "0o7",
            "1,060.00",
            "1 060",
            "1'000",
        ),
        *(
            "",
            " ",
            "\t",
            "\n",
            " 1",
            "1 ",
            "1\n",
            "\u00a01",
            "\u20091",
            "1\0",
            ".",
            "-",
            "-.",
            ".5",
        ),
        *("5.", "1..2", "1.2.3", "00", "007", "0.005", "0.015", "-0.005", "0.001", "1.0000000000"),
        *("¥1", "$1", "1元", "一", "½", "²", "1f", "1L", "true", "null", "1%", "1/3", "(1)", "1-"),
        *("9223372036854775807", "9223372036854775808", "-9223372036854775808"),
        *("92233720368547758.07", "92233720368547758.08", "10000000000000.00", "10000000000000.01"),
        *("0" * 39 + "1", "0" * 40 + "1", "1" * 40, "1" * 41, "0." + "1" * 38, "1e", "e1", "1d5"),
    ]
    chance = random.Random(30)
    alphabet = "0123456789" * 3 + ".-+eE_, ０１\u0660x"
    return fixed + [
        "".join(chance.choices(alphabet, k=chance.randrange(1, 24)))
        for _ in range(300 - len(fixed))
    ]


PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)


def expected(text: str, scale: int, high: int) -> int | None:
    """The raw number a text stands for, or None: the slow reference."""
    if len(text) > MAX_DECIMAL_CHARS or not PLAIN.fullmatch(text):
        return None
    raw = Decimal(text).scaleb(scale, None)
    if raw != int(raw) or abs(raw) > high:
        return None
    return int(raw)


@pytest.mark.parametrize("scale", [0, 2, 3])
def test_decimal_extremes_are_exact_or_refused_at_once(scale: int) -> None:
    texts = extremes()
    assert len(texts) == 300
    field = amount("金额", "amount", scale=scale)
    event_type = EventType("报销", "claim", (field,))
    for text in texts:
        event = {**GOOD, "amount": text}
        started = time.process_time_ns()
        batch = receive_rows([event], StringPool(), default_entity="C01")
        if not batch.problems:
            rows = np.array([0])
            result = type_rows(event_type, 0, batch, rows, strict=False)
        spent_ms = (time.process_time_ns() - started) // 10**6
        assert spent_ms < 10, text[:40]
        wanted = expected(text, scale, WIDE)
        if batch.problems or result.problems:
            problem = batch.problems.get(0) or result.problems[0]
            assert wanted is None, (text, problem)
            assert problem.isprintable()
            assert len(problem) < 200
        else:
            found = result.columns[0]
            assert isinstance(found, Column)
            assert found.values.tolist() == [wanted], text


@given(
    st.lists(st.decimals(-(10**13), 10**13, places=4).map(lambda v: f"{v:f}"), min_size=1),
    st.integers(0, 6),
)
def test_many_decimals_are_typed_as_one_by_one(texts: list[str], scale: int) -> None:
    event_type = EventType("报销", "claim", (amount("金额", "amount", scale=scale),))
    rows: list[Event] = [{**GOOD, "amount": text} for text in texts]
    batch = typed(rows, strict=False, event_type=event_type)
    values = batch.columns[0]
    assert isinstance(values, Column)
    for row, text in enumerate(texts):
        wanted = expected(text, scale, WIDE)
        assert (row in batch.problems) is (wanted is None)
        if wanted is not None:
            assert values.values[row] == wanted


def alike(left: TypedBatch, right: TypedBatch) -> None:
    assert left.problems == right.problems
    for one, other in zip(left.columns, right.columns, strict=True):
        np.testing.assert_array_equal(one.given, other.given)
        parts = [(one, other)] if isinstance(one, Column) else []
        if isinstance(one, ListColumn) and isinstance(other, ListColumn):
            np.testing.assert_array_equal(one.offsets, other.offsets)
            parts = list(zip(one.fields, other.fields, strict=True))
        for mine, theirs in parts:
            assert isinstance(mine, Column)
            assert isinstance(theirs, Column)
            assert mine.values.dtype == theirs.values.dtype
            if not left.problems:
                _same_values(left, mine, right, theirs)


def _same_values(left: TypedBatch, mine: Column, right: TypedBatch, theirs: Column) -> None:
    if mine.values.dtype == np.int32 and (mine.values < 20_000).all():
        texts = [
            batch.strings.texts(values.values.astype(np.int32))
            for batch, values in ((left, mine), (right, theirs))
        ]
        assert texts[0] == texts[1]
    else:
        np.testing.assert_array_equal(mine.values, theirs.values)


CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "amount": st.sampled_from(["1.00", "2.50", "-3", "x", "1.001", "99999999999999.00"]),
        "employee": st.sampled_from(["E1", "E2", "项目", ""]),
        "category": st.sampled_from(["travel", "office", "food"]),
        "rate": st.sampled_from(["0.06", "0.13", "2"]),
        "period": st.sampled_from(["2026-03", "2026-13"]),
        "due": st.sampled_from(["2026-03-05", "2027-01-01", "soon"]),
        "extra": st.just("x"),
        "tags": st.lists(st.sampled_from(["a", "b"]), max_size=2),
        "lines": st.lists(
            st.fixed_dictionaries(
                {"gross": st.sampled_from(["1.00", "2.50"])},
                optional={"category": st.sampled_from(["travel", "food"])},
            ),
            max_size=2,
        ),
    },
)


@pytest.mark.parametrize("strict", [True, False])
@given(changes=st.lists(CHANGES, min_size=1, max_size=6), dictionary=st.booleans())
def test_columns_are_typed_as_rows_are(
    changes: list[Event], dictionary: bool, strict: bool
) -> None:
    rows: list[Event] = [{**GOOD, "id": f"e{n}", **c} for n, c in enumerate(changes)]
    table = table_of(
        rows,
        dictionary=dictionary,
        types={
            "tags": pa.list_(pa.string()),
            "lines": pa.list_(pa.struct([("category", pa.string()), ("gross", pa.string())])),
        },
    )
    batches: list[Callable[[], ReceivedBatch]] = [
        lambda: receive_rows(rows, StringPool(), default_entity="C01"),
        lambda: receive_arrow(table, StringPool(), default_entity="C01"),
    ]
    places = np.arange(len(rows))[::2]
    left, right = (type_rows(CLAIM, 0, make(), places, strict=strict) for make in batches)
    alike(left, right)
