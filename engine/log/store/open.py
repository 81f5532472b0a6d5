"""Opens the store that a URL names."""

from __future__ import annotations

from pathlib import Path

from engine.errors import StoreUnavailable
from engine.log.store.protocol import CommitStore
from engine.log.store.sqlite import SqliteCommitStore

_SQLITE = "sqlite:///"


def open_store(url: str, *, book_id: str, read_only: bool = False) -> CommitStore:
    """Opens a book's log, creating database and book where they are missing.

    Args:
        url: `sqlite:///relative/file.db` or `sqlite:////absolute/file.db`.
        book_id: the book; one database can hold several.
        read_only: opens what exists and takes no lock, also while a server writes it.

    Raises:
        StoreLocked: another process writes it.
        StoreUnavailable: it cannot be reached or created.
        StoreError: it was written by a newer version.
    """
    return SqliteCommitStore(sqlite_path(url), book_id=book_id, read_only=read_only)


def sqlite_path(url: str) -> Path:
    """The file that a SQLite URL names."""
    if not url.startswith(_SQLITE) or url == _SQLITE:
        raise StoreUnavailable(f"{url!r} names no store; write it as sqlite:///path/to/file.db")
    return Path(url.removeprefix(_SQLITE))
