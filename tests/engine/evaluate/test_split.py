"""Splits add up, and the columns agree with the scalar form."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import numpy as np
import pytest

from engine.evaluate.failures import NEGATIVE_WEIGHT, NO_WEIGHT
from engine.evaluate.split import split_columns, split_fault, split_shares
from engine.program import Residue

LARGEST_REMAINDER = Residue.LARGEST_REMAINDER


@pytest.mark.parametrize(
    ("total", "weights", "residue", "shares"),
    [
        (100, [1, 1, 1], LARGEST_REMAINDER, [34, 33, 33]),
        (-100, [1, 1, 1], LARGEST_REMAINDER, [-34, -33, -33]),
        (101, [1, 1, 1], LARGEST_REMAINDER, [34, 34, 33]),
        (100, [1, 2, 4], LARGEST_REMAINDER, [14, 29, 57]),
        (100, [1, 2, 4], Residue.LARGEST, [14, 28, 58]),
        (100, [4, 2, 4], Residue.LARGEST, [40, 20, 40]),
        (101, [4, 2, 4], Residue.LARGEST, [41, 20, 40]),
        (101, [1, 2, 4], Residue.FIRST, [16, 28, 57]),
        (101, [1, 2, 4], Residue.LAST, [14, 28, 59]),
        (-101, [1, 2, 4], Residue.LAST, [-14, -28, -59]),
        (1, [0, 5, 5], LARGEST_REMAINDER, [0, 1, 0]),
        (0, [0, 0], LARGEST_REMAINDER, [0, 0]),
        (0, [], LARGEST_REMAINDER, []),
    ],
)
def test_residue_goes_where_the_rule_says(
    total: int, weights: list[int], residue: Residue, shares: list[int]
) -> None:
    assert split_fault(total, weights) == -1
    assert split_shares(total, weights, residue) == shares
    found, faults = split_columns(
        np.array([total], dtype=np.int64),
        np.array(weights, dtype=np.int64),
        np.array([0, len(weights)], dtype=np.int64),
        residue,
    )
    assert found.tolist() == shares
    assert faults.tolist() == [-1]


@pytest.mark.parametrize(
    ("total", "weights", "fault"),
    [
        (5, [], NO_WEIGHT),
        (5, [0, 0], NO_WEIGHT),
        (0, [0, 0], -1),
        (0, [], -1),
        (5, [1, -1], NEGATIVE_WEIGHT),
        (5, [3, -1], NEGATIVE_WEIGHT),
        (0, [-1], NEGATIVE_WEIGHT),
    ],
)
def test_weights_that_cannot_carry_a_total_are_faults(
    total: int, weights: list[int], fault: int
) -> None:
    assert split_fault(total, weights) == fault
    _, faults = split_columns(
        np.array([total], dtype=np.int64),
        np.array(weights, dtype=np.int64),
        np.array([0, len(weights)], dtype=np.int64),
        LARGEST_REMAINDER,
    )
    assert faults.tolist() == [fault]


def reference(total: int, weights: list[int], residue: Residue) -> list[int]:
    """The definition of the reference page, in fractions."""
    whole = sum(weights)
    exact = [Fraction(abs(total) * weight, whole) for weight in weights]
    shares = [int(share) for share in exact]
    left = abs(total) - sum(shares)
    places = list(range(len(weights)))
    match residue:
        case Residue.LARGEST_REMAINDER:
            taking = sorted(places, key=lambda at: (shares[at] - exact[at], at))[:left]
            for at in taking:
                shares[at] += 1
        case Residue.LARGEST:
            shares[min(places, key=lambda at: (-weights[at], at))] += left
        case Residue.FIRST:
            shares[0] += left
        case Residue.LAST:
            shares[-1] += left
    return [-share for share in shares] if total < 0 else shares


def random_split(random: Random, style: str) -> tuple[list[int], list[int], list[int]]:
    tops = {"small": (100, 9), "large": (9 * 10**17, 10**12), "beyond": (2**70, 2**66)}
    top, weight = tops[style]
    totals: list[int] = []
    weights: list[int] = []
    offsets = [0]
    for _ in range(random.randint(0, 8)):
        totals.append(random.choice([0, 7, random.randint(-top, top), -top, -(2**63)]))
        for _ in range(random.choice([0, 1, 2, 3, 5, 40])):
            picks = [0, 1, 1, 2, random.randint(0, weight), weight]
            if random.random() < 0.02:
                picks = [-1]
            weights.append(random.choice(picks))
        offsets.append(len(weights))
    return totals, weights, offsets


@pytest.mark.parametrize("style", ["small", "large", "beyond"])
def test_columns_scalars_and_definition_agree(style: str) -> None:
    random = Random(5)
    dtype = np.object_ if style == "beyond" else np.int64
    for _ in range(250):
        totals, weights, offsets = random_split(random, style)
        for residue in Residue:
            found, faults = split_columns(
                np.array(totals, dtype=dtype),
                np.array(weights, dtype=dtype),
                np.array(offsets, dtype=np.int64),
                residue,
            )
            for at, total in enumerate(totals):
                own = weights[offsets[at] : offsets[at + 1]]
                assert faults[at] == split_fault(total, own)
                if faults[at] < 0:
                    shares = found[offsets[at] : offsets[at + 1]].tolist()
                    assert shares == split_shares(total, own, residue)
                    assert sum(shares) == total
                    assert not any(own) or shares == reference(total, own, residue)
                else:
                    assert not any(found[offsets[at] : offsets[at + 1]])
