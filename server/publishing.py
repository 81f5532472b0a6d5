"""What publishing asks for before it becomes a command: clean check, green tests, a fit book.

The service and the command line use the same functions; who may give which command is decided by
the book itself (`engine.decide`), by the principal of the call.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from engine.book import Book
from engine.book_reads import BookReads
from engine.calendar import day_of
from engine.calls import (
    PUBLISHING_FIXED,
    REVISION_APPROVED,
    REVISION_PROPOSED,
    REVISION_PUBLISHED,
    REVISION_WITHDRAWN,
    SYSTEM_SOURCE,
    Call,
    RevisionState,
    RevisionView,
)
from engine.effects import PublishingMode, Status
from engine.errors import CallerError, MalformedInput, UnknownObject
from engine.impact import compare_book
from engine.program import NO_DATE
from server.book_facts import check_in_book
from server.limits import MAX_IMPACT_EVENTS
from server.rulebooks import Check, Files, compile_files, read_folder

#: What a publication command ends with where it did what it was asked to.
_DONE = frozenset({Status.POSTED, Status.NO_POSTING})

#: States of a revision that was put into force and not taken back.
IN_FORCE_ONCE = frozenset({RevisionState.IN_FORCE, RevisionState.SUPERSEDED})

#: States in which a publication can be withdrawn, as far as its state alone tells.
WITHDRAWABLE = IN_FORCE_ONCE | {RevisionState.PROPOSED}


@dataclass(frozen=True, slots=True)
class Candidate:
    """Rules to publish. Dates are YYYY-MM-DD, "" = no limit; comment: why."""

    files: Files
    valid_from: str = ""
    valid_until: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Examination:
    """What stands for and against a candidate in a book.

    Attributes:
        check: what compiling, testing and comparing with the book showed.
        against: identity of the revision in force before it, "" = none.
        impact: summary of what it does to the events of the book; empty where it holds none.
    """

    check: Check
    against: str = ""
    impact: Mapping[str, object] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether it may be published."""
        return self.check.ok


def examine(book: Book, candidate: Candidate) -> Examination:
    """Compiles and tests a candidate and compares it with what the book holds; stores nothing."""
    days = _days(candidate)
    check = check_in_book(book, candidate.files, days, run_tests=True)
    before = newest_in_force(book)
    against = before.revision if before is not None else ""
    impact = _impact_of(book, candidate, days) if check.ok and before is not None else {}
    return Examination(check, against, impact)


def _days(candidate: Candidate) -> tuple[int, int]:
    """First and last business day of a candidate, NO_DATE = no limit."""
    days = []
    for name, text in (("from", candidate.valid_from), ("until", candidate.valid_until)):
        try:
            days.append(day_of(text) if text else NO_DATE)
        except ValueError:
            what = f"{name} {text} is no date; write one such as 2026-03-05"
            raise MalformedInput("MALFORMED_REQUEST", what, field=f"valid_{name}") from None
    if NO_DATE not in days and days[1] < days[0]:
        what = f"until {candidate.valid_until} lies before from {candidate.valid_from}"
        raise MalformedInput("MALFORMED_REQUEST", what, field="valid_until")
    return days[0], days[1]


def _impact_of(book: Book, candidate: Candidate, days: tuple[int, int]) -> dict[str, object]:
    """What a candidate would have made of the events of the book, in short and as a digest."""
    seq, count = book.seq, book.state.event_count
    if not count:
        return {}
    if count > MAX_IMPACT_EVENTS:
        counts = {"not_compared": count}
        return {"seq": seq, "event_count": count, "class_counts": counts}
    program = compile_files(candidate.files)
    report = compare_book(book, program, valid_from=days[0], valid_until=days[1])
    if not report.event_count:
        return {}
    data = report.to_json()
    text = json.dumps(data, ensure_ascii=False, sort_keys=True)
    return {
        "against": report.old_revision,
        "seq": seq,
        "event_count": report.event_count,
        "class_counts": {change.value: count for change, count in report.counts.items() if count},
        "digest": hashlib.sha256(text.encode()).hexdigest(),
    }


def examine_again(book: Book, proposal: RevisionView) -> Check:
    """Compares a proposal with what the book has come to since; stores nothing."""
    days = _days(Candidate(proposal.files, proposal.valid_from, proposal.valid_until))
    return check_in_book(book, proposal.files, days, run_tests=False)


def is_proposed(book: BookReads, *, propose: bool) -> bool:
    """Whether publishing only proposes: because it is asked for, or because the book needs two."""
    return propose or book.publishing is PublishingMode.FOUR_EYES


def publication(
    candidate: Candidate, examination: Examination, *, propose: bool
) -> tuple[str, dict[str, object]]:
    """Type and fields of the command that proposes a candidate or puts it into force.

    Raises:
        UnicodeDecodeError: a file is not UTF-8.
    """
    kind = REVISION_PROPOSED if propose else REVISION_PUBLISHED
    return kind, {
        "files": [{"path": path, "content": data.decode()} for path, data in candidate.files],
        "valid_from": candidate.valid_from or None,
        "valid_until": candidate.valid_until or None,
        "comment": candidate.comment or None,
        "against": examination.against or None,
        "impact": dict(examination.impact) or None,
    }


def approval(view: RevisionView, comment: str) -> tuple[str, dict[str, object]]:
    """Type and fields of the command that puts a proposal into force."""
    return REVISION_APPROVED, {**_named(view, comment), "author": view.principal}


