"""Sums of amounts by composite key, exact at any size."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from engine.state.keys import Key

Int64s = npt.NDArray[np.int64]


def group_sums(keys: tuple[Int64s, ...], amounts: Int64s) -> Iterator[tuple[Key, int]]:
    """Yields each distinct key with the exact sum of its amounts, in key order.

    Args:
        keys: equally long int64 columns.
        amounts: int64, same length.
    """
    count = len(amounts)
    if count == 0:
        return
    order = np.lexsort(keys[::-1])
    sorted_keys = [column[order] for column in keys]
    sorted_amounts = amounts[order]
    changes = np.zeros(count, dtype=np.bool_)
    changes[0] = True
    for column in sorted_keys:
        changes[1:] |= column[1:] != column[:-1]
    starts = np.flatnonzero(changes)
    low, high = int(amounts.min()), int(amounts.max())
    if max(-low, high) <= (2**63 - 1) // count:
        sums: list[int] = np.add.reduceat(sorted_amounts, starts).tolist()
    else:  # int64 could wrap: sum in Python integers
        bounds = [*starts.tolist(), count]
        values = sorted_amounts.tolist()
        sums = [sum(values[a:b]) for a, b in pairwise(bounds)]
    columns = [column[starts].tolist() for column in sorted_keys]
    yield from zip(zip(*columns, strict=True), sums, strict=True)
