"""Reads a book's file as a stranger would, and says what is wrong with it.

Imports nothing of the project: SQLite, Arrow and SHA-256 alone, so that it can contradict it. What
it knows of the format is written in `engine/log/chain.py`, `codec.py` and `engine/effects.py`, what
it knows of the voucher digest in the public contract.

python -m tests.crash.reader BOOK.db [--answers FILE] [--events FILE]: prints JSON; exit code 1 if
there is a problem. `--answers`: what clients were told, one JSON object a line. `--events`: what
was sent; all of it must be there.
"""

# The stubs of pyarrow do not know what an array of a list or a structure can do.
# mypy: disable-error-code="attr-defined, index, type-arg"

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

try:
    import pysqlite3 as sqlite3
except ImportError:
    import sqlite3

TABLES = (
    "commands", "vouchers", "lines", "reads", "targets", "records", "periods", "status_changes",
    "call_results", "revisions", "personal",
)  # fmt: skip
STATUSES = (
    "", "POSTED", "NO_POSTING", "PENDING_REVIEW", "HELD", "UNPOSTED", "REJECTED_BUDGET",
    "REJECTED_RULE", "DUPLICATE", "CONFLICT", "INVALID", "GROUP_FAILED", "NOT_ATTEMPTED",
    "WITHDRAWN",
)  # fmt: skip
ACCEPTED = frozenset(STATUSES[1:6])
WIDTHS = {"i64": "<i8", "i32": "<i4", "u8": "u1", "text": "<i4"}
EPOCH = datetime.date(1970, 1, 1)

Row = dict[str, Any]


