"""Names find their declarations; what is unknown or double never raises and never cascades."""

from __future__ import annotations

import random

import pytest

from rules_dsl.compile import compile_rulebook
from rules_dsl.diagnostics.model import Fix
from rules_dsl.source import SourceFile, split_lines
from tests.rules_dsl.books import HEAD, compile_text, errors_of, program_of

CLAIMS = """\
code 类别 = 差旅 is travel | 招待 is entertainment
dimension 部门 is department
list 行
  金额 amount
  税额 amount optional
event 报销 is claim dated 日期
  类别 类别
  部门 部门
  金额 amount
  税率 percent min 0 max 1 optional
  明细 list of 行
table 去向
  | 类别 | = account |
  | 差旅 | 应收 |
  | else | 收入 |
"""


def fixed(text: str, fix: Fix) -> str:
    """The text with a fix made."""
    lines = split_lines(text)
    span = fix.span
    assert span.line == span.end_line
    line = lines[span.line - 1]
    lines[span.line - 1] = line[: span.column - 1] + fix.replacement + line[span.end_column - 1 :]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("debit 应收 金頟", "TP201"),
        ("debit 应放 金额", "TP201"),
        ("debit 去相[类别] 金额", "TP201"),
        ("debit 去向[差绿] 金额", "TP202"),
        ('debit 去向["travel"] 金额', "TP211"),
        ("debit 应收 金额 * 6%", "TP214"),
        ("debit 应收 明细.金额", "TP215"),
        ("debit 应收 sum(明细.税额)", "TP218"),
        ("debit 应收 金额 by 部门 = 金额", "TP211"),
    ],
)
def test_fix_leads_to_a_text_without_the_error(line: str, code: str) -> None:
    text = f'{CLAIMS}rule 报销\n  on 报销\n  basis "制度"\n  voucher "报销"\n    {line}\n'
    result = compile_text(text)
    (found,) = [each for each in result.diagnostics if each.code == code]
    assert found.fix is not None
    repaired = compile_text(fixed(text, found.fix))
    assert code not in errors_of(repaired)
    assert not [each for each in errors_of(repaired) if each < "TP3"]


def test_fix_is_written_in_the_language_of_the_file() -> None:
    text = (
        '事件 开票\n  金额 金额\n规则 开票\n  针对 开票\n  依据 "制度"\n'
        '  凭证 "开票"\n    借 应收 金额 * 6%\n    贷 收入 金额\n'
    )
    (found,) = [each for each in compile_text(text).diagnostics if each.code == "TP214"]
    assert found.fix is not None
    assert found.fix.replacement == "四舍五入(金额 * 6%)"
    assert found.help == "write 四舍五入(…)"


def test_one_mistake_is_told_once() -> None:
    text = f"""{CLAIMS}rule 报销
  on 报销
  basis "制度"
  when 部们 = "A"
  let 甲 = 金頟 * 税率
  let 乙 = 甲 + 1
  let 丙 = if 乙 > 5 then 甲 else 乙
  refuse "太多" when 丙 > 7
  voucher "报销 {{丙}}" when 乙 > 5
    debit 应收 丙 by 部门
    credit 收入 sum(明细.金额) - 丙
"""
    assert errors_of(compile_text(text)) == ["TP201", "TP201"]


@pytest.mark.parametrize(
    "declaration",
    [
        "table 去向二\n  | 类别 | = account |\n  | 差旅 | 应放 |\n",
        "rate 去向二 percent\n  | from | value |\n  | 2019-04-01 | 6 CNY |\n",
        "record 去向二 key 号 from 报销\n  金额 amount\n",
    ],
)
def test_what_uses_a_broken_declaration_is_not_reported(declaration: str) -> None:
    rule = (
        'rule 报销\n  on 报销\n  basis "制度"\n  let 值 = 去向二[类别].金额\n'
        '  voucher "报销"\n    debit 应收 值\n    credit 收入 金额\n'
    )
    result = compile_text(CLAIMS + declaration + rule)
    assert len(errors_of(result)) == 1
    assert result.program is None


def test_fields_of_an_event_with_a_broken_line_are_not_reported_missing() -> None:
    text = (
        "event 开票\n  金额 amount\n  税额 is = amount\n"
        'rule 开票\n  on 开票\n  basis "制度"\n  voucher "开票 {税额}"\n'
        "    debit 应收 金额 - 税额\n    credit 收入 金额 - 税额\n"
    )
    assert errors_of(compile_text(text)) == ["TP101"]


def test_a_book_without_a_ledger_is_told_so_once() -> None:
    result = compile_text(
        CLAIMS, head="rulebook 测试\nchart 科目\n  应收 @1 debit\n  收入 @2 debit\n"
    )
    assert errors_of(result) == ["TP201"]
    assert "no ledger" in result.diagnostics[0].message


