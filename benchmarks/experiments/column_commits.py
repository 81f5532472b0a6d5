"""Column commits against indexed rows of the same effects: writing, size, reading one voucher.

`python -m benchmarks.experiments.column_commits [--quick]` prints a table in Markdown. The rows
are made before the clock starts, so that only their storing counts; commits are encoded, hashed
and chained within it.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import forty
from benchmarks.indexed_rows import IndexedRows, RowBatch, count_rows, rows_of
from benchmarks.ingesting import count_stored, decided, folder, write_commits
from benchmarks.measure import Figure, Scale, bound_by, environment, interleaved
from benchmarks.workload import cut
from engine.book import Book
from engine.columns import EffectBatch
from engine.effects import COMMANDS, VOUCHERS
from engine.history import all_voucher_names
from engine.log import CommitHeader
from server.rulebooks import compile_files

Commits = Sequence[tuple[CommitHeader, EffectBatch]]


@dataclass(slots=True)
class Sizes:
    """Bytes per event by which both files grow, after a checkpoint; without rule books."""

    commits: list[float] = field(default_factory=list)
    rows: list[float] = field(default_factory=list)


def with_vouchers(commits: Commits) -> list[EffectBatch]:
    """The effects of commits that made vouchers: all but publications.

    A commit that was just made lacks the tables it has no rows for; one read back from the log
    has every table, if only without rows.
    """
    return [
        effects
        for _, effects in commits
        if VOUCHERS.name in effects.tables and effects.tables[VOUCHERS.name].count
    ]


def row_batches(commits: Commits) -> list[RowBatch]:
    """The rows of commits, one batch each; publications are left out."""
    batches, event, voucher = [], 1, 1
    for effects in with_vouchers(commits):
        batches.append(rows_of(effects, event, voucher))
        event += effects.tables[COMMANDS.name].count
        voucher += effects.tables[VOUCHERS.name].count
    return batches


def write_rows(path: Path, batches: Sequence[RowBatch]) -> float:
    """Seconds to write rows, a transaction for each batch."""
    store = IndexedRows(path)
    started = time.perf_counter()
    for batch in batches:
        store.append(batch)
    seconds = time.perf_counter() - started
    store.close()
    return seconds


def writing(size: int, total: int, runs: int, sizes: Sizes) -> Figure:
    """Appending the same effects both ways in batches of `size`."""
    commits = decided(forty.FOLDER, cut(forty.events(total), size))
    batches = row_batches(commits)
    published = len(commits) - len(batches)
    with folder() as path:
        write_commits(path, commits[:published])
        write_rows(path / "rows.db", [])
        empty, no_rows = ((path / name).stat().st_size for name in ("book.db", "rows.db"))

    def columns() -> float:
        with folder() as path:
            seconds = write_commits(path, commits, untimed=published)
            sizes.commits.append(((path / "book.db").stat().st_size - empty) / total)
            found = count_stored(path) - published
            if found != total:
                raise RuntimeError(f"{found} of {total} events are stored in commits of {size}")
        return seconds

    def rows() -> float:
        with folder() as path:
            seconds = write_rows(path / "rows.db", batches)
            sizes.rows.append(((path / "rows.db").stat().st_size - no_rows) / total)
            found = count_rows(path / "rows.db")[0]
            if found != total:
                raise RuntimeError(f"{found} of {total} events are stored as rows, {size} at once")
        return seconds

    return interleaved(
        f"commits_vs_indexed_rows:{size}",
        columns,
        rows,
        count=total,
        target=None,
        runs=runs,
        cpu=False,
        profile=False,
        conditions={
            "batch": size,
            "events": total,
            "rows": "one transaction a batch, WAL, synchronous=FULL, 2 unique and 3 other indexes",
            "bound_by": f"commits: {_bound(commits, published)}",
        },
    )


def _bound(commits: Commits, published: int) -> str:
    with folder() as path:
        return bound_by(lambda: write_commits(path, commits, untimed=published))


def reading(size: int, total: int) -> dict[str, float]:
    """Microseconds to read one voucher by name: rows, commits decoded, commits at hand."""
    commits = decided(forty.FOLDER, cut(forty.events(total), size))
    names = [name for effects in with_vouchers(commits) for name in all_voucher_names(effects)]
    pick = random.Random(3)
    wanted = pick.sample(names, min(len(names), 200))
    with folder() as path:
        write_commits(path, commits)
        store = IndexedRows(path / "rows.db")
        for batch in row_batches(commits):
            store.append(batch)
        book = Book.open(f"sqlite:///{(path / 'book.db').as_posix()}", compiler=compile_files)
        cold = []
        for name in wanted[:50]:
            book._commits._kept.clear()
            cold.append(_micros(lambda n=name: book.voucher(n)))
        book.voucher(wanted[0])
        book.voucher(wanted[0])
        warm = [_micros(lambda: book.voucher(wanted[0])) for _ in range(200)]
        rows = [_micros(lambda n=name: store.voucher(n)) for name in wanted]
        book.close()
        store.close()
    return {
        "rows": statistics.median(rows),
        "commit decoded": statistics.median(cold),
        "commit at hand": statistics.median(warm),
    }


def _micros(work: object) -> float:
    started = time.perf_counter()
    work()  # type: ignore[operator]
    return (time.perf_counter() - started) * 1e6


def plan(scale: Scale) -> dict[int, int]:
    """Batch size -> events."""
    if scale.quick:
        return {1: 100, 10: 200, 100: 500, 1_000: 2_000}
    return {1: 500, 10: 2_000, 100: 5_000, 1_000: 20_000, 10_000: 50_000}


def commits_vs_indexed_rows(scale: Scale) -> Iterator[Figure]:
    """For `python -m benchmarks`: writing at each batch size, size and reading beside it."""
    for size, total in plan(scale).items():
        sizes = Sizes()
        figure = writing(size, total, scale.runs, sizes)
        figure.conditions |= {
            "bytes per event, commits": round(statistics.median(sizes.commits)),
            "bytes per event, rows": round(statistics.median(sizes.rows)),
            "read one voucher, microseconds": {
                name: round(value) for name, value in reading(size, total).items()
            },
        }
        yield figure


def table(figures: Sequence[Figure]) -> str:
    """Figures as Markdown."""
    lines = [
        "| batch | commits | indexed rows | ratio (spread) | bytes/event commits "
        "| bytes/event rows | read voucher: rows | commit decoded | commit at hand |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for figure in figures:
        known = figure.conditions
        reads = known["read one voucher, microseconds"]
        assert isinstance(reads, Mapping)
        lines.append(
            f"| {known['batch']:,} | {figure.ours} | {figure.reference} "
            f"| {figure.ratio} ({figure.spread}) | {known['bytes per event, commits']:,} "
            f"| {known['bytes per event, rows']:,} | {reads['rows']:,} µs "
            f"| {reads['commit decoded']:,} µs | {reads['commit at hand']:,} µs |"
        )
    return "\n".join(lines)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    print(table(list(commits_vs_indexed_rows(Scale(arguments.quick)))))
    print(environment())


if __name__ == "__main__":
    main()
