"""`tongpin report parameters`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import typer

from tongpin_cli.output import EXIT_OK, Output


class _Row(NamedTuple):
    """A value of a parameter, wherever it was read."""

    name: str
    wire: str
    entity: str
    value: str
    is_default: bool
    set_date: str
    person: str
    reason: str


def parameters(
    store: Annotated[str, typer.Option("--store", help="Store URL, sqlite:///book.db.")] = "",
    server: Annotated[str, typer.Option("--server", help="HOST:PORT of a running server.")] = "",
    token: Annotated[
        str, typer.Option("--token", envvar="TONGPIN_TOKEN", help="Token, if asked for.")
    ] = "",
    json: Annotated[
        bool, typer.Option("--json", help="Machine output: stdout is JSON only.")
    ] = False,
) -> None:
    """What the book sets for itself: value, for which entity, since when, by whom, why.

    A parameter is set by an event of type book.parameter_set, which an approver sends.

    Example: tongpin report parameters --store sqlite:///book.db
    """
    raise typer.Exit(show_parameters((store, server, token), Output(json)))


def show_parameters(where: tuple[str, str, str], output: Output) -> int:
    """Prints what a book sets for itself; where is (store, server, token)."""
    rows = _rows(where)
    output.data([row._asdict() for row in rows])
    output.table(
        ("parameter", "wire name", "entity", "value", "since", "by", "reason"),
        [
            (
                row.name,
                row.wire,
                row.entity,
                row.value,
                "default" if row.is_default else row.set_date,
                row.person,
                row.reason,
            )
            for row in rows
        ],
    )
    return EXIT_OK


def _rows(where: tuple[str, str, str]) -> Sequence[_Row]:
    store, server, token = where
    if not server:
        from tongpin_cli.books import open_for_reading

        book = open_for_reading(store)
        try:
            return [
                _Row(
                    view.name,
                    view.wire,
                    view.entity,
                    view.value,
                    view.is_default,
                    view.since,
                    view.by,
                    view.reason,
                )
                for view in book.parameters()
            ]
        finally:
            book.close()
    from tongpin_client import Client

    with Client(server, token=token or None) as client:
        return [
            _Row(
                found.name,
                found.wire,
                found.entity,
                found.value,
                found.is_default,
                found.set_date,
                found.person,
                found.reason,
            )
            for found in client.parameters()
        ]
