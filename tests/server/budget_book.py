"""A book with two budgets in force, and how tests of the service ask for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.book import Book
from engine.calls import BUDGET_APPROVED, REVISION_PUBLISHED, Call
from server.rulebooks import compile_files
from tests.server.rules import BUDGET_FILES
from tongpin.v1 import budget_service_pb2 as pb
from tongpin.v1 import budget_service_pb2_grpc

Stub = budget_service_pb2_grpc.BudgetServiceStub

#: 1,000.00 for travel, and 1,500.00 for the whole department.
TRAVEL = "dept_expense[市场部,差旅费]@2026-05"
DEPARTMENT = "dept_expense[市场部]@2026-05"
ROOT = "dept_expense[]@2026-05"
HOURS = "hours[P84]"
DAY = "2026-05-04"


def budget_book(folder: Path, **amounts: str) -> Book:
    """A stored book; `amounts` are approved for travel nodes of further departments."""
    book = Book.open(f"sqlite:///{folder / 'book.db'}", compiler=compile_files)
    files = [{"path": path, "content": text} for path, text in BUDGET_FILES.items()]
    command(book, REVISION_PUBLISHED, files=files)
    lines = [
        {"node": TRAVEL, "amount": "1000.00"},
        {"node": DEPARTMENT, "amount": "1500.00"},
        {"node": HOURS, "amount": "10.0"},
    ]
    lines += [
        {"node": f"dept_expense[{name},差旅费]@2026-05", "amount": amount}
        for name, amount in amounts.items()
    ]
    command(book, BUDGET_APPROVED, version="V1", lines=lines)
    return book


def command(book: Book, kind: str, **fields: Any) -> None:
    """Posts a command that has to be carried out."""
    event = {"id": f"{kind}-{book.seq}", "type": kind, "date": DAY, "source": "tongpin", **fields}
    (answer,) = book.post([Call(events=(event,))])
    assert answer.results[0].status.takes_identity, answer.results[0]


def claim(event_id: str, amount: str, category: str = "差旅费", **fields: Any) -> dict[str, Any]:
    """An expense claim of the marketing department."""
    named = {"id": event_id, "type": "claim", "date": DAY, "department": "市场部"}
    return {**named, "category": category, "amount": amount, **fields}


def reserve(amount: str, node: str = TRAVEL, **fields: Any) -> pb.ReserveBudgetRequest:
    return pb.ReserveBudgetRequest(node=node, amount=amount, date=DAY, **fields)


def asked(*demands: tuple[str, str], language: Any = 0, **fields: Any) -> pb.CheckBudgetRequest:
    wanted = [pb.BudgetDemand(node=node, amount=amount) for node, amount in demands]
    return pb.CheckBudgetRequest(
        demands=pb.BudgetDemands(demands=wanted, date=DAY, **fields), language=language
    )


def figures(stub: Stub, node: str) -> tuple[int, int, int, int, int]:
    found = stub.GetBudget(pb.GetBudgetRequest(node=node)).node
    return (
        found.budget_minor,
        found.reserved_minor,
        found.committed_minor,
        found.actual_minor,
        found.available_minor,
    )
