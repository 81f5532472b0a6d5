"""`tongpin test`: what differs, coverage, in text and as JSON."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from engine.book import Book
from engine.calls import Call
from engine.effects import Status
from server.rulebooks import compile_files
from tongpin_cli.mutating import MutantChoice, mutate_rules
from tongpin_cli.output import Output
from tongpin_cli.testing import test_rules as run_rule_tests
from tongpin_cli.transcribing import transcribe
from tongpin_cli.watching import watch

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


def test_survivors_are_listed_and_fail_only_where_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = book(tmp_path, "5.00")
    with (folder / "book.tp").open("a", encoding="utf-8") as stream:
        stream.write('rule idle\n  on sale\n  basis "b"\n  refuse "big" when amount > 9.00\n')
    choice = MutantChoice(seed=0, limit=0)
    assert mutate_rules([folder], choice, Output()) == 0
    shown = capsys.readouterr().out
    assert "book.tp:22: survived: shift boundary" in shown
    assert '+  refuse "big" when amount >= 9.00' in shown
    assert "seed 0" in shown
    assert mutate_rules([folder], choice, Output(as_json=True), strict=True) == 1
    (data,) = json.loads(capsys.readouterr().out)
    # Swapped amounts are the same; either line left out leaves the voucher unbalanced; the sides
    # exchanged and the refusal turned round are noticed; two steps, the boundary and leaving the
    # refusal out are not.
    assert (data["caught_by_check"], data["killed"], data["survived"]) == (2, 2, 4)
    assert len(data["survivors"]) == 4


def test_mutants_need_tests_that_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert mutate_rules([book(tmp_path, "6.00")], MutantChoice(0, 0), Output()) == 1
    assert "mutants need passing tests" in capsys.readouterr().out


def posted(tmp_path: Path) -> tuple[Path, str]:
    """A rule book, and a store with two events of it."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "book.tp").write_text(BOOK.format("5.00", "5.00"), encoding="utf-8")
    store = f"sqlite:///{tmp_path / 'book.db'}"
    files = [("book.tp", (folder / "book.tp").read_bytes())]
    publication = {
        "id": "p1",
        "type": "revision.published",
        "date": "2026-03-01",
        "files": [{"path": path, "content": content.decode()} for path, content in files],
    }
    sale = {"id": "S-1", "type": "sale", "date": "2026-03-05", "amount": "12.30"}
    with closing(Book.open(store, compiler=compile_files)) as opened:
        for event in (publication, sale):
            (result,) = opened.post([Call(events=[event])])[0].results
            assert result.status in {Status.POSTED, Status.NO_POSTING}, result
    return folder, store


def test_a_test_is_made_from_an_event_and_passes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, store = posted(tmp_path)
    assert transcribe("default/S-1", store, folder, None, Output()) == 0
    assert capsys.readouterr().out == (
        'test "default/S-1"\n'
        "  at 2026-03-05\n"
        "  given sale amount = 12.30\n"
        '  expect voucher "sale"\n'
        "    debit  cash  12.30\n"
        "    credit sales 12.30\n"
    )
    assert transcribe("default/S-1", store, folder, folder / "book.tp", Output()) == 0
    assert run_rule_tests([folder], Output()) == 0
    assert "2 passed, 0 failed" in capsys.readouterr().out


def test_a_test_that_the_rules_of_today_fail_is_not_added(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, store = posted(tmp_path)
    changed = folder / "book.tp"
    changed.write_text(
        BOOK.format("4.00", "4.00")
        .replace("sales amount", "sales amount - 1.00")
        .replace("cash  amount", "cash  amount - 1.00"),
        encoding="utf-8",
    )
    before = changed.read_text(encoding="utf-8")
    assert transcribe("default/S-1", store, folder, changed, Output()) == 1
    assert "! debit  cash  12.30  debit  cash  11.30  amount" in capsys.readouterr().out
    assert changed.read_text(encoding="utf-8") == before


def test_watch_runs_again_after_a_change_until_it_is_interrupted(tmp_path: Path) -> None:
    folder = book(tmp_path, "5.00")
    codes: list[int] = []
    waits = 0

    def run() -> int:
        codes.append(run_rule_tests([folder], Output(as_json=True)))
        return codes[-1]

    def wait(_seconds: float) -> None:
        nonlocal waits
        waits += 1
        if waits == 3:
            raise KeyboardInterrupt
        if waits == 2:
            book(tmp_path, "66.00")

    assert watch([folder], run, Output(), wait=wait) == 1
    assert codes == [0, 1]
