"""Ledgers with charts of their own: one role, another code; tables, lets, balances, `expects`."""

from __future__ import annotations

from pathlib import Path

from engine.program import Op
from rules_dsl.revision import canonical
from rules_dsl.testing import run_tests
from tests.rules_dsl.books import compile_text, errors_of
from tests.rules_dsl.syntax_trees import parsed, strip_spans

HEAD = """\
rulebook 测试
ledger 法定账 is GL currency CNY
ledger 管理账 is MGMT currency CNY word 内 chart 管理科目
dimension 项目 is project
chart 企业会计准则
  应收 @1122 "应收账款" debit
  收入 @6001 "主营业务收入" credit
  费用 @6602 "管理费用" debit
chart 管理科目
  应收 @9122 "内部应收" debit
  收入 @9001 "内部收入" credit
  结算 @9101 "内部结算" credit
"""
EVENT = """\
event 单 is doc dated 日期 expects one
  项目 项目
  额 is amount amount max 1000000
"""


def rule(name: str, *lines: str, ledger: str = "", before: str = "") -> str:
    body = "".join(f"    {line}\n" for line in lines)
    which = f"  ledger {ledger}\n" if ledger else ""
    return f'rule {name}\n  on 单\n  basis "制度"\n{which}{before}  voucher "凭证"\n{body}'


def outcome(rules: str, steps: str) -> str:
    lines = [line.strip() for line in steps.splitlines() if line.strip()]
    indented = "".join(f"  {line}\n" for line in lines)
    result = compile_text(f'{rules}\ntest "试"\n{indented}', head=HEAD)
    assert errors_of(result) == [], [each.message for each in result.diagnostics]
    assert result.program is not None
    (found,) = run_tests(result.program, result.files)
    return found.message


def errors(rules: str) -> list[str]:
    return [
        f"{each.code} {each.message}"
        for each in compile_text(rules, head=HEAD).diagnostics
        if each.severity.value == "error"
    ]


BOTH = rule("法定", "debit 应收 额", "credit 收入 额") + rule(
    "管理", "debit 应收 额", "credit 结算 额", ledger="管理账"
)


def test_a_role_is_the_account_of_the_ledger_of_the_voucher(tmp_path: Path) -> None:
    result = compile_text(EVENT + BOTH, head=HEAD)
    assert result.program is not None
    found = {(account.chart, account.role): account.code for account in result.program.accounts}
    assert found["", "应收"] == "1122"
    assert found["管理科目", "应收"] == "9122"
    codes = [
        [result.program.accounts[int(str(rule.nodes[line.account].data))].code
         for line in rule.vouchers[0].lines]
        for rule in result.program.rules
    ]  # fmt: skip
    assert codes == [["1122", "6001"], ["9122", "9101"]]


def test_one_event_makes_a_voucher_in_each_ledger_and_expects_counts_them_apart() -> None:
    steps = """at 2026-03-05
        given 单 项目 = P1, 额 = 5.00
        expect voucher
        debit 应收 5.00
        credit 收入 5.00
        expect voucher
        debit 应收 5.00
        credit 结算 5.00"""
    assert outcome(EVENT + BOTH, steps) == ""
    twice = BOTH + rule("又", "debit 应收 额", "credit 结算 额", ledger="管理账")
    steps = """at 2026-03-05
        given 单 项目 = P1, 额 = 5.00
        expect unposted AMBIGUOUS_RULE"""
    # Two rules match in the management ledger; the compiler says so as well (TP406).
    result = compile_text(EVENT + twice, head=HEAD)
    assert "TP406" in errors_of(result)


