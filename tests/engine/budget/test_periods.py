"""A period that a command writes holds; its date chooses one only where none is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import pytest

from engine.book import Book
from engine.calls import Call, EventResult
from engine.decide.run import CROSSOVER_ROWS
from engine.errors import UnknownObject
from engine.program import Program
from engine.state.budgets import Figures
from server.rulebooks import compile_files
from tests.engine.budget.books import START_US, Budgeted, approved, command

RULES = """
rulebook periods
ledger general is GL currency CNY
dimension unit is unit
dimension project is project
budget org by unit over month
  under parents
budget event by project over dates
"""
SPRING, SUMMER = "2026-02-01..2026-04-10", "2026-04-11..2026-07-31"


@cache
def _program() -> Program:
    return compile_files([("periods.tp", RULES.encode())])


@dataclass(slots=True)
class _Posted:
    """A book whose commands are all dated 2026-03-05."""

    book: Book = field(default_factory=lambda: Book.in_memory([_program()], clock=lambda: START_US))
    count: int = 0

    def do(self, kind: str, **fields: object) -> EventResult:
        """Posts one command."""
        self.count += 1
        event = {"id": f"e{self.count}", "date": "2026-03-05", "type": f"budget.{kind}"}
        return self.book.post([Call(events=[event | fields])])[0].results[0]

    def approve(self, node: str, amount: str, **line: object) -> EventResult:
        """Sets the amount of one node."""
        return self.do("approved", lines=[{"node": node, "amount": amount, **line}])

    def figures(self, node: str) -> Figures:
        """limit, reserved, committed, actual, excess of a node."""
        return self.book.state.budgets.figures[node]

    def parent(self, node: str) -> str:
        """The node above."""
        return self.book.state.budgets.terms[node].parent


def _said(result: EventResult) -> list[tuple[str, int, int]]:
    return [(one.node, one.requested, one.available) for one in result.budget]


def test_demand_counts_in_the_month_it_names_and_not_in_that_of_its_date() -> None:
    book = _Posted()
    book.approve("org[X,K1]@2026-03", "100.00")
    book.approve("org[X,K1]@2026-04", "70.00")
    april = book.do("reserved", node="org[K1]@2026-04", amount="40.00", reference="a")
    assert _said(april) == [("org[X,K1]@2026-04", 4_000, 7_000)]
    march = book.do("reserved", node="org[K1]", amount="25.00", reference="m")
    assert _said(march) == [("org[X,K1]@2026-03", 2_500, 10_000)]
    assert book.figures("org[X,K1]@2026-03") == (10_000, 2_500, 0, 0, 0)
    assert book.figures("org[X,K1]@2026-04") == (7_000, 4_000, 0, 0, 0)
    # 30.00 are left in April, though March has 75.00.
    refused = book.do("spent", node="K1/2026-04", amount="30.01")
    assert refused.reason == "BUDGET_EXCEEDED"


def test_node_of_a_month_nobody_approved_is_entered_in_that_month() -> None:
    book = _Posted()
    book.approve("org[X,K1]@2026-03", "100.00")
    assert book.do("spent", node="org[K1]@2026-05", amount="900.00").status.name == "NO_POSTING"
    assert book.figures("org[K1]@2026-05") == (0, 0, 0, 90_000, 0)
    assert book.figures("org[X,K1]@2026-03").actual == 0


def test_amount_is_changed_in_the_month_that_is_named() -> None:
    book = _Posted()
    book.approve("org[X,K1]@2026-03", "100.00")
    book.approve("org[X,K1]@2026-04", "70.00")
    book.do("revised", lines=[{"node": "org[K1]@2026-04", "delta": "5.00"}])
    book.do("transferred", from_node="org[K1]@2026-04", to_node="org[K1]", amount="15.00")
    assert book.figures("org[X,K1]@2026-03").limit == 11_500
    assert book.figures("org[X,K1]@2026-04").limit == 6_000
    missing = book.do("revised", lines=[{"node": "org[K1]@2026-05", "delta": "5.00"}])
    assert missing.reason == "UNKNOWN_NODE"


def test_dates_that_are_written_are_those_of_the_node() -> None:
    book = _Posted()
    book.approve(f"event[P]@{SPRING}", "100.00")
    book.approve(f"event[P]@{SUMMER}", "70.00")
    summer = book.do("spent", node=f"event[P]@{SUMMER}", amount="10.00")
    assert _said(summer) == [(f"event[P]@{SUMMER}", 1_000, 7_000)]
    # Its date lies in spring, and so does the node that a name without dates means.
    spring = book.do("spent", node="event[P]", amount="20.00")
    assert _said(spring) == [(f"event[P]@{SPRING}", 2_000, 10_000)]
    # Dates that no node has, though they begin within spring: it counts nowhere.
    assert not _said(book.do("spent", node="event[P]@2026-03-01..2026-05-31", amount="30.00"))
    assert book.figures(f"event[P]@{SPRING}").actual == 2_000
    assert book.figures(f"event[P]@{SUMMER}").actual == 1_000


def test_node_is_read_in_the_period_that_is_named() -> None:
    book = _Posted()
    book.approve("org[X,K1]@2026-04", "70.00")
    book.approve(f"event[P]@{SPRING}", "100.00")
    day = 20_517  # 2026-03-05
    assert book.book.budget_node("org/K1/2026-04", day=day).node == "org[X,K1]@2026-04"
    assert book.book.budget_node("event[P]", day=day).node == f"event[P]@{SPRING}"
    for absent in ("org/K1", f"event[P]@{SUMMER}"):
        with pytest.raises(UnknownObject, match="there is no budget node"):
            book.book.budget_node(absent, day=day)


@pytest.mark.parametrize(
    "dates", ["2026-02-30..2026-04-01", "2026-05-01..2026-04-01", "0000-01-01..2026-04-01"]
)
def test_dates_that_do_not_exist_or_stand_in_no_order_are_refused(dates: str) -> None:
    book = _Posted()
    for result in (
        book.approve(f"event[P]@{dates}", "1.00"),
        book.do("spent", node=f"event[P]@{dates}", amount="1.00"),
    ):
        assert (result.reason, result.message) == (
            "UNKNOWN_NODE",
            f"{dates} is no dates of budget event, written 2026-03-10..2026-04-09",
        )
    assert book.do("closed", budget="event", period=dates).reason == "INVALID_FIELD"


def test_parent_stands_in_the_period_of_its_node() -> None:
    book = _Posted()
    book.approve("org[X]@2026-04", "100.00")
    book.approve("org[Z,K2]@2026-04", "50.00", parent="org[X]")
    assert book.parent("org[Z,K2]@2026-04") == "org[X]@2026-04"
    # Only what it hangs under is entered: no node above its own keys.
    assert "org[Z]@2026-04" not in book.book.state.budgets.terms
    other = book.approve("org[Z,K3]@2026-04", "50.00", parent="org[X]@2026-03")
    assert (other.reason, other.message) == (
        "INVALID_FIELD",
        "the parent of org[Z,K3]@2026-04 is a node of 2026-04, as it is",
    )


def test_node_cannot_hang_under_what_stands_below_it() -> None:
    book = _Posted()
    assert book.approve("org[A]", "1.00", parent="org[A,B]").reason == "INVALID_FIELD"
    assert not book.book.state.budgets.terms
    book.approve("org[A]", "1.00", parent="org[C]")
    assert book.approve("org[C]", "1.00", parent="org[A,B]").reason == "INVALID_FIELD"


def test_what_is_carried_hangs_in_the_next_period_as_it_hung_before() -> None:
    book = _Posted()
    book.approve("org[X]@2026-03", "100.00")
    book.approve("org[Q]@2026-03", "80.00", parent="org[X]")
    book.approve("org[K2]@2026-03", "50.00", parent="org[Q]")
    book.do("reserved", node="org[K2]", amount="20.00", reference="r")
    book.do("closed", budget="org", period="2026-03", carry_balance=True, carry_reserved=True)
    assert book.parent("org[K2]@2026-04") == "org[Q]@2026-04"
    assert book.parent("org[Q]@2026-04") == "org[X]@2026-04"
    assert book.figures("org[K2]@2026-04") == (5_000, 2_000, 0, 0, 0)
    # 60.00 were left of 80.00, and the 20.00 that are reserved come along.
    assert book.figures("org[Q]@2026-04") == (8_000, 2_000, 0, 0, 0)
    assert book.figures("org[X]@2026-04") == (10_000, 2_000, 0, 0, 0)


def test_node_approved_before_the_carry_keeps_its_place() -> None:
    book = _Posted()
    book.approve("org[K2]@2026-03", "50.00", parent="org[X]")
    book.approve("org[K2]@2026-04", "10.00", parent="org[Y]")
    book.do("closed", budget="org", period="2026-03", carry_balance=True)
    assert book.parent("org[K2]@2026-04") == "org[Y]@2026-04"
    assert book.figures("org[K2]@2026-04").limit == 6_000


def test_key_with_several_segments_is_a_path() -> None:
    book = _Posted()
    book.approve("org[X/K1]", "100.00")
    result = book.do("spent", node="org[X/K1]", amount="1.00")
    assert _said(result) == [("org[X,K1]@2026-03", 100, 10_000)]
    assert book.do("spent", node="org[new/one]", amount="1.00").status.name == "NO_POSTING"
    assert book.figures("org[new,one]@2026-03").actual == 100
    assert book.do("spent", node="org[X//K1]", amount="1.00").reason == "UNKNOWN_NODE"


def test_closed_node_has_nothing_left_whatever_comes_back_to_it() -> None:
    book = Budgeted()
    book.do(approved(("dept[A]@2026-03", "100.00")), command("closed", period="2026-03"))
    back = {"type": "claim", "department": "A", "kind": "meals"}
    # Enough for columns; each after the first stands behind one that gave something back.
    claims = [back | {"amount": f"-{1 + place}.00"} for place in range(CROSSOVER_ROWS)]
    results = book.do(*claims)
    node = "dept[A]@2026-03"
    assert [
        (verdict.requested, verdict.available)
        for result in results
        for verdict in result.budget
        if verdict.node == node
    ] == [(-100 * (1 + place), 0) for place in range(CROSSOVER_ROWS)]
