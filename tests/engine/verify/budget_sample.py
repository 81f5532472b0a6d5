"""A book full of budgets: every command, every verdict, every kind of move."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from engine.book import Book
from engine.calls import Call
from engine.log import open_store
from engine.projection import RowProjection, rows_path
from server.rulebooks import compile_files, read_folder
from tests.engine.verify.sample import BOOK_ID, FILE, START_US, Fields, command, event, store_url

RULES = Path(__file__).parent / "budget_rules"

#: What stands in which commit.
(
    EARLY,
    PUBLISHED,
    APPROVED,
    CLAIMED,
    HELD,
    DECIDED,
    RETRIED,
    SERVED,
    ORDERED,
    TICKED,
    LOWERED,
    CLOSED,
    APRIL,
) = range(1, 14)
LAST_BUDGET = APRIL

#: Seconds from one commit to the next; the soft hold of SERVED ends between ORDERED and TICKED.
_SECONDS = 10


def make_budget_book(folder: Path) -> None:
    """Makes the book in an empty folder; the same bytes every time but for the snapshot."""
    now = START_US

    def clock() -> int:
        return now

    book = Book.open(store_url(folder), compiler=compile_files, clock=clock)
    with closing(book):
        for call in budget_calls():
            now += _SECONDS * 1_000_000
            if call is None:
                book.tick()
            else:
                book.post([call])
        if book.seq != LAST_BUDGET:
            raise ValueError(f"the sample has {book.seq} commits")
        book.snapshot()
    with (
        closing(open_store(store_url(folder), book_id=BOOK_ID, read_only=True)) as store,
        closing(RowProjection(rows_path(folder / FILE), book_id=BOOK_ID)) as rows,
    ):
        rows.catch_up(store)


def budget_calls() -> Iterator[Call | None]:
    """The calls, one a commit; None lets time pass."""
    yield Call(events=[_claim("c0", "100.00", department="D3")], principal="crm")
    yield Call(events=[_publication()])
    yield Call(events=_approvals(), principal="cfo")
    yield Call(events=_claims(), principal="crm")
    yield Call(events=_held(), principal="crm")
    yield Call(events=_decisions(), principal="manager")
    yield Call(events=[command("retry", "event.retried")])
    yield Call(events=_services(), principal="shop")
    yield Call(events=_orders(), principal="crm", budget_roles=frozenset())
    yield None
    yield Call(events=_lowered(), principal="cfo")
    yield Call(
        events=[
            _budget(
                "close", "closed", budget="dept", period="2026-03",
                carry_balance=True, carry_reserved=True,
            )
        ],
        principal="cfo",
    )  # fmt: skip
    yield Call(events=_april(), principal="crm")


def _publication() -> Fields:
    files = [{"path": path, "content": text.decode()} for path, text in read_folder(RULES)]
    return command("rules", "revision.published", files=files)


def _budget(event_id: str, kind: str, **fields: object) -> Fields:
    return event(event_id, f"budget.{kind}", "2026-03-05", source="plan", **fields)


def _claim(event_id: str, amount: str, **fields: object) -> Fields:
    given = {"department": "D1", "kind": "travel", "amount": amount}
    return event(event_id, "claim", "2026-03-05", source="crm") | given | fields


def _request(event_id: str, amount: str, **fields: object) -> Fields:
    given = {"department": "D1", "kind": "meals", "amount": amount}
    return event(event_id, "request", "2026-03-05", source="crm") | given | fields


def _project(event_id: str, kind: str, number: str, amount: str, project: str) -> Fields:
    given = {"number": number, "project": project, "amount": amount}
    return event(event_id, kind, "2026-03-05", source="crm", **given)


def _approvals() -> list[Fields]:
    def line(node: str, amount: str, **fields: object) -> Fields:
        return {"node": node, "amount": amount, **fields}

    return [
        _budget(
            "plan-1",
            "approved",
            version="2026",
            lines=[
                line("dept[D1]@2026-03", "1000.00"),
                line("D1/travel/2026-03", "800.00"),
                line("dept[D2]@2026-03", "300.00", control="warn"),
            ],
        ),
        _budget("plan-2", "approved", budget="loose", lines=[line("loose[D1]", "600.00")]),
        _budget(
            "plan-3",
            "approved",
            budget="works",
            lines=[
                line("works/NORTH", "5000.00"),
                line("works/P1", "1000.00", parent="works/NORTH", committed="100.00"),
                line("works/P2", "2000.00", parent="works/NORTH"),
            ],
        ),
    ]


def _claims() -> list[Fields]:
    return [
        _claim("c1", "500.00"),  # passes
        _claim("c2", "230.00"),  # 70.00 of 800.00 are left: warns; loose is exceeded
        _claim("c3", "100.00"),  # refused
        _claim("c4", "90.00", roles=["head"], why="urgent", actor="anna"),  # 20.00 beyond
        event("f1", "fine", "2026-03-05", source="crm", department="D1", amount="30.00"),
        _claim("c5", "400.00", department="D2"),  # only warns
        _request("q1", "60.00"),
    ]


def _held() -> list[Fields]:
    return [
        _request("q2", "500.00"),
        _request("q3", "700.00"),
        _project("o1", "order", "PO1", "9000.00", "P1"),
    ]


def _decisions() -> list[Fields]:
    def decided(event_id: str, of: str, decision: str, **fields: object) -> Fields:
        given = {"of_source": "crm", "of_id": of, "decision": decision, "reason": "seen"}
        return event(event_id, "hold.decided", "2026-03-05", **given, **fields)

    return [
        decided("h1", "q2", "approve", role="head", actor="boss"),
        decided("h2", "q3", "reject", role="head", actor="boss"),
        decided("h3", "o1", "approve", role="clerk", actor="boss"),  # not the role it waits for
    ]


def _services() -> list[Fields]:
    return [
        _budget("s1", "reserved", budget="works", node="works/P2", amount="300.00",
                reference="R1", group="trip", expires_in_s=15),
        _budget("s2", "reserved", budget="works", node="works/P2", amount="200.00",
                reference="R2", group="trip"),
        _budget("s3", "committed", budget="works", reference="R2", amount="150.00"),
        _budget("s4", "reserved", budget="works", node="works/P1", amount="50.00",
                reference="R3", expires_in_s=100_000),
        _budget("s5", "extended", budget="works", reference="R3", expires_in_s=200_000),
        _budget("s6", "spent", budget="works", reference="R2", amount="180.00"),
        _budget("s7", "released", budget="works", reference="R3", amount="20.00"),
    ]  # fmt: skip


def _orders() -> list[Fields]:
    return [
        _project("o2", "order", "PO2", "700.00", "P1"),
        _project("b1", "bill", "PO2", "400.00", "P1"),
        # Would need a role that the caller may not use.
        _claim("c6", "10.00", roles=["head"], why="again"),
    ]


def _lowered() -> list[Fields]:
    return [
        _budget("t1", "transferred", budget="works", from_node="works/P2",
                to_node="works/P1", amount="500.00", reason="moved"),
        _budget("t2", "transferred", budget="works", from_node="works/P2",
                to_node="works/P1", amount="5000.00", reason="too much"),
        _budget("t3", "revised", budget="works", reason="saved",
                lines=[{"node": "works/P2", "amount": "100.00"}]),
    ]  # fmt: skip


def _april() -> list[Fields]:
    late = {"department": "D2", "kind": "meals"}
    return [
        {**_claim("c7", "20.00", **late), "date": "2026-04-02"},
        {**_request("q4", "5.00"), "date": "2026-04-02"},
    ]
