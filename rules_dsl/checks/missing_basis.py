"""Finds rules that do not say on which law or policy they rest (TP805)."""

from __future__ import annotations

from rules_dsl import syntax
from rules_dsl.checks.input import CheckInput
from rules_dsl.checks.study import authors_of
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic


def missing_basis(checked: CheckInput) -> list[Diagnostic]:
    """Reports each rule without a basis."""
    return [
        diagnose(
            "TP805",
            rule.name_span,
            f"rule {rule.name} does not say on what it rests",
            help="name the law or policy it follows, as in"
            f' {checked.word("basis", rule.span)} "费用报销制度 第12条"',
            declaration=f"rule {rule.name}",
        )
        for rule in authors_of(checked).all(syntax.RuleDecl)
        if not rule.basis.strip()
    ]
