"""Rows of budget nodes and decisions: figures with everything below, in any grouping."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pysqlite3
import pytest

from engine.book import Book
from engine.calls import REVISION_PUBLISHED, Call
from engine.log import open_store
from engine.projection import RowProjection, follower, rows_path
from server.rulebooks import compile_files
from tests.engine.budget.books import RULES, START_US, approved, command, reserved

BOOK = "main"


def _write(folder: Path, *commits: Sequence[dict[str, object]]) -> None:
    """A stored book with these commits; log time stands still."""
    files = [{"path": "budgets.tp", "content": RULES}]
    published: dict[str, object] = {
        "id": "rules",
        "type": REVISION_PUBLISHED,
        "source": "tongpin",
        "date": "2026-01-01",
        "files": files,
    }
    url = f"sqlite:///{folder / 'book.db'}"
    count = 0
    with closing(Book.open(url, compiler=compile_files, clock=lambda: START_US)) as book:
        for commit in ([published], *commits):
            events = []
            for event in commit:
                count += 1
                named: dict[str, object] = {"id": f"e{count}", "date": "2026-03-05"}
                events.append(named | event)
            book.post([Call(events=events, principal="anna")])


def _project(folder: Path) -> None:
    file = folder / "book.db"
    with (
        closing(open_store(f"sqlite:///{file}", book_id=BOOK, read_only=True)) as store,
        closing(RowProjection(rows_path(file), book_id=BOOK)) as rows,
    ):
        rows.catch_up(store)


def _query(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(pysqlite3.connect(str(rows_path(folder / "book.db")))) as connection:
        found: list[tuple[object, ...]] = connection.execute(sql).fetchall()
    return found


NORTH = {"node": "tree/north", "amount": "500.00"}
SHOP = {"node": "tree/shop", "amount": "50.00", "parent": "tree/north"}
COMMITS: list[list[dict[str, object]]] = [
    [approved(("dept[A]@2026-03", "1000.00"), ("A/travel/2026-03", "300.00"), version="v1")],
    [
        reserved("A/travel", "100.00", "R"),
        {"type": "claim", "department": "A", "kind": "travel", "amount": "190.00"},
        {"type": "claim", "department": "A", "kind": "travel", "amount": "20.00"},
    ],
    [
        command("approved", budget="tree", lines=[NORTH]),
        reserved("tree/shop", "40.00", "S", budget="tree"),
    ],
    # In one commit: what the shop held goes back, and only then does it stand under the north.
    [
        command("released", reference="S", budget="tree"),
        command("approved", budget="tree", lines=[SHOP]),
        command("spent", node="tree/shop", amount="7.00", budget="tree"),
    ],
]


def test_rows_are_what_a_person_expects_to_read(tmp_path: Path) -> None:
    _write(tmp_path, *COMMITS)
    _project(tmp_path)
    columns = "node, limited, budget, reserved, committed, actual, available, excess, currency"
    assert _query(tmp_path, f"SELECT {columns} FROM budget_node ORDER BY node") == [
        ("dept[A,travel]@2026-03", 1, "300.00", "100.00", "0.00", "190.00", "10.00", "0.00", "CNY"),
        ("dept[A]@2026-03", 1, "1000.00", "100.00", "0.00", "190.00", "710.00", "0.00", "CNY"),
        ("dept[]@2026-03", 0, "0.00", "100.00", "0.00", "190.00", "0.00", "0.00", "CNY"),
        ("tree[]", 0, "0.00", "0.00", "0.00", "7.00", "0.00", "0.00", "CNY"),
        ("tree[north]", 1, "500.00", "0.00", "0.00", "7.00", "493.00", "0.00", "CNY"),
        ("tree[shop]", 1, "50.00", "0.00", "0.00", "7.00", "43.00", "0.00", "CNY"),
    ]
    columns = "path, period, parent, control, closed, override_role, budget_name"
    assert _query(
        tmp_path, f"SELECT {columns} FROM budget_node WHERE node = 'dept[A,travel]@2026-03'"
    ) == [('["A","travel"]', "2026-03", "dept[A]@2026-03", "block", 0, "head", "dept")]
    columns = "event_id, type, status, node, verdict, requested, available, shortfall, rule"
    assert _query(
        tmp_path, f"SELECT {columns} FROM bi_budget_decision WHERE seq = 3 ORDER BY place"
    ) == [
        ("e3", "budget.reserved", "NO_POSTING", "dept[A,travel]@2026-03", "PASS",
         "100.00", "300.00", "0.00", ""),
        ("e3", "budget.reserved", "NO_POSTING", "dept[A]@2026-03", "PASS",
         "100.00", "1000.00", "0.00", ""),
        ("e4", "claim", "POSTED", "dept[A,travel]@2026-03", "WARN",
         "190.00", "200.00", "0.00", "claim"),
        ("e4", "claim", "POSTED", "dept[A]@2026-03", "PASS",
         "190.00", "900.00", "0.00", "claim"),
        ("e5", "claim", "REJECTED_BUDGET", "dept[A,travel]@2026-03", "BLOCK",
         "20.00", "10.00", "10.00", "claim"),
        ("e5", "claim", "REJECTED_BUDGET", "dept[A]@2026-03", "PASS",
         "20.00", "710.00", "0.00", "claim"),
    ]  # fmt: skip


def test_any_grouping_of_commands_gives_the_same_nodes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "PARAMETERS_MAX", 50)
    whole = [event for commit in COMMITS for event in commit]
    results = []
    for name, commits in (
        ("as above", COMMITS),
        ("one each", [[event] for event in whole]),
        ("all in one", [whole]),
    ):
        folder = tmp_path / name
        folder.mkdir()
        _write(folder, *commits)
        _project(folder)
        results.append(_query(folder, "SELECT * FROM budget_node ORDER BY node"))
    assert results[0] == results[1] == results[2]


def test_rows_of_the_schema_before_budgets_are_built_anew(tmp_path: Path) -> None:
    _write(tmp_path, *COMMITS)
    _project(tmp_path)
    whole = _query(tmp_path, "SELECT * FROM budget_node")
    with closing(pysqlite3.connect(str(rows_path(tmp_path / "book.db")))) as connection:
        connection.execute("DROP VIEW bi_budget_decision")
        connection.execute("DROP TABLE budget_node")
        connection.execute("DROP TABLE budget_decision")
        connection.execute("PRAGMA user_version = 1")
    _project(tmp_path)
    assert _query(tmp_path, "SELECT * FROM budget_node") == whole
