"""Brings the rows to where the log stands: in log order, each commit once, with their position.

Rows and position change in one transaction, so that a crash leaves neither without the other.
Rows go in by few large statements: a statement for each row hands the interpreter lock back and
forth with whatever else the process does.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain as chained
from pathlib import Path
from typing import Protocol, cast

import pysqlite3

from engine.columns import EffectBatch
from engine.errors import InvariantBroken, StoreCorrupt, StoreUnavailable
from engine.faults import crash_point
from engine.log import CommitHeader, CommitStore, genesis, open_commit
from engine.log.store.sqlite_file import BUSY_TIMEOUT_S, journal_mode
from engine.projection.budgets import NOTHING_MOVED, budget_totals
from engine.projection.rows import CommitRows, Row, commit_rows
from engine.projection.schema import (
    BUDGET_ATTRIBUTES,
    BUDGET_FIGURES,
    PROJECTION_SCHEMA,
    TABLES,
    VIEWS,
    create_statements,
    line_view,
    quoted,
)

#: Parameters of one statement; SQLite permits 32,766.
PARAMETERS_MAX = 30_000
#: Events and commits that one transaction of `catch_up` takes at most (a single commit is never
#: split).
EVENTS_TOGETHER = 10_000
COMMITS_TOGETHER = 256

_POSITION = "projection_position"

# An identity belongs to one row at a time, and only to one that was there before the change.
_CHANGE_STATUSES = """
WITH change(source, event_id, command, status, reason, message, revision, accepted)
 AS (VALUES {values})
UPDATE event SET status = c.status, reason = c.reason, message = c.message,
 revision = c.revision, accepted = c.accepted
FROM change AS c
WHERE event.book_id = ? AND event.source = c.source AND event.event_id = c.event_id
 AND event.accepted = 1 AND (event.seq, event.command) < (?, c.command)
"""

# Attributes are those of now; figures go on from what they were.
_ADD_TO_NODE = " ON CONFLICT DO UPDATE SET " + ", ".join(
    [
        *(f"{name} = excluded.{name}" for name in BUDGET_ATTRIBUTES[2:]),
        *(f"{name} = {name} + excluded.{name}" for name in BUDGET_FIGURES),
    ]
)


class _Connection(Protocol):
    isolation_level: str | None
    in_transaction: bool

    def execute(self, sql: str, parameters: Sequence[str | int] = ...) -> Iterator[Row]: ...

    def close(self) -> None: ...


def rows_path(store_file: Path) -> Path:
    """The projection's file beside a store: `book.db` has its rows in `book.rows.db`."""
    return store_file.with_suffix(".rows.db")


