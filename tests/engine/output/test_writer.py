"""The files of replay: their columns, amounts, balances, summary and digests."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from engine.calls import TrialBalanceRow
from engine.columns import ColumnTable, ColumnType, EffectBatch
from engine.effects import LINES, VOUCHERS, Status
from engine.errors import InvariantBroken
from engine.output import OutputWriter
from engine.output.columns import decimals, exact_sum
from tests.digest import digests, main

DIMENSIONS = ("project", "部门", "customer")
LEDGERS = {"GL": 2, "HOURS": 0, "PRICE": 4}


class Commits:
    """Makes commits of random vouchers with gapless numbers, as a book would."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.numbers: dict[tuple[str, ...], int] = {}
        self.serial = 0

    def commit(self, voucher_count: int) -> EffectBatch:
        strings: dict[str, int] = {}

        def code(text: str) -> int:
            return strings.setdefault(text, len(strings)) if text else -1

        vouchers: list[tuple[object, ...]] = []
        lines: list[tuple[object, ...]] = []
        for row in range(voucher_count):
            vouchers.append(self._voucher(code))
            lines += self._lines(code, row, int(str(vouchers[-1][-3])))
            vouchers[-1] = (*vouchers[-1][:-1], sum(line[0] == row for line in lines))
        dims = [(f"dim_{name}", ColumnType.TEXT) for name in ("project", "部门")]
        tables = {
            "vouchers": ColumnTable.from_rows(VOUCHERS, vouchers),
            "lines": ColumnTable.from_rows(LINES.with_columns(dims), lines),
        }
        return EffectBatch(list(strings), tables)

    def _voucher(self, code: object) -> tuple[object, ...]:
        pick = self.random.choice
        ledger = pick(list(LEDGERS))
        key = (pick(["C02", "C01"]), ledger, "live", pick([202603, 202612, 202604]), pick("记收"))
        number = self.numbers[key] = self.numbers.get(key, 0) + 1
        self.serial += 1
        texts = [code(text) for text in (key[0], ledger, "live")]
        return (
            0,
            *texts,
            key[3],
            code(key[4]),
            number,
            20_000 + self.serial % 400,
            20_000,
            code("erp"),
            code(f"E{self.serial}"),
            code("费用报销"),
            code("abc"),
            code("摘要"),
            code("posted"),
            code(pick(["", "", "C01/GL/2026-03/记/1"])),
            LEDGERS[ledger],
            code("CNY"),
            0,
        )

    def _lines(self, code: object, voucher: int, scale: int) -> list[tuple[object, ...]]:
        pick = self.random.choice
        rows = []
        for line_no in range(1, self.random.randrange(2, 12)):
            amount = pick([0, 1, -1, 9 * 10**17, -(9 * 10**17), self.random.randrange(10**9)])
            side = (amount, 0) if pick([True, False]) else (0, amount)
            currency = pick(["", "", "USD"])
            foreign = side if currency else (0, 0)
            dims = [code(pick(["", "P1", "项目=2"])), code(pick(["", "D1"]))]
            tail = (code("7.1234" if currency else ""), 12, -1, *dims)
            names = (code("1122"), code("应收账款"))
            rows.append((voucher, line_no, *names, *side, code(currency), *foreign, *tail))
        return rows


def write(folder: Path, commits: list[EffectBatch], results: int = 5) -> dict[str, object]:
    writer = OutputWriter(folder, dimensions=DIMENSIONS, scale=4)
    for number in range(1, results + 1):
        status = Status.POSTED if number % 2 else Status.UNPOSTED
        reason = "" if number % 2 else "PERIOD_CLOSED"
        writer.add_results([(number, "erp", f"事件{number}", "a.b", status, reason, "message")])
    for commit in commits:
        writer.add_effects(commit)
    return writer.finish([], {"revision": "abc", "events_per_second": 100})


def test_digests_are_those_recomputed_from_the_files(tmp_path: Path) -> None:
    commits = Commits(seed=1)
    summary = write(tmp_path, [commits.commit(size) for size in (40, 1, 0, 200, 7)])
    found = digests(tmp_path)
    assert {name: summary[name] for name in found} == found
    assert json.loads((tmp_path / "summary.json").read_text()) == summary


