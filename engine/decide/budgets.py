"""Joins rules' budget statements to `engine.budget`: what events ask, and where answers go."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from engine.budget.demand import Approval, Asked, Clause, Decided, Demand, Ruling
from engine.budget.finding import NodeNotFound, enter_node, find_node
from engine.budget.names import split_name
from engine.budget.ruling import Wording, rule_on, verdict_of
from engine.budget.wording import sentence
from engine.calls import BudgetVerdict
from engine.decide.builder import CommitBuilder
from engine.evaluate.outcome import MoveRow
from engine.program import NO_DATE, Act, BudgetMove, Otherwise, Program
from engine.state.budget_overlay import BudgetOverlay
from engine.state.budgets import TOLERATED, Terms
from engine.state.overlay import Overlay

#: A day in log time.
DAY_US = 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf an event is decided.

    person: named in overrides. allowed: roles the caller may use in them, None = any.
    """

    person: str = ""
    allowed: frozenset[str] | None = None


#: Someone who may override nothing.
NOBODY = Caller(allowed=frozenset())


@dataclass(slots=True)
class RunBudgets:
    """On whose behalf the events of a run are decided, and what budgets said to them.

    Attributes:
        caller: on whose behalf the event at a position is decided.
        approval: set where a held event is decided again.
        verdicts: position -> what each limited node said, for the answer.
    """

    caller: Callable[[int], Caller] = lambda _: NOBODY
    approval: Approval | None = None
    verdicts: dict[int, tuple[BudgetVerdict, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asking:
    """An event about to be decided.

    Attributes:
        position: in its run. decision: its index in the builder.
        event_type: index into the program's. day: business date.
        event_id: text code of its id, under which what names no reference is reserved.
    """

    position: int
    decision: int
    event_type: int
    day: int
    event_id: int


class BudgetDecider:
    """Decides what the rules of one program ask of budgets, event by event."""

    def __init__(
        self, run: RunBudgets, program: Program, overlay: Overlay, builder: CommitBuilder
    ) -> None:
        """`run` gets the verdicts; overlay and builder are written."""
        self._run = run
        self._program = program
        self._overlay = overlay
        self._builder = builder
        self._words = words_of(program)
        self._clauses: dict[tuple[int, int], Clause] = {}

    def rule(self, asking: Asking, rows: Sequence[tuple[int, MoveRow]]) -> Ruling:
        """Decides one event and lays the answer down; see `decide`."""
        ruling = self.decide(asking, rows)
        self.note(asking, ruling)
        return ruling

    def note(self, asking: Asking, ruling: Ruling) -> None:
        """Lays down what became of an event: its moves, and what the nodes said."""
        state = self._overlay.budgets
        if ruling.decided:
            self._run.verdicts[asking.position] = tuple(
                verdict_of(state, found, ruling.scale, ruling.currency) for found in ruling.decided
            )
        Notes(self._overlay, self._builder, asking.decision).ruling(ruling)

    def decide(self, asking: Asking, rows: Sequence[tuple[int, MoveRow]]) -> Ruling:
        """Decides one event on the overlay; only nodes it enters are noted.

        Args:
            asking: the event.
            rows: (rule index, row) in the order of rules, statements and elements.
        """
        overlay, builder = self._overlay, self._builder
        mark, entered = overlay.mark(), len(builder.budget_nodes)
        notes = Notes(overlay, builder, asking.decision)
        demands = tuple(self._demand(asking, notes, rule_index, row) for rule_index, row in rows)
        caller = self._run.caller(asking.position)
        asked = Asked(
            demands,
            person=caller.person,
            must_post=self._program.event_types[asking.event_type].must_post,
            allowed=caller.allowed,
            approval=self._run.approval,
        )
        ruling = rule_on(overlay.budgets, asked, notes.entered, self._words)
        ruling.scale, ruling.currency = demands[0].budget.scale, demands[0].budget.currency
        if ruling.status is not None:
            overlay.rollback(mark)
            del builder.budget_nodes[entered:]
        return ruling

    def _demand(self, asking: Asking, notes: Notes, rule_index: int, row: MoveRow) -> Demand:
        """One row of a statement with its node found and entered."""
        move = self._program.rules[rule_index].moves[row.move]
        budget = self._program.budgets[move.budget]
        state, text = self._overlay.budgets, self._overlay.strings.text
        keys = self._keys(row)
        node, problem, path = "", "", None
        try:
            day = asking.day if row.day == NO_DATE else row.day
            found = find_node(state, budget, keys, day, whole=move.act is Act.GRANT)
        except NodeNotFound as error:
            found, problem = "", str(error)
        parts = split_name(found) if found else None
        if move.act is Act.RELEASE:
            path = (parts[1] if parts is not None else tuple(keys)) if move.keys else None
        elif parts is not None:
            node = found
            if state.terms(node) is None:
                enter_node(state, budget, parts[1], parts[2], notes.entered)
        reference = text(row.reference)
        if move.act in (Act.RESERVE, Act.COMMIT) and not reference and row.amount > 0:
            reference = text(asking.event_id)
        return Demand(
            act=move.act,
            budget=budget,
            node=node,
            amount=None if move.amount is None else row.amount,
            clause=self._clause(rule_index, row.move, move),
            path=path,
            reference=reference,
            group=text(row.group),
            expires_us=0 if row.until == NO_DATE else (row.until + 1) * DAY_US,
            roles=tuple(text(role) for role in row.roles),
            reason=text(row.reason),
            message=row.message,
            problem=problem,
        )

    def _keys(self, row: MoveRow) -> list[str]:
        """Keys up to the first that is absent or empty."""
        keys = []
        for code in row.keys:
            key = self._overlay.strings.text(code)
            if not key:
                break
            keys.append(key)
        return keys

    def passed(self, position: int, verdicts: tuple[BudgetVerdict, ...]) -> None:
        """Notes for the answer what nodes said to an event decided in columns."""
        self._run.verdicts[position] = verdicts

    def _clause(self, rule_index: int, index: int, move: BudgetMove) -> Clause:
        clause = self._clauses.get((rule_index, index))
        if clause is None:
            clause = self._clauses[rule_index, index] = Clause(
                otherwise=move.otherwise,
                role=move.role,
                code=move.code,
                rule=self._program.rules[rule_index].name,
                rule_line=move.span.line,
                checked=move.act is Act.GRANT and move.otherwise is Otherwise.REJECT,
            )
        return clause


def words_of(program: Program) -> Wording:
    """Makes the sentences of a program's budgets."""
    return partial(sentence, budgets=program.budgets)


def verdicts_of(
    state: BudgetOverlay, decided: Sequence[Decided], demands: Sequence[Demand]
) -> tuple[BudgetVerdict, ...]:
    """Verdicts as callers see them."""
    scale, currency = (demands[0].budget.scale, demands[0].budget.currency) if demands else (2, "")
    return tuple(verdict_of(state, found, scale, currency) for found in decided)


class Notes:
    """Writes what happened to budgets for one decision into the commit being built."""

    def __init__(self, overlay: Overlay, builder: CommitBuilder, decision: int) -> None:
        """`decision`: index in the builder, -1 where time passed."""
        self._code = overlay.strings.code
        self._builder = builder
        self._decision = decision

    def _text(self, text: str) -> int:
        return self._code(text) if text else -1

    def entered(self, node: str, terms: Terms) -> None:
        """A node's attributes from now on."""
        del node  # its name follows from the attributes
        self._builder.budget_nodes.append(
            (
                self._decision,
                self._code(terms.budget),
                self._code(json.dumps(terms.path, ensure_ascii=False, separators=(",", ":"))),
                self._text(terms.period),
                self._text(terms.parent),
                terms.first_day,
                terms.last_day,
                self._code(terms.control.value),
                self._code(tolerances_text(terms)),
                terms.warn_ppm,
                self._text(terms.override_role),
                self._text(terms.version),
                int(terms.limited),
                int(terms.closed),
                terms.scale,
                self._text(terms.currency),
            )
        )

    def ruling(self, ruling: Ruling) -> None:
        """Moves made and verdicts given."""
        text, code = self._text, self._code
        self._builder.budget_moves.extend(
            (
                self._decision,
                code(move.node),
                int(move.kind),
                int(move.stage),
                move.amount,
                text(move.reference),
                text(move.group),
                move.expires_us,
                text(move.rule),
                move.rule_line,
            )
            for move in ruling.moves
        )
        self._builder.budget_decisions.extend(
            (
                self._decision,
                code(found.node),
                int(found.verdict),
                found.requested,
                found.available,
                found.shortfall,
                found.excess,
                text(found.role),
                text(found.person),
                text(found.reason),
                text(found.rule),
                found.rule_line,
            )
            for found in ruling.decided
        )


def tolerances_text(terms: Terms) -> str:
    """Tolerances as they stand in the log."""
    return json.dumps(
        {
            act.value: pair
            for act, pair in zip(TOLERATED, terms.tolerances, strict=True)
            if pair != (None, None)
        },
        separators=(",", ":"),
    )
