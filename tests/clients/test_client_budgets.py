"""Budgets through the client: asking, moving, reading, watching, and a server that is away."""

from __future__ import annotations

import asyncio
import datetime
import inspect
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import pytest

from engine.book import Book
from engine.effects import Verdict as EngineVerdict
from server.status import CallRefused
from tests.server import conftest
from tests.server.budget_book import DEPARTMENT, HOURS, ROOT, TRAVEL, budget_book, claim
from tests.server.conftest import PATIENCE, RunningServer, Serve
from tongpin.v1 import budget_pb2
from tongpin_client import (
    Act,
    AsyncBudgetClient,
    AsyncClient,
    BudgetClient,
    BudgetOptions,
    Client,
    Control,
    DecisionFilter,
    Demand,
    Language,
    Override,
    RetryPolicy,
    Status,
    TongpinRpcError,
    Verdict,
)

serve = conftest.serve  # fixture of the service's tests

DAY = BudgetOptions(date=datetime.date(2026, 5, 4))
ENGLISH = BudgetOptions(date=datetime.date(2026, 5, 4), language=Language.ENGLISH)
NO_RETRY = RetryPolicy(attempts=1)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    opened = budget_book(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def server(book: Book, serve: Serve) -> RunningServer:
    return serve(book)


@pytest.fixture
def client(server: RunningServer) -> Iterator[Client]:
    with Client(server.address) as connected:
        yield connected


# ---------------------------------------------------------------- asking


def test_check_is_read_with_decimals(client: Client) -> None:
    check = client.budgets.check(Demand(TRAVEL, Decimal("300.00")), DAY)
    assert (check.fits, check.is_checked) == (True, True)
    travel, department = check.verdicts
    assert (travel.node, travel.verdict, travel.verdict.stops) == (TRAVEL, Verdict.PASS, False)
    assert (travel.requested, travel.available) == (Decimal("300.00"), Decimal("1000.00"))
    assert (travel.headroom, travel.shortfall) == (Decimal("700.00"), Decimal(0))
    assert (department.headroom, department.counts) == (Decimal("1200.00"), "CNY")


def test_refused_check_has_the_sentence_in_the_language_asked_for(client: Client) -> None:
    demands = [Demand(TRAVEL, "600.00", Act.COMMIT), Demand(TRAVEL, 500, Act.SPEND)]
    check = client.budgets.check(demands, ENGLISH)
    assert not check.fits
    assert check.sentence == (
        "The budget for 差旅费 is short by 100.00 CNY: 部门费用[市场部, 差旅费] 2026-05 has "
        "400.00 CNY left, this needs 500.00 CNY. dept_head can approve the excess, giving a reason."
    )
    assert [one.status for one in check.results] == [Status.NO_POSTING, Status.REJECTED_BUDGET]
    assert check.verdicts[2].verdict.stops


def test_draft_events_are_checked(client: Client) -> None:
    check = client.budgets.check_events(claim("1", "300.00"))
    assert (check.fits, check.results[0].status) == (True, Status.POSTED)
    assert check.results[0].budget == check.verdicts
    check = client.budgets.check_events([claim("1", "2000.00")], language=Language.ENGLISH)
    assert check.sentence.startswith("The budget for 差旅费 is short by 1,000.00 CNY")


@pytest.mark.parametrize(
    ("unavailable", "language", "fits", "verdict", "sentence"),
    [
        ("closed", Language.CHINESE, False, Verdict.BLOCK,
         "暂时无法校验预算,本次不予放行;请稍后再试。"),
        ("closed", Language.ENGLISH, False, Verdict.BLOCK,
         "The budget cannot be checked at the moment, so this does not pass; try again later."),
        ("open_marked", Language.DECLARED, True, Verdict.UNCHECKED,
         "暂时无法校验预算,本次已放行并标记,须事后核对。"),
        ("open_marked", Language.ENGLISH, True, Verdict.UNCHECKED,
         "The budget cannot be checked at the moment; this passes, marked for a later look."),
    ],
)  # fmt: skip
def test_check_that_cannot_be_made_is_marked(
    unavailable: str, language: Language, fits: bool, verdict: Verdict, sentence: str
) -> None:
    options = BudgetOptions(language=language)
    with Client("127.0.0.1:1", retry=NO_RETRY) as away:
        check = away.budgets.check(
            [Demand(TRAVEL, "1"), Demand(HOURS, "2")], options, unavailable=unavailable, timeout=1
        )
        drafts = away.budgets.check_events(
            claim("1", "1.00"), language=language, unavailable=unavailable, timeout=1
        )
    for answer in (check, drafts):
        assert (answer.fits, answer.is_checked, answer.sentence) == (fits, False, sentence)
        assert {one.verdict for one in answer.verdicts} == {verdict}
        assert {one.reason for one in answer.verdicts} <= {"UNAVAILABLE", "DEADLINE_EXCEEDED"}
        assert answer.results == ()
    assert [one.node for one in check.verdicts] == [TRAVEL, HOURS]


def test_check_raises_unless_told_what_to_answer() -> None:
    with Client("127.0.0.1:1", retry=NO_RETRY) as away, pytest.raises(TongpinRpcError):
        away.budgets.check(Demand(TRAVEL, "1"), timeout=1)


def test_wrong_question_is_no_missing_answer(client: Client) -> None:
    """What the caller did wrong is raised, never let pass as not checked."""
    with pytest.raises(TongpinRpcError) as caught:
        client.budgets.check(Demand("", "1"), unavailable="open_marked")
    assert caught.value.code is grpc.StatusCode.INVALID_ARGUMENT
    with pytest.raises(ValueError, match="open"):
        client.budgets.check(Demand(TRAVEL, "1"), unavailable="open")
    with pytest.raises(TypeError, match=r"0\.1 is no amount"):
        client.budgets.check(Demand(TRAVEL, 0.1))  # type: ignore[arg-type]


def test_slow_server_counts_as_unavailable_after_the_time_given(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = threading.Event()
    monkeypatch.setattr(server.book, "dry_run", lambda call: held.wait(PATIENCE))
    with Client(server.address) as client:
        check = client.budgets.check(Demand(TRAVEL, "1"), DAY, unavailable="closed", timeout=0.2)
    held.set()
    assert (check.fits, check.verdicts[0].reason) == (False, "DEADLINE_EXCEEDED")


# ---------------------------------------------------------------- moving


def test_calls_move_the_figures(client: Client) -> None:
    budgets = client.budgets
    reserved = budgets.reserve(TRAVEL, "300.00", reference="PR-1", options=DAY)
    assert (reserved.is_granted, reserved.reference) == (True, "PR-1")
    assert [one.verdict for one in reserved.verdicts] == [Verdict.PASS, Verdict.PASS]
    assert budgets.commit(reference="PR-1", options=DAY).is_granted
    node = budgets.node(TRAVEL)
    assert (node.amount, node.reserved, node.committed) == (1000, 0, 300)
    assert budgets.spend(TRAVEL, "250.00", reference="PR-1", options=DAY).is_granted
    assert budgets.release("PR-1", amount="20.00", options=DAY).is_granted
    node = budgets.node(TRAVEL)
    assert (node.committed, node.actual, node.available) == (30, 250, 720)
    assert (node.control, node.override_role, node.is_limited) == (Control.BLOCK, "dept_head", True)


def test_refused_reservation_is_an_answer(client: Client) -> None:
    answer = client.budgets.reserve(TRAVEL, "1200.00", options=ENGLISH)
    assert not answer.is_granted
    assert (answer.result.status, answer.reference) == (Status.REJECTED_BUDGET, "")
    assert answer.sentence.startswith("The budget for 差旅费 is short by 200.00 CNY")
    again = BudgetOptions(date=DAY.date, language=Language.ENGLISH, attempt_id=answer.attempt_id)
    repeated = client.budgets.reserve(TRAVEL, "1200.00", options=again)
    assert repeated.result.replayed
    assert (repeated.sentence, repeated.verdicts) == (answer.sentence, answer.verdicts)


def test_override_is_kept_with_role_person_and_reason(client: Client) -> None:
    options = BudgetOptions(
        date=DAY.date, actor="王五", override=Override("dept_head", "客户紧急拜访")
    )
    answer = client.budgets.reserve(TRAVEL, "1200.00", options=options)
    assert answer.is_granted
    (decision,) = client.budgets.decisions(DecisionFilter(verdicts=[Verdict.OVERRIDE]))
    told = decision.verdict
    assert (told.role, told.person, told.reason) == ("dept_head", "王五", "客户紧急拜访")
    assert (decision.event_id, decision.event_type) == (answer.attempt_id, "budget.reserved")


def test_soft_hold_is_made_and_extended(client: Client) -> None:
    budgets = client.budgets
    budgets.reserve(
        TRAVEL, "5.00", reference="R", group="trip", options=DAY,
        expiry=datetime.timedelta(minutes=10),
    )  # fmt: skip
    (before,) = budgets.reservations(TRAVEL)
    until = datetime.datetime(2031, 1, 1, tzinfo=datetime.UTC)
    assert budgets.extend(group="trip", expiry=until).is_granted
    (after,) = budgets.reservations(TRAVEL)
    assert before.expire_time < after.expire_time == "2031-01-01T00:00:00.000000Z"
    assert (after.reference, after.group, after.reserved_minor) == ("R", "trip", 500)
    with pytest.raises(ValueError, match="time zone"):
        budgets.extend("R", expiry=datetime.datetime(2031, 1, 1))  # noqa: DTZ001 - the slip
    with pytest.raises(ValueError, match="either a reference or a group"):
        budgets.release("R", group="trip")


def test_lists_are_read_page_by_page(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tongpin_client.budget_queries._PAGE_SIZE", 2)
    assert [node.node for node in client.budgets.nodes()] == [
        ROOT, TRAVEL, DEPARTMENT, HOURS, "hours[]"
    ]  # fmt: skip
    assert [node.node for node in client.budgets.nodes(top_node=DEPARTMENT)] == [TRAVEL, DEPARTMENT]
    for number in range(3):
        client.budgets.reserve(TRAVEL, "1.00", reference=f"R{number}", options=DAY)
    assert [one.reference for one in client.budgets.reservations(ROOT)] == ["R0", "R1", "R2"]
    assert len(list(client.budgets.decisions())) == 6
    assert len(list(client.budgets.decisions(DecisionFilter(node=TRAVEL)))) == 3


# ---------------------------------------------------------------- watching


def test_watch_follows_what_the_client_itself_does(client: Client) -> None:
    updates = client.budgets.watch([TRAVEL])
    assert next(updates).nodes[0].reserved == 0
    client.budgets.reserve(TRAVEL, "30.00", options=DAY)
    update = next(updates)
    assert (update.nodes[0].reserved, update.seq) == (30, client.seq)
    updates.close()


def test_watch_goes_on_after_the_server_was_away(book: Book, serve: Serve) -> None:
    first = serve(book)
    port = first.service.port
    patient = RetryPolicy(reconnects=50, first_delay=0.05, most_delay=0.1)
    with Client(first.address, retry=patient) as client:
        updates = client.budgets.watch(budgets=["hours"])
        assert len(next(updates).nodes) == 2
        first.run(first.service.stop(5))
        config = {"data": first.config.data}
        second = RunningServer(
            book, first.config.model_copy(update={**config, "listen": f"127.0.0.1:{port}"}), None
        )
        try:
            assert len(next(updates).nodes) == 2
        finally:
            updates.close()
            second.stop()


def test_refused_watch_is_raised(client: Client) -> None:
    with pytest.raises(TongpinRpcError) as caught:
        next(client.budgets.watch(["hours[P1]"]))
    assert caught.value.reason == "NOT_FOUND"


# ---------------------------------------------------------------- asyncio


def test_async_client_does_the_same(server: RunningServer) -> None:
    async def run() -> None:
        async with AsyncClient(server.address) as client:
            budgets = client.budgets
            updates = budgets.watch([TRAVEL])
            assert (await anext(updates)).nodes[0].reserved == 0
            assert (await budgets.check(Demand(TRAVEL, "10.00"), DAY)).fits
            assert (await budgets.check_events(claim("1", "10.00"))).fits
            answer = await budgets.reserve(TRAVEL, "10.00", reference="R", options=DAY)
            assert answer.is_granted
            assert (await anext(updates)).nodes[0].reserved == 10
            assert (await budgets.commit(reference="R", options=DAY)).is_granted
            assert (await budgets.spend(reference="R", amount="4", options=DAY)).is_granted
            assert (await budgets.release("R")).is_granted
            assert (await budgets.node(TRAVEL)).actual == 4
            assert [node.node async for node in budgets.nodes("hours")] == [HOURS, "hours[]"]
            assert [one async for one in budgets.reservations(TRAVEL)] == []
            assert len([one async for one in budgets.decisions()]) == 6
            await updates.aclose()
        away = AsyncClient("127.0.0.1:1", retry=NO_RETRY)
        check = await away.budgets.check(Demand(TRAVEL, "1"), unavailable="open_marked", timeout=1)
        assert (check.is_checked, check.verdicts[0].verdict) == (False, Verdict.UNCHECKED)
        await away.close()

    asyncio.run(run())


def test_both_clients_have_the_same_calls() -> None:
    def calls(kind: type) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(call).parameters)
            for name, call in inspect.getmembers(kind, inspect.isfunction)
            if not name.startswith("_")
        }

    assert calls(BudgetClient) == calls(AsyncBudgetClient)


def test_verdicts_are_those_of_engine_and_wire() -> None:
    wire = {
        name.removeprefix("VERDICT_"): number
        for name, number in budget_pb2.Verdict.items()
        if number
    }
    assert {verdict.name: int(verdict) for verdict in Verdict} == wire
    assert {verdict.name: int(verdict) for verdict in EngineVerdict} == wire


def test_overloaded_server_counts_as_not_checked(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise CallRefused(grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", "full")

    monkeypatch.setattr(server.book, "dry_run", full)
    with Client(server.address, retry=NO_RETRY) as client:
        check = client.budgets.check(Demand(TRAVEL, "1"), DAY, unavailable="open_marked")
    assert (check.is_checked, check.verdicts[0].reason) == (False, "OVERLOADED")
