"""The row projection: every row says what the log says, up to the position it stands at.

Reads the rows in one transaction, so that they stand still while the projector goes on. Posting
is never waited for, nor does it wait.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, cast

import pysqlite3

from engine.calendar import period_from_text
from engine.effects import PeriodState
from engine.log import CommitStore
from engine.log.store.sqlite_file import BUSY_TIMEOUT_S
from engine.projection import rows_path
from engine.projection.rows import CommitRows, Row, commit_rows
from engine.projection.schema import (
    BUDGET_ATTRIBUTES,
    BUDGET_FIGURES,
    PROJECTION_SCHEMA,
    TABLES,
    quoted,
)
from engine.state.book_state import BookState
from engine.state.budgets import NO_FIGURES, BudgetState, Terms
from engine.state.keys import key_ints
from engine.verify.contents import WAITING, Waiting
from engine.verify.report import Mismatch
from engine.verify.view import CommitView

_DIFFERS, _MISSING, _UNEXPECTED = "ROW_DIFFERS", "ROW_MISSING", "ROW_UNEXPECTED"

#: Tables with one row per row of a commit, and the column that counts them there.
_BY_COMMIT = {
    "event": ("command",),
    "voucher": ("voucher",),
    "voucher_line": ("voucher", "line_no"),
    "budget_decision": ("place",),
}

#: Columns of an event that a later command may change.
_CHANGING = ("status", "reason", "message", "revision", "accepted")
_EVENT_COLUMNS = [*TABLES["event"][0]]
_CHANGING_PLACES = [_EVENT_COLUMNS.index(name) for name in _CHANGING]


_WAITING = frozenset(status.name for status in WAITING)

#: Events by source and id.
Places = Mapping[tuple[str, str], Waiting]


class _Connection(Protocol):
    isolation_level: str | None

    def execute(self, sql: str, parameters: Sequence[str | int] = ...) -> Iterable[Row]: ...

    def close(self) -> None: ...


class RowsCheck:
    """The rows of a book on their way along the log."""

    def __init__(self, path: Path, connection: _Connection, book_id: str) -> None:
        """Begins a transaction and reads how far the rows go."""
        self._path = path
        self._connection = connection
        self._book_id = book_id
        self.seq, self._chain = 0, ""
        self.checked = 0
        self._balances: dict[Row, list[object]] = {}
        self._counts = dict.fromkeys(_BY_COMMIT, 0)
        self._changing: dict[tuple[int, int], tuple[str, Row, Row]] = {}
        connection.execute("BEGIN")
        for seq, chain in self._select("projection_position", ("seq", "chain")):
            self.seq, self._chain = int(seq), str(chain)
        columns = connection.execute("SELECT name FROM pragma_table_info('voucher_line')")
        self._dimensions = [
            str(name) for (name,) in columns if str(name) not in TABLES["voucher_line"][0]
        ]

    @classmethod
    def open(cls, store_file: Path, store: CommitStore) -> RowsCheck | None:
        """The rows beside a store, if there are any that this version reads."""
        path = rows_path(store_file)
        if not path.exists():
            return None
        with _translated(path):
            connection = _connect(path)
            try:
                ((version,),) = connection.execute("PRAGMA user_version")
                if version == PROJECTION_SCHEMA:
                    return cls(path, connection, store.book_id)
            except BaseException:
                connection.close()
                raise
            connection.close()
        return None

    def close(self) -> None:
        """Ends the transaction."""
        self._connection.close()

    def check_head(self, head: int) -> None:
        """The rows do not stand behind the end of the log; rows that stand nowhere are none."""
        if self.seq > head:
            raise Mismatch("ROWS_OF_OTHER_LOG", self._path.name, self.seq, f"head {head}", self.seq)
        if not self.seq:
            self._check_counts(0)

    def check_commit(self, view: CommitView, places: Places) -> None:
        """Checks the rows of a commit; `places`: of the events it decides again."""
        if view.seq > self.seq:
            return
        rows = commit_rows(view.header, view.effects)
        with _translated(self._path):
            self._check_events(view, rows)
            self._check_rows(view, "voucher", rows.inserted["voucher"])
            self._check_rows(view, "voucher_line", self._lines(rows))
            self._check_rows(view, "budget_decision", rows.inserted.get("budget_decision", []))
        self._change_statuses(rows, places)
        for key, (name, currency, scale, debit, credit) in rows.balances.items():
            held = self._balances.setdefault(key, [name, currency, scale, 0, 0])
            held[0] = name
            held[3], held[4] = cast("int", held[3]) + debit, cast("int", held[4]) + credit

    def finish(self, state: BookState) -> None:
        """Checks what changes from commit to commit; the state is that of the rows' position."""
        if self._chain != state.chain.hex():
            raise Mismatch("ROWS_OF_OTHER_LOG", "chain", self.seq, state.chain.hex(), self._chain)
        for (seq, _), (name, expected, found) in sorted(self._changing.items()):
            if expected != found:
                shown = [dict(zip(_CHANGING, side, strict=True)) for side in (expected, found)]
                raise Mismatch(_DIFFERS, f"event {name}", seq, *shown)
        with _translated(self._path):
            self._check_balances()
            self._check_targets(state)
            self._check_records(state)
            self._check_periods(state)
            self._check_budget_nodes(state.budgets)
            self._check_counts(self.seq)

    def _check_events(self, view: CommitView, rows: CommitRows) -> None:
        """Compares events; what may change later is put by until the end."""
        expected = rows.inserted["event"]
        found = self._of_commit(view.seq, "event", _EVENT_COLUMNS)
        for row, (wanted, present) in enumerate(zip(expected, found, strict=False)):
            mutable = tuple(present[place] for place in _CHANGING_PLACES)
            original = tuple(wanted[place] for place in _CHANGING_PLACES)
            if original != mutable or original[0] in _WAITING:
                self._changing[view.seq, row] = (view.event(row), original, mutable)
                found[row] = _with(present, original)
        self._compare(view, "event", _EVENT_COLUMNS, expected, found)

    def _check_rows(self, view: CommitView, table: str, expected: list[Row]) -> None:
        columns = [*TABLES[table][0]]
        if table == "voucher_line":
            columns += self._dimensions
        found = self._of_commit(view.seq, table, columns)
        self._compare(view, table, columns, [tuple(row) for row in expected], found)

    def _lines(self, rows: CommitRows) -> list[Row]:
        """Expected lines, with a column for each dimension of the file."""
        lines = rows.inserted.get("voucher_line", [])
        if list(rows.line_dimensions) == self._dimensions:
            return lines
        width = len(TABLES["voucher_line"][0])
        places = {name: width + place for place, name in enumerate(rows.line_dimensions)}
        wanted = [places.get(name, -1) for name in self._dimensions]
        return [
            (*line[:width], *(line[place] if place >= 0 else "" for place in wanted))
            for line in lines
        ]

    def _compare(
        self,
        view: CommitView,
        table: str,
        columns: list[str],
        expected: list[Row],
        found: list[Row],
    ) -> None:
        if expected != found:
            raise _difference(view, table, columns, expected, found)
        self._counts[table] += len(expected)
        self.checked += len(expected)

    def _change_statuses(self, rows: CommitRows, places: Places) -> None:
        for source, event_id, _, status, reason, message, revision, accepted in rows.status_changes:
            event = places[str(source), str(event_id)]
            name, _, found = self._changing[event.seq, event.row]
            self._changing[event.seq, event.row] = (
                name,
                (status, reason, message, revision, accepted),
                found,
            )

    def _check_balances(self) -> None:
        columns = [*TABLES["balance"][0]]
        expected = {key: (*key, *values) for key, values in self._balances.items()}
        self._check_keyed("balance", columns, 5, expected)

    def _check_keyed(
        self, table: str, columns: list[str], key_size: int, expected: dict[Row, tuple[object, ...]]
    ) -> None:
        count = 0
        for row in self._select(table, columns):
            key, count = row[:key_size], count + 1
            if expected.get(key) != row:
                kind = _DIFFERS if key in expected else _UNEXPECTED
                wanted = expected.get(key, ("nothing",))[key_size:] or "nothing"
                raise self._mismatch(kind, table, key[1:], wanted, row[key_size:])
        if count != len(expected):
            raise self._mismatch(_MISSING, table, (), f"{len(expected)} rows", f"{count} rows")
        self.checked += count

    def _check_targets(self, state: BookState) -> None:
        count = 0
        for row in self._select("target_value", ("target", "entity", "key", "value_minor")):
            target, entity, key, value = row
            codes = (state.pool.find(str(entity)), *key_ints(str(key), state.pool.find))
            known = state.targets.get(str(target), {}).get(codes)
            if known != value:
                raise self._mismatch(_DIFFERS, "target_value", row[:3], known, value)
            count += 1
        self._check_count("target_value", sum(map(len, state.targets.values())), count)

    def _check_records(self, state: BookState) -> None:
        count = 0
        for row in self._select(
            "record_value", ("record", "key", "field", "number", "scale", "text")
        ):
            record, key, field, number, scale, text = row
            codes = key_ints(str(key), state.pool.find)
            values = state.records.get(str(record), {}).get(codes)
            known: object = None
            if values is not None and not field:
                known = (0, 0, "")
            elif values is not None and str(field) in values:
                value = values[str(field)]
                known = (*value, "") if isinstance(value, tuple) else (0, 0, state.pool.text(value))
            if known != (number, scale, text):
                raise self._mismatch(_DIFFERS, "record_value", row[:3], known, row[3:])
            count += 1
        wanted = sum(
            1 + len(values) for records in state.records.values() for values in records.values()
        )
        self._check_count("record_value", wanted, count)

    def _check_periods(self, state: BookState) -> None:
        closed = 0
        for entity, period, what in self._select("period_state", ("entity", "period", "state")):
            is_closed = (str(entity), period_from_text(str(period))) in state.closed_periods
            known = PeriodState.CLOSED if is_closed else PeriodState.OPEN
            if what != known.name.lower():
                key: Row = (entity, period)
                raise self._mismatch(_DIFFERS, "period_state", key, known.name.lower(), what)
            closed += is_closed
        self._check_count("period_state", len(state.closed_periods), closed)

    def _check_budget_nodes(self, budgets: BudgetState) -> None:
        """Nodes with figures that were added up again from the log before."""
        columns = (*BUDGET_ATTRIBUTES, *BUDGET_FIGURES)
        count = 0
        for row in self._select("budget_node", columns):
            node, count = str(row[1]), count + 1
            terms = budgets.terms.get(node)
            if terms is None:
                raise self._mismatch(_UNEXPECTED, "budget_node", (node,), "no row", "a row")
            wanted = (
                *_node_row(self._book_id, node, terms),
                *budgets.figures.get(node, NO_FIGURES),
            )
            for column, expected, present in zip(columns, wanted, row, strict=True):
                if expected != present:
                    key = (node, column)
                    raise self._mismatch(_DIFFERS, "budget_node", key, expected, present)
        self._check_count("budget_node", len(budgets.terms), count)

    def _check_counts(self, seq: int) -> None:
        """No table has more rows than the commits gave it."""
        for table, count in self._counts.items():
            query = f"SELECT count(*) FROM {table} WHERE book_id = ?"  # noqa: S608 - our names
            ((found,),) = self._connection.execute(query, (self._book_id,))
            if found != count:
                raise Mismatch(_UNEXPECTED, table, seq, f"{count} rows", f"{found} rows")

    def _check_count(self, table: str, expected: int, found: int) -> None:
        if expected != found:
            raise self._mismatch(_MISSING, table, (), f"{expected} rows", f"{found} rows")
        self.checked += found

    def _mismatch(
        self, kind: str, table: str, key: Sequence[object], expected: object, found: object
    ) -> Mismatch:
        name = " ".join([table, *map(str, key)])
        return Mismatch(kind, name, self.seq, expected, found)

    def _of_commit(self, seq: int, table: str, columns: list[str]) -> list[Row]:
        names = ", ".join(quoted(name) for name in columns)
        order = ", ".join(_BY_COMMIT[table])
        where = f"book_id = ? AND seq = ? ORDER BY {order}"
        query = f"SELECT {names} FROM {table} WHERE {where}"  # noqa: S608 - our names
        return list(self._connection.execute(query, (self._book_id, seq)))

    def _select(self, table: str, columns: Sequence[str]) -> Iterator[Row]:
        query = f"SELECT {', '.join(columns)} FROM {table} WHERE book_id = ?"  # noqa: S608
        yield from self._connection.execute(query, (self._book_id,))


