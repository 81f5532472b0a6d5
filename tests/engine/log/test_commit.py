"""A damaged log is found out, and the finding names the first commit that is wrong."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pysqlite3
import pytest

from engine.errors import StoreCorrupt
from engine.log import (
    CommitStore,
    Finding,
    StoredCommit,
    assemble_commit,
    check_log,
    decode_payload,
    encode_payload,
    genesis,
    open_commit,
    open_store,
    read_log,
)
from tests.engine.log.samples import (
    BOOK,
    append_expenses,
    expense_effects,
    header,
    tables_equal,
    url,
)

COMMITS = 6
SEED = 20_260_305
COLUMNS = ("header", "payload", "chain", "payload_digest")

Tamper = Callable[[pysqlite3.Connection], object]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "book.db"
    with closing(open_store(url(path), book_id=BOOK)) as store:
        append_expenses(store, COMMITS, events=3)
    return path


def tamper(file: Path, change: Tamper) -> None:
    """Changes the log as its owner could, triggers dropped."""
    with closing(pysqlite3.connect(file)) as connection, connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        change(connection)


def first_bad(file: Path) -> Finding | None:
    with closing(open_store(url(file), book_id=BOOK, read_only=True)) as store:
        findings = [entry for entry in check_log(store) if isinstance(entry, Finding)]
    assert len(findings) <= 1
    return findings[0] if findings else None


def rewrite(connection: pysqlite3.Connection, seq: int, **values: bytes) -> None:
    for column, value in values.items():
        connection.execute(f"UPDATE log_commit SET {column} = ? WHERE seq = ?", (value, seq))


def rows(connection: pysqlite3.Connection) -> dict[int, StoredCommit]:
    sql = f"SELECT seq, {', '.join(COLUMNS)} FROM log_commit"
    return {row[0]: StoredCommit(*row) for row in connection.execute(sql)}


def test_a_log_as_written_has_no_finding(file: Path) -> None:
    with closing(open_store(url(file), book_id=BOOK, read_only=True)) as store:
        entries = list(read_log(store))
        assert [entry.header.seq for entry in entries] == list(range(1, COMMITS + 1))
        for index, entry in enumerate(entries):
            assert tables_equal(entry.effects, expense_effects(index * 3 + 1, 3))
            assert entry.commit == store.read_one(index + 1)
        seq, chain = store.head()
        assert (seq, chain) == (COMMITS, entries[-1].commit.chain)
        later = list(check_log(store, after_seq=4, after_chain=entries[3].commit.chain))
        assert [entry.header.seq for entry in later if not isinstance(entry, Finding)] == [5, 6]


@pytest.mark.parametrize("column", COLUMNS)
def test_one_flipped_byte_anywhere_in_a_row_is_found(file: Path, column: str) -> None:
    with closing(pysqlite3.connect(file)) as connection:
        whole = rows(connection)
    chance = random.Random(SEED)
    kinds = set()
    for _ in range(25):
        seq = chance.randrange(1, COMMITS + 1)
        damaged = bytearray(getattr(whole[seq], column))
        damaged[chance.randrange(len(damaged))] ^= chance.randrange(1, 256)
        tamper(file, lambda c, s=seq, d=bytes(damaged): rewrite(c, s, **{column: d}))
        finding = first_bad(file)
        assert finding is not None
        assert finding.seq == seq
        kinds.add(finding.kind)
        tamper(file, lambda c, s=seq: rewrite(c, s, **{column: getattr(whole[s], column)}))
    assert first_bad(file) is None
    assert kinds <= {
        "header": {"HEADER_UNREADABLE", "HEADER_MISMATCH", "CHAIN_BROKEN", "SEALED_AT_DECREASED",
                   "EFFECTS_SCHEMA_UNKNOWN"},
        "payload": {"PAYLOAD_DAMAGED"},
        "chain": {"CHAIN_BROKEN"},
        "payload_digest": {"PAYLOAD_DAMAGED"},
    }[column]  # fmt: skip


def forge(connection: pysqlite3.Connection, effects_of: int, *, fix_chain: bool) -> None:
    """Gives commit 3 other effects and everything that needs no other commit to be right."""
    held = rows(connection)
    payload = encode_payload(expense_effects(effects_of, 3))
    rewrite(connection, 3, payload=payload, payload_digest=hashlib.sha256(payload).digest())
    if fix_chain:
        _, forged = assemble_commit(header(3), decode_payload(payload), held[2].chain)
        rewrite(connection, 3, chain=forged.chain)


def test_a_forged_amount_breaks_the_chain(file: Path) -> None:
    tamper(file, lambda connection: forge(connection, 100, fix_chain=False))
    finding = first_bad(file)
    assert finding is not None
    assert (finding.kind, finding.seq, finding.key) == ("CHAIN_BROKEN", 3, BOOK)


def test_a_forged_amount_with_its_own_chain_breaks_the_next_link(file: Path) -> None:
    tamper(file, lambda connection: forge(connection, 100, fix_chain=True))
    finding = first_bad(file)
    assert finding is not None
    assert (finding.kind, finding.seq) == ("CHAIN_BROKEN", 4)


def test_a_deleted_commit_is_missing(file: Path) -> None:
    tamper(file, lambda connection: connection.execute("DELETE FROM log_commit WHERE seq = 3"))
    assert first_bad(file) == Finding("COMMIT_MISSING", BOOK, 3, "3", "4")


def test_a_deleted_commit_with_the_gap_closed_is_found(file: Path) -> None:
    def close_gap(connection: pysqlite3.Connection) -> None:
        connection.execute("DELETE FROM log_commit WHERE seq = 3")
        for seq in range(4, COMMITS + 1):
            connection.execute("UPDATE log_commit SET seq = ? WHERE seq = ?", (seq - 1, seq))

    tamper(file, close_gap)
    finding = first_bad(file)
    assert finding is not None
    assert (finding.kind, finding.seq, finding.expected, finding.found) == (
        "HEADER_MISMATCH", 3, "C01 3", "C01 4",
    )  # fmt: skip


def test_two_commits_that_changed_places_are_found(file: Path) -> None:
    def swap(connection: pysqlite3.Connection) -> None:
        for old, new in ((2, 99), (4, 2), (99, 4)):
            connection.execute("UPDATE log_commit SET seq = ? WHERE seq = ?", (new, old))

    tamper(file, swap)
    finding = first_bad(file)
    assert finding is not None
    assert (finding.kind, finding.seq) == ("HEADER_MISMATCH", 2)


def test_a_commit_of_another_book_is_found(file: Path) -> None:
    with closing(open_store(url(file), book_id="C02")) as other:
        append_expenses(other, 1, events=3)
    tamper(
        file,
        lambda connection: connection.execute(
            "UPDATE log_commit SET book_id = 'C01', seq = 7 WHERE book_id = 'C02'"
        ),
    )
    finding = first_bad(file)
    assert finding is not None
    assert (finding.kind, finding.seq, finding.found) == ("HEADER_MISMATCH", 7, "C02 1")


class Memory:
    """Commits in memory, for logs that no store would take."""

    book_id = BOOK

    def __init__(self, commits: list[StoredCommit]) -> None:
        self.commits = commits

    def read(self, first_seq: int = 1, last_seq: int | None = None) -> Iterator[StoredCommit]:
        return (commit for commit in self.commits if commit.seq >= first_seq)


def check(*commits: StoredCommit) -> Finding | None:
    store: CommitStore = Memory(list(commits))  # type: ignore[assignment]
    last = list(check_log(store))[-1]
    return last if isinstance(last, Finding) else None


def test_a_clock_that_went_back_is_found() -> None:
    effects = expense_effects(1, 1)
    _, first = assemble_commit(header(1, sealed_at_us=500), effects, genesis(BOOK))
    _, same = assemble_commit(header(2, sealed_at_us=500), effects, first.chain)
    _, back = assemble_commit(header(3, sealed_at_us=499), effects, same.chain)
    assert check(first, same) is None
    assert check(first, same, back) == Finding("SEALED_AT_DECREASED", BOOK, 3, ">= 500", "499")


def test_what_a_later_version_wrote_is_named() -> None:
    later = replace(header(1), effects_schema=99)
    _, commit = assemble_commit(later, expense_effects(1, 1), genesis(BOOK))
    finding = check(commit)
    assert finding is not None
    assert (finding.kind, finding.found) == ("EFFECTS_SCHEMA_UNKNOWN", "99")


def test_a_payload_that_is_none_is_named() -> None:
    _, commit = assemble_commit(header(1), expense_effects(1, 1), genesis(BOOK))
    junk = replace(commit, payload=b"junk", payload_digest=hashlib.sha256(b"junk").digest())
    finding = check(junk)
    assert finding is not None
    assert finding.kind == "PAYLOAD_UNREADABLE"
    with pytest.raises(StoreCorrupt, match="cannot be read"):
        open_commit(junk)
    with pytest.raises(StoreCorrupt, match="payload of commit 1 is damaged"):
        open_commit(replace(commit, payload=b"junk"))


def test_a_header_that_counts_other_rows_is_named() -> None:
    _, commit = assemble_commit(header(1), expense_effects(1, 1), genesis(BOOK))
    payload = encode_payload(expense_effects(1, 2))
    other = replace(commit, payload=payload, payload_digest=hashlib.sha256(payload).digest())
    finding = check(other)
    assert finding is not None
    assert finding.kind == "HEADER_MISMATCH"


def test_reading_a_damaged_log_stops_with_the_finding(file: Path) -> None:
    tamper(file, lambda connection: connection.execute("DELETE FROM log_commit WHERE seq = 3"))
    with closing(open_store(url(file), book_id=BOOK, read_only=True)) as store:
        entries = read_log(store)
        assert [next(entries).commit.seq, next(entries).commit.seq] == [1, 2]
        with pytest.raises(StoreCorrupt, match="COMMIT_MISSING in C01 at commit 3: expected 3"):
            next(entries)
