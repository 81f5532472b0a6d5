"""`tongpin test`: what differs, coverage, in text and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tongpin_cli.output import Output
from tongpin_cli.testing import test_rules as run_rule_tests

BOOK = """\
rulebook small
ledger main is GL currency CNY
chart accounts
  cash  @1001 debit
  sales @6001 credit
event sale is sale
  amount amount
rule sale
  on sale
  basis "standard"
  voucher "sale"
    debit  cash  amount
    credit sales amount
test "sale"
  given sale amount = 5.00
  expect voucher
    debit  cash  {}
    credit sales {}
"""


def book(tmp_path: Path, amount: str) -> Path:
    (tmp_path / "book.tp").write_text(BOOK.format(amount, amount), encoding="utf-8")
    return tmp_path


def test_a_failure_is_shown_plainly_off_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_rule_tests([book(tmp_path, "6.00")], Output()) == 1
    shown = capsys.readouterr().out
    assert "FAILED sale (book.tp:14)" in shown
    assert "! debit  cash  6.00  debit  cash  5.00  amount" in shown
    assert "0 passed, 1 failed" in shown
    assert "\x1b" not in shown


def test_json_has_the_difference_as_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_rule_tests([book(tmp_path, "6.00")], Output(as_json=True)) == 1
    (found,) = json.loads(capsys.readouterr().out)
    assert found["passed"] is False
    assert found["difference"]["kind"] == "vouchers"
    (voucher,) = found["difference"]["vouchers"]
    assert [line["differs"] for line in voucher["lines"]] == [["amount"], ["amount"]]
    assert voucher["lines"][0]["booked"]["amount"] == "5.00"


def test_coverage_is_counted_and_the_rest_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = book(tmp_path, "5.00")
    extra = '  given sale amount = 1.00\nrule idle\n  on sale\n  basis "b"\n  when amount > 9.00\n'
    extra += '  voucher "more"\n    debit cash amount\n    credit sales amount\n'
    with (folder / "book.tp").open("a", encoding="utf-8") as stream:
        stream.write(extra)
    assert run_rule_tests([folder], Output(), coverage=True) == 0
    shown = capsys.readouterr().out
    assert "book.tp:20: the rule idle" in shown
    assert "voucher lines                     2   4" in shown
    assert run_rule_tests([folder], Output(as_json=True), coverage=True) == 0
    data = json.loads(capsys.readouterr().out)
    (covered,) = data["coverage"]
    assert covered["counts"]["voucher_lines"] == {"covered": 2, "of": 4}
    assert {each["code"] for each in covered["uncovered"]} == {"TP901"}
    # Its guard is false for 5.00, where all vouchers are expected; nothing asserts it being true.
    assert covered["counts"]["guard_sides"] == {"covered": 1, "of": 2}
