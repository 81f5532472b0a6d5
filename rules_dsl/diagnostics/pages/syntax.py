"""Pages about text that is not, or not quite, a sentence of the language."""

from __future__ import annotations

from rules_dsl.diagnostics.pages.page import FixSafety, Page

PAGES = (
    Page(
        "TP101",
        "语法错误",
        "Whether every line is a sentence of the language. Each broken line is reported on its "
        "own, with what could stand there; the commonest slips (a sign of another language, a "
        "missing comma, a lost indentation) are named as such.",
        "A rule that does not parse posts nothing. It is left out as a whole, so that half of it "
        "never decides over money.",
        """\
rule 报销
  on 报销
  basis "费用制度"
  when 含税金额 >= 100 && 税率 <> 6%
  voucher "报销"
    debit  费用 含税金额
    credit 应付 含税金额
""",
        """\
rule 报销
  on 报销
  basis "费用制度"
  when 含税金额 >= 100 and 税率 != 6%
  voucher "报销"
    debit  费用 含税金额
    credit 应付 含税金额
""",
        FixSafety.PARTLY,
        "Safe where exactly one sign, quote, date or indentation of ours can be meant (`==`, "
        "`≥`, `&&`, `2026/3/5`, tabs). An inserted comma, `=` or keyword, and a number with "
        "grouping commas, are suggestions: two sentences could be meant.",
        ("TP102", "TP103"),
    ),
    Page(
        "TP102",
        "全角标点",
        "Full-width punctuation that a Chinese input method types where ASCII signs belong. It "
        "is read as its ASCII twin; inside texts it is left alone.",
        "Nothing yet: the rule means what it seems to. But two spellings of one sign make rules "
        "hard to search and to compare, and a reviewer misses what differs.",
        """\
rule 报销
  on 报销
  basis “费用制度”
  let 净额 ＝ round（含税金额 / （1 + 税率））
  voucher "报销"
    debit  费用 净额
    credit 应付 净额
""",
        """\
rule 报销
  on 报销
  basis "费用制度"
  let 净额 = round(含税金额 / (1 + 税率))
  voucher "报销"
    debit  费用 净额
    credit 应付 净额
""",
        FixSafety.SAFE,
        'The twin is what is read already. Curly quotes around an expression that has a `"` in '
        "it stay, since it could not be written inside plain ones. `tongpin fmt` writes the same.",
        ("TP101",),
    ),
    Page(
        "TP103",
        "关键字后缺空格",
        "Chinese has no space between words, so a keyword and the name behind it can run "
        "together. Such a word is taken apart where the line then parses further.",
        "借管理费用 would be one name. Without the check the author would be told of an unknown "
        "name and search in the chart of accounts.",
        """\
规则 报销
  针对 报销
  依据 "费用制度"
  设净额 = 四舍五入(含税金额 / (1 + 税率))
  凭证 "报销"
    借费用 净额
    贷 应付 净额
""",
        """\
规则 报销
  针对 报销
  依据 "费用制度"
  设 净额 = 四舍五入(含税金额 / (1 + 税率))
  凭证 "报销"
    借 费用 净额
    贷 应付 净额
""",
        FixSafety.PARTLY,
        "Safe where one way alone to take words apart lets the whole line parse; a suggestion "
        "where there are two.",
        ("TP101", "TP201"),
    ),
    Page(
        "TP104",
        "混用两种关键字",
        "Whether all keywords of one file are in one language. Names may be in any.",
        "No money. A file in two languages is read twice, and a search for 借 misses half of the "
        "lines.",
        """\
rule 报销
  on 报销
  basis "费用制度"
  凭证 "报销"
    debit  费用 含税金额
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
    ),
)
