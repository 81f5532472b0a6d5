"""The other design: events, vouchers and lines as indexed rows of SQLite, written in earnest.

Tuned as far as the promises allow: WAL with synchronous=FULL, one transaction a batch, prepared
executemany, a page cache that holds the indexes, WITHOUT ROWID where the key is the row's place.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pysqlite3

from engine.columns import EffectBatch
from engine.effects import COMMANDS, DIMENSION_PREFIX, LINES, VOUCHERS

_SCHEMA = """
CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL, event_id TEXT NOT NULL,
    type TEXT NOT NULL, entity TEXT NOT NULL, event_date INTEGER NOT NULL,
    status INTEGER NOT NULL, reason TEXT NOT NULL, message TEXT NOT NULL,
    revision TEXT NOT NULL, principal TEXT NOT NULL,
    content_hash BLOB NOT NULL, content BLOB NOT NULL
);
CREATE UNIQUE INDEX event_name ON event (source, event_id);
CREATE TABLE voucher (
    id INTEGER PRIMARY KEY,
    event INTEGER NOT NULL,
    entity TEXT NOT NULL, ledger TEXT NOT NULL, period INTEGER NOT NULL,
    word TEXT NOT NULL, series TEXT NOT NULL, number INTEGER NOT NULL,
    voucher_date INTEGER NOT NULL, event_date INTEGER NOT NULL,
    rule TEXT NOT NULL, revision TEXT NOT NULL, summary TEXT NOT NULL,
    state TEXT NOT NULL, scale INTEGER NOT NULL, currency TEXT NOT NULL
);
CREATE UNIQUE INDEX voucher_name ON voucher (entity, ledger, period, word, series, number);
CREATE TABLE voucher_line (
    voucher INTEGER NOT NULL, line_no INTEGER NOT NULL,
    event INTEGER NOT NULL,
    account_code TEXT NOT NULL, account_name TEXT NOT NULL, period INTEGER NOT NULL,
    debit INTEGER NOT NULL, credit INTEGER NOT NULL,
    project TEXT, dimensions TEXT NOT NULL,
    rule_line INTEGER NOT NULL, element INTEGER NOT NULL,
    PRIMARY KEY (voucher, line_no)
) WITHOUT ROWID;
CREATE INDEX line_account ON voucher_line (account_code, period);
CREATE INDEX line_project ON voucher_line (project) WHERE project IS NOT NULL;
CREATE INDEX line_event ON voucher_line (event);
"""

_INSERTS = tuple(
    f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})"
    for table, columns in (("event", 13), ("voucher", 16), ("voucher_line", 12))
)

#: Page cache of the writing connection, in KiB.
_CACHE_KIB = 512 * 1024

Row = Sequence[object]


@dataclass(slots=True)
class RowBatch:
    """Rows of one batch, keys given out already."""

    events: list[Row] = field(default_factory=list)
    vouchers: list[Row] = field(default_factory=list)
    lines: list[Row] = field(default_factory=list)


class IndexedRows:
    """A file of indexed rows."""

    def __init__(self, path: Path) -> None:
        """Creates the file and its tables."""
        self.path = path
        self._connection = pysqlite3.connect(str(path), cached_statements=64)
        self._connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            f"cache_size=-{_CACHE_KIB}",
            "temp_store=MEMORY",
            "wal_autocheckpoint=4000",
        ):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(_SCHEMA)

    def append(self, rows: RowBatch) -> None:
        """Writes a batch in one transaction, durable when it returns."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        for insert, part in zip(_INSERTS, (rows.events, rows.vouchers, rows.lines), strict=True):
            connection.executemany(insert, part)
        connection.execute("COMMIT")
        if connection.in_transaction:
            raise RuntimeError("the transaction is still open")

    def voucher(self, name: str) -> tuple[Row, list[Row]]:
        """A voucher and its lines by name (of the live series)."""
        entity, ledger, period, word, number = name.split("/")
        key = (entity, ledger, int(period.replace("-", "")), word, "live", int(number))
        voucher = self._connection.execute(
            "SELECT * FROM voucher WHERE (entity, ledger, period, word, series, number)"
            " = (?, ?, ?, ?, ?, ?)",
            key,
        ).fetchone()
        lines = self._connection.execute(
            "SELECT * FROM voucher_line WHERE voucher = ? ORDER BY line_no", (voucher[0],)
        ).fetchall()
        return voucher, lines

    def close(self) -> None:
        """Moves the WAL into the file and closes it."""
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()


