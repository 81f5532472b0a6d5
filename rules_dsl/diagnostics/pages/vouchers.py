"""Pages about vouchers: balance, lines, accounts and their dimensions."""

from __future__ import annotations

from rules_dsl.diagnostics.pages.page import FixSafety, Page

PAGES = (
    Page(
        "TP301",
        "凭证未证明平衡",
        "Whether debits − credits of each voucher reduce to zero, whatever the event says: as a "
        "linear form over rounded values, sums and splits. No tolerance, no solver; what is left "
        "over is shown.",
        "An unbalanced voucher never reaches the books: the event would stay unposted, for each "
        "amount anew.",
        """\
rule 报销
  on 报销
  basis "费用制度"
  let 净额 = 含税金额 - 税额
  voucher "报销"
    debit  费用   净额
    debit  进项税 税额
    credit 应付   净额
""",
        """\
rule 报销
  on 报销
  basis "费用制度"
  let 净额 = 含税金额 - 税额
  voucher "报销"
    debit  费用   净额
    debit  进项税 税额
    credit 应付   含税金额
""",
        FixSafety.SUGGESTED,
        "The name that closes the voucher is shown where there is one; which line is wrong only "
        "the author knows.",
        ("TP302", "TP305"),
    ),
    Page(
        "TP302",
        "按平衡维度不平",
        "Whether a voucher balances for every value of each balancing dimension by itself.",
        "A profit centre that pays for another without an internal settlement shows a result it "
        "does not have.",
        """\
dimension 利润中心 is profit_center balancing
event 内部协作 is internal.work dated 日期
  承接 is provider 利润中心
  委托 is client   利润中心
  金额 is amount   amount min 0
rule 内部协作
  on 内部协作
  basis "内部结算办法"
  voucher "协作"
    debit  费用 金额 by 利润中心 = 委托
    credit 收入 金额 by 利润中心 = 承接
""",
        """\
dimension 利润中心 is profit_center balancing
event 内部协作 is internal.work dated 日期
  承接 is provider 利润中心
  委托 is client   利润中心
  金额 is amount   amount min 0
rule 内部协作
  on 内部协作
  basis "内部结算办法"
  voucher "协作"
    debit 费用 金额 by 利润中心 = 委托
    transfer 金额 from 承接 to 委托 through 应付
    credit 收入 金额 by 利润中心 = 承接
""",
        related=("TP301", "TP306"),
    ),
    Page(
        "TP303",
        "本位币额与外币额、汇率不符",
        "Whether the functional amount of a line with a foreign part is what its foreign amount "
        "and rate give: `convert(AMOUNT, RATE)` of the same two, or one of the other forms of a "
        "foreign part. Compared as values, not as text; nothing is rounded twice.",
        "A line whose amount does not follow from its currency leaves a balance that no closing "
        "rate explains: the difference turns up as exchange gain or loss at the next revaluation.",
        """\
rule 外币报销
  on 报销
  basis "CAS 19 第十一条"
  voucher "外币报销"
    debit  费用 含税金额
    credit 应付 含税金额 foreign 外币额 at 7.1
""",
        """\
rule 外币报销
  on 报销
  basis "CAS 19 第十一条"
  let 本位币额 = convert(外币额, 7.1)
  voucher "外币报销"
    debit  费用 本位币额
    credit 应付 本位币额 foreign 外币额 at 7.1
""",
        related=("TP212", "TP301"),
    ),
    Page(
        "TP304",
        "分录恒为零",
        "Whether the amount of a line is zero for every event, so that the line is always dropped.",
        "A line that never appears is an amount that was meant to be posted and is not.",
        """\
rule 报销
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  费用   含税金额
    debit  进项税 税额 - 税额
    credit 应付   含税金额
""",
        """\
rule 报销
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  费用   含税金额 - 税额
    debit  进项税 税额
    credit 应付   含税金额
""",
        related=("TP204",),
    ),
    Page(
        "TP305",
        "各部分分别舍入",
        "Two rounded amounts of one voucher whose exact values add up to a total that is known.",
        "Rounded apart, the parts may miss the total by a cent: 33.33 + 66.67 is not always what "
        "was paid.",
        """\
rule 报销
  on 报销
  basis "费用制度"
  let 净额   = round(含税金额 / (1 + 税率))
  let 增值税 = round(含税金额 * 税率 / (1 + 税率))
  voucher "报销"
    debit  费用   净额
    debit  进项税 增值税
    credit 应付   净额 + 增值税
""",
        """\
rule 报销
  on 报销
  basis "费用制度"
  let 净额   = round(含税金额 / (1 + 税率))
  let 增值税 = 含税金额 - 净额
  voucher "报销"
    debit  费用   净额
    debit  进项税 增值税
    credit 应付   含税金额
""",
        FixSafety.SUGGESTED,
        "Which part takes the cent that is left over, the net amount or the tax, is a decision; "
        "both texts compile and differ by a cent.",
        ("TP214", "TP301"),
    ),
    Page(
        "TP306",
        "缺少科目要求的维度",
        "Whether every line carries the dimensions that its account requires, where the account "
        "is known, also through the rows of a table.",
        "A receivable without its customer cannot be collected or settled; the event would stay "
        "unposted.",
        """\
rule 报销
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  应收账款 含税金额
    credit 收入     含税金额
""",
        """\
rule 报销
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  应收账款 含税金额 by 客户
    credit 收入     含税金额
""",
        FixSafety.SUGGESTED,
        "The field of that dimension is offered; another value may be meant.",
    ),
    Page(
        "TP307",
        "科目已停用",
        "Whether the accounts of a rule are open at all dates on which the rule is in force.",
        "A closed account that is posted to has to be emptied by hand after the close.",
        """\
rule 报销 from 2026-01-01
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  旧费用 含税金额
    credit 应付   含税金额
""",
        """\
rule 报销 from 2025-01-01 until 2025-12-31
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  旧费用 含税金额
    credit 应付   含税金额
""",
        related=("TP501", "TP503"),
    ),
    Page(
        "TP308",
        "金额可能为负",
        "In ledgers declared `negative reject`: whether an amount can be below zero.",
        "The first credit note would stay unposted in that ledger and be posted in the others.",
        """\
rule 报销
  on 报销
  basis "费用制度"
  ledger 管理账
  voucher "报销"
    debit  费用 税额
    credit 应付 税额
""",
        """\
rule 报销
  on 报销
  basis "费用制度"
  ledger 管理账
  when 税额 >= 0
  voucher "报销"
    debit  费用 税额
    credit 应付 税额
""",
    ),
    Page(
        "TP309",
        "两行倒挤",
        "Whether at most one line of a voucher takes what the other lines leave.",
        "Two lines that share an unknown rest would each be whatever makes the sum come out: "
        "neither amount could be explained.",
        """\
rule 报销
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  费用 含税金额
    debit  尾差 remaining up to 0.05
    credit 应付 税额
    credit 尾差 remaining up to 0.05
""",
        """\
rule 报销
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  费用 含税金额
    credit 应付 税额
    credit 尾差 remaining up to 0.05
""",
        related=("TP301", "TP310"),
    ),
    Page(
        "TP310",
        "科目不可倒挤",
        "Whether a line that takes what the other lines leave is on an account that the chart "
        "marks `plug`; through a table, on every row.",
        "A rest that may go to any account makes the proof of balance empty: a wrong amount would "
        "hide as a payable.",
        """\
rule 报销
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  费用 含税金额
    credit 收入 税额
    credit 应付 remaining up to 0.05
""",
        """\
rule 报销
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  费用 含税金额
    credit 应付 税额
    credit 尾差 remaining up to 0.05
""",
        related=("TP309",),
    ),
)
