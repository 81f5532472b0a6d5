"""Tests of a book over a program built by hand: statuses, numbers, state, groups, attempts."""

from __future__ import annotations

import pytest

from engine.book import Book
from engine.calls import Call
from engine.effects import Status
from tests.engine.fines import fines_program


def _event(event_id: str, kind: str, **fields: object) -> dict[str, object]:
    return {"id": event_id, "type": kind, "date": "2026-03-05", **fields}


def _book(evaluator: str = "auto") -> Book:
    return Book.in_memory([fines_program()], evaluator=evaluator)  # type: ignore[arg-type]


def _post(book: Book, *events: dict[str, object], **more: object) -> list[tuple[str, str]]:
    answer = book.post([Call(events=events, **more)])[0]  # type: ignore[arg-type]
    return [(result.status.name, result.reason) for result in answer.results]


EVALUATORS = ("closures", "columns")


@pytest.mark.parametrize("evaluator", EVALUATORS)
def test_delta_posts_the_difference_and_collection_hands_over_the_rest(evaluator: str) -> None:
    book = _book(evaluator)
    statuses = _post(
        book,
        _event("1", "fine.created", case="A", amount="35.00"),
        _event("2", "penalty.added", case="A", amount="71.50"),
        _event("3", "payment", case="A", amount="30.00"),
        _event("4", "collection", case="A"),
        _event("5", "collection", case="A"),
        _event("6", "appeal", case="A"),
    )
    assert statuses == [
        ("POSTED", ""),
        ("POSTED", ""),
        ("POSTED", ""),
        ("POSTED", ""),
        ("NO_POSTING", "ALL_ZERO"),
        ("NO_POSTING", ""),
    ]
    debits = [book.voucher(f"C01/GL/2026-03/记/{n}").lines[0].debit for n in (1, 2, 3, 4)]
    assert debits == [3500, 3650, 3000, 4150]
    rows = {row.account_code: (row.debit, row.credit) for row in book.trial_balance()}
    assert rows == {
        "1122": (7150, 7150),
        "6001": (0, 7150),
        "1002": (3000, 0),
        "1221": (4150, 0),
    }


def test_columns_and_closures_give_the_same_vouchers_in_any_batch_size() -> None:
    events = []
    for number in range(300):
        case = f"K{number % 7}"
        kind = ("fine.created", "penalty.added", "payment", "collection")[number % 4]
        fields = {} if kind == "collection" else {"amount": f"{number * 3 + 1}.50"}
        events.append(_event(str(number), kind, case=case, **fields))
    outcomes = []
    for evaluator, size in (("closures", 1), ("closures", 300), ("columns", 300), ("columns", 37)):
        book = _book(evaluator)
        for start in range(0, len(events), size):
            book.post([Call(events=events[start : start + size])])
        vouchers, _ = book.vouchers(limit=1000)
        outcomes.append([(v.name, v.event_id, v.summary, v.lines) for v in vouchers])
    assert len(outcomes[0]) > 200
    assert outcomes[0] == outcomes[1] == outcomes[2] == outcomes[3]


@pytest.mark.parametrize("evaluator", EVALUATORS)
def test_repeated_identity_is_duplicate_or_conflict_naming_the_fields(evaluator: str) -> None:
    book = _book(evaluator)
    first = _event("1", "fine.created", case="A", amount="35.00")
    assert _post(book, first, first) == [("POSTED", ""), ("DUPLICATE", "")]
    again = dict(first, amount="35.0")
    other = dict(first, amount="36.00")
    answer = book.post([Call(events=[again, other])])[0].results
    assert [result.status for result in answer] == [Status.DUPLICATE, Status.CONFLICT]
    assert answer[0].vouchers == ("C01/GL/2026-03/记/1",)
    assert answer[0].first_status is Status.POSTED
    assert answer[1].conflicting_fields == ("amount",)


@pytest.mark.parametrize("evaluator", EVALUATORS)
def test_refused_event_takes_no_identity_and_no_number(evaluator: str) -> None:
    book = _book(evaluator)
    bad = _event("p", "payment", case="A", amount="-1.00")
    assert _post(book, bad) == [("REJECTED_RULE", "NEGATIVE")]
    assert _post(book, dict(bad, amount="1.00")) == [("POSTED", "")]
    assert book.voucher("记/1".join(["2026-03/", ""]))
    assert book.event("default", "p").status is Status.POSTED


def test_unknown_type_waits_is_retried_and_withdrawn() -> None:
    book = _book()
    assert _post(book, _event("x", "unheard.of", a="1")) == [("UNPOSTED", "UNKNOWN_TYPE")]
    page, _, total = book.unposted()
    assert (total, page[0].event_id) == (1, "x")
    retry = {"id": "r1", "type": "event.retried", "date": "2026-03-06", "source": "tongpin"}
    assert _post(book, retry) == [("UNPOSTED", "UNKNOWN_TYPE")]
    withdraw = {
        "id": "w1",
        "type": "event.withdrawn",
        "date": "2026-03-06",
        "source": "tongpin",
        "of_id": "x",
        "comment": "typing mistake",
    }
    assert _post(book, withdraw) == [("NO_POSTING", "")]
    assert book.event("default", "x").status is Status.WITHDRAWN
    assert _post(book, _event("x", "fine.created", case="A", amount="1.00")) == [("POSTED", "")]