def count_rows(path: Path) -> tuple[int, int, int]:
    """Events, vouchers and lines in a file, read by a connection of its own."""
    connection = pysqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        events, vouchers, lines = (
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("event", "voucher", "voucher_line")
        )
    finally:
        connection.close()
    return events, vouchers, lines


def rows_of(effects: EffectBatch, first_event: int, first_voucher: int) -> RowBatch:
    """The rows a commit's effects stand for."""
    commands = effects.tables[COMMANDS.name]
    texts = {
        name: effects.text(COMMANDS.name, name)
        for name in (
            "source",
            "event_id",
            "type",
            "entity",
            "reason",
            "message",
            "revision",
            "principal",
        )
    }
    count = commands.count
    events = zip(
        range(first_event, first_event + count),
        texts["source"],
        texts["event_id"],
        texts["type"],
        texts["entity"],
        commands.ints("event_date").tolist(),
        commands.ints("status").tolist(),
        texts["reason"],
        texts["message"],
        texts["revision"],
        texts["principal"],
        commands.blobs("content_hash"),
        commands.blobs("content"),
        strict=True,
    )
    batch = RowBatch(events=list(events))
    if VOUCHERS.name in effects.tables:
        batch.vouchers = list(_vouchers(effects, first_event, first_voucher))
        batch.lines = list(_lines(effects, batch.vouchers, first_voucher))
    return batch


def _vouchers(effects: EffectBatch, first_event: int, first_voucher: int) -> Iterable[Row]:
    table = effects.tables[VOUCHERS.name]

    def text(name: str) -> list[str]:
        return effects.text(VOUCHERS.name, name)

    return zip(
        range(first_voucher, first_voucher + table.count),
        (table.ints("command") + first_event).tolist(),
        text("entity"),
        text("ledger"),
        table.ints("period").tolist(),
        text("word"),
        text("series"),
        table.ints("number").tolist(),
        table.ints("voucher_date").tolist(),
        table.ints("event_date").tolist(),
        text("rule"),
        text("revision"),
        text("summary"),
        text("state"),
        table.ints("scale").tolist(),
        text("currency"),
        strict=True,
    )


def _lines(effects: EffectBatch, vouchers: list[Row], first_voucher: int) -> Iterable[Row]:
    table = effects.tables[LINES.name]
    names = [name for name, _ in table.spec.columns if name.startswith(DIMENSION_PREFIX)]
    texts = [effects.text(LINES.name, name) for name in names]
    wires = [name.removeprefix(DIMENSION_PREFIX) for name in names]
    carried = dict(zip(wires, texts, strict=True))
    projects = carried.pop("project", [""] * table.count)
    wires = list(carried)
    for row, (owner, line_no, code, account, debit, credit, rule_line, element) in enumerate(
        zip(
            table.ints("voucher").tolist(),
            table.ints("line_no").tolist(),
            effects.text(LINES.name, "account_code"),
            effects.text(LINES.name, "account_name"),
            table.ints("debit").tolist(),
            table.ints("credit").tolist(),
            table.ints("rule_line").tolist(),
            table.ints("element").tolist(),
            strict=True,
        )
    ):
        voucher = vouchers[owner]
        others = {wire: carried[wire][row] for wire in wires if carried[wire][row]}
        yield (
            first_voucher + owner,
            line_no,
            voucher[1],
            code,
            account,
            voucher[4],
            debit,
            credit,
            projects[row] or None,
            json.dumps(others, ensure_ascii=False) if others else "",
            rule_line,
            element,
        )