class Book:
    """What was found in a file: events and vouchers by name, and problems in words."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.commits = 0
        self.head = ""
        self.events: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {}
        self.vouchers: dict[str, int] = {}
        self.digest_lines: list[tuple[tuple[Any, ...], str]] = []
        self.offsets: dict[str, int] = {}

    def bad(self, problem: str) -> None:
        """Notes a problem; the first few are enough."""
        if len(self.problems) < 20:
            self.problems.append(problem)

    def voucher_digest(self) -> str:
        """The digest of the contract, over everything in the log."""
        digest = hashlib.sha256()
        for _, line in sorted(self.digest_lines):
            digest.update(line.encode())
        return digest.hexdigest()


def read_book(file: Path, book_id: str = "main") -> Book:
    """Reads and checks the whole log."""
    book = Book()
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        answer = connection.execute("PRAGMA integrity_check").fetchall()
        if answer != [("ok",)]:
            book.bad(f"the database finds itself damaged: {answer[0][0]}")
        rows = connection.execute(
            "SELECT seq, header, payload, chain, payload_digest FROM log_commit"
            " WHERE book_id = ? ORDER BY seq",
            (book_id,),
        )
        chain = hashlib.sha256(b"tongpin book\0" + book_id.encode()).digest()
        last_numbers: Counter[tuple[str, ...]] = Counter()
        for expected, (seq, header, payload, stored, digest) in enumerate(rows, start=1):
            if seq != expected:
                book.bad(f"commit {expected} is missing")
                break
            if hashlib.sha256(payload).digest() != digest:
                book.bad(f"the payload of commit {seq} is not the one whose digest is kept")
            record = open_payload(payload)
            chain = hashlib.sha256(chain + header + columns_digest(record)).digest()
            if chain != stored:
                book.bad(f"the chain is broken at commit {seq}")
                break
            if json.loads(header)["seq"] != seq:
                book.bad(f"the header of commit {seq} is of another")
            _take_in(book, seq, record, last_numbers)
            book.commits, book.head = seq, chain.hex()
    return book


# ---------------------------------------------------------------- bytes


def open_payload(payload: bytes) -> pa.RecordBatch:
    """A payload is a zstd frame around one Arrow stream of one batch of one row."""
    with pa.input_stream(pa.py_buffer(payload), compression="zstd") as stream:
        return pa.ipc.open_stream(stream).read_next_batch()


def columns_digest(record: pa.RecordBatch) -> bytes:
    """SHA-256 of the canonical bytes: the strings, then each table that has rows."""
    digest = hashlib.sha256()
    strings = record.column(0).flatten()
    digest.update(len(strings).to_bytes(8, "little"))
    digest.update(_blobs([text.encode() for text in strings.to_pylist()]))
    for name in TABLES:
        if name not in record.schema.names:
            continue
        rows = record.column(record.schema.names.index(name)).flatten()
        if not len(rows):
            continue
        digest.update(_name(name) + rows.type.num_fields.to_bytes(4, "little"))
        kinds = [_kind(rows.type.field(place)) for place in range(rows.type.num_fields)]
        for place, kind in enumerate(kinds):
            digest.update(_name(rows.type.field(place).name) + _name(kind))
        digest.update(len(rows).to_bytes(8, "little"))
        for place, kind in enumerate(kinds):
            values = rows.field(place)
            if kind in WIDTHS:
                digest.update(values.to_numpy(zero_copy_only=False).astype(WIDTHS[kind]).tobytes())
            else:
                digest.update(_blobs(values.to_pylist()))
    return digest.digest()


def _kind(field: pa.Field) -> str:
    kind: str = field.metadata[b"tongpin.type"].decode()
    return kind


def _name(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(4, "little") + encoded


def _blobs(values: list[bytes]) -> bytes:
    ends = np.cumsum([0, *map(len, values)], dtype="<i8")
    return ends.tobytes() + b"".join(values)


# ---------------------------------------------------------------- meaning


def _rows(record: pa.RecordBatch, table: str) -> list[Row]:
    """Rows of a table, texts decoded; absent text is empty."""
    if table not in record.schema.names:
        return []
    texts = [*record.column(0).flatten().to_pylist(), ""]
    rows = record.column(record.schema.names.index(table)).flatten()
    columns: dict[str, list[Any]] = {}
    for place in range(rows.type.num_fields):
        field = rows.type.field(place)
        values = rows.field(place).to_pylist()
        columns[field.name] = [texts[v] for v in values] if _kind(field) == "text" else values
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _take_in(
    book: Book, seq: int, record: pa.RecordBatch, last_numbers: Counter[tuple[str, ...]]
) -> None:
    vouchers = _rows(record, "vouchers")
    names = [_take_voucher(book, seq, voucher, last_numbers) for voucher in vouchers]
    _take_lines(book, vouchers, names, _rows(record, "lines"))
    made: dict[tuple[int, str, str], list[str]] = {}
    for voucher, name in zip(vouchers, names, strict=True):
        key = (voucher["command"], voucher["source"], voucher["event_id"])
        made.setdefault(key, []).append(name)
    for row, command in enumerate(_rows(record, "commands")):
        if (command["source"], command["event_id"]) in book.events and _is_accepted(command):
            book.bad(f"event {_event(command)} is there twice, again in commit {seq}")
        _take_event(book, row, command, made)
    for change in _rows(record, "status_changes"):
        _take_event(book, change["command"], change, made)
    for _, source, event_id in made:
        book.bad(f"vouchers of {source}/{event_id} in commit {seq} belong to no event")
    _take_offsets(book, seq, record)


def _take_voucher(
    book: Book, seq: int, voucher: Row, last_numbers: Counter[tuple[str, ...]]
) -> str:
    period = f"{voucher['period'] // 100:04d}-{voucher['period'] % 100:02d}"
    voucher["period"] = period
    key = tuple(voucher[name] for name in ("entity", "ledger", "series", "period", "word"))
    last_numbers[key] += 1
    series = "" if voucher["series"] == "live" else f"{voucher['series']}-"
    name = "/".join([*key[:2], *key[3:], f"{series}{voucher['number']}"])
    if voucher["number"] != last_numbers[key]:
        book.bad(f"voucher {name} in commit {seq} should have number {last_numbers[key]}")
    if name in book.vouchers:
        book.bad(f"voucher {name} is in commits {book.vouchers[name]} and {seq}")
    book.vouchers[name] = seq
    return name


def _take_lines(book: Book, vouchers: list[Row], names: list[str], lines: list[Row]) -> None:
    sums, counts = [0] * len(vouchers), [0] * len(vouchers)
    for line in lines:
        owner = line["voucher"]
        sums[owner] += line["debit"] - line["credit"]
        counts[owner] += 1
        if line["line_no"] != counts[owner] or (line["debit"] != 0) == (line["credit"] != 0):
            book.bad(f"line {line['line_no']} of voucher {names[owner]} is not in order")
        voucher = vouchers[owner]
        key = tuple(
            voucher[name].encode() for name in ("entity", "ledger", "series", "period", "word")
        )
        place = (*key, voucher["number"], line["line_no"])
        book.digest_lines.append((place, _digest_line(voucher, line)))
    for voucher, name, total, count in zip(vouchers, names, sums, counts, strict=True):
        if total or count != voucher["line_count"]:
            book.bad(f"voucher {name} is half there: {count} lines, off by {total}")


def _digest_line(voucher: Row, line: Row) -> str:
    scale = voucher["scale"]
    foreign = [line["fc_debit"], line["fc_credit"]]
    values = [
        *(voucher[name] for name in ("entity", "ledger", "series", "period", "word", "number")),
        line["line_no"],
        *(_day(voucher[name]) for name in ("voucher_date", "event_date")),
        voucher["source"],
        voucher["event_id"],
        line["account_code"],
        _amount(line["debit"], scale),
        _amount(line["credit"], scale),
        line["currency"],
        *(_amount(minor, scale) if line["currency"] else "" for minor in foreign),
        line["rate"],
    ]
    dimensions = sorted(name for name in line if name.startswith("dim_") and line[name])
    values += [f"{name[4:]}={line[name]}" for name in dimensions]
    return "\t".join(map(str, [*values, voucher["reverses"]])) + "\n"


def _day(days: int) -> str:
    return (EPOCH + datetime.timedelta(days=days)).isoformat()


def _amount(minor: int, scale: int) -> str:
    digits = str(abs(minor)).rjust(scale + 1, "0")
    sign = "-" if minor < 0 else ""
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else f"{sign}{digits}"


def _take_event(
    book: Book, command: int, row: Row, made: dict[tuple[int, str, str], list[str]]
) -> None:
    """Notes what became of an event, now or by a later command."""
    name = (row["source"], row["event_id"])
    status = STATUSES[row["status"]]
    if status == "WITHDRAWN":
        book.events.pop(name, None)
    if not _is_accepted(row):
        return
    vouchers = tuple(made.pop((command, *name), ()))
    if (status == "POSTED") != bool(vouchers):
        book.bad(f"event {_event(row)} is {status} with {len(vouchers)} vouchers")
    book.events[name] = (status, vouchers)


def _is_accepted(row: Row) -> bool:
    return STATUSES[row["status"]] in ACCEPTED


def _event(row: Row) -> str:
    return f"{row['source']}/{row['event_id']}"


def _take_offsets(book: Book, seq: int, record: pa.RecordBatch) -> None:
    found: dict[str, set[int]] = {}
    for table in ("commands", "call_results"):
        for row in _rows(record, table):
            if row["stream"].startswith("s:"):
                found.setdefault(row["stream"], set()).add(row["offset"])
    for stream, offsets in found.items():
        first = book.offsets.get(stream, 0) + 1
        if sorted(offsets) != list(range(first, first + len(offsets))):
            book.bad(f"stream {stream} goes from offset {first - 1} to {sorted(offsets)} in {seq}")
        book.offsets[stream] = max(offsets)


# ---------------------------------------------------------------- what was said and sent


def compare_answers(book: Book, answers: Iterator[Row]) -> int:
    """What a client was told is in the book, as it was told; gives the events answered."""
    told = 0
    for answer in answers:
        for source, event_id, status, vouchers in answer["results"]:
            told += 1
            known = book.events.get((source, event_id))
            if status == "DUPLICATE":
                book.bad(f"event {source}/{event_id} was answered as a duplicate")
            elif status in ACCEPTED and known != (status, tuple(vouchers)):
                book.bad(
                    f"event {source}/{event_id} was answered {status} {vouchers}, "
                    f"in the book it is {known}"
                )
    return told


def compare_events(book: Book, events: Iterator[Row]) -> int:
    """All that was sent is in the book, and nothing else but the service's own commands."""
    sent = {(event["source"], event["id"]) for event in events}
    own = {name for name in book.events if name[0] != "tongpin"}
    for name in sorted(sent - own)[:3]:
        book.bad(f"event {'/'.join(name)} was sent and is not in the book")
    for name in sorted(own - sent)[:3]:
        book.bad(f"event {'/'.join(name)} is in the book and was never sent")
    return len(sent)


def read_lines(path: Path) -> Iterator[Row]:
    """JSON objects of a file, one a line."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"}\n"):  # a client killed in the middle of its note left half of it
                yield json.loads(line)


def main() -> int:
    """Prints what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.reader", description=__doc__)
    parser.add_argument("book", type=Path)
    parser.add_argument("--answers", type=Path)
    parser.add_argument("--events", type=Path)
    arguments = parser.parse_args()
    book = read_book(arguments.book)
    found: dict[str, object] = {"commits": book.commits, "events": len(book.events)}
    if arguments.answers is not None and arguments.answers.exists():
        found["answered"] = compare_answers(book, read_lines(arguments.answers))
    if arguments.events is not None:
        found["sent"] = compare_events(book, read_lines(arguments.events))
    found |= {
        "vouchers": len(book.vouchers),
        "voucher_digest": book.voucher_digest(),
        "head": book.head,
        "problems": book.problems,
    }
    print(json.dumps(found, ensure_ascii=False))
    return 1 if book.problems else 0


if __name__ == "__main__":
    sys.exit(main())
