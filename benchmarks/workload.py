"""Rule books and events for the benchmarks, seeded; and real events where they are at hand."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from benchmarks import forty
from engine.program import Program
from rules_dsl.rulebooks import SERVICES
from server.rulebooks import compile_files, read_folder

ROOT = Path(__file__).resolve().parent.parent
FINES_RULES = ROOT / "tests" / "road_fines" / "rules"


def services_program() -> Program:
    """The services rule book, compiled."""
    return compile_files(read_folder(SERVICES))


def fines_program() -> Program:
    """The road-fines rule book, compiled."""
    return compile_files(read_folder(FINES_RULES))


def forty_program() -> Program:
    """The forty-rule benchmark rule book, compiled."""
    return compile_files(read_folder(forty.FOLDER))


def invoices(count: int, seed: int = 1) -> list[dict[str, object]]:
    """Invoices of the services rule book: stateless but for the invoice record."""
    pick = random.Random(seed)
    return [
        {
            "id": f"I{seed}-{number}",
            "type": "invoice.issued",
            "date": f"2026-{pick.randint(1, 12):02d}-{pick.randint(1, 28):02d}",
            "customer": f"C{pick.randint(1, 200)}",
            "contract": f"K{pick.randint(1, 400)}",
            "project": f"P{pick.randint(1, 400)}",
            "gross": f"{pick.randint(100, 10**7)}.{pick.randint(0, 99):02d}",
            "tax_rate": pick.choice(("0.06", "0.09", "0.13")),
            "invoice_no": f"{seed}{number:08d}",
        }
        for number in range(count)
    ]


def timesheets(count: int, seed: int = 1) -> list[dict[str, object]]:
    """Timesheets of the services rule book: no state at all."""
    pick = random.Random(seed)
    return [
        {
            "id": f"T{seed}-{number}",
            "type": "timesheet.approved",
            "date": f"2026-{pick.randint(1, 12):02d}-{pick.randint(1, 28):02d}",
            "project": f"P{pick.randint(1, 400)}",
            "employee": f"E{pick.randint(1, 300)}",
            "department": f"D{pick.randint(1, 20)}",
            "hours": f"{pick.randint(1, 12)}.{pick.choice(('0', '25', '5', '75'))}",
            "cost_rate": f"{pick.randint(80, 400)}.00",
        }
        for number in range(count)
    ]


def services_mix(count: int, seed: int = 1) -> list[dict[str, object]]:
    """Invoices, then payments that settle them, and timesheets: the usual mix of the book."""
    pick = random.Random(seed)
    issued = invoices(count, seed)
    worked = timesheets(count, seed)
    mixed: list[dict[str, object]] = []
    for number in range(count):
        match number % 5:
            case 0 | 1:
                mixed.append(issued[number])
            case 2:
                paid = issued[number - 1]
                mixed.append(
                    {
                        "id": f"R{seed}-{number}",
                        "type": "cash.received",
                        "date": paid["date"],
                        "customer": paid["customer"],
                        "amount": paid["gross"],
                        "allocates": [{"invoice": paid["invoice_no"], "amount": paid["gross"]}],
                    }
                )
            case _:
                mixed.append(worked[number])
    pick.shuffle(mixed)
    return mixed


def road_fines(*, by_date: bool = True) -> list[dict[str, str]] | None:
    """The road-fines log as events, or None where the file is not at hand."""
    shared = Path(os.environ.get("TONGPIN_SHARED", ROOT.parent / "shared"))
    log = shared / "data" / "road_fines_10pct.events.parquet"
    if not log.exists():
        return None
    from tests.road_fines.convert import events

    return list(events(log, by_date=by_date))


def cut(events: Sequence[Mapping[str, object]], size: int) -> list[list[Mapping[str, object]]]:
    """Events in batches."""
    return [list(events[start : start + size]) for start in range(0, len(events), size)]


#: Columns whose texts repeat; the others are sent plain.
_REPEATING = frozenset(
    {"type", "date", "source", "customer", "contract", "project", "department", "employee"}
    | {"kind", "rate", "tax_rate", "note", "reference"}
)


def arrow_table(events: Sequence[Mapping[str, object]]) -> pa.Table:
    """Flat events as a table of text columns, dictionaries where texts repeat."""
    names = list(dict.fromkeys(name for event in events for name in event))
    columns = {}
    for name in names:
        column = pa.array([event.get(name) for event in events], type=pa.string())
        columns[name] = column.dictionary_encode() if name in _REPEATING else column
    return pa.table(columns)


def arrow_bytes(table: pa.Table) -> bytes:
    """A table as an Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return data
