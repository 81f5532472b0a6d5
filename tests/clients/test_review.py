"""Drafts over the wire: listed, approved and returned by the client and by `tongpin review`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.book import Book
from engine.calls import REVISION_PUBLISHED, Call
from server.principals import add_token
from server.rulebooks import compile_files
from tests.engine.test_review import RULES
from tests.server import conftest
from tests.server.conftest import Serve
from tongpin_client import Client, Status

serve = conftest.serve  # fixture of the service's tests


@pytest.fixture
def where(tmp_path: Path, serve: Serve) -> Iterator[tuple[str, str, str]]:
    """Address of a server, and the tokens of a sender and of a reviewer."""
    book = Book.open(f"sqlite:///{tmp_path / 'book.db'}", compiler=compile_files)
    rules: dict[str, Any] = {
        "id": "rules", "type": REVISION_PUBLISHED, "date": "2026-01-01", "source": "tongpin",
        "files": [{"path": "a.tp", "content": RULES}],
    }  # fmt: skip
    book.post([Call(events=(rules,))])
    path = tmp_path / "tokens.jsonl"
    sender = add_token(path, "lin", ["poster", "reviewer"], budget_roles=["会计主管"])
    reviewer = add_token(path, "wang", ["reviewer"], budget_roles=["会计主管"])
    yield serve(book, token_file=path).address, sender, reviewer
    book.close()


def _claim(name: str, amount: str = "120.00") -> dict[str, object]:
    fields = {"department": "市场", "amount": amount}
    return {"id": name, "type": "claimed", "date": "2026-03-05", **fields}


def test_the_client_lists_approves_and_returns(where: tuple[str, str, str]) -> None:
    address, sender, reviewer = where
    with Client(address, token=sender) as lin, Client(address, token=reviewer) as wang:
        results = lin.post([_claim("1"), _claim("2")]).results
        assert {result.status for result in results} == {Status.PENDING_REVIEW}
        drafts = list(wang.drafts(role="会计主管", preparer="lin"))
        assert [(d.voucher.event_id, d.draft, d.voucher.state) for d in drafts] == [
            ("1", 1, "drafted"),
            ("2", 1, "drafted"),
        ]
        assert list(wang.drafts(preparer="wang")) == []
        own = lin.approve("default", "1", role="会计主管")
        assert (own.status, own.reason) == (Status.REJECTED_RULE, "SEGREGATION_OF_DUTIES")
        done = wang.approve("default", "1", role="会计主管")
        assert (done.status, done.vouchers) == (Status.POSTED, ("C01/GL/2026-03/记/1",))
        voucher = wang.voucher("C01/GL/2026-03/记/1")
        assert (voucher.state, voucher.preparer, voucher.reviewer) == ("reviewed", "lin", "wang")
        assert voucher.review_time.endswith("Z")
        back = wang.return_event("default", "2", "附件不全", role="会计主管")
        assert (back.status, back.reason) == (Status.UNPOSTED, "REVIEW_RETURNED")
        assert list(wang.drafts()) == []


def test_the_command_line_lists_approves_and_returns(where: tuple[str, str, str]) -> None:
    address, sender, reviewer = where
    with Client(address, token=sender) as lin:
        lin.post([_claim("1"), _claim("2")])
    common = ["--server", address, "--token", reviewer, "--json"]

    def run(*arguments: str) -> tuple[int, Any]:
        command = [sys.executable, "-m", "tongpin_cli.main", "review", *arguments, *common]
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        return result.returncode, json.loads(result.stdout)

    code, drafts = run("list")
    assert code == 0
    assert [(d["event"], d["role"], d["preparer"]) for d in drafts] == [
        ("default/1", "会计主管", "lin"),
        ("default/2", "会计主管", "lin"),
    ]
    assert drafts[0]["lines"][0]["debit"] == "120.00"
    code, refused = run("approve", "default/1")
    assert (code, refused[0]["reason"]) == (1, "ROLE_MISSING")
    code, done = run("approve", "default/1", "--role", "会计主管")
    assert (code, done[0]["vouchers"]) == (0, ["C01/GL/2026-03/记/1"])
    code, back = run("return", "2", "--reason", "附件不全", "--role", "会计主管")
    assert (code, back[0]["status"]) == (0, "UNPOSTED")
    assert run("list") == (0, [])
