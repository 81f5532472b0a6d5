"""Budgets added up again from the log, apart from how the engine adds them up.

A node's own moves are kept apart from those of the nodes below it: what is used at a node is the
sum over its subtree, worked out anew at the end. On the way every changed node is compared with
the state, every reference holds at least nothing, and no blocking node is below its amount and
tolerance unless decisions say by how much.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from engine.budget.names import node_name
from engine.decide.plan import DecisionPlan
from engine.effects import (
    BUDGET_DECISIONS,
    BUDGET_MOVES,
    BUDGET_NODES,
    COMMANDS,
    MoveKind,
    Stage,
    Status,
    Verdict,
)
from engine.program import Act
from engine.state.budgets import NO_FIGURES, BudgetState
from engine.verify.report import Mismatch
from engine.verify.view import CommitView

Row = TypeVar("Row")

_PPM = 1_000_000
_LIMIT, _RESERVED, _COMMITTED, _EXCESS = int(Stage.LIMIT), int(Stage.RESERVED), 2, 4
_NAMES = ("budget", "reserved", "committed", "actual", "excess")

#: Moves that say to which group a reference belongs and when it ends.
_TERMS = frozenset({MoveKind.RESERVE, MoveKind.OPENING, MoveKind.CARRY, MoveKind.EXTEND})

_STOPPING = frozenset({Verdict.BLOCK, Verdict.HOLD})


class _Node(NamedTuple):
    """What the figures of a node depend on. tolerances: (ppm, amount) by act."""

    budget: str
    parent: str
    control: str
    tolerances: tuple[tuple[int | None, int | None], ...]
    limited: bool
    closed: bool

    def room(self, figures: list[int]) -> int:
        """Amount and the widest tolerance less what is used."""
        limit = figures[_LIMIT]
        widest = 0
        for ppm, amount in self.tolerances:
            parts = [] if ppm is None else [max(limit, 0) * ppm // _PPM]
            parts += [] if amount is None else [amount]
            widest = max(widest, min(parts, default=0))
        return limit + widest - sum(figures[_RESERVED:_EXCESS])


class _Move(NamedTuple):
    """A row of BUDGET_MOVES."""

    event: str
    node: str
    kind: int
    stage: int
    amount: int
    reference: str
    group: str
    expires_us: int


class _Said(NamedTuple):
    """A row of BUDGET_DECISIONS."""

    event: str
    node: str
    verdict: int
    requested: int
    available: int
    shortfall: int
    excess: int


@dataclass(slots=True)
class _Held:
    """What a reference holds: node -> [reserved, committed]."""

    group: str = ""
    expires_us: int = 0
    parts: dict[str, list[int]] = field(default_factory=dict)


@dataclass(slots=True)
class BudgetProof:
    """Nodes, figures and references on their way along the log.

    Attributes:
        nodes: attributes by name.
        figures: limit, reserved, committed, actual, excess by node, nodes below included.
        own: the same without the nodes below.
        held: what references hold, by (budget, reference).
        loose: node -> [reserved, committed] taken back under no reference.
        changed: node -> the last event of the commit that changed it.
    """

    nodes: dict[str, _Node] = field(default_factory=dict)
    figures: dict[str, list[int]] = field(default_factory=dict)
    own: dict[str, list[int]] = field(default_factory=dict)
    held: dict[tuple[str, str], _Held] = field(default_factory=dict)
    loose: dict[str, list[int]] = field(default_factory=dict)
    changed: dict[str, str] = field(default_factory=dict)

    def add(self, view: CommitView, plans: Mapping[str, DecisionPlan]) -> None:
        """Adds a commit up, command by command in log order; `plans`: revisions by identity."""
        self.changed = {}
        nodes, moves, said = _by_command(_nodes(view)), _by_command(_moves(view)), {}
        if view.count(BUDGET_DECISIONS.name):
            said = _by_command(_said(view))
        refused = _Refused(view, plans)
        for command in sorted({*nodes, *moves, *said}):
            for name, node in nodes.get(command, ()):
                self._enter(view, command, name, node)
            if command >= 0 and refused.status(command) is not None:
                self._check_refused(view, refused, command, said.get(command, []))
                continue
            for move in moves.get(command, ()):
                self._move(view, move)
            for one in said.get(command, ()):
                if one.excess:
                    self._known(view, one.event, one.node)
                    self._figures(self.figures, one.node)[_EXCESS] += one.excess
                    self._figures(self.own, one.node)[_EXCESS] += one.excess
                    self.changed[one.node] = one.event
        refused.check_said(said)

    def check(self, view: CommitView, state: BudgetState) -> None:
        """Compares what the commit changed with the state, and holds amounts against use."""
        for node, event in self.changed.items():
            figures = self._figures(self.figures, node)
            self._compare(view.seq, node, figures, state)
            attributes = self.nodes[node]
            if not attributes.limited or attributes.control != "block":
                continue
            missing = -attributes.room(figures) - figures[_EXCESS]
            if missing > 0:
                expected = f"an override, overrun or cut of {missing} for {event}"
                found = dict(zip(_NAMES, figures, strict=True))
                raise view.differs("BUDGET_OVERSPENT", node, expected, found)

    def finish(self, seq: int, state: BudgetState) -> int:
        """Works every figure out anew from each node's own; gives the number of nodes."""
        sums = {node: [0] * len(_NAMES) for node in self.nodes}
        for node, own in self.own.items():
            for stage in (_LIMIT, _EXCESS):
                sums[node][stage] += own[stage]
            for above in self._chain(node):
                for stage in range(_RESERVED, _EXCESS):
                    sums[above][stage] += own[stage]
        for node, figures in sums.items():
            self._compare(seq, node, figures, state)
        for node in state.figures:
            if node not in sums:
                raise Mismatch("BUDGET_FIGURE", node, seq, "no such node", state.figures[node])
        self._check_held(seq, state)
        return len(sums)

    def _compare(self, seq: int, node: str, figures: list[int], state: BudgetState) -> None:
        found = state.figures.get(node, NO_FIGURES)
        for name, expected, present in zip(_NAMES, figures, found, strict=True):
            if expected != present:
                raise Mismatch("BUDGET_FIGURE", f"{node} {name}", seq, expected, present)

    def _check_held(self, seq: int, state: BudgetState) -> None:
        """What references hold is what the state says, and adds up to what is reserved."""
        sums = {node: [0, 0] for node in self.nodes}
        parts = [part for held in self.held.values() for part in held.parts.items()]
        for node, part in (*parts, *self.loose.items()):
            for above in self._chain(node):
                sums[above][0] += part[0]
                sums[above][1] += part[1]
        for (budget, reference), held in self.held.items():
            holding = state.holdings.get((budget, reference))
            found = holding and (
                holding.group,
                holding.expires_us,
                {part.node: [part.reserved, part.committed] for part in holding.parts},
            )
            wanted = (held.group, held.expires_us, held.parts)
            if found != wanted:
                name = f"{budget} {reference}"
                raise Mismatch("BUDGET_REFERENCE", name, seq, wanted, found or "nothing")
        for budget, reference in state.holdings:
            if (budget, reference) not in self.held:
                name, present = f"{budget} {reference}", state.holdings[budget, reference].parts
                raise Mismatch("BUDGET_REFERENCE", name, seq, "nothing", present)
        for node, (reserved, committed) in sums.items():
            figures = self._figures(self.figures, node)
            if [reserved, committed] != figures[_RESERVED : _COMMITTED + 1]:
                expected = f"{reserved} reserved and {committed} committed by references"
                shown = figures[_RESERVED : _COMMITTED + 1]
                raise Mismatch("BUDGET_REFERENCE", node, seq, expected, shown)

    def _enter(self, view: CommitView, command: int, name: str, node: _Node) -> None:
        """A node is entered below one that exists; one with figures keeps its place."""
        event = view.event(command)
        if node.parent:
            above = self._known(view, event, node.parent)
            if above.budget != node.budget or name in self._chain(node.parent):
                expected = "a node of the same budget that does not stand below it"
                raise view.differs("BUDGET_NODE", f"{name} parent", expected, node.parent)
        known = self.nodes.get(name)
        if known is not None and known.parent != node.parent and any(self.figures.get(name, ())):
            raise view.differs("BUDGET_NODE", f"{name} parent", known.parent, node.parent)
        self.nodes[name] = node
        self.changed[name] = event

    def _move(self, view: CommitView, move: _Move) -> None:
        node = self._known(view, move.event, move.node)
        self._figures(self.own, move.node)[move.stage] += move.amount
        for above in [move.node] if move.stage == _LIMIT else self._chain(move.node):
            self._figures(self.figures, above)[move.stage] += move.amount
            self.changed[above] = move.event
        if not move.reference:
            if move.stage in (_RESERVED, _COMMITTED):
                self.loose.setdefault(move.node, [0, 0])[move.stage - _RESERVED] += move.amount
            return
        key = (node.budget, move.reference)
        held = self.held.setdefault(key, _Held())
        names_terms = move.kind in _TERMS or (move.kind, move.stage) == (
            MoveKind.COMMIT,
            _COMMITTED,
        )
        if names_terms:
            held.group, held.expires_us = move.group or held.group, move.expires_us
        elif move.kind == MoveKind.EXPIRE:
            held.expires_us = 0
        if move.amount:
            part = held.parts.setdefault(move.node, [0, 0])
            part[move.stage - _RESERVED] += move.amount
            if min(part) < 0:
                name = f"{node.budget} {move.reference}"
                expected = f"at most {part[move.stage - _RESERVED] - move.amount} given back"
                found = f"{-move.amount} by {move.event} at {move.node}"
                raise view.differs("BUDGET_REFERENCE", name, expected, found)
            if not any(part):
                del held.parts[move.node]
        if not held.parts:
            del self.held[key]

    def _check_refused(
        self, view: CommitView, refused: _Refused, command: int, said: list[_Said]
    ) -> None:
        """Decides nothing again, since the content is not kept: what was there, and was short."""
        event = view.event(command)
        is_over = refused.status(command) == Status.REJECTED_BUDGET
        if said and not is_over:
            raise view.differs("BUDGET_DECISION", event, "none of an event refused by a rule", said)
        changes_amounts = refused.may_grant(command)
        for one in said:
            key = f"{event} {one.node}"
            if one.event != event:
                raise view.differs("BUDGET_DECISION", key, event, one.event)
            if one.excess:
                raise view.differs("BUDGET_DECISION", f"{key} excess", 0, one.excess)
            node = self.nodes.get(one.node)
            if node is None or changes_amounts:
                continue
            figures = self._figures(self.figures, one.node)
            left = figures[_LIMIT] - sum(figures[_RESERVED:_EXCESS])
            if one.available not in ({0, left} if node.closed else {left}):
                raise view.differs("BUDGET_DECISION", f"{key} available", left, one.available)
            beyond = max(0, one.requested - one.available)
            widest = node.room(figures) - left
            is_short = one.shortfall or one.verdict in _STOPPING
            if is_short and not beyond - widest <= one.shortfall <= beyond:
                expected = f"{max(0, beyond - widest)} to {beyond}"
                raise view.differs("BUDGET_DECISION", f"{key} shortfall", expected, one.shortfall)

    def _known(self, view: CommitView, event: str, name: str) -> _Node:
        node = self.nodes.get(name)
        if node is None:
            raise view.differs("BUDGET_NODE", name, f"entered before {event}", "not there")
        return node

    def _chain(self, name: str) -> list[str]:
        found: list[str] = []
        while name:
            found.append(name)
            name = self.nodes[name].parent
        return found

    @staticmethod
    def _figures(table: dict[str, list[int]], node: str) -> list[int]:
        found = table.get(node)
        if found is None:
            found = table[node] = [0] * len(_NAMES)
        return found


