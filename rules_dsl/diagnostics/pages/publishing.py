"""Pages of TP504 and TP505: what a book holds against rules that are to be published in it."""

from __future__ import annotations

from rules_dsl.diagnostics.pages.page import Page

PAGES = (
    Page(
        "TP504",
        "变更早于已结账期间",
        "When rules are published: whether a rule, rate, table, account or other "
        "declaration that decides "
        "vouchers means something else in a closed period in which other rules are in "
        "force. Rules and rates "
        "are compared as far as they hold in that period; a new event, code or account "
        "alone changes nothing.",
        "An event of the closed period that comes late, or is decided again, would be "
        "booked otherwise than "
        "its neighbours were, and what was reported could not be explained by one set of rules.",
        """\
rule 报销 from 2026-01-01
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  费用 含税金额 - 税额
    credit 应付 含税金额 - 税额
""",
        """\
rule 报销 from 2026-01-01 until 2026-03-31
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  费用 含税金额
    credit 应付 含税金额
rule 报销 from 2026-04-01
  on 报销
  basis "新费用制度"
  voucher "报销"
    debit  费用 含税金额 - 税额
    credit 应付 含税金额 - 税额
""",
        related=("TP501", "TP505"),
        before="""\
rule 报销 from 2026-01-01
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  费用 含税金额
    credit 应付 含税金额
""",
    ),
    Page(
        "TP505",
        "状态丢失",
        "When rules are published: whether every target, record and budget that holds "
        "state in the book is "
        "declared under its name, or, for a target, continued by another.",
        "A target that is renamed without a word begins at zero: the next event would "
        "recognise the whole "
        "past once more, in balance and unseen.",
        """\
target 累计费用 by 客户 in 法定账
rule 报销 from 2026-04-01
  on 报销
  basis "费用制度"
  delta 本期 of 累计费用 = 含税金额
  voucher "报销"
    debit  费用 本期
    credit 应付 本期
""",
        """\
target 累计费用 by 客户 in 法定账 continues 费用进度
rule 报销 from 2026-04-01
  on 报销
  basis "费用制度"
  delta 本期 of 累计费用 = 含税金额
  voucher "报销"
    debit  费用 本期
    credit 应付 本期
""",
        related=("TP504",),
        before="""\
target 费用进度 by 客户 in 法定账
rule 报销 from 2026-04-01
  on 报销
  basis "费用制度"
  delta 本期 of 费用进度 = 含税金额
  voucher "报销"
    debit  费用 本期
    credit 应付 本期
""",
    ),
)
