"""`tongpin review`: what waits for a person's review on a server, approved or returned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tongpin_cli.output import EXIT_INPUT, EXIT_OK, Output

if TYPE_CHECKING:
    from tongpin_client import Money

review_app = typer.Typer(
    help="Vouchers that wait for a person's review (复核).", no_args_is_help=True
)

#: Where a server listens unless told otherwise.
DEFAULT_SERVER = "127.0.0.1:50051"

Json = Annotated[bool, typer.Option("--json", help="Machine output: stdout is JSON only.")]
Server = Annotated[str, typer.Option("--server", help="HOST:PORT of a running server.")]
Token = Annotated[
    str, typer.Option("--token", envvar="TONGPIN_TOKEN", help="Token, if the server asks for one.")
]
Events = Annotated[list[str], typer.Argument(help="Events as SOURCE/ID.")]
Role = Annotated[str, typer.Option("--role", help="Role you act in, where the rule names one.")]


@review_app.command("list")
def list_drafts(
    role: Annotated[str, typer.Option("--role", help="Only those reviewed in this role.")] = "",
    preparer: Annotated[str, typer.Option("--preparer", help="Only of events it sent.")] = "",
    server: Server = DEFAULT_SERVER,
    token: Token = "",
    json: Json = False,
) -> None:
    """List vouchers that wait for a review, oldest first.

    Example: tongpin review list --role 会计主管
    """
    from tongpin_client import Client

    output = Output(json)
    with Client(server, token=token or None) as client:
        drafts = list(client.drafts(role=role, preparer=preparer))
    for draft in drafts:
        voucher = draft.voucher
        where = f"{voucher.source}/{voucher.event_id} draft {draft.draft}"
        asked = f", reviewed by {draft.role}" if draft.role else ""
        output.text(f"{where}: {voucher.summary} ({voucher.voucher_date}, {voucher.word})")
        output.text(f"  rule {voucher.rule}, sent by {voucher.preparer}{asked}")
        for line in voucher.lines:
            side, amount = ("debit", line.debit) if line.debit else ("credit", line.credit)
            carried = ", ".join(f"{name} = {value}" for name, value in line.dimensions.items())
            output.text(f"    {side:<6} {line.account_code} {_amount(amount)}  {carried}".rstrip())
    if not drafts:
        output.text("nothing waits for a review")
    output.data(
        [
            {
                "event": f"{draft.voucher.source}/{draft.voucher.event_id}",
                "draft": draft.draft,
                "role": draft.role,
                "draft_time": draft.draft_time,
                "rule": draft.voucher.rule,
                "summary": draft.voucher.summary,
                "voucher_date": draft.voucher.voucher_date,
                "preparer": draft.voucher.preparer,
                "lines": [
                    {
                        "account_code": line.account_code,
                        "debit": _amount(line.debit),
                        "credit": _amount(line.credit),
                        "dimensions": dict(line.dimensions),
                    }
                    for line in draft.voucher.lines
                ],
            }
            for draft in drafts
        ]
    )
    raise typer.Exit(EXIT_OK)


@review_app.command("approve")
def approve(
    events: Events,
    role: Role = "",
    draft: Annotated[int, typer.Option("--draft", min=0, help="One draft; 0 = all open.")] = 0,
    server: Server = DEFAULT_SERVER,
    token: Token = "",
    json: Json = False,
) -> None:
    """Number and post what waits; whoever sent the event may not.

    Example: tongpin review approve default/B-17 default/B-18 --role 会计主管
    """
    raise typer.Exit(_decide(events, ("", role, draft), (server, token), Output(json)))


@review_app.command("return")
def return_events(
    events: Events,
    reason: Annotated[str, typer.Option("--reason", help="Why; the log keeps it.")],
    role: Role = "",
    server: Server = DEFAULT_SERVER,
    token: Token = "",
    json: Json = False,
) -> None:
    """Take back what events did; they are then unposted, to be retried or withdrawn.

    Example: tongpin review return default/B-17 --reason "附件不全"
    """
    if not reason.strip():
        raise typer.BadParameter("say why the event is returned", param_hint="--reason")
    raise typer.Exit(_decide(events, (reason, role, 0), (server, token), Output(json)))


def _decide(
    events: list[str], review: tuple[str, str, int], where: tuple[str, str], output: Output
) -> int:
    """Reviews events one by one; review is (reason to return or "", role, draft)."""
    from tongpin_client import Client, Status

    reason, role, draft = review
    server, token = where
    code, answers = EXIT_OK, []
    with Client(server, token=token or None) as client:
        for event in events:
            source, _, event_id = event.rpartition("/")
            if not event_id:
                raise typer.BadParameter(f"{event!r} is no event; write SOURCE/ID")
            source = source or "default"
            if reason:
                result = client.return_event(source, event_id, reason, role=role)
            else:
                result = client.approve(source, event_id, draft=draft, role=role)
            if result.status is Status.REJECTED_RULE:
                code = EXIT_INPUT
            output.text(f"{event}: {result.status.name} {result.reason}".rstrip())
            for line in (*result.vouchers, *([result.message] if result.message else [])):
                output.text(f"  {line}")
            answers.append(
                {
                    "event": f"{source}/{event_id}",
                    "status": result.status.name,
                    "reason": result.reason,
                    "message": result.message,
                    "vouchers": list(result.vouchers),
                }
            )
    output.data(answers)
    return code


def _amount(amount: Money | None) -> str:
    return "" if amount is None else str(amount.amount)
