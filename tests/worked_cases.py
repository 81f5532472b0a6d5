"""Books a worked case through the engine's public entrance and reads back what came of it.

A case has the schema of `shared/cases/cases.json`: its `setup` is loaded as events, its events are
posted one by one, and after each the vouchers, errors, budget nodes and reports that `expect` or
`ask` names are read from the book. Nothing here knows a single case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.book import Book
from engine.calendar import day_of
from engine.calls import BudgetNodeView, BudgetVerdict, Call, EventResult, LineView, VoucherView
from engine.currencies import CURRENCY_DECIMALS
from engine.decimals import format_minor
from engine.effects import Status, Verdict
from engine.errors import UnknownObject
from engine.program import Program

#: Fields a case carries for its own test, not for the engine (case-rules.md §1.7).
TEST_ONLY = ("redelivery", "conflict")

#: Setup keys and the event type that loads each of their items.
_SETUP = {
    "contracts": "contract.signed",
    "estimates": "estimate.changed",
    "opening": "opening.loaded",
}
#: What a case calls the parts of a budget, and what `budget.approved` calls them.
_BUDGET_FIELDS = {"budget": "amount", "commitment": "reserved", "obligation": "committed"}
_OPENINGS = ("reserved", "committed", "actual")

_ACCEPTED = (Status.POSTED, Status.NO_POSTING, Status.DUPLICATE)
_STOPPING = (Verdict.BLOCK, Verdict.HOLD)

Item = dict[str, Any]


@dataclass
class Booked:
    """What came of a case. `setup`: what of its setup was not accepted, in words."""

    id: str
    vouchers: list[Item] = field(default_factory=list)
    budget: list[Item] = field(default_factory=list)
    errors: list[Item] = field(default_factory=list)
    reports: list[Item] = field(default_factory=list)
    setup: list[str] = field(default_factory=list)

    def in_schema(self) -> Item:
        """As in a case's `expect`."""
        return {
            "id": self.id,
            "vouchers": self.vouchers,
            "budget": self.budget,
            "errors": self.errors,
            "reports": self.reports,
        }


def run_case(program: Program, case: Mapping[str, Any]) -> Booked:
    """Books a case's setup and events; returns what came of it."""
    book = Book.in_memory([program], strict=False)
    booked = Booked(case["id"])
    posted: list[Mapping[str, Any]] = []
    for event in setup_events(case):
        result = _post(book, event)
        if result.status in _ACCEPTED:
            posted.append(event)
        else:
            words = f"{result.status.name} {result.reason}: {result.message}"
            booked.setup.append(f"setup {event['type']} {event['id']}: {words}")
    wanted = [case.get("expect") or {}, case.get("ask") or {}]
    names = _written_names(book, case, wanted)
    for event in case["events"]:
        sent = {name: value for name, value in event.items() if name not in TEST_ONLY}
        result = _post(book, sent)
        if result.status in _ACCEPTED:
            posted.append(sent)
        else:
            booked.errors.append(_error(result))
        if result.status is Status.POSTED:
            booked.vouchers.extend(_voucher(book.voucher(name), event) for name in result.vouchers)
        for row in _after(wanted, "budget", event):
            found = budget_row(book, event, row["node"], result, names)
            booked.budget.extend([found] if found is not None else [])
        for row in _after(wanted, "reports", event):
            booked.reports.append(report(book, posted, row))
    return booked


def _post(book: Book, event: Mapping[str, Any]) -> EventResult:
    return book.post([Call(events=[event])])[0].results[0]