def withdrawal(view: RevisionView, comment: str) -> tuple[str, dict[str, object]]:
    """Type and fields of the command that takes a publication back."""
    return REVISION_WITHDRAWN, _named(view, comment)


def _named(view: RevisionView, comment: str) -> dict[str, object]:
    return {"revision": view.revision, "of_id": view.event_id, "comment": comment or None}


def find_publication(
    book: BookReads, name: str, publication_id: str, states: Collection[RevisionState]
) -> RevisionView:
    """A publication by the beginning of its revision, or by its name in the log, or both.

    Args:
        book: to look in.
        name: first digits of the revision's identity.
        publication_id: name of the publication; "" = the only one that fits.
        states: those it may be in.

    Raises:
        UnknownObject: none fits.
        CallerError: several fit; their names are told.
    """
    named = [
        view
        for view in book.publications(with_files=True)
        if view.revision.startswith(name) and view.event_id.startswith(publication_id)
    ]
    found = [view for view in named if view.state in states]
    if len(found) == 1:
        return found[0]
    wanted = " ".join(part for part in (name, publication_id) if part)
    if not found:
        what = f"; {wanted} is {named[-1].state.name}" if named else ""
        listed = " or ".join(sorted(state.name for state in states))
        message = f"no revision that is {listed} begins with {wanted}{what}"
        raise UnknownObject("NOT_FOUND", message, kind="revision", name=wanted)
    names = ", ".join(f"{view.event_id} ({view.revision[:8]})" for view in found)
    raise CallerError("MALFORMED_REQUEST", f"{wanted} fits several publications: {names}")


def newest_in_force(book: BookReads) -> RevisionView | None:
    """The revision put into force last that was not withdrawn."""
    views = book.publications(with_files=True)
    found = [view for view in views if view.state in IN_FORCE_ONCE]
    return found[-1] if found else None


def source_diff(book: BookReads, view: RevisionView) -> str:
    """The sources of a revision against those of the one before it, as a unified diff."""
    views = book.publications(with_files=True)
    earlier = [each for each in views if each.seq < view.seq and each.state in IN_FORCE_ONCE]
    named = [each for each in earlier if each.revision == view.against]
    before = (named or earlier)[-1:]
    old = dict(before[0].files) if before else {}
    new = dict(next(each.files for each in views if each.event_id == view.event_id))
    lines: list[str] = []
    for path in sorted(old.keys() | new.keys()):
        one, other = (
            files.get(path, b"").decode(errors="replace").splitlines() for files in (old, new)
        )
        names = [path if path in files else "(none)" for files in (old, new)]
        lines += difflib.unified_diff(one, other, names[0], names[1], lineterm="")
    return "".join(f"{line}\n" for line in lines)


# ---------------------------------------------------------------- without a service


def set_up(
    book: Book,
    folder: Path | None,
    wanted: str,
    *,
    has_principals: bool,
    principal: str,
) -> RevisionView | None:
    """Fixes how a book publishes and puts the rule book of a folder into force or proposes it.

    The first rules of a new book are part of making it: unless four eyes are asked for, they are
    in force at once, by whoever makes the book, and only then the book begins to need two.

    Args:
        book: open for writing.
        folder: of the rule book; None = none. Nothing is done where it is in force or waits.
        wanted: "single", "four_eyes", or "auto": four eyes for a new book whose service knows its
            principals, else what the book says already.
        has_principals: whether callers are told apart by their tokens.
        principal: who makes the book.

    Returns:
        The revision published or proposed, None if there was nothing to do.

    Raises:
        CallerError: it does not compile, a test fails, the book refuses it; or the book
            publishes with four eyes and `wanted` is "single".
    """
    if wanted == "auto":
        mode = "four_eyes" if book.seq == 0 and has_principals else ""
        published = _publish_folder(book, folder, principal) if folder is not None else None
        _fix_publishing(book, mode, principal)
        return published
    _fix_publishing(book, wanted, principal)
    return _publish_folder(book, folder, principal) if folder is not None else None


def _fix_publishing(book: Book, mode: str, principal: str) -> None:
    if mode and mode != book.publishing.name.lower():
        give(book, PUBLISHING_FIXED, {"mode": mode}, principal)


def _publish_folder(book: Book, folder: Path, principal: str) -> RevisionView | None:
    files = read_folder(folder)
    newest = newest_in_force(book)
    waiting = [view for view in book.publications() if view.state is RevisionState.PROPOSED]
    candidate = Candidate(files, comment=f"published at start from the folder {folder.name}")
    if newest is not None and dict(newest.files) == dict(files):
        return None
    examination = examine(book, candidate)
    if not examination.ok:
        raise CallerError("REVISION_REFUSED", examination.check.failures())
    revision = examination.check.revision
    if revision in {view.revision for view in (*waiting, *([newest] if newest else []))}:
        return None
    propose = is_proposed(book, propose=False)
    give(book, *publication(candidate, examination, propose=propose), principal)
    return book.publications()[-1]


def give(book: Book, kind: str, fields: Mapping[str, object], principal: str) -> None:
    """Gives a publication command to a book in hand. Raises CallerError where it is refused."""
    event = {
        "type": kind,
        "id": str(uuid.uuid4()),
        "source": SYSTEM_SOURCE,
        "date": datetime.now(UTC).date().isoformat(),
        **fields,
    }
    result = book.post([Call(events=(event,), principal=principal)])[0].results[0]
    if result.status not in _DONE:
        raise CallerError("REVISION_REFUSED", result.message or result.status.name)
