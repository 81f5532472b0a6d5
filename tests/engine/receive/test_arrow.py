"""Events as Arrow columns make the same batch as the same events in rows."""

from __future__ import annotations

import random
import struct
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.batch import ReceivedBatch
from engine.errors import MalformedInput
from engine.receive import arrow as arrow_module
from engine.receive import receive_arrow, receive_rows
from engine.strings import StringPool
from tests.engine.receive.generate import (
    Event,
    as_strings,
    events,
    faulty_events,
    stream_of,
    table_of,
)

FLAT: list[Event] = [
    {"id": f"E{n}", "type": "a.b", "date": "2026-03-05", "amount": f"{n}.50", "客户": f"C{n % 3}"}
    for n in range(10)
]


def both(rows: list[Event], table: pa.Table | bytes) -> tuple[ReceivedBatch, ReceivedBatch]:
    pool = StringPool()
    return (
        receive_rows(rows, pool, default_entity="C01"),
        receive_arrow(table, pool, default_entity="C01"),
    )


def assert_alike(left: ReceivedBatch, right: ReceivedBatch) -> None:
    assert left.problems == right.problems
    assert left.contents == right.contents
    assert left.content_hashes == right.content_hashes
    assert left.identities == right.identities
    for row, (left_event, right_event) in enumerate(zip(left.fields, right.fields, strict=True)):
        assert row in left.problems or left_event == right_event
    for name in ("sources", "ids", "types", "entities", "groups"):
        assert left.strings.texts(getattr(left, name)) == right.strings.texts(getattr(right, name))
    np.testing.assert_array_equal(left.dates, right.dates)
    np.testing.assert_array_equal(left.posting_dates, right.posting_dates)


@given(st.lists(events, min_size=1, max_size=6), st.booleans(), st.integers(1, 3))
def test_columns_make_the_batch_that_rows_make(
    rows: list[Event], dictionary: bool, chunks: int
) -> None:
    table = table_of(rows, dictionary=dictionary, chunks=chunks)
    assert_alike(*both(as_strings(rows), table))


@given(st.lists(faulty_events, min_size=1, max_size=6))
def test_problems_are_worded_alike(rows: list[Event]) -> None:
    assert_alike(*both(as_strings(rows), table_of(rows)))


@given(st.lists(events, min_size=1, max_size=4), st.sampled_from([None, "lz4", "zstd"]))
def test_a_stream_makes_the_batch_of_its_table(rows: list[Event], compression: str) -> None:
    stream = stream_of(table_of(rows), compression=compression)
    assert_alike(*both(as_strings(rows), stream))


@given(st.lists(events, min_size=3, max_size=6))
def test_a_slice_of_a_table_makes_the_batch_of_its_rows(rows: list[Event]) -> None:
    assert_alike(*both(as_strings(rows)[1:-1], table_of(rows).slice(1, len(rows) - 2)))


def test_clean_columns_do_not_go_through_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(arrow_module, "receive_rows")
    batch = receive_arrow(table_of(FLAT), StringPool(), default_entity="C01")
    assert len(batch) == len(FLAT)


