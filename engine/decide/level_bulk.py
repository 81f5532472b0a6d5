"""The columns side of a level's budgets: who can pass at once, and what is written for them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from engine.batch import Bools, Int64s
from engine.budget import bulk
from engine.budget.finding import NodeNotFound, enter_node, find_node
from engine.budget.names import node_name, split_name
from engine.budget.ruling import KINDS, STAGES
from engine.calls import BudgetVerdict
from engine.decide.budgets import DAY_US, Notes
from engine.decide.context import RunContext
from engine.decide.level_demands import LevelDemands, Statement
from engine.effects import Stage, Verdict
from engine.program import NO_DATE, Act, Budget
from engine.state.budgets import Holding

#: Leaf index of a row that counts nowhere, and of one whose node cannot be told.
_NOWHERE, _UNKNOWN = -1, -2


@dataclass(slots=True)
class BulkPlan:
    """A level laid out over nodes.

    Attributes:
        alone: bool per event: must be decided one by one.
        leaves: int64[n] leaf index per demand row.
        names: leaf names. chains: per leaf the nodes at and above it, leaf first.
        fresh: leaf indices whose node does not exist yet; new: every such node of the chains.
        budgets: per leaf its budget.
        references: int64[n] text code under which each row reserves or consumes, -1 = none.
        limits, expanded: of the level, see `engine.budget.bulk`.
        hot: bool per limited node: contested.
    """

    alone: Bools
    leaves: Int64s
    names: list[str]
    chains: list[list[str]]
    fresh: list[int]
    new: set[str]
    budgets: list[Budget]
    references: Int64s
    limits: bulk.Limits
    expanded: bulk.Expanded
    hot: Bools


def plan_bulk(context: RunContext, level: LevelDemands) -> BulkPlan | None:
    """Finds every node and who must be decided alone; None: everybody."""
    acts = {statement.move.act for statement in level.statements}
    if Act.GRANT in acts or Act.CHECK in acts:
        return None
    leaves = _Leaves(context)
    places = np.full(len(level.orders), _NOWHERE, dtype=np.int64)
    for owner, statement in enumerate(level.statements):
        if statement.move.act is not Act.RELEASE:
            own = np.flatnonzero(level.owners == owner)
            places[own] = leaves.of(statement, level.rows[own], level.days[own])
    references = _references(context, level)
    alone = np.zeros(len(level.events), dtype=np.bool_)
    alone[level.orders[_ordered(context, level, references) | (places == _UNKNOWN)]] = True
    limits = bulk.limits_of(
        context.overlay.budgets, leaves.chains, {act for act in acts if act in STAGES}
    )
    if not bulk.is_safe(limits, level.amounts):
        return None
    counting = places >= 0
    expanded = bulk.expand(
        limits, level.orders, np.where(counting, places, _NOWHERE), level.amounts
    )
    hot = bulk.contested(limits, expanded)
    alone[expanded.events[hot[expanded.nodes]]] = True
    return BulkPlan(
        alone,
        places,
        leaves.names,
        leaves.chains,
        leaves.fresh,
        leaves.new,
        leaves.budgets,
        references,
        limits,
        expanded,
        hot,
    )


class _Leaves:
    """Nodes that demands count at, each looked up once."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._index: dict[str, int] = {}
        self.names: list[str] = []
        self.chains: list[list[str]] = []
        self.fresh: list[int] = []
        self.new: set[str] = set()
        self.budgets: list[Budget] = []

    def of(self, statement: Statement, rows: Int64s, days: Int64s) -> Int64s:
        """int64 leaf index per row of a statement."""
        keys = [key[rows].astype(np.int64) for key in statement.columns.keys]
        table = np.stack([*keys, days], axis=1)
        unique, inverse = np.unique(table, axis=0, return_inverse=True)
        budget = self._context.plan.program.budgets[statement.move.budget]
        found = [self._leaf(budget, codes[:-1], codes[-1]) for codes in unique.tolist()]
        result: Int64s = np.array(found, dtype=np.int64)[inverse.reshape(-1)]
        return result

    def _leaf(self, budget: Budget, codes: list[int], day: int) -> int:
        state, text = self._context.overlay.budgets, self._context.overlay.strings.text
        keys = []
        for code in codes:
            key = text(code)
            if not key:
                break
            keys.append(key)
        try:
            name = find_node(state, budget, keys, day)
        except NodeNotFound:
            return _UNKNOWN
        if not name:
            return _NOWHERE
        known = self._index.get(name)
        if known is not None:
            return known
        index = self._index[name] = len(self.names)
        self.names.append(name)
        self.budgets.append(budget)
        chain = state.chain(name)
        if not chain:
            self.fresh.append(index)
            chain = _new_chain(name, budget, self._context)
            self.new.update(node for node in chain if state.terms(node) is None)
        self.chains.append(chain)
        return index


