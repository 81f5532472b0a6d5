"""Pages about what tests assert."""

from __future__ import annotations

from rules_dsl.diagnostics.pages.page import Page

PAGES = (
    Page(
        "TP901",
        "没有测试断言",
        "Whether a passing test asserts every rule, each side of a guard, table row, voucher line, "
        "refusal and budget outcome. What only runs does not count: a line counts where a test "
        "expects it or all vouchers of its event, a table row where it flowed into such a line, a "
        "refusal or a budget outcome where it is expected. Only `tongpin test --coverage` shows "
        "it.",
        "What no test asserts can be changed, or be wrong from the first day, without a test "
        "failing: the wrong account of a row shows only in the books.",
        """\
event 请款 is request dated 请款日
  类别 is category 类别
  金额 is amount   amount
table 去向 unique
  | 类别 | = account |
  | 差旅 | 费用      |
  | else | 进项税    |
rule 请款
  on 请款
  basis "费用制度"
  voucher "请款"
    debit  去向[类别] 金额
    credit 应付       金额
test "差旅"
  given 请款 类别 = 差旅, 金额 = 100.00
  expect voucher
    debit  费用 100.00
    credit 应付 100.00
""",
        """\
event 请款 is request dated 请款日
  类别 is category 类别
  金额 is amount   amount
table 去向 unique
  | 类别 | = account |
  | 差旅 | 费用      |
  | else | 进项税    |
rule 请款
  on 请款
  basis "费用制度"
  voucher "请款"
    debit  去向[类别] 金额
    credit 应付       金额
test "差旅"
  given 请款 类别 = 差旅, 金额 = 100.00
  expect voucher
    debit  费用 100.00
    credit 应付 100.00
test "其他"
  given 请款 类别 = 其他, 金额 = 50.00
  expect voucher
    debit  进项税 50.00
    credit 应付   50.00
""",
    ),
)
