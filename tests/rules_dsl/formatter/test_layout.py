"""The layout itself, as authors see it."""

from __future__ import annotations

import pytest

from rules_dsl.formatter import format_text
from rules_dsl.limits import MAX_FILE_CHARS
from tests.rules_dsl.formatter.test_meaning import check_formatted


def formatted(text: str) -> str:
    return check_formatted("rules.tp", text)


def test_tables_align_by_display_width() -> None:
    source = """\
决策表 科目
 | 类别 | 已付 真假|= 科目|
 |差旅|是 | 费用.差旅 |
 | {招待,其他} | * | 费用 | # 其余
"""
    assert (
        formatted(source)
        == """\
决策表 科目
  | 类别         | 已付 真假 | = 科目    |
  | 差旅         | 是        | 费用.差旅 |
  | {招待, 其他} | *         | 费用      |  # 其余
"""
    )


def test_combining_characters_take_no_column() -> None:
    # No letter of NFC has a macron and a q, so the mark stays a character of its own.
    written = formatted("list l\n  q\u0304 text\n  a\u0301 text\n  abc text\n")
    assert written == "list l\n  q\u0304   text\n  \u00e1   text\n  abc text\n"


def test_fields_and_accounts_stand_in_columns() -> None:
    source = """\
event e is e.x dated d
  名称 is name text
  amount amount of CNY min 0
  d date optional default 2026-01-01
chart c
  a @1 "A" debit requires x from 2026-01-01
  long.role @10101 credit
"""
    assert (
        formatted(source)
        == """\
event e is e.x dated d
  名称   is name text
  amount         amount of CNY min 0
  d              date optional default 2026-01-01

chart c
  a         @1     "A" debit  requires x from 2026-01-01
  long.role @10101     credit
"""
    )


def test_lines_align_and_written_amounts_end_in_one_column() -> None:
    source = """\
test "t"
 at 2026-01-01
 expect voucher "s"
 debit 费用 1000.00 by 部门=D1
 credit 应付.员工 -60.00
rule r
 on e
 let 税额=round( 含税*税率 )
 # why
 let 净 = 含税 -税额

 let long_name = 1
 voucher "s"
 debit 费用 净 by 部门, 项目 if given 项目
 credit 表[类别 , given 项目] 含税 - -净 by 部门
"""
    assert (
        formatted(source)
        == """\
test "t"
  at 2026-01-01
  expect voucher "s"
    debit  费用      1000.00 by 部门 = D1
    credit 应付.员工  -60.00

rule r
  on e
  let 税额 = round(含税 * 税率)
  # why
  let 净   = 含税 - 税额

  let long_name = 1
  voucher "s"
    debit  费用                 净         by 部门, 项目 if given 项目
    credit 表[类别, given 项目] 含税 - -净 by 部门
"""
    )


def test_a_wide_part_runs_over_instead_of_moving_its_column() -> None:
    wide = "表[" + ", ".join(["given 项目"] * 4) + "]"
    source = f'rule r\n  on e\n  voucher "s"\n    debit a x by d\n    debit {wide} x by d\n'
    assert formatted(source).splitlines()[3:] == ["    debit a x by d", f"    debit {wide} x by d"]


def test_wrapped_lines_stay_broken_where_their_author_broke_them() -> None:
    source = """\
test "t"
  at 2026-01-01
  given e 明细 = [  # the lines

    # first
      {a = 1, b = 2},
   {a = 3,
    b = 4}
  ], x = 1
"""
    assert (
        formatted(source)
        == """\
test "t"
  at 2026-01-01
  given e 明细 = [  # the lines
    # first
    {a = 1, b = 2},
    {a = 3,
      b = 4}
  ], x = 1
"""
    )


def test_declarations_keep_the_groups_of_their_author() -> None:
    source = """\


# The book.
rulebook b
ledger l is L currency CNY


dimension d
dimension long_one is lo balancing
# about e
event e
  x text


  # about y
  y text
  # still e
# about f
event f
code c = a
# the end
"""
    assert (
        formatted(source)
        == """\
# The book.
rulebook b
ledger l is L currency CNY

dimension d
dimension long_one is lo balancing

# about e
event e
  x text

  # about y
  y text
  # still e

# about f
event f
code c = a
# the end
"""
    )


def test_full_width_signs_quotes_and_line_ends_become_plain() -> None:
    source = "\ufeff规则 甲\r\n　针对 单据\r\n  设 额 ＝ 四舍五入（含税 * 2）\r\n"
    source += '  凭证 “摘要 "甲" {额}”\r\n    借 费用 额\r\n'
    assert (
        formatted(source)
        == """\
规则 甲
  针对 单据
  设 额 = 四舍五入(含税 * 2)
  凭证 "摘要 \\"甲\\" {额}"
    借 费用 额
"""
    )


def test_ranges_signs_and_budgets_are_spaced_one_way() -> None:
    source = """\
budget 预算 is b by 部门,科目 text over month of d
  counts CNY
  tolerance 5%  up to 10 for spend
rule r
  on e
  when x in 1 .. 5 and y in  ..<3 or z in 1.. and not ( w in {1,-2} )
  spend 明细.额 on 预算[部门 , 科目] each 明细 as 单号 else hold "超"
  release all of 单号 from 预算 [ ]
"""
    assert (
        formatted(source)
        == """\
budget 预算 is b by 部门, 科目 text over month of d
  counts CNY
  tolerance 5% up to 10 for spend

rule r
  on e
  when x in 1..5 and y in ..<3 or z in 1.. and not (w in {1, -2})
  spend 明细.额 on 预算[部门, 科目] each 明细 as 单号 else hold "超"
  release all of 单号 from 预算[]
"""
    )


def test_tabs_are_rewritten() -> None:
    assert format_text("a.tp", "list l\n\tx\ttext\n").text == "list l\n  x text\n"


@pytest.mark.parametrize(
    "text", ["rule\n", "list l\nx text\n", "code c == a\n", "list l\n  x \ufffd\n"]
)
def test_a_file_that_does_not_parse_is_left_alone(text: str) -> None:
    refused = format_text("a.tp", text)
    assert refused.text is None
    assert refused.diagnostics


def test_a_file_that_alignment_would_make_too_long_is_left_alone() -> None:
    rows = [f"  | {'a' * 190} |", *("  | b |" for _ in range(3_000))]
    text = "\n".join(["table t", "  | x | = y text |", *(row + ' "" |' for row in rows)])
    assert len(text) < MAX_FILE_CHARS
    refused = format_text("a.tp", text)
    assert refused.text is None
    assert "more than" in refused.diagnostics[-1].message


@pytest.mark.parametrize(
    ("text", "written"),
    [("", ""), ("\n\n", ""), ("# only", "# only\n"), ("\n# a\n\n\n# b  \n", "# a\n\n# b\n")],
)
def test_a_file_without_declarations_keeps_its_comments(text: str, written: str) -> None:
    assert formatted(text) == written
