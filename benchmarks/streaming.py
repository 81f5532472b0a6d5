"""A client that streams claims at a steady rate: `python -m benchmarks.streaming ADDRESS …`.

A process of its own, so that it shares no interpreter with whoever measures beside it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import grpc

from benchmarks.claims import claim_lines
from tongpin.v1 import event_pb2, posting_service_pb2, posting_service_pb2_grpc

#: Batches without an answer; the server's own default.
_WINDOW = 8

#: Seconds the stream runs before anything is counted or measured.
_WARM_UP = 0.5

_PATIENCE = 60


@dataclass(slots=True)
class Streaming:
    """What a stream beside a measurement made. Complete once the context is left."""

    events: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Events answered in a second."""
        return self.events / self.seconds


@contextmanager
def streaming(address: str, *, size: int, rate: float, seed: int) -> Iterator[Streaming]:
    """Streams claims for as long as the context lasts.

    Args:
        address: of the server.
        size: events of a batch.
        rate: events a second; 0 = as many as the server takes.
        seed: of the claims and the name of the stream; no two streams may share one.
    """
    command = [sys.executable, "-m", "benchmarks.streaming", address]
    command += [f"--size={size}", f"--rate={rate}", f"--seed={seed}"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the stream has no pipes")
    found = Streaming()
    try:
        if process.stdout.readline().strip() != "streams":
            raise RuntimeError("the stream did not start")
        yield found
    finally:
        process.stdin.close()
        said = process.stdout.read()
        process.stdout.close()
        if process.wait(_PATIENCE) == 0:
            answer = json.loads(said)
            found.events, found.seconds = answer["events"], answer["seconds"]
    if not found.seconds:
        raise RuntimeError("the stream failed")


class _Stream:
    """One stream: sends batches in time, counts the events of answered ones."""

    def __init__(self, size: int, rate: float, seed: int) -> None:
        self._size, self._rate, self._seed = size, rate, seed
        self._window = threading.Semaphore(_WINDOW)
        self._stopped = threading.Event()
        self.begun = threading.Event()
        self.answered = 0

    def stop(self) -> None:
        self._stopped.set()
        self._window.release()

    def _requests(self) -> Iterator[posting_service_pb2.StreamEventsRequest]:
        yield posting_service_pb2.StreamEventsRequest(
            stream_id=f"stream-{self._seed}", summary_only=True
        )
        offset, started = 0, time.monotonic()
        while True:
            lines = claim_lines(self._size, self._seed * 1_000_000 + offset)
            if self._rate:
                due = started + offset * self._size / self._rate
                self._stopped.wait(max(0.0, due - time.monotonic()))
            self._window.acquire()
            if self._stopped.is_set():
                return
            offset += 1
            yield posting_service_pb2.StreamEventsRequest(
                offset=offset, batch=event_pb2.EventBatch(json=lines)
            )

    def run(self, address: str) -> None:
        with grpc.insecure_channel(address) as channel:
            stub = posting_service_pb2_grpc.PostingServiceStub(channel)
            for answer in stub.StreamEvents(self._requests()):
                if answer.offset:
                    self.answered += self._size
                    self._window.release()
                    self.begun.set()


def main() -> int:
    """Streams until standard input is closed, then says how much it was."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.streaming", description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    arguments = parser.parse_args()
    stream = _Stream(arguments.size, arguments.rate, arguments.seed)
    thread = threading.Thread(target=stream.run, args=(arguments.address,))
    thread.start()
    if not stream.begun.wait(_PATIENCE):
        return 1
    time.sleep(_WARM_UP)
    before, started = stream.answered, time.monotonic()
    print("streams", flush=True)
    sys.stdin.read()
    events, seconds = stream.answered - before, time.monotonic() - started
    stream.stop()
    thread.join(_PATIENCE)
    print(json.dumps({"events": events, "seconds": seconds}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
