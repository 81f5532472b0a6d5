"""Compares the effects of a commit with those that deciding its events again gives."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from engine import effects as schema
from engine.budget.names import node_name
from engine.calendar import iso_day
from engine.columns import ColumnTable, ColumnType, EffectBatch
from engine.history import all_voucher_names
from engine.verify.report import Mismatch
from engine.verify.view import CommitView, Int64s

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
    schema.REVISION_STEPS.name: "PUBLICATION_DIFFERS",
    schema.PUBLISHING.name: "PUBLICATION_DIFFERS",
    schema.BUDGET_NODES.name: "BUDGET_NODE",
    schema.BUDGET_MOVES.name: "BUDGET_MOVE",
    schema.BUDGET_DECISIONS.name: "BUDGET_DECISION",
    schema.DRAFTS.name: "DRAFT_DIFFERS",
    schema.DRAFT_LINES.name: "DRAFT_DIFFERS",
    schema.UNDO.name: "UNDO_DIFFERS",
    schema.REVIEWS.name: "REVIEW_DIFFERS",
}

#: Numbers that a person reads as a word.
_WORDS: dict[tuple[str, str], type[IntEnum]] = {
    (schema.BUDGET_MOVES.name, "kind"): schema.MoveKind,
    (schema.REVISION_STEPS.name, "step"): schema.RevisionStep,
    (schema.PUBLISHING.name, "mode"): schema.PublishingMode,
    (schema.BUDGET_MOVES.name, "stage"): schema.Stage,
    (schema.BUDGET_DECISIONS.name, "verdict"): schema.Verdict,
}

#: Columns that no decision makes: how the call came, and wording, which may change.
_NOT_DECIDED = {
    schema.COMMANDS.name: frozenset(
        {"principal", "stream", "offset", "offset_index", "group_id", "message"}
    ),
    schema.STATUS_CHANGES.name: frozenset({"message"}),
}


def compare_effects(view: CommitView, decided: EffectBatch, rows: list[int]) -> None:
    """Compares all tables that a decision makes; raises at the first row that differs.

    Args:
        view: the commit as it is in the log.
        decided: its effects decided again.
        rows: the rows in the log of the commands that were decided, ascending.
    """
    codes = {text: code for code, text in enumerate(view.effects.strings)}
    lookup = [codes.get(text, -2 - own) for own, text in enumerate(decided.strings)]
    commands = np.array([*rows, -1], dtype=np.int64)
    sides = _Sides(view, decided, commands, np.array([*lookup, -1], dtype=np.int64))
    for table in _KINDS:
        sides.compare(table)


@dataclass(frozen=True, slots=True)
class _Sides:
    """Both sides, and how the decided one is written in the log's codes and row numbers.

    commands: int64[n+1] row in the log by decided command, -1 at the end for none.
    lookup: int64 code in the log by decided code; below -1 for texts that the log does not have,
    -1 at the end for what is absent.
    """

    view: CommitView
    decided: EffectBatch
    commands: Int64s
    lookup: Int64s

    def compare(self, name: str) -> None:
        """Compares a table row by row."""
        found, wanted = self.view.effects.tables.get(name), self.decided.tables.get(name)
        own = self._decided_again(name, found)
        count = wanted.count if wanted is not None else 0
        both = min(len(own), count)
        if found is not None and wanted is not None and both:
            self._compare_rows(name, found, wanted, own)
        if len(own) != count:
            raise self._missing(name, own, both)

    def _decided_again(self, name: str, found: ColumnTable | None) -> Int64s:
        """Rows of a table in the log but those of refused events, which are not decided again."""
        if name == schema.COMMANDS.name:
            return self.commands[:-1]
        own = np.arange(found.count if found is not None else 0, dtype=np.int64)
        if name == schema.BUDGET_DECISIONS.name and found is not None:
            return own[np.isin(found.ints("command"), self.commands)]
        if name == schema.BUDGET_NODES.name and found is not None and self._enters_too_much():
            is_kept = (found.ints("limited") != 0) | self._is_decided_node(found)
            kept: Int64s = own[is_kept]
            return kept
        return own

    def _is_decided_node(self, found: ColumnTable) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Per row of entered nodes in the log whether a decision enters the node there."""
        wanted = self.decided.tables.get(schema.BUDGET_NODES.name)
        key = ("budget", "path", "period", "parent")
        decided = [self._coded(wanted, column).tolist() for column in key] if wanted else [[]] * 4
        names = set(zip(*decided, strict=True))
        rows = zip(*(found.ints(column).tolist() for column in key), strict=True)
        return np.array([row in names for row in rows], dtype=np.bool_)

    def _enters_too_much(self) -> bool:
        """Whether the commit is of a version that entered nodes which nothing ever counted at.

        Before 0.3.0 a node whose approval names its parent was entered under the prefix of its
        keys first, and that prefix with it.
        """
        version = self.view.header.engine_version.split(".")
        return tuple(int(part) for part in version) < (0, 3, 0)

    def _compare_rows(
        self, name: str, found: ColumnTable, wanted: ColumnTable, own: Int64s
    ) -> None:
        both = min(len(own), wanted.count)
        columns: dict[str, tuple[Int64s, Int64s]] = {}
        wrong = np.zeros(both, dtype=np.bool_)
        for column in _columns(found, wanted, name):
            expected = self._coded(wanted, column)
            present = _present(found, column)[own]
            if (name, column) == (schema.BUDGET_DECISIONS.name, "reason"):
                unchecked = found.ints("verdict")[own[:both]] == schema.Verdict.UNCHECKED
                expected[:both][unchecked] = present[:both][unchecked]  # wording, may change
            columns[column] = (expected, present)
            wrong |= expected[:both] != present[:both]
        if not wrong.any():
            return
        place = int(np.flatnonzero(wrong)[0])
        self._check_shift(name, columns, place, own)
        for column, sides in columns.items():
            expected_value, value = (int(side[place]) for side in sides)
            if expected_value != value:
                key = f"{_name(self.view.effects, name, int(own[place]))} {column}"
                shown = [self._shown(found, column, side) for side in (expected_value, value)]
                raise self.view.differs(_KINDS[name], key, *shown)

    def _check_shift(
        self, name: str, columns: dict[str, tuple[Int64s, Int64s]], place: int, own: Int64s
    ) -> None:
        """Raises where one side lacks a row, and what follows is as on the other side."""
        if all(
            _meet(expected, place + 1, present, place) for expected, present in columns.values()
        ):
            raise self._wanting(name, place)
        if all(
            _meet(expected, place, present, place + 1) for expected, present in columns.values()
        ):
            raise self._surplus(name, int(own[place]))

    def _coded(self, table: ColumnTable, column: str) -> Int64s:
        """A decided column in the log's codes and row numbers."""
        values = _present(table, column)
        if column == "command":
            return self.commands[values]
        is_text = dict(table.spec.columns).get(column) is ColumnType.TEXT
        return self.lookup[values] if is_text else values.copy()

    def _shown(self, table: ColumnTable, column: str, value: int) -> str:
        """A value of a column for a person."""
        words = _WORDS.get((table.spec.name, column))
        if words is not None and value in set(words):
            return words(value).name
        if column in table.columns and dict(table.spec.columns)[column] is not ColumnType.TEXT:
            return iso_day(value) if column in {"voucher_date", "event_date"} else str(value)
        if value < 0:
            return "absent" if value == -1 else repr(self.decided.strings[-2 - value])
        return repr(self.view.effects.strings[value])

    def _missing(self, name: str, own: Int64s, row: int) -> Mismatch:
        """The finding that one side goes on at a row where the other ends."""
        if row < len(own) and name != schema.COMMANDS.name:
            return self._surplus(name, int(own[row]))
        return self._wanting(name, row)

    def _surplus(self, name: str, row: int) -> Mismatch:
        """The finding that no decision makes a row of the log."""
        key = _name(self.view.effects, name, row)
        return self.view.differs(_KINDS[name], key, "nothing", f"{name} row")

    def _wanting(self, name: str, row: int) -> Mismatch:
        """The finding that the log lacks a row that was decided."""
        key = _name(self.decided, name, row)
        return self.view.differs(_KINDS[name], key, f"{name} row", "nothing")


