"""Every book ever written opens under this version and says what it said then."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from engine.book import Book
from server.rulebooks import compile_files
from tests.books.write import HERE, facts

BOOKS = sorted(path for path in HERE.glob("v*") if path.is_dir())


@pytest.mark.parametrize("kept", BOOKS, ids=[path.name for path in BOOKS])
def test_kept_book_says_the_same_under_this_version(kept: Path, tmp_path: Path) -> None:
    store = tmp_path / "book.db"
    shutil.copy(kept / "book.db", store)
    book = Book.open(f"sqlite:///{store}", compiler=compile_files)
    found = json.loads(json.dumps(facts(book)))
    book.close()
    assert found == json.loads((kept / "facts.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("kept", BOOKS, ids=[path.name for path in BOOKS])
def test_kept_book_opens_from_its_snapshot_with_the_same_state(kept: Path, tmp_path: Path) -> None:
    store = tmp_path / "book.db"
    shutil.copy(kept / "book.db", store)
    book = Book.open(f"sqlite:///{store}", compiler=compile_files)
    book.snapshot()
    before = facts(book)
    book.close()
    again = Book.open(f"sqlite:///{store}", compiler=compile_files)
    assert again.snapshot_note == ""
    assert facts(again) == before
    again.close()


def test_a_book_is_kept() -> None:
    assert BOOKS
