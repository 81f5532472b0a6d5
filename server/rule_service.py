"""RuleService: checks, publishes and reads rule books; `server.rulebooks` compiles them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import partial

from engine.book import Book
from engine.calls import Call, EventResult, RevisionState, RevisionView
from engine.effects import Status
from server.committer import Committer
from server.convert_revisions import STATES, write_impact, write_publishing, write_revision
from server.event_types import arrow_schema, event_types_of, json_schema
from server.interceptors import Context, current_call
from server.limits import MAX_PATH_CHARS, MAX_RULE_FILES
from server.posting_service import read_comment, system_call
from server.publishing import (
    IN_FORCE_ONCE,
    WITHDRAWABLE,
    Candidate,
    approval,
    examine,
    examine_again,
    find_publication,
    is_proposed,
    publication,
    source_diff,
    withdrawal,
)
from server.reading import Paging, Reader
from server.rulebooks import Check, Files, check_files
from server.status import limit_exceeded, malformed, not_found, revision_refused
from tongpin.v1 import rule_service_pb2 as pb
from tongpin.v1 import rule_service_pb2_grpc

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_REVISION = re.compile(r"[0-9a-f]{8,64}")
_SUFFIXES = (".tp", ".csv")
_Given = tuple[str, str, dict[str, object]]
_SEVERITIES = {
    "error": pb.SEVERITY_ERROR,
    "warning": pb.SEVERITY_WARNING,
    "info": pb.SEVERITY_INFO,
}
_DONE = frozenset({Status.POSTED, Status.NO_POSTING, Status.DUPLICATE})


class RuleService(rule_service_pb2_grpc.RuleServiceServicer):
    """Rule books: check, publish, read."""

    def __init__(self, book: Book, committer: Committer, reader: Reader) -> None:
        """Serves this book."""
        self._book = book
        self._committer = committer
        self._reader = reader

    async def CheckRules(  # noqa: N802 - named by the proto
        self, request: pb.CheckRulesRequest, context: Context
    ) -> pb.CheckRulesResponse:
        """Compiles and tests sources."""
        files = _read_files(request.files)
        check = await self._reader.run(partial(check_files, files, run_tests=request.run_tests))
        return pb.CheckRulesResponse(
            ok=check.ok,
            diagnostics=_write_diagnostics(check),
            tests=_write_tests(check),
            revision=check.revision,
        )

    async def PublishRevision(  # noqa: N802 - named by the proto
        self, request: pb.PublishRevisionRequest, context: Context
    ) -> pb.PublishRevisionResponse:
        """Puts a revision into force or proposes it, once it compiles and its tests pass."""
        propose = is_proposed(self._book, propose=request.propose)
        variant = "propose" if propose else ""
        current_call().require("validate_only" if request.validate_only else variant)
        files = _read_files(request.files)
        for path, content in files:
            _require_text(path, content)
        candidate = Candidate(
            files,
            *_read_range(request.valid_from, request.valid_until),
            read_comment(request.comment),
        )
        examination = await self._reader.run(partial(examine, self._book, candidate))
        check = examination.check
        response = pb.PublishRevisionResponse(
            ok=check.ok,
            diagnostics=_write_diagnostics(check),
            tests=_write_tests(check),
            revision=check.revision,
            seq=self._book.seq,
            impact=write_impact(examination.impact),
        )
        if not check.ok or request.validate_only:
            return response
        kind, fields = publication(candidate, examination, propose=propose)
        call = system_call(kind, request.attempt_id, fields)
        response.seq = await self._give(call, request.ByteSize())
        response.publication_id = str(call.events[0]["id"])
        response.state = STATES[RevisionState.PROPOSED if propose else RevisionState.IN_FORCE]
        return response

    async def ApproveRevision(  # noqa: N802 - named by the proto
        self, request: pb.ApproveRevisionRequest, context: Context
    ) -> pb.ApproveRevisionResponse:
        """Puts a proposal of another principal into force, if the book still takes it."""
        comment = _require_comment(request.comment)
        waiting = frozenset({RevisionState.PROPOSED})
        view = await self._publication(request.revision, request.publication_id, waiting)
        check = await self._reader.run(partial(examine_again, self._book, view))
        response = pb.ApproveRevisionResponse(
            ok=check.ok,
            diagnostics=_write_diagnostics(check),
            revision=view.revision,
            seq=self._book.seq,
        )
        if check.ok:
            call = system_call(*_at(approval(view, comment), request.attempt_id))
            response.seq = await self._give(call, request.ByteSize())
        return response

    async def WithdrawRevision(  # noqa: N802 - named by the proto
        self, request: pb.WithdrawRevisionRequest, context: Context
    ) -> pb.WithdrawRevisionResponse:
        """Takes a proposal back, or a revision that nothing was decided under yet."""
        comment = _require_comment(request.comment)
        view = await self._publication(request.revision, request.publication_id, WITHDRAWABLE)
        is_proposal = view.state is RevisionState.PROPOSED
        current_call().require("proposal" if is_proposal else "")
        call = system_call(*_at(withdrawal(view, comment), request.attempt_id))
        seq = await self._give(call, request.ByteSize())
        return pb.WithdrawRevisionResponse(revision=view.revision, seq=seq)

    async def _publication(
        self, revision: str, publication_id: str, states: Collection[RevisionState]
    ) -> RevisionView:
        _require_name(revision)
        return await self._reader.run(
            partial(find_publication, self._book, revision, publication_id, states)
        )

    async def _give(self, call: Call, size: int) -> int:
        """Gives a publication command; the position of the book after it."""
        result = await self._committer.enqueue(call, count=1, size=size, is_alone=True)
        _require_done(result.results[0])
        return result.seq

    async def ListRevisions(  # noqa: N802 - named by the proto
        self, request: pb.ListRevisionsRequest, context: Context
    ) -> pb.ListRevisionsResponse:
        """Lists revisions, newest first."""
        paging = Paging(request.page_size, request.page_token, rpc="ListRevisions")
        revisions, _ = await self._reader.read(self._book.publications)
        older = [r for r in _newest_first(revisions) if _is_after(r, paging.after)]
        page = older[: paging.limit]
        more = len(older) > paging.limit
        return pb.ListRevisionsResponse(
            revisions=[write_revision(revision) for revision in page],
            next_page_token=paging.token(_place(page[-1]) if more else ""),
            publishing=write_publishing(self._book.publishing),
        )

    async def GetRevision(  # noqa: N802 - named by the proto
        self, request: pb.GetRevisionRequest, context: Context
    ) -> pb.GetRevisionResponse:
        """Reads a revision with its sources and what they changed."""
        revision = await self._find(request.revision)
        diff = await self._reader.run(partial(source_diff, self._book, revision))
        return pb.GetRevisionResponse(revision=write_revision(revision, diff=diff))

    async def GetEventTypes(  # noqa: N802 - named by the proto
        self, request: pb.GetEventTypesRequest, context: Context
    ) -> pb.GetEventTypesResponse:
        """Reads the event types of a revision."""
        revision = await self._find(request.revision)
        program = await self._reader.run(partial(self._book.program, revision.revision))
        return pb.GetEventTypesResponse(
            event_types=[
                pb.EventType(
                    type=event_type.wire,
                    name=event_type.name,
                    json_schema=json_schema(event_type),
                    arrow_schema=arrow_schema(event_type).serialize().to_pybytes(),
                )
                for event_type in event_types_of(program)
            ],
            revision=revision.revision,
        )

    async def _find(self, name: str) -> RevisionView:
        """The revision named, by a unique beginning of its hash; the newest if no name."""
        if name:
            _require_name(name)
        revisions, _ = await self._reader.read(partial(self._book.publications, with_files=True))
        found = [
            revision
            for revision in _newest_first(revisions)
            if revision.revision.startswith(name) and (name or revision.state in IN_FORCE_ONCE)
        ]
        if not found:
            raise not_found("revision", name)
        if len({revision.revision for revision in found}) > 1 and name:
            raise malformed("revision", f"{name} begins {len(found)} revisions; add digits", name)
        return found[0]


# ---------------------------------------------------------------- requests


def _read_files(files: Iterable[pb.SourceFile]) -> Files:
    read: list[tuple[str, bytes]] = []
    seen: set[str] = set()
    for position, file in enumerate(files):
        field_path = f"files[{position}].path"
        problem = _path_problem(file.path)
        if not problem and file.path in seen:
            problem = "is there twice"
        if problem:
            raise malformed(field_path, f"the path {problem}", file.path[:MAX_PATH_CHARS])
        seen.add(file.path)
        read.append((file.path, file.content))
    if not read:
        raise malformed("files", "a rule book has at least one file")
    if len(read) > MAX_RULE_FILES:
        raise limit_exceeded(
            "files",
            f"a rule book has at most {MAX_RULE_FILES} files",
            limit=MAX_RULE_FILES,
            value=len(read),
        )
    return read


def _path_problem(path: str) -> str:
    parts = path.split("/")
    if not path or len(path) > MAX_PATH_CHARS:
        return f"has 1 to {MAX_PATH_CHARS} characters"
    if not path.isprintable() or "\\" in path or ":" in path:
        return "is printable text with '/' between its parts"
    if any(part in {"", ".", ".."} for part in parts):
        return "lies inside the rule book, without '.' or '..' in it"
    return "" if path.endswith(_SUFFIXES) else f"ends in {' or '.join(_SUFFIXES)}"


def _require_text(path: str, content: bytes) -> None:
    try:
        content.decode()
    except UnicodeDecodeError:
        raise malformed("files", f"{path} is not UTF-8", path) from None


def _read_range(first: str, last: str) -> tuple[str, str]:
    for key, day in (("valid_from", first), ("valid_until", last)):
        if day and not _DATE.fullmatch(day):
            raise malformed(key, f"{key} is a date such as 2026-01-01, or empty", day)
    if first and last and last < first:
        raise malformed("valid_until", f"valid_until lies before valid_from {first}", last)
    return first, last


def _require_name(revision: str) -> None:
    if not _REVISION.fullmatch(revision):
        raise malformed("revision", "a revision is named by 8 to 64 hexadecimal digits", revision)


def _require_comment(comment: str) -> str:
    if not comment.strip():
        raise malformed("comment", "say why; it is kept in the log")
    return read_comment(comment)


def _at(command: tuple[str, dict[str, object]], attempt_id: str) -> _Given:
    kind, fields = command
    return kind, attempt_id, fields


def _require_done(result: EventResult) -> None:
    status = result.first_status if result.status is Status.DUPLICATE else result.status
    if status not in _DONE:
        message = result.message or f"the book answered {result.status.name}"
        raise revision_refused(message, result.reason or result.status.name)


# ---------------------------------------------------------------- responses


def _newest_first(revisions: Iterable[RevisionView]) -> list[RevisionView]:
    return sorted(revisions, key=lambda revision: (revision.seq, revision.revision), reverse=True)


def _place(revision: RevisionView) -> str:
    return f"{revision.seq}/{revision.revision}"


def _is_after(revision: RevisionView, place: str) -> bool:
    if not place:
        return True
    seq, _, name = place.partition("/")
    return (revision.seq, revision.revision) < (int(seq), name)


def _write_diagnostics(check: Check) -> list[pb.Diagnostic]:
    return [
        pb.Diagnostic(
            code=diagnostic.code,
            severity=_SEVERITIES[diagnostic.severity],
            path=diagnostic.span.file,
            line=diagnostic.span.line,
            column=diagnostic.span.column,
            end_line=diagnostic.span.end_line,
            end_column=diagnostic.span.end_column,
            message=diagnostic.message,
            suggestions=diagnostic.suggestions,
            rendered=rendered,
        )
        for diagnostic, rendered in check.diagnostics
    ]


def _write_tests(check: Check) -> list[pb.RuleTestResult]:
    return [
        pb.RuleTestResult(
            name=test.name, path=test.path, line=test.line, passed=test.passed, message=test.message
        )
        for test in check.tests
    ]
