"""Publishing over gRPC with two principals, the impact kept with it, and how a book is set up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.book import Book
from engine.calls import Call, RevisionState
from engine.effects import PublishingMode
from engine.errors import CallerError, MalformedInput
from server.principals import add_token
from server.publishing import Candidate, examine, find_publication, set_up
from server.roles import Role
from server.rulebooks import compile_files
from tests.server.conftest import RunningServer, Serve
from tests.server.rules import FAILING_TEST, SALES
from tongpin_client import AsyncClient, Client, PublishOptions, RulesReport, TongpinRpcError

#: The same book, but every sale is booked twice over; its test says so.
DOUBLED = SALES.replace("应收账款 金额 by", "应收账款 金额 + 金额 by").replace(
    "credit 收入 金额", "credit 收入 金额 + 金额"
)
DOUBLED = DOUBLED.replace("应收账款 10.00", "应收账款 20.00").replace("收入 10.00", "收入 20.00")
REVISION = compile_files([("a.tp", SALES.encode())]).revision

FILES, DOUBLED_FILES = {"a.tp": SALES}, {"a.tp": DOUBLED}
SALE = {"id": "1", "type": "sale", "date": "2026-03-05", "customer": "K1", "amount": "10.00"}


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with closing(Book.open(f"sqlite:///{tmp_path / 'book.db'}", compiler=compile_files)) as opened:
        yield opened


@pytest.fixture
def tokens(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "tokens.jsonl"
    both = [Role.AUTHOR, Role.APPROVER]
    return {
        "anna": add_token(path, "anna", [Role.AUTHOR]),
        "bert": add_token(path, "bert", [Role.APPROVER]),
        "carl": add_token(path, "carl", [*both, Role.POSTER, Role.BUDGETER]),
    }


@pytest.fixture
def server(book: Book, tokens: dict[str, str], tmp_path: Path, serve: Serve) -> RunningServer:
    set_up(book, None, "four_eyes", has_principals=True, principal="os:root")
    return serve(book, token_file=tmp_path / "tokens.jsonl")


class People:
    """Clients by name, one call each."""

    def __init__(self, server: RunningServer, tokens: dict[str, str]) -> None:
        self.address, self.tokens = server.address, tokens

    def publish(self, name: str, files: dict[str, str], **options: str) -> RulesReport:
        with Client(self.address, self.tokens[name]) as client:
            return client.publish(files, PublishOptions(**{"comment": "new", **options}))

    def approve(self, name: str, revision: str, comment: str = "read") -> RulesReport:
        with Client(self.address, self.tokens[name]) as client:
            return client.approve_revision(revision, comment)

    def withdraw(self, name: str, revision: str) -> str:
        with Client(self.address, self.tokens[name]) as client:
            return client.withdraw_revision(revision, "wrong")


@pytest.fixture
def people(server: RunningServer, tokens: dict[str, str]) -> People:
    return People(server, tokens)


def refusal(caught: pytest.ExceptionInfo[TongpinRpcError]) -> str:
    return caught.value.metadata.get("reason") or caught.value.reason


def test_author_proposes_and_another_puts_it_into_force(
    server: RunningServer, people: People, tokens: dict[str, str]
) -> None:
    proposed = people.publish("anna", FILES)
    assert (proposed.ok, proposed.state, proposed.seq) == (True, "PROPOSED", 2)
    with pytest.raises(TongpinRpcError) as caught:
        people.approve("anna", proposed.revision)
    assert refusal(caught) == "ROLE_MISSING"
    assert people.approve("bert", proposed.revision[:8]).seq == 3
    with Client(server.address, tokens["bert"]) as client:
        read = client.revision()
        (listed,) = client.revisions()
    assert (read.revision, read.state, read.principal) == (REVISION, "IN_FORCE", "anna")
    assert read.approval is not None
    assert (read.approval.principal, read.approval.comment) == ("bert", "read")
    assert read.diff.splitlines()[:2] == ["--- (none)", "+++ a.tp"]
    assert read.diff.count("\n+") == SALES.count("\n") + 1  # each line, and the name
    assert (listed.publication_id, listed.resolves) == (proposed.publication_id, (("", ""),))


def test_principal_with_both_roles_still_needs_another(people: People) -> None:
    proposed = people.publish("carl", FILES)
    with pytest.raises(TongpinRpcError) as caught:
        people.approve("carl", proposed.revision)
    assert refusal(caught) == "SEGREGATION_OF_DUTIES"
    assert people.approve("bert", proposed.revision).ok


def test_author_alone_puts_nothing_into_force_where_one_principal_may(
    book: Book, tokens: dict[str, str], tmp_path: Path, serve: Serve
) -> None:
    people = People(serve(book, token_file=tmp_path / "tokens.jsonl"), tokens)
    with pytest.raises(TongpinRpcError) as caught:
        people.publish("anna", FILES)
    assert refusal(caught) == "ROLE_MISSING"
    assert people.publish("bert", FILES).state == "IN_FORCE"


def test_publication_commands_are_no_events_that_anybody_sends(
    server: RunningServer, tokens: dict[str, str]
) -> None:
    with Client(server.address, tokens["carl"]) as client:
        for kind in ("revision.published", "revision.approved", "publishing.fixed"):
            with pytest.raises(TongpinRpcError) as caught:
                client.post([{"id": "p", "type": kind, "date": "2026-03-05"}])
            assert refusal(caught) == "ROLE_MISSING"


def test_failing_test_and_missing_reason_stop_a_proposal(server: RunningServer) -> None:
    people = People(server, {"anna": add_token(server.config.token_path, "dora", [Role.AUTHOR])})
    server.authenticator._load()
    assert not people.publish("anna", {"a.tp": FAILING_TEST}).ok
    with pytest.raises(TongpinRpcError) as caught:
        people.publish("anna", FILES, comment="")
    assert refusal(caught) == "REASON_MISSING"
    assert server.book.publications() == []


def test_used_revision_is_superseded_and_its_effect_is_kept(
    server: RunningServer, people: People, tokens: dict[str, str]
) -> None:
    people.publish("anna", FILES)
    people.approve("bert", REVISION)
    with Client(server.address, tokens["carl"]) as client:
        assert next(iter(client.post([SALE]))).status.name == "POSTED"
    with pytest.raises(TongpinRpcError) as caught:
        people.withdraw("bert", REVISION)
    assert refusal(caught) == "REVISION_USED"
    report = people.publish("anna", DOUBLED_FILES)
    assert report.impact is not None
    assert dict(report.impact.class_counts) == {"amount": 1}
    assert (report.impact.against, report.impact.event_count) == (REVISION, 1)
    people.approve("bert", report.revision)
    with Client(server.address, tokens["bert"]) as client:
        newest, first = client.revisions()
        assert client.revision(newest.revision).diff.count("金额 + 金额") == 2
    assert (first.state, first.superseded_by, first.use_count) == (
        "SUPERSEDED", (newest.revision,), 1,
    )  # fmt: skip
    assert newest.impact == report.impact
    assert people.withdraw("bert", newest.revision) == newest.revision
    assert server.book.publications()[0].state is RevisionState.IN_FORCE


def test_author_withdraws_a_proposal_and_no_revision_in_force(people: People) -> None:
    first = people.publish("anna", FILES)
    people.approve("bert", first.revision)
    second = people.publish("anna", DOUBLED_FILES)
    assert people.withdraw("anna", second.revision) == second.revision
    with pytest.raises(TongpinRpcError) as caught:
        people.withdraw("anna", first.revision)
    assert refusal(caught) == "ROLE_MISSING"


def test_asynchronous_client_publishes_and_approves(
    server: RunningServer, tokens: dict[str, str]
) -> None:
    async def publish() -> tuple[str, str]:
        async with AsyncClient(server.address, tokens["anna"]) as anna:
            proposed = await anna.publish(FILES, PublishOptions(comment="new"))
        async with AsyncClient(server.address, tokens["bert"]) as bert:
            approved = await bert.approve_revision(proposed.revision, "read")
            return approved.state, await bert.withdraw_revision(proposed.revision, "not yet")

    assert asyncio.run(publish()) == ("IN_FORCE", REVISION)


# --- setting a book up -------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "a.tp").write_text(SALES, encoding="utf-8")
    return rules


def test_first_rules_of_a_new_book_are_part_of_making_it_and_the_next_need_two(
    book: Book, folder: Path
) -> None:
    first = set_up(book, folder, "auto", has_principals=True, principal="os:root")
    assert first is not None
    assert (first.state, book.publishing) == (RevisionState.IN_FORCE, PublishingMode.FOUR_EYES)
    assert set_up(book, folder, "auto", has_principals=True, principal="os:root") is None
    (folder / "a.tp").write_text(DOUBLED, encoding="utf-8")
    second = set_up(book, folder, "auto", has_principals=True, principal="os:root")
    assert second is not None
    assert second.state is RevisionState.PROPOSED
    assert set_up(book, folder, "auto", has_principals=True, principal="os:root") is None


def test_four_eyes_asked_for_hold_from_the_first_rules_on_and_are_kept(
    book: Book, folder: Path
) -> None:
    first = set_up(book, folder, "four_eyes", has_principals=False, principal="os:root")
    assert first is not None
    assert first.state is RevisionState.PROPOSED
    with pytest.raises(CallerError, match="never loosened"):
        set_up(book, None, "single", has_principals=False, principal="os:root")


def test_book_without_principals_is_published_by_one_and_tightened_later(
    book: Book, folder: Path
) -> None:
    set_up(book, folder, "auto", has_principals=False, principal="os:root")
    assert book.publishing is PublishingMode.SINGLE
    set_up(book, None, "auto", has_principals=True, principal="os:root")
    assert book.publishing is PublishingMode.SINGLE  # only a new book is decided for
    set_up(book, None, "four_eyes", has_principals=True, principal="os:root")
    assert book.publishing is PublishingMode.FOUR_EYES


def test_candidate_with_impossible_dates_is_refused(book: Book) -> None:
    files = [("a.tp", SALES.encode())]
    for first, last in (("2026-02-30", ""), ("2026-04-01", "2026-03-31")):
        with pytest.raises(MalformedInput):
            examine(book, Candidate(files, first, last))


def test_publication_is_found_by_digits_or_by_id_and_never_by_guess(book: Book) -> None:
    for event_id, dates in (("one", {"valid_until": "2026-03-31"}), ("two", {})):
        event = {
            "id": event_id, "type": "revision.proposed", "date": "2026-03-05",
            "source": "tongpin", "files": [{"path": "a.tp", "content": SALES}],
            "comment": "new", **dates,
        }  # fmt: skip
        book.post([Call(events=[event], principal="anna")])
    waiting = {RevisionState.PROPOSED}
    assert find_publication(book, REVISION[:8], "two", waiting).event_id == "two"
    with pytest.raises(CallerError, match=r"several publications: one .*, two"):
        find_publication(book, REVISION[:8], "", waiting)
    with pytest.raises(CallerError, match="is PROPOSED"):
        find_publication(book, REVISION[:8], "", {RevisionState.IN_FORCE})


# --- what a book holds against rules -----------------------------------------------------


def test_change_before_a_closed_period_is_refused_and_dated_later_it_stands(
    server: RunningServer, people: People
) -> None:
    people.publish("anna", FILES)
    people.approve("bert", REVISION)
    waiting = people.publish("anna", DOUBLED_FILES)
    close = {"id": "c", "type": "period.closed", "date": "2026-03-31", "period": "2026-03"}
    server.book.post([Call(events=[close])])
    # What was fit when it was proposed is not when it is to be approved.
    refused = people.approve("bert", waiting.revision)
    assert (refused.ok, [each.code for each in refused.diagnostics]) == (False, ["TP504"])
    again = people.publish("anna", DOUBLED_FILES, valid_until="2026-12-31")
    assert (again.ok, [each.code for each in again.diagnostics]) == (False, ["TP504"])
    assert people.publish("anna", DOUBLED_FILES, valid_from="2026-04-01").ok