@pytest.mark.parametrize("evaluator", EVALUATORS)
def test_group_fails_whole_and_leaves_nothing(evaluator: str) -> None:
    book = _book(evaluator)
    events = [
        _event("1", "fine.created", case="A", amount="35.00", group_id="g"),
        _event("2", "fine.created", case="B", amount="10.00"),
        _event("3", "payment", case="A", amount="-1.00", group_id="g"),
        _event("4", "collection", case="A"),
    ]
    answer = book.post([Call(events=events)])[0].results
    assert [r.status.name for r in answer] == [
        "GROUP_FAILED",
        "POSTED",
        "GROUP_FAILED",
        "NO_POSTING",
    ]
    assert answer[1].vouchers == ("C01/GL/2026-03/记/1",)
    assert not {row.account_code for row in book.trial_balance()} - {"1122", "6001"}


def test_stop_leaves_the_rest_not_attempted() -> None:
    book = _book()
    events = [
        _event("1", "fine.created", case="A", amount="35.00"),
        _event("2", "payment", case="A", amount="-1.00"),
        _event("3", "fine.created", case="B", amount="35.00"),
    ]
    assert _post(book, *events, stop_on_error=True) == [
        ("POSTED", ""),
        ("REJECTED_RULE", "NEGATIVE"),
        ("NOT_ATTEMPTED", "STOPPED"),
    ]


def test_same_attempt_gets_the_same_answer() -> None:
    book = _book()
    event = _event("1", "payment", case="A", amount="-1.00")
    first = book.post([Call(events=[event], attempt_id="t1")])[0].results[0]
    again = book.post([Call(events=[event], attempt_id="t1")])[0].results[0]
    assert (first.status, again.status) == (Status.REJECTED_RULE, Status.REJECTED_RULE)
    assert not first.replayed
    assert again.replayed
    assert again.message == first.message == "negative payment in A"


def test_dry_run_shows_the_voucher_and_changes_nothing() -> None:
    book = _book()
    event = _event("1", "fine.created", case="A", amount="35.00")
    result = book.post([Call(events=[event], dry_run=True)])[0].results[0]
    assert result.status is Status.POSTED
    assert [(line.debit, line.credit) for line in result.drafts[0].lines] == [(3500, 0), (0, 3500)]
    assert result.drafts[0].number == 0
    assert book.trial_balance() == []
    assert book.seq == 0
    assert _post(book, event) == [("POSTED", "")]


@pytest.mark.parametrize("evaluator", EVALUATORS)
def test_closed_period_refuses_or_moves_by_the_types_policy(evaluator: str) -> None:
    book = _book(evaluator)
    close = {"id": "c", "type": "period.closed", "date": "2026-04-01", "period": "2026-03"}
    statuses = _post(
        book,
        _event("1", "fine.created", case="A", amount="35.00"),
        close,
        _event("2", "fine.created", case="B", amount="35.00"),
        _event("3", "payment", case="A", amount="5.00"),
        _event("4", "payment", case="A", amount="5.00", posting_date="2026-03-31"),
        _event("5", "appeal", case="A"),
    )
    assert statuses == [
        ("POSTED", ""),
        ("NO_POSTING", ""),
        ("UNPOSTED", "PERIOD_CLOSED"),
        ("POSTED", ""),
        ("UNPOSTED", "PERIOD_CLOSED"),
        ("NO_POSTING", ""),
    ]
    moved = book.voucher("C01/GL/2026-04/记/1")
    assert (moved.voucher_date, moved.event_date) == ("2026-04-01", "2026-03-05")


def test_streamed_offset_is_answered_again_and_a_gap_is_refused() -> None:
    book = _book()
    event = _event("1", "fine.created", case="A", amount="35.00")
    bad = _event("2", "payment", case="A")
    call = Call(events=[event, bad], stream="s", offset=1)
    first = book.post([call])[0].results
    again = book.post([call])[0].results
    assert [r.status.name for r in first] == ["POSTED", "INVALID"]
    assert [(r.status, r.vouchers) for r in again] == [(r.status, r.vouchers) for r in first]
    assert all(r.replayed for r in again)
    with pytest.raises(Exception, match="goes on with offset 2"):
        book.post([Call(events=[event], stream="s", offset=3)])


def test_failed_group_names_the_event_that_failed_it() -> None:
    book = _book()
    events = [
        _event("1", "fine.created", case="A", amount="35.00", group_id="g"),
        _event("2", "payment", case="A", amount="-1.00", group_id="g"),
    ]
    answer = book.post([Call(events=events)])[0].results
    assert [result.message for result in answer] == [
        "group g failed: 2 is REJECTED_RULE NEGATIVE negative payment in A"
    ] * 2


def test_repeated_offset_answers_a_duplicate_with_its_vouchers() -> None:
    book = _book()
    event = _event("1", "fine.created", case="A", amount="35.00")
    book.post([Call(events=[event])])
    call = Call(events=[event], stream="s", offset=1)
    first, again = (book.post([call])[0].results[0] for _ in range(2))
    assert first.vouchers == again.vouchers == ("C01/GL/2026-03/记/1",)
    assert (again.status, again.replayed) == (Status.DUPLICATE, True)
