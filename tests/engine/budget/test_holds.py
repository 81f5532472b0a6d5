"""Who may decide on a held event: the role its node or statement asks for, and not its sender."""

from __future__ import annotations

from engine.book import Book
from engine.calls import REVISION_PUBLISHED, Call, EventResult
from server.rulebooks import compile_files
from tests.engine.budget.books import START_US

RULES = """
rulebook holds
ledger general is GL currency CNY
dimension department is department
chart small
  expense @6602 "Expense" debit
  payable @2241 "Payable" credit
budget dept by department over life
event asked is request dated date
  department department
  amount     amount
rule asked
  on asked
  basis "who asks for much asks the head"
  reserve amount on dept[department] else escalate "head"
"""


def _book() -> Book:
    """A book without a revision yet."""
    return Book.in_memory(compiler=compile_files, clock=lambda: START_US)


def _post(book: Book, event: dict[str, object], principal: str = "crm") -> EventResult:
    call = Call(events=[{"date": "2026-03-05", **event}], principal=principal)
    return book.post([call])[0].own[0]


def _publish(book: Book) -> None:
    files = [{"path": "holds.tp", "content": RULES}]
    fields: dict[str, object] = {"id": "rules", "source": "tongpin", "files": files}
    _post(book, fields | {"type": REVISION_PUBLISHED, "date": "2026-01-01"})
    lines = [{"node": "dept[A]", "amount": "100.00"}]
    _post(book, {"id": "b", "type": "budget.approved", "lines": lines})


ASKED: dict[str, object] = {"id": "q", "type": "request", "department": "A", "amount": "900.00"}


def _decide(book: Book, event_id: str, role: str, actor: str = "boss") -> str:
    fields: dict[str, object] = {"of_id": "q", "decision": "approve", "reason": "needed"}
    event = {"id": event_id, "type": "hold.decided", "role": role, "actor": actor}
    result = _post(book, event | fields)
    return result.reason or result.status.name


def test_only_the_role_asked_for_lets_a_held_event_pass_and_never_its_sender() -> None:
    book = _book()
    _publish(book)
    assert _post(book, ASKED | {"actor": "anna"}).reason == "BUDGET_ESCALATED"
    assert _decide(book, "h1", "clerk") == "ROLE_MISSING"
    assert _decide(book, "h2", "head", actor="anna") == "SEGREGATION_OF_DUTIES"
    assert _decide(book, "h3", "head") == "NO_POSTING"
    assert _decide(book, "h4", "head") == "NOT_HELD"


def test_event_held_by_a_retry_asks_for_the_role_as_well() -> None:
    book = _book()
    assert _post(book, ASKED).reason == "NO_REVISION"
    _publish(book)
    _post(book, {"id": "r", "type": "event.retried"})
    assert book.event("", "q").reason == "BUDGET_ESCALATED"
    assert _decide(book, "h1", "clerk") == "ROLE_MISSING"
    assert _decide(book, "h2", "") == "ROLE_MISSING"
    assert _decide(book, "h3", "head") == "NO_POSTING"
