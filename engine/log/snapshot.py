"""A book's state in one file beside its store, trusted only if the log agrees with it.

Layout: the magic line, length of the header as u64, the header as JSON, the sections one after
another, and the SHA-256 of everything before it. The file is replaced as a whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.errors import StoreUnavailable
from engine.log.durable import replace_file
from engine.log.store.protocol import CommitStore

_MAGIC = b"TONGPIN SNAPSHOT 1\n"
_DIGEST_BYTES = 32
_SECTIONS = "sections"


@dataclass(frozen=True, slots=True)
class SnapshotHeader:
    """Where in which log a snapshot stands, and what its sections mean.

    Attributes:
        book_id: the book.
        seq, chain: last commit folded into the snapshot; `chain` as 64 hex digits.
        effects_schema: meaning of the commits that were folded.
        state_schema: meaning of the sections; another one is not read.
    """

    book_id: str
    seq: int
    chain: str
    effects_schema: int
    state_schema: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot whose bytes are those that were written."""

    header: SnapshotHeader
    sections: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class SnapshotRejected:
    """Why there is no snapshot to start from; the log is folded from its beginning instead."""

    reason: str


def snapshot_path(store_file: Path) -> Path:
    """The snapshot's file beside a store."""
    return store_file.with_name(store_file.name + ".snapshot")


def write_snapshot(path: Path, header: SnapshotHeader, sections: Mapping[str, bytes]) -> None:
    """Replaces the snapshot; after a crash the old one or the new one is there.

    Raises:
        StoreUnavailable: it could not be written; the old one is untouched.
    """
    lengths = [[name, len(data)] for name, data in sections.items()]
    head = json.dumps({**asdict(header), _SECTIONS: lengths}, ensure_ascii=False).encode("utf-8")
    parts = [_MAGIC, len(head).to_bytes(8, "little"), head, *sections.values()]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    try:
        replace_file(path, [*parts, digest.digest()], crash_name="in_snapshot")
    except OSError as error:
        raise StoreUnavailable(f"cannot write {path}: {error.strerror}") from error


def read_snapshot(path: Path) -> Snapshot | SnapshotRejected:
    """Reads a snapshot; whether it belongs to the log is for `usable_snapshot` to say."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return SnapshotRejected("there is no snapshot")
    except OSError as error:
        return SnapshotRejected(f"the snapshot cannot be read: {error.strerror}")
    if not data.startswith(_MAGIC):
        return SnapshotRejected("the file is no snapshot of this version")
    body = memoryview(data)[:-_DIGEST_BYTES]
    if hashlib.sha256(body).digest() != data[-_DIGEST_BYTES:]:
        return SnapshotRejected("the snapshot is damaged: its digest differs")
    start = len(_MAGIC) + 8
    head_end = start + int.from_bytes(data[len(_MAGIC) : start], "little")
    # The digest vouches for these bytes: what is in them is what `write_snapshot` put there.
    fields = json.loads(data[start:head_end].decode("utf-8"))
    sections: dict[str, bytes] = {}
    for name, length in fields.pop(_SECTIONS):
        sections[name] = data[head_end : head_end + length]
        head_end += length
    return Snapshot(SnapshotHeader(**fields), sections)


def usable_snapshot(
    path: Path, store: CommitStore, *, state_schema: int
) -> Snapshot | SnapshotRejected:
    """Reads a snapshot that this log confirms, commit and chain value, and this version knows."""
    snapshot = read_snapshot(path)
    if isinstance(snapshot, SnapshotRejected):
        return snapshot
    header = snapshot.header
    if header.book_id != store.book_id:
        return SnapshotRejected(f"the snapshot is of book {header.book_id}")
    if header.state_schema != state_schema:
        return SnapshotRejected(
            f"the snapshot has state schema {header.state_schema}, this version {state_schema}"
        )
    commit = store.read_one(header.seq)
    if commit is None:
        return SnapshotRejected(f"the log has no commit {header.seq}, the snapshot's last")
    if commit.chain.hex() != header.chain:
        return SnapshotRejected(f"the snapshot's chain differs from commit {header.seq} of the log")
    return snapshot
