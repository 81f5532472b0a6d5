"""A book in order verifies, beside its writer too; a fault is named by kind, key and commit."""

from __future__ import annotations

import random
import re
import shutil
import threading
from contextlib import closing
from pathlib import Path

import pytest

from engine.book import Book
from engine.calls import Call
from engine.errors import StoreError
from engine.log import open_store
from engine.projection import RowProjection, rows_path
from engine.verify import KINDS, verify_book
from tests.engine.verify.attacker import Attacker
from tests.engine.verify.faults import Fault
from tests.engine.verify.mutations import GUARDED_BY_SEAL, Mutation, mutations
from tests.engine.verify.plant import (
    ALL_FAULTS,
    FORGED,
    compiler,
    forge,
    is_named,
    plant,
    sealed,
    verify,
)
from tests.engine.verify.sample import BOOK_ID, FILE, LAST, make_book, store_url

ENGINE = Path(__file__).resolve().parents[3] / "engine"
PACKAGE, LOG = ENGINE / "verify", ENGINE / "log"
SEED = 20_260_305
MUTATIONS_IN_CI = 150


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("original")
    make_book(folder)
    return folder


@pytest.fixture
def copy(original: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    shutil.copytree(original, folder)
    return folder


def test_book_in_order_verifies_with_everything_in_it_counted(original: Path) -> None:
    report = verify(original, sealed_head=sealed(original))
    assert report.first_bad is None
    assert report.ok
    assert report.to_json()["first_bad"] is None
    empty = {name for name, count in report.checked.items() if not count}
    assert empty == {
        "budget_nodes",
        "budget_moves",
        "budget_decisions",
        "budget_figures",
        "drafts",
    }
    assert report.checked["commits"] == LAST
    assert report.checked["events"] == 34
    assert report.checked["refusals"] == 1


@pytest.mark.parametrize("fault", ALL_FAULTS, ids=lambda fault: fault.name)
def test_planted_fault_is_named(fault: Fault, original: Path, tmp_path: Path) -> None:
    report = plant(fault, original, tmp_path / "copy")
    assert is_named(fault, report), report.first_bad


def test_forged_log_is_told_by_the_sealed_head_alone(original: Path, tmp_path: Path) -> None:
    report = forge(original, tmp_path / "copy")
    assert is_named(FORGED, report), report.first_bad


def test_finding_is_given_to_machines_as_the_contract_says(copy: Path) -> None:
    Attacker(copy).flip(2, "payload", 40)
    answer = verify(copy).to_json()
    first_bad = answer["first_bad"]
    assert answer["ok"] is False
    assert isinstance(first_bad, dict)
    assert list(first_bad) == ["kind", "key", "seq", "expected", "found"]
    assert (first_bad["kind"], first_bad["seq"]) == ("PAYLOAD_DAMAGED", 2)


def test_book_without_snapshot_and_rows_verifies(copy: Path) -> None:
    for path in copy.iterdir():
        if path.name not in {FILE, f"{FILE}-wal", f"{FILE}-shm"}:
            path.unlink()
    report = verify(copy)
    assert report.ok
    assert report.checked["snapshot_values"] == report.checked["projected_rows"] == 0


def test_damaged_page_is_a_finding_and_a_missing_file_an_error(copy: Path) -> None:
    file = copy / FILE
    with closing(open_store(store_url(copy), book_id=BOOK_ID)) as store:
        store.head()  # closing the last connection brings everything into the file
    data = bytearray(file.read_bytes())
    data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
    file.write_bytes(bytes(data))
    report = verify(copy)
    assert report.first_bad is not None
    assert report.first_bad.kind in {"STORE_DAMAGED", "PAYLOAD_DAMAGED"}
    with pytest.raises(StoreError):
        verify_book(f"sqlite:///{copy / 'nothing.db'}", BOOK_ID, compiler)


def test_book_verifies_while_it_is_written_and_projected(copy: Path) -> None:
    stop = threading.Event()
    posted = 0

    def write() -> None:
        nonlocal posted
        with (
            closing(Book.open(store_url(copy), compiler=compiler, entities=["C01"])) as book,
            closing(open_store(store_url(copy), book_id=BOOK_ID, read_only=True)) as store,
            closing(RowProjection(rows_path(copy / FILE), book_id=BOOK_ID)) as rows,
        ):
            while not stop.is_set():
                posted += 1
                book.post([Call(events=[_payment(posted)])])
                rows.catch_up(store)
                if posted % 5 == 0:
                    book.snapshot()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        commits = []
        for _ in range(6):
            report = verify(copy)
            assert report.ok, report.first_bad
            commits.append(report.checked["commits"])
    finally:
        stop.set()
        writer.join()
    assert commits[-1] > commits[0] >= LAST
    assert verify(copy).checked["commits"] == LAST + posted


def test_every_kind_is_explained_and_every_explained_kind_exists() -> None:
    sources = [*PACKAGE.glob("*.py"), LOG / "commit.py", LOG / "seal.py"]
    texts = [path.read_text(encoding="utf-8") for path in sources if path.name != "kinds.py"]
    used = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)*)"', "".join(texts)))
    assert KINDS.keys() <= used
    assert used - KINDS.keys() == {"BEGIN", "KINDS", "UNKNOWN_ENTITY"}
    assert {fault.kind for fault in ALL_FAULTS} <= KINDS.keys()


def _payment(number: int) -> dict[str, object]:
    return {
        "id": f"live-{number}",
        "type": "payment.received",
        "date": "2026-03-08",
        "department": "D1",
        "customer": "of K1",
        "amount": f"{number}.00",
    }


def test_lenient_book_verifies(tmp_path: Path) -> None:
    make_book(tmp_path)
    with closing(Book.open(store_url(tmp_path), compiler=compiler, strict=False)) as book:
        event = _payment(1) | {"remark": "undeclared"}
        assert book.post([Call(events=[event])])[0].results[0].status.name == "POSTED"
    assert verify(tmp_path).ok


def _check_mutations(found: list[Mutation], original: Path, folder: Path) -> None:
    missed = []
    for number, mutation in enumerate(found):
        copy = folder / str(number)
        copy.mkdir()
        shutil.copy(original / FILE, copy / FILE)
        mutation.plant(Attacker(copy))
        report = verify(copy)
        if report.ok:
            missed.append((mutation.table, mutation.column))
        else:
            assert report.first_bad is not None
            assert report.first_bad.seq == mutation.seq, (mutation, report.first_bad)
        shutil.rmtree(copy)
    assert set(missed) <= GUARDED_BY_SEAL


@pytest.fixture(scope="module")
def log_alone(original: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log in one file, without anything beside it that could give a change away."""
    folder = tmp_path_factory.mktemp("log")
    shutil.copytree(original, folder, dirs_exist_ok=True)
    with closing(open_store(store_url(folder), book_id=BOOK_ID)) as store:
        store.head()
    return folder


@pytest.mark.slow
def test_any_changed_value_is_found_at_its_commit(log_alone: Path, tmp_path: Path) -> None:
    every = list(mutations(Attacker(log_alone)))
    assert len(every) > 1_000
    some = random.Random(SEED).sample(every, MUTATIONS_IN_CI)
    _check_mutations(some, log_alone, tmp_path)


@pytest.mark.long
def test_every_changed_value_is_found_at_its_commit(log_alone: Path, tmp_path: Path) -> None:
    _check_mutations(list(mutations(Attacker(log_alone))), log_alone, tmp_path)
