"""Hand-built effects for tests of the log: no rule decided them, but their vouchers balance."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from engine.columns import ColumnTable, ColumnType, EffectBatch, TableSpec
from engine.effects import COMMANDS, EFFECTS_SCHEMA, LINES, VOUCHERS, Status
from engine.log import CommitHeader, CommitStore, LogEntry, append_commit

BOOK = "C01"
SEALED_AT_US = 1_772_668_800_000_000  # 2026-03-05
EVENT_DATE = 20_517  # 2026-03-05 in days since 1970-01-01
LINES_WITH_DIMENSIONS = LINES.with_columns(
    (("dim_department", ColumnType.TEXT), ("dim_项目", ColumnType.TEXT))
)


class Strings:
    """Codes in order of first use."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._codes: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        if not text:
            return -1
        if text not in self._codes:
            self._codes[text] = len(self.texts)
            self.texts.append(text)
        return self._codes[text]


def table(strings: Strings, spec: TableSpec, rows: Sequence[dict[str, object]]) -> ColumnTable:
    """A table from rows by column name; text as text, what is left out absent, 0 or empty."""
    nothing = {ColumnType.TEXT: "", ColumnType.BYTES: b"", ColumnType.PERSONAL: b""}
    unknown = {name for row in rows for name in row} - dict(spec.columns).keys()
    assert not unknown, unknown
    coded = []
    for row in rows:
        values = [row.get(name, nothing.get(kind, 0)) for name, kind in spec.columns]
        coded.append(
            [
                strings(str(value)) if kind is ColumnType.TEXT else value
                for value, (_, kind) in zip(values, spec.columns, strict=True)
            ]
        )
    return ColumnTable.from_rows(spec, coded)


def expense_effects(first: int, count: int) -> EffectBatch:
    """`count` expense claims, each with a voucher of two lines numbered from `first`."""
    strings = Strings()
    numbers = range(first, first + count)
    commands: list[dict[str, object]] = []
    vouchers: list[dict[str, object]] = []
    lines: list[dict[str, object]] = []
    for row, number in enumerate(numbers):
        event_id = f"EXP-{number:06d}"
        content = json.dumps({"amount": f"{number}.00", "id": event_id}).encode()
        event = {"source": "oa", "event_id": event_id, "entity": "C01", "event_date": EVENT_DATE}
        commands.append({
            **event, "type": "expense.approved", "status": int(Status.POSTED),
            "revision": "r1", "principal": "oa", "voucher_count": 1, "content": content,
            "identity": blake2b(event_id.encode(), digest_size=16).digest(),
            "content_hash": blake2b(content, digest_size=16).digest(),
        })  # fmt: skip
        vouchers.append({
            **event, "command": row, "ledger": "GL", "series": "live", "period": 202603,
            "word": "记", "number": number, "voucher_date": EVENT_DATE, "rule": "费用报销",
            "revision": "r1", "summary": f"报销 {event_id}", "state": "posted", "scale": 2,
            "currency": "CNY", "line_count": 2,
        })  # fmt: skip
        shared = {"voucher": row, "dim_department": f"D{number % 3}", "element": -1}
        lines.append({
            **shared, "line_no": 1, "account_code": "6602", "account_name": "管理费用",
            "debit": number * 100, "dim_项目": "P1",
        })  # fmt: skip
        lines.append({
            **shared, "line_no": 2, "account_code": "1002", "account_name": "银行存款",
            "credit": number * 100,
        })  # fmt: skip
    tables = {
        "commands": table(strings, COMMANDS, commands),
        "vouchers": table(strings, VOUCHERS, vouchers),
        "lines": table(strings, LINES_WITH_DIMENSIONS, lines),
    }
    return EffectBatch(strings.texts, tables)


def header(seq: int, *, book_id: str = BOOK, sealed_at_us: int | None = None) -> CommitHeader:
    """A header for a commit of this sequence number; its table list is filled in later."""
    return CommitHeader(
        book_id=book_id,
        seq=seq,
        sealed_at_us=SEALED_AT_US + seq if sealed_at_us is None else sealed_at_us,
        engine_version="0.1.0",
        language_version="1",
        effects_schema=EFFECTS_SCHEMA,
        revisions=("r1",),
        counters={"POSTED": 1},
    )


def append(store: CommitStore, effects: EffectBatch) -> LogEntry:
    """Appends effects behind the head."""
    seq, chain = store.head()
    return append_commit(store, header(seq + 1, book_id=store.book_id), effects, chain)


def append_expenses(store: CommitStore, commits: int, *, events: int = 1) -> None:
    """Appends commits of expense claims that number on from the head."""
    seq, _ = store.head()
    for index in range(seq, seq + commits):
        append(store, expense_effects(index * events + 1, events))


def url(path: Path) -> str:
    """The store URL of a file."""
    return f"sqlite:///{path}"


def tables_equal(one: EffectBatch, other: EffectBatch) -> bool:
    """Whether two batches hold the same strings, columns and values, absent tables as empty."""
    filled = [
        {name: table for name, table in batch.tables.items() if table.count}
        for batch in (one, other)
    ]
    return (
        one.strings == other.strings
        and filled[0].keys() == filled[1].keys()
        and all(
            table.spec == filled[1][name].spec
            and list(table.rows()) == list(filled[1][name].rows())
            for name, table in filled[0].items()
        )
    )
