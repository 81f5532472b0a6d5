"""`tongpin explain`: the tree for people and for machines, one line, why not, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.book import Book
from engine.calls import Call
from rules_dsl.rulebooks import SERVICES
from server.rulebooks import compile_files, read_folder
from tests.clients.test_cli import _run

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


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('explain') / 'book.db'}"
    book = Book.open(url, compiler=compile_files)
    files = [{"path": path, "content": text.decode()} for path, text in read_folder(SERVICES)]
    published = {"id": "p", "type": "revision.published", "source": "tongpin", "files": files}
    book.post([Call(events=[{"date": "2026-01-01", **published}])])
    book.post([Call(events=[_TIMESHEET])])
    book.close()
    return url


def test_tree_names_amount_let_and_fields_in_the_language_of_the_rule(store: str) -> None:
    said = _run("explain", "--voucher", "2026-03/记/1", "--store", store)
    assert said.returncode == 0
    # 40 hours at 200.00 are 8000.00.
    for part in (
        "设 成本 = 8000.00 CNY  ⟨四舍五入(工时 * 成本费率)⟩",
        "字段 工时 = 40 小时",
        "字段 成本费率 = 200 CNY/小时",
        "舍入前 8000",
        "与已过账金额一致",
    ):
        assert part in said.stdout


def test_json_holds_the_same_tree_and_one_line_where_one_is_asked_for(store: str) -> None:
    said = _run("explain", "--event", "TS-1", "--store", store, "--line", "2", "--json")
    assert said.returncode == 0
    [explained] = json.loads(said.stdout)
    assert explained["agrees"] is True
    [line] = explained["lines"]
    assert (line["line_no"], line["credit"]) == (2, "8000.00")
    assert line["recomputed"] == {"debit": "0.00", "credit": "8000.00"}
    assert [part["name"] for part in line["amounts"][0]["parts"]] == ["工时", "成本费率"]


def test_line_that_is_not_there_is_the_inputs_fault(store: str) -> None:
    said = _run("explain", "--voucher", "2026-03/记/1", "--store", store, "--line", "9")
    assert (said.returncode, said.stdout) == (1, "")
    assert "there is no line 9" in said.stderr


def test_why_not_answers_from_a_store_and_from_a_file(store: str, tmp_path: Path) -> None:
    posted = _run("explain", "--why-not", "工时成本", "--event", "TS-1", "--store", store)
    assert posted.returncode == 0
    assert "规则已过账" in posted.stdout
    file = tmp_path / "event.json"
    file.write_text(json.dumps(_TIMESHEET), encoding="utf-8")
    asked = ("--why-not", "费用报销", "--event", str(file), "--rules", str(SERVICES), "--json")
    answer = _run("explain", *asked)
    assert answer.returncode == 0
    assert json.loads(answer.stdout)["why"] == "other_type"


def test_usage_asks_for_one_of_voucher_and_event() -> None:
    assert _run("explain").returncode == 2
    assert _run("explain", "--voucher", "a", "--event", "b").returncode == 2
    assert _run("explain", "--voucher", "a", "--why-not", "r").returncode == 2
