"""One SQLite file as this process holds it: lock, one writing connection, reading connections.

Several books of one file share it. SQLite has two traps this module is built around. Versions
before 3.51.3 can corrupt a file in WAL mode when two connections write and checkpoint at once, so
one connection does both and older libraries get a rollback journal. And a driver left in
autocommit makes COMMIT a silent no-op, so transactions are begun and ended in SQL and checked.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, cast
from urllib.parse import quote

import pysqlite3
import sqlalchemy as sa
from sqlalchemy.pool import QueuePool, StaticPool

from engine.errors import InvariantBroken, StoreCorrupt, StoreError, StoreUnavailable
from engine.log.durable import create_file
from engine.log.store.lock import FileLock
from engine.log.store.migrate import migrate, newer_schema, schema_revision
from engine.log.store.schema import HEAD_REVISION

#: First version in which two connections cannot corrupt a WAL by resetting it at once.
SAFE_WAL_VERSION = (3, 51, 3)
#: How long a statement waits for a lock that another program holds on the file.
BUSY_TIMEOUT_S = 5
#: Reading connections of one file; further readers wait for one.
READERS_MAX = 8
#: After a checkpoint the WAL file is cut to this size.
WAL_SIZE_LIMIT_BYTES = 64 * 1024 * 1024


class DriverConnection(Protocol):
    """The part of a pysqlite3 connection used here."""

    in_transaction: bool
    isolation_level: str | None

    def execute(self, sql: str) -> object:
        """Runs a statement."""
        ...


class SqliteFile:
    """An open SQLite file; use `share_file` to get one."""

    def __init__(self, path: Path, *, read_only: bool) -> None:
        """Locks, creates and migrates the file, or only opens it for reading."""
        self.path = path
        self.users = 0
        self.read_only = read_only
        self._writing = threading.Lock()
        self._lock: FileLock | None = None
        self._writer: sa.Engine | None = None
        self._readers: sa.Engine | None = None
        try:
            if not read_only:
                self._open_writer()
            self._open_readers()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction on the writing connection, durable when the block ends."""
        if self._writer is None:
            raise StoreUnavailable(f"{self.path} was opened for reading only")
        with self._writing, translated(self.path), self._writer.connect() as connection:
            driver = driver_connection(connection)
            with connection.begin():
                if not driver.in_transaction:
                    raise InvariantBroken("no transaction after BEGIN", str(self.path))
                yield connection
            if driver.in_transaction:
                raise InvariantBroken("transaction still open after COMMIT", str(self.path))

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A reading connection."""
        if self._readers is None:
            raise StoreUnavailable(f"{self.path} is closed")
        with translated(self.path), self._readers.connect() as connection:
            yield connection

    def truncate_wal(self) -> None:
        """Moves everything from the WAL into the file, so that nothing deleted stays in it."""
        if self._writer is None:
            raise StoreUnavailable(f"{self.path} was opened for reading only")
        with self._writing, translated(self.path), self._writer.connect() as connection:
            driver_connection(connection).execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Closes every connection, then gives the lock back."""
        for engine in (self._readers, self._writer):
            if engine is not None:
                engine.dispose()
        self._readers = self._writer = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _open_writer(self) -> None:
        try:
            create_file(self.path)
        except OSError as error:
            raise StoreUnavailable(f"cannot create {self.path}: {error.strerror}") from error
        self._lock = FileLock(self.path)
        self._writer = sqlite_engine(self.path, read_only=False)
        with self.write() as connection:
            migrate(connection)

    def _open_readers(self) -> None:
        if not self.path.exists():
            raise StoreUnavailable(f"the store {self.path} does not exist")
        self._readers = sqlite_engine(self.path, read_only=True)
        with self.read() as connection:
            found = schema_revision(connection)
        if found is None:
            raise StoreUnavailable(f"{self.path} is no Tongpin store")
        if found > HEAD_REVISION:
            raise StoreError(newer_schema(found))
        if found != HEAD_REVISION:
            raise StoreError(
                f"the store {self.path} has schema {found} and needs {HEAD_REVISION}; "
                "open it once for writing, e.g. with `tongpin serve`, to migrate it"
            )


_shared: dict[Path, SqliteFile] = {}
_sharing = threading.Lock()


def share_file(path: Path, *, read_only: bool) -> SqliteFile:
    """The file as already held by this process, or newly opened; give it back by `release_file`.

    Books of one file share lock and writing connection; a reader always has connections of its
    own, since it must be openable beside a writer.
    """
    if read_only:
        file = SqliteFile(path, read_only=True)
        file.users = 1
        return file
    with _sharing:
        key = path.resolve()
        shared = _shared.get(key)
        if shared is None:
            shared = _shared[key] = SqliteFile(path, read_only=False)
        shared.users += 1
        return shared


def release_file(file: SqliteFile) -> None:
    """Closes the file when its last user gives it back."""
    with _sharing:
        file.users -= 1
        if file.users == 0:
            _shared.pop(file.path.resolve(), None) if not file.read_only else None
            file.close()


def sqlite_engine(path: Path, *, read_only: bool) -> sa.Engine:
    """An engine over one writing connection, or over several that can only read."""
    target = f"file:{quote(str(path.absolute()))}?mode={'ro' if read_only else 'rw'}"

    def connect() -> DriverConnection:
        connection = pysqlite3.connect(
            target, uri=True, timeout=BUSY_TIMEOUT_S, check_same_thread=False
        )
        driver = cast("DriverConnection", connection)
        driver.isolation_level = None  # BEGIN and COMMIT are ours, see `_begin`
        prepare_connection(driver, read_only=read_only)
        return driver

    if read_only:
        engine = sa.create_engine(
            "sqlite://",
            module=pysqlite3,
            creator=connect,
            poolclass=QueuePool,
            pool_size=READERS_MAX,
            max_overflow=0,
        )
    else:
        engine = sa.create_engine(
            "sqlite://", module=pysqlite3, creator=connect, poolclass=StaticPool
        )
        sa.event.listen(engine, "begin", _begin)
    return engine


def prepare_connection(driver: DriverConnection, *, read_only: bool) -> None:
    """Sets what every connection of ours has in common."""
    driver.execute("PRAGMA mmap_size=0")
    if read_only:
        driver.execute("PRAGMA query_only=ON")
        return
    driver.execute(f"PRAGMA journal_mode={journal_mode(pysqlite3.sqlite_version_info)}")
    driver.execute("PRAGMA synchronous=FULL")
    driver.execute("PRAGMA secure_delete=ON")
    driver.execute(f"PRAGMA journal_size_limit={WAL_SIZE_LIMIT_BYTES}")


def journal_mode(version: tuple[int, int, int]) -> str:
    """WAL where the library is safe with it, otherwise a rollback journal."""
    return "WAL" if version >= SAFE_WAL_VERSION else "DELETE"


def driver_connection(connection: sa.Connection) -> DriverConnection:
    """The driver's own connection under one of SQLAlchemy."""
    return cast("DriverConnection", connection.connection.dbapi_connection)


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turns errors of the database into ours; integrity errors pass, the caller knows them."""
    try:
        yield
    except sa.exc.IntegrityError:
        raise
    except sa.exc.DBAPIError as error:
        text = str(error.orig)
        if "malformed" in text or "not a database" in text:
            raise StoreCorrupt(f"{path} is damaged: {text}") from error
        raise StoreUnavailable(f"the store {path} cannot be used: {text}") from error


def _forget_inherited() -> None:
    # SQLite connections must not cross a fork: the child starts without any.
    _shared.clear()


os.register_at_fork(after_in_child=_forget_inherited)
