"""Parameters of a book: set by command, for all or one entity, from their place in the log on."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from engine.book import Book
from engine.calls import Call, EventResult
from engine.effects import Status
from engine.explain import explain_voucher
from engine.verify import verify_book
from server.rulebooks import compile_files

RULES = """
rulebook parameters
ledger general is GL currency CNY
code method = cumulative | last is last_period
chart accounts
  bank    @1002 "Bank"    debit
  revenue @6001 "Revenue" credit
parameter residue is residue_policy method default cumulative
parameter vat is vat_rate percent min 0 max 1 default 13%
parameter open_from date default 2026-01-01
parameter note text default "none"
event paid is paid dated day
  amount amount max 1000000
rule payment
  on paid
  basis "policy"
  when day >= open_from
  voucher "{residue} {note}"
    debit  bank    round(amount * vat)
    credit revenue round(amount * vat)
"""

PUBLISHED = {
    "id": "p",
    "type": "revision.published",
    "date": "2026-01-01",
    "source": "tongpin",
    "files": [{"path": "parameters.tp", "content": RULES}],
}


def command(number: int, name: str, value: object, **more: str) -> dict[str, object]:
    return {
        "id": f"c{number}",
        "type": "book.parameter_set",
        "date": "2026-03-01",
        "name": name,
        "value": value,
        **more,
    }


def paid(number: int, **more: str) -> dict[str, object]:
    return {"id": f"e{number}", "type": "paid", "date": "2026-03-05", "amount": "100.00", **more}


def results(book: Book, *events: Mapping[str, object]) -> list[EventResult]:
    (outcome,) = book.post([Call(events=list(events), principal="wang")])
    return outcome.results


def amounts(book: Book, made: list[EventResult]) -> list[int]:
    return [book.voucher(each.vouchers[0]).lines[0].debit for each in made if each.vouchers]


def memory() -> Book:
    program = compile_files([("parameters.tp", RULES.encode())])
    return Book.in_memory([program], entities=["C01", "C02"])


def test_a_value_counts_from_its_place_in_the_log_on() -> None:
    book = memory()
    made = results(book, paid(1), command(1, "vat_rate", "0.06"), paid(2), paid(3))
    assert [each.status for each in made] == [
        Status.POSTED,
        Status.NO_POSTING,
        Status.POSTED,
        Status.POSTED,
    ]
    # 13 % of 100.00, then 6 %.
    assert amounts(book, made) == [1300, 600, 600]


def test_an_entity_may_have_a_value_of_its_own() -> None:
    book = memory()
    results(book, command(1, "vat_rate", "0.06"), command(2, "vat_rate", "0.03", entity="C02"))
    made = results(book, paid(1, entity="C01"), paid(2, entity="C02"))
    assert amounts(book, made) == [600, 300]
    results(book, command(3, "vat_rate", "0.09"))
    assert amounts(book, results(book, paid(3, entity="C01"), paid(4, entity="C02"))) == [900, 300]


@pytest.mark.parametrize(
    ("name", "value", "reason", "told"),
    [
        ("vat", "0.06", "UNKNOWN_PARAMETER", "note, open_from, residue_policy, vat_rate"),
        ("vat_rate", "1.5", "INVALID_FIELD", "vat"),
        ("vat_rate", "6%", "INVALID_FIELD", "vat"),
        ("residue_policy", "first_period", "INVALID_FIELD", "last_period"),
        ("open_from", "2026-02-30", "INVALID_FIELD", "open_from"),
        ("vat_rate", None, "INVALID_FIELD", "vat_rate"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(
    name: str, value: object, reason: str, told: str
) -> None:
    book = memory()
    (refused,) = results(book, command(1, name, value))
    assert (refused.status, refused.reason) == (Status.REJECTED_RULE, reason)
    assert told in refused.message
    assert amounts(book, results(book, paid(1))) == [1300]


def test_people_see_what_is_set_since_when_by_whom_and_why() -> None:
    book = memory()
    results(
        book,
        command(1, "vat_rate", "0.060", reason="new law"),
        command(2, "residue_policy", "last_period", entity="C02", actor="li"),
    )
    shown = [
        (view.name, view.entity, view.value, view.is_default, view.since, view.by, view.reason)
        for view in book.parameters()
    ]
    assert shown == [
        ("residue", "", "cumulative", True, "", "", ""),
        ("residue", "C02", "last_period", False, "2026-03-01", "li", ""),
        ("vat", "", "0.06", False, "2026-03-01", "wang", "new law"),
        ("open_from", "", "2026-01-01", True, "", "", ""),
        ("note", "", "none", True, "", "", ""),
    ]


def test_a_stored_book_keeps_them_and_tells_them_with_each_voucher(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'book.db'}"
    with closing(Book.open(url, compiler=compile_files)) as book:
        book.post([Call(events=[PUBLISHED])])
        results(book, paid(1), command(1, "vat_rate", "0.06"), command(2, "note", "注"), paid(2))
        book.snapshot()
    with closing(Book.open(url, compiler=compile_files)) as book:
        made = results(book, paid(3))
        assert amounts(book, made) == [600]
        explanation = explain_voucher(book, made[0].vouchers[0])
        told = {(read.name, read.value) for read in explanation.reads if read.known}
        assert ("parameter.vat_rate.value", "0.060000") in told
        assert ("parameter.note.value", "注") in told
        assert explanation.voucher.summary == "cumulative 注"
        dry = book.post([Call(events=[command(3, "vat_rate", "0"), paid(4)], dry_run=True)])
        assert dry[0].results[1].status is Status.NO_POSTING
        assert amounts(book, results(book, paid(5))) == [600]
    report = verify_book(url, "main", compile_files)
    assert report.first_bad is None
