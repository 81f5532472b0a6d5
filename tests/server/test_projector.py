"""The projector thread brings the rows to where the book stands, and survives what fails."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from engine.calls import Call
from engine.errors import StoreUnavailable
from engine.log import sqlite_path
from engine.projection import RowProjection, rows_path
from server import projector as projector_module
from server.projector import Projector
from tests.clients.test_client import published, sold


def test_rows_follow_the_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projector_module, "_INTERVAL_SECONDS", 0.01)
    monkeypatch.setattr(projector_module, "_RETRY_SECONDS", 0.01)
    url = f"sqlite:///{tmp_path / 'book.db'}"
    book = published(tmp_path)
    failures = [StoreUnavailable("the disk is full")]
    catch_up = RowProjection.catch_up

    def catch_up_after_a_failure(projection: RowProjection, store: object) -> int:
        if failures:
            raise failures.pop()
        return catch_up(projection, store)  # type: ignore[arg-type]

    monkeypatch.setattr(RowProjection, "catch_up", catch_up_after_a_failure)
    projector = Projector(book, url, "main")
    projector.start()
    for number in range(3):
        book.post([Call(events=(sold(str(number)),))])
    deadline = time.monotonic() + 20
    while book.stats.projection_seq < book.seq and time.monotonic() < deadline:
        time.sleep(0.01)
    projector.close()
    assert not failures
    rows = RowProjection(rows_path(sqlite_path(url)), book_id="main")
    assert rows.position()[0] == book.seq == 4
    rows.close()
    book.close()


def test_projector_that_never_started_closes(tmp_path: Path) -> None:
    book = published(tmp_path)
    Projector(book, f"sqlite:///{tmp_path / 'book.db'}", "main").close()
    book.close()
