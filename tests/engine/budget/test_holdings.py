"""What references and groups hold, whichever way events share commits."""

from __future__ import annotations

from engine.state.budgets import Holding, Part
from tests.engine.budget.books import START_US, Budgeted, approved, command, reserved

NODE = "dept[A,travel]@2026-03"


def test_what_is_committed_does_not_expire_and_asks_for_no_tick() -> None:
    book = Budgeted()
    book.do(approved(("dept[A]@2026-03", "1000.00")))
    book.do(reserved("A/travel", "100.00", "R", expires_in_s=10))
    assert book.book.next_due_us() == START_US + 10_000_000
    book.do(command("committed", reference="R"))
    assert book.book.next_due_us() is None
    book.wait(20)
    assert book.figures("dept[A]@2026-03")[:4] == (100_000, 0, 10_000, 0)


def test_only_the_reserved_part_of_a_reference_expires() -> None:
    book = Budgeted()
    book.do(approved(("dept[A]@2026-03", "1000.00")))
    book.do(reserved("A/travel", "100.00", "R", expires_in_s=10))
    book.do(command("committed", node="A/travel", reference="R", amount="30.00"))
    book.wait(9)
    assert book.holding("R") == Holding("", START_US + 10_000_000, (Part(NODE, 7_000, 3_000),))
    book.wait(1)
    assert book.holding("R") == Holding("", 0, (Part(NODE, 0, 3_000),))
    assert book.figures("dept[A]@2026-03")[:4] == (100_000, 0, 3_000, 0)
    assert book.book.next_due_us() is None


def test_group_takes_its_references_in_the_same_order_in_one_commit_and_in_many() -> None:
    steps: list[dict[str, object]] = [
        approved(("dept[A]@2026-03", "1000.00")),
        reserved("A/travel", "10.00", "R1", group="trip"),
        reserved("A/travel", "20.00", "R2", group="trip"),
        command("released", reference="R1"),
        reserved("A/meals", "30.00", "R1", group="trip"),
        command("spent", group="trip", amount="25.00"),
    ]
    one, many = Budgeted(), Budgeted()
    one.do(*steps)
    for step in steps:
        many.do(step)
    for book in (one, many):
        # R1 came back after R2: R2 is used up first, then 5.00 of R1.
        assert book.holding("R2") is None
        assert book.holding("R1") == Holding("trip", 0, (Part("dept[A,meals]@2026-03", 2_500, 0),))
    assert one.book.state.budgets.groups == many.book.state.budgets.groups


def test_reference_that_changes_its_group_leaves_the_first() -> None:
    book = Budgeted()
    book.do(approved(("dept[A]@2026-03", "1000.00")))
    book.do(reserved("A/travel", "10.00", "R1", group="one"))
    book.do(reserved("A/travel", "10.00", "R1", group="two"), command("released", group="one"))
    assert book.holding("R1") == Holding("two", 0, (Part(NODE, 2_000, 0),))
    book.do(command("released", group="two"))
    assert book.holding("R1") is None
    assert book.book.state.budgets.groups == {}
