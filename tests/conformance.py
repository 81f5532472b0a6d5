"""Runs worked cases against the services rule book through the engine's public entrance.

`python -m tests.conformance FILE [--only ID…] [--json]`. Plain: per case what differs, last line
`N passed, N failed`. With `--json`: what was actually booked, in the schema of a case's `expect`;
cases without `expect` work as well, and say in `ask` which budget nodes and reports to read.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from rules_dsl.rulebooks import SERVICES
from server.rulebooks import compile_files, read_folder
from tests.worked_cases import Booked, run_case


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
        print(json.dumps([one.in_schema() for one in booked], ensure_ascii=False, indent=1))
        return
    passed = 0
    for case, found in zip(cases, booked, strict=True):
        differences = list(compare(case, found))
        passed += not differences
        print(f"{case['id']} {'passed' if not differences else 'FAILED'} {case['title']}")
        for line in differences:
            print(f"    {line}")
    print(f"{passed} passed, {len(cases) - passed} failed")


def compare(case: Mapping[str, Any], found: Booked) -> Iterator[str]:
    """What differs between a case's `expect` and what was booked, line by line."""
    expect = case.get("expect")
    if expect is None:
        return
    yield from found.setup
    wanted_errors = {(error["event_id"], error["code"]) for error in expect.get("errors") or []}
    found_errors = {(error["event_id"], error["code"]) for error in found.errors}
    for event_id, code in sorted(wanted_errors - found_errors):
        yield f"{event_id}: expected error {code}"
    for error in found.errors:
        if (error["event_id"], error["code"]) not in wanted_errors:
            yield f"{error['event_id']}: {error['status']} {error['code']}: {error['message']}"
    for event in case["events"]:
        yield from _compare_vouchers(
            event["id"],
            [v for v in expect["vouchers"] if v["event_id"] == event["id"]],
            [v for v in found.vouchers if v["event_id"] == event["id"]],
        )
    yield from _compare_rows("budget", "node", expect.get("budget") or [], found.budget)
    for key in ("project", "customer"):
        rows = [row for row in expect.get("reports") or [] if key in row]
        yield from _compare_rows("report", key, rows, found.reports)


def _compare_rows(
    what: str, key: str, wanted: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    """Rows are found by their event and key; what a wanted row does not say is not compared."""
    for row in wanted:
        place = f"{row['after_event']}: {what} {row[key]}"
        same = [
            one
            for one in found
            if one["after_event"] == row["after_event"] and one.get(key) == row[key]
        ]
        if not same:
            yield f"{place} does not exist"
        for name in row:
            if same and row[name] != same[0].get(name):
                yield f"{place}: {name} {row[name]} expected, found {same[0].get(name)}"


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
    foreign = _foreign(line) if line.get("currency") else ""
    return " ".join(part for part in (side, line["account_code"], amount, dims, foreign) if part)


def _foreign(line: Mapping[str, Any]) -> str:
    """Currency, foreign amount and rate; 8.20 and 8.2 are one rate."""
    amount = Decimal(line.get("fc_debit") or 0) - Decimal(line.get("fc_credit") or 0)
    rate = Decimal(line.get("rate") or 0).normalize()
    return f"{line['currency']} {amount.normalize():f} at {rate:f}"


if __name__ == "__main__":
    main()