def _meet(expected: Int64s, place: int, present: Int64s, other: int) -> bool:
    """Whether a value is that of another row on the other side; False where either ends."""
    if place >= len(expected) or other >= len(present):
        return False
    return bool(expected[place] == present[other])


def _columns(found: ColumnTable, wanted: ColumnTable, name: str) -> list[str]:
    """Columns of either table that a decision makes."""
    kinds = {**dict(found.spec.columns), **dict(wanted.spec.columns)}
    skipped = _NOT_DECIDED.get(name, frozenset())
    return [name for name, kind in kinds.items() if not kind.is_blob and name not in skipped]


def _present(table: ColumnTable, column: str) -> Int64s:
    if column not in table.columns:  # a dimension that no line carries
        return np.full(table.count, -1, dtype=np.int64)
    return table.ints(column)


def _name(effects: EffectBatch, table: str, row: int) -> str:
    """What a row of a table is about."""
    if table == schema.VOUCHERS.name:
        return all_voucher_names(effects)[row]
    if table == schema.LINES.name:
        lines = effects.tables[table]
        owner = int(lines.ints("voucher")[row])
        return f"{all_voucher_names(effects)[owner]} line {lines.ints('line_no')[row]}"
    if table == schema.BUDGET_NODES.name:
        budget, path, period = (
            effects.text(table, name)[row] for name in ("budget", "path", "period")
        )
        return node_name(budget, json.loads(path), period)
    names = {
        schema.BUDGET_MOVES.name: ("source", "event_id", "node", "reference"),
        schema.BUDGET_DECISIONS.name: ("source", "event_id", "node"),
        schema.READS.name: ("source", "event_id", "rule", "name", "key"),
        schema.TARGETS.name: ("target", "entity", "key"),
        schema.RECORDS.name: ("record", "key", "field"),
        schema.PERIODS.name: ("entity",),
        schema.REVISIONS.name: ("revision",),
        schema.DRAFT_LINES.name: ("account_code",),
        schema.UNDO.name: ("source", "event_id", "name", "key", "field"),
        schema.REVISION_STEPS.name: ("revision",),
        schema.PUBLISHING.name: (),
    }.get(table, ("source", "event_id"))
    return " ".join(effects.text(table, name)[row] for name in names).strip()
