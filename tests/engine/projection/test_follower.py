"""Rows say what the log says, stand where they say they stand, and are never half there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pysqlite3
import pytest

from engine.columns import ColumnTable, EffectBatch
from engine.effects import COMMANDS, PERIODS, RECORDS, STATUS_CHANGES, TARGETS, Status
from engine.errors import InvariantBroken, StoreCorrupt, StoreUnavailable
from engine.faults import VARIABLE
from engine.log import CommitStore, genesis, open_store
from engine.projection import RowProjection, follower, rows_path
from engine.projection.schema import TABLES, decimal_sql
from tests.engine.log.samples import (
    BOOK,
    SEALED_AT_US,
    Strings,
    append,
    append_expenses,
    expense_effects,
    header,
    table,
    url,
)

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "book.db"


@pytest.fixture
def store(file: Path) -> Iterator[CommitStore]:
    with closing(open_store(url(file), book_id=BOOK)) as opened:
        yield opened


@pytest.fixture
def rows(file: Path) -> Iterator[RowProjection]:
    with closing(RowProjection(rows_path(file), book_id=BOOK)) as opened:
        yield opened


def query(file: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(pysqlite3.connect(f"file:{rows_path(file)}?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchall()


def dump(file: Path) -> dict[str, list[tuple[object, ...]]]:
    views = ("bi_voucher_line", "bi_trial_balance")
    return {name: query(file, f"SELECT * FROM {name}") for name in (*TABLES, *views)}


def commands(strings: Strings, *rows: tuple[str, Status]) -> ColumnTable:
    values = [
        {"source": "oa", "event_id": event, "status": int(status), "event_date": 20_517}
        for event, status in rows
    ]
    return table(strings, COMMANDS, values)


def test_rows_are_what_a_person_expects_to_read(
    file: Path, store: CommitStore, rows: RowProjection
) -> None:
    append(store, expense_effects(17, 1))
    assert rows.catch_up(store) == 1
    assert query(
        file,
        "SELECT source, event_id, type, entity, event_date, status, accepted, sealed_at, content"
        " FROM event",
    ) == [
        (
            "oa", "EXP-000017", "expense.approved", "C01", "2026-03-05", "POSTED", 1,
            "2026-03-05T00:00:00.000001Z", '{"amount": "17.00", "id": "EXP-000017"}',
        )
    ]  # fmt: skip
    assert query(file, "SELECT name, voucher_date, summary, line_count FROM voucher") == [
        ("C01/GL/2026-03/记/17", "2026-03-05", "报销 EXP-000017", 2)
    ]
    assert query(
        file,
        "SELECT name, line_no, account_code, account_name, debit, credit, debit_minor,"
        " credit_minor, currency, dimensions, dim_department, dim_项目 FROM bi_voucher_line"
        " ORDER BY line_no",
    ) == [
        (
            "C01/GL/2026-03/记/17", 1, "6602", "管理费用", "17.00", "0.00", 1700, 0, "CNY",
            '{"department": "D2", "项目": "P1"}', "D2", "P1",
        ),
        (
            "C01/GL/2026-03/记/17", 2, "1002", "银行存款", "0.00", "17.00", 0, 1700, "CNY",
            '{"department": "D2"}', "D2", "",
        ),
    ]  # fmt: skip
    _, chain = store.head()
    assert query(file, "SELECT * FROM projection_position") == [(BOOK, 1, chain.hex())]


def test_the_trial_balance_carries_forward(
    file: Path, store: CommitStore, rows: RowProjection
) -> None:
    append(store, expense_effects(1, 3))
    later = expense_effects(4, 1)
    later.tables["vouchers"].columns["period"] = np.array([202605], dtype=np.int32)
    append(store, later)
    rows.catch_up(store)
    assert query(file, "SELECT * FROM bi_trial_balance ORDER BY period, account_code DESC") == [
        (BOOK, "C01", "GL", "2026-03", "6602", "管理费用", "CNY",
         "0.00", "0.00", "6.00", "0.00", "6.00", "0.00"),
        (BOOK, "C01", "GL", "2026-03", "1002", "银行存款", "CNY",
         "0.00", "0.00", "0.00", "6.00", "0.00", "6.00"),
        (BOOK, "C01", "GL", "2026-05", "6602", "管理费用", "CNY",
         "6.00", "0.00", "4.00", "0.00", "10.00", "0.00"),
        (BOOK, "C01", "GL", "2026-05", "1002", "银行存款", "CNY",
         "0.00", "6.00", "0.00", "4.00", "0.00", "10.00"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("minor", "scale", "text"),
    [
        (0, 2, "0.00"),
        (5, 2, "0.05"),
        (-5, 2, "-0.05"),
        (-123456, 2, "-1234.56"),
        (7, 0, "7"),
        (-7, 0, "-7"),
        (1, 6, "0.000001"),
        (9 * 10**17, 2, "9000000000000000.00"),
        (2**63 - 1, 2, "92233720368547758.07"),
    ],
)
def test_amounts_are_decimal_text_to_the_last_digit(minor: int, scale: int, text: str) -> None:
    with closing(pysqlite3.connect(":memory:")) as connection:
        sql = f"SELECT {decimal_sql('m', 's')} FROM (SELECT ? AS m, ? AS s)"
        assert connection.execute(sql, (minor, scale)).fetchone() == (text,)


def test_targets_records_and_periods_hold_their_latest_value(
    file: Path, store: CommitStore, rows: RowProjection
) -> None:
    for value, state in ((100, 2), (250, 1)):
        strings = Strings()
        tables = [
            commands(strings, (f"E{value}", Status.NO_POSTING)),
            table(
                strings,
                TARGETS,
                [
                    {"target": "收入", "entity": "C01", "key": '["P1"]', "value": value - 1},
                    {"target": "收入", "entity": "C01", "key": '["P1"]', "value": value},
                ],
            ),
            table(
                strings,
                RECORDS,
                [
                    {"record": "合同", "key": '["H1"]'},
                    {"record": "合同", "key": '["H1"]', "field": "名称", "text": f"v{value}"},
                    {"record": "合同", "key": '["H1"]', "field": "金额", "number": -value,
                     "scale": 2},
                ],
            ),
            table(strings, PERIODS, [{"entity": "C01", "period": 202603, "state": state}]),
        ]  # fmt: skip
        append(store, EffectBatch(strings.texts, {found.spec.name: found for found in tables}))
    assert rows.catch_up(store) == 2
    assert query(file, "SELECT * FROM target_value") == [(BOOK, "收入", "C01", '["P1"]', 250)]
    assert query(file, "SELECT field, value FROM record_value ORDER BY field") == [
        ("", "0"),
        ("名称", "v250"),
        ("金额", "-2.50"),
    ]
    assert query(file, "SELECT * FROM period_state") == [(BOOK, "C01", "2026-03", "open")]


def test_a_withdrawn_event_that_is_sent_anew_has_two_rows(
    file: Path, store: CommitStore, rows: RowProjection
) -> None:
    def change(command: int, event: str, status: Status) -> dict[str, object]:
        return {"command": command, "source": "oa", "event_id": event, "status": int(status)}

    strings = Strings()
    first = commands(strings, ("A", Status.REJECTED_RULE), ("A", Status.HELD), ("B", Status.HELD))
    append(store, EffectBatch(strings.texts, {"commands": first}))
    strings = Strings()
    second = commands(
        strings,
        ("w1", Status.NO_POSTING),
        ("A", Status.UNPOSTED),
        ("retry", Status.NO_POSTING),
        ("w2", Status.NO_POSTING),
    )
    changes = table(
        strings,
        STATUS_CHANGES,
        [
            change(0, "A", Status.WITHDRAWN),
            change(2, "A", Status.POSTED),
            change(2, "B", Status.POSTED),
            change(3, "B", Status.WITHDRAWN),
        ],
    )
    tables = {"commands": second, "status_changes": changes}
    append(store, EffectBatch(strings.texts, tables))
    rows.catch_up(store)
    sql = "SELECT seq, command, status, accepted FROM event WHERE event_id = '{}'"
    assert query(file, sql.format("A")) == [
        (1, 0, "REJECTED_RULE", 0),
        (1, 1, "WITHDRAWN", 0),
        (2, 1, "POSTED", 1),
    ]
    assert query(file, sql.format("B")) == [(1, 2, "WITHDRAWN", 0)]


def test_a_draft_is_in_no_balance(file: Path, store: CommitStore, rows: RowProjection) -> None:
    effects = expense_effects(1, 2)
    effects.tables["vouchers"].columns["number"] = np.array([0, 1], dtype=np.int64)
    append(store, effects)
    rows.catch_up(store)
    assert query(file, "SELECT debit_minor FROM balance WHERE account_code = '6602'") == [(200,)]


def test_projecting_twice_changes_nothing(
    file: Path, store: CommitStore, rows: RowProjection
) -> None:
    assert rows.position() == (0, genesis(BOOK))
    _, commit_header, effects = append(store, expense_effects(1, 2))
    _, chain = store.head()
    assert rows.apply_commit(commit_header, effects, chain=chain)
    whole = dump(file)
    assert not rows.apply_commit(commit_header, effects, chain=chain)
    assert rows.catch_up(store) == 0
    assert rows.position() == store.head()
    assert dump(file) == whole


def test_a_commit_out_of_turn_is_refused(rows: RowProjection) -> None:
    for wrong in (header(2), header(1, book_id="C02")):
        with pytest.raises(InvariantBroken, match="does not follow"):
            rows.apply_commit(wrong, expense_effects(1, 1), chain=bytes(32))
    assert rows.position() == (0, genesis(BOOK))


def test_any_grouping_of_commits_gives_the_same_rows(
    file: Path, store: CommitStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append_expenses(store, 7, events=3)
    results = []
    for events, commits in ((1, 1), (7, 100), (1000, 2), (1000, 1000)):
        monkeypatch.setattr(follower, "EVENTS_TOGETHER", events)
        monkeypatch.setattr(follower, "COMMITS_TOGETHER", commits)
        monkeypatch.setattr(follower, "PARAMETERS_MAX", 50)
        rows_path(file).unlink(missing_ok=True)
        with closing(RowProjection(rows_path(file), book_id=BOOK)) as rows:
            assert rows.catch_up(store) == 7
        results.append(dump(file))
    assert all(result == results[0] for result in results)


def test_rows_of_a_replaced_log_are_built_anew(
    file: Path, rows: RowProjection, tmp_path: Path
) -> None:
    other = tmp_path / "other.db"
    with closing(open_store(url(other), book_id=BOOK)) as replaced:
        append_expenses(replaced, 5)
        rows.catch_up(replaced)
    with closing(open_store(url(file), book_id=BOOK)) as store:
        append(store, expense_effects(9, 1))
        assert rows.catch_up(store) == 1
        assert rows.position() == store.head()
    assert query(file, "SELECT number FROM voucher") == [(9,)]


def test_books_of_one_file_keep_their_rows_apart(
    file: Path, store: CommitStore, rows: RowProjection
) -> None:
    append_expenses(store, 2)
    rows.catch_up(store)
    with (
        closing(open_store(url(file), book_id="C02")) as other,
        closing(RowProjection(rows_path(file), book_id="C02")) as other_rows,
    ):
        append_expenses(other, 1)
        other_rows.catch_up(other)
        other_rows.clear()
        with pytest.raises(InvariantBroken, match="another book"):
            other_rows.catch_up(store)
    assert query(file, "SELECT DISTINCT book_id FROM voucher_line") == [(BOOK,)]


def test_a_file_of_another_schema_is_made_anew(file: Path, store: CommitStore) -> None:
    append_expenses(store, 2)
    with closing(RowProjection(rows_path(file), book_id=BOOK)) as rows:
        rows.catch_up(store)
    whole = dump(file)
    with closing(pysqlite3.connect(rows_path(file))) as connection:
        connection.execute("PRAGMA user_version = 99")
    with closing(RowProjection(rows_path(file), book_id=BOOK)) as rows:
        assert rows.position()[0] == 0
        rows.catch_up(store)
    assert dump(file) == whole


def test_dimensions_that_differ_in_case_only_share_no_column(
    file: Path, store: CommitStore, rows: RowProjection
) -> None:
    effects = expense_effects(1, 1)
    lines = effects.tables["lines"]
    renamed = {"dim_department": "dim_x", "dim_项目": "dim_X"}
    spec = type(lines.spec)(
        lines.spec.name, tuple((renamed.get(name, name), kind) for name, kind in lines.spec.columns)
    )
    columns = {renamed.get(name, name): column for name, column in lines.columns.items()}
    effects.tables["lines"] = ColumnTable(spec, columns, lines.count)
    append(store, effects)
    append(store, expense_effects(2, 1))
    rows.catch_up(store)
    assert query(file, "SELECT dim_x, dim_department, dimensions FROM voucher_line") == [
        ("D1", "", '{"x": "D1", "X": "P1"}'),
        ("D1", "", '{"x": "D1"}'),
        ("", "D2", '{"department": "D2", "项目": "P1"}'),
        ("", "D2", '{"department": "D2"}'),
    ]


def test_sums_beyond_64_bits_are_refused_not_rounded(
    file: Path, store: CommitStore, rows: RowProjection
) -> None:
    for first in (1, 2):
        effects = expense_effects(first, 1)
        effects.tables["lines"].columns["debit"] = np.array([2**62, 0], dtype=np.int64)
        append(store, effects)
    with pytest.raises(InvariantBroken, match="CHECK constraint"):
        rows.catch_up(store)
    assert rows.position()[0] == 0


def test_a_file_that_cannot_be_used_is_reported(tmp_path: Path) -> None:
    junk = tmp_path / "junk.rows.db"
    junk.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreCorrupt, match="delete the file"):
        RowProjection(junk, book_id=BOOK)
    with pytest.raises(StoreUnavailable, match="cannot be used"):
        RowProjection(tmp_path / "missing" / "x.rows.db", book_id=BOOK)


def test_rows_lie_beside_the_store() -> None:
    assert rows_path(Path("data/book.db")) == Path("data/book.rows.db")
    assert rows_path(Path("data/book")) == Path("data/book.rows.db")
    assert SEALED_AT_US > 0


@pytest.mark.slow
@pytest.mark.parametrize("passage", [1, 2, 3])
def test_a_kill_leaves_rows_and_position_together(
    file: Path, store: CommitStore, passage: int
) -> None:
    append_expenses(store, 5)
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from engine.log import open_store\n"
        "from engine.projection import RowProjection, follower, rows_path\n"
        "follower.COMMITS_TOGETHER = 2\n"
        "file = Path(sys.argv[1])\n"
        "store = open_store(f'sqlite:///{file}', book_id='C01', read_only=True)\n"
        "RowProjection(rows_path(file), book_id='C01').catch_up(store)\n"
    )
    environment = {**os.environ, VARIABLE: f"in_projection:{passage}"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)], cwd=ROOT, env=environment, check=False
    )
    assert done.returncode == -signal.SIGKILL
    expected = 2 * (passage - 1)
    with closing(RowProjection(rows_path(file), book_id=BOOK)) as rows:
        assert rows.position()[0] == expected
        assert query(file, "SELECT count(*) FROM voucher") == [(expected,)]
        rows.catch_up(store)
        assert rows.position() == store.head()
    assert query(file, "SELECT sum(debit_minor), sum(credit_minor) FROM balance") == [(1500, 1500)]
