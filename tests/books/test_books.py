"""Every book ever written opens under this version and says what it said then."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from engine.book import Book
from engine.effects import BUDGET_DECISIONS, BUDGET_MOVES, MoveKind, Verdict
from engine.verify import verify_book
from engine.version import ENGINE_VERSION
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
    said = json.loads((kept / "facts.json").read_text(encoding="utf-8"))
    # A version adds to what is asked; what an earlier book said of itself stays.
    assert {name: found[name] for name in said} == said


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


@pytest.mark.parametrize("kept", BOOKS, ids=[path.name for path in BOOKS])
def test_kept_book_verifies_under_this_version(kept: Path, tmp_path: Path) -> None:
    store = tmp_path / "book.db"
    shutil.copy(kept / "book.db", store)
    with closing(Book.open(f"sqlite:///{store}", compiler=compile_files)) as book:
        book.snapshot()
    report = verify_book(f"sqlite:///{store}", "main", compile_files)
    assert report.ok, report.first_bad


def test_book_of_this_version_holds_every_kind_of_budget_move_and_verdict(tmp_path: Path) -> None:
    store = tmp_path / "book.db"
    shutil.copy(HERE / f"v{ENGINE_VERSION}" / "book.db", store)
    kinds: set[int] = set()
    verdicts: set[int] = set()
    with closing(Book.open(f"sqlite:///{store}", compiler=compile_files)) as book:
        for _, effects in book.commits():
            for table, column, found in (
                (BUDGET_MOVES.name, "kind", kinds),
                (BUDGET_DECISIONS.name, "verdict", verdicts),
            ):
                if table in effects.tables:
                    found.update(effects.tables[table].ints(column).tolist())
    assert kinds == set(MoveKind)
    assert verdicts == set(Verdict) - {Verdict.UNCHECKED}
