"""`tongpin demo`: the main job in a temporary folder, over a real server and real gRPC."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.calls import TrialBalanceRow
from engine.errors import StoreUnavailable
from engine.receive import read_events
from rules_dsl.rulebooks import SERVICES
from server.principals import add_token
from server.roles import Role
from server.rulebooks import read_folder
from tongpin_cli.demo_budgets import show_budgets
from tongpin_cli.output import Output
from tongpin_cli.reports import show_rows
from tongpin_client import Client, EventResult, PublishOptions, Voucher

#: How long the server may take to come up.
_START_SECONDS = 30

#: Where a server looks for tokens in its data folder.
_TOKENS = "tokens.jsonl"

_SAMPLES = SERVICES / "samples"


def run_demo(output: Output) -> None:
    """Serves, publishes the sample rule book, streams events in and shows what they became."""
    with tempfile.TemporaryDirectory(prefix="tongpin-demo-") as name:
        tokens = _principals(Path(name))
        with _server(Path(name)) as address, Client(address, tokens["crm"]) as client:
            _show_month(address, client, tokens, output)
    output.text(_NEXT.format(rules=SERVICES))


def _show_month(address: str, client: Client, tokens: dict[str, str], output: Output) -> None:
    output.text(f"A server with an embedded store runs at {address}; rule book: services.")
    revision = _publish(address, tokens, output)
    events = [event for chunk in read_events(_SAMPLES / "march.jsonl") for event in chunk]
    output.text(f"{len(events)} events of a services firm's March, streamed in over gRPC:")
    answers: list[EventResult] = []
    client.stream(
        "demo-march",
        events,
        summary_only=False,
        on_result=lambda batch: answers.extend(batch.results),
    )
    data = []
    for event, answer in zip(events, answers, strict=True):
        vouchers = [client.voucher(name) for name in answer.vouchers]
        status = answer.status.name
        output.text(f"\n● {event['type']} {event['id']}, {event['date']}: {status}")
        for voucher in vouchers:
            _show(voucher, output)
        data.append({"event": event, "status": status, "vouchers": [v.name for v in vouchers]})
    output.text("\nTrial balance, March 2026 (试算平衡表):")
    rows = [_row(row) for row in client.trial_balance(period="2026-03")]
    show_rows(rows, output)
    refused = _send_faulty(client, output)
    with Client(address, tokens["approver"]) as approver:
        budgets = show_budgets(client, approver, output)
    output.data(
        {
            "address": address,
            "revision": revision,
            "events": data,
            "refused": refused,
            "accounts": len(rows),
            "budgets": budgets,
        }
    )


def _principals(folder: Path) -> dict[str, str]:
    """Tokens of the demo's principals by name, in the data folder of its server."""
    roles = {
        "author": [Role.AUTHOR],
        "approver": [Role.APPROVER, Role.POSTER],
        "crm": [Role.POSTER, Role.BUDGETER, Role.REVIEWER, Role.OPERATOR, Role.AUDITOR],
    }
    path = folder / _TOKENS
    return {name: add_token(path, name, own, budget_roles=["*"]) for name, own in roles.items()}


def _publish(address: str, tokens: dict[str, str], output: Output) -> dict[str, str]:
    """One principal proposes the sample rule book, another puts it into force."""
    files = dict(read_folder(SERVICES))
    with Client(address, tokens["author"]) as author:
        proposed = author.publish(files, PublishOptions(comment="the rules of the demo"))
    with Client(address, tokens["approver"]) as approver:
        approver.approve_revision(proposed.revision, "read and tried")
        listed = approver.revision(proposed.revision)
    by = listed.approval.principal if listed.approval is not None else ""
    output.text(
        f"{listed.principal} proposed revision {listed.revision[:8]}, {by} put it into force: "
        f"{len(proposed.tests)} tests pass.\n"
    )
    return {"revision": listed.revision, "author": listed.principal, "approver": by}


def _send_faulty(client: Client, output: Output) -> list[dict[str, str]]:
    output.text("\nFour events that should not be booked, and what the sender is told:")
    events = [event for chunk in read_events(_SAMPLES / "faulty.jsonl") for event in chunk]
    refused = []
    for event, answer in zip(events, client.post(events), strict=True):
        output.text(f"\n● {event['type']} {event['id']}: {answer.status.name} {answer.reason}")
        output.text(f"  {answer.message}")
        refused.append(
            {"event_id": str(event["id"]), "status": answer.status.name, "reason": answer.reason}
        )
    return refused


def _show(voucher: Voucher, output: Output) -> None:
    output.text(f"  {voucher.name}  {voucher.summary}")
    rows = []
    for line in voucher.lines:
        rows.append(
            (
                f"  {line.account_code}",
                line.account_name,
                f"{line.debit.amount:,}" if line.debit else "",
                f"{line.credit.amount:,}" if line.credit else "",
                " ".join(f"{name}={value}" for name, value in sorted(line.dimensions.items())),
            )
        )
    output.table(("  account", "name", "debit", "credit", "dimensions"), rows, right="  rr ")


def _row(row: object) -> TrialBalanceRow:
    names = (
        "opening_debit",
        "opening_credit",
        "debit",
        "credit",
        "closing_debit",
        "closing_credit",
    )
    same = ("entity", "ledger", "period", "account_code", "account_name", "scale")
    return TrialBalanceRow(
        currency=getattr(row, "currency_code"),  # noqa: B009 - the client's row, by name
        **{name: getattr(row, name) for name in same},
        **{name: getattr(row, f"{name}_minor") for name in names},
    )


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    """A server in a process of its own; gives its address and ends it afterwards."""
    ready = folder / "ready"
    log = (folder / "server.log").open("w+", encoding="utf-8")
    command = [
        *(sys.executable, "-m", "tongpin_cli.main", "serve"),
        *("--listen", "127.0.0.1:0", "--data", str(folder)),
        *("--ready-file", str(ready)),
    ]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("TONGPIN_")
    }
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                log.seek(0)
                raise StoreUnavailable(f"the demo's server did not start:\n{log.read()}")
            time.sleep(0.05)
        yield ready.read_text(encoding="utf-8").strip()
    finally:
        process.terminate()
        try:
            process.wait(timeout=_START_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
        log.close()


_NEXT = """
What to try next:
  tongpin check {rules}
  tongpin test {rules}
  copy that folder, change a rule, check it, and:  tongpin serve --rules YOUR_FOLDER
  send events from another shell:  tongpin post events.jsonl
  afterwards:  tongpin report trial-balance · tongpin report budget --decisions
               tongpin explain --event default/F-1 · tongpin verify
"""
