"""Events and columns as the messages that are sent: cut to size, groups whole, always alike."""

from __future__ import annotations

import datetime
import itertools
import json
import sys
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongpin.v1 import event_pb2
from tongpin_client import ColumnsError, column_batches, row_batches, stream_batches
from tongpin_client.batches import MAX_BATCH_BYTES, MAX_ROWS


def events_of(batch: event_pb2.EventBatch) -> list[dict[str, Any]]:
    return [json.loads(line) for line in batch.json.splitlines()]


def table_of(batch: event_pb2.EventBatch) -> pa.Table:
    with pa.ipc.open_stream(batch.arrow_ipc) as reader:
        return reader.read_all()


def event(number: int, group: str = "") -> dict[str, Any]:
    named = {"id": str(number), "type": "sale", "date": "2026-03-01"}
    return {**named, "group_id": group} if group else named


def test_events_are_cut_by_number_and_order_is_kept() -> None:
    sizes = [len(events_of(batch)) for batch in row_batches(map(event, range(2_500)))]
    assert sizes == [MAX_ROWS, MAX_ROWS, 500]
    assert [len(events_of(b)) for b in row_batches(map(event, range(7)), 3)] == [3, 3, 1]
    assert list(row_batches([])) == []


def test_messages_stay_below_their_size() -> None:
    large = [{**event(number), "note": "票" * 100_000} for number in range(30)]
    batches = list(row_batches(large))
    assert [each for batch in batches for each in events_of(batch)] == large
    assert max(batch.ByteSize() for batch in batches) <= MAX_BATCH_BYTES + 16
    assert len(batches) == 3


@given(st.lists(st.sampled_from(["", "", "a", "b"]), max_size=40), st.integers(1, 12))
def test_neighbours_of_one_group_stay_together(groups: list[str], batch_size: int) -> None:
    events = [event(number, group) for number, group in enumerate(groups)]
    batches = [events_of(batch) for batch in row_batches(events, batch_size)]
    assert [each for batch in batches for each in batch] == events
    for before, after in itertools.pairwise(batches):
        first, second = before[-1].get("group_id"), after[0].get("group_id")
        assert not (first and first == second)
    assert batches == [events_of(batch) for batch in row_batches(events, batch_size)]


def test_group_or_event_beyond_a_message_is_refused() -> None:
    with pytest.raises(ValueError, match="belong together"):
        list(row_batches([event(number, "g") for number in range(MAX_ROWS + 1)]))
    with pytest.raises(ValueError, match="1 event"):
        list(row_batches([{"id": "1", "note": "x" * (5 * 2**20)}]))
    with pytest.raises(ValueError, match="1 to 1000"):
        list(row_batches([], 1_001))


def test_decimals_and_dates_are_written_as_the_wire_has_them() -> None:
    (batch,) = row_batches([
        {"id": "1", "amount": Decimal("1E+3"), "date": datetime.date(2026, 3, 1), "n": None}
    ])  # fmt: skip
    assert events_of(batch) == [{"id": "1", "amount": "1000", "date": "2026-03-01", "n": None}]


@pytest.mark.parametrize(
    "value", [object(), {1, 2}, datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), float("nan")]
)
def test_values_that_no_event_has_are_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        list(row_batches([{"id": "1", "x": value}]))


def test_arrays_become_columns() -> None:
    (batch,) = column_batches(
        {
            "id": np.array(["1", "2"]),
            "amount": np.array([Decimal("10.00"), Decimal("0.50")], dtype=object),
            "count": np.array([1, 2], dtype=np.int64),
            "date": np.array(["2026-03-01", "2026-03-02"], dtype="datetime64[D]"),
        }
    )
    table = table_of(batch)
    assert table.column("amount").to_pylist() == [Decimal("10.00"), Decimal("0.50")]
    assert table.schema.field("date").type == pa.date32()
    assert table.column("count").to_pylist() == [1, 2]


@pytest.mark.parametrize("columns", [{"id": ["1"], "amount": np.array([1.5])}, 7, ["x"]])
def test_floats_and_what_is_no_table_are_refused(columns: object) -> None:
    with pytest.raises(ColumnsError):
        list(column_batches(columns))


def test_missing_pyarrow_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ColumnsError, match=r"pip install 'tongpin-client\[arrow\]'"):
        list(column_batches({"id": ["1"]}))


def test_columns_are_cut_by_rows_and_by_size() -> None:
    table = pa.table({"id": [str(number) for number in range(1_000)], "x": ["y" * 20_000] * 1_000})
    batches = list(column_batches(table))
    assert pa.concat_tables(map(table_of, batches)) == table
    assert max(batch.ByteSize() for batch in batches) <= MAX_BATCH_BYTES + 16
    by_rows = list(column_batches(table.select(["id"]), 300))
    assert [table_of(batch).num_rows for batch in by_rows] == [300, 300, 300, 100]
    (record_batch,) = table.slice(0, 5).to_batches()
    assert [table_of(batch).num_rows for batch in column_batches(record_batch)] == [5]


def test_columns_do_not_cut_a_group() -> None:
    groups = ["a", "a", None, "b", "b", "b", "c"]
    table = pa.table({"id": list(map(str, range(7))), "group_id": groups})
    assert [table_of(b).num_rows for b in column_batches(table, 4)] == [3, 4]
    with pytest.raises(ValueError, match="the group b"):
        list(column_batches(table, 2))


def test_streams_take_events_and_ready_batches_mixed() -> None:
    ready = event_pb2.EventBatch(json=b"{}")
    items = [
        event(1), event(2), event(3), ready, [event(4), event(5)],
        {"id": np.array(["6"])}, pa.table({"id": ["7"]}), event(8),
    ]  # fmt: skip
    kinds = [
        len(events_of(batch)) if batch.json else table_of(batch).num_rows
        for batch in stream_batches(items, 2)
    ]
    assert kinds == [2, 1, 1, 2, 1, 1, 1]
    assert [b.SerializeToString() for b in stream_batches(items, 2)] == [
        b.SerializeToString() for b in stream_batches(items, 2)
    ]


def test_streams_read_their_input_as_they_go() -> None:
    read: list[int] = []

    def endless() -> Any:
        number = 0
        while True:
            read.append(number)
            yield event(number)
            number += 1

    batches = stream_batches(endless(), 10)
    assert len(events_of(next(batches))) == 10
    assert len(read) < 30
