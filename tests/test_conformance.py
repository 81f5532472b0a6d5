"""Worked cases: what the runner reads back, by cases of our own and by the shared ones."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.book import Book
from engine.calls import Call
from engine.effects import Status, Verdict
from engine.program import Program
from rules_dsl.rulebooks import SERVICES
from server.rulebooks import compile_files, read_folder
from tests.conformance import compare
from tests.worked_cases import Booked, budget_lines, run_case

#: Shared cases that the services rule book books rightly; a later change may only add to them.
PASSING = (
    *("T001", "T004", "T009", "T043", "T044", "T046", "T047", "T048", "T050", "T051", "T053"),
    *("T054", "T075", "T087", "T091"),
)


@pytest.fixture(scope="module")
def program() -> Program:
    return compile_files(read_folder(SERVICES))


def booked(
    program: Program,
    budgets: Sequence[Mapping[str, Any]],
    events: Sequence[Mapping[str, Any]],
    rows: Sequence[tuple[str, str]],
) -> Booked:
    """A case of budgets and events, and the nodes (event id, node) that are asked for."""
    asked = [{"after_event": event, "node": node} for event, node in rows]
    case = {"id": "T", "setup": {"budgets": budgets}, "events": events, "ask": {"budget": asked}}
    return run_case(program, case)


def claim(number: str, date: str, gross: str, *, kind: str = "submitted", **more: Any) -> Any:
    """A travel claim of employee E52 for project P52."""
    lines = [{"category": "travel", "gross": gross}]
    event = {"id": number, "type": f"expense.claim.{kind}", "date": date, "claim_lines": lines}
    return event | {"employee": "E52", "department": "D52", "project": "P52"} | more


def figures(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Decision, reserved, committed, actual and available of a row."""
    names = ("decision", "commitment", "obligation", "actual", "available")
    return tuple(row[name] for name in names)


@pytest.mark.parametrize("number", PASSING)
def test_shared_cases_pass(program: Program, number: str, shared_dir: Path) -> None:
    cases = json.loads((shared_dir / "cases" / "cases.json").read_text(encoding="utf-8"))
    (case,) = [case for case in cases if case["id"] == number]
    assert list(compare(case, run_case(program, case))) == []


def test_a_claim_beyond_the_persons_month_is_refused_at_every_node(program: Program) -> None:
    budgets = [
        {"node": "P52/travel", "budget": "10000.00", "control": "stop"},
        {"node": "EMP/E52/travel/2026-05", "budget": "3000.00", "control": "stop"},
    ]
    events = [
        claim("c1", "2026-05-04", "2500.00"),
        claim("c2", "2026-05-11", "600.00"),
        claim("c3", "2026-06-01", "600.00"),
    ]
    month = "EMP/E52/travel/2026-05"
    found = booked(
        program, budgets, events, [("c2", "P52/travel"), ("c2", month), ("c3", "P52/travel")]
    )
    project, person, june = found.budget
    # 2,500 of 3,000 are reserved: 500 are left in May, 600 are asked. June has no such node.
    for row in (project, person):
        assert (row["decision"], row["failed_node"]) == ("BLOCK", month)
        assert (row["requested"], row["shortfall"]) == ("600.00", "100.00")
    assert figures(project)[1:] == ("2500.00", "0.00", "0.00", "7500.00")
    assert figures(person)[1:] == ("2500.00", "0.00", "0.00", "500.00")
    assert figures(june) == ("PASS", "3100.00", "0.00", "0.00", "6900.00")
    assert [(error["event_id"], error["code"]) for error in found.errors] == [
        ("c2", "BUDGET_EXCEEDED")
    ]


