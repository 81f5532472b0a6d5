"""The reader of crash runs finds faults by itself; otherwise it would show nothing."""

from __future__ import annotations

import ast
from contextlib import closing
from pathlib import Path

import pytest

from engine.book import Book
from engine.columns import EffectBatch
from engine.log import open_store
from engine.replay import export_book
from tests.crash.reader import compare_answers, compare_events, read_book
from tests.digest import digests
from tests.engine.verify.attacker import Attacker
from tests.engine.verify.edits import line_row, put, voucher_row
from tests.engine.verify.plant import compiler
from tests.engine.verify.sample import BOOK_ID, FILE, LAST, SECOND, make_book, store_url

READER = Path(__file__).with_name("reader.py")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_book(tmp_path)
    return tmp_path


def test_reader_imports_nothing_of_the_project() -> None:
    tree = ast.parse(READER.read_text(encoding="utf-8"))
    names = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    ours = {"engine", "rules_dsl", "server", "tests", "tongpin", "tongpin_cli", "tongpin_client"}
    assert {name.partition(".")[0] for name in names} & ours == set()


def test_reader_agrees_with_the_engine_on_chain_events_and_digest(folder: Path) -> None:
    book = read_book(folder / FILE)
    assert book.problems == []
    with closing(open_store(store_url(folder), book_id=BOOK_ID, read_only=True)) as store:
        assert (book.commits, book.head) == (LAST, store.head()[1].hex())
    with closing(Book.open(store_url(folder), compiler=compiler, read_only=True)) as opened:
        export_book(opened, folder / "out")
    assert book.voucher_digest() == digests(folder / "out")["voucher_digest"]


def test_reader_finds_a_missing_commit_and_a_damaged_one(folder: Path) -> None:
    attacker = Attacker(folder)
    attacker.flip(LAST, "payload_digest", 0)
    assert "payload of commit 12" in read_book(folder / FILE).problems[0]
    attacker.flip(4, "header", 3)
    assert "chain is broken at commit 4" in read_book(folder / FILE).problems[0]
    attacker.delete(SECOND)
    assert read_book(folder / FILE).problems == ["commit 3 is missing"]


def test_reader_finds_a_gap_a_half_voucher_and_an_event_twice(folder: Path) -> None:
    attacker = Attacker(folder)

    def skip(effects: EffectBatch) -> None:
        put(effects, "vouchers", voucher_row(effects, "C01/GL/2026-03/记/8"), number=9)

    def halve(effects: EffectBatch) -> None:
        put(effects, "lines", line_row(effects, "C01/GL/2026-03/记/9", 1), debit=1)

    def repeat(effects: EffectBatch) -> None:
        put(effects, "commands", 0, event_id="w1")

    for change, problem in (
        (skip, "should have number 8"),
        (halve, "half there"),
        (repeat, "there twice"),
    ):
        attacker.rewrite(LAST, change)
        assert problem in " ".join(read_book(folder / FILE).problems)


def test_reader_finds_what_was_answered_and_is_missing(folder: Path) -> None:
    book = read_book(folder / FILE)
    known = ["crm", "w1", "POSTED", ["C01/GL/2026-01/记/1"]]
    assert compare_answers(book, iter([{"results": [known]}])) == 1
    assert book.problems == []
    for wrong in (
        ["crm", "w999", "POSTED", ["C01/GL/2026-01/记/1"]],
        ["crm", "w1", "POSTED", ["C01/GL/2026-01/记/2"]],
        ["crm", "w1", "NO_POSTING", []],
        ["crm", "w1", "DUPLICATE", []],
    ):
        before = len(book.problems)
        compare_answers(book, iter([{"results": [wrong]}]))
        assert len(book.problems) == before + 1


def test_reader_finds_what_was_sent_and_is_missing_and_what_was_not_sent(folder: Path) -> None:
    book = read_book(folder / FILE)
    sent = [{"source": source, "id": name} for source, name in book.events if source != "tongpin"]
    compare_events(book, iter(sent))
    assert book.problems == []
    compare_events(book, iter([*sent[1:], {"source": "crm", "id": "never"}]))
    assert len(book.problems) == 2
