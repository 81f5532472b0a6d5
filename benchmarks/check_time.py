"""How long an author waits for `tongpin check`: a small rule book, a large one, one big table.

Cold: a process of its own, from its start to its exit, with the modules' bytecode where an
installation has it. The targets are seconds; what the interpreter and its imports take is shown
beside them.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import ROOT, Figure, Scale
from rules_dsl.source import SourceFile

HEAD = """\
rulebook large
ledger main is GL currency CNY
dimension customer
dimension department
code kind = travel | goods | fee | other

chart accounts
  receivable @1122 "Receivable" debit
  expense    @6602 "Expense"    debit
  tax        @2221 "Tax"        credit
  payable    @2241 "Payable"    credit
  revenue    @6001 "Revenue"    credit
"""
SECTION = """\

event claim_{n} is claim.c{n} dated day expects one
  customer   customer
  department department
  kind       kind
  gross      amount min 0
  rate       percent min 0 max 1
  urgent     flag optional default false

table limit_{n}
  | kind          | urgent flag | = limit amount |
  | travel        | true        | {n}00          |
  | travel        | false       | 500            |
  | {{goods, fee}} | *           | 300            |
  | else          | *           | 100            |

rule small_{n}
  on claim_{n}
  basis "the policy, part {n}"
  when gross <= limit_{n}[kind, urgent]
  let net = round(gross / (1 + rate))
  let tax_amount = gross - net
  voucher "claim {{customer}} {{gross}}"
    debit  expense net        by department
    debit  tax     tax_amount
    credit payable gross      by customer

rule large_{n}
  on claim_{n}
  basis "the policy, part {n}"
  when not (gross <= limit_{n}[kind, urgent])
  let base = if kind = travel then gross else round(gross * rate)
  voucher "claim {{customer}}"
    debit  receivable base         by department, customer
    credit revenue    base         by department

test "part {n}"
  at 2026-03-05
  given claim_{n} customer = C1, department = D1, kind = travel, gross = 106.00, rate = 6%
  expect voucher
    debit  expense 100.00 by department = D1
    debit  tax       6.00
    credit payable 106.00 by customer = C1
"""


def large_book(lines: int) -> list[SourceFile]:
    """A rule book of about so many lines, in files of one subject each."""
    count = lines // SECTION.count("\n")
    sections = [SourceFile(f"part_{n}.tp", SECTION.format(n=n)) for n in range(1, count + 1)]
    return [SourceFile("book.tp", HEAD), *sections]


def table_book(rows: int) -> list[SourceFile]:
    """A rule book with one table of so many rows: sets, ranges, texts, two outputs."""
    kinds = ("travel", "goods", "{fee, other}", "*")
    body = [
        f'  | {kinds[n % 4]} | {n // 4}00..<{n // 4 + 1}00 | "{n:05}" | expense | 0.{n % 90 + 10} |'
        for n in range(rows)
    ]
    head = "  | kind | gross amount | item text | = account | = share decimal |"
    table = ["table big first", head, *body, "  | else | * | * | expense | 0 |", ""]
    return [SourceFile("book.tp", HEAD), SourceFile("table.tp", "\n".join(table))]


def check_time(scale: Scale) -> Iterator[Figure]:
    """Seconds of `tongpin check`, from the start of its process to its end, by size of the book.

    The reference is the interpreter that imports what `check` needs and does nothing.
    """
    books = {
        "small": (large_book(160), 0.5),
        "lines:5000": (large_book(1_000 if scale.quick else 5_000), 2.0),
        "table:4900": (table_book(1_000 if scale.quick else 4_900), 2.0),
    }
    with tempfile.TemporaryDirectory() as bytecode:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for name, (sources, target) in books.items():
            with tempfile.TemporaryDirectory() as folder:
                for source in sources:
                    (Path(folder) / source.path).write_text(source.text, encoding="utf-8")
                yield _figure(f"check_time:{name}", folder, target, scale, environment)


def _figure(
    name: str, folder: str, target: float, scale: Scale, environment: dict[str, str]
) -> Figure:
    command = [sys.executable, "-m", "tongpin_cli.main", "check", folder]
    imports = [sys.executable, "-c", "import tongpin_cli.main, tongpin_cli.checking"]
    _seconds(command, environment)
    runs = [
        (_seconds(command, environment), _seconds(imports, environment)) for _ in range(scale.runs)
    ]
    wall = statistics.median(ours.wall for ours, _ in runs)
    cpu = statistics.median(ours.cpu for ours, _ in runs)
    base = statistics.median(reference.cpu for _, reference in runs)
    ratios = [ours.cpu / reference.cpu for ours, reference in runs]
    lines = sum(path.read_text("utf-8").count("\n") for path in Path(folder).glob("*.tp"))
    return Figure(
        name=name,
        ratio=round(statistics.median(ratios), 3),
        target=target,
        met=cpu <= target,
        ours=f"{cpu:.2f} s of the processor, {wall:.2f} s on the wall",
        reference=f"{base:.2f} s of the processor",
        spread=f"{min(ratios):.3f}–{max(ratios):.3f}",
        conditions={
            "runs": scale.runs,
            "ratio_of": "times",
            "target_is": "seconds of the processor, which are those on the wall where it is idle",
            "lines": lines,
        },
    )


class _Spent(NamedTuple):
    """Seconds a process took."""

    wall: float
    cpu: float


def _seconds(command: list[str], environment: dict[str, str]) -> _Spent:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=False)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return _Spent(wall, cpu)


BENCHMARKS = {"check_time": check_time}
