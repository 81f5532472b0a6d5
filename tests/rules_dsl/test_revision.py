"""A revision is the identity of what a rule book means, not of how it is written."""

from __future__ import annotations

from itertools import pairwise

import pytest

from rules_dsl.compile import compile_rulebook
from rules_dsl.source import SourceFile

ENGLISH = """\
rulebook 测试
ledger 总账 is GL currency CNY
ledger 内账 is MGMT currency CNY
code 类别 = 差旅 is travel | 招待 is entertainment
dimension 部门 balancing
event 单据 is claim dated 日期 expects any late refuse
  类别 类别
  部门 部门
  金额 is amount amount min 0.00
  税率 percent min 0 max 1 optional default 6%
chart 科目
  费用 @6602 "费用" debit requires 部门
  应付 @2202 "应付" credit
rule 单据 from 2026-01-01
  on 单据
  basis "制度"
  when 类别 = 差旅 and not (金额 = 0)
  let 税额 = round(金额 * 税率 / (1 + 税率))
  refuse TOO_MUCH "太多" when 税额 > 1000
  voucher "单据 {部门}" word 记
    debit 费用 税额 by 部门
    credit 应付 税额 by 部门
rule 单据二
  on 单据
  basis "制度"
  voucher "单据"
    debit 费用 金额 by 部门
    credit 应付 金额 by 部门
"""

CHINESE = """\
规则册 测试
账簿 总账 对应 GL 币种 CNY
账簿 内账 对应 MGMT 币种 CNY
代码 类别 = 差旅 对应 travel | 招待 对应 entertainment
维度 部门 平衡
事件 单据 对应 claim 日期为 日期 应有 任意 迟到 拒收
  类别 类别
  部门 部门
  金额 对应 amount 金额 最小 0.00
  税率 百分比 最小 0 最大 1 可选 默认 6%
科目表 科目
  费用 @6602 "费用" 借 需要 部门
  应付 @2202 "应付" 贷
规则 单据 自 2026-01-01
  针对 单据
  依据 "制度"
  当 类别 = 差旅 且 非 (金额 = 0)
  设 税额 = 四舍五入(金额 * 税率 / (1 + 税率))
  拒收 TOO_MUCH "太多" 当 税额 > 1000
  凭证 "单据 {部门}" 凭证字 记
    借 费用 税额 按 部门
    贷 应付 税额 按 部门
规则 单据二
  针对 单据
  依据 "制度"
  凭证 "单据"
    借 费用 金额 按 部门
    贷 应付 金额 按 部门
"""

CHART = """\
role,code,name,side,requires,from,until
费用,6602,费用,debit,部门,,
应付,2202,应付,credit,,,
"""


def revision(text: str, *, path: str = "a.tp", csv: str | None = None) -> str:
    assets = {} if csv is None else {"chart.csv": csv.encode()}
    result = compile_rulebook([SourceFile(path, text)], assets=assets)
    assert result.program is not None, result.diagnostics
    return result.program.revision


def split(text: str, *starts: str) -> list[str]:
    """The text cut before the declarations that start so."""
    places = [0, *(text.index(start) for start in starts), len(text)]
    return [text[first:last] for first, last in pairwise(places)]


BASE = revision(ENGLISH)


def test_revision_is_a_sha256() -> None:
    assert len(BASE) == 64
    assert int(BASE, 16)


def test_both_keyword_languages_give_one_revision() -> None:
    assert revision(CHINESE) == BASE


@pytest.mark.parametrize(
    "text",
    [
        "# 说明\n" + ENGLISH.replace("  on 单据", "\n    on   单据   # 说明"),
        ENGLISH.replace("(1 + 税率)", "(\n    1 + 税率\n  )"),
        ENGLISH.replace("when 类别 = 差旅 and", "when (类别 = 差旅) and"),
        "\ufeff" + ENGLISH.replace("\n", "\r\n"),
        ENGLISH + 'test "空"\n  at 2026-03-05\n  given 单据 金额 = 1.00\n  expect no posting\n',
    ],
    ids=["comments", "wrapping", "brackets", "line ends", "tests"],
)
def test_layout_comments_and_tests_do_not_count(text: str) -> None:
    assert revision(text) == BASE


def test_names_of_files_and_the_order_of_declarations_do_not_count() -> None:
    assert revision(ENGLISH, path="规则/第一.tp") == BASE
    head, code, dimension, event, chart, rules = split(
        ENGLISH, "code", "dimension", "event", "chart", "rule 单据 "
    )
    parts = {"1.tp": chart + event, "2.tp": head, "3.tp": rules, "4.tp": dimension + code}
    result = compile_rulebook([SourceFile(path, text) for path, text in parts.items()])
    assert result.program is not None
    assert result.program.revision == BASE


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("currency CNY\nledger", "currency CNY word 转\nledger"),
        ("6%", "7%"),
        ("amount min 0.00", "amount min 0.01"),
        ("dimension 部门 balancing", "dimension 部门"),
        ("@6602", "@660201"),
        ('basis "制度"', 'basis "制度二"'),
        ("from 2026-01-01", "from 2026-01-02"),
        ("税额 > 1000", "税额 >= 1000"),
        ("{部门}", "{类别}"),
        ("late refuse", "late next_open"),
        ("is travel", "is trip"),
        ("rulebook 测试", "rulebook 测试二"),
    ],
)
def test_a_change_of_meaning_gives_another_revision(before: str, after: str) -> None:
    assert before in ENGLISH
    assert revision(ENGLISH.replace(before, after)) != BASE


def test_the_order_of_ledgers_and_of_rules_counts() -> None:
    head, first, second, rest = split(ENGLISH, "ledger 总账", "ledger 内账", "code")
    assert revision(head + second + first + rest) != BASE
    before, one, two = split(ENGLISH, "rule 单据 ", "rule 单据二")
    assert revision(before + two + one) != BASE


def test_the_order_of_rules_of_different_events_does_not_count() -> None:
    other = ENGLISH.replace(
        "event 单据 is claim", "event 凭据 is claim2\n  金额 amount\nevent 单据 is claim"
    )
    rule = (
        'rule 凭据\n  on 凭据\n  basis "制度"\n  voucher "凭据"\n'
        "    debit 应付 金额\n    credit 应付 金额\n"
    )
    assert revision(other + rule) == revision(other.replace("rule 单据二", f"{rule}rule 单据二"))


def test_the_accounts_of_a_csv_count_and_their_layout_does_not() -> None:
    before, _, after = split(ENGLISH, "chart", "rule 单据 ")
    text = before + 'chart 科目 from "chart.csv"\n' + after
    base = revision(text, csv=CHART)
    assert base == BASE
    header, first, second = CHART.splitlines()
    assert revision(text, csv=f"\ufeff{header}\r\n{second}\r\n\r\n{first} \r\n") == base
    assert revision(text, csv=CHART.replace("2202", "2203")) != base
