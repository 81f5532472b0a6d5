"""Runs worked cases against the services rule book through the engine's public entrance.

`python -m tests.conformance FILE [--only ID…] [--json]`. Plain: per case what differs, last line
`N passed, N failed`. With `--json`: what was actually booked, in the schema of a case's `expect`;
cases without `expect` work as well.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.book import Book
from engine.calls import Call, EventResult, VoucherView
from engine.decimals import format_minor
from engine.effects import Status
from engine.program import Program
from rules_dsl.rulebooks import SERVICES
from server.rulebooks import compile_files, read_folder

#: Fields a case carries for its own test, not for the engine (case-rules.md §1.7).
TEST_ONLY = ("redelivery", "conflict")

_ACCEPTED = (Status.POSTED, Status.NO_POSTING, Status.DUPLICATE)

#: Setup keys and the event type that loads each of their items.
_SETUP = {
    "contracts": "contract.signed",
    "estimates": "estimate.changed",
    "budgets": "budget.approved",
    "opening": "opening.loaded",
}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    cases = json.loads(arguments.file.read_text(encoding="utf-8"))
    if arguments.only:
        cases = [case for case in cases if case["id"] in arguments.only]
    program = compile_files(read_folder(SERVICES))
    booked = [run_case(program, case) for case in cases]
    if arguments.json:
        print(json.dumps(booked, ensure_ascii=False, indent=1))
        return
    passed = 0
    for case, found in zip(cases, booked, strict=True):
        differences = list(compare(case, found))
        passed += not differences
        print(f"{case['id']} {'passed' if not differences else 'FAILED'} {case['title']}")
        for line in differences:
            print(f"    {line}")
    print(f"{passed} passed, {len(cases) - passed} failed")


def run_case(program: Program, case: Mapping[str, Any]) -> dict[str, Any]:
    """Books a case's setup and events; returns what came of its events."""
    book = Book.in_memory([program], strict=False)
    setup = list(_setup_events(case))
    if setup:
        book.post([Call(events=setup)])
    found: dict[str, Any] = {
        "id": case["id"],
        "vouchers": [],
        "budget": [],
        "errors": [],
        "reports": [],
    }
    for event in case["events"]:
        sent = {name: value for name, value in event.items() if name not in TEST_ONLY}
        result = book.post([Call(events=[sent])])[0].results[0]
        if result.status is Status.POSTED:
            found["vouchers"].extend(
                _voucher(book.voucher(name), event) for name in result.vouchers
            )
        if result.status not in _ACCEPTED:
            found["errors"].append(_error(result))
    return found


def _setup_events(case: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The case's setup as events before the first one."""
    setup = case.get("setup") or {}
    first = min((event["date"] for event in case["events"]), default="2026-01-01")
    for key, kind in _SETUP.items():
        for number, item in enumerate(setup.get(key) or []):
            fields = dict(item)
            event = {"id": f"setup-{key}-{number}", "type": kind, "date": fields.pop("date", first)}
            if kind == "contract.signed":
                event["contract"] = fields.pop("id")
            elif kind == "estimate.changed" and "contract" not in fields:
                contracts = setup.get("contracts") or [{}]
                event["contract"] = contracts[0].get("id", "")
            fields.pop("id", None)
            yield event | fields


def _voucher(view: VoucherView, event: Mapping[str, Any]) -> dict[str, Any]:
    voucher = {
        "event_id": event["id"],
        "ledger": view.ledger,
        "word": view.word,
        "date": view.voucher_date,
        "period": view.period,
        "number": view.number,
        "summary": view.summary,
        "lines": [
            {
                "account_code": line.account_code,
                "account_name": line.account_name,
                "dims": dict(line.dimensions),
                "debit": format_minor(line.debit, view.scale),
                "credit": format_minor(line.credit, view.scale),
                **({"currency": line.currency, "rate": line.rate} if line.currency else {}),
            }
            for line in view.lines
        ],
    }
    if view.entity != "C01":
        voucher["entity"] = view.entity
    return voucher


def _error(result: EventResult) -> dict[str, Any]:
    return {
        "event_id": result.event_id,
        "code": result.reason,
        "status": result.status.name,
        "message": result.message,
    }


def compare(case: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    """What differs between a case's `expect` and what was booked, line by line."""
    expect = case.get("expect")
    if expect is None:
        return
    wanted_errors = {(error["event_id"], error["code"]) for error in expect.get("errors") or []}
    found_errors = {(error["event_id"], error["code"]) for error in found["errors"]}
    for event_id, code in sorted(wanted_errors - found_errors):
        yield f"{event_id}: expected error {code}"
    for error in found["errors"]:
        if (error["event_id"], error["code"]) not in wanted_errors:
            yield f"{error['event_id']}: {error['status']} {error['code']}: {error['message']}"
    for event in case["events"]:
        yield from _compare_vouchers(
            event["id"],
            [v for v in expect["vouchers"] if v["event_id"] == event["id"]],
            [v for v in found["vouchers"] if v["event_id"] == event["id"]],
        )
    for row in expect.get("budget") or []:
        yield f"{row['after_event']}: budget {row['node']} is not kept yet"
    for report in expect.get("reports") or []:
        yield f"{report['after_event']}: reports are not made yet"


def _compare_vouchers(
    event_id: str, wanted: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    if len(wanted) != len(found):
        yield f"{event_id}: expected {len(wanted)} voucher(s), found {len(found)}"
        return
    for expected, actual in zip(wanted, found, strict=True):
        for name in ("ledger", "word", "date", "period", "number", "entity"):
            if name in expected and expected[name] != actual.get(name):
                yield f"{event_id}: {name} {expected[name]} expected, found {actual.get(name)}"
        missing = Counter(_line(line) for line in expected["lines"])
        extra = Counter(_line(line) for line in actual["lines"])
        for line in (missing - extra).elements():
            yield f"{event_id}: - {line}"
        for line in (extra - missing).elements():
            yield f"{event_id}: + {line}"


def _line(line: Mapping[str, Any]) -> str:
    side = "D" if line["debit"] != "0.00" else "C"
    amount = line["debit"] if side == "D" else line["credit"]
    dims = " ".join(f"{name}={value}" for name, value in sorted(line["dims"].items()))
    foreign = " ".join(str(line[name]) for name in ("currency", "fc", "rate") if line.get(name))
    return " ".join(part for part in (side, line["account_code"], amount, dims, foreign) if part)


if __name__ == "__main__":
    main()
