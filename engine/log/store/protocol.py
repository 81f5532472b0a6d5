"""What every store of commits does, whichever database it stands on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredCommit:
    """A commit as it lies in the store.

    Attributes:
        seq: position in the book's log, from 1.
        header: bytes of the header, see `engine.log.CommitHeader`.
        payload: bytes of the effects, see `engine.log.decode_payload`.
        chain: 32 bytes that bind this commit to all before it.
        payload_digest: SHA-256 of the payload as written. The chain covers values; this covers
            the stored form too, so that no flipped bit goes unnoticed.
    """

    seq: int
    header: bytes
    payload: bytes
    chain: bytes
    payload_digest: bytes


class SubjectKeys(Protocol):
    """Keys for personal data, one for each subject of a book; deleting one forgets the subject."""

    def find_subject_key(self, subject: str) -> bytes | None:
        """The subject's key, or None where there never was one or it was deleted."""
        ...

    def add_subject_key(self, subject: str, key: bytes) -> bytes:
        """Keeps `key` for a subject that has none; returns the key that is now in force."""
        ...

    def forget_subject(self, subject: str) -> bool:
        """Deletes the subject's key for good; whether there was one."""
        ...


class CommitStore(SubjectKeys, Protocol):
    """The log of one book. `append` is for one thread at a time, reading for any number."""

    @property
    def book_id(self) -> str:
        """The book whose log this is."""
        ...

    @property
    def read_only(self) -> bool:
        """Whether the store was opened for reading alone."""
        ...

    def head(self) -> tuple[int, bytes]:
        """Position and chain value of the last commit; of an empty log, 0 and the genesis."""
        ...

    def append(self, header: bytes, payload: bytes, chain: bytes, seq: int) -> None:
        """Makes a commit durable at exactly this position; when it returns, it is on disk.

        Raises:
            AppendConflict: the position is taken.
            StoreUnavailable: nothing was written, e.g. the disk is full.
        """
        ...

    def read(self, first_seq: int = 1, last_seq: int | None = None) -> Iterator[StoredCommit]:
        """The commits from `first_seq` to `last_seq`, both included, in order of position."""
        ...

    def read_one(self, seq: int) -> StoredCommit | None:
        """The commit at a position, if there is one."""
        ...

    def integrity_problems(self) -> list[str]:
        """What the database itself finds wrong with its files; empty if nothing."""
        ...

    def close(self) -> None:
        """Releases files and locks; the store cannot be used afterwards."""
        ...
