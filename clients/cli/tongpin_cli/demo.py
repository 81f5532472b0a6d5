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
from tongpin_cli.demo_budgets import show_budgets
from tongpin_cli.output import Output
from tongpin_cli.reports import show_rows
from tongpin_client import Client, EventResult, Voucher

#: How long the server may take to come up.
_START_SECONDS = 30

_SAMPLES = SERVICES / "samples"


def run_demo(output: Output) -> None:
    """Serves, publishes the sample rule book, streams events in and shows what they became."""
    with (
        tempfile.TemporaryDirectory(prefix="tongpin-demo-") as folder,
        _server(Path(folder)) as address,
        Client(address) as client,
    ):
        output.text(f"A server with an embedded store runs at {address}; rule book: services.\n")
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
        budgets = show_budgets(client, output)
        output.data(
            {
                "address": address,
                "events": data,
                "refused": refused,
                "accounts": len(rows),
                "budgets": budgets,
            }
        )
    output.text(_NEXT.format(rules=SERVICES))


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
        *("--rules", str(SERVICES), "--ready-file", str(ready)),
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
