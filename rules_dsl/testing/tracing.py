"""What the rules made of one event of a test, and which of it the test's expectations assert.

The evaluation is the engine's own, on an overlay of the state as it is just before the event is
posted; nothing here decides what becomes of the event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from engine.book import Book
from engine.calls import EventResult
from engine.decide.plan import in_force
from engine.effects import BUDGET_DECISIONS, BUDGET_MOVES, MoveKind, Verdict
from engine.evaluate import evaluate_row
from engine.evaluate.outcome import RuleRow
from engine.program import Act, Program
from engine.receive import receive_rows, type_rows
from engine.state.overlay import Overlay, ProgramView
from engine.strings import BatchStrings

_KINDS = {
    MoveKind.RESERVE: Act.RESERVE,
    MoveKind.COMMIT: Act.COMMIT,
    MoveKind.SPEND: Act.SPEND,
    MoveKind.RELEASE: Act.RELEASE,
}


class LinePlace(NamedTuple):
    """Where a booked line comes from: a rule, the line in its file, and a list element or -1."""

    rule: str
    line: int
    element: int


class StatementPlace(NamedTuple):
    """A budget statement: a rule and the line in its file."""

    rule: str
    line: int


@dataclass(slots=True)
class Observed:
    """One event of a test.

    Attributes:
        rows: what each rule in force made of it, by index of the rule, in order.
        result: what became of it.
        moved: at which node each statement moved something, as what, by itself or from below.
        stopped: statements whose nodes did not let the event pass. warned: those that warned.
        whole: its outcome was expected whole: all its vouchers, or its status.
        lines: lines that were expected one by one. statements: budget statements whose moves
            were expected. warnings: a warning was expected.
    """

    rows: dict[int, RuleRow]
    result: EventResult | None = None
    moved: list[tuple[StatementPlace, Act | None, frozenset[str]]] = field(default_factory=list)
    stopped: set[StatementPlace] = field(default_factory=set)
    warned: set[StatementPlace] = field(default_factory=set)
    whole: bool = False
    lines: set[LinePlace] = field(default_factory=set)
    statements: set[StatementPlace] = field(default_factory=set)
    warnings: bool = False

    def close(self, book: Book, result: EventResult) -> None:
        """Notes what became of the event, and what it did to budgets."""
        self.result = result
        if result.row < 0 or result.replayed:
            return
        _, effects = book.commit(result.seq)
        moves = effects.tables.get(BUDGET_MOVES.name)
        if moves is not None:
            texts = {name: effects.text(BUDGET_MOVES.name, name) for name in ("node", "rule")}
            for row in np.flatnonzero(moves.ints("command") == result.row):
                place = StatementPlace(texts["rule"][row], int(moves.ints("rule_line")[row]))
                act = _KINDS.get(MoveKind(int(moves.ints("kind")[row])))
                self.moved.append((place, act, _with_above(book, texts["node"][row])))
        decisions = effects.tables.get(BUDGET_DECISIONS.name)
        if decisions is not None:
            rules = effects.text(BUDGET_DECISIONS.name, "rule")
            for row in np.flatnonzero(decisions.ints("command") == result.row):
                place = StatementPlace(rules[row], int(decisions.ints("rule_line")[row]))
                verdict = Verdict(int(decisions.ints("verdict")[row]))
                if verdict in {Verdict.BLOCK, Verdict.HOLD}:
                    self.stopped.add(place)
                elif verdict is Verdict.WARN:
                    self.warned.add(place)

    def expect_move(self, node: str, act: Act | None) -> None:
        """Notes that what was moved at a node was expected; None: whatever it was."""
        for place, own, nodes in self.moved:
            if node in nodes and act in {None, own}:
                self.statements.add(place)


def trace_event(book: Book, program: Program, event: Mapping[str, object]) -> dict[int, RuleRow]:
    """Evaluates the rules of an event as posting it next would; nothing where it is INVALID.

    The rules are evaluated in order, each seeing the targets that the ones before it wrote.
    """
    plan = book.plan(program.revision)
    pool = book.state.pool
    strings = BatchStrings(pool)
    received = receive_rows(
        [event], pool, default_entity=book.default_entity, default_source="default", strings=strings
    )
    kind = next(
        (place for place, each in enumerate(program.event_types) if each.wire == event["type"]), -1
    )
    if received.problems or kind < 0:
        return {}
    row = np.zeros(1, dtype=np.int64)
    batch = type_rows(program.event_types[kind], kind, received, row, strict=True)
    if batch.problems:
        return {}
    overlay = Overlay(book.state, strings)
    view = ProgramView(overlay, program, plan.specs)
    found: dict[int, RuleRow] = {}
    for index in plan.rules[kind]:
        if not in_force(program.rules[index], int(batch.dates[0])):
            continue
        found[index] = evaluated = evaluate_row(plan.linked, index, batch, 0, view)
        for _, target, key, value in evaluated.deltas:
            overlay.set_target(program.targets[target].name, key, value)
    return found


def _with_above(book: Book, node: str) -> frozenset[str]:
    """A budget node and all above it."""
    found: set[str] = set()
    while node and node not in found:
        found.add(node)
        node = book.budget_node(node).parent
    return frozenset(found)
