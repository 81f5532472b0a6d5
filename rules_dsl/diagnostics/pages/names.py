"""Pages about names: unknown, declared twice, never used."""

from __future__ import annotations

from rules_dsl.diagnostics.pages.page import FixSafety, Page

PAGES = (
    Page(
        "TP201",
        "未知名称",
        "Whether every name is declared as something of the kind needed at its place. Names of "
        "that kind alone are suggested, nearest first, at most three.",
        "A wrong name never means zero or nothing: no voucher leaves an account or a department "
        "out because it was misspelled.",
        """\
rule 报销
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  费用 含税全额
    credit 应付 含税金额
""",
        """\
rule 报销
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  费用 含税金额
    credit 应付 含税金额
""",
        FixSafety.SUGGESTED,
        "The nearest name is only likely.",
        ("TP202", "TP203"),
    ),
    Page(
        "TP202",
        "未知代码值",
        "Whether a value compared with a code is in its closed set.",
        "A guard on a value that never comes is false for ever: the events it should catch go to "
        "another rule or to none.",
        """\
rule 报销
  on 报销
  basis "费用制度"
  when 类别 = 差绿
  voucher "报销"
    debit  费用 含税金额
    credit 应付 含税金额
""",
        """\
rule 报销
  on 报销
  basis "费用制度"
  when 类别 = 差旅
  voucher "报销"
    debit  费用 含税金额
    credit 应付 含税金额
""",
        FixSafety.SUGGESTED,
        "The nearest value is only likely.",
        ("TP201", "TP405"),
    ),
    Page(
        "TP203",
        "重复声明",
        "Whether a name is declared once among its kind, in all files of the book. Both places "
        "are shown.",
        "Of two accounts or tables of one name one would win silently, and with it the amounts "
        "it gets.",
        """\
code 发票 = 专票 | 普票
code 发票 = 专票 | 电子票
""",
        """\
code 发票 = 专票 | 普票 | 电子票

table 可抵扣
  | 发票   | = 抵扣 flag |
  | 专票   | true        |
  | 普票   | false       |
  | 电子票 | true        |
""",
        related=("TP205", "TP501"),
    ),
    Page(
        "TP204",
        "未使用",
        "Lets, tables, rates, lists and fields that no rule reads. Reported only where all rules "
        "compile, since a rule left out may be the one that reads them.",
        "A tax that was computed and not posted is a line somebody forgot.",
        """\
rule 报销
  on 报销
  basis "费用制度"
  let 净额 = 含税金额 - 税额
  voucher "报销"
    debit  费用 含税金额
    credit 应付 含税金额
""",
        """\
rule 报销
  on 报销
  basis "费用制度"
  let 净额 = 含税金额 - 税额
  voucher "报销 {部门} {客户} {类别} {税率} {折扣} {补贴} {外币额} {工时} {单价} {人数}"
    debit  费用   净额
    debit  进项税 税额
    credit 应付   含税金额
  voucher "明细"
    debit  费用 明细.金额 by 部门 = 明细.部门, 档次 = 明细.类别 each 明细
    credit 应付 sum(明细.金额)
""",
    ),
    Page(
        "TP205",
        "名称遮蔽字段",
        "Whether a let has a name of its own, not that of a field of the event.",
        "Two amounts of one name in one rule: a reader cannot tell which of them a line posts.",
        """\
rule 报销
  on 报销
  basis "费用制度"
  let 税额 = round(含税金额 * 税率 / (1 + 税率))
  voucher "报销"
    debit  进项税 税额
    credit 应付   税额
""",
        """\
rule 报销
  on 报销
  basis "费用制度"
  let 应计税额 = round(含税金额 * 税率 / (1 + 税率))
  voucher "报销"
    debit  进项税 应计税额
    credit 应付   应计税额
""",
        related=("TP203",),
    ),
)
