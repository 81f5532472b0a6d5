"""The log of a book in a SQLite file."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from engine.errors import AppendConflict, InvariantBroken, StoreUnavailable
from engine.faults import crash_point
from engine.log.chain import CHAIN_BYTES, genesis
from engine.log.store.protocol import StoredCommit
from engine.log.store.schema import book, log_commit, subject_key
from engine.log.store.sqlite_file import SqliteFile, release_file, share_file

#: Commits fetched by one query, so that a long fold neither fills memory nor pins the WAL.
READ_PAGE = 16

_COLUMNS = (
    log_commit.c.seq,
    log_commit.c.header,
    log_commit.c.payload,
    log_commit.c.chain,
    log_commit.c.payload_digest,
)


class SqliteCommitStore:
    """A `CommitStore` on SQLite; books of one file share its lock and writing connection."""

    def __init__(self, path: Path, *, book_id: str, read_only: bool) -> None:
        """Opens the book, creating file and book unless for reading only."""
        if not book_id:
            raise StoreUnavailable("a book needs a name")
        self._book_id = book_id
        self._file: SqliteFile | None = share_file(path, read_only=read_only)
        try:
            if read_only:
                self._require_book()
            else:
                self._add_book()
        except BaseException:
            self.close()
            raise

    @property
    def book_id(self) -> str:
        """The book whose log this is."""
        return self._book_id

    @property
    def read_only(self) -> bool:
        """Whether the store was opened for reading alone."""
        return self._open_file().read_only

    def head(self) -> tuple[int, bytes]:
        """Position and chain value of the last commit; of an empty log, 0 and the genesis."""
        newest = (
            sa.select(log_commit.c.seq, log_commit.c.chain)
            .where(log_commit.c.book_id == self._book_id)
            .order_by(log_commit.c.seq.desc())
            .limit(1)
        )
        with self._open_file().read() as connection:
            row = connection.execute(newest).first()
        return (0, genesis(self._book_id)) if row is None else (row.seq, row.chain)

    def append(self, header: bytes, payload: bytes, chain: bytes, seq: int) -> None:
        """Makes a commit durable at exactly this position; when it returns, it is on disk.

        Raises:
            AppendConflict: the position is taken.
            StoreUnavailable: nothing was written, e.g. the disk is full.
        """
        if len(chain) != CHAIN_BYTES or seq < 1:
            raise InvariantBroken("not a commit", seq, chain)
        row = {
            "book_id": self._book_id,
            "seq": seq,
            "header": header,
            "payload": payload,
            "chain": chain,
            "payload_digest": hashlib.sha256(payload).digest(),
        }
        try:
            with self._open_file().write() as connection:
                connection.execute(sa.insert(log_commit), row)
                crash_point("in_append")
        except sa.exc.IntegrityError as error:
            head_seq, _ = self.head()
            if head_seq >= seq:
                raise AppendConflict(f"commit {seq} of book {self._book_id} is taken") from error
            raise InvariantBroken("commit does not follow the last", seq, head_seq) from error

    def read(self, first_seq: int = 1, last_seq: int | None = None) -> Iterator[StoredCommit]:
        """The commits from `first_seq` to `last_seq`, both included, in order of position."""
        position = first_seq - 1
        while True:
            page = (
                sa.select(*_COLUMNS)
                .where(log_commit.c.book_id == self._book_id, log_commit.c.seq > position)
                .order_by(log_commit.c.seq)
                .limit(READ_PAGE)
            )
            if last_seq is not None:
                page = page.where(log_commit.c.seq <= last_seq)
            with self._open_file().read() as connection:
                rows = connection.execute(page).all()
            for row in rows:
                yield StoredCommit(*row)
            if len(rows) < READ_PAGE:
                return
            position = rows[-1].seq

    def read_one(self, seq: int) -> StoredCommit | None:
        """The commit at a position, if there is one."""
        return next(self.read(seq, seq), None)

    def find_subject_key(self, subject: str) -> bytes | None:
        """The subject's key, or None where there never was one or it was deleted."""
        wanted = sa.select(subject_key.c.key).where(self._is_subject(subject))
        with self._open_file().read() as connection:
            found = connection.execute(wanted).scalar()
        return None if found is None else bytes(found)

    def add_subject_key(self, subject: str, key: bytes) -> bytes:
        """Keeps `key` for a subject that has none; returns the key that is now in force."""
        row = {"book_id": self._book_id, "subject": subject, "key": key}
        with self._open_file().write() as connection:
            connection.execute(insert(subject_key).on_conflict_do_nothing(), row)
            wanted = sa.select(subject_key.c.key).where(self._is_subject(subject))
            return bytes(connection.execute(wanted).scalar_one())

    def forget_subject(self, subject: str) -> bool:
        """Deletes the subject's key for good; whether there was one."""
        file = self._open_file()
        with file.write() as connection:
            deleted = connection.execute(sa.delete(subject_key).where(self._is_subject(subject)))
        file.truncate_wal()
        return deleted.rowcount > 0

    def integrity_problems(self) -> list[str]:
        """What the database itself finds wrong with its files; empty if nothing."""
        with self._open_file().read() as connection:
            rows = connection.execute(sa.text("PRAGMA integrity_check")).scalars().all()
        return [] if list(rows) == ["ok"] else [str(row) for row in rows]

    def close(self) -> None:
        """Releases files and locks; the store cannot be used afterwards."""
        if self._file is not None:
            release_file(self._file)
            self._file = None

    def _open_file(self) -> SqliteFile:
        if self._file is None:
            raise StoreUnavailable(f"the store of book {self._book_id} is closed")
        return self._file

    def _is_subject(self, subject: str) -> sa.ColumnElement[bool]:
        return sa.and_(subject_key.c.book_id == self._book_id, subject_key.c.subject == subject)

    def _add_book(self) -> None:
        row = {"book_id": self._book_id, "created_at_us": time.time_ns() // 1000}
        with self._open_file().write() as connection:
            connection.execute(insert(book).on_conflict_do_nothing(), row)

    def _require_book(self) -> None:
        with self._open_file().read() as connection:
            known = connection.execute(sa.select(book.c.book_id)).scalars().all()
        if self._book_id not in known:
            names = ", ".join(sorted(known)) or "none"
            raise StoreUnavailable(
                f"{self._open_file().path} holds no book {self._book_id}; it holds: {names}"
            )
