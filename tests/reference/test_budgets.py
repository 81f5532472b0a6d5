"""The reference's budget decisions, on numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.program import Act, Budget, Control, Horizon, Otherwise, Posture, Tolerance
from tests.reference.budget_nodes import Node, default_terms
from tests.reference.budgets import ACTUAL, COMMITTED, LIMIT, RESERVED, Answer, Ask, Budgets

DEPT = Budget(
    "部门费用", "dept", ("部门", "类别"), 2, "CNY", horizon=Horizon.MONTH,
    tolerances={Act.SPEND: Tolerance(50_000, 10_000)}, warn_ppm=100_000, override_role="head",
)  # fmt: skip
ROOT = Node("dept", (), "2026-03")
SALES = replace(ROOT, path=("市场部",))
TRAVEL = replace(ROOT, path=("市场部", "差旅"))


def book(budget: Budget = DEPT, **amounts: int) -> Budgets:
    """A budget with amounts at its nodes: root, sales, travel."""
    found = Budgets({budget.wire: budget})
    nodes = {"root": ROOT, "sales": SALES, "travel": TRAVEL}
    for name, amount in amounts.items():
        node = replace(nodes[name], budget=budget.wire)
        found.terms[node] = replace(default_terms(budget), limited=True)
        found.decide([Ask(Act.GRANT, budget, node, amount)])
    return found


def ask(act: Act, amount: int | None, node: Node | None = TRAVEL, **rest: object) -> Ask:
    return Ask(act, DEPT, node, amount, **rest)  # type: ignore[arg-type]


def said(answer: Answer) -> list[tuple[str, int, int, int, int]]:
    return [
        (one.verdict, one.requested, one.available, one.shortfall, one.excess)
        for one in answer.verdicts
    ]


def test_amounts_count_at_their_own_node_and_use_at_every_node_above() -> None:
    found = book(sales=1_000_00, travel=600_00)
    found.decide([ask(Act.SPEND, 100_00), ask(Act.RESERVE, 50_00, SALES, reference="A")])
    assert [found.figure(node, LIMIT) for node in (ROOT, SALES, TRAVEL)] == [0, 1_000_00, 600_00]
    assert [found.figure(node, ACTUAL) for node in (ROOT, SALES, TRAVEL)] == [100_00] * 3
    assert [found.figure(node, RESERVED) for node in (ROOT, SALES, TRAVEL)] == [50_00, 50_00, 0]


def test_the_smaller_part_of_a_tolerance_counts_and_only_for_its_act() -> None:
    # 5 % of 600.00 are 30.00, less than 100.00; reservations have no tolerance.
    assert said(book(travel=600_00).decide([ask(Act.SPEND, 630_00)])) == [
        ("WARN", 630_00, 600_00, 0, 0)
    ]
    refused = book(travel=600_00).decide([ask(Act.SPEND, 630_01)])
    assert (refused.status, refused.reason) == ("REJECTED_BUDGET", "BUDGET_EXCEEDED")
    assert said(refused) == [("BLOCK", 630_01, 600_00, 1, 0)]
    assert book(travel=600_00).decide([ask(Act.RESERVE, 600_01, reference="A")]).status
    # 5 % of 4,000.00 are 200.00, more than 100.00.
    assert not book(travel=4_000_00).decide([ask(Act.SPEND, 4_100_00)]).status
    assert book(travel=4_000_00).decide([ask(Act.SPEND, 4_100_01)]).status


def test_what_an_event_gives_back_is_there_for_it() -> None:
    found = book(travel=600_00)
    found.decide([ask(Act.RESERVE, 500_00, reference="PO1")])
    answer = found.decide(
        [ask(Act.SPEND, 610_00), ask(Act.RELEASE, None, None, reference="PO1")],
    )
    # 610.00 less 500.00 given back against 100.00 left and 30.00 tolerance.
    assert said(answer) == [("WARN", 110_00, 100_00, 0, 0)]
    assert (found.figure(TRAVEL, RESERVED), found.figure(TRAVEL, ACTUAL)) == (0, 610_00)


def test_a_release_gives_back_at_most_what_is_held_and_keeps_the_rest() -> None:
    found = book(travel=600_00)
    found.decide([ask(Act.RESERVE, 300_00, reference="PO1")])
    found.decide([ask(Act.RELEASE, 100_00, None, reference="PO1")])
    assert found.held("dept", "PO1", found.moves) == {TRAVEL: [200_00, 0]}
    found.decide([ask(Act.RESERVE, 50_00, reference="PO1")])
    assert found.held("dept", "PO1", found.moves) == {TRAVEL: [250_00, 0]}
    found.decide([ask(Act.RELEASE, 999_00, None, reference="PO1")])
    found.decide([ask(Act.RELEASE, 999_00, None, reference="PO1")])
    found.decide([ask(Act.RELEASE, None, None, reference="")])
    assert found.used(TRAVEL) == 0


def test_reserved_becomes_committed_becomes_actual_and_is_never_counted_twice() -> None:
    found = book(travel=600_00)
    found.decide([ask(Act.RESERVE, 600_00, reference="PO1")])
    assert not found.decide([ask(Act.COMMIT, 580_00, reference="PO1")]).status
    assert found.held("dept", "PO1", found.moves) == {TRAVEL: [20_00, 580_00]}
    assert not found.decide([ask(Act.SPEND, 590_00, reference="PO1")]).status
    figures = [found.figure(TRAVEL, stage) for stage in (RESERVED, COMMITTED, ACTUAL)]
    assert figures == [10_00, 0, 590_00]


def test_the_first_short_node_from_the_leaf_up_refuses_and_rejecting_counts_before_holding() -> (
    None
):
    found = book(sales=100_00, travel=50_00)
    hold = {"otherwise": Otherwise.HOLD, "message": "等"}
    held = found.decide([ask(Act.SPEND, 200_00, **hold)])
    assert (held.status, held.reason, held.message) == ("HELD", "BUDGET_HELD", "等")
    assert said(held) == [("HOLD", 200_00, 50_00, 147_50, 0), ("HOLD", 200_00, 100_00, 95_00, 0)]
    other = replace(SALES, path=("研发部",))
    found.terms[other] = replace(default_terms(DEPT), limited=True)
    both = found.decide([ask(Act.SPEND, 200_00, **hold), ask(Act.SPEND, 1, other, code="C2")])
    assert (both.status, both.reason) == ("REJECTED_BUDGET", "C2")
    escalated = found.decide([ask(Act.SPEND, 200_00, otherwise=Otherwise.ESCALATE, role="CFO")])
    assert escalated.reason == "BUDGET_ESCALATED"
    assert {one.role for one in escalated.verdicts} == {"CFO"}
    assert found.used(ROOT) == 0


def test_overrides_overruns_and_warnings_name_what_they_took_below_zero() -> None:
    rest = {"roles": ("clerk", "head"), "reason": "急"}
    # 100.00 left and 5.00 tolerance; 150.00 takes the node 45.00 further below.
    assert said(book(travel=100_00).decide([ask(Act.SPEND, 150_00, **rest)])) == [
        ("OVERRIDE", 150_00, 100_00, 45_00, 45_00)
    ]
    no_reason = ask(Act.SPEND, 150_00, roles=("head",))
    assert book(travel=100_00).decide([no_reason]).status == "REJECTED_BUDGET"
    asked = [ask(Act.SPEND, 150_00, **rest)]
    assert book(travel=100_00).decide(asked, allowed=frozenset({"clerk"})).status
    overrun = book(travel=100_00).decide([ask(Act.SPEND, 150_00)], must_post=True)
    assert said(overrun) == [("OVERRUN", 150_00, 100_00, 45_00, 45_00)]
    found = book(travel=100_00)
    warned = ask(Act.SPEND, 150_00, otherwise=Otherwise.WARN)
    assert said(found.decide([warned])) == [("WARN", 150_00, 100_00, 45_00, 45_00)]
    assert said(found.decide([warned])) == [("WARN", 150_00, -50_00, 195_00, 150_00)]


@pytest.mark.parametrize(
    ("control", "verdict", "excess"),
    [(Control.WARN, "WARN", 45_00), (Control.TRACK, "PASS", 0)],
)
def test_a_node_that_does_not_block_lets_pass(control: Control, verdict: str, excess: int) -> None:
    budget = replace(DEPT, control=control)
    found = book(budget, travel=100_00)
    assert said(found.decide([ask(Act.SPEND, 150_00)])) == [
        (verdict, 150_00, 100_00, 45_00, excess)
    ]


def test_little_is_left_at_or_below_the_share() -> None:
    # 10 % of 100.00.
    assert said(book(travel=100_00).decide([ask(Act.SPEND, 90_00)]))[0][0] == "WARN"
    assert said(book(travel=100_00).decide([ask(Act.SPEND, 89_99)]))[0][0] == "PASS"


def test_a_transfer_takes_only_what_is_available() -> None:
    found = book(sales=100_00, travel=100_00)
    found.decide([ask(Act.SPEND, 60_00)])
    cut = {"lowers_only_what_is_left": True, "code": "BUDGET_TRANSFER_EXCEEDS_AVAILABLE"}
    moved = [ask(Act.GRANT, -40_01, **cut), ask(Act.GRANT, 40_01, SALES)]
    refused = found.decide(moved)
    assert refused.reason == "BUDGET_TRANSFER_EXCEEDS_AVAILABLE"
    assert said(refused) == [("BLOCK", 40_01, 40_00, 1, 0)]
    assert not found.decide([ask(Act.GRANT, -40_00, **cut), ask(Act.GRANT, 40_00, SALES)]).status
    assert [found.figure(node, LIMIT) for node in (TRAVEL, SALES)] == [60_00, 140_00]


def test_a_cut_below_what_is_used_is_noted() -> None:
    found = book(travel=100_00)
    found.decide([ask(Act.SPEND, 80_00)])
    # 50.00 with a tolerance of 2.50 against 80.00 used.
    assert said(found.decide([ask(Act.GRANT, -50_00)])) == [("CUT", 50_00, 20_00, 0, 27_50)]


def test_an_unknown_node_is_refused_or_marked_as_the_budget_says() -> None:
    found = book(travel=100_00)
    unknown = ask(Act.SPEND, 5_00, None, problem="several")
    assert found.decide([unknown]).reason == "BUDGET_UNCHECKED"
    is_open = replace(unknown, budget=replace(DEPT, posture=Posture.OPEN_MARKED))
    assert said(found.decide([is_open])) == [("UNCHECKED", 5_00, 0, 5_00, 0)]
    assert found.used(ROOT) == 0


def test_a_soft_hold_ends_and_what_was_committed_stays() -> None:
    found = book(travel=100_00)
    found.decide([ask(Act.RESERVE, 60_00, reference="A", until=1_000)])
    found.decide([ask(Act.RESERVE, 30_00, reference="B", until=1_000)])
    found.decide([ask(Act.COMMIT, 30_00, reference="B")])
    found.expire(999)
    assert found.used(TRAVEL) == 90_00
    found.expire(1_000)
    assert found.used(TRAVEL) == 30_00
    assert list(found.holds) == [("dept", "B")]
