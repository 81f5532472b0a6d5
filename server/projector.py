"""The projector thread: keeps the rows others read abreast of the log, never in a posting's way."""

from __future__ import annotations

import threading
from contextlib import closing

import structlog

from engine.book import Book
from engine.errors import StoreError
from engine.log import CommitStore, open_store, sqlite_path
from engine.projection import RowProjection, rows_path

log = structlog.get_logger(__name__)

#: Seconds between two looks at the book, and before another try after a failure.
_INTERVAL_SECONDS = 0.2
_RETRY_SECONDS = 5.0

#: Seconds a stop waits for the step under way. One that takes longer is rolled back.
_CLOSE_SECONDS = 3.0


class Projector:
    """Reads the log through a connection of its own and writes the rows beside the store."""

    def __init__(self, book: Book, store_url: str, book_id: str) -> None:
        """Prepares the thread."""
        self._book = book
        self._store_url = store_url
        self._book_id = book_id
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="projector", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def close(self) -> None:
        """Ends the thread after the step it is at; what is left is projected at the next start."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(_CLOSE_SECONDS)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._follow()
            except StoreError as error:
                # Rows are a convenience; postings go on without them.
                log.error("projection failed", problem=str(error))
                self._closing.wait(_RETRY_SECONDS)

    def _follow(self) -> None:
        path = rows_path(sqlite_path(self._store_url))
        store = open_store(self._store_url, book_id=self._book_id, read_only=True)
        projection = RowProjection(path, book_id=self._book_id)
        with closing(store), closing(projection):
            self._project(projection, store)
            while not self._closing.wait(_INTERVAL_SECONDS):
                if self._book.seq > self._book.stats.projection_seq:
                    self._project(projection, store)

    def _project(self, projection: RowProjection, store: CommitStore) -> None:
        projection.catch_up(store)
        self._book.stats.projection_seq = projection.position()[0]
