"""One event's demands: what comes back first, then leaf to root, and whose `else` decides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.budget.demand import Approval, Ruling
from engine.budget.finding import enter_node
from engine.effects import MoveKind, Stage, Status, Verdict
from engine.program import Act, Budget, Control, Otherwise, Posture
from engine.state.budgets import Holding, Part
from tests.engine.budget.declared import MONTHLY, TOLERANT, Desk, demand

TRAVEL, DEPT, ROOT = "dept[A,travel]@2026-03", "dept[A]@2026-03", "dept[]@2026-03"
WIDE = "wide[A]"


def _desk(travel: int = 0, dept: int = 0, root: int = 0, **terms: object) -> Desk:
    """Nodes of department A with amounts; 0 only counts."""
    desk = Desk()
    enter_node(desk.state, MONTHLY, ("A", "travel"), "2026-03", desk.enter)
    for path, amount in ((("A", "travel"), travel), (("A",), dept), ((), root)):
        if amount:
            desk.limited(MONTHLY, path, amount, **terms)  # type: ignore[arg-type]
    return desk


def _wide(amount: int) -> Desk:
    desk = Desk()
    desk.limited(TOLERANT, ("A",), amount, period="")
    return desk


def _said(ruling: Ruling) -> list[tuple[str, Verdict, int, int, int, int]]:
    return [
        (one.node, one.verdict, one.requested, one.available, one.shortfall, one.excess)
        for one in ruling.decided
    ]


def _moved(ruling: Ruling) -> list[tuple[str, MoveKind, Stage, int, str]]:
    return [
        (move.node, move.kind, move.stage, move.amount, move.reference) for move in ruling.moves
    ]


def test_demand_is_judged_from_the_leaf_up_and_counts_at_every_node() -> None:
    desk = _desk(travel=10_000, root=50_000)
    ruling = desk.ask(demand(Act.SPEND, TRAVEL, 6_000))
    assert _said(ruling) == [
        (TRAVEL, Verdict.PASS, 6_000, 10_000, 0, 0),
        (ROOT, Verdict.PASS, 6_000, 50_000, 0, 0),
    ]
    assert _moved(ruling) == [(TRAVEL, MoveKind.SPEND, Stage.ACTUAL, 6_000, "")]
    assert [desk.state.figures(node).actual for node in (TRAVEL, DEPT, ROOT)] == [6_000] * 3


def test_one_short_node_refuses_the_event_and_nothing_moves() -> None:
    desk = _desk(travel=10_000, dept=5_000)
    ruling = desk.ask(demand(Act.SPEND, TRAVEL, 6_000))
    assert (ruling.status, ruling.reason) == (Status.REJECTED_BUDGET, "BUDGET_EXCEEDED")
    assert ruling.message == f"short at {DEPT}"
    assert _said(ruling) == [
        (TRAVEL, Verdict.PASS, 6_000, 10_000, 0, 0),
        (DEPT, Verdict.BLOCK, 6_000, 5_000, 1_000, 0),
    ]
    assert ruling.moves == []
    assert desk.state.figures(TRAVEL).actual == 0


def test_statements_of_an_event_are_one_demand() -> None:
    desk = _desk(dept=10_000)
    ruling = desk.ask(demand(Act.SPEND, TRAVEL, 6_000), demand(Act.SPEND, DEPT, 6_000))
    assert _said(ruling) == [(DEPT, Verdict.BLOCK, 12_000, 10_000, 2_000, 0)]


def test_what_an_event_gives_back_is_there_for_it() -> None:
    desk = _desk(dept=10_000)
    desk.ask(demand(Act.RESERVE, TRAVEL, 9_000, reference="R"))
    # 12,000 asked less 9,000 given back: 3,000 against the 1,000 that are left.
    refused = desk.ask(
        demand(Act.SPEND, TRAVEL, 12_000), demand(Act.RELEASE, "", None, reference="R")
    )
    assert _said(refused) == [(DEPT, Verdict.BLOCK, 3_000, 1_000, 2_000, 0)]
    passed = desk.ask(
        demand(Act.SPEND, TRAVEL, 10_000), demand(Act.RELEASE, "", None, reference="R")
    )
    assert _moved(passed) == [
        (TRAVEL, MoveKind.RELEASE, Stage.RESERVED, -9_000, "R"),
        (TRAVEL, MoveKind.SPEND, Stage.ACTUAL, 10_000, ""),
    ]
    assert desk.state.figures(DEPT) == (10_000, 0, 0, 10_000, 0)


def test_release_gives_back_at_most_what_is_held_and_keeps_the_rest() -> None:
    desk = _desk(dept=10_000)
    desk.ask(demand(Act.RESERVE, TRAVEL, 5_000, reference="R"))
    desk.ask(demand(Act.RELEASE, "", 2_000, reference="R"))
    assert desk.state.holding(("dept", "R")) == Holding("", 0, (Part(TRAVEL, 3_000, 0),))
    ruling = desk.ask(demand(Act.RELEASE, "", 9_000, reference="R"))
    assert _moved(ruling) == [(TRAVEL, MoveKind.RELEASE, Stage.RESERVED, -3_000, "R")]
    assert desk.ask(demand(Act.RELEASE, "", None, reference="R")).moves == []


def test_reservation_becomes_a_commitment_and_then_spending_and_is_never_counted_twice() -> None:
    desk = _desk(dept=10_000)
    desk.ask(demand(Act.RESERVE, TRAVEL, 8_000, reference="R"))
    committed = desk.ask(demand(Act.COMMIT, TRAVEL, 5_000, reference="R"))
    assert _moved(committed) == [
        (TRAVEL, MoveKind.COMMIT, Stage.RESERVED, -5_000, "R"),
        (TRAVEL, MoveKind.COMMIT, Stage.COMMITTED, 5_000, "R"),
    ]
    # What is committed goes first, then what is reserved; the rest is new.
    spent = desk.ask(demand(Act.SPEND, TRAVEL, 9_000, reference="R"))
    assert _moved(spent) == [
        (TRAVEL, MoveKind.SPEND, Stage.COMMITTED, -5_000, "R"),
        (TRAVEL, MoveKind.SPEND, Stage.RESERVED, -3_000, "R"),
        (TRAVEL, MoveKind.SPEND, Stage.ACTUAL, 9_000, ""),
    ]
    assert _said(spent) == [(DEPT, Verdict.PASS, 1_000, 2_000, 0, 0)]
    assert desk.state.figures(DEPT) == (10_000, 0, 0, 9_000, 0)


def test_tolerance_is_the_smaller_part_and_only_for_its_act() -> None:
    # 5 % of 600.00 are 30.00, less than 100.00.
    assert _said(_wide(60_000).ask(demand(Act.SPEND, WIDE, 63_000, budget=TOLERANT))) == [
        (WIDE, Verdict.WARN, 63_000, 60_000, 0, 0)
    ]
    short = _wide(60_000).ask(demand(Act.SPEND, WIDE, 63_001, budget=TOLERANT))
    assert _said(short) == [(WIDE, Verdict.BLOCK, 63_001, 60_000, 1, 0)]
    # 5 % of 4,000.00 are 200.00, more than 100.00.
    assert _wide(400_000).ask(demand(Act.SPEND, WIDE, 410_000, budget=TOLERANT)).status is None
    assert _wide(400_000).ask(demand(Act.SPEND, WIDE, 410_001, budget=TOLERANT)).status
    reserved = _wide(60_000).ask(demand(Act.RESERVE, WIDE, 60_001, budget=TOLERANT, reference="R"))
    assert _said(reserved) == [(WIDE, Verdict.BLOCK, 60_001, 60_000, 1, 0)]


def test_amount_granted_by_the_same_event_brings_its_tolerance() -> None:
    desk = Desk()
    node = enter_node(desk.state, TOLERANT, ("A",), "", desk.enter)
    granted = demand(Act.GRANT, node, 10_000, budget=TOLERANT)
    # 100.00 and 5% of it.
    spent = demand(Act.SPEND, node, 10_501, budget=TOLERANT)
    assert desk.ask(granted, spent).status is Status.REJECTED_BUDGET
    assert desk.ask(granted, replace(spent, amount=10_500)).status is None


@pytest.mark.parametrize(
    ("amount", "verdict"), [(53_999, Verdict.PASS), (54_000, Verdict.WARN), (60_000, Verdict.WARN)]
)
def test_little_left_warns_from_a_tenth_down(amount: int, verdict: Verdict) -> None:
    ruling = _wide(60_000).ask(demand(Act.SPEND, WIDE, amount, budget=TOLERANT))
    assert [one.verdict for one in ruling.decided] == [verdict]


def test_override_needs_the_role_a_reason_and_a_caller_who_may() -> None:
    def ask(
        *, roles: tuple[str, ...], reason: str = "", allowed: frozenset[str] | None = None
    ) -> Ruling:
        asked = demand(Act.SPEND, WIDE, 70_000, budget=TOLERANT, roles=roles, reason=reason)
        return _wide(60_000).ask(asked, person="anna", allowed=allowed)

    passed = ask(roles=("clerk", "head"), reason="urgent")
    # 10,000 beyond, 3,000 of them tolerated.
    assert _said(passed) == [(WIDE, Verdict.OVERRIDE, 70_000, 60_000, 7_000, 7_000)]
    decided = passed.decided[0]
    assert (decided.role, decided.person, decided.reason) == ("head", "anna", "urgent")
    assert ask(roles=("head",)).status is Status.REJECTED_BUDGET
    assert ask(roles=("clerk",), reason="urgent").status is Status.REJECTED_BUDGET
    barred = ask(roles=("head",), reason="urgent", allowed=frozenset({"clerk"}))
    assert barred.status is Status.REJECTED_BUDGET


def test_excess_is_only_what_a_decision_adds() -> None:
    desk = _wide(60_000)
    for amount, excess in ((70_000, 7_000), (5_000, 5_000)):
        ruling = desk.ask(
            demand(Act.SPEND, WIDE, amount, budget=TOLERANT, roles=("head",), reason="r")
        )
        assert [one.excess for one in ruling.decided] == [excess]
    assert desk.state.figures(WIDE).excess == 12_000
    # Given back: what was noted stays noted.
    desk.ask(demand(Act.SPEND, WIDE, -75_000, budget=TOLERANT))
    assert desk.state.figures(WIDE) == (60_000, 0, 0, 0, 12_000)


def test_what_must_post_is_an_overrun_and_never_refused() -> None:
    ruling = _desk(dept=1_000).ask(demand(Act.SPEND, TRAVEL, 1_500), must_post=True, person="p")
    assert ruling.status is None
    assert _said(ruling) == [(DEPT, Verdict.OVERRUN, 1_500, 1_000, 500, 500)]


@pytest.mark.parametrize(
    ("control", "verdict", "excess"),
    [(Control.WARN, Verdict.WARN, 500), (Control.TRACK, Verdict.PASS, 0)],
)
def test_node_that_does_not_block_lets_pass(
    control: Control, verdict: Verdict, excess: int
) -> None:
    ruling = _desk(dept=1_000, control=control).ask(demand(Act.SPEND, TRAVEL, 1_500))
    assert _said(ruling) == [(DEPT, verdict, 1_500, 1_000, 500, excess)]


@pytest.mark.parametrize(
    ("otherwise", "status", "reason"),
    [
        (Otherwise.REJECT, Status.REJECTED_BUDGET, "BUDGET_EXCEEDED"),
        (Otherwise.HOLD, Status.HELD, "BUDGET_HELD"),
        (Otherwise.ESCALATE, Status.HELD, "BUDGET_ESCALATED"),
        (Otherwise.WARN, None, ""),
    ],
)
def test_else_of_the_statement_decides(
    otherwise: Otherwise, status: Status | None, reason: str
) -> None:
    ruling = _desk(dept=1_000).ask(demand(Act.SPEND, TRAVEL, 1_500, otherwise=otherwise))
    assert (ruling.status, ruling.reason) == (status, reason)
    verdict = {Status.HELD: Verdict.HOLD, None: Verdict.WARN}.get(status, Verdict.BLOCK)
    assert _said(ruling) == [
        (DEPT, verdict, 1_500, 1_000, 500, 500 if verdict is Verdict.WARN else 0)
    ]


def test_refusal_goes_before_a_hold() -> None:
    desk = _desk(travel=1_000, dept=1_000)
    ruling = desk.ask(
        demand(Act.SPEND, TRAVEL, 1_500, otherwise=Otherwise.HOLD),
        demand(Act.CHECK, "dept[B]@2026-03", 1),
    )
    assert ruling.status is Status.HELD
    enter_node(desk.state, MONTHLY, ("B",), "2026-03", desk.enter)
    other = desk.limited(MONTHLY, ("B",), 100)
    both = desk.ask(
        demand(Act.SPEND, TRAVEL, 1_500, otherwise=Otherwise.HOLD),
        demand(Act.SPEND, other, 150),
    )
    assert both.status is Status.REJECTED_BUDGET


def test_approval_of_a_held_event_overrides_wherever_it_is_short() -> None:
    approval = Approval("head", "boss", "seen")
    asked = demand(Act.SPEND, TRAVEL, 1_500, otherwise=Otherwise.HOLD)
    ruling = _desk(travel=1_200, dept=1_000).ask(asked, approval=approval)
    assert _said(ruling) == [
        (TRAVEL, Verdict.OVERRIDE, 1_500, 1_200, 300, 300),
        (DEPT, Verdict.OVERRIDE, 1_500, 1_000, 500, 500),
    ]
    assert {(one.person, one.role, one.reason) for one in ruling.decided} == {
        ("boss", "head", "seen")
    }


def test_check_asks_and_moves_nothing() -> None:
    desk = _desk(dept=1_000)
    assert desk.ask(demand(Act.CHECK, TRAVEL, 1_001)).status is Status.REJECTED_BUDGET
    passed = desk.ask(demand(Act.CHECK, TRAVEL, 1_000))
    assert (passed.status, passed.moves) == (None, [])


def test_closed_node_takes_nothing_new_and_still_gives_back() -> None:
    desk = _desk(dept=10_000)
    desk.ask(demand(Act.RESERVE, TRAVEL, 500, reference="R"))
    desk.limited(MONTHLY, ("A",), 0, closed=True)
    refused = desk.ask(demand(Act.SPEND, TRAVEL, 1))
    assert _said(refused) == [(DEPT, Verdict.BLOCK, 1, 0, 1, 0)]
    assert desk.ask(demand(Act.RELEASE, "", None, reference="R")).status is None
    assert desk.state.figures(DEPT).reserved == 0


def test_grant_lowers_only_from_what_is_left_where_it_is_checked() -> None:
    desk = _desk(dept=1_000)
    desk.ask(demand(Act.SPEND, TRAVEL, 700))
    plain = demand(Act.GRANT, DEPT, -400)
    checked = replace(plain, clause=replace(plain.clause, checked=True, code="TOO_MUCH"))
    refused = desk.ask(checked)
    assert (refused.status, refused.reason) == (Status.REJECTED_BUDGET, "TOO_MUCH")
    assert _said(refused) == [(DEPT, Verdict.BLOCK, 400, 300, 100, 0)]
    cut = desk.ask(plain, person="cfo")
    assert _said(cut) == [(DEPT, Verdict.CUT, 400, 300, 0, 100)]
    assert desk.state.figures(DEPT) == (600, 0, 0, 700, 100)


def test_check_that_cannot_be_made_is_refused_or_marked_as_the_budget_says() -> None:
    asked = demand(Act.SPEND, "", 500, problem="several nodes fit")
    refused = Desk().ask(asked)
    assert (refused.status, refused.reason) == (Status.REJECTED_BUDGET, "BUDGET_UNCHECKED")
    assert refused.message == "several nodes fit"
    lenient = Budget("部门", "dept", ("部门",), 2, "CNY", posture=Posture.OPEN_MARKED)
    marked = Desk().ask(demand(Act.SPEND, "", 500, budget=lenient, problem="several nodes fit"))
    assert marked.status is None
    assert _said(marked) == [("dept[?]", Verdict.UNCHECKED, 500, 0, 500, 0)]
    assert marked.moves == []