def _after(
    wanted: Sequence[Mapping[str, Any]], kind: str, event: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    """Rows to be read after an event, each once."""
    rows = [row for part in wanted for row in part.get(kind) or []]
    keys = {"budget": ("node",), "reports": ("project", "customer")}[kind]
    found = {
        tuple(row.get(key, "") for key in keys): row
        for row in reversed(rows)
        if row["after_event"] == event["id"]
    }
    return list(reversed(found.values()))


# --- Setup -------------------------------------------------------------------------------


def setup_events(case: Mapping[str, Any]) -> Iterator[Item]:
    """The case's setup as events before the first one."""
    setup = case.get("setup") or {}
    first = min((event["date"] for event in case["events"]), default="2026-01-01")
    for key, kind in _SETUP.items():
        for number, item in enumerate(setup.get(key) or []):
            fields = dict(item)
            event = {"id": f"setup-{key}-{number}", "type": kind, "date": fields.pop("date", first)}
            if kind == "contract.signed":
                event["contract"] = fields.pop("id")
            elif kind == "estimate.changed" and "contract" not in fields:
                contracts = setup.get("contracts") or [{}]
                event["contract"] = contracts[0].get("id", "")
            fields.pop("id", None)
            yield event | fields
    for number, line in enumerate(budget_lines(setup.get("budgets") or [])):
        event = {"id": f"setup-budgets-{number}", "type": "budget.approved", "date": first}
        yield event | {"lines": [line]}


def budget_lines(budgets: Sequence[Mapping[str, Any]]) -> list[Item]:
    """A case's budgets as lines of `budget.approved`, parents first.

    A case states what a node had consumed, what is below it included. The engine counts what a
    node consumes at every node above, so a parent is loaded with what its children do not state.
    """
    lines = [{_BUDGET_FIELDS.get(key, key): item[key] for key in item} for item in budgets]
    by_name = {line["node"]: line for line in lines}
    above = {name: _above(line, by_name) for name, line in by_name.items()}
    stated = {
        (name, part): Decimal(line[part])
        for name, line in by_name.items()
        for part in _OPENINGS
        if part in line
    }

    def total(name: str, part: str) -> Decimal:
        return stated.get((name, part)) or below(name, part)

    def below(name: str, part: str) -> Decimal:
        children = [child for child, parent in above.items() if parent == name]
        return sum((total(child, part) for child in children), Decimal("0.00"))

    def depth(name: str) -> int:
        return 1 + depth(above[name]) if above[name] else 0

    for (name, part), amount in stated.items():
        by_name[name][part] = str(max(Decimal("0.00"), amount - below(name, part)))
    return sorted(lines, key=lambda line: depth(line["node"]))


def _above(line: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    """The node of the setup that a node stands under, "" for none."""
    parent = str(line.get("parent") or "")
    if parent:
        return parent if parent in known else ""
    segments = line["node"].split("/")
    prefixes = ["/".join(segments[:length]) for length in range(len(segments) - 1, 0, -1)]
    return next((prefix for prefix in prefixes if prefix in known), "")


def _written_names(
    book: Book, case: Mapping[str, Any], wanted: Sequence[Mapping[str, Any]]
) -> dict[str, str]:
    """Nodes as the case writes them, by canonical name."""
    written = [item["node"] for item in (case.get("setup") or {}).get("budgets") or []]
    written += [row["node"] for part in wanted for row in part.get("budget") or []]
    first = day_of(min((event["date"] for event in case["events"]), default="2026-01-01"))
    names: dict[str, str] = {}
    for name in written:
        try:
            names.setdefault(book.budget_node(name, day=first).node, name)
        except UnknownObject:
            continue  # It comes to be later, or never.
    return names


# --- What is read back -------------------------------------------------------------------


def budget_row(
    book: Book,
    event: Mapping[str, Any],
    written: str,
    result: EventResult,
    names: Mapping[str, str],
) -> Item | None:
    """A node after an event, with what it said to the event; None where there is no such node.

    Every row of an event that a budget stopped says BLOCK and names the node that stopped it.
    """
    try:
        view = book.budget_node(written, day=day_of(event["date"]))
    except UnknownObject:
        return None
    row = {"after_event": event["id"], "node": written, **_figures(view)}
    stopping = [each for each in result.budget if each.verdict in _STOPPING]
    if result.status in (Status.REJECTED_BUDGET, Status.HELD) and stopping:
        stopping.sort(key=lambda each: _STOPPING.index(each.verdict))
        row["decision"] = "BLOCK"
        row["failed_node"] = _as_written(book, stopping[0].node, names)
        return row | _asked(stopping[0])
    own = next((each for each in result.budget if each.node == view.node), None)
    row["decision"] = own.verdict.name if own is not None else Verdict.PASS.name
    if own is not None and own.verdict is not Verdict.PASS:
        row |= _asked(own)
    return row


def _figures(view: BudgetNodeView) -> Item:
    available = view.budget - view.reserved - view.committed - view.actual
    figures = {
        "budget": view.budget,
        "commitment": view.reserved,
        "obligation": view.committed,
        "actual": view.actual,
        "available": available,
    }
    return {name: format_minor(raw, view.scale) for name, raw in figures.items()}


def _asked(verdict: BudgetVerdict) -> Item:
    asked = {"requested": format_minor(verdict.requested, verdict.scale)}
    if verdict.shortfall:
        asked["shortfall"] = format_minor(verdict.shortfall, verdict.scale)
    return asked


def _as_written(book: Book, node: str, names: Mapping[str, str]) -> str:
    """A node as the case writes it; else as a path, with its budget unless it is the first."""
    if node in names:
        return names[node]
    view = book.budget_node(node)
    first = book.program().budgets[0].wire
    budget = () if view.budget_name == first else (view.budget_name,)
    period = (view.period,) if view.period else ()
    return "/".join((*budget, *view.path, *period))


def report(book: Book, posted: Sequence[Mapping[str, Any]], asked: Mapping[str, Any]) -> Item:
    """The report of a project or customer, from the general ledger and accepted events.

    Args:
        book: where balances stand.
        posted: events accepted so far.
        asked: names the project or the customer.
    """
    head = {"after_event": asked["after_event"]}
    if "project" in asked:
        of = {"project": asked["project"]}
        revenue, in_pnl = -_balance(book, "6001", of), _balance(book, "6401", of)
        incurred = in_pnl + _balance(book, "1464", of)
        shown = {
            "revenue": revenue,
            "cost_incurred": incurred,
            "cost_in_pnl": in_pnl,
            "margin": revenue - incurred,
        }
    else:
        of = {"customer": asked["customer"]}
        shown = {
            "contract_amount": _contract_amount(posted, asked["customer"]),
            "receivable": _balance(book, "1122", of),
            "revenue": -_balance(book, "6001", of),
        }
    return head | of | {name: format_minor(raw, 2) for name, raw in shown.items()}


def _balance(book: Book, prefix: str, dimensions: Mapping[str, str]) -> int:
    """Debits less credits of the accounts that begin so, at a dimension's value."""
    codes = {
        (row.entity, row.account_code)
        for row in book.trial_balance(ledger="GL")
        if row.account_code.startswith(prefix)
    }
    total = 0
    for entity, code in sorted(codes):
        after = ""
        while True:
            entries, after = book.account_activity(
                account_code=code, entity=entity, ledger="GL", dimensions=dimensions, after=after
            )
            total += sum(entry.line.debit - entry.line.credit for entry in entries)
            if not after:
                break
    return total


def _contract_amount(posted: Sequence[Mapping[str, Any]], customer: str) -> int:
    """What a customer signed, tax included, in minor units."""
    signed = [
        Decimal(event.get("price_gross") or event.get("price") or "0")
        for event in posted
        if event["type"] == "contract.signed" and event.get("customer") == customer
    ]
    return int(sum(signed, Decimal(0)) * 100)


def _voucher(view: VoucherView, event: Mapping[str, Any]) -> Item:
    voucher = {
        "event_id": event["id"],
        "ledger": view.ledger,
        "word": view.word,
        "date": view.voucher_date,
        "period": view.period,
        "number": view.number,
        "summary": view.summary,
        "lines": [_line(line, view.scale) for line in view.lines],
    }
    if view.entity != "C01":
        voucher["entity"] = view.entity
    return voucher


def _line(line: LineView, scale: int) -> Item:
    return {
        "account_code": line.account_code,
        "account_name": line.account_name,
        "dims": dict(line.dimensions),
        "debit": format_minor(line.debit, scale),
        "credit": format_minor(line.credit, scale),
        **(_foreign(line) if line.currency else {}),
    }


def _foreign(line: LineView) -> Item:
    decimals = CURRENCY_DECIMALS[line.currency]
    return {
        "currency": line.currency,
        "fc_debit": format_minor(line.fc_debit, decimals),
        "fc_credit": format_minor(line.fc_credit, decimals),
        "rate": line.rate,
    }


def _error(result: EventResult) -> Item:
    return {
        "event_id": result.event_id,
        "code": result.reason,
        "status": result.status.name,
        "message": result.message,
    }
