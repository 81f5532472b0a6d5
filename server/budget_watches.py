"""Watches of budgets: one look at the figures after a commit serves every watch that is open.

A watch keeps what is new since its reader took the last answer, at most one figure a node, so that
a slow reader costs no more than a quick one and gets the newest figures only.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from engine.book import Book
from engine.calls import BudgetNodeView
from server.committer import Committer
from server.limits import (
    MAX_OPEN_WATCHES,
    MAX_WATCHED_NODES,
    STREAM_PRINCIPAL_CHECK_SECONDS,
    WATCH_INTERVAL_SECONDS,
    WATCH_REST_FACTOR,
)
from server.metrics import ServiceMetrics
from server.principals import Authenticator, NotAuthenticated, Principal
from server.reading import Reader
from server.status import draining, limit_exceeded, overloaded

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Watched:
    """What a watch follows: nodes by canonical name, budgets by wire name."""

    nodes: frozenset[str]
    budgets: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Look:
    """The figures of everything watched, at a position of the book or later."""

    seq: int
    nodes: dict[str, BudgetNodeView]
    of_budget: dict[str, Sequence[str]]


class Watch:
    """One open watch: what its reader has not been sent yet."""

    def __init__(self, watched: Watched) -> None:
        """Follows these nodes and budgets."""
        self.watched = watched
        self._known: dict[str, BudgetNodeView] = {}
        self._pending: dict[str, BudgetNodeView] = {}
        self._seq = -1
        self._is_first = True
        self._error: Exception | None = None
        self._news = asyncio.Event()

    def offer(self, look: _Look) -> None:
        """Takes what is new to this watch out of a look; looks come in order."""
        names = set(self.watched.nodes)
        for budget in self.watched.budgets:
            names.update(look.of_budget.get(budget, ()))
        if len(names) > MAX_WATCHED_NODES:
            self.fail(too_many_nodes(len(names)))
            return
        for name in names:
            view = look.nodes.get(name)
            if view is not None and self._known.get(name) != view:
                self._known[name] = self._pending[name] = view
        self._seq = look.seq
        if self._pending or self._is_first:
            self._news.set()

    def fail(self, error: Exception) -> None:
        """Ends the watch with an error, what is pending left out."""
        self._error = self._error or error
        self._news.set()

    async def take(self) -> tuple[list[BudgetNodeView], int]:
        """Waits for news and gives it: the nodes by name, and the position they stand at.

        Raises:
            Exception: what the watch failed with.
        """
        await self._news.wait()
        if self._error is not None:
            raise self._error
        self._news.clear()
        self._is_first = False
        taken, self._pending = self._pending, {}
        return [taken[name] for name in sorted(taken)], self._seq

    @property
    def has_failed(self) -> bool:
        """Whether it has ended with an error."""
        return self._error is not None


class BudgetWatches:
    """All open watches, and the task that looks at the figures for them."""

    def __init__(
        self,
        book: Book,
        committer: Committer,
        reader: Reader,
        authenticator: Authenticator,
        metrics: ServiceMetrics,
    ) -> None:
        """Watches this book; the committer tells when it has moved on."""
        self._book = book
        self._committer = committer
        self._reader = reader
        self._authenticator = authenticator
        self._metrics = metrics
        self._open: set[Watch] = set()
        self._joined = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._is_draining = False

    def open(self, watched: Watched) -> Watch:
        """Opens a watch, whose first news are all its figures.

        Raises:
            CallRefused: the server is stopping, or as many watches are open as may be.
        """
        if self._is_draining:
            raise draining()
        if len(self._open) >= MAX_OPEN_WATCHES:
            raise overloaded(f"at most {MAX_OPEN_WATCHES} watches are open at once")
        watch = Watch(watched)
        self._open.add(watch)
        self._metrics.open_watches.set(len(self._open))
        self._joined.set()
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_on())
        return watch

    def close(self, watch: Watch) -> None:
        """Forgets a watch."""
        self._open.discard(watch)
        self._metrics.open_watches.set(len(self._open))
        self._joined.set()  # the task ends where it was the last

    def drain(self) -> None:
        """Ends every watch; the server is stopping."""
        self._is_draining = True
        for watch in self._open:
            watch.fail(draining())
        if self._looking is not None:
            self._looking.cancel()

    async def guard(self, watch: Watch, principal: Principal) -> None:
        """Fails a watch once its caller's token is no longer good; runs beside it."""
        while not watch.has_failed:
            await asyncio.sleep(STREAM_PRINCIPAL_CHECK_SECONDS)
            if not self._authenticator.is_current(principal):
                watch.fail(NotAuthenticated("the token has expired or was revoked"))

    # ------------------------------------------------------------ looking

    async def _look_on(self) -> None:
        """Looks after each commit, or less often where looking takes long."""
        try:
            while self._open:
                started = time.perf_counter()
                look = await self._look()
                spent = time.perf_counter() - started
                await asyncio.sleep(max(WATCH_INTERVAL_SECONDS, WATCH_REST_FACTOR * spent))
                while self._open and self._book.seq <= look.seq and not self._joined.is_set():
                    await self._wait()
        except Exception as error:
            # Whatever the cause, nobody must wait for news that no longer come.
            log.error("watching failed", problem=repr(error), exc_info=error)
            for watch in self._open:
                watch.fail(error)

    async def _wait(self) -> None:
        joined: asyncio.Future[Any] = asyncio.ensure_future(self._joined.wait())
        moved: asyncio.Future[Any] = self._committer.next_progress()
        try:
            await asyncio.wait({joined, moved}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            joined.cancel()

    async def _look(self) -> _Look:
        self._joined.clear()
        # Those that join while we look are served by the next look, so that none gets figures
        # from before it asked.
        present = [watch for watch in self._open if not watch.has_failed]
        nodes = frozenset[str]().union(*(watch.watched.nodes for watch in present))
        budgets = frozenset[str]().union(*(watch.watched.budgets for watch in present))
        look = await self._reader.run(partial(_read, self._book, nodes, budgets))
        for watch in present:
            watch.offer(look)
        return look


def too_many_nodes(count: int) -> Exception:
    """The refusal of a watch of more nodes than one may follow."""
    return limit_exceeded(
        "nodes",
        f"a watch follows at most {MAX_WATCHED_NODES} nodes; name fewer, or open several",
        limit=MAX_WATCHED_NODES,
        value=count,
    )


def _read(book: Book, nodes: Iterable[str], budgets: Iterable[str]) -> _Look:
    """Figures of the nodes, and of one node more than a watch may follow of each budget."""
    seq = book.seq
    found: dict[str, BudgetNodeView] = {}
    of_budget: dict[str, Sequence[str]] = {}
    for budget in budgets:
        views, _ = book.budget_nodes(budget=budget, limit=MAX_WATCHED_NODES + 1)
        of_budget[budget] = [view.node for view in views]
        found.update((view.node, view) for view in views)
    for node in nodes:
        if node not in found:
            found[node] = book.budget_node(node)
    return _Look(seq, found, of_budget)
