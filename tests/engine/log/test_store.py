"""A store of commits on SQLite: one appender wins, one process writes, nothing is ever changed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pysqlite3
import pytest

from engine.errors import (
    AppendConflict,
    InvariantBroken,
    StoreCorrupt,
    StoreError,
    StoreUnavailable,
)
from engine.log import CommitStore, genesis, open_store, sqlite_path
from engine.log.store import sqlite_file
from engine.log.store.schema import HEAD_REVISION
from tests.engine.log.samples import BOOK, append, append_expenses, expense_effects, url


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "book.db"


@pytest.fixture
def store(file: Path) -> Iterator[CommitStore]:
    with closing(open_store(url(file), book_id=BOOK)) as opened:
        yield opened


def plain(file: Path) -> contextlib.closing[pysqlite3.Connection]:
    return closing(pysqlite3.connect(file))


def test_an_empty_log_stands_at_its_genesis(store: CommitStore) -> None:
    assert store.head() == (0, genesis(BOOK))
    assert list(store.read()) == []
    assert store.read_one(1) is None
    assert store.integrity_problems() == []


def test_commits_are_read_in_order_and_by_range(store: CommitStore) -> None:
    append_expenses(store, 40)  # more than two pages
    assert [commit.seq for commit in store.read()] == list(range(1, 41))
    assert [commit.seq for commit in store.read(17, 19)] == [17, 18, 19]
    assert [commit.seq for commit in store.read(39)] == [39, 40]
    last = store.read_one(40)
    assert last is not None
    assert store.head() == (40, last.chain)
    assert last.payload_digest == hashlib.sha256(last.payload).digest()


def test_a_reader_sees_commits_while_another_reads_slowly(store: CommitStore) -> None:
    append_expenses(store, 20)
    slow = store.read()
    next(slow)
    append_expenses(store, 1)
    assert [commit.seq for commit in slow] == list(range(2, 22))


def test_the_first_of_two_appenders_wins(file: Path, store: CommitStore) -> None:
    with closing(open_store(url(file), book_id=BOOK)) as other:  # shares the process's lock
        _, chain = store.head()
        store.append(b"{}", b"first", chain, 1)
        with pytest.raises(AppendConflict, match="commit 1 of book C01 is taken"):
            other.append(b"{}", b"second", chain, 1)
        assert [commit.payload for commit in other.read()] == [b"first"]
        other.append(b"{}", b"second", chain, 2)
    assert store.head()[0] == 2


def test_appenders_on_many_threads_leave_one_commit_a_position(file: Path) -> None:
    stores = [open_store(url(file), book_id=BOOK) for _ in range(4)]
    won: list[int] = []

    def race(store: CommitStore) -> None:
        for seq in range(1, 26):
            with contextlib.suppress(AppendConflict):
                store.append(b"{}", str(threading.get_ident()).encode(), bytes(32), seq)
                won.append(seq)

    threads = [threading.Thread(target=race, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == list(range(1, 26))
    for store in stores:
        store.close()


def test_a_commit_must_follow_the_last(store: CommitStore) -> None:
    with pytest.raises(InvariantBroken, match="does not follow"):
        store.append(b"{}", b"", bytes(32), 2)
    with pytest.raises(InvariantBroken, match="not a commit"):
        store.append(b"{}", b"", b"short", 1)


def test_books_of_one_file_have_logs_of_their_own(file: Path, store: CommitStore) -> None:
    append_expenses(store, 2)
    with closing(open_store(url(file), book_id="C02")) as other:
        assert other.head() == (0, genesis("C02"))
        append_expenses(other, 1)
        assert other.head()[0] == 1
    assert store.head()[0] == 2


def test_commits_cannot_be_changed_deleted_or_replaced(file: Path, store: CommitStore) -> None:
    append_expenses(store, 2)
    with plain(file) as connection:
        for statement in (
            "UPDATE log_commit SET payload = x'00'",
            "UPDATE log_commit SET seq = 9 WHERE seq = 2",
            "DELETE FROM log_commit WHERE seq = 2",
            "INSERT OR REPLACE INTO log_commit VALUES ('C01', 2, x'', x'', x'', x'')",
            "INSERT INTO log_commit VALUES ('C01', 4, x'', x'', x'', x'')",
        ):
            with pytest.raises(pysqlite3.IntegrityError, match="log_commit: a commit"):
                connection.execute(statement)


def test_a_second_process_is_refused_and_told_who_writes(file: Path, store: CommitStore) -> None:
    append_expenses(store, 1)
    code = (
        "import sys\n"
        "from engine.errors import StoreLocked\n"
        "from engine.log import open_store\n"
        "store = open_store(sys.argv[1], book_id='C01', read_only=True)\n"
        "print(store.head()[0])\n"
        "store.close()\n"
        "try:\n"
        "    open_store(sys.argv[1], book_id='C01')\n"
        "except StoreLocked as error:\n"
        "    print(error)\n"
    )
    root = str(Path(__file__).resolve().parents[3])
    command = [sys.executable, "-c", code, url(file)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    head, refusal = done.stdout.splitlines()
    assert head == "1"
    assert refusal == (
        f"{file} is being written by process {os.getpid()}; "
        "stop it, or open the store for reading only"
    )


def test_a_forked_child_does_not_keep_the_lock(file: Path) -> None:
    code = (
        "import os, sys, time\n"
        "from engine.log import open_store\n"
        "store = open_store(sys.argv[1], book_id='C01')\n"
        "if os.fork() == 0:\n"
        "    print('forked', flush=True)\n"
        "    sys.stdin.read()\n"  # outlives its parent until the test closes the pipe
        "os._exit(0)\n"
    )
    root = str(Path(__file__).resolve().parents[3])
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code, url(file)],
        cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdin is not None
    assert child.stdout.readline() == "forked\n"
    child.wait()
    open_store(url(file), book_id=BOOK).close()
    child.stdin.close()
    child.stdout.close()


def test_a_closed_store_lets_the_next_one_in(file: Path) -> None:
    for _ in range(2):
        store = open_store(url(file), book_id=BOOK)
        append_expenses(store, 1)
        store.close()
        store.close()
        with pytest.raises(StoreUnavailable, match="closed"):
            store.head()
    with closing(open_store(url(file), book_id=BOOK)) as store:
        assert store.head()[0] == 2


def test_reading_only_needs_an_existing_book(file: Path) -> None:
    with pytest.raises(StoreUnavailable, match="does not exist"):
        open_store(url(file), book_id=BOOK, read_only=True)
    open_store(url(file), book_id=BOOK).close()
    with pytest.raises(StoreUnavailable, match="holds no book C02; it holds: C01"):
        open_store(url(file), book_id="C02", read_only=True)
    with closing(open_store(url(file), book_id=BOOK, read_only=True)) as reader:
        assert reader.read_only
        with pytest.raises(StoreUnavailable, match="reading only"):
            reader.append(b"{}", b"", bytes(32), 1)


def test_the_files_are_private_and_folders_are_made(tmp_path: Path) -> None:
    file = tmp_path / "data" / "books" / "book.db"
    with closing(open_store(url(file), book_id=BOOK)) as store:
        append_expenses(store, 1)
        for name in ("book.db", "book.db-wal"):
            assert stat.S_IMODE(file.with_name(name).stat().st_mode) == 0o600, name


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    for text in ("postgres://x", "sqlite:///", "book.db"):
        with pytest.raises(StoreUnavailable, match="names no store"):
            open_store(text, book_id=BOOK)
    with pytest.raises(StoreUnavailable, match="needs a name"):
        open_store(url(tmp_path / "x.db"), book_id="")
    junk = tmp_path / "junk.db"
    junk.write_bytes(b"not a database at all" * 100)
    for read_only in (True, False):
        with pytest.raises(StoreCorrupt, match="not a database"):
            open_store(url(junk), book_id=BOOK, read_only=read_only)
    empty = tmp_path / "empty.db"
    empty.touch()
    with pytest.raises(StoreUnavailable, match="is no Tongpin store"):
        open_store(url(empty), book_id=BOOK, read_only=True)
    with pytest.raises(StoreUnavailable, match="cannot create"):
        open_store(url(junk / "below.db"), book_id=BOOK)
    assert sqlite_path("sqlite:////abs/x.db") == Path("/abs/x.db")
    assert sqlite_path("sqlite:///x.db") == Path("x.db")


def test_odd_file_names_are_opened_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "账套 #1?mode=ro&x%20.db"
    with closing(open_store(url(file), book_id="账套/一")) as store:
        append_expenses(store, 1)
        assert file.exists()
    with closing(open_store(url(file), book_id="账套/一", read_only=True)) as reader:
        assert reader.head()[0] == 1


def test_durability_is_what_is_promised(file: Path, store: CommitStore) -> None:
    shared = sqlite_file._shared[file.resolve()]
    with shared.write() as connection:
        for pragma, value in (("journal_mode", "wal"), ("synchronous", 2), ("mmap_size", 0)):
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value
    assert pysqlite3.sqlite_version_info >= sqlite_file.SAFE_WAL_VERSION


def test_an_unsafe_library_gets_a_rollback_journal(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sqlite_file.journal_mode((3, 51, 2)) == "DELETE"
    assert sqlite_file.journal_mode((3, 51, 3)) == "WAL"
    monkeypatch.setattr(pysqlite3, "sqlite_version_info", (3, 40, 1))
    with closing(open_store(url(file), book_id=BOOK)) as store:
        append_expenses(store, 3)
        assert not file.with_name("book.db-wal").exists()
    with closing(open_store(url(file), book_id=BOOK, read_only=True)) as reader:
        assert reader.head()[0] == 3


def test_a_commit_that_would_be_a_silent_no_op_is_noticed(
    store: CommitStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        sqlite_file, "driver_connection", lambda _: type("Off", (), {"in_transaction": False})()
    )
    with pytest.raises(InvariantBroken, match="no transaction after BEGIN"):
        append(store, expense_effects(1, 1))
    monkeypatch.undo()
    assert store.head()[0] == 0


def test_a_lock_held_by_another_program_is_reported(file: Path, store: CommitStore) -> None:
    impatient(file)
    with plain(file) as other:
        other.isolation_level = None
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            append(store, expense_effects(1, 1))
        other.execute("ROLLBACK")
    append(store, expense_effects(1, 1))
    assert store.head()[0] == 1


def test_an_append_that_fails_at_its_nth_step_leaves_nothing(
    file: Path, store: CommitStore
) -> None:
    append_expenses(store, 1)
    shared = sqlite_file._shared[file.resolve()]
    assert shared._writer is not None
    with shared._writer.connect() as connection:
        driver = connection.connection.dbapi_connection
    failures = 0
    for steps in range(1, 1000):  # SQLite gives up at exactly this step of its program
        left = iter(range(steps - 1, -1, -1))
        driver.set_progress_handler(lambda left=left: next(left, 1) == 0, 1)
        try:
            append(store, expense_effects(2, 1))
        except StoreUnavailable:
            failures += 1
        finally:
            driver.set_progress_handler(None, 0)
        head_seq, _ = store.head()
        assert [commit.seq for commit in store.read()] == list(range(1, head_seq + 1))
        if head_seq > 1:
            break
        assert not driver.in_transaction
    assert head_seq == 2
    assert failures > 10
    append_expenses(store, 1)


def test_migrations_lead_to_the_declared_schema(file: Path, store: CommitStore) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    from engine.log.store import migrate
    from engine.log.store.schema import metadata

    shared = sqlite_file._shared[file.resolve()]
    with shared.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    assert ScriptDirectory(str(migrate._MIGRATIONS)).get_heads() == [HEAD_REVISION]


def test_a_newer_schema_is_refused(file: Path) -> None:
    open_store(url(file), book_id=BOOK).close()
    with plain(file) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    for read_only in (False, True):
        with pytest.raises(StoreError, match=r"has schema 9999.*newer"):
            open_store(url(file), book_id=BOOK, read_only=read_only)
    with plain(file) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (HEAD_REVISION,))
    open_store(url(file), book_id=BOOK).close()


def test_an_older_schema_is_not_migrated_by_a_reader(file: Path) -> None:
    open_store(url(file), book_id=BOOK).close()
    with plain(file) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(StoreError, match="needs 0001"):
        open_store(url(file), book_id=BOOK, read_only=True)


def test_a_failed_migration_leaves_nothing_behind(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("alembic.runtime.migration.HeadMaintainer.update_to_step", crash_step)
        with pytest.raises(StoreUnavailable, match="stopped"):
            open_store(url(file), book_id=BOOK)
    with plain(file) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    open_store(url(file), book_id=BOOK).close()


def crash_step(*_: object) -> None:
    raise StoreUnavailable("stopped")


def impatient(file: Path) -> None:
    """Shortens the wait for other programs, so that the test need not sit it out."""
    writer = sqlite_file._shared[file.resolve()]._writer
    assert writer is not None
    with writer.connect() as connection:
        sqlite_file.driver_connection(connection).execute("PRAGMA busy_timeout=1")


def test_subject_keys_are_kept_once_and_deleted_for_good(file: Path, store: CommitStore) -> None:
    key = b"a very secret key of 32 bytes..."
    assert store.find_subject_key("E0001") is None
    assert store.add_subject_key("E0001", key) == key
    assert store.add_subject_key("E0001", b"x" * 32) == key
    assert store.find_subject_key("E0001") == key
    with closing(open_store(url(file), book_id="C02")) as other:
        assert other.find_subject_key("E0001") is None
    assert store.forget_subject("E0001")
    assert not store.forget_subject("E0001")
    assert store.find_subject_key("E0001") is None
    for path in file.parent.iterdir():
        assert key not in path.read_bytes(), path.name


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB."""
    mount = tmp_path / "disk"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(mount)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"cannot mount a small disk here: {error}")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


@pytest.mark.slow
def test_a_full_disk_loses_no_acknowledged_commit(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(256 * 1024))
    with closing(open_store(url(small_disk / "book.db"), book_id=BOOK)) as store:
        with pytest.raises(StoreUnavailable, match="full"):
            append_expenses(store, 1000, events=20)
        acks, _ = store.head()
        assert 3 < acks < 1000
        for _ in range(3):  # refused again and again, always wholly
            with pytest.raises(StoreUnavailable, match="full"):
                append_expenses(store, 1, events=20)
            assert [commit.seq for commit in store.read()] == list(range(1, acks + 1))
        ballast.unlink()
        append_expenses(store, 2, events=20)
        assert [commit.seq for commit in store.read()] == list(range(1, acks + 3))
        assert store.integrity_problems() == []
