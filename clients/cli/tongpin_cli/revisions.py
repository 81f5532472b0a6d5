"""`tongpin revisions`: who put which rules into force, when and why, and how often used."""

from __future__ import annotations

from dataclasses import asdict

from server.publishing import IN_FORCE_ONCE, find_publication, source_diff
from tongpin_cli.books import open_for_reading
from tongpin_cli.output import EXIT_OK, Output
from tongpin_cli.publishing import Place
from tongpin_cli.revision_output import Data, act_data, revision_data, show_table
from tongpin_client import Client


def show_revisions(name: str, where: Place, output: Output) -> int:
    """Lists the revisions of a book, newest first; or shows one with what it changed."""
    found = _of_server(name, where) if where.server else _of_store(name, where)
    if name:
        for key, value in found[0].items():
            if key != "diff":
                output.text(f"{key:<16}{value}")
        output.text(f"\n{found[0]['diff']}")
        output.data(found[0])
        return EXIT_OK
    show_table(found, output)
    output.data(found)
    return EXIT_OK


def _of_store(name: str, where: Place) -> list[Data]:
    book = open_for_reading(where.store)
    try:
        if not name:
            return [revision_data(view) for view in reversed(book.publications())]
        views = [view for view in book.publications() if view.revision.startswith(name)]
        standing = [view for view in views if view.state in IN_FORCE_ONCE] or views
        states = {view.state for view in standing}
        wanted = standing[-1].event_id if standing else ""
        view = find_publication(book, name, wanted, states)
        return [{**revision_data(view), "diff": source_diff(book, view)}]
    finally:
        book.close()


def _of_server(name: str, where: Place) -> list[Data]:
    with Client(where.server, token=where.token or None) as client:
        revisions = [client.revision(name)] if name else list(client.revisions())
    return [
        {
            "revision": each.revision,
            "state": each.state,
            "seq": each.seq,
            "valid_from": each.valid_from,
            "valid_until": each.valid_until,
            "author": each.principal,
            "time": each.seal_time,
            "comment": each.comment,
            "approval": act_data(each.approval),
            "withdrawal": act_data(each.withdrawal),
            "resolves": [list(dates) for dates in each.resolves],
            "superseded_by": list(each.superseded_by),
            "use_count": each.use_count,
            "against": each.against,
            "impact": asdict(each.impact) if each.impact is not None else {},
            "id": each.publication_id,
            **({"diff": each.diff} if name else {}),
        }
        for each in revisions
    ]
