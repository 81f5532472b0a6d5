"""Pages of TP8xx and TP9xx: what makes rules hard to read, and tests that test nothing."""

from __future__ import annotations

from rules_dsl.diagnostics.pages.page import Page

_RULE = """\
event 餐费 is meal dated 日期
  餐费额 is gross amount min 0
rule 餐费
  on 餐费
  basis "费用报销制度 第12条"
  voucher "餐费"
    debit  费用 餐费额
    credit 应付 餐费额
"""

_GIVEN = """\
  at 2026-03-05
  given 餐费 餐费额 = 106.00
"""

_VOUCHER = """\
  expect voucher
    debit  费用 106.00
    credit 应付 106.00
"""


def _zones(rows: int) -> str:
    lines = [f'  | "Z{each:03}" | {each % 9 + 1}% |\n' for each in range(rows)]
    return "".join([*lines, "  | else   | 0% |\n"])


PAGES = (
    Page(
        "TP801",
        "名称大小写",
        "Whether names in Latin letters are written in small ones, as words are: names of events, "
        "fields, rules and values. Wire names, codes and accounts are spelled by others.",
        "Two spellings of one thing are read as two things, and one of them is booked twice.",
        """\
event refund is refund.made dated day
  GrossAmount is gross amount min 0
rule refund
  on refund
  basis "退款制度 第3条"
  voucher "退款"
    debit  费用 GrossAmount
    credit 应付 GrossAmount
""",
        """\
event refund is refund.made dated day
  gross_amount is gross amount min 0
rule refund
  on refund
  basis "退款制度 第3条"
  voucher "退款"
    debit  费用 gross_amount
    credit 应付 gross_amount
""",
        related=("TP802",),
    ),
    Page(
        "TP802",
        "设的式子太长",
        "Whether a let has more operators than a reader holds in mind.",
        "What nobody can check by reading is believed, and a wrong sign in it is posted for years.",
        """\
rule 报销
  on 报销
  basis "费用报销制度 第12条"
  let 应付额 = (if 类别 = 差旅 and 含税金额 > 1000 or 类别 = 招待 and 含税金额 > 500
    then 含税金额 - 税额 + 税额 - round(含税金额 * 税率)
    else if 人数 > 10 then 含税金额 - 税额 else 含税金额)
  voucher "报销"
    debit  费用 应付额
    credit 应付 应付额
""",
        """\
rule 报销
  on 报销
  basis "费用报销制度 第12条"
  let 大额差旅 = 类别 = 差旅 and 含税金额 > 1000
  let 大额招待 = 类别 = 招待 and 含税金额 > 500
  let 折后     = 含税金额 - round(含税金额 * 税率)
  let 人多     = if 人数 > 10 then 含税金额 - 税额 else 含税金额
  let 应付额   = if 大额差旅 or 大额招待 then 折后 else 人多
  voucher "报销"
    debit  费用 应付额
    credit 应付 应付额
""",
        related=("TP804",),
    ),
    Page(
        "TP803",
        "测试之后还有声明",
        "Whether the tests of a file stand behind its declarations and rules.",
        "A rule behind the tests is overlooked by whoever reads or approves the file.",
        f"""\
test "餐费一百零六元"
{_GIVEN}{_VOUCHER}{_RULE}""",
        f"""\
{_RULE}test "餐费一百零六元"
{_GIVEN}{_VOUCHER}""",
    ),
    Page(
        "TP804",
        "决策表太长",
        "Whether a table has more rows than a reader can check.",
        "A table that was pasted from elsewhere hides the one wrong row; a derived key says the "
        "same in a few.",
        f"""\
table 邮区费率 unique
  | 邮区 text | = percent |
{_zones(200)}""",
        """\
table 邮区费率 unique
  | 邮区首字 text | = percent |
  | "Z"           | 1%        |
  | {"Y", "X"}    | 2%        |
  | else          | 0%        |
""",
        related=("TP404",),
    ),
    Page(
        "TP902",
        "测试没有期望",
        "Whether a test expects anything.",
        "It is green whatever the rules do, and counts as care that was never taken.",
        f"""\
{_RULE}test "餐费一百零六元"
{_GIVEN}""",
        f"""\
{_RULE}test "餐费一百零六元"
{_GIVEN}{_VOUCHER}""",
        related=("TP903",),
    ),
    Page(
        "TP903",
        "测试重名",
        "Whether two tests of a rule book have one name.",
        "When one of them fails, the wrong one is looked at.",
        f"""\
{_RULE}test "餐费"
{_GIVEN}{_VOUCHER}test "餐费"
{_GIVEN}{_VOUCHER}""",
        f"""\
{_RULE}test "餐费一百零六元"
{_GIVEN}{_VOUCHER}test "再报一次"
{_GIVEN}{_VOUCHER}""",
        related=("TP902",),
    ),
)