class RowProjection:
    """Rows of one book. Calls may come from any thread; they take turns."""

    def __init__(self, path: Path, *, book_id: str) -> None:
        """Opens the file; one that is missing or of another schema is made anew.

        Raises:
            StoreUnavailable: it cannot be opened.
        """
        self.path = path
        self.book_id = book_id
        self._turn = threading.Lock()
        self._dimensions: tuple[str, ...] = ()
        with _translated(path):
            self._connection = _connect(path)
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def position(self) -> tuple[int, bytes]:
        """Position and chain value of the last commit projected; 0 and the genesis if none."""
        with self._turn, _translated(self.path):
            return self._position()

    def apply_commit(self, header: CommitHeader, effects: EffectBatch, *, chain: bytes) -> bool:
        """Projects the commit that follows the position; False if it was projected before.

        Raises:
            InvariantBroken: commits between the position and this one are missing.
        """
        with self._transaction():
            return self._apply(header, effects, chain)

    def catch_up(self, store: CommitStore) -> int:
        """Projects what the log has beyond the position; returns the number of commits.

        Rows of another log, e.g. of a store that was replaced, are thrown away first.
        """
        if store.book_id != self.book_id:
            raise InvariantBroken("projection of another book", self.book_id, store.book_id)
        seq, chain = self.position()
        if seq:
            commit = store.read_one(seq)
            if commit is None or commit.chain != chain:
                self.clear()
                seq = 0
        applied = 0
        commits = store.read(seq + 1)
        following = True
        while following:
            following = False
            events = together = 0
            with self._transaction():
                for commit in commits:
                    _, header, effects = open_commit(commit)
                    applied += self._apply(header, effects, commit.chain)
                    events += effects.tables["commands"].count
                    together += 1
                    if events >= EVENTS_TOGETHER or together >= COMMITS_TOGETHER:
                        following = True
                        break
        return applied

    def clear(self) -> None:
        """Throws the book's rows away; `catch_up` builds them again."""
        with self._transaction():
            for table in TABLES:
                self._connection.execute(
                    f"DELETE FROM {table} WHERE book_id = ?",  # noqa: S608 - our own names
                    (self.book_id,),
                )

    def close(self) -> None:
        """Closes the file."""
        with self._turn:
            self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._turn, _translated(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                crash_point("in_projection")
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # not after a disk error: SQLite has ended it
                    self._connection.execute("ROLLBACK")
                self._dimensions = self._read_dimensions()
                raise

    def _position(self) -> tuple[int, bytes]:
        query = f"SELECT seq, chain FROM {_POSITION} WHERE book_id = ?"  # noqa: S608
        for seq, chain in self._connection.execute(query, (self.book_id,)):
            return int(seq), bytes.fromhex(str(chain))
        return 0, genesis(self.book_id)

    def _apply(self, header: CommitHeader, effects: EffectBatch, chain: bytes) -> bool:
        seq, _ = self._position()
        if header.book_id != self.book_id or header.seq > seq + 1:
            raise InvariantBroken("commit does not follow", header.book_id, header.seq, seq)
        if header.seq <= seq:
            return False
        rows = commit_rows(header, effects)
        self._add_dimensions(rows.line_dimensions)
        for table, new in rows.inserted.items():
            extra = self._own_columns(rows) if table == "voucher_line" else None
            self._insert(table, new, extra=extra)
        for table, new in rows.replaced.items():
            self._insert(table, new, verb="INSERT OR REPLACE")
        self._add_balances(rows)
        if rows.budget_nodes or rows.budget_moves or rows.budget_excesses:
            self._add_budgets(rows)
        self._change_statuses(header.seq, rows.status_changes)
        position: Row = (self.book_id, header.seq, chain.hex())
        self._insert(_POSITION, [position], verb="INSERT OR REPLACE")
        return True

    def _insert(
        self,
        table: str,
        rows: list[Row],
        *,
        verb: str = "INSERT",
        suffix: str = "",
        extra: list[tuple[int, str]] | None = None,
    ) -> None:
        columns = [*TABLES[table][0]]
        if extra is not None:
            width = len(columns)
            wanted = [*range(width), *(width + index for index, _ in extra)]
            if rows and len(wanted) != len(rows[0]):
                rows = [tuple(row[index] for index in wanted) for row in rows]
            columns += [quoted(name) for _, name in extra]
        head = f"{verb} INTO {table} ({', '.join(columns)}) VALUES "
        values = f"({', '.join('?' * len(columns))})"
        chunk = PARAMETERS_MAX // len(columns)
        for start in range(0, len(rows), chunk):
            part = rows[start : start + chunk]
            statement = head + ", ".join([values] * len(part)) + suffix
            self._connection.execute(statement, list(chained.from_iterable(part)))

    def _add_balances(self, rows: CommitRows) -> None:
        new: list[Row] = [(*key, *values) for key, values in rows.balances.items()]
        self._insert(
            "balance",
            new,
            suffix=" ON CONFLICT DO UPDATE SET account_name = excluded.account_name,"
            " debit_minor = debit_minor + excluded.debit_minor,"
            " credit_minor = credit_minor + excluded.credit_minor",
        )

    def _add_budgets(self, rows: CommitRows) -> None:
        """Enters and changes nodes, and adds what moved to them and to the nodes above."""
        named = {str(name) for _, row in rows.budget_nodes for name in (row[1], row[5]) if name}
        named.update(node for _, node, _, _ in rows.budget_moves)
        named.update(node for node, _ in rows.budget_excesses)
        known = self._budget_nodes(named)
        totals = budget_totals(rows, {node: str(row[5]) for node, row in known.items()})
        for _, row in rows.budget_nodes:
            known[str(row[1])] = row
        changed = {str(row[1]) for _, row in rows.budget_nodes} | totals.keys()
        self._insert(
            "budget_node",
            [(*known[node], *totals.get(node, NOTHING_MOVED)) for node in sorted(changed)],
            suffix=_ADD_TO_NODE,
        )

    def _budget_nodes(self, names: Iterable[str]) -> dict[str, Row]:
        """The nodes of these names and all above, by name, without their figures."""
        columns = ", ".join(BUDGET_ATTRIBUTES)
        found: dict[str, Row] = {}
        wanted = sorted(names)
        while wanted:
            above = set()
            for start in range(0, len(wanted), PARAMETERS_MAX - 1):
                part = wanted[start : start + PARAMETERS_MAX - 1]
                marks = ", ".join("?" * len(part))
                query = (
                    f"SELECT {columns} FROM budget_node"  # noqa: S608 - our own names
                    f" WHERE book_id = ? AND node IN ({marks})"
                )
                for row in self._connection.execute(query, [self.book_id, *part]):
                    found[str(row[1])] = row
                    above.add(str(row[5]))
            wanted = sorted(above - found.keys() - {""})
        return found

    def _change_statuses(self, seq: int, changes: list[Row]) -> None:
        for part in _without_repeats(changes):
            values = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?)"] * len(part))
            statement = _CHANGE_STATUSES.format(values=values)
            parameters = [*chained.from_iterable(part), self.book_id, seq]
            self._connection.execute(statement, parameters)

    def _own_columns(self, rows: CommitRows) -> list[tuple[int, str]]:
        return [
            (index, name)
            for index, name in enumerate(rows.line_dimensions)
            if name in self._dimensions
        ]

    def _add_dimensions(self, names: tuple[str, ...]) -> None:
        if set(names) <= set(self._dimensions):
            return
        known = {name.lower() for name in self._dimensions}
        for name in names:
            # Column names ignore case: the second of two such dimensions is in the JSON alone.
            if name.lower() not in known:
                known.add(name.lower())
                self._connection.execute(
                    f"ALTER TABLE voucher_line ADD COLUMN {quoted(name)} TEXT NOT NULL DEFAULT ''"
                )
                self._dimensions = (*self._dimensions, name)
        self._connection.execute("DROP VIEW bi_voucher_line")
        self._connection.execute(line_view(sorted(self._dimensions)))

    def _read_dimensions(self) -> tuple[str, ...]:
        columns = self._connection.execute("SELECT name FROM pragma_table_info('voucher_line')")
        return tuple(str(name) for (name,) in columns if str(name) not in TABLES["voucher_line"][0])

    def _prepare(self) -> None:
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        ((found,),) = execute("PRAGMA user_version")
        if found != PROJECTION_SCHEMA:
            for kind, names in (("VIEW", VIEWS), ("TABLE", TABLES)):
                for name in names:
                    execute(f"DROP {kind} IF EXISTS {name}")
            for statement in create_statements():
                execute(statement)
            execute(f"PRAGMA user_version = {PROJECTION_SCHEMA}")
        execute("COMMIT")
        self._dimensions = self._read_dimensions()