def _new_chain(name: str, budget: Budget, context: RunContext) -> list[str]:
    """The nodes at and above one that does not exist: its prefixes, up to one that does."""
    state = context.overlay.budgets
    parts = split_name(name)
    path, period = (parts[1], parts[2]) if parts is not None else ((), "")
    chain = [name]
    while path:
        path = path[:-1]
        above = node_name(budget.wire, path, period)
        if state.terms(above) is not None:
            return [*chain, *state.chain(above)]
        chain.append(above)
    return chain


def _references(context: RunContext, level: LevelDemands) -> Int64s:
    """Under which text code each row reserves, commits, consumes or releases; -1 = none."""
    found = np.full(len(level.orders), -1, dtype=np.int64)
    ids = np.array([context.ids[event.position] for event in level.events], dtype=np.int64)
    for owner, statement in enumerate(level.statements):
        own = np.flatnonzero(level.owners == owner)
        codes = statement.columns.references
        if codes is not None:
            found[own] = codes[level.rows[own]]
        if statement.move.act in (Act.RESERVE, Act.COMMIT):
            nameless = (found[own] < 0) & (level.amounts[own] > 0)
            found[own] = np.where(nameless, ids[level.orders[own]], found[own])
    return found


def _ordered(context: RunContext, level: LevelDemands, references: Int64s) -> Bools:
    """Rows whose answer may depend on rows before them, whatever their nodes can bear."""
    state, text = context.overlay.budgets, context.overlay.strings.text
    budgets = context.plan.program.budgets
    wires = np.array([statement.move.budget for statement in level.statements], dtype=np.int64)
    pairs = list(zip(wires[level.owners].tolist(), references.tolist(), strict=True))
    often = Counter(pair for pair in pairs if pair[1] >= 0)
    found = level.amounts <= 0
    for owner, statement in enumerate(level.statements):
        act, columns = statement.move.act, statement.columns
        own = np.flatnonzero(level.owners == owner)
        if act is Act.RELEASE:
            found[own] = True
            continue
        wire = budgets[statement.move.budget].wire
        for place in own.tolist():
            pair = pairs[place]
            row = int(level.rows[place])
            shared = pair[1] >= 0 and (
                act is Act.SPEND
                or often[pair] > 1
                or bool(state.holding((wire, text(pair[1]))).parts)
            )
            overrides = (
                columns.roles is not None
                and columns.reasons is not None
                and columns.reasons[row] >= 0
                and bool(columns.roles[row])
            )
            found[place] |= shared or overrides
    return found


def note_bulk(context: RunContext, level: LevelDemands, plan: BulkPlan, entered: int) -> None:
    """Writes what the events decided in columns move and were told, and sets the others right.

    Args:
        context: the run.
        level: its demands; rulings of the others are made.
        plan: of the level.
        entered: length of the builder's `budget_nodes` before the level.
    """
    if plan.new:
        _enter_nodes(context, level, plan, entered)
    moves = _limited_moves(context, level, plan)
    _note_verdicts(context, level, plan, moves)
    _set_right(level, plan, moves)
    _note_moves(context, level, plan)


