"""Publishing in one step and in two: who may, what is in force for which date, what is taken back.

The expected identities come from compiling the files here, and who did what from the calls made.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import cache
from itertools import count
from pathlib import Path

import pytest

from engine.book import Book
from engine.calendar import day_of
from engine.calls import Act, Call, RevisionState
from engine.effects import PublishingMode, Status
from engine.replay import LogClock, replay_log
from server.rulebooks import compile_files

START_US = 1_772_668_800_000_000  # 2026-03-05
STEP_US = 1_000_000

RULES = """rulebook small
ledger general is GL currency CNY
chart small
  cash    @1001 "Cash"    debit
  revenue @6001 "Revenue" credit
event sale is sale expects one
  amount amount
rule book_sale
  on sale
  basis "what is sold is revenue"
  voucher "NOTE"
    debit  cash    amount
    credit revenue amount
"""

Fields = dict[str, object]


def files_of(note: str) -> list[Fields]:
    return [{"path": "small.tp", "content": RULES.replace("NOTE", note)}]


@cache
def revision_of(note: str) -> str:
    return compile_files([("small.tp", RULES.replace("NOTE", note).encode())]).revision


def open_book(folder: Path) -> Book:
    seconds = count(START_US, STEP_US)
    return Book.open(
        f"sqlite:///{folder / 'book.db'}", compiler=compile_files, clock=lambda: next(seconds)
    )


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with closing(open_book(tmp_path)) as opened:
        yield opened


def give(book: Book, principal: str, event_id: str, kind: str, **fields: object) -> str:
    """Gives a command; what came of it, as STATUS or the reason of a refusal."""
    event = {"id": event_id, "type": kind, "date": "2026-03-05", "source": "tongpin", **fields}
    result = book.post([Call(events=[event], principal=principal)])[0].results[0]
    return result.reason or result.status.name


def propose(book: Book, principal: str, note: str, event_id: str = "", **fields: object) -> str:
    own = {"files": files_of(note), "comment": f"because of {note}"}
    return give(book, principal, event_id or note, "revision.proposed", **own | fields)


def approve(book: Book, principal: str, note: str, **fields: object) -> str:
    named = {"revision": revision_of(note), "of_id": note, "comment": f"{note} is right"}
    own = {"author": "anna", **named}
    return give(book, principal, f"approve-{note}", "revision.approved", **own | fields)


def withdraw(book: Book, principal: str, note: str, **fields: object) -> str:
    named = {"revision": revision_of(note), "of_id": note, "comment": f"{note} is wrong"}
    return give(book, principal, f"withdraw-{note}", "revision.withdrawn", **named | fields)


def publish(book: Book, principal: str, note: str, event_id: str = "", **fields: object) -> str:
    files = files_of(note)
    return give(book, principal, event_id or note, "revision.published", files=files, **fields)


def four_eyes(book: Book) -> None:
    assert give(book, "root", "mode", "publishing.fixed", mode="four_eyes") == "NO_POSTING"


def sell(book: Book, event_id: str, date: str = "2026-03-05") -> str:
    """Posts a sale; the note of the rule that booked it, or why it was not booked."""
    event = {"id": event_id, "type": "sale", "date": date, "amount": "10.00"}
    result = book.post([Call(events=[event], principal="shop")])[0].results[0]
    if result.status is not Status.POSTED:
        return result.reason
    return book.voucher(result.vouchers[0]).summary


def states(book: Book) -> list[tuple[str, str]]:
    notes = {revision_of(note): note for note in "ABC"}
    return [(notes[view.revision], view.state.name) for view in book.publications()]


# --- two steps ---------------------------------------------------------------------------


def test_proposal_is_in_force_only_once_another_approved_it(book: Book) -> None:
    four_eyes(book)
    assert propose(book, "anna", "A") == "NO_POSTING"
    assert sell(book, "1") == "NO_REVISION"
    assert states(book) == [("A", "PROPOSED")]
    assert approve(book, "bert", "A") == "NO_POSTING"
    assert sell(book, "2") == "A"
    (view,) = book.publications()
    assert view.state is RevisionState.IN_FORCE
    assert (view.principal, view.comment) == ("anna", "because of A")
    assert view.sealed_at_us == START_US + STEP_US
    assert view.approval == Act("bert", START_US + 3 * STEP_US, "A is right", 4)
    assert (view.seq, view.use_count, view.first_use_seq) == (4, 1, 5)


def test_author_cannot_approve_whatever_the_event_says_of_its_actor(book: Book) -> None:
    four_eyes(book)
    propose(book, "anna", "A", actor="carl")
    assert approve(book, "anna", "A", actor="bert", approved_by="bert") == "SEGREGATION_OF_DUTIES"
    assert sell(book, "1") == "NO_REVISION"


def test_one_step_is_refused_where_two_are_needed_and_the_mode_is_never_loosened(
    book: Book,
) -> None:
    assert book.publishing is PublishingMode.SINGLE
    four_eyes(book)
    assert publish(book, "anna", "A") == "SEGREGATION_OF_DUTIES"
    loosened = give(book, "root", "again", "publishing.fixed", mode="single")
    assert loosened == "PUBLISHING_FIXED"
    assert book.publishing is PublishingMode.FOUR_EYES


def test_two_steps_need_two_persons_in_a_book_of_one_step_as_well(book: Book) -> None:
    propose(book, "anna", "A")
    assert approve(book, "anna", "A") == "SEGREGATION_OF_DUTIES"
    assert approve(book, "bert", "A") == "NO_POSTING"
    assert publish(book, "anna", "B") == "NO_POSTING"
    assert sell(book, "1") == "B"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"comment": " "}, "REASON_MISSING"),
        ({"valid_from": "1.4.2026"}, "INVALID_FIELD"),
        ({"valid_from": "2026-04-01", "valid_until": "2026-03-31"}, "INVALID_FIELD"),
    ],
)
def test_proposal_without_a_reason_or_with_impossible_dates_is_refused(
    book: Book, fields: Fields, reason: str
) -> None:
    assert propose(book, "anna", "A", **fields) == reason
    assert book.publications() == []


def test_proposal_that_does_not_compile_is_refused(book: Book) -> None:
    bad = [{"path": "a.tp", "content": "rulebook a\nledger"}]
    assert propose(book, "anna", "A", files=bad) == "REVISION_REFUSED"


def test_same_rules_for_the_same_dates_are_proposed_once(book: Book) -> None:
    propose(book, "anna", "A")
    assert propose(book, "bert", "A", "again") == "ALREADY_PROPOSED"
    assert propose(book, "bert", "A", "later", valid_from="2026-04-01") == "NO_POSTING"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"of_id": "other"}, "NOT_PROPOSED"),
        ({"revision": "0" * 64}, "NOT_PROPOSED"),
        ({"author": "carl"}, "NOT_PROPOSED"),
        ({"comment": ""}, "REASON_MISSING"),
    ],
)
def test_approval_names_a_waiting_proposal_by_id_revision_and_author_and_says_why(
    book: Book, fields: Fields, reason: str
) -> None:
    propose(book, "anna", "A")
    assert approve(book, "bert", "A", **fields) == reason
    assert states(book) == [("A", "PROPOSED")]


def test_publication_among_other_events_is_refused(book: Book) -> None:
    events: list[Fields] = [
        {"id": "p", "type": "revision.proposed", "date": "2026-03-05", "files": files_of("A")},
        {"id": "1", "type": "sale", "date": "2026-03-05", "amount": "1.00"},
    ]
    results = book.post([Call(events=events, principal="anna")])[0].results
    assert [result.reason for result in results] == ["REVISION_REFUSED", "NO_REVISION"]


# --- withdrawing and superseding ---------------------------------------------------------


def test_withdrawn_before_first_use_the_revision_before_is_in_force_again(book: Book) -> None:
    publish(book, "anna", "A")
    publish(book, "anna", "B")
    assert states(book) == [("A", "SUPERSEDED"), ("B", "IN_FORCE")]
    assert withdraw(book, "bert", "B") == "NO_POSTING"
    assert states(book) == [("A", "IN_FORCE"), ("B", "WITHDRAWN")]
    assert book.publications()[1].withdrawal == Act("bert", START_US + 2 * STEP_US, "B is wrong", 3)
    assert sell(book, "1") == "A"


def test_used_revision_is_not_withdrawn_but_superseded(book: Book) -> None:
    publish(book, "anna", "A")
    publish(book, "anna", "B")
    sell(book, "1")
    assert withdraw(book, "bert", "B") == "REVISION_USED"
    assert withdraw(book, "bert", "A") == "NO_POSTING"  # nothing was decided under it
    assert publish(book, "anna", "C") == "NO_POSTING"
    assert sell(book, "2") == "C"
    assert [view.use_count for view in book.publications()] == [0, 1, 1]


def test_refused_event_counts_as_use_and_an_event_of_another_date_does_not(book: Book) -> None:
    publish(book, "anna", "A", valid_until="2026-03-31")
    publish(book, "anna", "B", valid_from="2026-04-01")
    event = {"id": "1", "type": "unknown.type", "date": "2026-04-02"}
    book.post([Call(events=[event])])
    assert withdraw(book, "bert", "B") == "REVISION_USED"
    assert withdraw(book, "bert", "A") == "NO_POSTING"


def test_same_revision_published_twice_is_used_by_the_date_it_holds(book: Book) -> None:
    publish(book, "anna", "A", "first", valid_until="2026-03-31")
    publish(book, "anna", "A", "second", valid_from="2026-04-01")
    sell(book, "1", "2026-03-05")
    assert withdraw(book, "bert", "A", of_id="first") == "REVISION_USED"
    assert withdraw(book, "bert", "A", of_id="second") == "NO_POSTING"
    assert sell(book, "2", "2026-04-05") == "NO_REVISION"


def test_proposal_is_withdrawn_by_anybody_and_can_be_approved_no_more(book: Book) -> None:
    propose(book, "anna", "A")
    assert withdraw(book, "anna", "A") == "NO_POSTING"
    assert approve(book, "bert", "A") == "NOT_PROPOSED"
    assert withdraw(book, "bert", "B", of_id="nothing") == "NOT_PUBLISHED"


def test_author_withdraws_nothing_that_two_put_into_force(book: Book) -> None:
    four_eyes(book)
    propose(book, "anna", "A")
    approve(book, "bert", "A")
    assert withdraw(book, "anna", "A") == "SEGREGATION_OF_DUTIES"
    assert withdraw(book, "bert", "A") == "NO_POSTING"


# --- what a date resolves to -------------------------------------------------------------


def test_date_resolves_to_the_latest_in_force_that_holds_it(book: Book) -> None:
    publish(book, "anna", "A")
    publish(book, "anna", "B", valid_from="2026-03-01", valid_until="2026-03-31")
    propose(book, "anna", "C")
    found = {day: book.resolve(day_of(day)) for day in ("2026-02-28", "2026-03-31", "2026-04-01")}
    chosen = {
        day: each.chosen.comment or each.chosen.event_id
        for day, each in found.items()
        if each.chosen
    }
    assert chosen == {"2026-02-28": "A", "2026-03-31": "B", "2026-04-01": "A"}
    assert [(view.event_id, why) for view, why in found["2026-03-31"].passed_over] == [
        ("C", "proposed, not approved"),
        ("A", f"superseded by {revision_of('B')[:8]} for this date"),
    ]
    assert [(view.event_id, why) for view, why in found["2026-04-01"].passed_over] == [
        ("C", "proposed, not approved"),
        ("B", "holds dates until 2026-03-31"),
    ]


def test_what_is_left_of_a_range_and_who_took_the_rest(book: Book) -> None:
    publish(book, "anna", "A", valid_from="2026-01-01")
    publish(book, "anna", "B", valid_from="2026-03-01", valid_until="2026-03-31")
    view = book.publications()[0]
    assert view.resolves == (("2026-01-01", "2026-02-28"), ("2026-04-01", ""))
    assert view.superseded_by == (revision_of("B"),)
    publish(book, "anna", "C", valid_from="2025-12-01")
    assert [view.resolves for view in book.publications()] == [(), (), (("2025-12-01", ""),)]
    assert states(book) == [("A", "SUPERSEDED"), ("B", "SUPERSEDED"), ("C", "IN_FORCE")]


# --- afterwards --------------------------------------------------------------------------


def test_reopened_and_replayed_book_says_the_same_of_its_revisions(tmp_path: Path) -> None:
    with closing(open_book(tmp_path)) as book:
        four_eyes(book)
        propose(book, "anna", "A")
        approve(book, "bert", "A")
        sell(book, "1")
        propose(book, "anna", "B")
        propose(book, "anna", "C")
        withdraw(book, "anna", "B")
        said = book.publications(with_files=True)
        book.snapshot()
    with closing(open_book(tmp_path)) as again:
        assert again.snapshot_note == ""
        assert again.publications(with_files=True) == said
        assert again.publishing is PublishingMode.FOUR_EYES
        clock = LogClock()
        replayed = Book.in_memory(compiler=compile_files, clock=clock)
        replay_log(again, replayed, clock, tmp_path / "out")
    assert [view.state for view in replayed.publications()] == [view.state for view in said]
    assert replayed.publications()[0].use_count == 1