class _Refused:
    """The refused events of a commit that budgets stopped."""

    def __init__(self, view: CommitView, plans: Mapping[str, DecisionPlan]) -> None:
        self._view = view
        self._plans = plans
        table = COMMANDS.name
        self._statuses = view.numbers(table, "status") if view.count(table) else []

    def status(self, command: int) -> Status | None:
        """The status of a refused event; None of one that was accepted."""
        status = Status(self._statuses[command])
        return None if status.takes_identity else status

    def may_grant(self, command: int) -> bool:
        """Whether its rules change amounts, so that it was held against others than before it."""
        revision = self._view.text(COMMANDS.name, "revision")[command]
        plan = self._plans.get(revision)
        if plan is None:
            return False
        event_type = self._view.text(COMMANDS.name, "type")[command]
        types = plan.program.event_types
        return any(
            move.act is Act.GRANT
            for rule in plan.program.rules
            if types[rule.event_type].wire == event_type
            for move in rule.moves
        )

    def check_said(self, said: Mapping[int, list[_Said]]) -> None:
        """Every event refused for a budget has a node that said no."""
        for command, status in enumerate(self._statuses):
            verdicts = {one.verdict for one in said.get(command, ())}
            if status == Status.REJECTED_BUDGET and Verdict.BLOCK not in verdicts:
                name = self._view.event(command)
                raise self._view.differs("BUDGET_DECISION", name, "a node that says no", "none")


