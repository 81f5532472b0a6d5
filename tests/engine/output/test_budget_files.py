"""`budgets.parquet`, `budget_decisions.parquet` and their digest, from a replay of event files."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from engine.book import Book
from engine.output.columns import budget_schema
from engine.replay import export_book, replay_events
from server.rulebooks import compile_files
from tests.digest import digests
from tests.server.budget_book import (
    DAY,
    DEPARTMENT,
    HOURS,
    ROOT,
    TRAVEL,
    budget_book,
    claim,
    command,
)
from tests.server.rules import BUDGET_FILES

PROGRAM = compile_files([(path, text.encode()) for path, text in BUDGET_FILES.items()])

APPROVAL = {
    "id": "approval", "type": "budget.approved", "date": DAY,
    "lines": [
        {"node": TRAVEL, "amount": "1000.00"},
        {"node": DEPARTMENT, "amount": "1500.00"},
        {"node": HOURS, "amount": "10.5"},
    ],
}  # fmt: skip


def reservation(event_id: str, node: str, amount: str, **fields: Any) -> dict[str, Any]:
    named = {"id": event_id, "type": "budget.reserved", "date": DAY, "node": node}
    return {**named, "amount": amount, **fields}


EVENTS = [
    APPROVAL,
    claim("1", "600.00"),
    claim("2", "500.00"),
    reservation("3", TRAVEL, "100.00"),
    {"id": "4", "type": "budget.committed", "date": DAY, "reference": "3", "amount": "40.00"},
    claim("5", "400.00", actor="王五", actor_roles="dept_head", override_reason="急"),
    reservation("6", HOURS, "10.0"),
]


def replay(events: list[dict[str, Any]], folder: Path, batch: int) -> dict[str, Any]:
    return replay_events(Book.in_memory([PROGRAM]), events, folder, batch_events=batch)


def test_nodes_and_decisions_are_written_exactly(tmp_path: Path) -> None:
    summary = replay(EVENTS, tmp_path, 100)
    zero = Decimal("0.00")
    nodes = pq.read_table(tmp_path / "budgets.parquet").to_pylist()
    assert [tuple(row.values()) for row in nodes] == [
        (ROOT, None, Decimal("60.00"), Decimal("40.00"), Decimal("1000.00"), None),
        (TRAVEL, Decimal("1000.00"), Decimal("60.00"), Decimal("40.00"), Decimal("1000.00"),
         Decimal("-100.00")),
        (DEPARTMENT, Decimal("1500.00"), Decimal("60.00"), Decimal("40.00"), Decimal("1000.00"),
         Decimal("400.00")),
        (HOURS, Decimal("10.50"), Decimal("10.00"), zero, zero, Decimal("0.50")),
        ("hours[]", None, Decimal("10.00"), zero, zero, None),
    ]  # fmt: skip
    rows = pq.read_table(tmp_path / "budget_decisions.parquet").to_pylist()
    assert [
        (row["event_id"], row["node"], row["verdict"], row["requested"], row["available"])
        for row in rows
        if row["node"] in {TRAVEL, HOURS}
    ] == [
        ("1", TRAVEL, "PASS", Decimal("600.00"), Decimal("1000.00")),
        ("2", TRAVEL, "BLOCK", Decimal("500.00"), Decimal("400.00")),
        ("3", TRAVEL, "PASS", Decimal("100.00"), Decimal("400.00")),
        # What is committed was reserved before, so that nothing more is asked for.
        ("4", TRAVEL, "PASS", Decimal("0.00"), Decimal("300.00")),
        ("5", TRAVEL, "OVERRIDE", Decimal("400.00"), Decimal("300.00")),
        ("6", HOURS, "PASS", Decimal("10.00"), Decimal("10.50")),
    ]
    override = next(row for row in rows if row["verdict"] == "OVERRIDE")
    assert (override["role"], override["person"], override["reason"]) == ("dept_head", "王五", "急")
    assert (override["shortfall"], override["excess"]) == (Decimal("100.00"), Decimal("100.00"))
    assert (override["rule"], override["rule_line"] > 0) == ("报销", True)
    assert summary["budget_nodes"] == 5


def test_digest_is_that_of_the_files_and_does_not_depend_on_batches(tmp_path: Path) -> None:
    chance = random.Random(5)
    events = [APPROVAL]
    for number in range(300):
        amount = f"{chance.randint(1, 4_000) / 100:.2f}"
        if number % 3:
            events.append(claim(f"c{number}", amount, chance.choice(["差旅费", "办公费"])))
        else:
            events.append(reservation(f"r{number}", TRAVEL, amount))
    found = set()
    for batch in (1, 7, 1_000):
        folder = tmp_path / str(batch)
        summary = replay(events, folder, batch)
        again = digests(folder)
        assert {name: summary[name] for name in again} == again
        found.add((again["budget_digest"], again["result_digest"], again["voucher_digest"]))
    assert len(found) == 1
    assert summary["budget_decisions"]["BLOCK"] > 10


def test_export_of_a_store_has_the_same_files(tmp_path: Path) -> None:
    book = budget_book(tmp_path)
    command(book, "budget.reserved", node=TRAVEL, amount="1.00")
    summary = export_book(book, tmp_path / "out")
    book.close()
    assert summary["budget_digest"] == digests(tmp_path / "out")["budget_digest"]
    rows = pq.read_table(tmp_path / "out" / "budgets.parquet").to_pylist()
    assert {row["node"]: row["reserved"] for row in rows}[TRAVEL] == Decimal("1.00")


def test_book_without_budgets_has_empty_files(tmp_path: Path) -> None:
    summary = replay([], tmp_path, 10)
    assert pq.read_table(tmp_path / "budgets.parquet").num_rows == 0
    assert pq.read_schema(tmp_path / "budgets.parquet").equals(budget_schema(2))
    assert summary["budget_digest"] == digests(tmp_path)["budget_digest"]
    assert (summary["budget_nodes"], summary["budget_decisions"]) == (0, {})


@pytest.mark.parametrize("name", ["budgets", "budget_decisions"])
def test_digest_tells_a_changed_file(tmp_path: Path, name: str) -> None:
    summary = replay(EVENTS, tmp_path, 100)
    path = tmp_path / f"{name}.parquet"
    table = pq.read_table(path)
    pq.write_table(table.slice(1), path)
    assert digests(tmp_path)["budget_digest"] != summary["budget_digest"]
