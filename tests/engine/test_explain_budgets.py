"""An event says what it did to budgets and what they said, refused and held ones too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.book import Book
from engine.effects import MoveKind, Stage, Status, Verdict
from engine.errors import UnknownObject
from engine.explain import explain_voucher
from engine.explain_budgets import EventExplanation, explain_event
from server.rulebooks import compile_files
from tests.engine.verify.budget_sample import make_budget_book
from tests.engine.verify.sample import store_url


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    folder: Path = tmp_path_factory.mktemp("budgets")
    make_budget_book(folder)
    opened = Book.open(store_url(folder), compiler=compile_files, read_only=True)
    with closing(opened):
        yield opened


def _said(event: EventExplanation, step: int = 0) -> list[tuple[str, Verdict, int, int, int]]:
    said = [one.verdict for one in event.steps[step].said]
    return [(v.node, v.verdict, v.requested, v.available, v.excess) for v in said]


def test_posted_event_names_rule_lines_and_the_nodes_above(book: Book) -> None:
    event = explain_event(book, "crm", "c4")
    assert event.status is Status.POSTED
    assert _said(event) == [
        ("dept[D1,travel]@2026-03", Verdict.OVERRIDE, 9_000, 7_000, 2_000),
        ("dept[D1]@2026-03", Verdict.PASS, 9_000, 27_000, 0),
        ("loose[D1]", Verdict.WARN, 9_000, -13_000, 9_000),
    ]
    move = event.steps[0].moves[0]
    assert (move.node, move.kind, move.stage) == (
        "dept[D1,travel]@2026-03",
        MoveKind.SPEND,
        Stage.ACTUAL,
    )
    assert (move.amount, move.scale, move.currency) == (9_000, 2, "CNY")
    assert move.above == ("dept[D1]@2026-03", "dept[]@2026-03")
    assert (move.rule, move.place) == ("claim", "budgets.tp:53")
    explanation = explain_voucher(book, event.vouchers[0])
    assert explanation.budgets == event.steps


def test_refused_event_says_why_though_its_content_is_not_kept(book: Book) -> None:
    event = explain_event(book, "crm", "c3")
    assert (event.status, event.reason, event.content) == (Status.REJECTED_BUDGET, "OVER", b"")
    assert event.steps[0].moves == ()
    assert event.steps[0].to_text()[1] == (
        "  dept[D1,travel]@2026-03 said BLOCK: 100.00 asked, 70.00 left before, short by 30.00,"
        " head, rule claim (budgets.tp:53)"
    )


def test_held_event_names_who_let_it_pass(book: Book) -> None:
    event = explain_event(book, "crm", "q2")
    assert [(step.by, step.by_type, step.principal) for step in event.steps] == [
        ("", "request", "crm"),
        ("default/h1", "hold.decided", "manager"),
    ]
    assert _said(event, 0) == [("dept[D1]@2026-03", Verdict.HOLD, 50_000, 9_000, 0)]
    assert _said(event, 1) == [("dept[D1]@2026-03", Verdict.OVERRIDE, 50_000, 9_000, 41_000)]
    assert event.steps[1].said[0].verdict.person == "boss"
    assert event.steps[1].moves[0].reference == "q2"


def test_event_that_still_waits_and_one_retried_are_followed(book: Book) -> None:
    waiting = explain_event(book, "crm", "o1")
    assert (waiting.status, len(waiting.steps)) == (Status.HELD, 1)
    retried = explain_event(book, "crm", "c0")
    assert [(step.seq, step.by) for step in retried.steps] == [(7, "tongpin/retry")]
    assert retried.steps[0].moves[1].place == "budgets.tp:54"


def test_command_shows_both_sides_of_what_it_moved(book: Book) -> None:
    step = explain_event(book, "plan", "t1").steps[0].to_json()
    moves = step["moves"]
    assert isinstance(moves, list)
    assert [(move["node"], move["stage"], move["amount"]) for move in moves] == [
        ("works[P2]", "LIMIT", "-500.00"),
        ("works[P1]", "LIMIT", "500.00"),
    ]


def test_unknown_event_is_named(book: Book) -> None:
    with pytest.raises(UnknownObject, match="no event crm/nobody"):
        explain_event(book, "crm", "nobody")
