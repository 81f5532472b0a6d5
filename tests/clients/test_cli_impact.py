"""`tongpin impact`: exit codes, JSON, files, usage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.clients.test_cli import _run

_RULES = """
rulebook shop
ledger general is GL currency CNY
chart shop_chart
  bank    @1002 "Bank"    debit
  revenue @6001 "Revenue" credit
event sale
  amount amount
rule sales
  on sale
  basis "sold is sold"
  voucher "sale"
    debit  bank    CHARGED
    credit revenue CHARGED
"""


@pytest.fixture
def books(tmp_path: Path) -> Path:
    for name, charged in (("old", "amount"), ("new", "amount + 1.00")):
        (tmp_path / name).mkdir()
        text = _RULES.replace("CHARGED", "charged").replace(
            "  voucher", f"  let charged = {charged}\n  voucher"
        )
        (tmp_path / name / "shop.tp").write_text(text, encoding="utf-8")
    sale = {"id": "1", "type": "sale", "date": "2026-03-05", "amount": "9.00"}
    (tmp_path / "events.jsonl").write_text(json.dumps(sale) + "\n", encoding="utf-8")
    return tmp_path


def _impact(books: Path, new: str, *more: str) -> tuple[int, str, str]:
    folders = ("--rules", str(books / new), "--against", str(books / "old"))
    done = _run("impact", *folders, "--events", str(books / "events.jsonl"), *more)
    return done.returncode, done.stdout, done.stderr


def test_expect_none_is_met_by_the_same_rules_and_not_by_others(books: Path) -> None:
    assert _impact(books, "old", "--expect-none")[0] == 0
    code, said, note = _impact(books, "new", "--expect-none")
    assert code == 1
    assert "other amount" in said
    assert "events that differ: 1" in note


def test_json_is_the_summary_in_the_folder(books: Path) -> None:
    code, said, _ = _impact(books, "new", "--json", "--out", str(books / "out"))
    assert code == 0
    report = json.loads(said)
    assert report == json.loads((books / "out" / "summary.json").read_text("utf-8"))
    assert report["classes"]["amount"] == 1
    assert [(row["account_code"], row["debit"], row["credit"]) for row in report["accounts"]] == [
        ("1002", "1.00", "0.00"),
        ("6001", "0.00", "1.00"),
    ]


def test_usage_without_events_or_without_the_old_rules_is_2(books: Path) -> None:
    assert _run("impact", "--rules", str(books / "new")).returncode == 2
    events = ("--events", str(books / "events.jsonl"))
    assert _run("impact", "--rules", str(books / "new"), *events).returncode == 2


def test_rules_that_do_not_compile_are_the_input_at_fault(books: Path) -> None:
    (books / "old" / "shop.tp").write_text("rule\n", encoding="utf-8")
    assert _impact(books, "new")[0] == 1