def test_an_account_of_a_table_or_a_let_is_posted_under_its_role() -> None:
    table = "table 科 unique\n  | 项目 | = account |\n  | P1 | 应收 |\n  | else | 收入 |\n"
    table = table.replace("P1", '"P1"')
    before = "  let 选 = if 额 > 3 then 应收 else 收入\n"
    rules = table + rule(
        "管理", "debit 科[项目] 额", "debit 选 额", "credit 结算 额", "credit 结算 额",
        ledger="管理账", before=before,
    )  # fmt: skip
    steps = """at 2026-03-05
        given 单 项目 = P1, 额 = 5.00
        expect voucher
        debit 应收 5.00
        debit 应收 5.00
        credit 结算 5.00
        credit 结算 5.00
        given 单 项目 = P2, 额 = 1.00
        expect voucher
        debit 收入 1.00
        debit 收入 1.00
        credit 结算 1.00
        credit 结算 1.00"""
    assert outcome(EVENT + rules, steps) == ""
    result = compile_text(EVENT + rules, head=HEAD)
    assert result.program is not None
    ops = [node.op for node in result.program.rules[0].nodes]
    assert ops.count(Op.IN_CHART) == 1  # the let is lowered in the rule's ledger already


def test_a_let_of_one_ledger_is_posted_in_another() -> None:
    text = (
        'rule 记\n  on 单\n  basis "制度"\n  let 选 = if 额 > 3 then 应收 else 收入\n'
        '  voucher "法定"\n    debit 选 额\n    credit 收入 额\n'
        '  voucher "管理" ledger 管理账\n    debit 选 额\n    credit 结算 额\n'
    )
    steps = """at 2026-03-05
        given 单 项目 = P1, 额 = 5.00
        expect voucher "法定"
        debit 应收 5.00
        credit 收入 5.00
        expect voucher "管理"
        debit 应收 5.00
        credit 结算 5.00"""
    assert outcome(EVENT + text, steps) == ""


def test_a_role_that_the_chart_lacks_is_an_error() -> None:
    (found,) = errors(EVENT + rule("管理", "debit 费用 额", "credit 结算 额", ledger="管理账"))
    assert found.startswith("TP201")
    (found,) = errors(EVENT + rule("法定", "debit 应收 额", "credit 结算 额"))
    assert found.startswith("TP201")
    table = 'table 科 unique\n  | 项目 | = account |\n  | "P1" | 费用 |\n  | else | 收入 |\n'
    (found,) = errors(
        EVENT + table + rule("管理", "debit 科[项目] 额", "credit 结算 额", ledger="管理账")
    )
    assert "费用" in found
    assert "管理账" in found


def test_balances_are_those_of_the_ledger() -> None:
    reads = "  let 欠 = (balance of 应收 for 项目) + 0\n"
    rules = rule(
        "管理", "debit 应收 额 by 项目", "credit 结算 额", ledger="管理账", before=reads
    ) + rule("法定", "debit 应收 额 + 额 by 项目", "credit 收入 额 + 额")
    rules = rules.replace('voucher "凭证"', 'voucher "前 {欠}"', 1)
    steps = """at 2026-03-05
        given 单 项目 = P1, 额 = 5.00
        expect voucher with "前 0.00"
        debit 应收 5.00 by 项目 = P1
        given 单 项目 = P1, 额 = 1.00
        expect voucher with "前 5.00"
        debit 应收 1.00 by 项目 = P1"""
    assert outcome(EVENT + rules, steps) == ""


def test_a_chart_that_is_not_there_is_unknown() -> None:
    head = HEAD.replace("word 内 chart 管理科目", "word 内 chart 管理科木")
    result = compile_text(EVENT + rule("法定", "debit 费用 额", "credit 收入 额"), head=head)
    found = [each for each in result.diagnostics if each.code == "TP201"]
    assert found
    assert "管理科目" in found[0].suggestions


def test_the_words_stand_in_either_language() -> None:
    english = "ledger 管理账 is MGMT currency CNY word 内 chart 管理科目\n"
    chinese = "账簿 管理账 对应 MGMT 币种 CNY 凭证字 内 科目表 管理科目\n"
    assert strip_spans(parsed(english)) == strip_spans(parsed(chinese))
    (tree,) = parsed(english)
    assert '{"chart":"管理科目"}' in canonical(tree)
    (plain,) = parsed("ledger 管理账 is MGMT currency CNY\n")
    assert "chart" not in canonical(plain)
