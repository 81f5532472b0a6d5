"""ExplainService says over the wire what the engine says, and the command line prints it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

import pytest

from engine.book import Book
from engine.calls import Call
from engine.explain import Explanation, explain_voucher
from engine.explain_text import explanation_lines
from engine.explain_tree import ExplainedStep
from engine.explain_why_not import why_not_posted
from server.rulebooks import compile_files
from tests.engine.test_explain_tree import RULES
from tests.server import conftest
from tests.server.conftest import RunningServer, Serve
from tongpin_client import AsyncClient, Client, TongpinRpcError, VoucherExplanation

serve = conftest.serve  # fixture of the service's tests

VOUCHER = "C01/GL/2026-03/记/1"


@pytest.fixture
def book() -> Book:
    book = Book.in_memory(compiler=compile_files)
    files = [{"path": "p.tp", "content": RULES}]
    published = {"id": "p", "type": "revision.published", "source": "tongpin", "files": files}
    dated = {"date": "2026-03-05"}
    parts = [{"project": name, "hours": "1"} for name in ("A", "B", "C")]
    bill = {"id": "b", "type": "bill", "kind": "t", "gross": "106.00", "parts": parts, **dated}
    empty = {**bill, "id": "z", "gross": "0.00"}
    book.post([Call(events=[{**published, "date": "2026-01-01"}])])
    book.post([Call(events=[bill, empty])])
    return book


@pytest.fixture
def server(book: Book, serve: Serve) -> RunningServer:
    return serve(book)


def _local(book: Book) -> Explanation:
    return explain_voucher(book, VOUCHER)


def _same_tree(found: object, expected: ExplainedStep) -> bool:
    return found.to_json() == expected.to_json()  # type: ignore[attr-defined]


def test_explanation_over_the_wire_is_the_engines(book: Book, server: RunningServer) -> None:
    with Client(server.address) as client:
        [found] = client.explain(VOUCHER)
        [by_event] = client.explain(event_id="b")
    expected = _local(book)
    assert by_event == found
    assert isinstance(found, VoucherExplanation)
    assert (found.agrees, found.rule, found.basis) == (True, "bills", expected.basis)
    assert found.rendered == tuple(explanation_lines(expected))
    assert len(found.lines) == len(expected.lines) == 5
    for line, own in zip(found.lines, expected.lines, strict=True):
        assert (line.place, line.text, line.agrees) == (own.place, own.text, True)
        assert _same_tree(line.account, own.account)
        assert all(map(_same_tree, line.amounts, own.amounts))
        amount = line.recomputed_debit or line.recomputed_credit
        assert amount is not None
        assert amount.minor_units == own.line.debit or own.line.credit
    assert [read.name for read in found.reads] == [read.name for read in expected.reads]


def test_one_line_and_events_without_voucher(server: RunningServer) -> None:
    with Client(server.address) as client:
        [found] = client.explain(VOUCHER, line_number=5)
        assert [line.line_number for line in found.lines] == [5]
        assert client.explain(event_id="z") == ()
        with pytest.raises(TongpinRpcError, match="either a voucher or an event"):
            client.explain()


def test_why_not_of_stored_events_and_of_others(book: Book, server: RunningServer) -> None:
    with Client(server.address) as client:
        answer = client.why_not("bills", event_id="z")
        expected = why_not_posted(book, "bills", "", "z")
        assert (answer.why, answer.message) == ("all_zero", expected.message)
        assert all(map(_same_tree, answer.conditions, expected.conditions))
        step = {"id": "n", "type": "step", "date": "2026-03-05", "project": "N", "price": "1.00"}
        missing = client.why_not("steps", event=step)
        assert missing.why == "failed"
        assert "MISSING_RECORD" in missing.message
        with pytest.raises(TongpinRpcError, match="no rule bill"):
            client.why_not("bill", event_id="z")


def test_client_that_awaits_gets_the_same(server: RunningServer) -> None:
    async def ask() -> tuple[VoucherExplanation, ...]:
        async with AsyncClient(server.address) as client:
            assert (await client.why_not("bills", event_id="b")).why == "posted"
            return await client.explain(VOUCHER)

    with Client(server.address) as client:
        assert asyncio.run(ask()) == client.explain(VOUCHER)


def test_command_line_prints_what_the_server_says(book: Book, server: RunningServer) -> None:
    command = (sys.executable, "-m", "tongpin_cli.main", "explain", "--server", server.address)

    def run(*more: str) -> str:
        done = subprocess.run([*command, *more], capture_output=True, text=True, check=True)
        return done.stdout

    said = run("--voucher", VOUCHER)
    for line in explanation_lines(_local(book)):
        assert line in said
    [data] = json.loads(run("--voucher", VOUCHER, "--json", "--line", "1"))
    assert data["agrees"] is True
    assert data["lines"][0]["account"] == _local(book).lines[0].account.to_json()
    assert "every line comes to zero" in run("--why-not", "bills", "--event", "z")
