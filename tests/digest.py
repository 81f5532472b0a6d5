"""Recomputes the digests of a folder written by `replay` or `export` from its files alone.

python -m tests.digest DIR: prints the digests as JSON; exit code 1 if `summary.json` has others.
Imports nothing of the engine, so that it can contradict it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq

KEY = ("entity", "ledger", "series", "period", "word", "number")
DATES = ("voucher_date", "event_date", "source", "event_id")
AMOUNTS = ("debit", "credit", "fc_debit", "fc_credit")
RESULTS = ("input_no", "source", "event_id", "type", "status", "reason")
BUDGETS = ("node", "budget", "reserved", "committed", "actual", "available")
DECISIONS = (
    *("source", "event_id", "node", "verdict", "requested", "available", "shortfall", "excess"),
    *("role", "person", "reason", "rule", "rule_line"),
)


def digests(folder: Path) -> dict[str, str]:
    """The three digests of a folder."""
    budget_lines = [
        *_plain_lines(folder / "budget_decisions.parquet", DECISIONS),
        *sorted(_plain_lines(folder / "budgets.parquet", BUDGETS)),
    ]
    return {
        "voucher_digest": _digest(text for _, text in sorted(_voucher_lines(folder))),
        "budget_digest": _digest(budget_lines),
        "result_digest": _digest(_plain_lines(folder / "results.parquet", RESULTS)),
    }


def _digest(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()


def _rows(path: Path) -> Iterator[dict[str, object]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches():
            yield from batch.to_pylist()


def _plain_lines(path: Path, columns: tuple[str, ...]) -> Iterator[str]:
    for row in _rows(path):
        yield "\t".join(_text(row[name]) for name in columns)


def _voucher_lines(folder: Path) -> Iterator[tuple[tuple[object, ...], str]]:
    vouchers = {tuple(row[name] for name in KEY): row for row in _rows(folder / "vouchers.parquet")}
    path = folder / "lines.parquet"
    metadata = pq.read_metadata(path).metadata or {}
    scales = json.loads(metadata.get(b"tongpin.ledger_scales", b"{}"))
    for line in _rows(path):
        voucher = vouchers[tuple(line[name] for name in KEY)]
        scale = scales.get(str(line["ledger"]))
        values = [_text(line[name]) for name in (*KEY, "line_no")]
        values += [_text(voucher[name]) for name in DATES]
        for name in ("account_code", "debit", "credit", "currency", "fc_debit", "fc_credit"):
            value = line[name]
            values.append(_amount(value, scale) if name in AMOUNTS else _text(value))
            if name.startswith("fc_") and isinstance(value, Decimal) and scale is not None:
                # A foreign amount may be finer than the ledger; then it has what it needs.
                finer = value != round(value, scale)
                values[-1] = f"{value.normalize():f}" if finer else values[-1]
        values.append(_text(line["rate"]))
        dimensions = sorted(name for name in line if name.startswith("dim_"))
        values += [f"{name[4:]}={line[name]}" for name in dimensions if line[name]]
        values.append(_text(voucher["reverses"]))
        key = tuple(_text(line[name]).encode() for name in KEY[:-1])
        yield (*key, line["number"], line["line_no"]), "\t".join(values)


def _text(value: object) -> str:
    return "" if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)


def _amount(value: object, scale: int | None) -> str:
    if not isinstance(value, Decimal) or scale is None:
        return _text(value)
    return f"{value:.{scale}f}"


def main() -> int:
    """Prints the digests; tells whether the summary agrees."""
    parser = argparse.ArgumentParser(prog="python -m tests.digest", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    found = digests(folder)
    print(json.dumps(found, indent=2))
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    wrong = [name for name, digest in found.items() if summary.get(name) != digest]
    for name in wrong:
        print(f"{name}: summary.json has {summary.get(name)}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
