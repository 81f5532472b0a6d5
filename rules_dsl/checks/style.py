"""Finds what is right and yet hard to read: names, long lets, order of a file, long tables (TP80x).

Not responsible for layout, which is the formatter's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.program import Span
from rules_dsl import syntax
from rules_dsl.checks.input import CheckInput
from rules_dsl.checks.study import authors_of
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic
from rules_dsl.limits import MAX_READABLE_OPERATORS, MAX_READABLE_ROWS

_HAS_CAPITAL = re.compile(r"[A-Z]")
_LATIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def name_case(checked: CheckInput) -> list[Diagnostic]:
    """Reports names in Latin letters with capitals, where a rule reads them as words (TP801).

    Wire names, code values, accounts, ledgers and dimensions are spelled by other systems.
    """
    found = []
    for kind, name, span in _written_names(checked):
        if _LATIN.fullmatch(name) and _HAS_CAPITAL.search(name):
            found.append(
                diagnose(
                    "TP801",
                    span,
                    f"{kind} {name} is written with capitals",
                    help=f"write {_snake(name)}; what other systems call it stands behind"
                    f" {checked.word('is', span)}",
                )
            )
    return found


def _written_names(checked: CheckInput) -> Iterator[tuple[str, str, Span]]:
    authors = authors_of(checked)
    for event in authors.all(syntax.EventDecl):
        yield "event", event.name, event.name_span
        yield from (("field", each.name, each.name_span) for each in event.fields)
    for kept in authors.all(syntax.ListDecl):
        yield from (("field", each.name, each.name_span) for each in kept.fields)
    for rule in authors.all(syntax.RuleDecl):
        yield "rule", rule.name, rule.name_span
        for statement in rule.statements:
            if isinstance(statement, syntax.Let | syntax.Split | syntax.Delta | syntax.TrueUp):
                yield "value", statement.name, statement.name_span


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def long_lets(checked: CheckInput) -> list[Diagnostic]:
    """Reports lets with more operators than a reader holds in mind (TP802)."""
    found = []
    for rule in authors_of(checked).all(syntax.RuleDecl):
        for statement in rule.statements:
            if not isinstance(statement, syntax.Let):
                continue
            operators = _operators(statement.value)
            if operators > MAX_READABLE_OPERATORS:
                found.append(
                    diagnose(
                        "TP802",
                        statement.name_span,
                        f"{statement.name} is worked out by {operators} operators at once",
                        help=f"give its parts names in {checked.word('let', statement.span)}s of"
                        f" their own; up to {MAX_READABLE_OPERATORS} are easily read",
                        declaration=f"rule {rule.name}",
                    )
                )
    return found


def _operators(value: syntax.Expr) -> int:
    """Counts choices, comparisons and arithmetic in an expression."""
    match value:
        case syntax.Binary(left=left, right=right) | syntax.Compare(left=left, right=right):
            return 1 + _operators(left) + _operators(right)
        case syntax.Unary(operand=operand):
            return 1 + _operators(operand)
        case syntax.If(condition=condition, then=then, otherwise=otherwise):
            return 1 + sum(map(_operators, (condition, then, otherwise)))
        case syntax.Call(args=args) | syntax.Index(args=args):
            return sum(map(_operators, args))
        case syntax.InSet(operand=inner) | syntax.InRange(operand=inner):
            return 1 + _operators(inner)
        case _:
            return 0


def file_order(checked: CheckInput) -> list[Diagnostic]:
    """Reports the first declaration of a file that stands behind a test (TP803)."""
    found = []
    for file in checked.files:
        tested = ""
        for declaration in file.declarations:
            if isinstance(declaration, syntax.TestDecl):
                tested = declaration.name
            elif tested:
                found.append(
                    diagnose(
                        "TP803",
                        declaration.span,
                        f'this stands behind the test "{tested}"',
                        help="put the tests of a file last, so that its rules are read in one go",
                    )
                )
                break
    return found


def long_tables(checked: CheckInput) -> list[Diagnostic]:
    """Reports tables with more rows than a reader can check (TP804)."""
    return [
        diagnose(
            "TP804",
            table.span,
            f"table {table.name} has {len(table.rows)} rows",
            help="a key with fewer values, or sets and ranges in cells, says the same in fewer"
            f" rows; up to {MAX_READABLE_ROWS} can be checked by reading",
            declaration=f"table {table.name}",
        )
        for table in authors_of(checked).all(syntax.TableDecl)
        if len(table.rows) > MAX_READABLE_ROWS
    ]
