"""Compiling rule text in tests: the rest of a small book is added, results are taken apart."""

from __future__ import annotations

from engine.program import Node, Op, Program, Rule
from rules_dsl.compile import CompileResult, compile_rulebook
from rules_dsl.diagnostics.model import Severity
from rules_dsl.diagnostics.render import render_all
from rules_dsl.source import SourceFile

#: A ledger and a chart that small rules can post to.
HEAD = """\
rulebook 测试
ledger 总账 is GL currency CNY
chart 科目
  应收 @1122 debit
  收入 @6001 credit
  税金 @2221 credit
"""


def compile_text(text: str, *, head: str = HEAD, **assets: bytes) -> CompileResult:
    """Compiles a text together with a head."""
    sources = [SourceFile("head.tp", head), SourceFile("rules.tp", text)]
    return compile_rulebook(sources, assets=assets)


def errors_of(result: CompileResult) -> list[str]:
    """The codes of the errors, in order."""
    return [each.code for each in result.diagnostics if each.severity is Severity.ERROR]


def program_of(text: str, *, head: str = HEAD) -> Program:
    """The program of a text that must compile."""
    result = compile_text(text, head=head)
    assert result.program is not None, render_all(
        [each for each in result.diagnostics if each.severity is Severity.ERROR],
        {"head.tp": head, "rules.tp": text},
    )
    return result.program


def rule_of(text: str, *, head: str = HEAD) -> Rule:
    """The only rule of a text that must compile."""
    (rule,) = program_of(text, head=head).rules
    return rule


def only(rule: Rule, op: Op) -> Node:
    """The only node of an operation."""
    (found,) = [node for node in rule.nodes if node.op is op]
    return found


def labelled(rule: Rule, name: str) -> Node:
    """The node that a let named."""
    (found,) = [node for node in rule.nodes if node.label == name]
    return found


def formula(rule: Rule, index: int) -> str:
    """A node written out, with scales of constants and shifts; fields by their index."""
    node = rule.nodes[index]
    args = [formula(rule, arg) for arg in node.args]
    match node.op:
        case Op.CONST:
            return f"{node.data!r}" if node.scale == 0 else f"{node.data}e-{node.scale}"
        case Op.FIELD:
            return f"f{node.data}"
        case Op.ITEM:
            return f"f{node.data[0]}.{node.data[1]}"  # type: ignore[index]
        case Op.REPEAT:
            return f"{args[0]}*"
        case _ if node.data is None:
            return f"{node.op}({', '.join(args)})"
        case _:
            return f"{node.op}[{node.data}]({', '.join(args)})"
