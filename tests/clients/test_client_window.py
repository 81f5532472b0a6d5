"""The bookkeeping of a stream against a model of the server, with connections lost at random."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongpin.v1 import event_pb2
from tongpin.v1 import posting_service_pb2 as pb
from tongpin_client.results import Status
from tongpin_client.stream_window import StreamWindow


def batches(count: int) -> list[event_pb2.EventBatch]:
    return [event_pb2.EventBatch(json=str(number).encode()) for number in range(1, count + 1)]


class ModelServer:
    """Keeps every batch once, answers in order, refuses gaps."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []

    def take(self, request: pb.StreamEventsRequest) -> pb.StreamEventsResponse:
        assert request.offset <= len(self.kept) + 1, "a gap"
        replayed = request.offset <= len(self.kept)
        if not replayed:
            self.kept.append(request.batch.json)
        return pb.StreamEventsResponse(
            offset=request.offset,
            durable_offset=len(self.kept),
            replayed=replayed,
            status_counts={int(Status.POSTED): 1},
            seq=len(self.kept),
        )


@given(
    count=st.integers(0, 12),
    durable=st.integers(0, 14),
    window=st.integers(1, 5),
    cuts=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=6),
)
def test_every_batch_is_kept_once_and_answered_once(
    count: int, durable: int, window: int, cuts: list[tuple[int, int]]
) -> None:
    server = ModelServer()
    server.kept = [str(number).encode() for number in range(1, min(durable, count) + 1)]
    before = len(server.kept)
    state = StreamWindow("s", iter(batches(count)), window=window, summary_only=True)
    answered: list[int] = []
    for received, reads in [*cuts, (10**6, 10**6)]:
        # One connection: the server takes `received` requests, the client makes `reads` reads.
        left = reads
        assert state.opening().window == window
        state.opened(pb.StreamEventsResponse(durable_offset=len(server.kept)))
        waiting: list[pb.StreamEventsResponse] = []
        taken = 0
        while True:
            while (request := state.next_request()) is not None:
                if taken < received:
                    waiting.append(server.take(request))
                    taken += 1
            assert len(state._unanswered) <= window
            if not waiting or left == 0:
                break
            answered.append(state.answered(waiting.pop(0)).offset)
            left -= 1
        if state.is_done:
            break
    assert state.is_done
    assert server.kept == [batch.json for batch in batches(count)]
    assert answered == list(range(before + 1, count + 1))
    report = state.report()
    assert report.resumed_offset == before
    assert report.durable_offset == count
    assert sum(report.counts.values()) == count - before


def test_answer_to_another_batch_is_a_fault_of_the_server() -> None:
    state = StreamWindow("s", iter(batches(1)), window=1, summary_only=True)
    state.opened(pb.StreamEventsResponse())
    state.next_request()
    with pytest.raises(ValueError, match="offset 2 instead of 1"):
        state.answered(pb.StreamEventsResponse(offset=2))