def test_the_digest_command_contradicts_a_wrong_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = write(tmp_path, [Commits(seed=1).commit(5)])
    monkeypatch.setattr("sys.argv", ["digest", str(tmp_path)])
    assert main() == 0
    assert json.loads(capsys.readouterr().out)["voucher_digest"] == summary["voucher_digest"]
    path = tmp_path / "summary.json"
    path.write_text(path.read_text().replace(str(summary["result_digest"]), "0" * 64))
    assert main() == 1
    assert "result_digest: summary.json has 000" in capsys.readouterr().err


def test_digests_do_not_depend_on_how_commits_are_cut(tmp_path: Path) -> None:
    whole = write(tmp_path / "a", [Commits(seed=2).commit(60)])
    commits = Commits(seed=2)
    cut = write(tmp_path / "b", [commits.commit(20) for _ in range(3)])
    assert whole["voucher_digest"] == cut["voucher_digest"]
    assert whole["ledgers"] == cut["ledgers"]


def test_a_change_of_one_amount_changes_the_digest(tmp_path: Path) -> None:
    effects = Commits(seed=3).commit(10)
    before = write(tmp_path / "a", [effects])["voucher_digest"]
    amounts = effects.tables["lines"].columns["debit"]
    assert not isinstance(amounts, list)
    amounts[4] += 1
    assert write(tmp_path / "b", [effects])["voucher_digest"] != before


def test_the_revision_is_not_in_the_digest(tmp_path: Path) -> None:
    effects = Commits(seed=3).commit(10)
    before = write(tmp_path / "a", [effects])["voucher_digest"]
    effects.strings[effects.strings.index("abc")] = "other revision"
    assert write(tmp_path / "b", [effects])["voucher_digest"] == before


def test_empty_output_has_all_files_and_the_digest_of_nothing(tmp_path: Path) -> None:
    summary = write(tmp_path, [], results=0)
    nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert [summary[name] for name in digests(tmp_path)] == [nothing] * 3
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "budget_decisions.parquet",
        "budgets.parquet",
        "lines.parquet",
        "quantities.parquet",
        "results.parquet",
        "summary.json",
        "trial_balance.csv",
        "vouchers.parquet",
    ]


def test_columns_are_those_of_the_contract(tmp_path: Path) -> None:
    write(tmp_path, [Commits(seed=4).commit(3)])
    key = ["entity", "ledger", "series", "period", "word", "number"]
    assert pq.read_schema(tmp_path / "results.parquet").names == [
        *("input_no", "source", "event_id", "type", "status", "reason", "message")
    ]
    assert pq.read_schema(tmp_path / "vouchers.parquet").names == [
        *key,
        *("voucher_date", "event_date", "source", "event_id", "rule", "revision", "summary"),
        *("state", "reverses", "line_count"),
    ]
    assert pq.read_schema(tmp_path / "lines.parquet").names == [
        *key,
        *("line_no", "account_code", "account_name", "debit", "credit"),
        *("currency", "fc_debit", "fc_credit", "rate"),
        *("dim_customer", "dim_project", "dim_部门"),
    ]
    assert pq.read_schema(tmp_path / "budgets.parquet").names == [
        *("node", "budget", "reserved", "committed", "actual", "available")
    ]


def test_amounts_keep_their_value_at_the_scale_of_the_file(tmp_path: Path) -> None:
    effects = Commits(seed=5).commit(30)
    write(tmp_path, [effects])
    written = pq.read_table(tmp_path / "lines.parquet")["debit"].to_pylist()
    lines, vouchers = effects.tables["lines"], effects.tables["vouchers"]
    scales = vouchers.ints("scale")[lines.ints("voucher")].tolist()
    raws = lines.ints("debit").tolist()
    assert written == [Decimal(raw).scaleb(-scale) for raw, scale in zip(raws, scales, strict=True)]


