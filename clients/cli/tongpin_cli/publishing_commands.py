"""The commands that change or show which rules are in force; what they do is in `publishing`."""

from __future__ import annotations

from typing import Annotated

import typer

from tongpin_cli.options import Json, Rules, Server, Store, Token
from tongpin_cli.output import Output

Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the log.")]
Revision = Annotated[str, typer.Argument(help="First digits (8 or more) of a revision.")]
Named = Annotated[
    str, typer.Option("--id", help="Which publication, where several have this revision.")
]


def publish(
    rules: Rules,
    server: Server = "",
    store: Store = "",
    token: Token = "",
    valid_from: Annotated[str, typer.Option("--from", help="First business date.")] = "",
    valid_until: Annotated[str, typer.Option("--until", help="Last business date.")] = "",
    comment: Annotated[
        str, typer.Option("--reason", "--comment", help="Why; kept in the log.")
    ] = "",
    propose: Annotated[bool, typer.Option("--propose", help="Let another approve it.")] = False,
    dry: Annotated[bool, typer.Option("--validate-only", help="Check only.")] = False,
    json: Json = False,
) -> None:
    """Check, test and put a revision into force, or propose it where the book needs two persons.

    Example: tongpin publish --rules rules/ --server 127.0.0.1:50051 --reason "new VAT rate"
    """
    from tongpin_cli.publishing import Place, Wanted, publish_rules

    wanted = Wanted(rules, valid_from, valid_until, comment, propose=propose, validate_only=dry)
    raise typer.Exit(publish_rules(wanted, Place(server, store, token), Output(json)))


def approve(
    revision: Revision,
    reason: Reason = "",
    publication: Named = "",
    server: Server = "",
    store: Store = "",
    token: Token = "",
    json: Json = False,
) -> None:
    """Put a revision into force that somebody else proposed.

    Example: tongpin approve 3f9a12bc --reason "checked with the tax office"
    """
    from tongpin_cli.publishing import Place, approve_rules

    where = Place(server, store, token)
    raise typer.Exit(approve_rules(revision, publication, reason, where, Output(json)))


def withdraw(
    revision: Revision,
    reason: Reason = "",
    publication: Named = "",
    server: Server = "",
    store: Store = "",
    token: Token = "",
    json: Json = False,
) -> None:
    """Take back a proposal, or a revision that nothing was decided under yet.

    Example: tongpin withdraw 3f9a12bc --reason "published for the wrong dates"
    """
    from tongpin_cli.publishing import Place, withdraw_rules

    where = Place(server, store, token)
    raise typer.Exit(withdraw_rules(revision, publication, reason, where, Output(json)))


def revisions(
    revision: Annotated[str, typer.Argument(help="One of them, with what it changed.")] = "",
    server: Server = "",
    store: Store = "",
    token: Token = "",
    json: Json = False,
) -> None:
    """List revisions: author, approver, reason, dates, uses; one of them with its changes.

    Example: tongpin revisions 3f9a12bc --store sqlite:///book.db
    """
    from tongpin_cli.publishing import Place
    from tongpin_cli.revisions import show_revisions

    raise typer.Exit(show_revisions(revision, Place(server, store, token), Output(json)))


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (publish, approve, withdraw, revisions):
        app.command()(command)
