"""Calendar arithmetic, for one value and in columns, against the standard library."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.evaluate.dates import (
    COLUMNS,
    SCALARS,
    add_months,
    first_of_month,
    period_codes,
    period_start_of,
    period_starts,
    period_text,
    year_month_day,
)
from engine.program import Op
from engine.strings import BatchStrings, StringPool

EPOCH = date(1970, 1, 1).toordinal()
DAYS = st.dates(min_value=date(1, 1, 1), max_value=date(9998, 12, 31))


def number(day: date) -> int:
    return day.toordinal() - EPOCH


@given(DAYS)
def test_days_are_those_of_the_calendar(day: date) -> None:
    assert year_month_day(number(day)) == (day.year, day.month, day.day)
    assert SCALARS[Op.MONTH_START](number(day)) == number(day.replace(day=1))
    last = day.replace(day=monthrange(day.year, day.month)[1])
    assert SCALARS[Op.MONTH_END](number(day)) == number(last)
    assert period_text(number(day)) == day.isoformat()[:7]
    assert period_start_of(day.isoformat()[:7]) == number(day.replace(day=1))


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 3, 15), 12, date(2027, 3, 15)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
    ],
)
def test_months_are_added_up_to_the_end_of_a_shorter_month(
    day: date, months: int, expected: date
) -> None:
    assert add_months(number(day), months) == number(expected)


@given(st.lists(st.tuples(DAYS, st.integers(-2_000, 2_000)), min_size=1, max_size=30))
def test_columns_give_what_single_values_give(rows: list[tuple[date, int]]) -> None:
    days = np.array([number(day) for day, _ in rows], dtype=np.int32)
    counts = np.array([count for _, count in rows], dtype=np.int64)
    others = days[::-1].copy()
    for op, kernel in COLUMNS.items():
        args = [days]
        if op in {Op.ADD_DAYS, Op.ADD_MONTHS}:
            args.append(counts)
        elif op in {Op.DAYS, Op.MONTHS}:
            args.append(others)
        expected = [SCALARS[op](*each) for each in zip(*[a.tolist() for a in args], strict=True)]
        assert kernel(*args).tolist() == expected, op


def test_periods_are_texts_of_the_batch() -> None:
    strings = BatchStrings(StringPool())
    days = np.array([number(date(2026, 3, 31)), number(date(2026, 3, 1))], dtype=np.int32)
    codes = period_codes(days, strings)
    assert strings.texts(codes) == ["2026-03", "2026-03"]
    codes = np.append(codes, np.int32(-1)).astype(np.int32)
    first = number(date(2026, 3, 1))
    assert period_starts(codes, strings).tolist() == [first, first, 0]


def test_the_year_1_begins_where_the_calendar_does() -> None:
    assert first_of_month(12) == number(date(1, 1, 1))
