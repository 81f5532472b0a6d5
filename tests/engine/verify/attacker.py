"""Someone who can write every file of a book and knows its formats: changes them undercover.

A rewritten commit is encoded as the engine would, with its digest and the chain of all that
follow; no trigger, checksum or row number is left to tell.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from engine.columns import EffectBatch
from engine.log import CommitHeader, StoredCommit, assemble_commit, genesis, open_commit
from engine.log.snapshot import Snapshot, read_snapshot, snapshot_path, write_snapshot
from engine.projection import rows_path
from tests.engine.verify.sample import BOOK_ID, FILE

_COLUMNS = "seq, header, payload, chain, payload_digest"


class Attacker:
    """Writes to the files of the sample in a folder."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / FILE

    # ------------------------------------------------------------ as anyone with a hex editor

    def flip(self, seq: int, column: str, place: int) -> None:
        """Flips a bit of a byte in a column of a commit; a negative place counts from the end."""
        data = bytearray(getattr(self._commits()[seq], column))
        data[place] ^= 1
        self._sql(f"UPDATE log_commit SET {column} = ? WHERE seq = ?", bytes(data), seq)

    def flip_after(self, seq: int, column: str, mark: bytes) -> None:
        """Flips a bit of the byte behind a mark."""
        self.flip(seq, column, getattr(self._commits()[seq], column).index(mark) + len(mark))

    def delete(self, seq: int) -> None:
        """Takes a commit out."""
        self._sql("DELETE FROM log_commit WHERE seq = ?", seq)

    def swap(self, one: int, other: int) -> None:
        """Lets two commits change places."""
        for old, new in ((one, -1), (other, one), (-1, other)):
            self._sql("UPDATE log_commit SET seq = ? WHERE seq = ?", new, old)

    def rows(self, statement: str, *values: str | int) -> None:
        """Runs SQL on the projected rows; it must change exactly one."""
        with closing(sqlite3.connect(rows_path(self.file))) as connection, connection:
            changed = connection.execute(statement, values).rowcount
        if changed != 1:
            raise ValueError(f"{changed} rows changed by {statement}")

    # ------------------------------------------------------------ as one who knows the formats

    def rewrite(
        self,
        seq: int,
        effects: Callable[[EffectBatch], None] = lambda _: None,
        header: Callable[[CommitHeader], CommitHeader] = lambda header: header,
    ) -> None:
        """Changes a commit, then computes its digest and the chain from there to the end."""
        chain = genesis(BOOK_ID)
        for commit in self._commits().values():
            entry = open_commit(commit)
            batch = _writable(entry.effects)
            own = entry.header
            if commit.seq == seq:
                effects(batch)
                own = header(own)
            _, made = assemble_commit(own, batch, chain)
            chain = made.chain
            self._sql(
                "UPDATE log_commit SET header = ?, payload = ?, chain = ?, payload_digest = ?"
                " WHERE seq = ?",
                made.header,
                made.payload,
                made.chain,
                hashlib.sha256(made.payload).digest(),
                commit.seq,
            )

    def snapshot(self, section: str, change: Callable[[Any], None]) -> None:
        """Changes a section of the snapshot; the file is whole again afterwards."""
        path = snapshot_path(self.file)
        snapshot = read_snapshot(path)
        if not isinstance(snapshot, Snapshot):
            raise ValueError(snapshot.reason)
        value = msgspec.msgpack.decode(snapshot.sections[section])
        change(value)
        sections = {**snapshot.sections, section: msgspec.msgpack.encode(value)}
        write_snapshot(path, snapshot.header, sections)

    def move_snapshot(self, **fields: Any) -> None:
        """Changes the header of the snapshot."""
        path = snapshot_path(self.file)
        snapshot = read_snapshot(path)
        if not isinstance(snapshot, Snapshot):
            raise ValueError(snapshot.reason)
        write_snapshot(path, replace(snapshot.header, **fields), snapshot.sections)

    def effects(self, seq: int) -> EffectBatch:
        """The effects of a commit as they are."""
        return open_commit(self._commits()[seq]).effects

    def _commits(self) -> dict[int, StoredCommit]:
        with closing(sqlite3.connect(self.file)) as connection:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM log_commit ORDER BY seq")
            return {row[0]: StoredCommit(*row) for row in rows}

    def _sql(self, statement: str, *values: bytes | int) -> None:
        with closing(sqlite3.connect(self.file)) as connection, connection:
            triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in triggers.fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute(statement, values)


def _writable(effects: EffectBatch) -> EffectBatch:
    for table in effects.tables.values():
        for name, column in table.columns.items():
            table.columns[name] = list(column) if isinstance(column, list) else np.array(column)
    return effects
