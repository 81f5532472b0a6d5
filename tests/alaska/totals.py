"""Sums made straight from the district's ledger with `decimal`; imports nothing of the project.

`python -m tests.alaska.totals LEDGER.parquet` prints, per five-part key, what its lines granted,
encumbered and spent, as JSON. A line carries at most one of `Budget`, `Encumbrance`, `Amount`:
journals (J), payments (P) and receipts (R) carry an amount, orders (O) an encumbrance, and a
payment against an order is two lines: the amount, and the encumbrance given back.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq

#: The five parts of an account, root first.
KEY_COLUMNS = ("Fund_Code", "School_Code", "Function_Code", "Program_Code", "Object_Code")

Key = tuple[str, ...]


@dataclass(frozen=True)
class LedgerLine:
    """A line of the file. number: its place, from 1. Amounts are 0 where the file has none."""

    number: int
    key: Key
    reference: str
    budget: Decimal
    encumbrance: Decimal
    actual: Decimal


@dataclass
class Figures:
    """What the lines of a key, or of all keys that begin alike, add up to."""

    budget: Decimal = field(default_factory=Decimal)
    encumbrance: Decimal = field(default_factory=Decimal)
    actual: Decimal = field(default_factory=Decimal)

    @property
    def used(self) -> Decimal:
        return self.encumbrance + self.actual


def lines(ledger: Path) -> Iterator[LedgerLine]:
    """The lines in file order."""
    for number, row in enumerate(pq.read_table(ledger).to_pylist(), start=1):
        yield LedgerLine(
            number,
            tuple(row[column] for column in KEY_COLUMNS),
            row["Reference"],
            Decimal(row["Budget"] or 0),
            Decimal(row["Encumbrance"] or 0),
            Decimal(row["Amount"] or 0),
        )


def totals(ledger: Path) -> dict[Key, Figures]:
    """Figures of every key and of every beginning of a key, down to `()`, the whole ledger.

    `budget` is that of the key or beginning itself: a grant to a key is not one to its parents.
    """
    found: dict[Key, Figures] = defaultdict(Figures)
    for line in lines(ledger):
        found[line.key].budget += line.budget
        for length in range(len(line.key) + 1):
            figures = found[line.key[:length]]
            figures.encumbrance += line.encumbrance
            figures.actual += line.actual
    return dict(found)


def main() -> None:
    """Prints the figures of the full keys."""
    found = totals(Path(sys.argv[1]))
    full = {key: figures for key, figures in sorted(found.items()) if len(key) == len(KEY_COLUMNS)}
    rows = [
        {
            "key": list(key),
            "budget": f"{figures.budget:.2f}",
            "encumbrance": f"{figures.encumbrance:.2f}",
            "actual": f"{figures.actual:.2f}",
        }
        for key, figures in full.items()
    ]
    print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
