"""A commit as the checks read it: columns as numbers or text, and names for what is in it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from engine.columns import EffectBatch
from engine.effects import COMMANDS, VOUCHERS
from engine.history import all_voucher_names
from engine.log import CommitHeader
from engine.verify.report import Mismatch

Int64s = npt.NDArray[np.int64]

#: Days since 1970-01-01 of 0001-01-01 and 9999-12-31.
FIRST_DAY, LAST_DAY = -719_162, 2_932_896


@dataclass(slots=True)
class CommitView:
    """One commit; texts are decoded once per column."""

    header: CommitHeader
    effects: EffectBatch
    _texts: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    _names: list[str] | None = None

    @property
    def seq(self) -> int:
        """Position of the commit."""
        return self.header.seq

    def count(self, table: str) -> int:
        """Rows of a table."""
        found = self.effects.tables.get(table)
        return 0 if found is None else found.count

    def ints(self, table: str, column: str) -> Int64s:
        """A column of numbers, dates or text codes."""
        return self.effects.tables[table].ints(column)

    def numbers(self, table: str, column: str) -> list[int]:
        """The same as Python integers."""
        values: list[int] = self.ints(table, column).tolist()
        return values

    def blobs(self, table: str, column: str) -> list[bytes]:
        """A column of bytes."""
        return self.effects.tables[table].blobs(column)

    def text(self, table: str, column: str) -> list[str]:
        """A column of text; absent is empty."""
        held = self._texts.get((table, column))
        if held is None:
            held = self._texts[table, column] = self.effects.text(table, column)
        return held

    def event(self, row: int) -> str:
        """Name of the event in a row of COMMANDS, as SOURCE/ID."""
        source = self.text(COMMANDS.name, "source")[row]
        return f"{source}/{self.text(COMMANDS.name, 'event_id')[row]}"

    def voucher(self, row: int) -> str:
        """Name of a voucher by its row."""
        if self._names is None:
            self._names = all_voucher_names(self.effects) if self.count(VOUCHERS.name) else []
        return self._names[row]

    def differs(self, kind: str, key: str, expected: object, found: object) -> Mismatch:
        """The finding that something in this commit is wrong."""
        return Mismatch(kind, key, self.seq, expected, found)
