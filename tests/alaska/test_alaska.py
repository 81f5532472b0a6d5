"""The district's ledger: figures and refusals are those of the scripts made outside."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.book import Book
from engine.calls import Call
from engine.effects import Status
from engine.program import Program
from engine.replay import replay_events
from server.rulebooks import check_files, compile_files, read_folder
from tests.alaska.convert import approvals, events
from tests.alaska.refusals import Outcome, refusals
from tests.alaska.totals import KEY_COLUMNS, Key, totals

FOLDER = Path(__file__).parent
RULES = FOLDER / "rules"
RULES_BY_ORDER = FOLDER / "rules_by_order"

#: Shares of final use that the budgets are set to, by level of the key; with each, how many of
#: the 8,751 lines the script refuses: as the file says, and where orders give back what they hold.
TRIALS: dict[str, tuple[dict[int, Decimal], int, int]] = {
    "80 % of every key": ({5: Decimal("0.8")}, 1_557, 1_854),
    "all of every key": ({5: Decimal(1)}, 416, 679),
    "75 % of every fund": ({1: Decimal("0.75")}, 1_394, 1_783),
    "95 % of every key, 90 % of every fund": ({5: Decimal("0.95"), 1: Decimal("0.9")}, 945, 1_240),
}


@pytest.fixture(scope="module")
def ledger(shared_dir: Path) -> Path:
    found = shared_dir / "data" / "ak_crsd19_budget_ledger.parquet"
    if not found.is_file():
        pytest.skip("the district's ledger is not in the shared folder")
    return found


@pytest.fixture(scope="module")
def program() -> Program:
    return compile_files(read_folder(RULES))


@pytest.fixture(scope="module")
def by_order() -> Program:
    return compile_files(read_folder(RULES_BY_ORDER))


@dataclass(frozen=True)
class Replayed:
    """What a replay wrote, read back by pyarrow alone."""

    summary: Mapping[str, object]
    results: list[dict[str, object]]
    nodes: dict[str, dict[str, Decimal]]

    @property
    def refused(self) -> list[int]:
        return [
            int(str(row["event_id"])) for row in self.results if row["status"] == "REJECTED_BUDGET"
        ]


def replayed(
    program: Program,
    ledger: Path,
    folder: Path,
    *,
    shares: Mapping[int, Decimal] | None = None,
    batch_events: int = 10_000,
) -> Replayed:
    sent = chain(approvals(ledger, shares or {}), events(ledger))
    book = Book.in_memory([program])
    summary = replay_events(book, sent, folder, batch_events=batch_events)
    return read_back(folder, summary)


def read_back(folder: Path, summary: Mapping[str, object]) -> Replayed:
    nodes = {row.pop("node"): row for row in pq.read_table(folder / "budgets.parquet").to_pylist()}
    return Replayed(summary, pq.read_table(folder / "results.parquet").to_pylist(), nodes)


def node_name(key: Key) -> str:
    return f"ledger[{','.join(key)}]"


def assert_figures(found: Replayed, expected: Outcome) -> None:
    """Every node of the script, and no other with any figure, stands in budgets.parquet."""
    names = {
        node_name(key): key
        for key, figures in expected.figures.items()
        if figures.encumbrance or figures.actual or key in expected.limits
    }
    for name, key in names.items():
        node, figures = found.nodes[name], expected.figures[key]
        assert (name, node["committed"]) == (name, figures.encumbrance)
        assert (name, node["actual"]) == (name, figures.actual)
        assert node["reserved"] == 0
        limit = expected.limits.get(key)
        if limit is not None:
            assert (name, node["budget"]) == (name, limit)
            assert (name, node["available"]) == (name, limit - figures.used)
    others = [node for name, node in found.nodes.items() if name not in names]
    assert not any(node["committed"] or node["actual"] for node in others)


@pytest.mark.parametrize("folder", [RULES, RULES_BY_ORDER], ids=lambda each: each.name)
def test_rule_book_is_clean_and_its_tests_pass(folder: Path) -> None:
    check = check_files(read_folder(folder), run_tests=True)
    assert check.ok
    assert not check.diagnostics
    assert all(test.passed for test in check.tests)


def test_figures_of_every_key_and_prefix_are_sums_of_the_file(
    ledger: Path, program: Program, tmp_path: Path
) -> None:
    found = replayed(program, ledger, tmp_path)
    assert found.refused == []
    expected = totals(ledger)
    assert len([key for key in expected if len(key) == len(KEY_COLUMNS)]) == 589
    assert_figures(found, Outcome((), {}, expected))
    whole = found.nodes["ledger[]"]
    assert (whole["committed"], whole["actual"]) == (Decimal("464039.96"), Decimal("9479720.61"))
    # 7,097 lines carry an amount: 3,433 journals, 3,532 payments, 132 receipts.
    assert found.summary["statuses"] == {"POSTED": 7_097, "NO_POSTING": 8_751 - 7_097}


def test_vouchers_are_the_actuals(ledger: Path, program: Program, tmp_path: Path) -> None:
    replayed(program, ledger, tmp_path)
    lines = pq.read_table(tmp_path / "lines.parquet").to_pylist()
    booked: Counter[Key] = Counter()
    for line in lines:
        if line["account_code"] == "5000":
            key = tuple(
                line[f"dim_{part}"] for part in ("fund", "school", "function", "program", "object")
            )
            booked[key] += line["debit"] - line["credit"]
    expected = {
        key: figures.actual
        for key, figures in totals(ledger).items()
        if len(key) == len(KEY_COLUMNS) and figures.actual
    }
    assert {key: amount for key, amount in booked.items() if amount} == expected


@pytest.mark.parametrize("trial", TRIALS)
def test_lines_refused_are_those_of_the_script(
    trial: str, ledger: Path, program: Program, tmp_path: Path
) -> None:
    shares, count, _ = TRIALS[trial]
    expected = refusals(ledger, shares)
    found = replayed(program, ledger, tmp_path, shares=shares)
    assert found.refused == [refusal.line for refusal in expected.refused]
    assert len(found.refused) == count
    assert_figures(found, expected)


@pytest.mark.parametrize("trial", TRIALS)
def test_lines_refused_are_those_of_the_script_where_orders_live(
    trial: str, ledger: Path, by_order: Program, tmp_path: Path
) -> None:
    shares, _, count = TRIALS[trial]
    expected = refusals(ledger, shares, by_order=True)
    found = replayed(by_order, ledger, tmp_path, shares=shares)
    assert found.refused == [refusal.line for refusal in expected.refused]
    assert len(found.refused) == count
    assert_figures(found, expected)


def test_blocked_nodes_and_what_was_left_are_those_of_the_script(
    ledger: Path, program: Program, tmp_path: Path
) -> None:
    shares = TRIALS["95 % of every key, 90 % of every fund"][0]
    replayed(program, ledger, tmp_path, shares=shares)
    first: dict[int, tuple[object, ...]] = {}
    for row in pq.read_table(tmp_path / "budget_decisions.parquet").to_pylist():
        if row["verdict"] == "BLOCK":
            blocked = (row["node"], row["requested"], row["available"])
            first.setdefault(int(row["event_id"]), blocked)
    assert first == {
        each.line: (node_name(each.node), each.demand, each.available)
        for each in refusals(ledger, shares).refused
    }


@pytest.mark.slow
def test_batches_of_a_hundred_give_the_same_files(
    ledger: Path, program: Program, tmp_path: Path
) -> None:
    shares = TRIALS["80 % of every key"][0]
    whole = replayed(program, ledger, tmp_path / "whole", shares=shares)
    found = replayed(program, ledger, tmp_path / "cut", shares=shares, batch_events=100)
    digests = ("voucher_digest", "result_digest", "budget_digest")
    assert [found.summary[name] for name in digests] == [whole.summary[name] for name in digests]
    assert found.nodes == whole.nodes
    assert found.refused == whole.refused


@pytest.mark.parametrize(
    "count",
    [
        pytest.param(2_500, marks=pytest.mark.slow),
        pytest.param(8_751, marks=[pytest.mark.long, pytest.mark.timeout(900)]),
    ],
)
def test_single_events_give_the_same(count: int, ledger: Path, program: Program) -> None:
    shares = TRIALS["80 % of every key"][0]
    book = Book.in_memory([program])
    refused = []
    for event in chain(approvals(ledger, shares), islice(events(ledger), count)):
        result = book.post([Call(events=[event])])[0].results[0]
        if result.status is Status.REJECTED_BUDGET:
            refused.append(int(result.event_id))
    expected = refusals(ledger, shares)
    assert refused == [each.line for each in expected.refused if each.line <= count]
    whole = Book.in_memory([program])
    sent = chain(approvals(ledger, shares), islice(events(ledger), count))
    whole.post([Call(events=list(sent))])
    for key in expected.limits:
        assert book.budget_node(node_name(key)) == whole.budget_node(node_name(key))


@pytest.mark.slow
def test_commands_from_outside_give_the_same(
    ledger: Path, program: Program, tmp_path: Path
) -> None:
    """The converter and `tongpin replay` as processes, as somebody with another year runs them."""
    files = [tmp_path / "events.jsonl", tmp_path / "out"]
    _run("tests.alaska.convert", str(ledger), str(files[0]), "--share", "5=0.8")
    _run(
        *("tongpin_cli.main", "replay", "--rules", str(RULES)),
        *("--events", str(files[0]), "--out", str(files[1])),
    )
    summary = json.loads((files[1] / "summary.json").read_text(encoding="utf-8"))
    found = read_back(files[1], summary)
    said = json.loads(_run("tests.alaska.refusals", str(ledger), "--share", "5=0.8"))
    assert found.refused == [row["line"] for row in said["refused"]]
    assert f"{found.nodes['ledger[]']['actual']:.2f}" == said["actual"]
    in_process = replayed(program, ledger, tmp_path / "in", shares={5: Decimal("0.8")})
    assert summary["result_digest"] == in_process.summary["result_digest"]


def _run(module: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        cwd=FOLDER.parents[1],
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- Another year, with budgets in the file -----------------------------------------------

#: (object, column, amount): what another year's file may hold. 1 grants; 3 does not fit what 2
#: leaves; 4 gives back; 5 raises; 6 takes all but 0.25 of 1,250.25; 7 lowers below what is used and
#: 8 is refused for it; 9 has no budget; 10 carries nothing; 11 is a refund, and 12 fits again.
_OTHER_YEAR = (
    ("420", "Budget", "1000"),
    ("420", "Encumbrance", "900"),
    ("420", "Amount", "100.01"),
    ("420", "Encumbrance", "-400.50"),
    ("420", "Budget", "250.25"),
    ("420", "Amount", "750.75"),
    ("420", "Budget", "-700"),
    ("420", "Amount", "0.01"),
    ("450", "Amount", "12345.67"),
    ("451", "Amount", "0"),
    ("420", "Amount", "-800"),
    ("420", "Amount", "0.01"),
)


@pytest.fixture(scope="module")
def other_year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [
        {
            **dict.fromkeys(("Account_Name", "Reference", "Claim_No", "Vendor_Number"), ""),
            **dict(zip(KEY_COLUMNS, ("100", "99", "100", "0", part), strict=True)),
            **dict.fromkeys(("Budget", "Encumbrance", "Amount"), "0"),
            column: amount,
            "Date": "7/1/2019",
            "Reference_Type": "J",
        }
        for part, column, amount in _OTHER_YEAR
    ]
    path = tmp_path_factory.mktemp("year") / "ledger.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_another_year_with_budgets_of_its_own(
    other_year: Path, program: Program, tmp_path: Path
) -> None:
    expected = refusals(other_year, {})
    found = replayed(program, other_year, tmp_path)
    assert [refusal.line for refusal in expected.refused] == [3, 8]
    assert found.refused == [3, 8]
    assert_figures(found, expected)
    node = found.nodes["ledger[100,99,100,0,420]"]
    # 1000 + 250.25 - 700; 900 - 400.50; 750.75 - 800 + 0.01
    assert node["budget"] == Decimal("550.25")
    assert node["committed"] == Decimal("499.50")
    assert node["actual"] == Decimal("-49.24")
    assert node["available"] == Decimal("99.99")
    assert found.nodes["ledger[100,99,100,0,450]"]["budget"] is None
