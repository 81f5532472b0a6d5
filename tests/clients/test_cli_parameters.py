"""`tongpin report parameters`: the same from a store and from a server, and over both clients."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from engine.book import Book
from engine.calls import Call
from server.rulebooks import compile_files
from tests.server import conftest
from tests.server.conftest import Serve
from tongpin_client import AsyncClient, Client, Parameter

serve = conftest.serve  # fixture of the service's tests

RULES = """
rulebook small
ledger general is GL currency CNY
chart accounts
  bank    @1002 "Bank"    debit
  revenue @6001 "Revenue" credit
parameter vat is vat_rate percent min 0 max 1 default 13%
parameter open flag default true
event paid dated day
  amount amount
rule payment
  on paid
  basis "policy"
  when open
  voucher "paid"
    debit  bank    round(amount * vat)
    credit revenue round(amount * vat)
"""

EVENTS = [
    {
        "id": "p", "type": "revision.published", "date": "2026-01-01", "source": "tongpin",
        "files": [{"path": "small.tp", "content": RULES}],
    },
    {
        "id": "1", "type": "book.parameter_set", "date": "2026-03-01", "name": "vat_rate",
        "value": "0.06", "reason": "new law", "actor": "wang",
    },
]  # fmt: skip

EXPECTED = [
    Parameter("vat", "vat_rate", "", "0.06", False, "2026-03-01", "wang", "new law"),
    Parameter("open", "open", "", "true", True, "", "", ""),
]


def _store(folder: Path) -> str:
    url = f"sqlite:///{folder / 'book.db'}"
    with closing(Book.open(url, compiler=compile_files)) as book:
        for event in EVENTS:
            book.post([Call(events=[event])])
    return url


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tongpin_cli.main", "report", "parameters", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_store_and_a_server_tell_the_same(tmp_path: Path, serve: Serve) -> None:
    store = _store(tmp_path)
    from_store = _run("--store", store, "--json")
    assert from_store.returncode == 0
    found = json.loads(from_store.stdout)
    assert [row["value"] for row in found] == ["0.06", "true"]
    assert found[0]["reason"] == "new law"
    with closing(Book.open(store, compiler=compile_files)) as book:
        address = serve(book).address
        assert json.loads(_run("--server", address, "--json").stdout) == found
        with Client(address) as client:
            assert list(client.parameters()) == EXPECTED

        async def read() -> tuple[Parameter, ...]:
            async with AsyncClient(address) as client:
                return await client.parameters()

        assert list(asyncio.run(read())) == EXPECTED


def test_the_table_says_what_nobody_has_set(tmp_path: Path) -> None:
    shown = _run("--store", _store(tmp_path)).stdout.splitlines()
    assert [line.split()[:3] for line in shown if line.startswith(("vat", "open"))] == [
        ["vat", "vat_rate", "0.06"],
        ["open", "open", "true"],
    ]
    assert "default" in shown[-1]
