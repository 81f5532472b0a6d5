"""More used than granted is never left without a decision that says so."""

from __future__ import annotations

import pytest

from engine.effects import Verdict
from tests.engine.budget.books import Budgeted, approved, command, reserved

NODE = "dept[A,travel]@2026-03"


def _cuts(book: Budgeted, node: str = NODE) -> list[tuple[int, int, int, str, str]]:
    """requested, available before, excess, person, reason of the node's cuts."""
    found, _ = book.book.budget_decisions(node=node, verdicts=[Verdict.CUT])
    said = [one.verdict for one in found]
    return [(v.requested, v.available, v.excess, v.person, v.reason) for v in said]


def test_first_amount_below_what_is_used_is_a_cut() -> None:
    book = Budgeted()
    book.do(command("spent", node="A/travel", amount="296.00"))
    first = {**approved(("A/travel/2026-03", "294.00")), "comment": "year plan", "actor": "cfo"}
    verdicts = book.do(first)[0].budget
    # -296.00 before, -2.00 after: 294.00 were given, 2.00 are short.
    assert _cuts(book) == [(-29_400, -29_600, 200, "cfo", "year plan")]
    assert [(one.verdict, one.excess) for one in verdicts] == [(Verdict.CUT, 200)]
    assert book.figures(NODE) == (29_400, 0, 0, 29_600, 200)


def test_narrower_tolerance_is_a_cut_of_what_was_tolerated() -> None:
    book = Budgeted()
    book.do(approved(("A/travel/2026-03", "100.00"), tolerance_amount="20.00"))
    book.do(command("spent", node="A/travel", amount="115.00"))
    book.do(approved(("A/travel/2026-03", "100.00"), tolerance_amount="5.00"))
    # 15.00 below zero, 5.00 of them still tolerated.
    assert _cuts(book) == [(0, -1_500, 1_000, "system", "")]


@pytest.mark.parametrize(("control", "excess"), [("warn", 4_000), ("track", 0)])
def test_node_that_begins_to_block_says_what_it_let_pass(control: str, excess: int) -> None:
    book = Budgeted()
    book.do(approved(("A/travel/2026-03", "100.00"), control=control))
    book.do(command("spent", node="A/travel", amount="140.00"))
    assert book.figures(NODE).excess == excess
    book.do(approved(("A/travel/2026-03", "100.00"), control="block"))
    assert book.figures(NODE).excess == 4_000
    assert _cuts(book) == ([] if excess else [(0, -4_000, 4_000, "system", "")])


def test_lowering_is_a_cut_once_and_only_by_what_it_adds() -> None:
    book = Budgeted()
    book.do(approved(("A/travel/2026-03", "100.00")))
    book.do(command("spent", node="A/travel", amount="90.00"))
    book.do(approved(("A/travel/2026-03", "70.00")))
    book.do(approved(("A/travel/2026-03", "60.00")))
    assert [cut[:3] for cut in _cuts(book)] == [(3_000, 1_000, 2_000), (1_000, -2_000, 1_000)]
    # Raised and cut again: the first excess does not stand in for the second.
    book.do(approved(("A/travel/2026-03", "100.00")), approved(("A/travel/2026-03", "80.00")))
    assert [cut[:3] for cut in _cuts(book)][2:] == [(2_000, 1_000, 1_000)]
    assert book.figures(NODE) == (8_000, 0, 0, 9_000, 4_000)


def test_consumed_before_the_book_began_is_a_cut_of_the_nodes_above_too() -> None:
    book = Budgeted()
    book.do(approved(("dept[A]@2026-03", "100.00")))
    book.do(approved(("A/travel/2026-03", "500.00"), actual="130.00"))
    assert _cuts(book) == []
    assert _cuts(book, "dept[A]@2026-03") == [(13_000, 10_000, 3_000, "system", "")]


def test_reservation_carried_to_a_node_that_is_full_is_a_cut_there() -> None:
    book = Budgeted()
    book.do(approved(("A/travel/2026-04", "50.00")))
    book.do(reserved("A/travel/2026-03", "80.00", "R"))
    book.do(command("closed", period="2026-03", carry_reserved=True))
    # March had no amount to hand over, so April is 30.00 short.
    assert _cuts(book, "dept[A,travel]@2026-04") == [(8_000, 5_000, 3_000, "system", "")]
    assert book.figures("dept[A,travel]@2026-04") == (5_000, 8_000, 0, 0, 3_000)
