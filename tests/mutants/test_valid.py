"""A short form of the study of valid books, and of what it takes for the truth."""

from __future__ import annotations

import pytest

from rules_dsl.compile import compile_rulebook
from rules_dsl.parse import parse_file
from rules_dsl.source import SourceFile
from tests.mutants.truths import Truths
from tests.mutants.valid import study_valid
from tests.reference.generate_rules import GeneratedBook

BOOK = """\
rulebook 样册
ledger 总账 is GL currency CNY
code 种类 = 甲 is a | 乙 is b
chart 科目
  现金 @1001 debit
  收入 @6001 credit
event 收款 is paid dated 日期
  种类 种类
  金额 is amount amount
rate 税率 percent
  | from | until | value |
  | 2026-01-01 | 2026-12-31 | 6% |
rule 收款 from 2026-02-01 until 2026-11-30
  on 收款
  basis "制度"
  let 税 = round(金额 * 税率)
  voucher "收款"
    debit  现金 金额
    credit 收入 金额
"""
TABLE = "table 去向 {}\n  | 种类 | 键 amount | = account |\n{}"


def truths(text: str) -> Truths:
    book = GeneratedBook({"book.tp": text}, {})
    return Truths(book, [parse_file("book.tp", text).file], 0)


def test_valid_books_are_told_nothing_false() -> None:
    found = study_valid(0, 6)
    assert found.books == 6
    assert found.errors == []
    assert found.false_alarms == []


@pytest.mark.parametrize(
    ("rows", "is_valid"),
    [
        ("  | 甲 | ..100 | 现金 |\n  | 甲 | 100.01.. | 收入 |\n  | 乙 | * | 现金 |\n", True),
        ("  | 甲 | ..100 | 现金 |\n  | 甲 | 100.02.. | 收入 |\n  | 乙 | * | 现金 |\n", False),
        ("  | 甲 | ..100 | 现金 |\n  | 甲 | 100.00.. | 收入 |\n  | 乙 | * | 现金 |\n", False),
        ("  | 甲 | ..100 | 现金 |\n  | else | * | 收入 |\n", True),
    ],
)
def test_a_table_is_valid_with_one_answer_for_every_input(rows: str, is_valid: bool) -> None:
    assert truths(BOOK + TABLE.format("unique", rows)).is_valid() is is_valid


def test_warnings_that_are_true_are_not_denied_and_turned_round_they_are() -> None:
    first = "  | 甲 | * | 现金 |\n  | 甲 | 5.. | 收入 |\n  | else | * | 现金 |\n"
    text = BOOK + TABLE.format("first", first)
    result = compile_rulebook([SourceFile("book.tp", text)])
    told = {each.code: each for each in result.diagnostics}
    assert {"TP204", "TP403"} <= told.keys()
    own = truths(text)
    assert not any(own.denies(each) for each in result.diagnostics)
    # In a book where the first row is of 乙 the second one wins, so the same would be false.
    wins = BOOK + TABLE.format("first", first.replace("  | 甲 | * | 现金 |", "  | 乙 | * | 现金 |"))
    assert truths(wins).denies(told["TP403"])


def test_a_rate_that_covers_the_rule_is_covered() -> None:
    message = "税率 has no value from 2026-01-01, when rule 收款 is in force"
    text = BOOK.replace("2026-12-31 | 6%", "2026-11-29 | 6%")
    assert truths(BOOK)._is_covered(message)
    assert not truths(text)._is_covered(message)
