"""The command line: exit codes, messages, JSON on stdout alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from engine.book import Book
from engine.calls import Call
from rules_dsl.rulebooks import SERVICES
from server.rulebooks import compile_files
from tests.server import conftest
from tests.server.budget_book import (
    DEPARTMENT,
    HOURS,
    ROOT,
    TRAVEL,
    budget_book,
    claim,
    command,
)
from tests.server.conftest import Serve

serve = conftest.serve  # fixture of the service's tests

_TIMESHEET = {
    "id": "TS-1",
    "type": "timesheet.approved",
    "date": "2026-03-06",
    "project": "P84",
    "employee": "E1",
    "department": "D02",
    "hours": "40",
    "cost_rate": "200.00",
}


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tongpin_cli.main", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_services_rule_book_passes_check_and_test() -> None:
    assert _run("check", str(SERVICES)).returncode == 0
    tested = _run("test", str(SERVICES), "--json")
    assert tested.returncode == 0
    assert all(result["passed"] for result in json.loads(tested.stdout))


def test_try_shows_the_voucher_an_event_would_become(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps(_TIMESHEET), encoding="utf-8")
    tried = _run("try", "--rules", str(SERVICES), "--json", str(event))
    assert tried.returncode == 0
    result = json.loads(tried.stdout)
    assert result["status"] == "POSTED"
    lines = result["vouchers"][0]["lines"]
    assert [(line["account_code"], line["debit"], line["credit"]) for line in lines] == [
        ("146401", "8000.00", "0.00"),
        ("520101", "0.00", "8000.00"),
    ]


def test_try_of_a_faulty_event_says_what_to_send_and_exits_1(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({**_TIMESHEET, "project": None}), encoding="utf-8")
    tried = _run("try", "--rules", str(SERVICES), str(event))
    assert tried.returncode == 1
    assert "MISSING_DIMENSION" in tried.stdout
    assert "field project" in tried.stdout


def test_check_of_a_broken_file_gives_code_and_place(tmp_path: Path) -> None:
    (tmp_path / "r.tp").write_text("rulebook x\nledgr main is GL currency CNY\n", encoding="utf-8")
    checked = _run("check", "--json", str(tmp_path))
    assert checked.returncode == 1
    first = json.loads(checked.stdout)[0]
    assert (first["code"], first["line"], first["column"]) == ("TP101", 2, 1)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("check", "no-such-folder"), 1, "no-such-folder"),
        (("check",), 2, "Missing argument"),
        (("post", "--server", "127.0.0.1:1", "EVENTS"), 3, "cannot be reached"),
        (("report", "trial-balance", "--store", "sqlite:///nowhere.db"), 1, "--store"),
    ],
)
def test_exit_code_says_whose_fault_it_is(
    arguments: tuple[str, ...], code: int, words: str, tmp_path: Path
) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text(json.dumps(_TIMESHEET) + "\n", encoding="utf-8")
    ran = _run(*(str(events) if part == "EVENTS" else part for part in arguments))
    assert ran.returncode == code
    assert words in ran.stderr
    assert "Traceback" not in ran.stderr


def test_replay_export_explain_and_verify_agree_about_a_demo_month(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'book.db'}"
    published = _run("publish", "--rules", str(SERVICES), "--store", store)
    assert published.returncode == 0, published.stderr
    status = _run("status", "--store", store, "--json")
    assert json.loads(status.stdout)["seq"] == 1
    events = str(SERVICES / "samples" / "march.jsonl")
    replayed = _run(
        *("replay", "--rules", str(SERVICES), "--events", events),
        *("--out", str(tmp_path / "out"), "--json"),
    )
    summary = json.loads(replayed.stdout)
    assert summary["statuses"] == {"NO_POSTING": 3, "POSTED": 5}
    verified = _run("verify", "--store", store, "--json")
    assert json.loads(verified.stdout)["ok"] is True


def test_replay_of_a_store_gives_what_the_store_holds(tmp_path: Path) -> None:
    store = _with_budgets(tmp_path)
    command_line = ("--store", store, "--json", "--out")
    replayed = json.loads(_run("replay", *command_line, str(tmp_path / "a")).stdout)
    exported = json.loads(_run("export", *command_line, str(tmp_path / "b")).stdout)
    assert replayed["revisions"] == exported["revisions"]
    assert replayed["voucher_digest"] == exported["voucher_digest"]
    # What was refused is not kept whole, so that the replay does not ask for it again.
    assert exported["budget_decisions"] == {"BLOCK": 1, "OVERRIDE": 1, "PASS": 5}
    assert replayed["budget_decisions"] == {"OVERRIDE": 1, "PASS": 4}
    nodes = [pq.read_table(tmp_path / name / "budgets.parquet").to_pylist() for name in "ab"]
    assert nodes[0] == nodes[1] != []


def _with_budgets(folder: Path) -> str:
    """A store whose department has spent 600.00 of 1,000.00 and was refused, then overridden."""
    book = budget_book(folder)
    claims = [
        claim("1", "600.00"),
        claim("2", "500.00"),
        claim(
            "3", "450.00", date="2026-05-09", actor="王五", actor_roles="dept_head",
            override_reason="急",
        ),
    ]  # fmt: skip
    book.post([Call(events=claims)])
    command(book, "budget.reserved", node=HOURS, amount="3.5")
    book.close()
    return f"sqlite:///{folder / 'book.db'}"


def test_budget_report_gives_figures_and_the_decisions_behind_them(tmp_path: Path) -> None:
    store = _with_budgets(tmp_path)
    shown = _run("report", "budget", "--store", store, "--decisions", "--json")
    assert shown.returncode == 0, shown.stderr
    nodes = {node["node"]: node for node in json.loads(shown.stdout)}
    travel = nodes[TRAVEL]
    figures = ("granted", "reserved", "committed", "actual", "available")
    assert [travel[name] for name in figures] == [
        "1000.00", "0.00", "0.00", "1050.00", "-50.00"
    ]  # fmt: skip
    assert [(one["event_id"], one["verdict"]) for one in travel["decisions"]] == [
        ("1", "PASS"), ("2", "BLOCK"), ("3", "OVERRIDE")
    ]  # fmt: skip
    assert travel["decisions"][2]["person"] == "王五"
    assert (nodes[ROOT]["granted"], nodes[ROOT]["actual"]) == (None, "1050.00")
    assert (nodes[HOURS]["reserved"], nodes[HOURS]["counts"]) == ("3.5", "小时")
    table = _run("report", "budget", "--store", store, "--budget", "部门费用", "--decisions").stdout
    assert "1,050.00" in table
    assert "OVERRIDE" in table
    assert "hours" not in table


def test_budget_report_is_the_same_from_a_server(tmp_path: Path, serve: Serve) -> None:
    store = _with_budgets(tmp_path)
    arguments = ("report", "budget", "--node", "市场部/2026-05", "--decisions", "--json")
    from_store = _run(*arguments, "--store", store)
    book = Book.open(store, compiler=compile_files)
    from_server = _run(*arguments, "--server", serve(book).address)
    book.close()
    assert json.loads(from_store.stdout) == json.loads(from_server.stdout)
    assert [node["node"] for node in json.loads(from_store.stdout)] == [DEPARTMENT, TRAVEL]


def test_burn_down_gives_the_figures_of_each_business_day(tmp_path: Path) -> None:
    store = _with_budgets(tmp_path)
    shown = _run(
        *("report", "budget", "--store", store),
        *("--burn-down", "市场部/2026-05", "--format", "csv"),
    )
    assert shown.stdout.splitlines() == [
        "date,granted,reserved,committed,actual,available",
        "2026-05-04,1500.00,0.00,0.00,600.00,900.00",
        "2026-05-09,1500.00,0.00,0.00,1050.00,450.00",
    ]


def test_report_of_an_unknown_node_says_how_nodes_are_written(tmp_path: Path) -> None:
    store = _with_budgets(tmp_path)
    shown = _run("report", "budget", "--store", store, "--node", "nobody[]")
    assert shown.returncode == 1
    assert "NAME[k1,k2]@2026-03" in shown.stderr or "names no budget" in shown.stderr
    wrong = _run("report", "budget", "--server", "127.0.0.1:1", "--burn-down", TRAVEL)
    assert wrong.returncode == 2


def test_try_shows_what_budgets_say_and_what_would_move(tmp_path: Path) -> None:
    store = _with_budgets(tmp_path)
    event = tmp_path / "event.json"
    event.write_text(json.dumps(claim("9", "10.00")), encoding="utf-8")
    refused = _run("try", "--store", store, "--json", str(event))
    assert refused.returncode == 1
    result = json.loads(refused.stdout)
    assert (result["status"], result["budget_moves"]) == ("REJECTED_BUDGET", [])
    assert result["budget"][0] == {
        "node": TRAVEL, "verdict": "BLOCK", "requested": "10.00", "available": "-50.00",
        "shortfall": "60.00", "excess": "0.00", "counts": "CNY", "role": "dept_head",
        "person": "", "reason": "",
    }  # fmt: skip
    event.write_text(json.dumps(claim("9", "10.00", date="2026-06-01")), encoding="utf-8")
    (move,) = json.loads(_run("try", "--store", store, "--json", str(event)).stdout)["budget_moves"]
    assert (move["node"], move["kind"], move["stage"], move["amount"]) == (
        "dept_expense[市场部,差旅费]@2026-06", "SPEND", "ACTUAL", "10.00"
    )  # fmt: skip
    assert "SPEND" in _run("try", "--store", store, str(event)).stdout


def test_token_may_carry_budget_roles(tmp_path: Path) -> None:
    file = str(tmp_path / "tokens.jsonl")
    arguments = ("--role", "budgeter", "--budget-role", "dept_head", "--file", file, "--json")
    assert json.loads(_run("token", "add", "erp", *arguments).stdout)["budget_roles"] == [
        "dept_head"
    ]
    listed = json.loads(_run("token", "list", "--file", file, "--json").stdout)
    assert listed == [{"name": "erp", "roles": ["budgeter"], "budget_roles": ["dept_head"]}]


@pytest.mark.slow
def test_demo_shows_a_budget_refusal_and_an_override() -> None:
    shown = _run("demo", "--json")
    assert shown.returncode == 0, shown.stderr
    budgets = json.loads(shown.stdout)["budgets"]
    assert budgets["statuses"] == ["NO_POSTING", "REJECTED_BUDGET", "NO_POSTING"]
    assert "OVERRIDE" in budgets["verdicts"]
    assert budgets["sentences"]["zh"].startswith("travel 预算不足:费用预算[D02,travel] 还可用")
    assert "is short by 300.00 CNY" in budgets["sentences"]["en"]
    assert budgets["available"] == {
        "expense[D02]": "1700.00", "expense[D02,travel]": "-300.00"
    }  # fmt: skip