def test_an_approval_takes_the_place_of_its_claim_and_counts_net_of_tax(program: Program) -> None:
    budgets = [{"node": "D52/P52/travel", "budget": "2180.00"}]
    ticket = {"category": "travel", "gross": "2180.00", "evoucher": "rail", "tax_rate": "0.09"}
    events = [
        claim("c1", "2026-05-04", "2180.00"),
        claim("a1", "2026-05-06", "", kind="approved", claim="c1", claim_lines=[ticket]),
        claim("c2", "2026-05-07", "100.00"),
        {"id": "x2", "type": "expense.claim.rejected", "date": "2026-05-08", "claim": "c2"},
    ]
    rows = [(event["id"], "D52/P52/travel") for event in events]
    found = booked(program, budgets, events, rows)
    # 2,180 at 9 %: 2,000 net and 180 deductible.
    assert [figures(row) for row in found.budget] == [
        ("PASS", "2180.00", "0.00", "0.00", "0.00"),
        ("PASS", "0.00", "0.00", "2000.00", "180.00"),
        ("PASS", "100.00", "0.00", "2000.00", "80.00"),
        ("PASS", "0.00", "0.00", "2000.00", "180.00"),
    ]
    assert not found.errors


def test_an_override_needs_the_role_and_a_reason(program: Program) -> None:
    budgets = [
        {"node": "D52", "budget": "900.00"},
        {"node": "P52", "parent": "D52", "budget": "500.00", "override_role": "cfo"},
    ]
    reason = {"override_reason": "客户现场抢修"}
    events = [
        claim("a1", "2026-05-04", "600.00", kind="approved", actor_roles=["cfo"]),
        claim("a2", "2026-05-04", "600.00", kind="approved", actor_roles=["pm"], **reason),
        claim("a3", "2026-05-04", "600.00", kind="approved", actor_roles=["pm", "cfo"], **reason),
        claim("a4", "2026-05-05", "400.00", kind="approved", actor_roles=["cfo"], **reason),
    ]
    rows = [("a1", "P52"), ("a2", "P52"), ("a3", "P52"), ("a3", "D52"), ("a4", "P52")]
    found = booked(program, budgets, events, rows)
    no_reason, no_role, passed, above, stopped = found.budget
    assert (no_reason["decision"], no_reason["shortfall"]) == ("BLOCK", "100.00")
    assert (no_role["decision"], no_role["failed_node"]) == ("BLOCK", "P52")
    assert figures(passed) == ("OVERRIDE", "0.00", "0.00", "600.00", "-100.00")
    assert figures(above) == ("PASS", "0.00", "0.00", "600.00", "300.00")
    # 300 are left in the department, which lets nobody override.
    assert (stopped["decision"], stopped["failed_node"]) == ("BLOCK", "D52")
    assert stopped["shortfall"] == "100.00"
    assert [error["event_id"] for error in found.errors] == ["a1", "a2", "a4"]


def test_an_order_is_received_in_parts_and_its_invoice_and_payment_change_nothing(
    program: Program,
) -> None:
    budgets = [{"node": "P45/outsourcing", "budget": "50000.00"}]
    of = {"date": "2026-04-01", "project": "P45"}
    events: list[dict[str, Any]] = [
        {"id": "q", "type": "purchase.requested", "node": "P45/outsourcing", "amount": "32000.00"},
        {"id": "o", "type": "purchase.ordered", "pr": "q", "supplier": "S", "amount": "30000.00"},
        {"id": "g1", "type": "purchase.received", "po": "o", "amount": "18000.00"},
        {"id": "g2", "type": "purchase.received", "po": "o", "amount": "12000.00"},
        {"id": "i", "type": "purchase.invoiced", "po": "o", "supplier": "S", "net": "30000.00"},
        {"id": "p", "type": "purchase.paid", "supplier": "S", "amount": "31800.00"},
        {"id": "r", "type": "purchase.returned", "po": "o", "amount": "500.00"},
    ]
    events[4]["tax"] = "1800.00"
    found = booked(
        program, budgets, [event | of for event in events],
        [(event["id"], "P45/outsourcing") for event in events],
    )  # fmt: skip
    assert not found.errors
    assert [figures(row)[1:] for row in found.budget] == [
        ("32000.00", "0.00", "0.00", "18000.00"),
        ("0.00", "30000.00", "0.00", "20000.00"),
        ("0.00", "12000.00", "18000.00", "20000.00"),
        ("0.00", "0.00", "30000.00", "20000.00"),
        ("0.00", "0.00", "30000.00", "20000.00"),
        ("0.00", "0.00", "30000.00", "20000.00"),
        ("0.00", "0.00", "29500.00", "20500.00"),
    ]
    invoice = next(voucher for voucher in found.vouchers if voucher["event_id"] == "i")
    assert [(line["account_code"], line["debit"], line["credit"]) for line in invoice["lines"]] == [
        ("220202", "30000.00", "0.00"),
        ("22210101", "1800.00", "0.00"),
        ("220201", "0.00", "31800.00"),
    ]


