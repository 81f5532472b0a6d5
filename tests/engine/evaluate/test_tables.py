"""Table look-up agrees with reading the rows one by one, whatever the layout."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from engine import limits
from engine.evaluate import tables
from engine.evaluate.tables import Grid, PackedKeys, RowScan, compile_table
from engine.program import Cell, Interval, Kind, Span, Table, TableRow
from engine.strings import StringPool
from tests.engine.evaluate.random_tables import TEXTS, first_row, random_table

INT64_MAX = 2**63 - 1


def key_value(random: Random, kind: Kind) -> int | str:
    match kind:
        case Kind.TEXT:
            return random.choice([*TEXTS, "未知"])
        case Kind.BOOL:
            return random.random() < 0.5
        case Kind.DATE:
            return random.randint(19_988, 20_012)
    return random.choice(
        [0, 1, -1, 7, random.randint(-9, 9), 10**15, 10**15 + 1, -(2**63), INT64_MAX]
    )


def check(table: Table, random: Random, count: int = 60) -> type[object]:
    pool = StringPool()
    pool.intern("先")
    compiled = compile_table(table, pool.intern)
    keys = [tuple(key_value(random, kind) for kind in table.key_kinds) for _ in range(count)]
    expected = [first_row(table, key) for key in keys]
    codes = [
        tuple(
            (pool.find(v) if pool.find(v) >= 0 else 10**6) if isinstance(v, str) else int(v)
            for v in key
        )
        for key in keys
    ]
    assert [compiled.row(*key) for key in codes] == expected
    dtypes = {Kind.TEXT: np.int32, Kind.BOOL: np.bool_, Kind.DATE: np.int32}
    columns = tuple(
        np.array([key[at] for key in codes], dtype=dtypes.get(kind, np.int64))
        for at, kind in enumerate(table.key_kinds)
    )
    found = compiled.rows(columns, count)
    assert found.dtype == np.int64
    assert found.tolist() == expected
    return type(compiled.search)


def test_random_tables_find_the_first_matching_row() -> None:
    random = Random(7)
    for _ in range(400):
        assert check(random_table(random), random) is Grid


@pytest.mark.parametrize("keys", [10**6, 0])
def test_layouts_without_a_grid_find_the_same_rows(
    monkeypatch: pytest.MonkeyPatch, keys: int
) -> None:
    monkeypatch.setattr(tables, "MAX_TABLE_GRID", 0)
    monkeypatch.setattr(tables, "MAX_TABLE_KEYS", keys)
    random = Random(11)
    layouts = {check(random_table(random), random) for _ in range(300)}
    # A table without conditions needs no packed keys even where none are allowed.
    assert layouts <= {PackedKeys, RowScan}
    assert (PackedKeys if keys else RowScan) in layouts


def number_table(*rows: tuple[Interval, ...], kind: Kind = Kind.NUMBER) -> Table:
    made = [TableRow((Cell(intervals=row),), (at,), False, Span()) for at, row in enumerate(rows)]
    return Table(
        "表", ("键",), (kind,), (2,), ((),), ("数",), (Kind.NUMBER,), (0,), tuple(made), False,
        Span(),
    )  # fmt: skip


def test_bounds_of_ranges_are_inclusive() -> None:
    table = number_table((Interval(0, 9),), (Interval(10, None),), (Interval(None, -5),))
    compiled = compile_table(table, StringPool().intern)
    keys = np.array([-(2**63), -5, -4, -1, 0, 9, 10, INT64_MAX], dtype=np.int64)
    assert compiled.rows((keys,), len(keys)).tolist() == [2, 2, -1, -1, 0, 0, 1, 1]


def test_keys_and_bounds_beyond_int64_are_exact() -> None:
    table = number_table((Interval(10**30, 10**31),), (Interval(-(10**30), 10**30 - 1),))
    compiled = compile_table(table, StringPool().intern)
    values = [10**30 - 1, 10**30, 10**31, 10**31 + 1, 0, -(10**30) - 1]
    keys = np.array(values, dtype=np.object_)
    assert compiled.rows((keys,), len(keys)).tolist() == [1, 0, 0, -1, 1, -1]
    narrow = np.array([0, INT64_MAX, -(2**63)], dtype=np.int64)
    assert compiled.rows((narrow,), 3).tolist() == [1, 1, 1]


def test_large_text_table_is_searched_by_packed_key() -> None:
    random = Random(3)
    pool = StringPool()
    rows = tuple(
        TableRow((Cell(texts=(f"甲{n}",)), Cell(texts=(f"乙{n % 700}",))), (n,), False, Span())
        for n in range(1400)
    )
    table = Table(
        "表", ("一", "二"), (Kind.TEXT, Kind.TEXT), (0, 0), ((), ()), ("数",), (Kind.NUMBER,),
        (0,), rows, True, Span(),
    )  # fmt: skip
    compiled = compile_table(table, pool.intern)
    assert isinstance(compiled.search, PackedKeys)
    assert limits.MAX_TABLE_GRID < 1401 * 701
    picks = [random.randrange(1400) for _ in range(200)]
    first = np.array([pool.find(f"甲{n}") for n in picks], dtype=np.int32)
    second = np.array([pool.find(f"乙{n % 700}") for n in picks], dtype=np.int32)
    assert compiled.rows((first, second), 200).tolist() == picks
    assert (compiled.rows((first, first), 200) == -1).all()
    assert [compiled.row(int(a), int(b)) for a, b in zip(first, second, strict=True)] == picks


def test_codes_far_apart_are_searched() -> None:
    pool = StringPool()
    for n in range(70_000):
        pool.intern(f"别{n}")
    table = Table(
        "表", ("一",), (Kind.TEXT,), (0,), ((),), ("数",), (Kind.NUMBER,), (0,),
        (TableRow((Cell(texts=("甲",)),), (0,), False, Span()),), True, Span(),
    )  # fmt: skip
    compiled = compile_table(table, pool.intern)
    keys = np.array([-1, 0, 69_999, 70_000, 70_001, 10**9], dtype=np.int32)
    assert compiled.rows((keys,), 6).tolist() == [-1, -1, -1, 0, -1, -1]


def test_outputs_of_a_table_without_rows_can_be_taken() -> None:
    compiled = compile_table(number_table(), StringPool().intern)
    assert compiled.rows((np.array([1], dtype=np.int64),), 1).tolist() == [-1]
    assert compiled.outputs[0][np.array([-1])].tolist() == [0]
