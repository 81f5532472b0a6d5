"""Checks that the texts of one rule follow each other without overlap (TP501) or hole (TP502).

A rule may be declared several times under one name, each text for its own dates.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.program import Interval
from rules_dsl import syntax
from rules_dsl.checks.dates import interval_of, interval_words, overlap
from rules_dsl.checks.input import CheckInput
from rules_dsl.checks.study import authors_of
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic


def effective_ranges(checked: CheckInput) -> list[Diagnostic]:
    """Reports two texts of a rule on one date, and dates between two texts without any."""
    texts: dict[str, list[syntax.RuleDecl]] = {}
    for rule in authors_of(checked).all(syntax.RuleDecl):
        texts.setdefault(rule.name, []).append(rule)
    return [diagnostic for rules in texts.values() for diagnostic in _texts(rules)]


def _texts(rules: list[syntax.RuleDecl]) -> Iterator[Diagnostic]:
    in_order = sorted(rules, key=lambda rule: (rule.valid_from is not None, rule.valid_from or 0))
    reach: syntax.RuleDecl | None = None
    for rule in in_order:
        if reach is not None:
            shared = overlap(_range(reach), _range(rule))
            if shared is not None:
                yield _overlapping(reach, rule, shared)
            else:
                yield from _hole(reach, rule)
        if reach is None or _reaches_further(rule, reach):
            reach = rule


def _overlapping(first: syntax.RuleDecl, second: syntax.RuleDecl, shared: Interval) -> Diagnostic:
    return diagnose(
        "TP501",
        second.name_span,
        f"rule {second.name} is declared twice for {interval_words(shared)}",
        label="in force on the same dates",
        help="end the earlier text with `until` on the day before the later one begins"
        if first.valid_from != second.valid_from
        else "give one of them another name, or other dates",
        related=((first.name_span, f"in force {interval_words(_range(first))}"),),
        declaration=f"rule {second.name}",
    )


def _hole(first: syntax.RuleDecl, second: syntax.RuleDecl) -> Iterator[Diagnostic]:
    if first.valid_until is None or second.valid_from is None:
        return
    if first.valid_until + 1 < second.valid_from:
        missing = Interval(first.valid_until + 1, second.valid_from - 1)
        yield diagnose(
            "TP502",
            second.name_span,
            f"no text of rule {second.name} is in force {interval_words(missing)}",
            help="move one of the dates, if the rule is meant to go on without a break",
            related=((first.name_span, f"in force {interval_words(_range(first))}"),),
            declaration=f"rule {second.name}",
        )


def _range(rule: syntax.RuleDecl) -> Interval:
    return interval_of(rule.valid_from, rule.valid_until)


def _reaches_further(rule: syntax.RuleDecl, other: syntax.RuleDecl) -> bool:
    if other.valid_until is None:
        return False
    return rule.valid_until is None or rule.valid_until > other.valid_until
