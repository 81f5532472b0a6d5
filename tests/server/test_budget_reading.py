"""BudgetService: what is read back, and what is said to a request that is at fault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from engine.book import Book
from engine.calls import BUDGET_RESERVED
from tests.server.budget_book import DEPARTMENT, ROOT, TRAVEL, Stub, asked, budget_book, reserve
from tests.server.conftest import Serve
from tests.server.wire import info_of, statuses
from tongpin.v1 import budget_pb2
from tongpin.v1 import budget_service_pb2 as pb

PASS, BLOCK = budget_pb2.VERDICT_PASS, budget_pb2.VERDICT_BLOCK


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    opened = budget_book(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def stub(book: Book, serve: Serve) -> Stub:
    return serve(book).budgets()


# ---------------------------------------------------------------- reading


def test_node_is_read_whole_by_name_and_by_path(stub: Stub) -> None:
    by_name = stub.GetBudget(pb.GetBudgetRequest(node=TRAVEL)).node
    by_path = stub.GetBudget(pb.GetBudgetRequest(node="dept_expense/市场部/差旅费/2026-05")).node
    assert by_name == by_path
    assert (by_name.budget, by_name.budget_name) == ("dept_expense", "部门费用")
    assert (list(by_name.path), by_name.period) == (["市场部", "差旅费"], "2026-05")
    assert (by_name.parent, by_name.is_limited, by_name.version) == (DEPARTMENT, True, "V1")
    assert (by_name.counts, by_name.scale, by_name.override_role) == ("CNY", 2, "dept_head")
    assert by_name.control == budget_pb2.BUDGET_CONTROL_BLOCK
    root = stub.GetBudget(pb.GetBudgetRequest(node=ROOT)).node
    assert (root.is_limited, root.parent, root.available_minor) == (False, "", 0)


def test_lists_are_paged_and_limited(stub: Stub) -> None:
    request = pb.ListBudgetsRequest(budget="dept_expense", page_size=2)
    first = stub.ListBudgets(request)
    request.page_token = first.next_page_token
    rest = stub.ListBudgets(request)
    assert [node.node for node in [*first.nodes, *rest.nodes]] == [ROOT, TRAVEL, DEPARTMENT]
    assert rest.next_page_token == ""
    below = stub.ListBudgets(pb.ListBudgetsRequest(top_node=DEPARTMENT))
    assert [node.node for node in below.nodes] == [TRAVEL, DEPARTMENT]
    assert not stub.ListBudgets(pb.ListBudgetsRequest(period="2026-06")).nodes
    for number in range(3):
        stub.ReserveBudget(reserve("1.00", reference=f"R{number}"))
    request = pb.GetBudgetRequest(node=DEPARTMENT, page_size=2)
    page = stub.GetBudget(request)
    assert [one.reference for one in page.reservations] == ["R0", "R1"]
    request.page_token = page.next_page_token
    assert [one.reference for one in stub.GetBudget(request).reservations] == ["R2"]


def test_decisions_are_listed_by_what_is_asked(stub: Stub) -> None:
    stub.ReserveBudget(reserve("800.00", attempt_id="a"))
    stub.ReserveBudget(reserve("800.00", attempt_id="b"))
    request = pb.ListBudgetDecisionsRequest(page_size=3)
    first = stub.ListBudgetDecisions(request)
    request.page_token = first.next_page_token
    rest = stub.ListBudgetDecisions(request)
    assert [
        (one.event_id, one.verdict.node, one.verdict.verdict)
        for one in [*first.decisions, *rest.decisions]
    ] == [
        ("a", TRAVEL, PASS),
        ("a", DEPARTMENT, PASS),
        ("b", TRAVEL, BLOCK),
        ("b", DEPARTMENT, BLOCK),
    ]
    blocked = pb.ListBudgetDecisionsRequest(node=TRAVEL, verdicts=[BLOCK])
    (decision,) = stub.ListBudgetDecisions(blocked).decisions
    assert (decision.event_type, decision.source, decision.rule) == (BUDGET_RESERVED, "tongpin", "")
    assert (decision.verdict.shortfall_minor, decision.verdict.counts) == (60_000, "CNY")
    assert decision.seal_time.endswith("Z")
    mine = pb.ListBudgetDecisionsRequest(source="tongpin", event_id="a")
    assert len(stub.ListBudgetDecisions(mine).decisions) == 2
    request = pb.ListBudgetDecisionsRequest(node=TRAVEL, page_token=first.next_page_token)
    with pytest.raises(grpc.RpcError) as caught:
        stub.ListBudgetDecisions(request)
    assert info_of(caught.value).metadata["field"] == "page_token"


def test_reads_wait_for_the_position_asked_for(stub: Stub, book: Book) -> None:
    for call, request in (
        (stub.GetBudget, pb.GetBudgetRequest(node=TRAVEL, min_seq=book.seq)),
        (stub.ListBudgets, pb.ListBudgetsRequest(min_seq=book.seq)),
        (stub.ListBudgetDecisions, pb.ListBudgetDecisionsRequest(min_seq=book.seq)),
    ):
        assert call(request).seq >= book.seq


# ---------------------------------------------------------------- bad requests


@pytest.mark.parametrize(
    ("call", "request_", "field"),
    [
        ("CheckBudget", pb.CheckBudgetRequest(), "question"),
        ("CheckBudget", pb.CheckBudgetRequest(demands=pb.BudgetDemands()), "demands.demands"),
        ("CheckBudget", asked((TRAVEL, "")), "demands.demands[0].amount"),
        ("CheckBudget", asked(("", "1")), "demands.demands[0].node"),
        ("CheckBudget", asked(*[(TRAVEL, "1")] * 101), "demands.demands"),
        ("CheckBudget", asked((TRAVEL, "1"), language=9), "language"),
        ("ReserveBudget", reserve("1.00", node=""), "node"),
        ("ReserveBudget", reserve(""), "amount"),
        ("ReserveBudget", reserve("1", node="x" * 1_025), "node"),
        ("ReserveBudget", reserve("1", expire_after_seconds=0), "expire_after_seconds"),
        ("ReserveBudget", reserve("1", override=pb.BudgetOverride(role="r")), "override.reason"),
        ("ReserveBudget", reserve("1", override=pb.BudgetOverride(reason="r")), "override.role"),
        ("ReserveBudget", reserve("1", attempt_id="x" * 65), "attempt_id"),
        ("CommitBudget", pb.CommitBudgetRequest(amount="1"), "node"),
        ("SpendBudget", pb.SpendBudgetRequest(node=TRAVEL), "amount"),
        ("ReleaseBudget", pb.ReleaseBudgetRequest(), "holder"),
        ("ReleaseBudget", pb.ReleaseBudgetRequest(group="g", amount="1"), "amount"),
        ("ExtendReservation", pb.ExtendReservationRequest(reference="r"), "expiry"),
        ("GetBudget", pb.GetBudgetRequest(), "node"),
        ("ListBudgets", pb.ListBudgetsRequest(page_size=1_001), "page_size"),
        ("ListBudgetDecisions", pb.ListBudgetDecisionsRequest(verdicts=[0]), "verdicts"),
    ],
)  # fmt: skip
def test_bad_requests_name_their_field(stub: Stub, call: str, request_: Any, field: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        getattr(stub, call)(request_)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert info_of(caught.value).metadata["field"] == field


@pytest.mark.parametrize(
    ("request_", "reason", "words"),
    [
        (reserve("1.001"), "INVALID_FIELD", "more than 2 decimals"),
        (reserve("1", node="a/b/c/d"), "UNKNOWN_NODE", "has 4 keys"),
        (reserve("1", node="x[a]@2026-05"), "UNKNOWN_NODE", "names no budget"),
        (reserve("1", expire_time="tomorrow"), "INVALID_FIELD", "expires_at is written"),
    ],
)
def test_what_the_book_cannot_carry_out_is_answered_with_the_reason(
    stub: Stub, request_: pb.ReserveBudgetRequest, reason: str, words: str
) -> None:
    result = stub.ReserveBudget(request_).result
    assert (statuses([result]), result.reason) == (["REJECTED_RULE"], reason)
    assert words in result.message


def test_unknown_node_is_not_found(stub: Stub) -> None:
    for call in (
        lambda: stub.GetBudget(pb.GetBudgetRequest(node="dept_expense[无]@2026-05")),
        lambda: stub.ListBudgetDecisions(pb.ListBudgetDecisionsRequest(node="nothing[]")),
        lambda: next(stub.WatchBudget(pb.WatchBudgetRequest(nodes=["hours[P1]"]))),
        lambda: next(stub.WatchBudget(pb.WatchBudgetRequest(budgets=["travel"]))),
    ):
        with pytest.raises(grpc.RpcError) as caught:
            call()
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND
