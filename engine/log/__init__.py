"""The durable log: how a commit is encoded, chained, stored, read back and checked."""

from __future__ import annotations

from engine.log.chain import columns_digest, genesis, next_chain
from engine.log.codec import decode_payload, encode_payload
from engine.log.commit import (
    LogEntry,
    append_commit,
    assemble_commit,
    check_log,
    open_commit,
    read_log,
)
from engine.log.findings import Finding
from engine.log.header import CommitHeader, TableShape
from engine.log.store import CommitStore, StoredCommit, SubjectKeys, open_store, sqlite_path

__all__ = [
    "CommitHeader",
    "CommitStore",
    "Finding",
    "LogEntry",
    "StoredCommit",
    "SubjectKeys",
    "TableShape",
    "append_commit",
    "assemble_commit",
    "check_log",
    "columns_digest",
    "decode_payload",
    "encode_payload",
    "genesis",
    "next_chain",
    "open_commit",
    "open_store",
    "read_log",
    "sqlite_path",
]
