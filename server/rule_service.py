"""RuleService: checks, publishes and reads rule books; `server.rulebooks` compiles them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial

from engine.book import Book
from engine.calls import REVISION_PUBLISHED, EventResult, RevisionView
from engine.effects import Status
from server.committer import Committer
from server.convert_results import write_revision
from server.event_types import arrow_schema, event_types_of, json_schema
from server.interceptors import Context, current_call
from server.limits import MAX_PATH_CHARS, MAX_RULE_FILES
from server.posting_service import read_comment, system_call
from server.reading import Paging, Reader
from server.rulebooks import Check, Files, check_files
from server.status import limit_exceeded, malformed, not_found, revision_refused
from tongpin.v1 import rule_service_pb2 as pb
from tongpin.v1 import rule_service_pb2_grpc

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_REVISION = re.compile(r"[0-9a-f]{8,64}")
_SUFFIXES = (".tp", ".csv")
_SEVERITIES = {
    "error": pb.SEVERITY_ERROR,
    "warning": pb.SEVERITY_WARNING,
    "info": pb.SEVERITY_INFO,
}
_IN_FORCE = frozenset({Status.POSTED, Status.NO_POSTING, Status.DUPLICATE})


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
        """Puts a revision into force, once it compiles and its tests pass."""
        current_call().require("validate_only" if request.validate_only else "")
        files = _read_files(request.files)
        fields: dict[str, object] = {
            "files": [_text_file(path, content) for path, content in files],
            "comment": read_comment(request.comment),
        }
        for key in ("valid_from", "valid_until"):
            day = getattr(request, key)
            if day and not _DATE.fullmatch(day):
                raise malformed(key, f"{key} is a date such as 2026-01-01, or empty", day)
            if day:
                fields[key] = day
        check = await self._reader.run(partial(check_files, files, run_tests=True))
        response = pb.PublishRevisionResponse(
            ok=check.ok,
            diagnostics=_write_diagnostics(check),
            tests=_write_tests(check),
            revision=check.revision,
            seq=self._book.seq,
        )
        if not check.ok or request.validate_only:
            return response
        call = system_call(REVISION_PUBLISHED, request.attempt_id, fields)
        result = await self._committer.enqueue(
            call, count=1, size=request.ByteSize(), is_alone=True
        )
        _require_in_force(result.results[0])
        response.seq = result.seq
        return response

    async def ListRevisions(  # noqa: N802 - named by the proto
        self, request: pb.ListRevisionsRequest, context: Context
    ) -> pb.ListRevisionsResponse:
        """Lists revisions, newest first."""
        paging = Paging(request.page_size, request.page_token, rpc="ListRevisions")
        revisions, _ = await self._reader.read(self._book.revisions)
        older = [r for r in _newest_first(revisions) if _is_after(r, paging.after)]
        page = older[: paging.limit]
        more = len(older) > paging.limit
        return pb.ListRevisionsResponse(
            revisions=[write_revision(revision, with_files=False) for revision in page],
            next_page_token=paging.token(_place(page[-1]) if more else ""),
        )

    async def GetRevision(  # noqa: N802 - named by the proto
        self, request: pb.GetRevisionRequest, context: Context
    ) -> pb.GetRevisionResponse:
        """Reads a revision with its sources."""
        revision = await self._find(request.revision)
        return pb.GetRevisionResponse(revision=write_revision(revision, with_files=True))

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
        if name and not _REVISION.fullmatch(name):
            raise malformed("revision", "a revision is named by 8 to 64 hexadecimal digits", name)
        revisions, _ = await self._reader.read(self._book.revisions)
        found = [r for r in _newest_first(revisions) if r.revision.startswith(name)]
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


def _text_file(path: str, content: bytes) -> dict[str, str]:
    try:
        return {"path": path, "content": content.decode()}
    except UnicodeDecodeError:
        raise malformed("files", f"{path} is not UTF-8", path) from None


def _require_in_force(result: EventResult) -> None:
    status = result.first_status if result.status is Status.DUPLICATE else result.status
    if status not in _IN_FORCE:
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
