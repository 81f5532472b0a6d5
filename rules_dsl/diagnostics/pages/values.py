"""Pages about types, units, rounding and bounds of values."""

from __future__ import annotations

from rules_dsl.diagnostics.pages.page import FixSafety, Page

PAGES = (
    Page(
        "TP211",
        "类型不符",
        "Whether a value is of the type its place needs: an amount, a text, a date, a truth, a "
        "code, an account.",
        "A percent posted as an amount, or a text compared with a number, would be a figure "
        "nobody meant.",
        """\
rule 报销
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  费用 含税金额 by 档次 = 税率
    credit 应付 含税金额
""",
        """\
rule 报销
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  费用 含税金额 by 档次 = text(税率)
    credit 应付 含税金额
""",
        FixSafety.PARTLY,
        "Safe for a number as the value of a dimension: `text(…)` is the one way to write it. "
        "Elsewhere a value of another type is the author's to choose.",
        ("TP212", "TP213"),
    ),
    Page(
        "TP212",
        "币种不符",
        "Whether amounts that are added, compared or posted are of one currency, the ledger's "
        "where they are posted.",
        "100 USD posted as 100 CNY is off by the whole rate, and balances.",
        """\
rule 报销
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  费用 外币额
    credit 应付 外币额
""",
        """\
rule 报销
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  费用 含税金额
    credit 应付 含税金额
""",
        related=("TP211", "TP213"),
    ),
    Page(
        "TP213",
        "单位不符",
        "Whether quantities, prices and ratios that meet are of one unit: hours are not added to "
        "amounts.",
        "Hours added to money give a figure of the right size and the wrong meaning.",
        """\
rule 报销
  on 报销
  basis "费用制度"
  let 成本 = 含税金额 + 工时
  voucher "报销"
    debit  费用 成本
    credit 应付 成本
""",
        """\
rule 报销
  on 报销
  basis "费用制度"
  let 成本 = 含税金额 + round(工时 * 单价)
  voucher "报销"
    debit  费用 成本
    credit 应付 成本
""",
        related=("TP211", "TP212"),
    ),
    Page(
        "TP214",
        "未舍入的金额入账",
        "Whether what is posted, kept, counted, added to an amount or compared with one is an "
        "amount, not an exact value: a product with a rate, or a quotient.",
        "Rounding somewhere unseen loses or gains a cent for each event, and nobody can say where.",
        """\
rule 报销
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  进项税 含税金额 * 税率
    credit 应付   含税金额 * 税率
""",
        """\
rule 报销
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  进项税 round(含税金额 * 税率)
    credit 应付   round(含税金额 * 税率)
""",
        FixSafety.PARTLY,
        "Safe where the whole value is posted, kept, split or counted: it can be rounded in one "
        "place only, and the balance is proved afterwards. In a sum or a comparison it is a "
        "suggestion, since rounding the parts and rounding their sum differ by a cent.",
        ("TP219", "TP305"),
    ),
    Page(
        "TP215",
        "列表未用逐项或合计",
        "Whether a value with one part for each element of a list stands where one value is taken.",
        "One line for each element and one line with the sum are different vouchers, and "
        "different balances by dimension.",
        """\
rule 报销
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  费用 明细.金额
    credit 应付 sum(明细.金额)
""",
        """\
rule 报销
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  费用 明细.金额 by 部门 = 明细.部门 each 明细
    credit 应付 sum(明细.金额)
""",
        FixSafety.SUGGESTED,
        "`each` and `sum` both compile and post differently.",
    ),
    Page(
        "TP216",
        "可能溢出",
        "From the bounds of the fields: whether an amount can grow beyond what can be posted.",
        "A sum that wraps around would be a large negative amount in a balanced voucher.",
        """\
rule 报销
  on 报销
  basis "费用制度"
  let 优惠 = round(含税金额 * 折扣)
  voucher "报销"
    debit  费用 优惠
    credit 应付 优惠
""",
        """\
rule 报销
  on 报销
  basis "费用制度"
  when 折扣 in 0..1
  let 优惠 = round(含税金额 * 折扣)
  voucher "报销"
    debit  费用 优惠
    credit 应付 优惠
""",
        related=("TP219",),
    ),
    Page(
        "TP217",
        "除数可能为零",
        "Whether a divisor is proved different from zero, by its bounds or by a guard.",
        "The event would stay unposted when the first zero arrives, at the end of a month.",
        """\
rule 报销
  on 报销
  basis "费用制度"
  let 人均 = round(含税金额 / 人数)
  voucher "报销"
    debit  费用 人均
    credit 应付 人均
""",
        """\
rule 报销
  on 报销
  basis "费用制度"
  when 人数 > 0
  let 人均 = round(含税金额 / 人数)
  voucher "报销"
    debit  费用 人均
    credit 应付 人均
""",
    ),
    Page(
        "TP218",
        "可选字段可能缺失",
        "Whether an optional field is read only where it is known to have been sent, or has a "
        "default.",
        "An absent amount is not zero: a claim without its allowance would post as if there were "
        "none.",
        """\
rule 报销
  on 报销
  basis "费用制度"
  voucher "报销"
    debit  费用 补贴
    credit 应付 补贴
""",
        """\
rule 报销
  on 报销
  basis "费用制度"
  voucher "报销" when given 补贴
    debit  费用 补贴
    credit 应付 补贴
""",
        FixSafety.PARTLY,
        "Safe in the value of a line's dimension: `if given` leaves the dimension away as for a "
        "field that is the dimension itself. Elsewhere `if given … else 0` is a suggestion: "
        "whether absent means zero, no voucher or a refusal is a decision about money.",
    ),
    Page(
        "TP219",
        "精确值超出可表示范围",
        "Whether an unrounded value stays within the digits it is computed with, and has one "
        "divisor at most.",
        "Exact results are promised; where that cannot be kept the author says where to round.",
        """\
rule 报销
  on 报销
  basis "费用制度"
  when 人数 > 0 and 工时 > 0
  let 单位成本 = round(含税金额 / 工时 / 人数, 4)
  voucher "报销 {单位成本}"
    debit  费用 含税金额
    credit 应付 含税金额
""",
        """\
rule 报销
  on 报销
  basis "费用制度"
  when 人数 > 0 and 工时 > 0
  let 工价     = round(含税金额 / 工时, 4)
  let 单位成本 = round(工价 / 人数, 4)
  voucher "报销 {单位成本}"
    debit  费用 含税金额
    credit 应付 含税金额
""",
        related=("TP214", "TP216"),
    ),
)
