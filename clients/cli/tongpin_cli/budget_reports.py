"""`tongpin report budget`: figures by node and period, decisions, and a node's course by day."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from engine.book import Book
from engine.calendar import iso_day, iso_instant
from engine.calls import BudgetDecision, BudgetNodeView
from engine.columns import EffectBatch
from engine.decimals import format_minor
from engine.effects import BUDGET_MOVES, COMMANDS, Stage
from engine.errors import UnknownObject
from tongpin_cli.books import open_for_reading
from tongpin_cli.output import EXIT_OK, Layout, Output
from tongpin_cli.rules import verdict_data
from tongpin_client import BudgetDecision as ClientDecision
from tongpin_client import BudgetNode, Client, DecisionFilter

#: Columns of a node's figures, in the order of an amount's life.
_FIGURES = ("granted", "reserved", "committed", "actual", "available")
_DAY_US = 86_400_000_000
_PAGE = 100_000

Record = dict[str, object]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for; "" limits nothing. budget: name or wire name. node: and all below."""

    budget: str = ""
    node: str = ""
    period: str = ""
    with_decisions: bool = False


def show_budgets(where: tuple[str, str, str], wanted: Wanted, layout: Layout) -> int:
    """Prints nodes, and decisions if asked for; where is (store, server, token)."""
    store, server, token = where
    if server:
        with Client(server, token=token or None) as client:
            records = _from_server(client, wanted)
    else:
        book = open_for_reading(store)
        try:
            records = _from_book(book, wanted)
        finally:
            book.close()
    if layout is Layout.JSON:
        _print_json(records)
    elif layout is Layout.CSV:
        _print_csv(_flat_decisions(records) if wanted.with_decisions else records)
    else:
        _print_nodes(records)
    return EXIT_OK


def show_burn_down(store: str, node: str, layout: Layout) -> int:
    """Prints the figures of a node at the end of each business day that changed them."""
    book = open_for_reading(store)
    try:
        found = book.budget_node(node)
        days = list(_course(book, found))
    finally:
        book.close()
    if layout is Layout.JSON:
        _print_json({"node": found.node, "counts": found.currency, "days": days})
    elif layout is Layout.CSV:
        _print_csv(days, ("date", *_FIGURES))
    else:
        output = Output()
        output.text(f"{found.node}, {found.currency}")
        rows = [(str(day["date"]), *(_grouped(day[name]) for name in _FIGURES)) for day in days]
        output.table(("date", *_FIGURES), rows, right=" rrrrr")
    return EXIT_OK


# ---------------------------------------------------------------- where figures come from


def _from_book(book: Book, wanted: Wanted) -> list[Record]:
    top = book.budget_node(wanted.node).node if wanted.node else ""
    nodes, _ = book.budget_nodes(prefix=top, period=wanted.period, limit=_PAGE)
    names = _declared(book)
    nodes.sort(key=lambda node: (node.budget_name, node.period, node.path))
    records = [_node_record(node, names.get(node.budget_name, node.budget_name)) for node in nodes]
    kept = _of_budget(records, wanted.budget)
    if wanted.with_decisions:
        decisions, _ = book.budget_decisions(limit=sys.maxsize)
        _attach(kept, map(_decision_record, decisions))
    return kept


def _declared(book: Book) -> dict[str, str]:
    try:
        return {budget.wire: budget.name for budget in book.program().budgets}
    except UnknownObject:
        return {}


def _from_server(client: Client, wanted: Wanted) -> list[Record]:
    top = client.budgets.node(wanted.node).node if wanted.node else ""
    nodes = sorted(
        client.budgets.nodes(top_node=top, period=wanted.period),
        key=lambda node: (node.budget, node.period, node.path),
    )
    kept = _of_budget(map(_client_node_record, nodes), wanted.budget)
    if wanted.with_decisions:
        decisions = client.budgets.decisions(DecisionFilter())
        _attach(kept, map(_client_decision_record, decisions))
    return kept


def _of_budget(records: Iterable[Record], budget: str) -> list[Record]:
    """Those of a budget, given by name or wire name."""
    return [one for one in records if budget in ("", one["budget"], one["budget_name"])]


def _attach(records: Sequence[Record], decisions: Iterable[Record]) -> None:
    """Puts each decision to its node, in log order."""
    by_node: dict[object, list[Record]] = {}
    for decision in decisions:
        by_node.setdefault(decision["node"], []).append(decision)
    for record in records:
        record["decisions"] = by_node.get(record["node"], [])


def _node_record(node: BudgetNodeView, name: str) -> Record:
    raw = (node.budget, node.reserved, node.committed, node.actual, node.available)
    return {
        "node": node.node,
        "budget": node.budget_name,
        "budget_name": name,
        "period": node.period,
        **_figures(raw, node.scale, is_limited=node.limited),
        "counts": node.currency,
        "control": node.control,
        "version": node.version,
        "closed": node.closed,
    }


def _client_node_record(node: BudgetNode) -> Record:
    raw = (
        node.budget_minor,
        node.reserved_minor,
        node.committed_minor,
        node.actual_minor,
        node.available_minor,
    )
    return {
        "node": node.node,
        "budget": node.budget,
        "budget_name": node.budget_name,
        "period": node.period,
        **_figures(raw, node.scale, is_limited=node.is_limited),
        "counts": node.counts,
        "control": node.control.value,
        "version": node.version,
        "closed": node.is_closed,
    }


