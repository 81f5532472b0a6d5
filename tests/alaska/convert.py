"""Turns the district's ledger into an event file. One line is one event; computes nothing.

`python -m tests.alaska.convert LEDGER.parquet EVENTS.jsonl [--share LEVEL=SHARE ...]`

With shares the file begins with the approval of a budget: what `refusals.py` takes as limits.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq

from tests.alaska.refusals import shared_limits, shares_of

#: Column of the file -> field of the event.
FIELDS = {
    "Fund_Code": "fund",
    "School_Code": "school",
    "Function_Code": "function",
    "Program_Code": "program",
    "Object_Code": "object",
    "Account_Name": "account_name",
    "Budget": "budget",
    "Encumbrance": "encumbrance",
    "Amount": "amount",
    "Reference_Type": "reference_type",
    "Reference": "reference",
    "Claim_No": "claim",
    "Vendor_Number": "vendor",
}

#: Columns whose "0" means that the line carries none.
_AMOUNTS = {"Budget", "Encumbrance", "Amount"}

#: The budget of the rule books.
BUDGET = "ledger"

#: The largest approval event: more nodes are approved by more events.
APPROVAL_LINES = 1_000


def events(ledger: Path) -> Iterator[dict[str, object]]:
    """One event per line, in file order; its id is the line's number."""
    for number, row in enumerate(pq.read_table(ledger).to_pylist(), start=1):
        event: dict[str, object] = {
            "id": str(number),
            "type": "ledger.line",
            "date": _day(row["Date"]),
            "source": "district",
        }
        for column, name in FIELDS.items():
            text = row[column]
            if text and not (column in _AMOUNTS and Decimal(text) == 0):
                event[name] = text
        yield event


def approvals(ledger: Path, shares: Mapping[int, Decimal]) -> Iterator[dict[str, object]]:
    """The approval of what `refusals.py` takes as limits, on the day of the earliest line."""
    days = {_day(text) for text in pq.read_table(ledger, columns=["Date"])["Date"].to_pylist()}
    limits = [
        {"node": f"{BUDGET}[{','.join(key)}]", "amount": f"{limit:.2f}"}
        for key, limit in sorted(shared_limits(ledger, shares).items())
    ]
    for place in range(0, len(limits), APPROVAL_LINES):
        yield {
            "id": f"approval-{place // APPROVAL_LINES + 1}",
            "type": "budget.approved",
            "date": min(days),
            "source": "district",
            "budget": BUDGET,
            "lines": limits[place : place + APPROVAL_LINES],
        }


def _day(text: str) -> str:
    """`7/31/2018`, or a date that is ISO already, as ISO."""
    if "/" not in text:
        return text[:10]
    return datetime.strptime(text, "%m/%d/%Y").date().isoformat()  # noqa: DTZ007  a plain date


def main() -> None:
    """Writes the event file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ledger", type=Path)
    parser.add_argument("events", type=Path)
    parser.add_argument("--share", action="append", default=[], metavar="LEVEL=SHARE")
    arguments = parser.parse_args()
    shares = shares_of(arguments.share)
    with arguments.events.open("w", encoding="utf-8") as out:
        for event in (*approvals(arguments.ledger, shares), *events(arguments.ledger)):
            out.write(json.dumps(event, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
