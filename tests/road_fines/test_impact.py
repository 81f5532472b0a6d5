"""Impact of one changed rule on the road fines equals the difference of two trial balances."""

from __future__ import annotations

import csv
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from engine.book import Book
from engine.impact import ChangeClass, compare_events
from engine.program import Program
from engine.replay import replay_events
from server.rulebooks import compile_files, read_folder
from tests.road_fines.convert import events

RULES = Path(__file__).parent / "rules"

#: (entity, ledger, period, account code)
Account = tuple[str, str, str, str]


def _programs() -> tuple[Program, Program]:
    """The rule book, and the same with a tenth more postage charged on."""
    [(path, content)] = read_folder(RULES)
    old = """
  voucher "Postage {case}"
    debit  receivable expense by case
    credit postage    expense by case
"""
    new = """
  let charged = round(expense * 110%)
  voucher "Postage {case}"
    debit  receivable charged by case
    credit postage    charged by case
"""
    text = content.decode()
    assert text.count(old) == 1
    changed = text.replace(old, new)
    return compile_files([(path, content)]), compile_files([(path, changed.encode())])


def _turnover(path: Path) -> Counter[tuple[Account, str]]:
    """Debit and credit turnover of each account and period of a trial balance file."""
    found: Counter[tuple[Account, str]] = Counter()
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            key = (row["entity"], row["ledger"], row["period"], row["account_code"])
            for side in ("debit", "credit"):
                found[key, side] += int(Decimal(row[side]) * 100)
    return found


def _changed_events(log: Path) -> Counter[str]:
    """Events that book another amount, counted straight from the log with `decimal`."""
    owed: dict[str, list[Decimal]] = {}  # with the old postage, with the new one
    fine: dict[str, Decimal] = {}
    found: Counter[str] = Counter()
    for row in pq.read_table(log).to_pylist():
        case, activity = row["_case"], row["concept:name"]
        own = owed.setdefault(case, [Decimal(0), Decimal(0)])
        if activity == "Create Fine":
            fine[case] = Decimal(row["amount"])
            own[:] = [rest + fine[case] for rest in own]
        elif activity == "Send Fine":
            expense = Decimal(row["expense"])
            more = (expense * Decimal("1.1")).quantize(Decimal("0.01"), ROUND_HALF_UP)
            found["fine.sent"] += more != expense
            own[:] = [own[0] + expense, own[1] + more]
        elif activity == "Add penalty":
            added = Decimal(row["amount"]) - fine[case]
            fine[case] = Decimal(row["amount"])
            own[:] = [rest + added for rest in own]
        elif activity == "Payment":
            own[:] = [rest - Decimal(row["paymentAmount"]) for rest in own]
        elif activity == "Send for Credit Collection":
            old, new = (max(rest, Decimal(0)) for rest in own)
            found["collection.ordered"] += old > 0 and new > 0 and old != new
            found["newly posted"] += old == 0 and new > 0
            own[:] = [min(rest, Decimal(0)) for rest in own]
    return found


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_impact_of_one_rule_is_the_difference_of_two_trial_balances(
    shared_dir: Path, tmp_path: Path
) -> None:
    log = shared_dir / "data" / "road_fines_10pct.events.parquet"
    old, new = _programs()
    for name, program in (("old", old), ("new", new)):
        replay_events(Book.in_memory([program]), events(log), tmp_path / name)
    expected = _turnover(tmp_path / "new" / "trial_balance.csv")
    expected.subtract(_turnover(tmp_path / "old" / "trial_balance.csv"))

    report = compare_events(old, new, events(log), folder=tmp_path / "impact")
    found = {
        ((row.entity, row.ledger, row.period, row.account_code), side): amount
        for row in report.accounts
        for side, amount in (("debit", row.debit), ("credit", row.credit))
        if amount
    }
    assert found == {key: amount for key, amount in expected.items() if amount}
    assert found

    counted = _changed_events(log)
    assert report.types == {
        (kind, change): counted[name]
        for kind, change, name in (
            ("fine.sent", ChangeClass.AMOUNT, "fine.sent"),
            ("collection.ordered", ChangeClass.AMOUNT, "collection.ordered"),
            ("collection.ordered", ChangeClass.NEWLY_POSTED, "newly posted"),
        )
        if counted[name]
    }
    assert report.event_count == 56_984

    by_account: Counter[str] = Counter()
    for row in report.dimensions:
        by_account[row.account_code] += row.debit - row.credit
    of_periods: Counter[str] = Counter()
    for key, amount in found.items():
        of_periods[key[0][3]] += amount if key[1] == "debit" else -amount
    assert by_account == of_periods
