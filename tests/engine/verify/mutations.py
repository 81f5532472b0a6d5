"""Every column of every table of every commit, changed one value at a time."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass

from engine.columns import ColumnType, EffectBatch
from tests.engine.verify.attacker import Attacker
from tests.engine.verify.sample import LAST

#: What no rule and no later commit depends on. Only the chain guards it and, against someone who
#: computes the chain anew, a sealed head.
GUARDED_BY_SEAL = frozenset(
    {
        ("commands", "message"),  # wording
        ("commands", "group_id"),
        ("commands", "principal"),  # where the call had neither stream nor attempt
        ("commands", "offset_index"),  # likewise, or of an attempt
        ("commands", "entity"),  # of a command of the service
        ("status_changes", "message"),
        ("call_results", "source"),  # of an event that was not stored
        ("call_results", "event_id"),
        ("call_results", "type"),
        ("call_results", "reason"),
        ("call_results", "message"),
        ("call_results", "fields"),
        ("call_results", "first_status"),
    }
)


@dataclass(frozen=True, slots=True)
class Mutation:
    """One value of a commit, to be replaced by another of its kind."""

    seq: int
    table: str
    column: str
    row: int

    def plant(self, attacker: Attacker) -> None:
        """Changes the value and computes the chain anew."""
        attacker.rewrite(self.seq, self._change)

    def _change(self, effects: EffectBatch) -> None:
        table = effects.tables[self.table]
        column = table.columns[self.column]
        if isinstance(column, list):
            value = bytearray(column[self.row] or b"x")
            value[-2 if len(value) > 1 else 0] ^= 1
            column[self.row] = bytes(value)
        elif dict(table.spec.columns)[self.column] is ColumnType.TEXT:
            column[self.row] = (int(column[self.row]) + 1) % len(effects.strings)
        else:
            column[self.row] = int(column[self.row]) ^ 1


def mutations(
    attacker: Attacker, last: int = LAST, tables: Container[str] | None = None
) -> Iterator[Mutation]:
    """One of each column in the first and in the last row of each table, or of these tables."""
    for seq in range(1, last + 1):
        for name, table in attacker.effects(seq).tables.items():
            if tables is not None and name not in tables:
                continue
            rows = sorted({0, table.count - 1}) if table.count else []
            for column in table.columns:
                yield from (Mutation(seq, name, column, row) for row in rows)
