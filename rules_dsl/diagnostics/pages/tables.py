"""Pages about decision tables, guards and dates in force."""

from __future__ import annotations

from rules_dsl.diagnostics.pages.page import FixSafety, Page

PAGES = (
    Page(
        "TP401",
        "行重叠",
        "Whether two rows of a `unique` table match one input; that input is shown.",
        "One expense, two accounts: which one it is would depend on the order of rows.",
        """\
table 限额
  | 类别         | 客户 text | = 额 amount |
  | 差旅         | "甲"      | 500         |
  | {差旅, 招待} | *         | 300         |
  | 其他         | *         | 100         |
""",
        """\
table 限额 first
  | 类别         | 客户 text | = 额 amount |
  | 差旅         | "甲"      | 500         |
  | {差旅, 招待} | *         | 300         |
  | 其他         | *         | 100         |
""",
        related=("TP402", "TP403"),
    ),
    Page(
        "TP402",
        "缺口",
        "Whether every input has a row, or the table an `else` row. Up to three inputs without "
        "one are shown; beyond 20,000 cells it is left undecided.",
        "The first event of the missing kind stays unposted.",
        """\
table 限额
  | 类别 | = 额 amount |
  | 差旅 | 500         |
  | 招待 | 300         |
""",
        """\
table 限额
  | 类别 | = 额 amount |
  | 差旅 | 500         |
  | 招待 | 300         |
  | else | 100         |
""",
        related=("TP401", "TP406"),
    ),
    Page(
        "TP403",
        "不可达的行",
        "In a `first` table: a row whose inputs are all matched by earlier rows; in any table a "
        "row written twice.",
        "Its author believes that an amount goes to an account which it never reaches.",
        """\
table 限额 first
  | 类别         | = 额 amount |
  | {差旅, 招待} | 300         |
  | 差旅         | 500         |
  | 其他         | 100         |
""",
        """\
table 限额 first
  | 类别         | = 额 amount |
  | 差旅         | 500         |
  | {差旅, 招待} | 300         |
  | 其他         | 100         |
""",
        related=("TP401",),
    ),
    Page(
        "TP404",
        "无影响的列",
        "An input column that never changes the result.",
        "No money, but a reader, and an auditor, takes it for a condition.",
        """\
table 限额
  | 类别 | 加急 flag | = 额 amount |
  | 差旅 | true      | 500         |
  | 差旅 | false     | 500         |
  | 招待 | *         | 300         |
  | 其他 | *         | 100         |
""",
        """\
table 限额
  | 类别 | 加急 flag | = 额 amount |
  | 差旅 | true      | 800         |
  | 差旅 | false     | 500         |
  | 招待 | *         | 300         |
  | 其他 | *         | 100         |
""",
        related=("TP204",),
    ),
    Page(
        "TP405",
        "单元格越界",
        "Whether each cell lies in the code or the range of its column, and each range has values.",
        "A row that can never match is a rule somebody believes to be in force.",
        """\
table 限额
  | 类别 | = 额 amount |
  | 差绿 | 500         |
  | else | 100         |
""",
        """\
table 限额
  | 类别 | = 额 amount |
  | 差旅 | 500         |
  | else | 100         |
""",
        FixSafety.SUGGESTED,
        "The nearest value of the code is only likely.",
        ("TP202", "TP402"),
    ),
    Page(
        "TP406",
        "规则重叠或有缺口",
        "For events that expect one or some rules: whether the guards of the rules of each "
        "ledger leave no event out, and with `one` no two match. Undecided where a guard "
        "compares what tables cannot.",
        "Two rules post one claim twice; a gap leaves it unposted.",
        """\
event 备用金 is advance dated 日期 expects one
  类别 is category 类别
  金额 is amount   amount min 0
rule 差旅备用金
  on 备用金
  basis "费用制度"
  when 类别 in {差旅, 招待}
  voucher "差旅"
    debit  费用 金额
    credit 应付 金额
rule 其他备用金
  on 备用金
  basis "费用制度"
  when not (类别 = 差旅)
  voucher "其他"
    debit  费用 金额
    credit 应付 金额
""",
        """\
event 备用金 is advance dated 日期 expects one
  类别 is category 类别
  金额 is amount   amount min 0
rule 差旅备用金
  on 备用金
  basis "费用制度"
  when 类别 = 差旅
  voucher "差旅"
    debit  费用 金额
    credit 应付 金额
rule 其他备用金
  on 备用金
  basis "费用制度"
  when not (类别 = 差旅)
  voucher "其他"
    debit  费用 金额
    credit 应付 金额
""",
        related=("TP402", "TP501"),
    ),
    Page(
        "TP501",
        "生效期重叠",
        "Whether two texts of one rule are in force on one date.",
        "Every event of those days would be posted by both.",
        """\
rule 报销 from 2025-01-01
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  费用 含税金额
    credit 应付 含税金额
rule 报销 from 2026-01-01
  on 报销
  basis "新费用制度"
  voucher "报销"
    debit  费用 含税金额
    credit 应付 含税金额
""",
        """\
rule 报销 from 2025-01-01 until 2025-12-31
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  费用 含税金额
    credit 应付 含税金额
rule 报销 from 2026-01-01
  on 报销
  basis "新费用制度"
  voucher "报销"
    debit  费用 含税金额
    credit 应付 含税金额
""",
        related=("TP203", "TP502"),
    ),
    Page(
        "TP502",
        "生效期有空档",
        "Dates between the texts of one rule on which none of them is in force.",
        "Events of those days are posted by no rule, as if nothing had happened.",
        """\
rule 报销 until 2025-11-30
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  费用 含税金额
    credit 应付 含税金额
rule 报销 from 2026-01-01
  on 报销
  basis "新费用制度"
  voucher "报销"
    debit  费用 含税金额
    credit 应付 含税金额
""",
        """\
rule 报销 until 2025-12-31
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  费用 含税金额
    credit 应付 含税金额
rule 报销 from 2026-01-01
  on 报销
  basis "新费用制度"
  voucher "报销"
    debit  费用 含税金额
    credit 应付 含税金额
""",
        related=("TP501", "TP503"),
    ),
    Page(
        "TP503",
        "规则生效日无税率",
        "Whether a rate has a value on all dates on which a rule that reads it is in force.",
        "Events of the days without a rate stay unposted (RATE_NOT_EFFECTIVE).",
        """\
rate 增值税率 percent
  | from       | until      | value |
  | 2019-04-01 | 2025-12-31 | 6%    |
rule 报销 from 2025-01-01 until 2026-12-31
  on 报销
  basis "费用制度"
  let 税 = round(含税金额 * 增值税率)
  voucher "报销"
    debit  进项税 税
    credit 应付   税
""",
        """\
rate 增值税率 percent
  | from       | until      | value |
  | 2019-04-01 | 2026-12-31 | 6%    |
rule 报销 from 2025-01-01 until 2026-12-31
  on 报销
  basis "费用制度"
  let 税 = round(含税金额 * 增值税率)
  voucher "报销"
    debit  进项税 税
    credit 应付   税
""",
        related=("TP502",),
    ),
)