def _connect(path: Path) -> _Connection:
    connection = cast(
        "_Connection",
        pysqlite3.connect(str(path), timeout=BUSY_TIMEOUT_S, check_same_thread=False),
    )
    connection.isolation_level = None
    connection.execute("PRAGMA mmap_size=0")
    connection.execute(f"PRAGMA journal_mode={journal_mode(pysqlite3.sqlite_version_info)}")
    # A power loss may cost the last transactions, never half of one: they are projected again.
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


def _without_repeats(changes: list[Row]) -> Iterator[list[Row]]:
    """Parts in which no event occurs twice, since one statement changes a row once."""
    part: list[Row] = []
    seen: set[tuple[str | int, str | int]] = set()
    for change in changes:
        identity = (change[0], change[1])
        if identity in seen or (len(part) + 1) * len(change) > PARAMETERS_MAX:
            yield part
            part, seen = [], set()
        part.append(change)
        seen.add(identity)
    if part:
        yield part


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except pysqlite3.IntegrityError as error:
        raise InvariantBroken("rows contradict each other", str(path), str(error)) from error
    except pysqlite3.DatabaseError as error:
        text = str(error)
        if "malformed" in text or "not a database" in text:
            raise StoreCorrupt(
                f"the rows in {path} are damaged: {text}; delete the file, it is built again"
            ) from error
        raise StoreUnavailable(f"the rows in {path} cannot be used: {text}") from error
