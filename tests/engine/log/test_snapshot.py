"""A snapshot is used only if its bytes are those written and the log confirms its place."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import StoreUnavailable
from engine.faults import VARIABLE
from engine.log import CommitStore, open_store
from engine.log.snapshot import (
    Snapshot,
    SnapshotHeader,
    SnapshotRejected,
    read_snapshot,
    snapshot_path,
    usable_snapshot,
    write_snapshot,
)
from tests.engine.log.samples import BOOK, append_expenses, url

ROOT = Path(__file__).resolve().parents[3]
SECTIONS = {"balances": b"\0\1\2" * 100, "empty": b"", "账": b"identities"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CommitStore]:
    with closing(open_store(url(tmp_path / "book.db"), book_id=BOOK)) as opened:
        append_expenses(opened, 3)
        yield opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return snapshot_path(tmp_path / "book.db")


def head_of(store: CommitStore) -> SnapshotHeader:
    seq, chain = store.head()
    return SnapshotHeader(BOOK, seq, chain.hex(), 1, 4)


def reason(found: Snapshot | SnapshotRejected) -> str:
    assert isinstance(found, SnapshotRejected)
    return found.reason


def test_a_snapshot_reads_back_as_written(store: CommitStore, path: Path) -> None:
    write_snapshot(path, head_of(store), SECTIONS)
    assert path.name == "book.db.snapshot"
    assert usable_snapshot(path, store, state_schema=4) == Snapshot(head_of(store), SECTIONS)
    append_expenses(store, 1)  # a log that went on still confirms it
    assert isinstance(usable_snapshot(path, store, state_schema=4), Snapshot)


def test_a_snapshot_of_another_log_or_version_is_not_used(store: CommitStore, path: Path) -> None:
    head = head_of(store)
    assert reason(usable_snapshot(path, store, state_schema=4)) == "there is no snapshot"
    for header, why in (
        (replace(head, book_id="C02"), "of book C02"),
        (replace(head, seq=2), "chain differs from commit 2"),
        (replace(head, chain="00" * 32), "chain differs from commit 3"),
        (replace(head, seq=9), "no commit 9"),
        (replace(head, state_schema=5), "state schema 5, this version 4"),
    ):
        write_snapshot(path, header, SECTIONS)
        assert why in reason(usable_snapshot(path, store, state_schema=4))


def test_damage_anywhere_is_noticed(store: CommitStore, path: Path) -> None:
    write_snapshot(path, head_of(store), SECTIONS)
    whole = path.read_bytes()
    chance = random.Random(1)
    for _ in range(100):
        damaged = bytearray(whole)
        damaged[chance.randrange(len(whole))] ^= chance.randrange(1, 256)
        path.write_bytes(damaged)
        assert reason(read_snapshot(path))
    for length in (*range(40), len(whole) - 1):
        path.write_bytes(whole[:length])
        assert reason(read_snapshot(path))
    path.unlink()
    path.mkdir()
    assert "cannot be read" in reason(read_snapshot(path))


def test_a_snapshot_that_cannot_be_written_leaves_the_old_one(
    store: CommitStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_snapshot(path, head_of(store), SECTIONS)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreUnavailable, match="No space left"):
        write_snapshot(path, head_of(store), {"other": b"x"})
    assert isinstance(usable_snapshot(path, store, state_schema=4), Snapshot)
    assert [file.name for file in path.parent.iterdir() if file.name.endswith(".new")] == []


@pytest.mark.slow
def test_a_kill_while_writing_leaves_the_old_one(store: CommitStore, path: Path) -> None:
    write_snapshot(path, head_of(store), SECTIONS)
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from engine.log.snapshot import SnapshotHeader, write_snapshot\n"
        "write_snapshot(Path(sys.argv[1]), SnapshotHeader('C01', 1, '', 1, 4), {'new': b'x'})\n"
    )
    environment = {**os.environ, VARIABLE: "in_snapshot"}
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    assert usable_snapshot(path, store, state_schema=4) == Snapshot(head_of(store), SECTIONS)
    write_snapshot(path, head_of(store), {"new": b"x"})
    assert usable_snapshot(path, store, state_schema=4) == Snapshot(head_of(store), {"new": b"x"})
