"""The road-fines log: totals equal sums made outside, and every way in gives the same digests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pytest

from engine.book import Book
from engine.replay import export_book, replay_events
from server.rulebooks import check_files, compile_files, read_folder
from tests.road_fines.convert import events
from tests.road_fines.totals import totals
from tongpin_client import Client

RULES = Path(__file__).parent / "rules"

#: Activities with an amount in the log, from the file itself.
_POSTING = {
    "fine.created": 15_150,
    "fine.sent": 10_567,
    "penalty.added": 8_159,
    "payment.received": 7_882,
    "collection.ordered": 5_950,
}


@pytest.fixture(scope="module")
def log(shared_dir: Path) -> Path:
    return shared_dir / "data" / "road_fines_10pct.events.parquet"


@pytest.fixture(scope="module")
def replayed(log: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, dict[str, object]]:
    book = Book.in_memory([compile_files(read_folder(RULES))])
    return book, replay_events(book, events(log), tmp_path_factory.mktemp("replay"))


def test_rule_book_is_clean_and_its_tests_pass() -> None:
    check = check_files(read_folder(RULES), run_tests=True)
    assert check.ok
    assert all(test.passed for test in check.tests)


def test_totals_equal_sums_made_straight_from_the_file(
    log: Path, replayed: tuple[Book, dict[str, object]]
) -> None:
    book, _ = replayed
    turnover: Counter[str] = Counter()
    for (_, _, _, account), (debit, credit) in book.state.totals.items():
        turnover[f"{account} debit"] += debit
        turnover[f"{account} credit"] += credit
    expected = totals(log)

    def minor(name: str) -> int:
        return int(Decimal(str(expected[name])) * 100)

    assert turnover["6001 credit"] == minor("fines")
    assert turnover["6051 credit"] == minor("postage")
    assert turnover["6052 credit"] == minor("penalties")
    assert turnover["1002 debit"] == minor("payments")
    assert turnover["1221 debit"] == minor("collections")


def test_every_event_with_an_amount_posts_and_every_other_one_is_no_posting(
    log: Path, replayed: tuple[Book, dict[str, object]]
) -> None:
    _, summary = replayed
    expected = totals(log)
    assert isinstance(expected["zero"], dict)
    zero = sum(expected["zero"].values())
    posting = sum(_POSTING.values())
    assert Counter(event["type"] for event in events(log) if event["type"] in _POSTING) == _POSTING
    assert summary["statuses"] == {"POSTED": posting - zero, "NO_POSTING": 56_984 - posting + zero}
    assert summary["reasons"] == {"NO_POSTING": {"ALL_ZERO": zero}}


def test_contradictions_of_the_log_stand_in_the_control_ledger(
    log: Path, replayed: tuple[Book, dict[str, object]]
) -> None:
    book, _ = replayed
    vouchers, _ = book.vouchers(ledger="CTL", limit=100)
    found = [[v.event_id, v.lines[0].debit] for v in vouchers]
    contradictions = totals(log)["contradictions"]
    assert isinstance(contradictions, list)
    assert found == [[name, int(Decimal(text) * 100)] for name, text in contradictions]


def test_any_batch_size_and_evaluator_gives_the_same_digests(log: Path, tmp_path: Path) -> None:
    program = compile_files(read_folder(RULES))
    found = set()
    for place, (size, evaluator) in enumerate(
        [(1, "closures"), (7, "auto"), (300, "columns"), (2_000, "columns"), (2_000, "auto")]
    ):
        book = Book.in_memory([program], evaluator=evaluator)  # type: ignore[arg-type]
        summary = replay_events(
            book, islice(events(log), 2_000), tmp_path / str(place), batch_events=size
        )
        found.add((summary["voucher_digest"], summary["result_digest"]))
    assert len(found) == 1


def test_stream_into_the_store_gives_the_digests_of_a_replay_into_files(
    log: Path, tmp_path: Path
) -> None:
    sample = list(islice(events(log), 6_000))
    program = compile_files(read_folder(RULES))
    replayed = replay_events(Book.in_memory([program]), sample, tmp_path / "replay")
    with _server(tmp_path) as address, Client(address) as client:
        report = client.stream("fines", sample, batch_size=500)
    assert sum(report.counts.values()) == 6_000
    book = Book.open(f"sqlite:///{tmp_path / 'book.db'}", compiler=compile_files, read_only=True)
    exported = export_book(book, tmp_path / "export")
    book.close()
    digests = ("voucher_digest", "result_digest", "budget_digest")
    assert [exported[name] for name in digests] == [replayed[name] for name in digests]
    recomputed = subprocess.run(
        [sys.executable, "-m", "tests.digest", str(tmp_path / "export")],
        capture_output=True,
        check=True,
        cwd=RULES.parents[2],
    )
    assert json.loads(recomputed.stdout) == {name: exported[name] for name in digests}


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    ready = folder / "ready"
    with (folder / "log").open("w", encoding="utf-8") as log_file:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tongpin_cli.main", "serve", "--data", str(folder)),
                *("--listen", "127.0.0.1:0", "--rules", str(RULES), "--ready-file", str(ready)),
            ],
            stdout=log_file,
            stderr=subprocess.STDOUT,
            env={k: v for k, v in os.environ.items() if not k.startswith("TONGPIN_")},
        )
        try:
            deadline = time.monotonic() + 60
            while not ready.exists():
                assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield ready.read_text(encoding="utf-8").strip()
        finally:
            process.terminate()
            process.wait(timeout=60)
