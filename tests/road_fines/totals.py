"""Sums made straight from the road-fines log with `decimal`; imports nothing of the project.

`python -m tests.road_fines.totals LOG.parquet` prints them as JSON.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq


def totals(log: Path) -> dict[str, object]:
    """Totals of fines, postage, penalties, payments and collections, and what contradicts itself.

    A penalty is the new total minus the fine; a collection is what a case still owes when it is
    handed over (nothing if it owes nothing). A contradiction is a payment at which the log's own
    running total minus the payments so far changes.
    """
    fines = postage = penalties = payments = collections = Decimal(0)
    fine: dict[str, Decimal] = {}
    paid: dict[str, Decimal] = defaultdict(Decimal)
    owed: dict[str, Decimal] = defaultdict(Decimal)
    gap: dict[str, Decimal] = defaultdict(Decimal)
    zero: dict[str, int] = defaultdict(int)
    contradictions = []
    for row in pq.read_table(log).to_pylist():
        case, activity = row["_case"], row["concept:name"]
        if activity == "Create Fine":
            amount = Decimal(row["amount"])
            fine[case] = amount
            fines += amount
            owed[case] += amount
            zero[activity] += amount == 0
        elif activity == "Send Fine":
            amount = Decimal(row["expense"])
            postage += amount
            owed[case] += amount
            zero[activity] += amount == 0
        elif activity == "Add penalty":
            amount = Decimal(row["amount"]) - fine[case]
            fine[case] = Decimal(row["amount"])
            penalties += amount
            owed[case] += amount
            zero[activity] += amount == 0
        elif activity == "Payment":
            amount = Decimal(row["paymentAmount"])
            payments += amount
            paid[case] += amount
            owed[case] -= amount
            difference = Decimal(row["totalPaymentAmount"]) - paid[case]
            changed = difference != gap[case]
            if changed:
                contradictions.append([f"{case}-{row['_seq']}", str(difference - gap[case])])
            gap[case] = difference
            zero[activity] += amount == 0 and not changed
        elif activity == "Send for Credit Collection":
            rest = owed[case]
            if rest > 0:
                collections += rest
                owed[case] = Decimal(0)
            else:
                zero[activity] += 1
    return {
        "fines": f"{fines:.2f}",
        "postage": f"{postage:.2f}",
        "penalties": f"{penalties:.2f}",
        "payments": f"{payments:.2f}",
        "collections": f"{collections:.2f}",
        "zero": dict(zero),
        "contradictions": contradictions,
    }


if __name__ == "__main__":
    print(json.dumps(totals(Path(sys.argv[1])), indent=1))
