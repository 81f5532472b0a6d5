"""The bookkeeping of a stream: which batches are sent, unanswered, durable; no connection."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator

from tongpin.v1 import event_pb2, posting_service_pb2
from tongpin_client.read_messages import read_batch_result
from tongpin_client.results import BatchResult, Status, StreamReport

#: Batches without an answer, unless said otherwise.
DEFAULT_WINDOW = 8

Request = posting_service_pb2.StreamEventsRequest
Response = posting_service_pb2.StreamEventsResponse


class StreamWindow:
    """Batches between the caller's input and a connection; survives the connection.

    At most `window` batches are unanswered, and only those are kept for sending again.
    """

    def __init__(
        self,
        stream_id: str,
        batches: Iterator[event_pb2.EventBatch],
        *,
        window: int,
        summary_only: bool,
    ) -> None:
        """Takes the batches from the input one by one, as there is room for them."""
        self.stream_id = stream_id
        self.seq = 0
        self.reconnects = 0
        self.is_done = False
        self._batches = batches
        self._window = window
        self._summary_only = summary_only
        self._unanswered: deque[tuple[int, event_pb2.EventBatch]] = deque()
        self._to_send: deque[tuple[int, event_pb2.EventBatch]] = deque()
        self._last_offset = 0
        self._resumed_offset = -1
        self._durable_offset = 0
        self._counts: Counter[Status] = Counter()

    @property
    def was_open(self) -> bool:
        """Whether any connection got as far as being answered."""
        return self._resumed_offset >= 0

    def opening(self) -> Request:
        """The first request of a connection."""
        return Request(
            stream_id=self.stream_id, window=self._window, summary_only=self._summary_only
        )

    def opened(self, response: Response) -> None:
        """Takes the answer to the opening request: where the stream goes on."""
        self.seq = max(self.seq, response.seq)
        self._durable_offset = response.durable_offset
        if self._resumed_offset < 0:
            self._resumed_offset = response.durable_offset
            # The batches of an earlier run are read over; they are durable already.
            while self._last_offset < response.durable_offset and self._take() is not None:
                pass
        else:
            self.reconnects += 1
        # Also what is durable by now goes out once more, for its answer is still owed.
        self._to_send = deque(self._unanswered)

    def next_request(self) -> Request | None:
        """The next batch to send, or None while there is no room or no more input.

        Sets `is_done` once everything is answered and the input has ended.
        """
        if self._to_send:
            offset, batch = self._to_send.popleft()
            return Request(offset=offset, batch=batch)
        if len(self._unanswered) >= self._window:
            return None
        fresh = self._take()
        if fresh is None:
            self.is_done = not self._unanswered
            return None
        self._unanswered.append((self._last_offset, fresh))
        return Request(offset=self._last_offset, batch=fresh)

    def answered(self, response: Response) -> BatchResult:
        """Takes the answer to the oldest unanswered batch.

        Raises:
            ValueError: the answer is to another batch.
        """
        offset, _ = self._unanswered[0] if self._unanswered else (0, None)
        if response.offset != offset:
            raise ValueError(f"the server answered offset {response.offset} instead of {offset}")
        self._unanswered.popleft()
        result = read_batch_result(response)
        self.seq = max(self.seq, response.seq)
        self._durable_offset = max(self._durable_offset, response.durable_offset)
        self._counts.update(result.counts)
        return result

    def report(self) -> StreamReport:
        """What the stream did so far."""
        return StreamReport(
            stream_id=self.stream_id,
            resumed_offset=max(0, self._resumed_offset),
            durable_offset=self._durable_offset,
            counts=dict(self._counts),
            seq=self.seq,
            reconnects=self.reconnects,
        )

    def _take(self) -> event_pb2.EventBatch | None:
        batch = next(self._batches, None)
        if batch is not None:
            self._last_offset += 1
        return batch
