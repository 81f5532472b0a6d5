"""`tongpin publish`, `approve`, `withdraw`: at a server, or at a store that none has open.

Both ways use the same functions (`server.publishing`). At a store the principal is the user of
the operating system who runs the command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.book import Book
from engine.calls import RevisionState
from engine.errors import CallerError
from server.config import ServerConfig
from server.principals import own_principal
from server.publishing import (
    WITHDRAWABLE,
    Candidate,
    approval,
    examine,
    examine_again,
    find_publication,
    give,
    is_proposed,
    publication,
    set_up,
    withdrawal,
)
from server.rulebooks import Check, compile_files, read_folder
from tongpin_cli.books import BOOK_ID
from tongpin_cli.output import EXIT_INPUT, EXIT_OK, Output
from tongpin_client import Client, PublishOptions, RulesReport

_REVISION = re.compile("[0-9a-f]{8,64}")


@dataclass(frozen=True, slots=True)
class Place:
    """A server's address, or a store; where both are empty the store of the data folder."""

    server: str = ""
    store: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to publish, for which business dates, and why."""

    rules: Path
    valid_from: str
    valid_until: str
    comment: str
    propose: bool
    validate_only: bool


def publish_rules(wanted: Wanted, where: Place, output: Output) -> int:
    """Publishes or proposes the rule book of a folder."""
    if where.server:
        options = PublishOptions(
            comment=wanted.comment,
            valid_from=wanted.valid_from,
            valid_until=wanted.valid_until,
            validate_only=wanted.validate_only,
            propose=wanted.propose,
        )
        with Client(where.server, token=where.token or None) as client:
            report = client.publish(dict(read_folder(wanted.rules)), options)
        _show_report(report, output)
        return _done(_report_data(report), output)
    candidate = Candidate(
        read_folder(wanted.rules), wanted.valid_from, wanted.valid_until, wanted.comment
    )
    with book_of(where) as book:
        examination = examine(book, candidate)
        check = examination.check
        _show_check(check, output)
        data: dict[str, object] = {"ok": check.ok, "revision": check.revision, "seq": 0}
        data |= {"state": "", "impact": dict(examination.impact)}
        if check.ok and not wanted.validate_only:
            propose = is_proposed(book, propose=wanted.propose)
            kind, fields = publication(candidate, examination, propose=propose)
            give(book, kind, fields, own_principal())
            state = RevisionState.PROPOSED if propose else RevisionState.IN_FORCE
            data |= {"seq": book.seq, "state": state.name}
    return _done(data, output)


def approve_rules(
    revision: str, publication_id: str, reason: str, where: Place, output: Output
) -> int:
    """Puts a proposal of another into force."""
    _require(revision, reason)
    if where.server:
        with Client(where.server, token=where.token or None) as client:
            report = client.approve_revision(revision, reason, publication_id=publication_id)
        _show_report(report, output)
        return _done(_report_data(report), output)
    with book_of(where) as book:
        waiting = {RevisionState.PROPOSED}
        view = find_publication(book, revision, publication_id, waiting)
        check = examine_again(book, view)
        _show_check(check, output)
        data: dict[str, object] = {"ok": check.ok, "revision": view.revision, "seq": 0}
        if check.ok:
            give(book, *approval(view, reason), own_principal())
            data |= {"seq": book.seq, "state": RevisionState.IN_FORCE.name}
    return _done(data, output)


def withdraw_rules(
    revision: str, publication_id: str, reason: str, where: Place, output: Output
) -> int:
    """Takes a publication back."""
    _require(revision, reason)
    if where.server:
        with Client(where.server, token=where.token or None) as client:
            taken = client.withdraw_revision(revision, reason, publication_id=publication_id)
    else:
        with book_of(where) as book:
            view = find_publication(book, revision, publication_id, WITHDRAWABLE)
            give(book, *withdrawal(view, reason), own_principal())
            taken = view.revision
    output.data({"ok": True, "revision": taken, "state": RevisionState.WITHDRAWN.name})
    output.text(f"revision {taken} is withdrawn")
    return EXIT_OK


@contextmanager
def book_of(where: Place) -> Iterator[Book]:
    """The book of a store, made where it is missing, open for writing."""
    config = ServerConfig()
    url = where.store or config.store_url
    book = Book.open(url, compiler=compile_files, book_id=BOOK_ID)
    try:
        set_up(
            book,
            None,
            config.publishing if not where.store else "auto",
            has_principals=not where.store and config.token_path.exists(),
            principal=own_principal(),
        )
        yield book
    finally:
        book.close()


def _require(revision: str, reason: str) -> None:
    if not _REVISION.fullmatch(revision):
        raise CallerError("USAGE", "name the revision by 8 to 64 of its hexadecimal digits")
    if not reason.strip():
        raise CallerError("REASON_MISSING", "say why with --reason; it is kept in the log")


def _show_check(check: Check, output: Output) -> None:
    for _, shown in check.diagnostics:
        output.text(shown)
    for test in check.tests:
        if not test.passed:
            output.text(f"FAILED {test.name} ({test.path}:{test.line})\n  {test.message}")


def _show_report(report: RulesReport, output: Output) -> None:
    for diagnostic in report.diagnostics:
        output.text(diagnostic.rendered)
    for test in report.tests:
        if not test.passed:
            output.text(f"FAILED {test.name} ({test.path}:{test.line})\n  {test.message}")


def _report_data(report: RulesReport) -> dict[str, object]:
    return {
        "ok": report.ok,
        "revision": report.revision,
        "seq": report.seq if report.state else 0,
        "state": report.state,
        "impact": _impact_data(report),
    }


def _impact_data(report: RulesReport) -> dict[str, object]:
    if report.impact is None:
        return {}
    data = asdict(report.impact)
    return {**data, "class_counts": dict(report.impact.class_counts)}


def _done(data: Mapping[str, object], output: Output) -> int:
    output.data(data)
    impact = data.get("impact")
    if isinstance(impact, Mapping) and impact:
        counts = ", ".join(f"{count} {name}" for name, count in impact["class_counts"].items())
        output.text(f"effect on the {impact['event_count']} events of the book: {counts}")
    if not data["ok"]:
        output.text("not published")
        return EXIT_INPUT
    revision, seq = data["revision"], data["seq"]
    if data.get("state") == RevisionState.PROPOSED.name:
        output.text(f"revision {revision} waits for approval by another, commit {seq}")
        output.text(f"next: tongpin approve {str(revision)[:8]} --reason WHY")
    elif seq:
        output.text(f"revision {revision} is in force from commit {seq}")
    else:
        output.text(f"revision {revision} is fit")
    return EXIT_OK
