"""The three encodings of events become the same calls and get the same results."""

from __future__ import annotations

import pytest
from google.protobuf import struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from engine.calls import SYSTEM_TYPES
from server.convert import commands_in, read_attempt_id, read_batch
from server.status import CallRefused
from tests.server.conftest import RunningServer
from tests.server.wire import arrow_batch, json_batch, row_batch, sale
from tongpin.v1 import event_pb2
from tongpin.v1 import posting_service_pb2 as pb

EVENTS = [
    sale("1", "1060.00", source="crm", customer="客户甲", paid=True),
    sale("2", "0.01", source="crm", customer="K2", paid=False),
    {"id": "3", "type": "mystery", "date": "2026-03-05", "source": "crm"},
    {"id": "4", "type": "sale", "date": "not a date", "source": "crm", "amount": "1"},
    {"id": "5", "type": "refused", "date": "2026-03-05", "source": "crm"},
]


def test_encodings_get_equal_results(server: RunningServer) -> None:
    stub = server.posting()
    answers = []
    for make in (row_batch, json_batch, arrow_batch):
        trial = pb.PostEventsRequest(batch=make(*EVENTS), mode=pb.POSTING_MODE_DRY_RUN)
        answers.append(stub.PostEvents(trial).results)
    assert answers[0] == answers[1] == answers[2]


def test_second_encoding_of_the_same_events_is_a_duplicate(server: RunningServer) -> None:
    stub = server.posting()
    stub.PostEvents(pb.PostEventsRequest(batch=row_batch(*EVENTS[:3])))
    for make in (json_batch, arrow_batch):
        results = stub.PostEvents(pb.PostEventsRequest(batch=make(*EVENTS[:3]))).results
        assert {result.status for result in results} == {event_pb2.EVENT_STATUS_DUPLICATE}


def test_envelope_of_rows_takes_its_place_beside_the_fields() -> None:
    event = {
        "id": "1",
        "type": "sale",
        "date": "2026-03-01",
        "source": "crm",
        "entity": "C01",
        "posting_date": "2026-03-02",
        "group_id": "g",
        "actor": "张三",
        "approved_by": "李四",
        "source_doc": {"kind": "vat_invoice", "number": "N1", "hash": "ab", "attachments": 2},
        "lines": [{"amount": "1.00", "note": None}, {"amount": "2.00", "count": 3}],
        "flag": False,
    }
    assert read_batch(row_batch(event)).events == (event,)


def test_unset_keys_of_rows_are_absent() -> None:
    assert read_batch(row_batch({"id": "1"})).events == ({"id": "1"},)


@pytest.mark.parametrize(
    ("number", "read"),
    [(3.0, 3), (-0.0, 0), (2.0**53, 2**53), (2.0**54, 2.0**54), (0.5, 0.5), (1e300, 1e300)],
)
def test_doubles_become_whole_numbers_where_they_are(number: float, read: object) -> None:
    event = event_pb2.Event(id="1")
    event.fields.fields["n"].CopyFrom(struct_pb2.Value(number_value=number))
    (row,) = read_batch(event_pb2.EventBatch(rows=event_pb2.EventRows(events=[event]))).events
    assert row["n"] == read
    assert type(row["n"]) is type(read)


def test_envelope_key_among_the_fields_is_refused() -> None:
    event = event_pb2.Event(id="1")
    event.fields.update({"id": "2"})
    with pytest.raises(CallRefused, match="belongs to the envelope") as caught:
        read_batch(event_pb2.EventBatch(rows=event_pb2.EventRows(events=[event])))
    assert caught.value.field_path == "batch.rows.events[0].fields.id"


@pytest.mark.parametrize("make", [row_batch, json_batch, arrow_batch])
def test_commands_among_the_events_are_seen(make: object) -> None:
    events = [{"id": str(n), "type": name} for n, name in enumerate(sorted(SYSTEM_TYPES))]
    assert read_batch(make(sale("x"), *events)).commands == SYSTEM_TYPES


def test_types_that_are_no_text_are_no_commands() -> None:
    assert commands_in([None, 1, ["period.closed"], {"a": 1}, "sale"]) == frozenset()


@given(st.text(max_size=80))
def test_attempt_ids_are_taken_or_refused(attempt_id: str) -> None:
    fits = len(attempt_id) <= 64 and attempt_id.isascii() and attempt_id.isprintable()
    if fits:
        assert read_attempt_id(attempt_id) == attempt_id
        return
    with pytest.raises(CallRefused) as caught:
        read_attempt_id(attempt_id)
    assert caught.value.field_path == "attempt_id"


SCALARS = st.none() | st.booleans() | st.text(max_size=8) | st.integers(-(2**53), 2**53)


def _nested(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)


@given(st.recursive(SCALARS, _nested, max_leaves=8))
def test_values_survive_the_typed_envelope(value: object) -> None:
    event = event_pb2.Event(id="1")
    event.fields.update({"field": value})
    (row,) = read_batch(event_pb2.EventBatch(rows=event_pb2.EventRows(events=[event]))).events
    assert row["field"] == value
