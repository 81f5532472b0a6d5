"""Synthetic events for the benchmarks, seeded; and real ones where they are at hand."""

from __future__ import annotations

import os
import random
from pathlib import Path

from engine.program import Program
from rules_dsl.rulebooks import SERVICES
from server.rulebooks import compile_files, read_folder

ROOT = Path(__file__).parent.parent
FINES_RULES = ROOT / "tests" / "road_fines" / "rules"


def services_program() -> Program:
    """The services rule book, compiled."""
    return compile_files(read_folder(SERVICES))


def fines_program() -> Program:
    """The road-fines rule book, compiled."""
    return compile_files(read_folder(FINES_RULES))


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


def road_fines() -> list[dict[str, str]] | None:
    """The road-fines log as events, or None where the file is not at hand."""
    shared = Path(os.environ.get("TONGPIN_SHARED", ROOT.parent / "shared"))
    log = shared / "data" / "road_fines_10pct.events.parquet"
    if not log.exists():
        return None
    from tests.road_fines.convert import events

    return list(events(log))
