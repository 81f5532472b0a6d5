"""Decides the events of a commit again and compares every effect with the one in the log.

The state is the fold of the commits before; each event is decided in order, one by one, whichever
way the engine took. So what a rule would not make of its event is found, balanced or not, and a
recorded read is what the log before it adds up to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine import effects as schema
from engine.calendar import iso_day
from engine.calls import Call
from engine.columns import ColumnTable, ColumnType, EffectBatch
from engine.decide.assemble import assemble
from engine.decide.builder import CommitBuilder
from engine.decide.commands import carry_out
from engine.decide.deciding import Deciding, Member
from engine.decide.message import decide_message
from engine.decide.run import LevelStatistics
from engine.effects import Status
from engine.errors import InvariantBroken
from engine.history import StateHistory, all_voucher_names
from engine.revisions import Revisions
from engine.state.book_state import BookState
from engine.state.overlay import Overlay
from engine.verify.contents import StoredEvents, waiting_events
from engine.verify.report import Mismatch
from engine.verify.view import CommitView

#: Tables compared, in this order, and what a difference is called.
_KINDS = {
    schema.COMMANDS.name: "EVENT_ROW",
    schema.VOUCHERS.name: "VOUCHER_DIFFERS",
    schema.LINES.name: "LINE_DIFFERS",
    schema.TARGETS.name: "TARGET_DIFFERS",
    schema.RECORDS.name: "RECORD_DIFFERS",
    schema.READS.name: "READ_DIFFERS",
    schema.PERIODS.name: "PERIOD_DIFFERS",
    schema.STATUS_CHANGES.name: "STATUS_CHANGE",
    schema.REVISIONS.name: "REVISION_DIFFERS",
}

#: Columns that no decision makes: how the call came, and wording, which may change.
_NOT_DECIDED = {
    schema.COMMANDS.name: frozenset(
        {"principal", "stream", "offset", "offset_index", "group_id", "message"}
    ),
    schema.STATUS_CHANGES.name: frozenset({"message"}),
}

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
            publishing=_published(view),
            system=carry_out,
        )
        call = Call()
        members = [Member(place, call, place) for place in range(len(stored.rows))]
        try:
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
        for table in _KINDS:
            _compare_table(view, decided, table, stored.rows)

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
    """The revision that a commit puts into force, if any."""
    table = schema.REVISIONS.name
    return view.text(table, "revision")[0] if view.count(table) else ""


def _compare_table(view: CommitView, decided: EffectBatch, name: str, rows: list[int]) -> None:
    """Compares a table row by row; `rows` are the decided commands' rows in the log."""
    found, wanted = view.effects.tables.get(name), decided.tables.get(name)
    own = np.arange(found.count if found is not None else 0, dtype=np.int64)
    if name == schema.COMMANDS.name:
        own = np.array(rows, dtype=np.int64)  # refused events are not decided again
    count = wanted.count if wanted is not None else 0
    if found is None or wanted is None or not (len(own) and count):
        if len(own) != count:
            raise _missing(view, decided, name, min(len(own), count))
        return
    both = min(len(own), count)
    wrong = np.zeros(both, dtype=np.bool_)
    columns: dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = {}
    for column in _columns(found, wanted, name):
        expected = _coded(view, decided, wanted, column, rows)[:both]
        present = _present(found, column)[own[:both]]
        columns[column] = (expected, present)
        wrong |= expected != present
    places = np.flatnonzero(wrong)
    if len(places):
        place = int(places[0])
        for column, (expected, present) in columns.items():
            if expected[place] != present[place]:
                key = _name(view.effects, name, int(own[place]))
                sides = [
                    _shown(found, column, int(value), view, decided)
                    for value in (expected[place], present[place])
                ]
                raise view.differs(_KINDS[name], f"{key} {column}", *sides)
    if len(own) != count:
        raise _missing(view, decided, name, both)


def _columns(found: ColumnTable, wanted: ColumnTable, name: str) -> list[str]:
    """Columns of either table that a decision makes."""
    kinds = {**dict(found.spec.columns), **dict(wanted.spec.columns)}
    skipped = _NOT_DECIDED.get(name, frozenset())
    return [name for name, kind in kinds.items() if not kind.is_blob and name not in skipped]


def _present(table: ColumnTable, column: str) -> npt.NDArray[np.int64]:
    if column not in table.columns:  # a dimension that no line carries
        return np.full(table.count, -1, dtype=np.int64)
    return table.ints(column)


def _coded(
    view: CommitView, decided: EffectBatch, table: ColumnTable, column: str, rows: list[int]
) -> npt.NDArray[np.int64]:
    """A decided column in the commit's own codes and row numbers; texts it lacks go below -1."""
    values = _present(table, column)
    if column == "command":
        return np.array(rows, dtype=np.int64)[values]
    if dict(table.spec.columns).get(column) is not ColumnType.TEXT:
        return values
    codes = {text: code for code, text in enumerate(view.effects.strings)}
    lookup = [codes.get(text, -2 - own) for own, text in enumerate(decided.strings)]
    return np.array([*lookup, -1], dtype=np.int64)[values]


def _shown(
    table: ColumnTable, column: str, value: int, view: CommitView, decided: EffectBatch
) -> str:
    """A value of a column for a person; a text below -1 is one that only the decision has."""
    if column in table.columns and dict(table.spec.columns)[column] is not ColumnType.TEXT:
        return iso_day(value) if column in {"voucher_date", "event_date"} else str(value)
    if value < 0:
        return "absent" if value == -1 else repr(decided.strings[-2 - value])
    return repr(view.effects.strings[value])


def _missing(view: CommitView, decided: EffectBatch, name: str, row: int) -> Mismatch:
    """The finding that one side goes on at a row where the other ends."""
    count = view.count(name)
    if row < count and name != schema.COMMANDS.name:
        return view.differs(_KINDS[name], _name(view.effects, name, row), "nothing", f"{name} row")
    return view.differs(_KINDS[name], _name(decided, name, row), f"{name} row", "nothing")


def _name(effects: EffectBatch, table: str, row: int) -> str:
    """What a row of a table is about."""
    if table == schema.VOUCHERS.name:
        return all_voucher_names(effects)[row]
    if table == schema.LINES.name:
        lines = effects.tables[table]
        owner = int(lines.ints("voucher")[row])
        return f"{all_voucher_names(effects)[owner]} line {lines.ints('line_no')[row]}"
    names = {
        schema.READS.name: ("source", "event_id", "rule", "name", "key"),
        schema.TARGETS.name: ("target", "entity", "key"),
        schema.RECORDS.name: ("record", "key", "field"),
        schema.PERIODS.name: ("entity",),
        schema.REVISIONS.name: ("revision",),
    }.get(table, ("source", "event_id"))
    return " ".join(effects.text(table, name)[row] for name in names).rstrip()