def _enter_nodes(context: RunContext, level: LevelDemands, plan: BulkPlan, entered: int) -> None:
    """Enters new nodes, each with the first event that was granted something at or below it."""
    state = context.overlay.budgets
    del context.builder.budget_nodes[entered:]
    refused = [order for order, (_, ruling) in level.rulings.items() if ruling.status is not None]
    granted = np.ones(len(level.events), dtype=np.bool_)
    granted[refused] = False
    rows = np.flatnonzero(granted[level.orders] & np.isin(plan.leaves, plan.fresh))
    _, firsts = np.unique(plan.leaves[rows], return_index=True)
    noted: set[str] = set()
    for row in sorted(rows[firsts].tolist()):
        leaf = int(plan.leaves[row])
        decision = context.decisions[level.events[int(level.orders[row])].position]
        notes = Notes(context.overlay, context.builder, decision)
        parts = split_name(plan.names[leaf])
        if parts is not None:
            enter_node(state, plan.budgets[leaf], parts[1], parts[2], _already_noted)
        for name in reversed(plan.chains[leaf]):
            terms = state.terms(name)
            if name in plan.new and name not in noted and terms is not None:
                noted.add(name)
                notes.entered(name, terms)


def _already_noted(node: str, terms: object) -> None:
    """Nodes are noted in the order of their events, not of their making."""
    del node, terms


#: (event order, limited node, what it uses of the node) of everything that passed.
_Moves = tuple[Int64s, Int64s, Int64s]


def _limited_moves(context: RunContext, level: LevelDemands, plan: BulkPlan) -> _Moves:
    expanded = plan.expanded
    own = ~plan.alone[expanded.events]
    found = [(expanded.events[own], expanded.nodes[own], expanded.amounts[own])]
    index = {name: place for place, name in enumerate(plan.limits.names)}
    rows = [
        (order, index[name], move.amount)
        for order, (_, ruling) in level.rulings.items()
        for move in ruling.moves
        if move.stage is not Stage.LIMIT
        for name in context.overlay.budgets.chain(move.node)
        if name in index
    ]
    if rows:
        table = np.array(rows, dtype=np.int64)
        found.append((table[:, 0], table[:, 1], table[:, 2]))
    return (
        np.concatenate([part[0] for part in found]),
        np.concatenate([part[1] for part in found]),
        np.concatenate([part[2] for part in found]),
    )


def _note_verdicts(context: RunContext, level: LevelDemands, plan: BulkPlan, moves: _Moves) -> None:
    """What limited nodes said to the events decided in columns: they fit; maybe little is left."""
    expanded, limits = plan.expanded, plan.limits
    own = np.flatnonzero(~plan.alone[expanded.events])
    if not len(own):
        return
    events, nodes = expanded.events[own], expanded.nodes[own]
    amounts = expanded.amounts[own]
    available = bulk.available_before(limits, moves, (events, nodes))
    warned = bulk.warns(limits, nodes, available - amounts, amounts)
    verdicts = np.where(warned, int(Verdict.WARN), int(Verdict.PASS))
    by_number = {int(verdict): verdict for verdict in (Verdict.PASS, Verdict.WARN)}
    code = context.overlay.strings.code
    node_codes = np.array([code(name) for name in limits.names], dtype=np.int64)[nodes]
    rules = context.plan.rule_codes
    rule_codes = np.array([rules[s.rule] for s in level.statements], dtype=np.int64)
    rule_lines = np.array([s.move.span.line for s in level.statements], dtype=np.int64)
    statements = level.owners[expanded.firsts[own]]
    decisions = np.array(
        [context.decisions[event.position] for event in level.events], dtype=np.int64
    )
    none = np.full(len(own), -1, dtype=np.int64)
    zero = np.zeros(len(own), dtype=np.int64)
    columns = (
        decisions[events],
        node_codes,
        verdicts,
        amounts,
        available,
        zero,
        zero,
        none,
        none,
        none,
        rule_codes[statements],
        rule_lines[statements],
    )
    context.builder.budget_decisions.extend(
        zip(*(column.tolist() for column in columns), strict=True)
    )
    made = [
        BudgetVerdict(
            limits.names[node],
            by_number[verdict],
            amount,
            left,
            0,
            0,
            limits.terms[node].scale,
            limits.terms[node].currency,
        )
        for node, verdict, amount, left in zip(
            nodes.tolist(), verdicts.tolist(), amounts.tolist(), available.tolist(), strict=True
        )
    ]
    starts = np.flatnonzero(np.append(True, events[1:] != events[:-1])).tolist()
    for start, end in zip(starts, [*starts[1:], len(made)], strict=True):
        position = level.events[int(events[start])].position
        context.budgets.passed(position, tuple(made[start:end]))


