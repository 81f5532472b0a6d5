"""An event that waits is settled once, whatever a commit asks of it."""

from __future__ import annotations

from pathlib import Path

from engine.book import Book
from engine.calls import Call
from engine.columns import EffectBatch
from engine.effects import COMMANDS
from engine.program import Program
from tests.engine.fines import fines_program


def _compiler(_files: object) -> Program:
    return fines_program()


def _command(event_id: str, kind: str, **fields: object) -> dict[str, object]:
    source = {"source": "tongpin", "date": "2026-03-06"}
    return {"id": event_id, "type": kind, **source, **fields}


def _post(book: Book, *events: dict[str, object]) -> list[tuple[str, str]]:
    answer = book.post([Call(events=events)])[0]
    return [(result.status.name, result.reason) for result in answer.results]


def _book_with_a_waiting_event(folder: Path) -> Book:
    """One fine that came before there was a rule book."""
    url = f"sqlite:///{folder / 'book.db'}"
    book = Book.open(url, compiler=_compiler)
    fine = {"id": "x", "type": "fine.created", "date": "2026-03-05", "case": "A", "amount": "5.00"}
    assert _post(book, fine) == [("UNPOSTED", "NO_REVISION")]
    files = [{"path": "fines.tp", "content": ""}]
    assert _post(book, _command("p", "revision.published", files=files))[0][0] == "NO_POSTING"
    return book


def _reopened(book: Book, folder: Path) -> Book:
    book.close()
    return Book.open(f"sqlite:///{folder / 'book.db'}", compiler=_compiler)


def _commands(effects: EffectBatch) -> list[str]:
    return effects.text(COMMANDS.name, "type")


_X = {"source": "default", "id": "x"}


def test_event_named_twice_in_a_retry_is_booked_once(tmp_path: Path) -> None:
    book = _book_with_a_waiting_event(tmp_path)
    retry = _command("r", "event.retried", events=[_X, _X])
    assert _post(book, retry) == [("POSTED", ""), ("NOT_ATTEMPTED", "NOT_WAITING")]
    assert [voucher.name for voucher in book.vouchers()[0]] == ["C01/GL/2026-03/记/1"]
    book = _reopened(book, tmp_path)
    assert book.event("default", "x").vouchers == ("C01/GL/2026-03/记/1",)
    book.close()


def test_event_withdrawn_in_the_same_commit_is_not_retried(tmp_path: Path) -> None:
    book = _book_with_a_waiting_event(tmp_path)
    withdraw = _command("w", "event.withdrawn", of_source="default", of_id="x")
    retry = _command("r", "event.retried", events=[_X])
    assert _post(book, withdraw, retry) == [("NO_POSTING", ""), ("NOT_ATTEMPTED", "NOT_WAITING")]
    assert _commands(book.commit(book.seq)[1]) == ["event.withdrawn", "event.retried"]
    assert book.vouchers()[0] == []
    book = _reopened(book, tmp_path)
    assert book.event("default", "x").status.name == "WITHDRAWN"
    book.close()


def test_event_retried_twice_in_a_commit_is_booked_once(tmp_path: Path) -> None:
    book = _book_with_a_waiting_event(tmp_path)
    one, other = (_command(name, "event.retried", events=[_X]) for name in ("r1", "r2"))
    assert _post(book, one, other) == [("POSTED", ""), ("NOT_ATTEMPTED", "NOT_WAITING")]
    assert len(book.vouchers()[0]) == 1
    _reopened(book, tmp_path).close()


def test_retry_books_no_event_of_an_entity_the_book_does_not_have() -> None:
    book = Book.in_memory([fines_program()], entities=["C01"])
    fine = {"id": "x", "type": "fine.created", "date": "2026-03-05", "case": "A", "amount": "5.00"}
    assert _post(book, {**fine, "entity": "C02"}) == [("UNPOSTED", "UNKNOWN_ENTITY")]
    assert _post(book, _command("r", "event.retried")) == [("UNPOSTED", "UNKNOWN_ENTITY")]
    assert book.vouchers()[0] == []
