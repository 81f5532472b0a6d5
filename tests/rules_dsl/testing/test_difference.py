"""Expected vouchers beside booked ones: how lines are paired, and how that is shown."""

from __future__ import annotations

import pytest

from rules_dsl.testing import (
    LineFigures,
    LinePair,
    StatusDifference,
    TestResult,
    VoucherFigures,
    compare_vouchers,
    run_tests,
    show_difference,
)
from tests.rules_dsl.books import compile_text

BOOK = """\
dimension 部门 is department
event 开票 is invoice dated 日期
  部门 部门
  金额 is amount amount
  税额 is tax amount
rule 开票
  on 开票
  basis "准则"
  voucher "开票 {部门}"
    debit  应收 金额 by 部门
    credit 收入 金额 - 税额 by 部门
    credit 税金 税额
"""
GIVEN = """\
test "开票"
  at 2026-03-05
  given 开票 部门 = 市场部, 金额 = 106.00, 税额 = 6.00
"""


def line(side: str, account: str, amount: str, **dimensions: str) -> LineFigures:
    return LineFigures(side, account, amount, tuple(dimensions.items()))


def voucher(*lines: LineFigures, summary: str = "s") -> VoucherFigures:
    return VoucherFigures(summary, lines)


def result_of(expected: str) -> TestResult:
    compiled = compile_text(f"{BOOK}{GIVEN}{expected}")
    assert compiled.program is not None
    (found,) = run_tests(compiled.program, compiled.files)
    return found


def test_lines_are_compared_as_a_multiset() -> None:
    first, second = line("debit", "A", "1.00"), line("credit", "B", "1.00")
    same = compare_vouchers([voucher(first, second, first)], [voucher(second, first, first)])
    assert same.is_empty
    one_less = compare_vouchers([voucher(first, second, first)], [voucher(second, first)])
    assert not one_less.is_empty
    assert LinePair(first, None) in one_less.vouchers[0].lines


def test_a_line_stands_beside_the_one_most_like_it() -> None:
    wanted = [line("debit", "A", "5.00", p="1"), line("debit", "A", "7.00", p="2")]
    booked = [line("debit", "A", "7.00", p="3"), line("debit", "A", "5.50", p="1")]
    (pair,) = compare_vouchers([voucher(*wanted)], [voucher(*booked)]).vouchers
    # 7.00 differs in one dimension only, so 5.00 is left for the other.
    assert pair.lines == (
        LinePair(wanted[0], booked[1], ("amount",)),
        LinePair(wanted[1], booked[0], ("p",)),
    )


def test_lines_alike_in_neither_account_nor_amount_are_not_paired() -> None:
    wanted, booked = line("debit", "A", "1.00"), line("debit", "B", "2.00")
    (pair,) = compare_vouchers([voucher(wanted)], [voucher(booked)]).vouchers
    assert pair.lines == (LinePair(wanted, None), LinePair(None, booked))


def test_vouchers_are_paired_with_the_ones_most_like_them() -> None:
    low = [line("debit", "A", "1.00"), line("credit", "B", "1.00")]
    high = [line("debit", "A", "9.00"), line("credit", "B", "9.00")]
    wrong = [line("debit", "A", "9.00"), line("credit", "C", "9.00")]
    found = compare_vouchers([voucher(*low), voucher(*high)], [voucher(*wrong), voucher(*low)])
    first, second = found.vouchers
    assert first.is_same
    assert [each.differs for each in second.lines] == [(), ("account",)]


def test_a_voucher_too_many_and_one_too_few_are_shown_whole() -> None:
    one = voucher(line("debit", "A", "1.00"), summary="one")
    none_booked = show_difference(compare_vouchers([one], []))
    assert "this voucher was expected and not booked" in none_booked
    assert "- debit A 1.00" in none_booked
    extra = show_difference(compare_vouchers([], [one]))
    assert 'booked and not expected, "one"' in extra
    assert "+ debit A 1.00" in extra


def test_a_failed_test_shows_expected_beside_booked_aligned_by_display_width() -> None:
    found = result_of(
        """\
  expect voucher
    debit  应收 106.00 by 部门 = 市场部
    credit 收入 100.06 by 部门 = 工程部
    credit 税金 6.00 by 部门 = 市场部
"""
    )
    assert not found.passed
    # 应收 takes four columns, 市场部 six: every row's booked half starts below the header's.
    assert found.message.splitlines() == [
        "the vouchers differ:",
        '  voucher "开票 市场部":',
        "      expected                          booked",
        "    = debit  应收 106.00 部门 = 市场部  debit  应收 106.00 部门 = 市场部",
        "    ! credit 收入 100.06 部门 = 工程部  credit 收入 100.00 部门 = 市场部  amount, 部门",
        "    ! credit 税金   6.00 部门 = 市场部  credit 税金   6.00                部门",
    ]


def test_colours_mark_only_what_differs() -> None:
    pair = compare_vouchers(
        [voucher(line("debit", "A", "1.00"))], [voucher(line("debit", "A", "2.00"))]
    )
    colored = show_difference(pair, color=True)
    assert "\x1b[31m1.00\x1b[0m" in colored
    assert "\x1b[32m2.00\x1b[0m" in colored
    assert "\x1b[32mA" not in colored
    assert "\x1b" not in show_difference(pair)


def test_lines_that_a_partial_expectation_leaves_out_are_no_difference() -> None:
    passed = result_of("  expect voucher with\n    credit 税金 6.00\n")
    assert passed.passed
    failed = result_of("  expect voucher with\n    credit 税金 6.01\n")
    assert "… and 2 more lines that the test does not name" in failed.message
    assert "! credit 税金 6.01  credit 税金 6.00  amount" in failed.message


def test_a_summary_that_differs_is_named() -> None:
    found = result_of(
        """\
  expect voucher "开票 工程部"
    debit  应收 106.00 by 部门 = 市场部
    credit 收入 100.00 by 部门 = 市场部
    credit 税金 6.00
"""
    )
    assert 'expected "开票 工程部", booked "开票 市场部":' in found.message


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ("  expect no posting\n", "expected no posting, but the event is posted"),
        ("  expect refused X\n", "expected refused X, but the event is posted"),
    ],
)
def test_a_status_that_differs_is_told_with_what_became_of_the_event(
    expected: str, message: str
) -> None:
    found = result_of(expected)
    assert found.message == message
    assert isinstance(found.difference, StatusDifference)
    assert found.difference.status == "posted"


def test_an_amount_in_another_currency_stands_beside_its_own() -> None:
    wanted = LineFigures("debit", "A", "710.00", (), ("100.00", "USD", "7.1"))
    booked = LineFigures("debit", "A", "710.00", (), ("100.00", "USD", "7.2"))
    shown = show_difference(compare_vouchers([voucher(wanted)], [voucher(booked)]))
    assert "! debit A 710.00 100.00 USD at 7.1  debit A 710.00 100.00 USD at 7.2  foreign" in shown
