"""A random life of budgets is the same in the book and in the plain model, at every step."""

from __future__ import annotations

import pytest

from tests.budgets.machine import SECOND_US, Both, run_machine


@pytest.mark.slow
def test_book_and_model_agree_at_every_step() -> None:
    run_machine(300)


def test_second_release_of_an_id_changes_nothing_and_answers_the_same() -> None:
    both = Both()
    both.post(type="budget.approved", lines=[{"node": "main[D1]", "amount": "100.00"}])
    both.post(type="budget.reserved", node="main[D1]", amount="60.00", reference="r1")
    for kind in ("released", "spent"):
        both.post(type=f"budget.{kind}", budget="main", reference="r1", amount="20.00")
        both.compare()
        both.send(both.sent[-1])
        both.compare()
    # 60.00 - 20.00 released - 20.00 spent, each once
    node = both.book.budget_node("main[D1]")
    assert (node.reserved, node.actual, node.available) == (2_000, 2_000, 6_000)


def test_hold_ends_at_its_second_and_not_before() -> None:
    both = Both()
    both.post(
        type="budget.reserved", node="main[D1]", amount="60.00", reference="r1", expires_in_s=5
    )
    both.now_us += 5 * SECOND_US - 1
    both.post(type="budget.reserved", node="main[D1]", amount="1.00")
    both.compare()
    assert both.book.budget_node("main[D1]").reserved == 6_100
    both.now_us += 1
    both.post(type="budget.reserved", node="main[D1]", amount="1.00")
    both.compare()
    assert both.book.budget_node("main[D1]").reserved == 200


def test_revising_a_period_without_an_amount_is_refused() -> None:
    both = Both()
    both.post(type="budget.approved", lines=[{"node": "monthly[D1]@2026-03", "amount": "50.00"}])
    both.post(type="budget.revised", lines=[{"node": "monthly[D1]@2026-04", "delta": "25.00"}])


def test_reservation_without_an_end_does_not_end() -> None:
    both = Both()
    both.post(
        type="budget.reserved", node="main[D1]", amount="10.00", reference="r1", expires_in_s=5
    )
    both.post(type="budget.committed", budget="main", reference="r1")
    both.now_us += 31 * SECOND_US
    both.post(type="budget.reserved", node="main[D1]", amount="40.00", reference="r1")
    both.now_us += SECOND_US
    both.book.tick()
    assert both.book.budget_node("main[D1]").reserved == 4_000


def test_later_line_of_an_approval_sets_the_amount_again() -> None:
    both = Both()
    lines = [{"node": "main[D1]", "amount": "50.00"}, {"node": "main[D1]", "amount": "30.00"}]
    both.post(type="budget.approved", lines=lines)
    both.compare()
