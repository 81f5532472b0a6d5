"""Every kernel against Python's own integers and fractions, extremes included."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.limits import MAX_DECIMAL_CHARS
from engine.money import (
    DecimalSyntaxError,
    checked_sum,
    floor_products,
    format_minor,
    format_plain,
    magnitude,
    narrow,
    parse_decimal,
    parse_decimals,
    round_products,
    round_quotient,
    round_quotients,
    segment_sums,
)
from engine.program import RoundMode

LOW, HIGH = -(2**63), 2**63 - 1
MODES = list(RoundMode)


def int64s(values: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, dtype=np.int64)


def reference_round(value: Fraction, mode: RoundMode) -> int:
    """Rounding by its definition, on an exact fraction."""
    size, sign = abs(value), -1 if value < 0 else 1
    whole, rest = divmod(size, 1)
    up = {
        RoundMode.HALF_AWAY: rest >= Fraction(1, 2),
        RoundMode.HALF_EVEN: rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2 == 1),
        RoundMode.DOWN: False,
        RoundMode.UP: rest > 0,
    }[mode]
    return sign * (int(whole) + up)


# --- Decimals --------------------------------------------------------------------------------

GOOD = {
    ("1060.00", 2): 106000,
    ("-12.5", 2): -1250,
    ("0.06", 6): 60000,
    ("7", 0): 7,
    ("7.000", 0): 7,
    ("-0", 2): 0,
    ("-0.00", 2): 0,
    ("007.10", 2): 710,
    ("1.2300000", 2): 123,
    ("9" * 39, 0): 10**39 - 1,
    ("92233720368547758.07", 2): HIGH,
    ("-92233720368547758.08", 2): LOW,
}
BAD = [
    "", " ", "1 ", " 1", "+1", "1e5", "1E5", "NaN", "nan", "inf", "-inf", "Infinity", "1_000",
    "1,000", ".5", "5.", "-", "--1", "-.5", "1.2.3", "0x10", "１", "１.５", "٣", "²", "1\n", "\n1",
    "1\n2", "1\x00", "−1", "1-", "1.-5", "\ufeff1", "9" * (MAX_DECIMAL_CHARS + 1),
]  # fmt: skip


@pytest.mark.parametrize(("text", "scale"), GOOD)
def test_plain_decimals_are_read_exactly(text: str, scale: int) -> None:
    assert parse_decimal(text, scale) == GOOD[text, scale]


@pytest.mark.parametrize("text", BAD)
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(DecimalSyntaxError):
        parse_decimal(text, 6)
    raws, present, problems = parse_decimals(["1.5", text, None], 6)
    assert raws.tolist() == [1_500_000, 0, 0]
    assert present.tolist() == [True, True, False]
    assert list(problems) == [1]


def test_more_decimals_than_the_scale_are_refused_unless_zeros() -> None:
    assert parse_decimal("1.500", 1) == 15
    with pytest.raises(DecimalSyntaxError, match="more than 2 decimals"):
        parse_decimal("1.234", 2)


def test_long_text_is_refused_before_it_is_read() -> None:
    with pytest.raises(DecimalSyntaxError, match="at most 40 characters"):
        parse_decimal("9" * 10_000_000, 2)


def random_text(random: Random) -> str | None:
    kind = random.random()
    if kind < 0.05:
        return None
    if kind < 0.15:
        return random.choice(BAD)
    digits = "".join(random.choice("0123456789") for _ in range(random.choice([1, 2, 5, 15, 20])))
    if random.random() < 0.6:
        digits += "." + "".join(random.choice("0019") for _ in range(random.randint(0, 7)))
    return random.choice(["", "", "-"]) + digits


def parsed(text: str | None, scale: int) -> tuple[int, str]:
    try:
        return (0 if text is None else parse_decimal(text, scale)), ""
    except DecimalSyntaxError as error:
        return 0, str(error)


@pytest.mark.parametrize("with_strange_rows", [False, True])
def test_bulk_parsing_agrees_with_parsing_one_by_one(with_strange_rows: bool) -> None:
    random = Random(1)
    for _ in range(200):
        texts = [random_text(random) for _ in range(random.randint(0, 60))]
        if not with_strange_rows:
            texts = [t for t in texts if t is None or (t.isascii() and "\n" not in t)]
        scale = random.choice([0, 1, 2, 6, 17, 20])
        raws, present, problems = parse_decimals(texts, scale)
        assert raws.dtype == np.int64
        for index, text in enumerate(texts):
            assert present[index] == (text is not None)
            expected, problem = parsed(text, scale)
            if problem:
                assert problems[index] == problem
                assert raws[index] == 0
            elif LOW <= expected <= HIGH:
                assert raws[index] == expected
                assert index not in problems
            else:
                assert raws[index] == 0
                assert "beyond" in problems[index]


plain = st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{1,8})?", fullmatch=True)


@given(
    st.lists(st.none() | plain | st.sampled_from(BAD) | st.text(max_size=6), max_size=20),
    st.sampled_from([0, 1, 2, 6, 16, 17, 20]),
)
def test_few_decimals_are_read_as_many_are(texts: list[str | None], scale: int) -> None:
    raws, present, problems = parse_decimals(texts, scale)
    count = len(texts)
    # With as many zeros behind them that all are read at once.
    many, there, wrong = parse_decimals([*texts, *["0"] * 64], scale)
    assert raws.tolist() == many[:count].tolist()
    assert present.tolist() == there[:count].tolist()
    assert problems == wrong
    assert not many[count:].any()


@given(st.integers(LOW, HIGH), st.integers(0, 18))
def test_formats_read_back(raw: int, scale: int) -> None:
    assert parse_decimal(format_minor(raw, scale), scale) == raw
    assert parse_decimal(format_plain(raw, scale), scale) == raw
    assert Decimal(format_minor(raw, scale)) == Decimal(raw).scaleb(-scale)


@pytest.mark.parametrize(
    ("raw", "scale", "full", "plain"),
    [
        (106000, 2, "1060.00", "1060"),
        (60000, 6, "0.060000", "0.06"),
        (1_000_000, 6, "1.000000", "1"),
        (-350, 2, "-3.50", "-3.5"),
        (-5, 2, "-0.05", "-0.05"),
        (0, 2, "0.00", "0"),
        (100, 0, "100", "100"),
    ],
)
def test_formats_have_fixed_or_no_trailing_zeros(
    raw: int, scale: int, full: str, plain: str
) -> None:
    assert format_minor(raw, scale) == full
    assert format_plain(raw, scale) == plain


# --- Rounding --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("num", "den", "away", "even", "down", "up"),
    [
        (5, 2, 3, 2, 2, 3),
        (-5, 2, -3, -2, -2, -3),
        (7, 2, 4, 4, 3, 4),
        (1, 3, 0, 0, 0, 1),
        (-1, 3, 0, 0, 0, -1),
        (2, 3, 1, 1, 0, 1),
        (4, -8, -1, 0, 0, -1),
        (-6, -4, 2, 2, 1, 2),
        (6, 3, 2, 2, 2, 2),
        (0, 5, 0, 0, 0, 0),
    ],
)
def test_modes_settle_as_named(
    num: int, den: int, away: int, even: int, down: int, up: int
) -> None:
    expected = dict(zip(MODES, (away, even, down, up), strict=True))
    for mode in MODES:
        assert round_quotient(num, den, mode) == expected[mode]
        assert round_quotients(int64s([num]), den, mode).tolist() == [expected[mode]]
        assert round_quotients(int64s([num]), int64s([den]), mode).tolist() == [expected[mode]]
        assert round_products(int64s([num]), 1, den, mode).tolist() == [expected[mode]]


@given(st.integers(-(10**30), 10**30), st.integers(-(10**20), 10**20).filter(bool))
def test_quotients_of_any_size_round_by_definition(num: int, den: int) -> None:
    for mode in MODES:
        assert round_quotient(num, den, mode) == reference_round(Fraction(num, den), mode)


def test_a_divisor_of_zero_is_an_error() -> None:
    for den in (0, int64s([0]), int64s([0])):
        with pytest.raises(ZeroDivisionError):
            round_quotients(int64s([1]), den, RoundMode.DOWN)
        with pytest.raises(ZeroDivisionError):
            round_products(int64s([HIGH]), 7, den, RoundMode.DOWN)
    with pytest.raises(ZeroDivisionError):
        round_quotient(1, 0, RoundMode.UP)
    with pytest.raises(ZeroDivisionError):
        round_quotients(int64s([1, 1]), int64s([-3, 0]), RoundMode.UP)


EXTREMES = [LOW, LOW + 1, HIGH, HIGH - 1, 2**62, -(2**62), 10**15, -(10**15), 0, 1, -1, 2, 3]
DIVISORS = [1, 2, 3, 4, 10**6, 1_060_000, 2**49, 2**50 - 1, 2**50, 2**50 + 1, 2**62, HIGH]


def random_factor(random: Random, digits: int = 19) -> int:
    if random.random() < 0.15:
        return random.choice(EXTREMES)
    top = min(10 ** random.randint(1, digits), HIGH)
    return random.randint(-top, top)


def random_divisor(random: Random, *, small: bool) -> int:
    if random.random() < 0.2:
        divisor = random.choice(DIVISORS)
    else:
        divisor = random.randint(1, min(10 ** random.randint(1, 19), HIGH))
    return divisor % (2**50 - 1) + 1 if small else divisor


@pytest.mark.parametrize("mode", MODES)
def test_quotients_in_columns_are_exact(mode: RoundMode) -> None:
    random = Random(2)
    for digits in (6, 15, 18, 19, 19):
        nums = [random_factor(random, digits) for _ in range(4000)]
        if digits < 18:
            nums = [num % 10**digits - 10**digits // 2 for num in nums]
        dens = [random_divisor(random, small=digits < 19) for _ in nums]
        signed = [random.choice([-1, 1]) * den for den in dens]
        for columns in (dens, signed):
            expected = [round_quotient(n, d, mode) for n, d in zip(nums, columns, strict=True)]
            assert round_quotients(int64s(nums), int64s(columns), mode).tolist() == expected
        for den in (1, 2, 3, 100, 1_060_000, 10**18, -7, HIGH, 10**30):
            expected = [round_quotient(num, den, mode) for num in nums]
            assert round_quotients(int64s(nums), den, mode).tolist() == expected
            if den > 0 and magnitude(int64s(nums)) + den <= HIGH:
                found = round_quotients(int64s(nums), den, mode, proved=True)
                assert found.tolist() == expected


@pytest.mark.parametrize("mode", MODES)
def test_ties_in_columns_settle_by_mode(mode: RoundMode) -> None:
    random = Random(3)
    dens = [2 * random_divisor(random, small=True) for _ in range(5000)]
    quotients = [random.randint(-1000, 1000) for _ in dens]
    nums = [q * d + d // 2 for q, d in zip(quotients, dens, strict=True)]
    expected = [round_quotient(n, d, mode) for n, d in zip(nums, dens, strict=True)]
    assert round_quotients(int64s(nums), int64s(dens), mode).tolist() == expected


def product_cases(random: Random, kind: str, count: int) -> tuple[list[int], list[int], list[int]]:
    """Factors and divisors: any, with bounded divisors, ties, or results close to 2**62."""
    a = [random_factor(random) for _ in range(count)]
    b = [random_factor(random) for _ in range(count)]
    c = [random_divisor(random, small=kind != "any") for _ in range(count)]
    if kind == "ties":
        # a*b/c = b*(k + 1/2) for odd b and an even divisor.
        c = [2 * random.randint(1, 2**40) for _ in range(count)]
        b = [2 * random.randint(-(10**9), 10**9) + 1 for _ in range(count)]
        a = [den // 2 * (2 * random.randint(-4000, 4000) + 1) for den in c]
    if kind == "edge":
        q = [2**62 + random.randint(-3000, 3000) for _ in range(count)]
        b = [random.randint(2, 2**49) for _ in range(count)]
        c = [min(x - random.randint(0, 1), 2**50 - 1) or 1 for x in b]
        a = [random.choice([-1, 1]) * x * y // z for x, y, z in zip(q, c, b, strict=True)]
    return a, b, c


@pytest.mark.parametrize("kind", ["any", "bounded", "ties", "edge"])
@pytest.mark.parametrize("mode", MODES)
def test_wide_products_are_exact(kind: str, mode: RoundMode) -> None:
    random = Random(4)
    beyond = 0
    for _ in range(4):
        a, b, c = product_cases(random, kind, 4000)
        expected = [round_quotient(x * y, z, mode) for x, y, z in zip(a, b, c, strict=True)]
        assert round_products(int64s(a), int64s(b), int64s(c), mode).tolist() == expected
        beyond += sum(not LOW <= x * y <= HIGH for x, y in zip(a, b, strict=True))
        factor, divisor = b[0] or 1, c[0]
        expected = [round_quotient(x * factor, divisor, mode) for x in a]
        assert round_products(int64s(a), factor, divisor, mode).tolist() == expected
        assert round_products(factor, int64s(a), divisor, mode).tolist() == expected
    assert beyond > 4000


@pytest.mark.long
def test_wide_products_are_exact_in_millions_of_cases() -> None:
    random = Random(5)
    for _ in range(150):
        for kind in ("any", "bounded", "ties", "edge"):
            a, b, c = product_cases(random, kind, 4000)
            for mode in MODES:
                expected = [round_quotient(x * y, z, mode) for x, y, z in zip(a, b, c, strict=True)]
                assert round_products(int64s(a), int64s(b), int64s(c), mode).tolist() == expected


def test_floor_products_say_which_rows_they_cannot_hold() -> None:
    random = Random(6)
    a, b, c = product_cases(random, "any", 20_000)
    c[:3] = [0, -5, LOW]
    quotients, rests, outside = floor_products(int64s(a), int64s(b), int64s(c))
    assert outside[:3].all()
    held = 0
    for x, y, z, quotient, rest, out in zip(
        a, b, c, quotients.tolist(), rests.tolist(), outside.tolist(), strict=True
    ):
        if not out:
            assert (quotient, rest) == divmod(x * y, z)
            held += 1
        else:
            assert z <= 0 or z >= 2**50 or abs(x * y // z) >= 2**62 - 2**12
    assert held > 8000


def test_results_beyond_int64_are_python_integers() -> None:
    found = round_products(int64s([HIGH, 6]), int64s([HIGH, 3]), int64s([1, 4]), RoundMode.UP)
    assert found.dtype == np.object_
    assert found.tolist() == [HIGH * HIGH, 5]
    assert round_quotients(int64s([LOW]), -1, RoundMode.DOWN).tolist() == [2**63]


# --- Sums ------------------------------------------------------------------------------------


def test_sums_do_not_wrap() -> None:
    random = Random(7)
    for _ in range(300):
        values = [random_factor(random) for _ in range(random.randint(0, 30))]
        assert checked_sum(int64s(values)) == sum(values)
        cuts = sorted(random.randint(0, len(values)) for _ in range(random.randint(0, 6)))
        offsets = [0, *cuts, len(values)]
        expected = [sum(values[s:e]) for s, e in pairwise(offsets)]
        found = segment_sums(int64s(values), int64s(offsets))
        assert found.tolist() == expected
        objects = np.array([*values, 2**80], dtype=np.object_)[:-1]
        assert segment_sums(objects, int64s(offsets)).tolist() == expected
        fits = all(LOW <= value <= HIGH for value in expected)
        assert (found.dtype == np.int64) == fits


def test_sums_of_many_large_values_do_not_wrap() -> None:
    values = np.full(10_000, HIGH, dtype=np.int64)
    assert checked_sum(values) == 10_000 * HIGH
    assert checked_sum(-values - 1) == 10_000 * LOW
    assert segment_sums(values, int64s([0, 0, 9_999, 10_000])).tolist() == [0, 9_999 * HIGH, HIGH]


def test_magnitude_holds_the_lowest_integer() -> None:
    assert magnitude(int64s([LOW, 5])) == 2**63
    assert magnitude(int64s([])) == 0
    assert magnitude(-7) == 7


def test_narrow_keeps_what_does_not_fit() -> None:
    assert narrow(np.array([1, HIGH], dtype=np.object_)).dtype == np.int64
    assert narrow(np.array([1, HIGH + 1], dtype=np.object_)).dtype == np.object_
