"""Publishing at a store from the command line: in one step, by two, taken back, and shown."""

from __future__ import annotations

import json
import os
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from engine.book import Book
from engine.calls import Call
from engine.errors import CallerError
from server.principals import own_principal
from server.publishing import set_up
from server.rulebooks import compile_files
from tests.server.rules import FAILING_TEST, SALES
from tongpin_cli.main import app

SALE = {"id": "1", "type": "sale", "date": "2026-03-05", "customer": "K1", "amount": "10.00"}
LATER = SALES.replace("卖给", "售予")


@pytest.fixture(autouse=True)
def nobody_elses_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TONGPIN_DATA", str(tmp_path / "data"))


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'book.db'}"


def rules(folder: Path, text: str) -> str:
    place = folder / f"rules-{abs(hash(text))}"
    place.mkdir(exist_ok=True)
    (place / "a.tp").write_text(text, encoding="utf-8")
    return str(place)


def run(*arguments: str) -> tuple[int, Any]:
    """Exit code and JSON of a command that must not raise."""
    result = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
    return result.exit_code, json.loads(result.stdout) if result.stdout.strip() else None


def post(store: str, *events: dict[str, str]) -> list[str]:
    with closing(Book.open(store, compiler=compile_files)) as book:
        return [result.status.name for result in book.post([Call(events=events)])[0].results]


def test_first_revision_is_in_force_by_the_user_of_the_system(tmp_path: Path, store: str) -> None:
    code, said = run("publish", "--rules", rules(tmp_path, SALES), "--store", store)
    assert (code, said["ok"], said["seq"], said["state"]) == (0, True, 1, "IN_FORCE")
    code, found = run("revisions", "--store", store)
    assert (code, found[0]["revision"], found[0]["author"]) == (
        0,
        said["revision"],
        own_principal(),
    )
    code, status = run("status", "--store", store)
    assert status["publishing"] == "single"
    assert status["revisions"] == [said["revision"]]
    assert status["publications"] == found


def test_user_cannot_be_changed_by_the_environment(
    tmp_path: Path, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOGNAME", "USER", "USERNAME"):
        monkeypatch.setenv(name, "somebody")
    run("publish", "--rules", rules(tmp_path, SALES), "--store", store)
    _, found = run("revisions", "--store", store)
    assert found[0]["author"] == own_principal()
    assert "somebody" not in own_principal() or os.name == "nt"


def test_failing_test_publishes_nothing(tmp_path: Path, store: str) -> None:
    code, said = run("publish", "--rules", rules(tmp_path, FAILING_TEST), "--store", store)
    assert (code, said["ok"], said["seq"]) == (1, False, 0)


def test_book_of_four_eyes_waits_and_the_same_user_cannot_approve(
    tmp_path: Path, store: str
) -> None:
    with closing(Book.open(store, compiler=compile_files)) as book:
        set_up(book, None, "four_eyes", has_principals=False, principal="os:root")
    where = ("--store", store)
    code, said = run("publish", "--rules", rules(tmp_path, SALES), *where, "--reason", "begin")
    assert (code, said["state"]) == (0, "PROPOSED")
    with pytest.raises(CallerError, match="cannot approve it as well"):
        run("approve", said["revision"][:8], *where, "--reason", "fine")
    with pytest.raises(CallerError, match="say why"):
        run("approve", said["revision"][:8], *where)
    assert post(store, SALE) == ["UNPOSTED"]
    code, taken = run("withdraw", said["revision"][:8], *where, "--reason", "later")
    assert (code, taken["state"]) == (0, "WITHDRAWN")


def test_try_says_which_revision_a_date_resolves_to_and_why(tmp_path: Path, store: str) -> None:
    where = ("--store", store)
    _, first = run("publish", "--rules", rules(tmp_path, SALES), *where)
    later = rules(tmp_path, LATER)
    _, second = run("publish", "--rules", later, *where, "--from", "2026-04-01", "--reason", "new")
    event = tmp_path / "event.json"
    event.write_text(json.dumps(SALE), encoding="utf-8")
    code, tried = run("try", str(event), *where)
    resolution = tried["resolution"]
    assert (code, resolution["revision"]["revision"]) == (0, first["revision"])
    assert resolution["why"] == "the latest put into force whose dates hold 2026-03-05"
    assert resolution["passed_over"] == [
        {"revision": second["revision"], "seq": 2, "why": "holds dates from 2026-04-01 on"}
    ]
    shown = CliRunner().invoke(app, ["try", str(event), *where]).stdout
    assert f"not {second['revision'][:8]} (commit 2): holds dates from 2026-04-01 on" in shown
    code, tried = run("try", str(event), "--rules", later)
    assert tried["resolution"] == {"revision": second["revision"]}


def test_revision_is_shown_with_what_it_changed_and_what_it_did(tmp_path: Path, store: str) -> None:
    where = ("--store", store)
    _, first = run("publish", "--rules", rules(tmp_path, SALES), *where)
    assert post(store, SALE) == ["POSTED"]
    _, second = run("publish", "--rules", rules(tmp_path, LATER), *where, "--reason", "wording")
    # The same amounts, accounts and dimensions; only the summary reads otherwise.
    assert second["impact"]["event_count"] == 1
    _, shown = run("revisions", second["revision"][:8], *where)
    changed = [line for line in shown["diff"].splitlines() if line[:1] in "+-"][2:]
    assert changed == ['-  voucher "卖给 {客户}"', '+  voucher "售予 {客户}"']
    assert (shown["against"], shown["comment"]) == (first["revision"], "wording")
    code, taken = run("withdraw", second["revision"][:8], *where, "--reason", "wrong word")
    assert (code, taken["revision"]) == (0, second["revision"])
    with pytest.raises(CallerError, match="publish a revision that supersedes it"):
        run("withdraw", first["revision"][:8], *where, "--reason", "wrong")
