"""Compares the effects of a commit with those that deciding its events again gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine import effects as schema
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
    commands = np.array(rows, dtype=np.int64)
    sides = _Sides(view, decided, commands, np.array([*lookup, -1], dtype=np.int64))
    for table in _KINDS:
        sides.compare(table)


@dataclass(frozen=True, slots=True)
class _Sides:
    """Both sides, and how the decided one is written in the log's codes and row numbers.

    commands: int64[n] row in the log by decided command. lookup: int64 code in the log by decided
    code; below -1 for texts that the log does not have, -1 at the end for what is absent.
    """

    view: CommitView
    decided: EffectBatch
    commands: Int64s
    lookup: Int64s

    def compare(self, name: str) -> None:
        """Compares a table row by row."""
        found, wanted = self.view.effects.tables.get(name), self.decided.tables.get(name)
        own = np.arange(found.count if found is not None else 0, dtype=np.int64)
        if name == schema.COMMANDS.name:
            own = self.commands  # refused events are not decided again
        count = wanted.count if wanted is not None else 0
        both = min(len(own), count)
        if found is not None and wanted is not None and both:
            self._compare_rows(name, found, wanted, own[:both])
        if len(own) != count:
            raise self._missing(name, both)

    def _compare_rows(
        self, name: str, found: ColumnTable, wanted: ColumnTable, own: Int64s
    ) -> None:
        columns: dict[str, tuple[Int64s, Int64s]] = {}
        wrong = np.zeros(len(own), dtype=np.bool_)
        for column in _columns(found, wanted, name):
            expected = self._coded(wanted, column)[: len(own)]
            present = _present(found, column)[own]
            columns[column] = (expected, present)
            wrong |= expected != present
        if not wrong.any():
            return
        place = int(np.flatnonzero(wrong)[0])
        for column, sides in columns.items():
            expected_value, value = (int(side[place]) for side in sides)
            if expected_value != value:
                key = f"{_name(self.view.effects, name, int(own[place]))} {column}"
                shown = [self._shown(found, column, side) for side in (expected_value, value)]
                raise self.view.differs(_KINDS[name], key, *shown)

    def _coded(self, table: ColumnTable, column: str) -> Int64s:
        """A decided column in the log's codes and row numbers."""
        values = _present(table, column)
        if column == "command":
            return self.commands[values]
        is_text = dict(table.spec.columns).get(column) is ColumnType.TEXT
        return self.lookup[values] if is_text else values

    def _shown(self, table: ColumnTable, column: str, value: int) -> str:
        """A value of a column for a person."""
        if column in table.columns and dict(table.spec.columns)[column] is not ColumnType.TEXT:
            return iso_day(value) if column in {"voucher_date", "event_date"} else str(value)
        if value < 0:
            return "absent" if value == -1 else repr(self.decided.strings[-2 - value])
        return repr(self.view.effects.strings[value])

    def _missing(self, name: str, row: int) -> Mismatch:
        """The finding that one side goes on at a row where the other ends."""
        if row < self.view.count(name) and name != schema.COMMANDS.name:
            key = _name(self.view.effects, name, row)
            return self.view.differs(_KINDS[name], key, "nothing", f"{name} row")
        key = _name(self.decided, name, row)
        return self.view.differs(_KINDS[name], key, f"{name} row", "nothing")


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
    names = {
        schema.READS.name: ("source", "event_id", "rule", "name", "key"),
        schema.TARGETS.name: ("target", "entity", "key"),
        schema.RECORDS.name: ("record", "key", "field"),
        schema.PERIODS.name: ("entity",),
        schema.REVISIONS.name: ("revision",),
    }.get(table, ("source", "event_id"))
    return " ".join(effects.text(table, name)[row] for name in names).rstrip()
