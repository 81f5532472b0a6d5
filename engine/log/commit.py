"""A commit put together for appending, and a log read back with every promise of it checked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from engine.columns import EffectBatch
from engine.effects import EFFECTS_SCHEMA
from engine.errors import StoreCorrupt
from engine.log.chain import genesis, next_chain, packed_digest
from engine.log.codec import decode_packed, decode_payload, encode_packed
from engine.log.findings import Finding
from engine.log.header import CommitHeader, table_shapes
from engine.log.packed import pack_effects, unpack_effects
from engine.log.store.protocol import CommitStore, StoredCommit


class LogEntry(NamedTuple):
    """A commit that verified, in all its forms."""

    commit: StoredCommit
    header: CommitHeader
    effects: EffectBatch


def assemble_commit(
    header: CommitHeader, effects: EffectBatch, previous_chain: bytes
) -> tuple[CommitHeader, StoredCommit]:
    """Puts a commit together; the header's `tables` are filled in from the effects."""
    packed = pack_effects(effects)
    header = replace(header, tables=table_shapes(packed))
    header_bytes = header.to_bytes()
    payload = encode_packed(packed)
    chain = next_chain(previous_chain, header_bytes, packed_digest(packed))
    digest = hashlib.sha256(payload).digest()
    return header, StoredCommit(header.seq, header_bytes, payload, chain, digest)


def append_commit(
    store: CommitStore, header: CommitHeader, effects: EffectBatch, previous_chain: bytes
) -> LogEntry:
    """Assembles a commit and makes it durable.

    Raises:
        AppendConflict: another appender was first.
        StoreUnavailable: nothing was written.
    """
    header, commit = assemble_commit(header, effects, previous_chain)
    store.append(commit.header, commit.payload, commit.chain, commit.seq)
    return LogEntry(commit, header, effects)


def check_log(
    store: CommitStore, *, after_seq: int = 0, after_chain: bytes | None = None
) -> Iterator[LogEntry | Finding]:
    """Reads the log and checks it; the first thing that is wrong is the last thing yielded.

    Args:
        store: the log.
        after_seq: last commit not to be read, e.g. that of a snapshot.
        after_chain: its chain value; needed unless `after_seq` is 0.
    """
    previous_chain = genesis(store.book_id) if after_chain is None else after_chain
    sealed_at_us = 0
    expected_seq = after_seq + 1
    for commit in store.read(expected_seq):
        checked = _check_commit(store.book_id, commit, expected_seq, previous_chain)
        if isinstance(checked, Finding):
            yield checked
            return
        if checked.header.sealed_at_us < sealed_at_us:
            found = str(checked.header.sealed_at_us)
            yield Finding(
                "SEALED_AT_DECREASED", store.book_id, commit.seq, f">= {sealed_at_us}", found
            )
            return
        yield checked
        previous_chain = commit.chain
        sealed_at_us = checked.header.sealed_at_us
        expected_seq += 1


def read_log(
    store: CommitStore, *, after_seq: int = 0, after_chain: bytes | None = None
) -> Iterator[LogEntry]:
    """Reads the log as `check_log` does, for those who cannot go on with a damaged one.

    Raises:
        StoreCorrupt: the text names the first thing that is wrong.
    """
    for entry in check_log(store, after_seq=after_seq, after_chain=after_chain):
        if isinstance(entry, Finding):
            raise StoreCorrupt(str(entry))
        yield entry


def open_commit(commit: StoredCommit) -> LogEntry:
    """Decodes one commit without its neighbours; the chain is not checked.

    Raises:
        StoreCorrupt: it cannot be read.
    """
    if hashlib.sha256(commit.payload).digest() != commit.payload_digest:
        raise StoreCorrupt(f"the payload of commit {commit.seq} is damaged")
    header = CommitHeader.from_bytes(commit.header)
    return LogEntry(commit, header, decode_payload(commit.payload))


def _check_commit(
    book_id: str, commit: StoredCommit, expected_seq: int, previous_chain: bytes
) -> LogEntry | Finding:
    seq = commit.seq
    if seq != expected_seq:
        return Finding("COMMIT_MISSING", book_id, expected_seq, str(expected_seq), str(seq))
    digest = hashlib.sha256(commit.payload).digest()
    if digest != commit.payload_digest:
        expected = commit.payload_digest.hex()
        return Finding("PAYLOAD_DAMAGED", book_id, seq, expected, digest.hex())
    try:
        header = CommitHeader.from_bytes(commit.header)
    except StoreCorrupt as error:
        return Finding("HEADER_UNREADABLE", book_id, seq, "a header", str(error))
    if (header.book_id, header.seq) != (book_id, seq):
        found = f"{header.book_id} {header.seq}"
        return Finding("HEADER_MISMATCH", book_id, seq, f"{book_id} {seq}", found)
    if header.effects_schema > EFFECTS_SCHEMA:
        return Finding(
            "EFFECTS_SCHEMA_UNKNOWN",
            book_id,
            seq,
            f"<= {EFFECTS_SCHEMA}",
            str(header.effects_schema),
        )
    try:
        packed = decode_packed(commit.payload)
        effects = unpack_effects(packed)
    except StoreCorrupt as error:
        return Finding("PAYLOAD_UNREADABLE", book_id, seq, "effects", str(error))
    shapes = table_shapes(packed)
    if shapes != header.tables:
        return Finding("HEADER_MISMATCH", book_id, seq, str(header.tables), str(shapes))
    chain = next_chain(previous_chain, commit.header, packed_digest(packed))
    if chain != commit.chain:
        return Finding("CHAIN_BROKEN", book_id, seq, chain.hex(), commit.chain.hex())
    return LogEntry(commit, header, effects)
