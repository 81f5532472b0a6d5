"""Reads and dry runs beside the event loop, at a stated position of the book."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from engine.book import Book
from server.committer import Committer
from server.limits import (
    CONVERT_INLINE_BYTES,
    MAX_PAGE_TOKEN_CHARS,
    MAX_SEQ_WAIT_SECONDS,
    PAGE_SIZE_DEFAULT,
    PAGE_SIZE_MAX,
    WORKER_THREADS,
)
from server.page_tokens import read_page_token, write_page_token
from server.status import limit_exceeded, malformed, not_caught_up

T = TypeVar("T")


class Reader:
    """Runs work on a few threads of its own, so that the event loop never waits for it."""

    def __init__(self, book: Book, committer: Committer) -> None:
        """Reads this book; the committer tells when it has moved on."""
        self._book = book
        self._committer = committer
        self._threads = ThreadPoolExecutor(WORKER_THREADS, thread_name_prefix="reader")

    async def read(self, work: Callable[[], T], *, min_seq: int = 0) -> tuple[T, int]:
        """What `work` gives, and a position of the book that it stands at or after.

        Raises:
            CallRefused: the book does not reach `min_seq` in time.
        """
        await self._reach(min_seq)
        seq = self._book.seq
        return await self.run(work), seq

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` gives, computed on one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def convert(self, size: int, work: Callable[[], T]) -> T:
        """What `work` gives: at once if it is for a small message, else on one of the threads."""
        return work() if size <= CONVERT_INLINE_BYTES else await self.run(work)

    def close(self) -> None:
        """Ends the threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _reach(self, min_seq: int) -> None:
        if self._book.seq >= min_seq:
            return
        try:
            async with asyncio.timeout(MAX_SEQ_WAIT_SECONDS):
                while self._book.seq < min_seq:
                    await self._committer.progress()
        except TimeoutError:
            raise not_caught_up(self._book.seq, min_seq) from None


class Paging:
    """The page a list request asks for. A token is good for the filters it was made under."""

    def __init__(self, page_size: int, page_token: str, **filters: str | Mapping[str, str]) -> None:
        """Checks size and token.

        Raises:
            CallRefused: the size is out of range, or the token is not one of this list.
        """
        if not 0 <= page_size <= PAGE_SIZE_MAX:
            raise limit_exceeded(
                "page_size",
                f"a page has 1 to {PAGE_SIZE_MAX} entries",
                limit=PAGE_SIZE_MAX,
                value=page_size,
            )
        self.limit = page_size or PAGE_SIZE_DEFAULT
        self._filters = filters
        after = None
        if len(page_token) <= MAX_PAGE_TOKEN_CHARS:
            after = read_page_token(page_token, filters)
        if after is None:
            raise malformed("page_token", "the page token does not belong to this list")
        self.after = after

    def token(self, after: str) -> str:
        """The token of the page that begins after this entry; "" where there is none."""
        return write_page_token(after, self._filters)
