"""Plants each fault in a copy of the sample, verifies it, and prints what was found.

python -m tests.engine.verify.plant: a table of faults and findings; exit code 1 if one is missed.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from engine.log import open_store
from engine.log.seal import seal_head
from engine.program import Program
from engine.verify import VerifyReport, verify_book
from server.rulebooks import compile_files
from tests.engine.verify.attacker import Attacker
from tests.engine.verify.beside_faults import ROW_FAULTS, SNAPSHOT_FAULTS
from tests.engine.verify.budget_faults import BUDGET_FAULTS
from tests.engine.verify.budget_sample import make_budget_book
from tests.engine.verify.faults import FAULTS, Fault
from tests.engine.verify.sample import BOOK_ID, FIRST, LAST, START_US, make_book, store_url

FORGED = Fault(
    "a log forged as a whole", "SEALED_HEAD_DIFFERS", "main", LAST, lambda attacker: None
)
ALL_FAULTS = (*FAULTS, *SNAPSHOT_FAULTS, *ROW_FAULTS)


@lru_cache
def _compiled(files: tuple[tuple[str, bytes], ...]) -> Program:
    return compile_files(files)


def compiler(files: Sequence[tuple[str, bytes]]) -> Program:
    """Compiles as the service does; the same files once, since they are verified so often."""
    return _compiled(tuple(files))


def verify(folder: Path, *, sealed_head: str = "") -> VerifyReport:
    """Verifies the sample in a folder."""
    return verify_book(store_url(folder), BOOK_ID, compiler, sealed_head=sealed_head)


def plant(fault: Fault, original: Path, folder: Path) -> VerifyReport:
    """Plants a fault in a copy of the sample and verifies that."""
    shutil.copytree(original, folder)
    fault.plant(Attacker(folder))
    return verify(folder)


def sealed(folder: Path) -> str:
    """The head of a log, sealed."""
    with closing(open_store(store_url(folder), book_id=BOOK_ID, read_only=True)) as store:
        return seal_head(store, Ed25519PrivateKey.generate(), sealed_at_us=START_US).to_json()


def forge(original: Path, folder: Path) -> VerifyReport:
    """Forges a whole log that is in order by itself, and compares it with the sealed head."""
    kept = sealed(original)
    shutil.copytree(original, folder)
    for beside in folder.iterdir():
        if beside.name not in {"book.db", "book.db-wal", "book.db-shm"}:
            beside.unlink()
    later = START_US + 1_500_000
    Attacker(folder).rewrite(FIRST, header=lambda header: replace(header, sealed_at_us=later))
    if not verify(folder).ok:
        raise ValueError("the forged log is not in order")
    return verify(folder, sealed_head=kept)


def main() -> int:
    """Prints the table."""
    missed = 0
    with tempfile.TemporaryDirectory() as scratch:
        for name, make, faults in (
            ("ledger", make_book, ALL_FAULTS),
            ("budgets", make_budget_book, BUDGET_FAULTS),
        ):
            original = Path(scratch) / name
            original.mkdir()
            make(original)
            report = verify(original)
            print(f"untouched {name}: {json.dumps(report.to_json(), ensure_ascii=False)}\n")
            for number, fault in enumerate(faults):
                report = plant(fault, original, Path(scratch) / f"{name}-{number}")
                missed += not show(fault, report)
        missed += not show(FORGED, forge(Path(scratch) / "ledger", Path(scratch) / "forged"))
    print(f"\n{len(ALL_FAULTS) + len(BUDGET_FAULTS) + 1} faults, {missed} missed")
    return 1 if missed else 0


def show(fault: Fault, report: VerifyReport) -> bool:
    """Prints a line of the table; whether the fault was found and named."""
    bad = report.first_bad
    named = bad is not None and is_named(fault, report)
    found = f"{bad.kind} @{bad.seq} {bad.key}" if bad is not None else "nothing"
    mark = "found " if named else "MISSED"
    wanted = "" if named else f"   (wanted {fault.kind} @{fault.seq} {fault.key})"
    print(f"{mark} {fault.name:<50} {found}{wanted}")
    if bad is not None:
        print(f"{'':57} expected {bad.expected[:60]}, found {bad.found[:60]}")
    return named


def is_named(fault: Fault, report: VerifyReport) -> bool:
    """Whether the report names the fault by kind, key and commit."""
    bad = report.first_bad
    return (
        bad is not None and bad.kind == fault.kind and fault.key in bad.key and bad.seq == fault.seq
    )


if __name__ == "__main__":
    sys.exit(main())
