"""Says which lines of the district's ledger a budget refuses; imports nothing of the project.

`python -m tests.alaska.refusals LEDGER.parquet [--share LEVEL=SHARE ...] [--by-order]`

It walks the lines in file order. A line's demand is its encumbrance plus its amount. A demand
above zero is refused if it is more than what is left (limit - encumbrance - actual so far) at the
line's key or at any beginning of it that has a limit; a refused line leaves nothing. A demand of
zero or less always passes. Limits come from two places:

* `--share 5=0.8`: before the first line every five-part key is limited to 80 % of what the whole
  file uses there (encumbrance + actual, rounded down to cents, not below zero); `--share 1=0.75`
  limits every fund likewise. What no share names is not limited.
* a line with a `Budget` raises (or lowers) the limit of its own key from there on; it is never
  refused. A key has no limit before its first one.

An encumbrance given back (a negative one) lowers the key's encumbrance as the file says, whether
or not the line that made it was refused or stands in this file: 119 of the 356 orders of 2018/19
are not zero at the end, most because they were placed the year before. With `--by-order` it gives
back at most what its order (`Reference`) still holds at its key, so that a refused order gives
nothing back.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path

from tests.alaska.totals import Figures, Key, lines, totals

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Refusal:
    """A refused line: the first node, from the key upwards, that it does not fit."""

    line: int
    node: Key
    demand: Decimal
    available: Decimal


@dataclass(frozen=True)
class Outcome:
    """What was refused, and what the rest came to."""

    refused: tuple[Refusal, ...]
    limits: dict[Key, Decimal]
    figures: dict[Key, Figures]


def shared_limits(ledger: Path, shares: Mapping[int, Decimal]) -> dict[Key, Decimal]:
    """Limits of all keys of the levels named, as shares of what the file uses there."""
    return {
        key: max(Decimal(0), (figures.used * shares[len(key)]).quantize(CENT, rounding=ROUND_FLOOR))
        for key, figures in totals(ledger).items()
        if len(key) in shares
    }


def refusals(ledger: Path, shares: Mapping[int, Decimal], *, by_order: bool = False) -> Outcome:
    """Walks the ledger; `shares`: level (parts of the key) -> share of its final use."""
    limits = shared_limits(ledger, shares)
    figures: dict[Key, Figures] = defaultdict(Figures)
    held: dict[tuple[Key, str], Decimal] = defaultdict(Decimal)
    refused = []
    for line in lines(ledger):
        if line.budget:
            limits[line.key] = limits.get(line.key, Decimal(0)) + line.budget
        order = (line.key, line.reference)
        encumbrance = line.encumbrance
        if by_order and encumbrance < 0:
            encumbrance = -min(-encumbrance, held[order])
        demand = encumbrance + line.actual
        nodes = [line.key[:length] for length in range(len(line.key), -1, -1)]
        short = next(
            (
                Refusal(line.number, node, demand, limits[node] - figures[node].used)
                for node in nodes
                if demand > 0 and node in limits and demand > limits[node] - figures[node].used
            ),
            None,
        )
        if short is not None:
            refused.append(short)
            continue
        held[order] += encumbrance
        for node in nodes:
            figures[node].encumbrance += encumbrance
            figures[node].actual += line.actual
    return Outcome(tuple(refused), limits, dict(figures))


def shares_of(texts: list[str]) -> dict[int, Decimal]:
    """Reads LEVEL=SHARE arguments."""
    pairs = (text.partition("=") for text in texts)
    return {int(level): Decimal(share) for level, _, share in pairs}


def main() -> None:
    """Prints the refused lines and a summary as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ledger", type=Path)
    parser.add_argument("--share", action="append", default=[], metavar="LEVEL=SHARE")
    parser.add_argument("--by-order", action="store_true")
    arguments = parser.parse_args()
    shares = shares_of(arguments.share)
    outcome = refusals(arguments.ledger, shares, by_order=arguments.by_order)
    refused = [
        {
            "line": refusal.line,
            "node": list(refusal.node),
            "demand": f"{refusal.demand:.2f}",
            "available": f"{refusal.available:.2f}",
        }
        for refusal in outcome.refused
    ]
    whole = outcome.figures[()]
    print(
        json.dumps(
            {
                "refused_count": len(refused),
                "encumbrance": f"{whole.encumbrance:.2f}",
                "actual": f"{whole.actual:.2f}",
                "refused": refused,
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
