"""Where commits are kept: the protocol of a store, and how one is opened by its URL."""

from __future__ import annotations

from engine.log.store.open import open_store, sqlite_path
from engine.log.store.protocol import CommitStore, StoredCommit, SubjectKeys

__all__ = ["CommitStore", "StoredCommit", "SubjectKeys", "open_store", "sqlite_path"]