def test_absent_dimensions_are_empty_and_undeclared_ones_break(tmp_path: Path) -> None:
    effects = Commits(seed=6).commit(3)
    write(tmp_path / "a", [effects])
    table = pq.read_table(tmp_path / "a" / "lines.parquet")
    assert set(table["dim_customer"].to_pylist()) == {""}
    writer = OutputWriter(tmp_path / "b", dimensions=["project"], scale=4)
    with pytest.raises(InvariantBroken, match="dim_部门"):
        writer.add_effects(effects)


def test_a_ledger_finer_than_the_file_breaks(tmp_path: Path) -> None:
    writer = OutputWriter(tmp_path, dimensions=DIMENSIONS, scale=2)
    with pytest.raises(InvariantBroken, match="more decimals"):
        writer.add_effects(Commits(seed=7).commit(30))


def test_vouchers_out_of_order_break(tmp_path: Path) -> None:
    effects = Commits(seed=8).commit(20)
    writer = OutputWriter(tmp_path, dimensions=DIMENSIONS, scale=4)
    writer.add_effects(effects)
    with pytest.raises(InvariantBroken, match="number order"):
        writer.add_effects(effects)


def test_results_out_of_order_break(tmp_path: Path) -> None:
    writer = OutputWriter(tmp_path, dimensions=())
    row = (2, "s", "e", "t", Status.POSTED, "", "")
    writer.add_results([row])
    with pytest.raises(InvariantBroken, match="input order"):
        writer.add_results([row])


def test_summary_counts_by_status_and_reason_and_totals_per_ledger(tmp_path: Path) -> None:
    effects = Commits(seed=9).commit(50)
    summary = write(tmp_path, [effects])
    assert summary["statuses"] == {"POSTED": 3, "UNPOSTED": 2}
    assert summary["reasons"] == {"UNPOSTED": {"PERIOD_CLOSED": 2}}
    ledgers = summary["ledgers"]
    assert isinstance(ledgers, dict)
    table = pq.read_table(tmp_path / "lines.parquet").to_pylist()
    for ledger, scale in LEDGERS.items():
        total = sum(line["debit"] for line in table if line["ledger"] == ledger)
        assert ledgers[ledger]["debit"] == f"{total:.{scale}f}"


def test_trial_balance_is_sorted_neutral_and_in_plain_decimals(tmp_path: Path) -> None:
    def row(code: str, name: str, *amounts: int) -> TrialBalanceRow:
        return TrialBalanceRow("C01", "GL", "2026-03", code, name, "CNY", 2, *amounts)

    writer = OutputWriter(tmp_path, dimensions=())
    rows = [
        row("2202", "应付账款", 0, 5000, 0, -1250, 0, 3750),
        row("1122", '=HYPERLINK("x")', 5000, 0, -1250, 0, 3750, 0),
        row("9999", "nothing", 0, 0, 0, 0, 0, 0),
    ]
    writer.finish(rows, {})
    assert (tmp_path / "trial_balance.csv").read_bytes().decode() == (
        "entity,ledger,period,account_code,account_name,opening_debit,opening_credit,"
        "debit,credit,closing_debit,closing_credit\n"
        'C01,GL,2026-03,1122,"\'=HYPERLINK(""x"")",50.00,0.00,-12.50,0.00,37.50,0.00\n'
        "C01,GL,2026-03,2202,应付账款,0.00,50.00,0.00,-12.50,0.00,37.50\n"
    )


def test_sums_are_exact_where_int64_would_wrap() -> None:
    amounts = np.array([2**62, 2**62, 2**62, -5], dtype=np.int64)
    assert exact_sum(amounts) == 3 * 2**62 - 5
    assert exact_sum(-amounts) == 5 - 3 * 2**62


def test_decimals_hold_every_int64() -> None:
    amounts = np.array([2**63 - 1, -(2**63), -1, 0], dtype=np.int64)
    scales = np.array([0, 0, 2, 2], dtype=np.int64)
    assert decimals(amounts, scales, 6).to_pylist() == [
        Decimal(2**63 - 1),
        Decimal(-(2**63)),
        Decimal("-0.01"),
        Decimal(0),
    ]
