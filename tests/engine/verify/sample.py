"""A book with everything in it that verification looks at, with snapshot and rows beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa

from engine.book import Book
from engine.calls import Call
from engine.log import open_store
from engine.projection import RowProjection, rows_path
from server.rulebooks import compile_files, read_folder

BOOK_ID = "main"
FILE = "book.db"
RULES = Path(__file__).parent / "rules"
START_US = 1_772_668_800_000_000  # 2026-03-05

#: What stands in which commit.
(
    PUBLISHED,
    FIRST,
    SECOND,
    CLOSED,
    LATE,
    RETRIED,
    WITHDRAWN,
    PUBLISHED_AGAIN,
    MARCH,
    TICK,
    ARROW,
    LAST,
) = range(1, 13)

Fields = dict[str, object]


def store_url(folder: Path) -> str:
    """URL of the sample's store."""
    return f"sqlite:///{folder / FILE}"


def event(event_id: str, kind: str, date: str, **fields: object) -> Fields:
    """An event as sent."""
    return {"id": event_id, "type": kind, "date": date, **fields}


def command(event_id: str, kind: str, **fields: object) -> Fields:
    """A command of the service."""
    return event(event_id, kind, "2026-03-05", source="tongpin", **fields)


def make_book(folder: Path) -> None:
    """Makes the sample in an empty folder; the same bytes every time but for the snapshot."""
    seconds = iter(range(1_000_000))
    book = Book.open(
        store_url(folder),
        compiler=compile_files,
        entities=["C01", "C02"],
        clock=lambda: START_US + next(seconds) * 1_000_000,
    )
    with closing(book):
        for call in calls():
            if call is None:
                book.tick()
            else:
                book.post([call])
        if book.seq != LAST:
            raise ValueError(f"the sample has {book.seq} commits")
        book.snapshot()
    with (
        closing(open_store(store_url(folder), book_id=BOOK_ID, read_only=True)) as store,
        closing(RowProjection(rows_path(folder / FILE), book_id=BOOK_ID)) as rows,
    ):
        rows.catch_up(store)


def calls() -> Iterator[Call | None]:
    """The calls, one a commit; None lets time pass."""
    yield Call(events=[_publication("rules-1")])
    yield _streamed(1, _first())
    yield _streamed(2, _second())
    yield Call(events=[command("close-1", "period.closed", period="2026-01", entity="C01")])
    yield _streamed(3, _late())
    yield Call(events=[command("retry-1", "event.retried")])
    yield Call(
        events=[command("drop-1", "event.withdrawn", of_source="crm", of_id="odd", comment="typo")]
    )
    yield Call(events=[_publication("rules-2", later=True)])
    yield _streamed(4, _march())
    yield None
    yield Call(arrow=_arrow(), principal="bank", attempt_id="statement-7")
    yield Call(events=_last(), principal="crm", attempt_id="last")


def _streamed(offset: int, events: list[Fields]) -> Call:
    return Call(events=events, principal="crm", stream="crm-2026", offset=offset)


def _publication(event_id: str, *, later: bool = False) -> Fields:
    files = []
    for path, content in read_folder(RULES):
        text = content.decode()
        if later:
            text = text.replace("Paid by {customer}", "Money from {customer}")
        files.append({"path": path, "content": text})
    fields = {"valid_from": "2026-03-01"} if later else {}
    return command(event_id, "revision.published", files=files, **fields)


def _signed(contract: str, price: str, date: str, **fields: object) -> Fields:
    name = f"sign-{contract}"
    return event(
        name, "contract.signed", date, source="crm", contract=contract, price=price, **fields
    )


def _work(event_id: str, contract: str, done: str, date: str, **fields: object) -> Fields:
    shared = {"source": "crm", "department": "D1", "customer": f"of {contract}"}
    return event(event_id, "work.done", date, contract=contract, done=done, **shared, **fields)


def _paid(event_id: str, customer: str, amount: str, date: str, **fields: object) -> Fields:
    shared = {"source": "crm", "department": "D2", "customer": customer}
    return event(event_id, "payment.received", date, amount=amount, **shared, **fields)


def _first() -> list[Fields]:
    return [
        _signed("K1", "1000.00", "2026-01-05", rate="0.06"),
        _signed("K2", "500.00", "2026-01-05"),
        _work("w1", "K1", "0.2", "2026-01-20"),
        _work("w2", "K2", "0.5", "2026-01-21"),
        _paid("p1", "of K1", "100.00", "2026-01-22"),
        _paid("p2", "of K2", "300.00", "2026-01-23"),
        _paid("p3", "of K2", "-1.00", "2026-01-23"),
        _paid("p1", "of K1", "100.0", "2026-01-22"),
        _work("w3", "K1", "1.2", "2026-01-24"),
        _work("w4", "K1", "0.30", "2026-01-25", entity="C02"),
        _work("w5", "K1", "0.3", "2026-01-26"),
    ]


def _second() -> list[Fields]:
    return [
        event("odd", "something.else", "2026-02-01", source="crm", what="x"),
        _work("w6", "K3", "0.25", "2026-02-02"),
        _paid("p4", "of K1", "10.00", "2026-02-03"),
        _paid("p5", "of K2", "10.00", "2026-02-03", group_id="g"),
        _paid("p6", "of K2", "20.00", "2026-02-03", group_id="g"),
        _work("w7", "K1", "0.5", "2026-02-04", entity="C09"),
    ]


def _late() -> list[Fields]:
    return [
        _paid("p7", "of K1", "1.00", "2026-01-31"),
        _work("w8", "K2", "0.6", "2026-01-31"),
        _signed("K3", "800.00", "2026-02-05", rate="0.1"),
        _paid("p8", "of K1", "2.00", "2026-01-31", posting_date="2026-02-06"),
        _paid("p9", "of K9", "2.00", "2026-01-31", entity="C02"),
    ]


def _march() -> list[Fields]:
    return [
        _work("odd", "K1", "0.6", "2026-03-02"),
        _paid("p10", "of K1", "50.00", "2026-03-03"),
        _paid("p11", "of K1", "60.00", "2026-02-27"),
        event(
            "d1", "customer.dunned", "2026-03-04", source="crm", department="D1", customer="of K1"
        ),
        event(
            "d2", "customer.dunned", "2026-03-04", source="crm", department="D1", customer="of K7"
        ),
    ]


def _last() -> list[Fields]:
    return [
        _work("w9", "K1", "0.9", "2026-03-05"),
        _work("w10", "K1", "1.0", "2026-03-06"),
        _paid("p12", "of K1", "77.00", "2026-03-07"),
    ]


def _arrow() -> bytes:
    table = pa.table(
        {
            "id": ["a1", "a2"],
            "type": ["payment.received"] * 2,
            "date": ["2026-03-04"] * 2,
            "source": ["bank"] * 2,
            "department": ["D2", "D3"],
            "customer": ["of K1", "of K2"],
            "amount": ["5.50", "6.00"],
        }
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return data
