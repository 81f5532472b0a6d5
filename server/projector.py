"""The projector thread: keeps the rows others read abreast of the log; never in a posting's way."""

from __future__ import annotations

import threading

import structlog

from engine.book import Book
from server.metrics import ServiceMetrics

log = structlog.get_logger(__name__)

#: Seconds between two looks at the log, and before another try after a failure.
_INTERVAL_SECONDS = 0.2
_RETRY_SECONDS = 5.0


class Projector:
    """Runs `RowProjection.catch_up` again and again on a thread of its own."""

    def __init__(self, book: Book, store_url: str, metrics: ServiceMetrics) -> None:
        """Prepares the thread; rows are written beside the store."""
        self._book = book
        self._store_url = store_url
        self._metrics = metrics
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="projector", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def close(self) -> None:
        """Ends the thread after the step it is at."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()
