"""Parameters of the book in the language: their declarations, what reads them, given in tests."""

from __future__ import annotations

import pytest

from rules_dsl.formatter import format_text
from rules_dsl.revision import canonical
from tests.rules_dsl.syntax_trees import parsed, strip_spans
from tests.rules_dsl.values import codes, outcome, program

BOOK = """\
code 摊法 = 累计 is cumulative | 末期 is last_period
parameter 尾差政策 is residue_policy 摊法 default 累计
parameter 附加税率 percent min 0 max 1 default 7%
parameter 定额 amount min 0 default 12.50
parameter 起 is start date default 2026-01-01
parameter 启用 flag default true
list 行
  额 is amount amount max 1000000
event 单 is doc dated 日期
  额 is amount amount max 1000000
  行 is lines list of 行
rule 记
  on 单
  basis "制度"
  when 启用 and 日期 >= 起
  let 税 = if 尾差政策 = 末期 then round(额 * 附加税率) else round_down(额 * 附加税率)
  voucher "凭证 {附加税率}"
    debit 应收 税 + 定额
    credit 收入 税 + 定额
    debit 应收 if 行.额 > 定额 then 定额 else 0 each 行
    credit 收入 sum(if 行.额 > 定额 then 定额 else 0)
"""


def test_a_default_counts_until_the_test_gives_a_value() -> None:
    # 7 % of 10.10 is 0.707: down 0.70, rounded 0.71.
    steps = """at 2026-03-05
        given 单 额 = 10.10, 行 = [{额 = 20.00}, {额 = 1.00}]
        expect voucher "凭证 0.070000"
        debit 应收 13.20
        credit 收入 13.20
        debit 应收 12.50
        credit 收入 12.50
        given parameter 尾差政策 = 末期
        given parameter 定额 = 2.00
        given 单 额 = 10.10, 行 = [{额 = 20.00}, {额 = 1.00}]
        expect voucher
        debit 应收 2.71
        credit 收入 2.71
        debit 应收 2.00
        credit 收入 2.00
        given parameter 起 = 2026-03-06
        given 单 额 = 10.10, 行 = []
        expect no posting
        given parameter 起 = 2026-03-05
        given parameter 启用 = false
        given 单 额 = 10.10, 行 = []
        expect no posting"""
    assert outcome(BOOK, steps) == ""


def test_a_value_that_does_not_fit_fails_the_test() -> None:
    steps = "at 2026-03-05\ngiven parameter 附加税率 = 1.5\nexpect no posting\n"
    assert "附加税率" in outcome(BOOK, steps)


def test_the_program_has_them_with_their_bounds() -> None:
    made = program(BOOK)
    assert [(each.field.wire, each.field.default) for each in made.parameters] == [
        ("residue_policy", "cumulative"),
        ("附加税率", 70_000),
        ("定额", 12_50),
        ("start", 20_454),
        ("启用", True),
    ]
    assert made.parameters[0].field.codes == ("cumulative", "last_period")
    assert [made.records[each.record].name for each in made.parameters][:1] == [
        "parameter.residue_policy"
    ]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("parameter 率 percent min 0 max 1 default 150%", "TP211"),
        ("parameter 率 percent default 累计", "TP211"),
        ("parameter 率 list of 行 default 1", "TP211"),
        ("parameter 率 percent", "TP101"),
        ("parameter 定额 percent default 6%", "TP203"),
        ("parameter 又 is start percent default 6%", "TP203"),
        ("rate 定额 percent\n  | from | value |\n  | 2026-01-01 | 6% |", "TP203"),
        ("parameter 没人读 percent default 6%", "TP204"),
        ('test "试"\n  given parameter 定饿 = 3.00', "TP201"),
    ],
)
def test_what_is_wrong_with_them_is_reported(line: str, code: str) -> None:
    assert code in codes(f"{BOOK}{line}\n")


def test_a_field_or_a_let_comes_before_a_parameter() -> None:
    rules = BOOK.replace(
        "  额 is amount amount max 1000000\n  行 is",
        "  额 is amount amount max 1000000\n  定额 is fixed amount max 9\n  行 is",
    )
    steps = """at 2026-03-05
        given 单 额 = 10.10, 定额 = 1.00, 行 = []
        expect voucher
        debit 应收 1.70
        credit 收入 1.70"""
    assert outcome(rules, steps) == ""


def test_the_words_stand_in_either_language() -> None:
    english = (
        "parameter 率 is rate percent min 0 max 1 default 6%\n"
        'test "试"\n  given parameter 率 = 7%\n'
    )
    chinese = '参数 率 对应 rate 百分比 最小 0 最大 1 默认 6%\n测试 "试"\n  假设 参数 率 = 7%\n'
    assert strip_spans(parsed(english)) == strip_spans(parsed(chinese))
    assert "ParameterDecl" in canonical(parsed(english)[0])


def test_the_formatter_aligns_them() -> None:
    text = "parameter 率 is rate percent default 6%\nparameter 起始日 date default 2026-01-01\n"
    assert format_text("a.tp", text).text == (
        "parameter 率     is rate percent default 6%\n"
        "parameter 起始日         date    default 2026-01-01\n"
    )
