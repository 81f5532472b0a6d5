"""Proportional shares that add up to their total exactly: one event, and many at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import numpy as np
import numpy.typing as npt

from engine.evaluate.failures import NEGATIVE_WEIGHT, NO_WEIGHT
from engine.money import (
    Int64s,
    Integers,
    Objects,
    as_objects,
    floor_products,
    narrow,
    segment_sums,
)
from engine.program import Residue

Bools = npt.NDArray[np.bool_]


def split_fault(total: int, weights: Sequence[int]) -> int:
    """The code of what forbids a split, or -1."""
    if weights and min(weights) < 0:
        return NEGATIVE_WEIGHT
    return NO_WEIGHT if total and not any(weights) else -1


def split_shares(total: int, weights: Sequence[int], residue: Residue) -> list[int]:
    """Shares of `total` in proportion to weights that `split_fault` has passed.

    Each share is floor(|total| * weight / sum of weights); what is left over goes where
    `residue` says; the sign of the total is applied after.
    """
    if not total:
        return [0] * len(weights)
    size, whole = abs(total), sum(weights)
    pairs = [divmod(size * weight, whole) for weight in weights]
    shares = [share for share, _ in pairs]
    left = size - sum(shares)
    if left:
        match residue:
            case Residue.LARGEST_REMAINDER:
                # sorted() is stable, so ties go by the declared order.
                for index in sorted(range(len(pairs)), key=lambda at: -pairs[at][1])[:left]:
                    shares[index] += 1
            case Residue.LARGEST:
                shares[weights.index(max(weights))] += left
            case Residue.FIRST:
                shares[0] += left
            case Residue.LAST:
                shares[-1] += left
    return shares if total > 0 else [-share for share in shares]


def split_columns(
    totals: Integers, weights: Integers, offsets: Int64s, residue: Residue
) -> tuple[Integers, npt.NDArray[np.int16]]:
    """Splits many totals at once.

    Args:
        totals: one per event.
        weights: concatenated per event.
        offsets: int64[m + 1] of the events' weights.
        residue: who receives what is left over.

    Returns:
        The shares, concatenated as the weights are, and int16[m]: -1 or the fault's code (the
        shares of that event are then 0).
    """
    wholes = segment_sums(weights, offsets)
    faults = _faults(totals, weights, wholes, offsets)
    if any(column.dtype == np.object_ for column in (totals, weights, wholes)):
        return narrow(_split_objects(totals, weights, offsets, residue, faults)), faults
    narrow_totals, narrow_weights = cast("Int64s", totals), cast("Int64s", weights)
    owners = np.repeat(np.arange(len(totals)), np.diff(offsets))
    sizes = np.abs(np.where(faults < 0, narrow_totals, 0))
    floors, rests, outside = floor_products(
        sizes[owners], narrow_weights, np.maximum(cast("Int64s", wholes), 1)[owners]
    )
    slow = sizes < 0  # int64's lowest value has no absolute one
    slow[owners[outside]] = True
    if slow.any():
        floors[slow[owners]] = 0
    left = np.where(slow, 0, sizes - cast("Int64s", segment_sums(floors, offsets)))
    _hand_out(floors, rests, left, (narrow_weights, owners, offsets), residue)
    shares = np.where(narrow_totals[owners] < 0, -floors, floors)
    for event in np.flatnonzero(slow).tolist():  # rare: beyond what the kernel can hold
        start, end = int(offsets[event]), int(offsets[event + 1])
        exact = split_shares(int(totals[event]), weights[start:end].tolist(), residue)
        shares[start:end] = exact
    return shares, faults


def _faults(
    totals: Integers, weights: Integers, wholes: Integers, offsets: Int64s
) -> npt.NDArray[np.int16]:
    """int16[m]: what forbids each split, or -1."""
    faults = np.full(len(totals), -1, dtype=np.int16)
    faults[(wholes == 0) & (totals != 0)] = NO_WEIGHT
    negative = np.flatnonzero(weights < 0)
    if len(negative):
        faults[np.searchsorted(offsets, negative, side="right") - 1] = NEGATIVE_WEIGHT
    return faults


def _split_objects(
    totals: Integers,
    weights: Integers,
    offsets: Int64s,
    residue: Residue,
    faults: npt.NDArray[np.int16],
) -> Objects:
    """Splits in Python integers, event by event: the values are beyond any machine word."""
    items, bounds = weights.tolist(), offsets.tolist()
    shares: list[int] = []
    rows = zip(totals.tolist(), faults.tolist(), pairwise(bounds), strict=True)
    for total, fault, (start, end) in rows:
        shares += split_shares(total if fault < 0 else 0, items[start:end], residue)
    return as_objects(shares)


def _hand_out(
    shares: Int64s,
    rests: Int64s,
    left: Int64s,
    segments: tuple[Int64s, Int64s, Int64s],
    residue: Residue,
) -> None:
    """Adds what is left over of each event to its shares, in place.

    `segments`: weights and owners per element, offsets per event.
    """
    weights, owners, offsets = segments
    events = np.flatnonzero(left > 0)
    if not len(events):
        return
    match residue:
        case Residue.FIRST:
            shares[offsets[events]] += left[events]
        case Residue.LAST:
            shares[offsets[events + 1] - 1] += left[events]
        case Residue.LARGEST:
            shares[_first_largest(weights, owners, offsets)[events]] += left[events]
        case Residue.LARGEST_REMAINDER:
            elements = np.flatnonzero(left[owners] > 0)
            # lexsort is stable, so ties go by the declared order.
            order = np.lexsort((-rests[elements], owners[elements]))
            sorted_owners = owners[elements[order]]
            starts = np.flatnonzero(np.diff(sorted_owners, prepend=-1))
            ranks = np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order)))
            shares[elements[order[ranks < left[sorted_owners]]]] += 1


def _first_largest(weights: Int64s, owners: Int64s, offsets: Int64s) -> Int64s:
    """int64[m]: the first element with the largest weight of each event; 0 for an empty one."""
    filled = np.flatnonzero(np.diff(offsets))
    largest = np.zeros(len(offsets) - 1, dtype=np.int64)
    largest[filled] = np.maximum.reduceat(weights, offsets[filled])
    found = np.flatnonzero(weights == largest[owners])
    firsts = found[np.flatnonzero(np.diff(owners[found], prepend=-1))]
    at = np.zeros(len(offsets) - 1, dtype=np.int64)
    at[owners[firsts]] = firsts
    return at