def _set_right(level: LevelDemands, plan: BulkPlan, moves: _Moves) -> None:
    """Gives the others' verdicts at nodes that bear everything what really was available there."""
    index = {name: place for place, name in enumerate(plan.limits.names) if not plan.hot[place]}
    expanded = plan.expanded
    places = zip(expanded.events.tolist(), expanded.nodes.tolist(), strict=True)
    asked = dict(zip(places, expanded.amounts.tolist(), strict=True))
    wanted = [
        (
            order,
            place,
            index[decided.node],
            decided.requested,
            asked.get((order, index[decided.node]), 0),
        )
        for order, (_, ruling) in level.rulings.items()
        for place, decided in enumerate(ruling.decided)
        if decided.node in index
    ]
    if not wanted:
        return
    table = np.array(wanted, dtype=np.int64)
    available = bulk.available_before(plan.limits, moves, (table[:, 0], table[:, 2]))
    warned = bulk.warns(plan.limits, table[:, 2], available - table[:, 3], table[:, 4])
    for (order, place, *_), left, warn in zip(
        wanted, available.tolist(), warned.tolist(), strict=True
    ):
        decided = level.rulings[order][1].decided
        decided[place] = decided[place]._replace(
            available=left, verdict=Verdict.WARN if warn else Verdict.PASS
        )


def _note_moves(context: RunContext, level: LevelDemands, plan: BulkPlan) -> None:
    """Moves of the events decided in columns: rows, figures, what references hold."""
    state, strings = context.overlay.budgets, context.overlay.strings
    passed = ~plan.alone[level.orders] & (plan.leaves >= 0)
    totals: dict[tuple[int, Stage], int] = {}
    names = [strings.code(name) for name in plan.names]
    decisions = [context.decisions[event.position] for event in level.events]
    add = context.builder.budget_moves.append
    rule_codes = context.plan.rule_codes
    for place in np.flatnonzero(passed).tolist():
        statement = level.statements[int(level.owners[place])]
        move, columns, row = statement.move, statement.columns, int(level.rows[place])
        leaf, amount = int(plan.leaves[place]), int(level.amounts[place])
        stage = STAGES[move.act]
        totals[leaf, stage] = totals.get((leaf, stage), 0) + amount
        reference, group, expires = -1, -1, 0
        if stage is not Stage.ACTUAL:
            reference = int(plan.references[place])
            group = int(columns.groups[row]) if columns.groups is not None else -1
            until = int(columns.until[row]) if columns.until is not None else NO_DATE
            expires = 0 if until == NO_DATE else (until + 1) * DAY_US
            holding = Holding(strings.text(group), expires).plus(plan.names[leaf], stage, amount)
            state.set_holding((plan.budgets[leaf].wire, strings.text(reference)), holding)
        add(
            (
                decisions[int(level.orders[place])],
                names[leaf],
                int(KINDS[move.act]),
                int(stage),
                amount,
                reference,
                group if strings.text(group) else -1,
                expires,
                int(rule_codes[statement.rule]),
                move.span.line,
            )
        )
    for (leaf, stage), amount in totals.items():
        state.move(plan.names[leaf], stage, amount)