def _figures(raw: Sequence[int], scale: int, *, is_limited: bool) -> Record:
    """Figures as decimals; what only counts has no amount, so that nothing can be left of it."""
    figures: Record = {
        name: format_minor(amount, scale) for name, amount in zip(_FIGURES, raw, strict=True)
    }
    return figures if is_limited else {**figures, "granted": None, "available": None}


def _decision_record(decision: BudgetDecision) -> Record:
    return {
        **verdict_data(decision.verdict),
        "source": decision.source,
        "event_id": decision.event_id,
        "event_type": decision.event_type,
        "rule": decision.rule,
        "rule_line": decision.rule_line,
        "principal": decision.principal,
        "sealed_at": iso_instant(decision.sealed_at_us),
        "seq": decision.seq,
    }


def _client_decision_record(decision: ClientDecision) -> Record:
    told = decision.verdict
    amounts = {
        "requested": told.requested_minor,
        "available": told.available_minor,
        "shortfall": told.shortfall_minor,
        "excess": told.excess_minor,
    }
    return {
        "node": told.node,
        "verdict": told.verdict.name,
        **{name: format_minor(amount, told.scale) for name, amount in amounts.items()},
        "counts": told.counts,
        "role": told.role,
        "person": told.person,
        "reason": told.reason,
        "source": decision.source,
        "event_id": decision.event_id,
        "event_type": decision.event_type,
        "rule": decision.rule,
        "rule_line": decision.rule_line,
        "principal": decision.principal,
        "sealed_at": decision.seal_time,
        "seq": decision.seq,
    }


# ---------------------------------------------------------------- the course of a node


@dataclass(slots=True)
class _Day:
    """Changes of one day, by stage."""

    changes: dict[Stage, int] = field(default_factory=lambda: dict.fromkeys(Stage, 0))


def _course(book: Book, node: BudgetNodeView) -> Iterator[Record]:
    """Figures at the end of each day, by business date; an expiry counts on the day of its commit.

    What is below counts as well, except for amounts, which are each node's own.
    """
    below = {view.node for view in book.budget_nodes(prefix=node.node, limit=_PAGE)[0]}
    days: dict[int, _Day] = {}
    for header, effects in book.commits():
        for day, name, stage, amount in _moves(effects, header.sealed_at_us // _DAY_US):
            if name == node.node or (name in below and stage is not Stage.LIMIT):
                days.setdefault(day, _Day()).changes[stage] += amount
    total = dict.fromkeys(Stage, 0)
    for day in sorted(days):
        for stage, change in days[day].changes.items():
            total[stage] += change
        used = total[Stage.RESERVED] + total[Stage.COMMITTED] + total[Stage.ACTUAL]
        raw = [*(total[stage] for stage in Stage), total[Stage.LIMIT] - used]
        yield {"date": iso_day(day), **_figures(raw, node.scale, is_limited=node.limited)}


def _moves(effects: EffectBatch, sealed_day: int) -> Iterator[tuple[int, str, Stage, int]]:
    """Day, node, stage and amount of each move of a commit."""
    table = effects.tables.get(BUDGET_MOVES.name)
    if table is None:
        return
    commands = effects.tables.get(COMMANDS.name)
    dates = commands.ints("event_date").tolist() if commands is not None else []
    for command, name, stage, amount in zip(
        table.ints("command").tolist(),
        effects.text(BUDGET_MOVES.name, "node"),
        table.ints("stage").tolist(),
        table.ints("amount").tolist(),
        strict=True,
    ):
        yield (dates[command] if command >= 0 else sealed_day), name, Stage(stage), amount


# ---------------------------------------------------------------- printing


def _print_json(data: object) -> None:
    print(json.dumps(data, ensure_ascii=False, indent=1))


def _print_csv(records: Sequence[Record], names: Sequence[str] = ()) -> None:
    header = list(names or (records[0] if records else ("node", *_FIGURES)))
    writer = csv.DictWriter(sys.stdout, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)


def _flat_decisions(records: Iterable[Record]) -> list[Record]:
    return [
        decision
        for record in records
        for decision in record["decisions"]  # type: ignore[attr-defined] # put there by _attach
    ]


def _print_nodes(records: Sequence[Record]) -> None:
    output = Output()
    if not records:
        output.text("no budget node is like that")
        return
    output.table(
        ("node", *_FIGURES, "of", "control"),
        [
            (
                str(record["node"]),
                *(_grouped(record[name]) for name in _FIGURES),
                str(record["counts"]),
                str(record["control"]) + (" closed" if record["closed"] else ""),
            )
            for record in records
        ],
        right=" rrrrr",
    )
    decisions = _flat_decisions(record for record in records if "decisions" in record)
    if decisions:
        output.text()
        _print_decisions(decisions, output)


def _print_decisions(decisions: Sequence[Record], output: Output) -> None:
    amounts = ("requested", "available", "shortfall")
    texts = ("role", "person", "reason")
    output.table(
        ("node", "event", "verdict", *amounts, *texts),
        [
            (
                str(one["node"]),
                f"{one['source']}/{one['event_id']}" if one["event_id"] else "(time)",
                str(one["verdict"]),
                *(_grouped(one[name]) for name in amounts),
                *(str(one[name]) for name in texts),
            )
            for one in decisions
        ],
        right="   rrr",
    )


def _grouped(amount: object) -> str:
    """A decimal text with thousands separated; "" for none."""
    if amount is None:
        return ""
    whole, point, decimals = str(amount).partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{int(whole.removeprefix('-')):,}{point}{decimals}"
