"""What was acknowledged is on disk after kill -9; what was not is there whole or not at all."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pysqlite3
import pytest

from engine.faults import VARIABLE
from engine.log import Finding, check_log, open_store
from tests.engine.log.samples import BOOK, append_expenses, expense_effects, tables_equal, url

ROOT = Path(__file__).resolve().parents[3]
KILLS = 20
SEED = 20_260_305


def start_appender(file: Path, commits: int, crash_at: str = "") -> subprocess.Popen[str]:
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), VARIABLE: crash_at}
    command = [sys.executable, "-m", "tests.engine.log.appender", str(file), str(commits)]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def acknowledged(child: subprocess.Popen[str], *, kill_after: int | None = None) -> list[int]:
    """Reads acknowledgements to the end; kills the child once it has given so many."""
    assert child.stdout is not None
    acks = []
    with child.stdout as lines:
        for line in lines:
            acks.append(int(line))
            if len(acks) - 1 == kill_after:
                child.kill()
    child.wait()
    return acks[1:]


def stored(file: Path) -> list[int]:
    """Positions in the file, read with a plain driver that knows nothing of the store."""
    with closing(pysqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = connection.execute(
            "SELECT seq FROM log_commit WHERE book_id = ? ORDER BY seq", (BOOK,)
        )
        return [seq for (seq,) in rows]


def check_whole(file: Path) -> int:
    """Checks the log with all promises; returns the number of commits."""
    with closing(open_store(url(file), book_id=BOOK)) as store:
        count = 0
        for entry in check_log(store):
            assert not isinstance(entry, Finding), entry
            count += 1
            assert tables_equal(entry.effects, expense_effects(count, 1))
        return count


@pytest.mark.slow
@pytest.mark.parametrize(
    ("crash_at", "commits"),
    [("before_append:3", 2), ("in_append:3", 2), ("after_append:3", 3), ("at_start", 5)],
)
def test_a_kill_at_a_named_place_leaves_all_or_nothing(
    tmp_path: Path, crash_at: str, commits: int
) -> None:
    file = tmp_path / "book.db"
    child = start_appender(file, 5, crash_at)
    acks = acknowledged(child)
    crashed = crash_at != "at_start"  # nobody passes that place here: the child finishes
    assert child.returncode == (-signal.SIGKILL if crashed else 0)
    assert acks == list(range(1, 3 if crashed else 6))
    assert stored(file) == list(range(1, commits + 1))
    assert check_whole(file) == commits


@pytest.mark.slow
def test_acknowledged_commits_survive_kills_at_random_moments(tmp_path: Path) -> None:
    file = tmp_path / "book.db"
    chance = random.Random(SEED)
    with closing(open_store(url(file), book_id=BOOK)) as store:
        append_expenses(store, 1)
    for _ in range(KILLS):
        before = len(stored(file))
        child = start_appender(file, 100_000)
        acks = acknowledged(child, kill_after=chance.randrange(1, 30))
        assert child.returncode == -signal.SIGKILL
        assert acks == list(range(before + 1, before + len(acks) + 1))
        found = stored(file)
        assert found == list(range(1, len(found) + 1))
        # One more may be durable without its acknowledgement having left.
        assert before + len(acks) <= len(found) <= before + len(acks) + 1
    assert check_whole(file) == len(found)


@pytest.mark.slow
def test_a_write_ahead_log_cut_anywhere_loses_only_its_tail(tmp_path: Path) -> None:
    file = tmp_path / "book.db"
    child = start_appender(file, 100_000)
    acknowledged(child, kill_after=40)
    wal = file.with_name("book.db-wal")
    whole, tail = file.read_bytes(), wal.read_bytes()
    assert len(tail) > 4096
    chance = random.Random(SEED)
    counts = set()
    for cut in sorted(chance.randrange(len(tail)) for _ in range(30)):
        copy = tmp_path / f"cut{cut}.db"
        copy.write_bytes(whole)
        copy.with_name(f"{copy.name}-wal").write_bytes(tail[:cut])
        with closing(pysqlite3.connect(copy)) as connection:  # recovers as SQLite does
            has_log = connection.execute(
                "SELECT count(*) FROM sqlite_master WHERE name = 'log_commit'"
            ).fetchone()[0]
        counts.add(check_whole(copy) if has_log else 0)
    assert len(counts) > 5, "the cuts hit too few different commits to show anything"
