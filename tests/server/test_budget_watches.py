"""WatchBudget: the figures now, then what changes; slow readers, limits, tokens, the end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from engine.book import Book
from engine.calls import BUDGET_APPROVED, BudgetNodeView
from server import budget_watches
from server.budget_watches import Watch, Watched, _Look
from server.principals import add_token, revoke_token
from server.status import draining
from tests.server.budget_book import DAY, DEPARTMENT, HOURS, ROOT, TRAVEL, budget_book
from tests.server.conftest import PATIENCE, RunningServer, Serve
from tests.server.wire import info_of, post, reason_of
from tongpin.v1 import budget_service_pb2 as pb


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    opened = budget_book(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def server(book: Book, serve: Serve) -> RunningServer:
    return serve(book)


def watch(server: RunningServer, *nodes: str, **fields: Any) -> Any:
    request = pb.WatchBudgetRequest(nodes=nodes, **fields)
    return server.budgets().WatchBudget(request, timeout=PATIENCE)


def reserve(server: RunningServer, amount: str, node: str = TRAVEL, **fields: Any) -> int:
    request = pb.ReserveBudgetRequest(node=node, amount=amount, date=DAY, **fields)
    return server.budgets().ReserveBudget(request).seq


def reserved(update: pb.WatchBudgetResponse) -> dict[str, int]:
    return {node.node: node.reserved_minor for node in update.nodes}


# ---------------------------------------------------------------- what is sent


def test_first_everything_then_what_changed(server: RunningServer, book: Book) -> None:
    updates = watch(server, TRAVEL, HOURS)
    first = next(updates)
    assert (reserved(first), first.seq) == ({TRAVEL: 0, HOURS: 0}, book.seq)
    seq = reserve(server, "300.00")
    second = next(updates)
    assert (reserved(second), second.seq) == ({TRAVEL: 30_000}, seq)
    assert second.nodes[0].budget_name == "部门费用"
    reserve(server, "2.5", HOURS)
    assert reserved(next(updates)) == {HOURS: 25}
    updates.cancel()


def test_watched_by_path_a_node_is_told_by_name(server: RunningServer) -> None:
    updates = watch(server, "市场部/2026-05")
    assert reserved(next(updates)) == {DEPARTMENT: 0}
    reserve(server, "1.00")
    assert reserved(next(updates)) == {DEPARTMENT: 100}
    updates.cancel()


def test_whole_budget_is_watched_with_nodes_made_later(server: RunningServer) -> None:
    updates = watch(server, budgets=["dept_expense"])
    assert set(reserved(next(updates))) == {ROOT, DEPARTMENT, TRAVEL}
    approval = {
        "id": "a", "type": BUDGET_APPROVED, "date": DAY,
        "lines": [{"node": "研发部/2026-05", "amount": "10.00"}],
    }  # fmt: skip
    server.posting().PostEvents(post(approval))
    (made,) = next(updates).nodes
    assert (made.node, made.budget_minor) == ("dept_expense[研发部]@2026-05", 1_000)
    updates.cancel()


def test_refused_demands_are_no_news(server: RunningServer) -> None:
    updates = watch(server, TRAVEL)
    next(updates)
    reserve(server, "9999.00")
    reserve(server, "1.00")
    assert reserved(next(updates)) == {TRAVEL: 100}
    updates.cancel()


def test_answer_stands_at_the_position_asked_for(server: RunningServer, book: Book) -> None:
    later = book.seq + 1
    found: list[pb.WatchBudgetResponse] = []
    waiting = threading.Thread(
        target=lambda: found.append(next(watch(server, TRAVEL, min_seq=later)))
    )
    waiting.start()
    reserve(server, "5.00")
    waiting.join(PATIENCE)
    assert (reserved(found[0]), found[0].seq) == ({TRAVEL: 500}, later)


@pytest.mark.slow
def test_watchers_never_see_a_figure_go_back(server: RunningServer) -> None:
    """Reservations only grow here, and each watcher ends at the sum of them all."""
    seen: list[list[int]] = [[] for _ in range(8)]

    def follow(number: int) -> None:
        updates = watch(server, TRAVEL)
        for update in updates:
            seen[number].append(update.nodes[0].reserved_minor)
            if seen[number][-1] == 20_000:
                updates.cancel()
                return

    threads = [threading.Thread(target=follow, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(200):
        reserve(server, "1.00")
    for thread in threads:
        thread.join(PATIENCE)
    for figures in seen:
        assert figures == sorted(set(figures))
        assert figures[-1] == 20_000


# ---------------------------------------------------------------- one watch


def view(amount: int, node: str = TRAVEL) -> BudgetNodeView:
    known = BudgetNodeView(
        node, "dept_expense", ("市场部", "差旅费"), "2026-05", DEPARTMENT, True,
        0, 0, 0, 0, 0, 2, "CNY", "block", "V1", False,
    )  # fmt: skip
    return replace(known, reserved=amount)


def test_slow_reader_gets_the_newest_figures_only() -> None:
    async def run() -> None:
        follow = Watch(Watched(frozenset({TRAVEL, HOURS}), frozenset()))
        for seq in range(1_000):
            follow.offer(_Look(seq, {TRAVEL: view(seq), HOURS: view(7, HOURS)}, {}))
        nodes, seq = await follow.take()
        assert [(node.node, node.reserved) for node in nodes] == [(TRAVEL, 999), (HOURS, 7)]
        assert seq == 999
        follow.offer(_Look(1_000, {TRAVEL: view(999), HOURS: view(7, HOURS)}, {}))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await follow.take()
        follow.fail(draining())
        with pytest.raises(Exception, match="stopping"):
            await follow.take()

    asyncio.run(run())


def test_watch_without_nodes_yet_still_answers_once() -> None:
    async def run() -> None:
        follow = Watch(Watched(frozenset(), frozenset({"hours"})))
        follow.offer(_Look(3, {}, {"hours": []}))
        assert await follow.take() == ([], 3)

    asyncio.run(run())


# ---------------------------------------------------------------- limits and ends


def test_watches_are_limited(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget_watches, "MAX_OPEN_WATCHES", 1)
    first = watch(server, TRAVEL)
    next(first)
    with pytest.raises(grpc.RpcError) as caught:
        next(watch(server, TRAVEL))
    assert reason_of(caught.value) == "OVERLOADED"
    first.cancel()


def test_nodes_of_a_watch_are_limited(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        next(watch(server, *[TRAVEL] * 1_001))
    assert info_of(caught.value).metadata["limit"] == "1000"
    monkeypatch.setattr(budget_watches, "MAX_WATCHED_NODES", 2)
    with pytest.raises(grpc.RpcError) as caught:
        next(watch(server, budgets=["dept_expense"]))
    assert reason_of(caught.value) == "LIMIT_EXCEEDED"
    with pytest.raises(grpc.RpcError) as caught:
        next(watch(server))
    assert reason_of(caught.value) == "MALFORMED_REQUEST"


def test_watch_ends_when_its_token_is_revoked(
    book: Book, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget_watches, "STREAM_PRINCIPAL_CHECK_SECONDS", 0.05)
    path = tmp_path / "tokens.jsonl"
    token = add_token(path, "board", ["auditor"])
    request = pb.WatchBudgetRequest(nodes=[TRAVEL])
    updates = (
        serve(book, token_file=path)
        .budgets()
        .WatchBudget(request, metadata=(("authorization", f"Bearer {token}"),), timeout=PATIENCE)
    )
    next(updates)
    revoke_token(path, "board")
    with pytest.raises(grpc.RpcError) as caught:
        next(updates)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_watches_end_when_the_server_stops(book: Book, serve: Serve) -> None:
    server = serve(book)
    updates = watch(server, TRAVEL)
    next(updates)
    server.run(server.service.stop(20))
    with pytest.raises(grpc.RpcError) as caught:
        next(updates)
    assert reason_of(caught.value) == "DRAINING"


def test_watch_that_is_left_is_forgotten(server: RunningServer) -> None:
    watches = server.service.watches
    updates = watch(server, TRAVEL)
    next(updates)
    updates.cancel()

    async def forgotten() -> int:
        async with asyncio.timeout(PATIENCE):
            while watches._open or not watches._looking.done():
                await asyncio.sleep(0.01)
        return len(watches._open)

    assert server.run(forgotten()) == 0
    assert reserved(next(watch(server, TRAVEL))) == {TRAVEL: 0}


def test_fault_while_looking_ends_the_watches_instead_of_leaving_them_waiting(
    server: RunningServer, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    updates = watch(server, TRAVEL)
    next(updates)

    def broken(name: str) -> None:
        raise RuntimeError("lost")

    with monkeypatch.context() as patched:
        patched.setattr(book, "budget_node", broken)
        reserve(server, "1.00")
        with pytest.raises(grpc.RpcError) as caught:
            next(updates)
        assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert reserved(next(watch(server, TRAVEL))) == {TRAVEL: 100}
