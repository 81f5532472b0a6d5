"""Books of a few lines for the tests of values and of the shapes of vouchers."""

from __future__ import annotations

from engine.program import NegativePolicy, Program
from rules_dsl.testing import run_tests
from tests.rules_dsl.books import compile_text, errors_of, program_of

#: A ledger, two departments' worth of dimensions, and accounts to post to.
HEAD = """\
rulebook 测试
ledger 总账 is GL currency CNY negative {policy}
ledger 管理账 is MGMT currency CNY word 内
dimension 部门 is department
dimension 项目 is project
dimension 中心 is center balancing
chart 科目
  应收 @1122 debit
  收入 @6001 credit
  税金 @2221 credit
  汇兑 @6603 debit
  往来 @3001 debit requires 中心
  尾差 @6711 debit plug
"""


def outcome(rules: str, steps: str, *, policy: NegativePolicy = NegativePolicy.RED) -> str:
    """What the only test of these steps says of the rules, "" where it passes."""
    lines = [line.strip() for line in steps.splitlines() if line.strip()]
    indented = "".join(f"  {line}\n" for line in lines)
    text = f'{rules}\ntest "试"\n{indented}'
    result = compile_text(text, head=HEAD.format(policy=policy.value))
    assert errors_of(result) == [], [each.message for each in result.diagnostics]
    assert result.program is not None
    (found,) = run_tests(result.program, result.files)
    return found.message


def codes(rules: str, *, policy: NegativePolicy = NegativePolicy.RED) -> list[str]:
    """The codes of everything the compiler says of the rules, in order."""
    result = compile_text(rules, head=HEAD.format(policy=policy.value))
    return [each.code for each in result.diagnostics]


def program(rules: str) -> Program:
    """The program of rules that must compile."""
    return program_of(rules, head=HEAD.format(policy=NegativePolicy.RED.value))
