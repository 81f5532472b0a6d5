"""BudgetService over a real server: each call, what people read, retries, roles, many callers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from engine.book import Book
from engine.calls import BUDGET_APPROVED, BUDGET_RESERVED
from server.principals import add_token
from tests.server.budget_book import (
    DAY,
    DEPARTMENT,
    HOURS,
    ROOT,
    TRAVEL,
    Stub,
    asked,
    budget_book,
    claim,
    command,
    figures,
    reserve,
)
from tests.server.conftest import RunningServer, Serve
from tests.server.wire import info_of, json_batch, post, reason_of, statuses
from tongpin.v1 import budget_pb2
from tongpin.v1 import budget_service_pb2 as pb
from tongpin.v1 import posting_service_pb2 as posting_pb

ZH, EN = pb.LANGUAGE_ZH, pb.LANGUAGE_EN
PASS, WARN, BLOCK = budget_pb2.VERDICT_PASS, budget_pb2.VERDICT_WARN, budget_pb2.VERDICT_BLOCK


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    opened = budget_book(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def server(book: Book, serve: Serve) -> RunningServer:
    return serve(book)


@pytest.fixture
def stub(server: RunningServer) -> Stub:
    return server.budgets()


def verdicts(result: Any) -> list[tuple[str, int, int, int, int, int]]:
    return [
        (
            verdict.node,
            verdict.verdict,
            verdict.requested_minor,
            verdict.available_minor,
            verdict.headroom_minor,
            verdict.shortfall_minor,
        )
        for verdict in result.budget_verdicts
    ]


# ---------------------------------------------------------------- asking


def test_check_tells_every_node_and_stores_nothing(stub: Stub, book: Book) -> None:
    seq = book.seq
    answer = stub.CheckBudget(asked((TRAVEL, "300.00")))
    assert answer.fits
    assert verdicts(answer.results[0]) == [
        (TRAVEL, PASS, 30_000, 100_000, 70_000, 0),
        (DEPARTMENT, PASS, 30_000, 150_000, 120_000, 0),
    ]
    assert answer.sentence == (
        "差旅费预算足够:部门费用[市场部,差旅费] 2026-05 本次之后还可用 700.00 元。"
    )
    assert (answer.seq, book.seq) == (seq, seq)
    assert figures(stub, TRAVEL) == (100_000, 0, 0, 0, 100_000)


def test_refusal_is_read_in_chinese_and_in_english(stub: Stub) -> None:
    stub.ReserveBudget(reserve("800.00"))
    chinese = stub.CheckBudget(asked((TRAVEL, "300.00"), language=ZH))
    english = stub.CheckBudget(asked((TRAVEL, "300.00"), language=EN))
    assert chinese.sentence == (
        "差旅费预算不足:部门费用[市场部,差旅费] 2026-05 还可用 200.00 元,本次需要 300.00 元,"
        "差 100.00 元。可由 dept_head 说明理由后批准超支。"
    )
    assert english.sentence == (
        "The budget for 差旅费 is short by 100.00 CNY: 部门费用[市场部, 差旅费] 2026-05 has "
        "200.00 CNY left, this needs 300.00 CNY. dept_head can approve the excess, giving a reason."
    )
    # Declared in Chinese, so that Chinese is what nobody has to ask for.
    assert stub.CheckBudget(asked((TRAVEL, "300.00"))).sentence == chinese.sentence
    assert not chinese.fits
    assert statuses(chinese.results) == ["REJECTED_BUDGET"]
    assert chinese.results[0].reason == "BUDGET_EXCEEDED"
    assert verdicts(chinese.results[0])[0] == (TRAVEL, BLOCK, 30_000, 20_000, -10_000, 10_000)
    assert chinese.results[0].budget_verdicts[0].role == "dept_head"


def test_demands_of_one_check_add_up(stub: Stub) -> None:
    answer = stub.CheckBudget(asked((TRAVEL, "600.00"), (TRAVEL, "600.00"), (TRAVEL, "400.00")))
    assert statuses(answer.results) == ["NO_POSTING", "REJECTED_BUDGET", "NO_POSTING"]
    assert not answer.fits
    # The second was refused, so that the third finds 400.00.
    assert verdicts(answer.results[2])[0] == (TRAVEL, WARN, 40_000, 40_000, 0, 0)


def test_draft_event_is_checked_by_the_rules_in_force(stub: Stub, book: Book) -> None:
    seq = book.seq
    request = pb.CheckBudgetRequest(events=json_batch(claim("1", "950.00"), claim("2", "100.00")))
    answer = stub.CheckBudget(request)
    assert statuses(answer.results) == ["POSTED", "REJECTED_BUDGET"]
    assert verdicts(answer.results[0])[0] == (TRAVEL, WARN, 95_000, 100_000, 5_000, 0)
    assert verdicts(answer.results[1])[0] == (TRAVEL, BLOCK, 10_000, 5_000, -5_000, 5_000)
    assert answer.sentence.startswith(
        "差旅费预算不足:部门费用[市场部,差旅费] 2026-05 还可用 50.00 元"
    )
    assert book.seq == seq


def test_event_that_no_budget_concerns_says_nothing(stub: Stub) -> None:
    request = pb.CheckBudgetRequest(events=json_batch({"id": "1", "type": "gift", "date": DAY}))
    answer = stub.CheckBudget(request)
    assert (answer.fits, answer.sentence, statuses(answer.results)) == (False, "", ["UNPOSTED"])


def test_quantities_are_checked_with_their_unit(stub: Stub) -> None:
    answer = stub.CheckBudget(asked(("hours/P84", "12.5"), language=ZH))
    assert answer.sentence == (
        "P84 预算不足:工时[P84] 还可用 10.0 小时,本次需要 12.5 小时,差 2.5 小时。"
        "请减少金额,或先调整预算。"
    )
    (verdict,) = answer.results[0].budget_verdicts
    assert (verdict.counts, verdict.scale, verdict.requested_minor) == ("小时", 1, 125)


# ---------------------------------------------------------------- moving


def test_amount_goes_from_reserved_to_committed_to_actual(stub: Stub) -> None:
    reserved = stub.ReserveBudget(reserve("300.00", reference="PR-1"))
    assert (reserved.reference, statuses([reserved.result])) == ("PR-1", ["NO_POSTING"])
    assert figures(stub, TRAVEL) == (100_000, 30_000, 0, 0, 70_000)
    committed = stub.CommitBudget(
        pb.CommitBudgetRequest(node=TRAVEL, amount="250.00", reference="PR-1", date=DAY)
    )
    assert statuses([committed.result]) == ["NO_POSTING"]
    assert figures(stub, TRAVEL) == (100_000, 5_000, 25_000, 0, 70_000)
    stub.SpendBudget(pb.SpendBudgetRequest(reference="PR-1", amount="200.00", date=DAY))
    spent = figures(stub, TRAVEL)
    assert (spent[3], spent[1] + spent[2], spent[4]) == (20_000, 10_000, 70_000)
    stub.ReleaseBudget(pb.ReleaseBudgetRequest(reference="PR-1"))
    assert figures(stub, TRAVEL) == (100_000, 0, 0, 20_000, 80_000)
    assert figures(stub, DEPARTMENT) == (150_000, 0, 0, 20_000, 130_000)


def test_group_is_committed_and_released_as_a_whole(stub: Stub) -> None:
    for name, amount in (("A", "100.00"), ("B", "50.00")):
        stub.ReserveBudget(reserve(amount, reference=name, group="trip"))
    stub.CommitBudget(pb.CommitBudgetRequest(group="trip", date=DAY))
    assert figures(stub, TRAVEL) == (100_000, 0, 15_000, 0, 85_000)
    found = stub.GetBudget(pb.GetBudgetRequest(node=TRAVEL)).reservations
    assert [(one.reference, one.group, one.committed_minor) for one in found] == [
        ("A", "trip", 10_000),
        ("B", "trip", 5_000),
    ]
    stub.ReleaseBudget(pb.ReleaseBudgetRequest(group="trip"))
    assert figures(stub, TRAVEL) == (100_000, 0, 0, 0, 100_000)


def test_reserving_again_tops_up_and_a_nameless_one_is_named_by_its_attempt(stub: Stub) -> None:
    stub.ReserveBudget(reserve("100.00", reference="R"))
    stub.ReserveBudget(reserve("20.00", reference="R"))
    answer = stub.ReserveBudget(reserve("5.00", attempt_id="att-1"))
    assert answer.reference == "att-1"
    found = stub.GetBudget(pb.GetBudgetRequest(node=TRAVEL)).reservations
    assert {one.reference: one.reserved_minor for one in found} == {"R": 12_000, "att-1": 500}


def test_refused_reservation_leaves_nothing_on_any_node(stub: Stub) -> None:
    answer = stub.ReserveBudget(reserve("1000.01", language=EN))
    assert statuses([answer.result]) == ["REJECTED_BUDGET"]
    assert answer.reference == ""
    assert answer.sentence.startswith("The budget for 差旅费 is short by 0.01 CNY")
    for node in (TRAVEL, DEPARTMENT, ROOT):
        assert figures(stub, node)[1:4] == (0, 0, 0)


def test_same_attempt_gets_the_same_answer(stub: Stub) -> None:
    for amount in ("300.00", "2000.00"):
        request = reserve(amount, attempt_id=f"try-{amount}", reference="R", language=EN)
        first, again = stub.ReserveBudget(request), stub.ReserveBudget(request)
        assert again.result.replayed
        assert again.result.seq == first.result.seq
        assert list(again.result.budget_verdicts) == list(first.result.budget_verdicts)
        assert (again.sentence, again.reference) == (first.sentence, first.reference)
        assert again.result.status == first.result.status
    assert figures(stub, TRAVEL) == (100_000, 30_000, 0, 0, 70_000)


def test_posted_event_carries_what_budgets_said(server: RunningServer, stub: Stub) -> None:
    answer = server.posting().PostEvents(post(claim("1", "300.00"), claim("2", "800.00")))
    assert statuses(answer.results) == ["POSTED", "REJECTED_BUDGET"]
    assert verdicts(answer.results[0])[0] == (TRAVEL, PASS, 30_000, 100_000, 70_000, 0)
    assert verdicts(answer.results[1])[0] == (TRAVEL, BLOCK, 80_000, 70_000, -10_000, 10_000)
    assert figures(stub, TRAVEL) == (100_000, 0, 0, 30_000, 70_000)


def test_commands_and_calls_are_one_mechanism(server: RunningServer, stub: Stub) -> None:
    """A reservation sent as an event is released by a call."""
    event = {
        "id": "1", "type": BUDGET_RESERVED, "date": DAY, "node": TRAVEL, "amount": "70.00",
        "reference": "R",
    }  # fmt: skip
    assert statuses(server.posting().PostEvents(post(event)).results) == ["NO_POSTING"]
    assert figures(stub, TRAVEL)[1] == 7_000
    stub.ReleaseBudget(pb.ReleaseBudgetRequest(reference="R", amount="30.00"))
    assert figures(stub, TRAVEL)[1] == 4_000


# ---------------------------------------------------------------- overrides


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)


@pytest.mark.parametrize(
    ("budget_roles", "expected"),
    [
        (["dept_head"], "NO_POSTING"),
        (["*"], "NO_POSTING"),
        (["cfo"], "REJECTED_BUDGET"),
        ([], "REJECTED_BUDGET"),
    ],
)
def test_override_takes_a_principal_that_may_use_the_role(
    book: Book, serve: Serve, tmp_path: Path, budget_roles: list[str], expected: str
) -> None:
    path = tmp_path / "tokens.jsonl"
    metadata = bearer(add_token(path, "erp", ["budgeter"], budget_roles=budget_roles))
    stub = serve(book, token_file=path).budgets()
    override = pb.BudgetOverride(role="dept_head", reason="客户紧急拜访")
    request = reserve("1200.00", override=override, actor="王五")
    answer = stub.ReserveBudget(request, metadata=metadata)
    assert statuses([answer.result]) == [expected]
    if expected == "NO_POSTING":
        assert answer.sentence == (
            "差旅费预算超支 200.00 元,由 dept_head 王五 批准:部门费用[市场部,差旅费] 2026-05 "
            "还可用 1,000.00 元,本次需要 1,200.00 元。理由:客户紧急拜访。"
        )
        (decision,) = book.budget_decisions(person="王五")[0]
        assert (decision.principal, decision.verdict.excess) == ("erp", 20_000)


def test_override_in_an_event_takes_a_principal_that_may_vouch_for_it(
    book: Book, serve: Serve, tmp_path: Path
) -> None:
    path = tmp_path / "tokens.jsonl"
    plain = bearer(add_token(path, "crm", ["poster"]))
    trusted = bearer(add_token(path, "claims", ["poster"], budget_roles=["dept_head"]))
    stub = serve(book, token_file=path).posting()
    fields = {"actor_roles": "dept_head", "override_reason": "急"}
    refused = stub.PostEvents(post(claim("1", "1100.00", **fields)), metadata=plain)
    assert statuses(refused.results) == ["REJECTED_BUDGET"]
    stream = iter([
        posting_pb.StreamEventsRequest(stream_id="s"),
        posting_pb.StreamEventsRequest(offset=1, batch=json_batch(claim("1", "1100.00", **fields))),
    ])  # fmt: skip
    _, streamed = stub.StreamEvents(stream, metadata=plain, timeout=30)
    assert statuses(streamed.results) == ["REJECTED_BUDGET"]
    granted = stub.PostEvents(post(claim("1", "1100.00", **fields)), metadata=trusted)
    assert statuses(granted.results) == ["POSTED"]
    (verdict, _) = granted.results[0].budget_verdicts
    assert (verdict.verdict, verdict.role) == (budget_pb2.VERDICT_OVERRIDE, "dept_head")


def test_only_budgeters_move_budgets_and_approvers_set_them(
    book: Book, serve: Serve, tmp_path: Path
) -> None:
    path = tmp_path / "tokens.jsonl"
    tokens = {
        role: bearer(add_token(path, role, [role])) for role in ("poster", "budgeter", "auditor")
    }
    both = bearer(add_token(path, "both", ["poster", "budgeter"]))
    server = serve(book, token_file=path)
    stub = server.budgets()
    for role in ("poster", "auditor"):
        with pytest.raises(grpc.RpcError) as caught:
            stub.ReserveBudget(reserve("1.00"), metadata=tokens[role])
        assert reason_of(caught.value) == "ROLE_MISSING"
        assert stub.CheckBudget(asked((TRAVEL, "1.00")), metadata=tokens[role]).fits
    stub.ReserveBudget(reserve("1.00"), metadata=tokens["budgeter"])
    approval = {
        "id": "a", "type": BUDGET_APPROVED, "date": DAY,
        "lines": [{"node": TRAVEL, "amount": "9999.00"}],
    }  # fmt: skip
    draft = pb.CheckBudgetRequest(events=json_batch(approval))
    for call in (
        lambda: server.posting().PostEvents(post(approval), metadata=both),
        lambda: stub.CheckBudget(draft, metadata=both),
    ):
        with pytest.raises(grpc.RpcError) as caught:
            call()
        assert info_of(caught.value).metadata["roles"] == "approver"


# ---------------------------------------------------------------- soft holds


def in_seconds(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def test_soft_hold_ends_on_time_in_a_quiet_book(stub: Stub) -> None:
    """Nobody calls while the hold ends; the watch tells of it."""
    watch = stub.WatchBudget(pb.WatchBudgetRequest(nodes=[TRAVEL]), timeout=30)
    assert next(watch).nodes[0].reserved_minor == 0
    started = time.monotonic()
    stub.ReserveBudget(reserve("300.00", reference="R", expire_time=in_seconds(0.4)))
    assert next(watch).nodes[0].reserved_minor == 30_000
    assert next(watch).nodes[0].reserved_minor == 0
    assert 0.3 < time.monotonic() - started < 5
    watch.cancel()
    (decision,) = stub.ListBudgetDecisions(
        pb.ListBudgetDecisionsRequest(verdicts=[budget_pb2.VERDICT_EXPIRED])
    ).decisions
    assert (decision.verdict.node, decision.event_id) == (TRAVEL, "")


def test_extended_hold_lasts_longer(stub: Stub) -> None:
    stub.ReserveBudget(reserve("300.00", reference="R", expire_after_seconds=60))
    before = stub.GetBudget(pb.GetBudgetRequest(node=TRAVEL)).reservations[0].expire_time
    until = "2030-01-01T08:00:00+08:00"
    answer = stub.ExtendReservation(pb.ExtendReservationRequest(reference="R", expire_time=until))
    assert statuses([answer.result]) == ["NO_POSTING"]
    (found,) = stub.GetBudget(pb.GetBudgetRequest(node=TRAVEL)).reservations
    assert (before < found.expire_time, found.expire_time[:19]) == (True, "2030-01-01T00:00:00")


# ---------------------------------------------------------------- many callers


@pytest.mark.slow
def test_64_callers_are_granted_exactly_what_is_there(serve: Serve, tmp_path: Path) -> None:
    cold = {f"D{number}": "1000.00" for number in range(16)}
    book = budget_book(tmp_path, **cold)
    server = serve(book)
    command(book, BUDGET_APPROVED, lines=[{"node": HOURS, "amount": "1000.0"}])
    stubs = [server.budgets() for _ in range(16)]

    def run(caller: int) -> list[str]:
        stub = stubs[caller % 16]
        found = []
        for number in range(25):
            answer = stub.ReserveBudget(
                reserve("1.0", node=HOURS, reference=f"{caller}-{number}"), timeout=60
            )
            found += statuses([answer.result])
            other = f"dept_expense[D{(caller + number) % 16},差旅费]@2026-05"
            cold_answer = stub.ReserveBudget(reserve("1.00", node=other), timeout=60)
            assert statuses([cold_answer.result]) == ["NO_POSTING"]
        return found

    with ThreadPoolExecutor(64) as pool:
        answers = [status for found in pool.map(run, range(64)) for status in found]
    assert len(answers) == 1_600
    assert answers.count("NO_POSTING") == 1_000
    assert answers.count("REJECTED_BUDGET") == 600
    assert figures(stubs[0], HOURS) == (10_000, 10_000, 0, 0, 0)
    spent = [figures(stubs[0], f"dept_expense[D{number},差旅费]@2026-05") for number in range(16)]
    assert [one[1] for one in spent] == [10_000] * 16
    book.close()