def test_a_parent_is_loaded_with_what_its_children_do_not_state() -> None:
    lines = budget_lines(
        [
            {"node": "D/P1/travel", "parent": "D", "budget": "50.00", "actual": "20.00"},
            {"node": "D/P2", "budget": "50.00", "commitment": "5.00"},
            {"node": "D", "budget": "100.00", "actual": "30.00", "obligation": "1.00"},
        ]
    )
    assert lines == [
        {"node": "D", "amount": "100.00", "actual": "10.00", "committed": "1.00"},
        {"node": "D/P1/travel", "parent": "D", "amount": "50.00", "actual": "20.00"},
        {"node": "D/P2", "amount": "50.00", "reserved": "5.00"},
    ]


def test_a_setup_that_is_not_accepted_is_a_difference(program: Program) -> None:
    case = {
        "id": "T",
        "setup": {"budgets": [{"node": "P1", "budget": "many"}]},
        "events": [claim("c1", "2026-05-04", "1.00")],
        "expect": {"vouchers": [], "budget": [{"after_event": "c1", "node": "P1"}]},
    }
    setup, row = compare(case, run_case(program, case))
    assert setup.startswith("setup budget.approved setup-budgets-0: REJECTED_RULE INVALID_FIELD")
    assert row == "c1: budget P1 does not exist"


def test_reports_are_read_from_the_ledger(program: Program) -> None:
    events = [
        {"id": "k", "type": "contract.signed", "date": "2026-03-01", "contract": "K1"},
        {"id": "t", "type": "timesheet.approved", "date": "2026-03-06", "hours": "40"},
        {"id": "i", "type": "invoice.issued", "date": "2026-03-16", "gross": "10600.00"},
    ]
    events[0] |= {"customer": "C1", "price_gross": "530000.00"}
    events[1] |= {"project": "P1", "employee": "E1", "department": "D1", "cost_rate": "200.00"}
    events[2] |= {"customer": "C1", "project": "P1", "tax_rate": "0.06"}
    asked = [{"after_event": "i", "project": "P1"}, {"after_event": "i", "customer": "C1"}]
    found = run_case(program, {"id": "T", "events": events, "ask": {"reports": asked}})
    assert found.reports == [
        {
            "after_event": "i",
            "project": "P1",
            "revenue": "10000.00",
            "cost_incurred": "8000.00",
            "cost_in_pnl": "0.00",
            "margin": "2000.00",
        },
        {
            "after_event": "i",
            "customer": "C1",
            "contract_amount": "530000.00",
            "receivable": "10600.00",
            "revenue": "10000.00",
        },
    ]


def test_the_budget_sample_shows_a_refusal_and_an_override(program: Program) -> None:
    text = (SERVICES / "samples" / "budget.jsonl").read_text(encoding="utf-8")
    book = Book.in_memory([program])
    (answer,) = book.post([Call(events=[json.loads(line) for line in text.splitlines()])])
    refused = [each for each in answer.results if each.status is Status.REJECTED_BUDGET]
    # 320 of E1's 2,500 are left for CL-2; 820 of the project's 3,000 for CL-3 as first sent.
    assert [(each.event_id, each.reason) for each in refused] == [
        ("CL-2", "BUDGET_EXCEEDED"),
        ("CL-3", "BUDGET_EXCEEDED"),
    ]
    (override,) = book.budget_decisions(verdicts=[Verdict.OVERRIDE])[0]
    assert (override.event_id, override.verdict.role) == ("CL-3", "dept_head")
    assert override.verdict.excess == 180_00
    assert len(answer.results) == 10
    assert all(
        each.status in {Status.POSTED, Status.NO_POSTING}
        for each in answer.results
        if each not in refused
    )
    view = book.budget_node("D02/P84/outsourcing")
    assert (view.committed, view.actual, view.available) == (0, 6_500_25, 5_499_75)
