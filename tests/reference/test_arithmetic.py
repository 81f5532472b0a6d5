"""The arithmetic of the reference evaluator against numbers worked by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from engine.program import Residue, RoundMode
from tests.reference.values import Fault, at_scale, plain, round_to, split

SMALL = Fraction(1, 1000)


@pytest.mark.parametrize(
    ("thousandths", "mode", "cents"),
    [
        (1005, RoundMode.HALF_AWAY, 101),
        (-1005, RoundMode.HALF_AWAY, -101),
        (-1004, RoundMode.HALF_AWAY, -100),
        (1005, RoundMode.HALF_EVEN, 100),
        (1015, RoundMode.HALF_EVEN, 102),
        (-1015, RoundMode.HALF_EVEN, -102),
        (1009, RoundMode.DOWN, 100),
        (-1009, RoundMode.DOWN, -100),
        (1001, RoundMode.UP, 101),
        (-1001, RoundMode.UP, -101),
        (1000, RoundMode.UP, 100),
    ],
)
def test_rounding_settles_on_the_absolute_value(
    thousandths: int, mode: RoundMode, cents: int
) -> None:
    assert round_to(thousandths * SMALL, 2, mode) == Fraction(cents, 100)


# T070: 5 cents at 70/30. T074 and T073: 10,000.00 at 13/7/11. T042: 4,001.00 at 400/200/40 hours.
@pytest.mark.parametrize(
    ("total", "weights", "residue", "shares"),
    [
        (5, [70, 30], Residue.LARGEST_REMAINDER, [4, 1]),
        (5, [30, 70], Residue.LARGEST_REMAINDER, [2, 3]),
        (1_000_000, [13, 7, 11], Residue.LARGEST_REMAINDER, [419_355, 225_806, 354_839]),
        (-1_000_000, [13, 7, 11], Residue.LARGEST_REMAINDER, [-419_355, -225_806, -354_839]),
        (400_100, [400, 200, 40], Residue.LARGEST_REMAINDER, [250_063, 125_031, 25_006]),
        (100, [1, 1, 1], Residue.LARGEST_REMAINDER, [34, 33, 33]),
        (-100, [1, 1, 1], Residue.LARGEST_REMAINDER, [-34, -33, -33]),
        (100, [1, 2, 2], Residue.LARGEST, [20, 40, 40]),
        (101, [1, 2, 2], Residue.LARGEST, [20, 41, 40]),
        (-101, [1, 2, 2], Residue.LARGEST, [-20, -41, -40]),
        (100, [1, 1, 1], Residue.FIRST, [34, 33, 33]),
        (100, [1, 1, 1], Residue.LAST, [33, 33, 34]),
        (2, [1, 1, 0], Residue.LAST, [1, 1, 0]),
        (0, [0, 0], Residue.FIRST, [0, 0]),
        (0, [], Residue.LARGEST_REMAINDER, []),
    ],
)
def test_split_adds_up_and_gives_the_residue_to_the_named_one(
    total: int, weights: list[int], residue: Residue, shares: list[int]
) -> None:
    made = split(total, [Fraction(weight) for weight in weights], residue)
    assert made == shares
    assert sum(made) == total


@pytest.mark.parametrize(
    ("total", "weights", "reason"),
    [
        (1, [], "SPLIT_WITHOUT_WEIGHT"),
        (1, [0, 0], "SPLIT_WITHOUT_WEIGHT"),
        (0, [-1, 1], "SPLIT_NEGATIVE_WEIGHT"),
        (5, [-1, 3], "SPLIT_NEGATIVE_WEIGHT"),
    ],
)
def test_split_without_usable_weights_is_a_fault(
    total: int, weights: list[int], reason: str
) -> None:
    with pytest.raises(Fault, match=reason):
        split(total, [Fraction(weight) for weight in weights], Residue.LARGEST)


def test_numbers_print_plainly_and_at_the_scale_of_their_type() -> None:
    assert plain(Fraction(6, 100)) == "0.06"
    assert plain(Fraction(-100)) == "-100"
    assert plain(Fraction(1)) == "1"
    assert at_scale(Fraction(1060), 2) == "1060.00"
    assert at_scale(Fraction(-5, 100), 2) == "-0.05"
    assert at_scale(Fraction(7), 0) == "7"
