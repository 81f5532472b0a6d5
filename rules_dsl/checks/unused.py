"""Finds declarations, lets and fields that nothing reads (TP204).

Not responsible for charts: a chart is imported whole. A field of an event counts as read where a
rule, a record or the envelope takes it; keys and personal data are kept for people, not for rules.
An unread field is a note, not a warning: other systems send what views and auditors need.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules_dsl import syntax
from rules_dsl.checks.authors import Authors
from rules_dsl.checks.input import CheckInput
from rules_dsl.checks.study import authors_of
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic, Severity

_Declared = (
    syntax.TableDecl
    | syntax.RateDecl
    | syntax.CodeDecl
    | syntax.ListDecl
    | syntax.UnitDecl
    | syntax.RecordDecl
    | syntax.TargetDecl
    | syntax.DimensionDecl
    | syntax.AccountsDecl
    | syntax.ParameterDecl
)
_KINDS: dict[type[_Declared], str] = {
    syntax.TableDecl: "table",
    syntax.RateDecl: "rate",
    syntax.CodeDecl: "code",
    syntax.ListDecl: "list",
    syntax.UnitDecl: "unit",
    syntax.RecordDecl: "record",
    syntax.TargetDecl: "target",
    syntax.DimensionDecl: "dimension",
    syntax.AccountsDecl: "set of accounts",
    syntax.ParameterDecl: "parameter",
}
_WORDS = {
    syntax.Let: "let",
    syntax.LetBalances: "let",
    syntax.Split: "split",
    syntax.Delta: "delta",
    syntax.TrueUp: "true up",
}
_ENVELOPE = frozenset({"id", "source", "date", "entity", "actor", "approved_by", "posting_date"})


def unused(checked: CheckInput) -> list[Diagnostic]:
    """Reports what is declared and never read. Says nothing while a rule does not compile."""
    authors = authors_of(checked)
    rules = list(authors.all(syntax.RuleDecl))
    if len(rules) != len(checked.program.rules):
        return []
    found = [*_declarations(checked, authors), *_fields(checked, authors)]
    for rule in rules:
        found += _lets(checked, rule)
    return found


def _declarations(checked: CheckInput, authors: Authors) -> Iterator[Diagnostic]:
    used = set(checked.usage.declarations)
    for account in checked.program.accounts:
        used |= {("dimension", checked.program.dimensions[d].name) for d in account.required}
    for dimension in authors.all(syntax.DimensionDecl):
        if dimension.record is not None:
            used.add(("record", dimension.record.text))
    for declaration_type, kind in _KINDS.items():
        for declaration in authors.all(declaration_type):
            if (kind, declaration.name) not in used:
                yield diagnose(
                    "TP204",
                    declaration.span,
                    f"{kind} {declaration.name} is never used",
                    help="remove it, or use it in a rule",
                    declaration=f"{kind} {declaration.name}",
                )


def _fields(checked: CheckInput, authors: Authors) -> Iterator[Diagnostic]:
    recorded: dict[str, set[str]] = {}
    for record in authors.all(syntax.RecordDecl):
        names = {key.text for key in record.keys} | {field.name for field in record.fields}
        for source in record.sources:
            recorded.setdefault(source.text, set()).update(names)
    for event in authors.all(syntax.EventDecl):
        if not authors.rules_on(event.name):
            continue
        used = checked.usage.fields.get(event.name, frozenset()) | recorded.get(event.name, set())
        for field in event.fields:
            is_kept = field.personal or field.type.is_key or field.wire in _ENVELOPE
            if field.name not in used and not is_kept:
                yield diagnose(
                    "TP204",
                    field.name_span,
                    f"field {field.name} of {event.name} is never read",
                    severity=Severity.INFO,
                    help="read it in a rule, or leave it as it is if people look it up",
                    declaration=f"event {event.name}",
                )


def _lets(checked: CheckInput, rule: syntax.RuleDecl) -> Iterator[Diagnostic]:
    used = checked.usage.lets.get(rule.name, frozenset())
    for statement in rule.statements:
        if isinstance(
            statement,
            syntax.Let | syntax.LetBalances | syntax.Split | syntax.Delta | syntax.TrueUp,
        ):
            if statement.name in used:
                continue
            yield diagnose(
                "TP204",
                statement.name_span,
                f"{_WORDS[type(statement)]} {statement.name} is never used",
                help="remove it, or use it in a line of a voucher",
                declaration=f"rule {rule.name}",
            )
