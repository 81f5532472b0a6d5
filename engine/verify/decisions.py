"""Decides the events of a commit again and compares every effect with the one in the log.

The state is the fold of the commits before; each event is decided in order, one by one, whichever
way the engine took. So what a rule would not make of its event is found, balanced or not, and a
recorded read is what the log before it adds up to. Soft holds expire first, by the commit's own
time, as they did.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine import effects as schema
from engine.budget.callers import roles_of_callers
from engine.calls import Call
from engine.decide.assemble import assemble
from engine.decide.budget_commands import expire
from engine.decide.builder import CommitBuilder
from engine.decide.commands import carry_out
from engine.decide.deciding import Deciding, Member, Publication
from engine.decide.message import decide_message
from engine.decide.run import LevelStatistics
from engine.effects import Status
from engine.errors import InvariantBroken
from engine.history import StateHistory
from engine.revisions import Revisions
from engine.state.book_state import BookState
from engine.state.overlay import Overlay
from engine.verify.comparison import compare_effects
from engine.verify.contents import StoredEvents, waiting_events
from engine.verify.report import Mismatch
from engine.verify.view import CommitView

_UNKNOWN_ENTITY = "UNKNOWN_ENTITY"


@dataclass(slots=True)
class Redecision:
    """Decides again what a book decided. `is_strict` is how its last commit was decided."""

    state: BookState
    history: StateHistory
    revisions: Revisions
    is_strict: bool = True

    def check(self, view: CommitView, stored: StoredEvents) -> int:
        """Checks a commit; the state is that of the commit before. Gives the decisions made."""
        try:
            self._compare(view, stored)
        except Mismatch as mismatch:
            # The log does not say whether the book refuses undeclared fields: a lenient one
            # books events that a strict one finds invalid.
            self.is_strict = not self.is_strict
            try:
                self._compare(view, stored)
            except Mismatch:
                self.is_strict = not self.is_strict
                raise mismatch from None
        return len(stored.rows)

    def _compare(self, view: CommitView, stored: StoredEvents) -> None:
        builder = CommitBuilder(stored.received.strings)
        deciding = Deciding(
            state=self.state,
            overlay=Overlay(self.state, stored.received.strings),
            builder=builder,
            plan_for=self.revisions.plan_for,
            history=self.history,
            entities=self._entities(view),
            strict=self.is_strict,
            evaluator="closures",
            statistics=LevelStatistics(),
            publication=Publication(_published(view)),
            system=carry_out,
            now_us=view.header.sealed_at_us,
        )
        calls = _calls(view, stored.rows)
        members = [Member(place, call, place) for place, call in enumerate(calls)]
        try:
            expire(deciding)
            results = decide_message(deciding, stored.received, members)
        except InvariantBroken as error:
            expected = "effects that can be decided"
            raise view.differs("DECISION_DIFFERS", "commit", expected, error) from error
        statuses = view.numbers(schema.COMMANDS.name, "status") if members else []
        reasons = view.text(schema.COMMANDS.name, "reason") if members else []
        for row, result in zip(stored.rows, results, strict=True):
            if (result.status, result.reason) != (statuses[row], reasons[row]):
                expected = f"{result.status.name} {result.reason}".rstrip()
                found = f"{Status(statuses[row]).name} {reasons[row]}".rstrip()
                raise view.differs("DECISION_DIFFERS", view.event(row), expected, found)
        last_numbers = {key: series.last for key, series in self.state.series.items()}
        decided = assemble(builder, last_numbers)
        compare_effects(view, decided, stored.rows)

    def _entities(self, view: CommitView) -> frozenset[str]:
        """Entities the book had when it decided, as far as this commit tells; empty: any."""
        if _UNKNOWN_ENTITY not in view.effects.strings:
            return frozenset()
        table = schema.COMMANDS.name
        pairs = list(zip(view.text(table, "entity"), view.text(table, "reason"), strict=True))
        table = schema.STATUS_CHANGES.name
        if view.count(table):
            changes = zip(view.text(table, "source"), view.text(table, "event_id"), strict=True)
            waiting = waiting_events(view, self.state)
            places = [(waiting[name].seq, waiting[name].row) for name in changes]
            entities = [self.history.content(seq, row)[1] for seq, row in places]
            pairs += zip(entities, view.text(table, "reason"), strict=True)
        strangers = {entity for entity, reason in pairs if reason == _UNKNOWN_ENTITY}
        known = {entity for entity, _ in pairs} - strangers
        return frozenset(known or {""})


def _published(view: CommitView) -> str:
    """The revision that a commit proposes or puts into force, if any."""
    for table in (schema.REVISIONS.name, schema.REVISION_STEPS.name):
        if view.count(table):
            return view.text(table, "revision")[0]
    return ""


def _calls(view: CommitView, rows: list[int]) -> list[Call]:
    """A call for each event, by its principal and with the roles it may override in."""
    if not rows:
        return []
    principals = view.text(schema.COMMANDS.name, "principal")
    roles = roles_of_callers(view.effects)
    made: dict[tuple[str, frozenset[str] | None], Call] = {}
    calls = []
    for row in rows:
        key = (principals[row], roles[row])
        call = made.get(key)
        if call is None:
            call = made[key] = Call(principal=key[0], budget_roles=key[1])
        calls.append(call)
    return calls
