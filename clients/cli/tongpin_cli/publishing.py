"""`tongpin publish`: a checked and tested revision is put into force."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass
from pathlib import Path

from engine.book import Book
from engine.calls import REVISION_PUBLISHED, SYSTEM_SOURCE, Call
from engine.errors import CallerError
from server.config import ServerConfig
from server.rulebooks import check_files, compile_files, read_folder
from tongpin_cli.books import BOOK_ID
from tongpin_cli.output import EXIT_INPUT, EXIT_OK, Output
from tongpin_client import Client, PublishOptions


@dataclass(frozen=True, slots=True)
class Publication:
    """What to publish, and for which business dates."""

    rules: Path
    valid_from: str
    valid_until: str
    comment: str
    validate_only: bool


def publish_rules(wanted: Publication, where: tuple[str, str, str], output: Output) -> int:
    """Publishes to a server, or a store that none has open; where: (server, store, token)."""
    server, store, token = where
    if server:
        return _to_server(wanted, server, token, output)
    files = read_folder(wanted.rules)
    check = check_files(files, run_tests=True)
    for _, shown in check.diagnostics:
        output.text(shown)
    if not check.ok:
        output.text(check.failures())
        return _done(check.revision, ok=False, seq=0, output=output)
    if wanted.validate_only:
        return _done(check.revision, ok=True, seq=0, output=output)
    book = Book.open(store or ServerConfig().store_url, compiler=compile_files, book_id=BOOK_ID)
    try:
        event = {
            "type": REVISION_PUBLISHED,
            "id": str(uuid.uuid4()),
            "source": SYSTEM_SOURCE,
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "files": [{"path": path, "content": content.decode()} for path, content in files],
            "valid_from": wanted.valid_from or None,
            "valid_until": wanted.valid_until or None,
            "comment": wanted.comment or None,
        }
        result = book.post([Call(events=[event], principal="cli")])[0].results[0]
        if not result.status.takes_identity:
            raise CallerError("REVISION_REFUSED", result.message)
        return _done(check.revision, ok=True, seq=book.seq, output=output)
    finally:
        book.close()


def _to_server(wanted: Publication, server: str, token: str, output: Output) -> int:
    options = PublishOptions(
        comment=wanted.comment,
        valid_from=wanted.valid_from,
        valid_until=wanted.valid_until,
        validate_only=wanted.validate_only,
    )
    with Client(server, token=token or None) as client:
        report = client.publish(dict(read_folder(wanted.rules)), options)
    for diagnostic in report.diagnostics:
        output.text(diagnostic.rendered)
    for test in report.tests:
        if not test.passed:
            output.text(f"FAILED {test.name} ({test.path}:{test.line})\n  {test.message}")
    return _done(report.revision, ok=report.ok, seq=report.seq, output=output)


def _done(revision: str, *, ok: bool, seq: int, output: Output) -> int:
    output.data({"ok": ok, "revision": revision, "seq": seq})
    if not ok:
        output.text("not published")
        return EXIT_INPUT
    output.text(
        f"revision {revision} is in force from commit {seq}"
        if seq
        else f"revision {revision} is fit"
    )
    return EXIT_OK
