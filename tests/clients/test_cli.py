"""The command line: exit codes, messages, JSON on stdout alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rules_dsl.rulebooks import SERVICES

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