def _nodes(view: CommitView) -> Iterator[tuple[int, tuple[str, _Node]]]:
    table = BUDGET_NODES.name
    if not view.count(table):
        return
    rows = zip(
        view.numbers(table, "command"),
        *(view.text(table, name) for name in ("budget", "path", "period", "parent")),
        *(view.text(table, name) for name in ("control", "tolerances")),
        view.numbers(table, "limited"),
        view.numbers(table, "closed"),
        strict=True,
    )
    for command, budget, path, period, parent, control, tolerances, limited, closed in rows:
        given = tuple((ppm, amount) for ppm, amount in json.loads(tolerances).values())
        node = _Node(budget, parent, control, given, bool(limited), bool(closed))
        yield command, (node_name(budget, json.loads(path), period), node)


def _moves(view: CommitView) -> Iterator[tuple[int, _Move]]:
    table = BUDGET_MOVES.name
    if not view.count(table):
        return
    commands = view.numbers(table, "command")
    rows = map(
        _Move,
        _events(view, table),
        view.text(table, "node"),
        *(view.numbers(table, name) for name in ("kind", "stage", "amount")),
        view.text(table, "reference"),
        view.text(table, "group_id"),
        view.numbers(table, "expires_us"),
    )
    yield from zip(commands, rows, strict=True)


def _said(view: CommitView) -> Iterator[tuple[int, _Said]]:
    table = BUDGET_DECISIONS.name
    columns = ("verdict", "requested", "available", "shortfall", "excess")
    rows = map(
        _Said,
        _events(view, table),
        view.text(table, "node"),
        *(view.numbers(table, name) for name in columns),
    )
    yield from zip(view.numbers(table, "command"), rows, strict=True)


def _events(view: CommitView, table: str) -> list[str]:
    """The event of each row as SOURCE/ID; of an expiry, that."""
    pairs = zip(view.text(table, "source"), view.text(table, "event_id"), strict=True)
    return [f"{source}/{event_id}" if source else "expiry" for source, event_id in pairs]


def _by_command(rows: Iterator[tuple[int, Row]]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for command, row in rows:
        found.setdefault(command, []).append(row)
    return found