@pytest.mark.parametrize(
    ("column", "sent"),
    [
        (pa.array([Decimal("0.0000001"), None], pa.decimal128(20, 7)), ["0.0000001", None]),
        (pa.array([Decimal("1.5"), None], pa.decimal256(60, 1)), ["1.5", None]),
        (pa.array([20517, None], pa.date32()), ["2026-03-05", None]),
        (pa.array([2**62, None], pa.uint64()), [2**62, None]),
        (pa.array([2**63, None], pa.uint64()), [2**63, None]),
        (pa.array([1, None], pa.int8()), [1, None]),
        (pa.array([True, None]), [True, None]),
        (pa.array(["x", None], pa.large_string()), ["x", None]),
        (pa.array(["x", None], pa.string_view()), ["x", None]),
        (pa.array([None, None], pa.null()), [None, None]),
        (pa.array([1.5, None]), [1.5, None]),
        (pa.array([None, None], pa.float64()), [None, None]),
        (pa.array([["a", None], None]), [["a", None], None]),
        (pa.array([["1.50", "true"], None], pa.large_list(pa.string())), [["1.50", "true"], None]),
        (pa.array([["a", "b"], None], pa.list_(pa.string(), 2)), [["a", "b"], None]),
        (pa.array([[], None], pa.list_(pa.string())), [[], None]),
        (
            pa.array([[("b", 1), ("a", None)], None], pa.map_(pa.string(), pa.int64())),
            [{"b": 1}, None],
        ),
        (pa.array([{"a": None}, None], pa.struct([("a", pa.string())])), [{}, None]),
        (pa.array([[[1]], None]), [[[1]], None]),
        (pa.array([[[[1]]], None]), [[[[1]]], None]),
        (pa.array(["e\u0301", "x\0"]), ["e\u0301", "x\0"]),
        (pa.array(["x" * 4097, "x" * 4096]), ["x" * 4097, "x" * 4096]),
        (pa.array([[1] * 10_001, [1] * 10_000]), [[1] * 10_001, [1] * 10_000]),
    ],
)
def test_every_type_stands_for_its_json(column: pa.Array, sent: list[object]) -> None:
    rows: list[Event] = [
        {"id": f"E{n}", "type": "a", "date": "2026-03-05", "x": value}
        for n, value in enumerate(sent)
    ]
    table = table_of([{**row, "x": None} for row in rows])
    table = table.set_column(table.column_names.index("x"), "x", pa.chunked_array([column]))
    assert_alike(*both(rows, table))


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array([0], pa.timestamp("us")), "column x has the type timestamp.*date32"),
        (pa.array([0], pa.date64()).cast(pa.int64()).cast(pa.time64("us")), "column x.*time64"),
        (pa.array([Decimal(-1200)], pa.decimal128(20, -2)), "a decimal has 0 to 38 decimals"),
        (pa.array([b"a"]), "column x has the type binary"),
        (pa.array([[None]], pa.list_(pa.null())), r"column x\[\] has the type null"),
        (pa.array([[b"a"]]), r"column x\[\] has the type binary"),
        (pa.array([{"a": 0}], pa.struct([("a", pa.duration("s"))])), r"column x\.a has the type"),
        (pa.array([{}], pa.struct([])), "a struct has fields"),
        (pa.array([[(1, 2)]], pa.map_(pa.int64(), pa.int64())), "keys of a map are text"),
        (pa.array([86_400_001], pa.int64()).cast(pa.date64()), "times of day"),
        (pa.array([[("a", 1), ("a", 2)]], pa.map_(pa.string(), pa.int64())), "same key twice"),
    ],
)
def test_other_types_are_refused_by_column(column: pa.Array, message: str) -> None:
    table = pa.table({"id": ["1"], "type": ["a"], "date": ["2026-03-05"], "x": column})
    with pytest.raises(MalformedInput, match=message):
        receive_arrow(table, StringPool(), default_entity="C01")


def test_a_column_twice_is_refused() -> None:
    table = pa.table([pa.array(["a"]), pa.array(["b"])], names=["id", "id"])
    with pytest.raises(MalformedInput, match="column id is there twice"):
        receive_arrow(table, StringPool(), default_entity="C01")


def test_damaged_streams_are_malformed_and_nothing_else() -> None:
    more = {"lines": [{"gross": "1.00"}], "tags": ["a"], "source_doc": {"kind": "x"}}
    rows: list[Event] = [{**event, **more} for event in FLAT]
    streams = [
        stream_of(table_of(rows, dictionary=dictionary), compression=compression)
        for dictionary in (True, False)
        for compression in (None, "zstd")
    ]
    chance = random.Random(111)
    for _ in range(3_000):
        damaged = bytearray(chance.choice(streams))
        for _ in range(chance.choice([1, 1, 3, 8])):
            damaged[chance.randrange(len(damaged))] = chance.choice([0, 255, chance.randrange(256)])
        cut = chance.randrange(len(damaged)) if chance.random() < 0.2 else len(damaged)
        try:
            receive_arrow(bytes(damaged[:cut]), StringPool(), default_entity="C01")
        except MalformedInput:
            continue


@pytest.mark.parametrize("data", [b"", b"x", b"\xff" * 64, b"\0" * 64, b"PAR1" * 9, b"{}"])
def test_what_is_no_stream_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedInput):
        receive_arrow(data, StringPool(), default_entity="C01")


def test_a_compressed_bomb_is_refused_before_it_unpacks() -> None:
    table = pa.table({"id": ["0" * 4_000_000] * 20})
    stream = stream_of(table, compression="zstd")
    assert len(stream) < 1_000_000
    with pytest.raises(MalformedInput, match="unpacks to 80000"):
        receive_arrow(stream, StringPool(), default_entity="C01")


def test_a_dictionary_bomb_is_refused() -> None:
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000), pa.array(["x" * 4_000]))
    table = pa.table({"id": [str(n) for n in range(100_000)], "x": column})
    with pytest.raises(MalformedInput, match="400000000 bytes of text"):
        receive_arrow(stream_of(table), StringPool(), default_entity="C01")


def test_a_lying_size_prefix_is_refused() -> None:
    stream = stream_of(table_of(FLAT), compression="zstd")
    assert stream
    lie = struct.pack("<q", 2**40)
    for place in range(0, len(stream) - 8, 8):
        damaged = stream[:place] + lie + stream[place + 8 :]
        try:
            receive_arrow(damaged, StringPool(), default_entity="C01")
        except MalformedInput:
            continue
