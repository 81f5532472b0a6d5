"""Turns the road-fines log into an event file. Copies fields under plain names; computes nothing.

`python -m tests.road_fines.convert LOG.parquet EVENTS.jsonl [--by-date]`
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

#: Activity of the log -> event type.
TYPES = {
    "Create Fine": "fine.created",
    "Send Fine": "fine.sent",
    "Insert Fine Notification": "fine.notified",
    "Add penalty": "penalty.added",
    "Payment": "payment.received",
    "Send for Credit Collection": "collection.ordered",
    "Insert Date Appeal to Prefecture": "appeal.dated",
    "Send Appeal to Prefecture": "appeal.sent",
    "Receive Result Appeal from Prefecture": "appeal.answered",
    "Notify Result Appeal to Offender": "appeal.notified",
    "Appeal to Judge": "judge.appealed",
}

#: Column of the log -> field of the event.
FIELDS = {
    "_case": "case",
    "amount": "amount",
    "expense": "expense",
    "paymentAmount": "payment_amount",
    "totalPaymentAmount": "total_payment_amount",
    "org:resource": "resource",
    "dismissal": "dismissal",
    "vehicleClass": "vehicle_class",
    "article": "article",
    "points": "points",
    "notificationType": "notification_type",
    "lastSent": "last_sent",
    "matricola": "matricola",
    "lifecycle:transition": "transition",
}


def events(log: Path, *, by_date: bool = False) -> Iterator[dict[str, str]]:
    """One event per row of the log, in file order or in stable order of date."""
    rows = pq.read_table(log).to_pylist()
    if by_date:
        rows.sort(key=lambda row: row["time:timestamp"][:10])
    for row in rows:
        event = {
            "id": f"{row['_case']}-{row['_seq']}",
            "type": TYPES[row["concept:name"]],
            "date": row["time:timestamp"][:10],
            "source": "police",
        }
        event.update(
            {name: row[column] for column, name in FIELDS.items() if row[column] is not None}
        )
        yield event


def main() -> None:
    """Writes the event file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", type=Path)
    parser.add_argument("events", type=Path)
    parser.add_argument("--by-date", action="store_true", help="order by date, cases mixed")
    arguments = parser.parse_args()
    with arguments.events.open("w", encoding="utf-8") as out:
        for event in events(arguments.log, by_date=arguments.by_date):
            out.write(json.dumps(event, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