def _node_row(book_id: str, node: str, terms: Terms) -> Row:
    """The columns of `budget_node` before the figures."""
    return (
        book_id,
        node,
        terms.budget,
        json.dumps(terms.path, ensure_ascii=False, separators=(",", ":")),
        terms.period,
        terms.parent,
        terms.control.value,
        int(terms.limited),
        int(terms.closed),
        terms.version,
        terms.override_role,
        terms.scale,
        terms.currency,
    )


def _with(row: Row, changing: Row) -> Row:
    values = list(row)
    for place, value in zip(_CHANGING_PLACES, changing, strict=True):
        values[place] = value
    return tuple(values)


def _difference(
    view: CommitView, table: str, columns: list[str], expected: list[Row], found: list[Row]
) -> Mismatch:
    """Names the first row that differs, and the column if it is there on both sides."""
    key_columns = [columns.index(name) for name in _BY_COMMIT[table]]
    by_key = {tuple(row[place] for place in key_columns): row for row in found}
    for row in expected:
        key = tuple(row[place] for place in key_columns)
        name = f"{table} {_row_name(view, table, row, columns)}"
        present = by_key.pop(key, None)
        if present is None:
            return view.differs(_MISSING, name, "a row", "none")
        for column, wanted, value in zip(columns, row, present, strict=True):
            if wanted != value:
                return view.differs(_DIFFERS, f"{name} {column}", wanted, value)
    extra = next(iter(by_key.values()))
    name = f"{table} {_row_name(view, table, extra, columns)}"
    return view.differs(_UNEXPECTED, name, "no row", "a row")


def _row_name(view: CommitView, table: str, row: Row, columns: list[str]) -> str:
    if table == "event":
        return f"{row[columns.index('source')]}/{row[columns.index('event_id')]}"
    if table == "budget_decision":
        names = ("source", "event_id", "node")
        return " ".join(str(row[columns.index(name)]) for name in names).strip()
    name = str(row[columns.index("name")])
    return f"{name} line {row[columns.index('line_no')]}" if table == "voucher_line" else name


def _connect(path: Path) -> _Connection:
    target = f"file:{path.absolute().as_posix()}?mode=ro"
    connection = cast("_Connection", pysqlite3.connect(target, uri=True, timeout=BUSY_TIMEOUT_S))
    connection.isolation_level = None
    connection.execute("PRAGMA mmap_size=0")
    connection.execute("PRAGMA query_only=ON")
    return connection


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except pysqlite3.DatabaseError as error:
        raise Mismatch("ROWS_UNREADABLE", path.name, 0, "rows", error) from error