def test_nothing_at_all_is_told_to_need_a_ledger() -> None:
    assert errors_of(compile_rulebook([])) == ["TP201"]
    assert errors_of(compile_rulebook([SourceFile("a.tp", "")])) == ["TP201"]


def test_order_of_files_and_of_declarations_does_not_matter() -> None:
    rule = (
        'rule 报销\n  on 报销\n  basis "制度"\n  voucher "报销"\n'
        "    debit 去向[类别] 金额\n    credit 收入 金额\n"
    )
    ahead = compile_rulebook([SourceFile("a.tp", rule), SourceFile("b.tp", CLAIMS + HEAD)])
    behind = compile_rulebook([SourceFile("b.tp", rule), SourceFile("a.tp", CLAIMS + HEAD)])
    assert ahead.program is not None
    assert behind.program is not None
    assert [rule.nodes[0].op for rule in ahead.program.rules] == [
        rule.nodes[0].op for rule in behind.program.rules
    ]
    assert ahead.program.revision == behind.program.revision


def test_rules_stand_in_the_order_of_file_paths_and_places() -> None:
    def rule(name: str) -> str:
        return (
            f'rule {name}\n  on 报销\n  basis "制度"\n  voucher "报销"\n'
            "    debit 应收 金额\n    credit 收入 金额\n"
        )

    sources = [
        SourceFile("b.tp", rule("三") + rule("四")),
        SourceFile("a.tp", HEAD + CLAIMS + rule("一") + rule("二")),
    ]
    program = compile_rulebook(sources).program
    assert program is not None
    assert [each.name for each in program.rules] == ["一", "二", "三", "四"]


def test_usage_names_what_the_rules_read() -> None:
    text = f"""{CLAIMS}unit 小时
rule 报销
  on 报销
  basis "制度"
  let 甲 = sum(明细.金额)
  let 乙 = 甲
  voucher "报销" when given 税率
    debit 去向[类别] 甲 by 部门
    credit 收入 甲
"""
    usage = compile_text(text).usage
    assert usage.lets == {"报销": frozenset({"甲"})}
    assert usage.fields == {"报销": frozenset({"类别", "部门", "税率", "明细", "明细.金额"})}
    assert {kind for kind, _ in usage.declarations} == {
        "account", "code", "dimension", "list", "table",
    }  # fmt: skip
    assert ("account", "收入") in usage.declarations


def test_code_values_go_before_fields_where_a_code_is_needed() -> None:
    text = (
        "code 类别 = 差旅 is travel | 招待 is fun\nevent 单据\n  类别 类别\n  差旅 amount\n"
        'rule 单据\n  on 单据\n  basis "制度"\n  when 类别 = 差旅\n  voucher "单据"\n'
        "    debit 应收 差旅\n    credit 收入 差旅\n"
    )
    (rule,) = program_of(text).rules
    assert [node.data for node in rule.nodes[: rule.guard_count]] == [0, "travel", None]


def test_damaged_text_never_raises() -> None:
    """Words of a whole rule book are dropped, doubled and exchanged at random."""
    text = f"""{HEAD}{CLAIMS}rate 增值税率 percent
  | from | until | value |
  | 2019-04-01 | 2027-12-31 | 6% |
event 合同签订
  合同号 text
  价款 amount
record 合同 key 合同号 from 合同签订
  价款 amount optional default 0
target 进度 by 部门 in 总账
rule 报销 from 2026-01-01
  on 报销
  basis "制度"
  when not ( 类别 = 差旅 ) and 部门 in {{ "A" , "B" }}
  let 税额 = if given 税率 then round( 金额 * 税率 / ( 1 + 税率 ) ) else 0
  let 净额 = 金额 - 税额 + 合同[ 部门 ].价款 * 2
  split 净额 by 明细.金额 as 份 residue to largest
  delta 本期 of 进度[ 部门 ] = 净额
  let 余 = balance of 应收 for 部门
  refuse TOO_MUCH "太多 {{税额}}" when 税额 > 1000.00 CNY or 余 in 1..5
  voucher "报销 {{部门}}" word 记 ledger 总账 when 金额 > 0
    debit 去向[ 类别 ] 份 by 部门 if given 税率 each 明细
    credit 收入 sum( 份 ) + 本期 - 本期 by 部门 = "A"
"""
    lines = [line.split(" ") for line in text.split("\n")]
    words = sorted({word for line in lines for word in line if word})
    chance = random.Random(20260305)
    for _ in range(120):
        damaged = [list(line) for line in lines]
        for _ in range(chance.randint(1, 4)):
            line = chance.choice(damaged)
            place = chance.randrange(len(line))
            match chance.randrange(3):
                case 0:
                    del line[place]
                case 1:
                    line.insert(place, chance.choice(words))
                case _:
                    line[place] = chance.choice(words)
            if not line:
                line.append("")
        source = "\n".join(" ".join(line) for line in damaged)
        result = compile_rulebook([SourceFile("a.tp", source)])
        assert (result.program is None) == bool(errors_of(result))
