"""Tables searched by regions, against every input of a small domain tried one by one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from engine.program import Cell, Interval, Kind, Span, Table, TableRow
from rules_dsl.checks.authors import Authors
from rules_dsl.checks.regions import Space
from rules_dsl.checks.rows import matching_rows, table_space

CODES = ("a", "b", "c")
NUMBERS = range(-3, 9)
KEY_NAMES = ("code", "text", "number", "flag")
AUTHORS = Authors(())

Input = tuple[str, str, int, bool]


def _intervals() -> st.SearchStrategy[tuple[Interval, ...]]:
    ends = st.one_of(st.none(), st.integers(0, 5))
    interval = st.tuples(ends, ends).filter(
        lambda pair: pair[0] is None or pair[1] is None or pair[0] <= pair[1]
    )
    return st.lists(interval.map(lambda pair: Interval(*pair)), max_size=2).map(tuple)


def _rows() -> st.SearchStrategy[TableRow]:
    texts = st.sets(st.sampled_from(CODES), max_size=2).map(lambda found: tuple(sorted(found)))
    return st.builds(
        lambda code, text, number, flag, output: TableRow(
            (Cell(texts=code), Cell(texts=text), Cell(intervals=number), Cell(flag=flag)),
            (output,),
            is_else=False,
            span=Span(),
        ),
        texts,
        texts,
        _intervals(),
        st.sampled_from((None, True, False)),
        st.integers(0, 1),
    )


TABLES = st.lists(_rows(), max_size=6).map(tuple)


def _table(rows: tuple[TableRow, ...]) -> Table:
    return Table(
        "table",
        KEY_NAMES,
        (Kind.TEXT, Kind.TEXT, Kind.NUMBER, Kind.BOOL),
        (0, 0, 0, 0),
        (CODES, (), (), ()),
        ("out",),
        (Kind.NUMBER,),
        (0,),
        rows,
        unique=True,
        span=Span(),
    )


def _inputs() -> Iterator[Input]:
    yield from product(CODES, (*CODES, "other"), NUMBERS, (True, False))


def _matches(row: TableRow, given_input: Input) -> bool:
    code, text, number, flag = given_input
    return (
        (row.cells[0].matches_all or code in row.cells[0].texts)
        and (row.cells[1].matches_all or text in row.cells[1].texts)
        and (row.cells[2].matches_all or _in_any(row.cells[2].intervals, number))
        and (row.cells[3].matches_all or row.cells[3].flag == flag)
    )


def _in_any(intervals: tuple[Interval, ...], number: int) -> bool:
    return any(
        (interval.low is None or interval.low <= number)
        and (interval.high is None or number <= interval.high)
        for interval in intervals
    )


def _space(rows: tuple[TableRow, ...]) -> Space:
    return table_space(AUTHORS, _table(rows))


@given(TABLES)
def test_gaps_are_found_exactly_when_some_input_has_no_row(rows: tuple[TableRow, ...]) -> None:
    has_gap = any(not any(_matches(row, each) for row in rows) for each in _inputs())
    assert bool(_space(rows).gaps(3)) == has_gap


@given(TABLES)
def test_overlaps_are_exactly_the_rows_that_share_an_input(rows: tuple[TableRow, ...]) -> None:
    expected = {}
    for second, row in enumerate(rows):
        for first in range(second):
            if any(_matches(row, each) and _matches(rows[first], each) for each in _inputs()):
                expected[second] = first
                break
    space = _space(rows)
    found = space.overlaps()
    assert found == expected
    with patch("rules_dsl.checks.regions.PAIRS_LIMIT", 0):
        assert space.overlaps() == expected
    for second, first in found.items():
        assert all(space.common(first, second))


@given(TABLES)
def test_first_rows_are_exactly_those_that_win_some_input(rows: tuple[TableRow, ...]) -> None:
    winners = {
        next((place for place, row in enumerate(rows) if _matches(row, each)), -1)
        for each in _inputs()
    }
    assert _space(rows).first_rows() == winners


@given(TABLES)
def test_a_column_matters_exactly_when_it_alone_changes_a_result(
    rows: tuple[TableRow, ...],
) -> None:
    results = [row.outputs for row in rows]

    def result(each: Input) -> object:
        return next((row.outputs for row in rows if _matches(row, each)), None)

    for column in range(len(KEY_NAMES)):
        found: dict[tuple[object, ...], set[object]] = {}
        for each in _inputs():
            found.setdefault(each[:column] + each[column + 1 :], set()).add(result(each))
        expected = any(len(outcomes) > 1 for outcomes in found.values())
        assert _space(rows).matters(column, results, None) == expected


def test_large_unique_tables_are_searched() -> None:
    rows = tuple(
        TableRow(
            (Cell(), Cell(texts=(f"t{place}",)), Cell(), Cell(flag=bool(place % 2))),
            (place,),
            is_else=False,
            span=Span(),
        )
        for place in range(4_000)
    )
    space = _space(rows)
    assert space.overlaps() == {}
    assert len(space.gaps(3)) == 3
    assert len(matching_rows(_table(rows))) == 4_000
