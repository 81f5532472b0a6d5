"""Checks that the texts of one rule follow each other without overlap (TP501) or hole (TP502).

A rule may be declared several times under one name, each text for its own dates.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.program import Interval
from rules_dsl import syntax
from rules_dsl.checks.dates import day_text, interval_of, interval_words, overlap
from rules_dsl.checks.input import CheckInput
from rules_dsl.checks.study import authors_of
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic


def effective_ranges(checked: CheckInput) -> list[Diagnostic]:
    """Reports two texts of a rule on one date, and dates between two texts without any."""
    texts: dict[str, list[syntax.RuleDecl]] = {}
    for rule in authors_of(checked).all(syntax.RuleDecl):
        texts.setdefault(rule.name, []).append(rule)
    return [diagnostic for rules in texts.values() for diagnostic in _texts(checked, rules)]


def _texts(checked: CheckInput, rules: list[syntax.RuleDecl]) -> Iterator[Diagnostic]:
    in_order = sorted(rules, key=lambda rule: (rule.valid_from is not None, rule.valid_from or 0))
    reach: syntax.RuleDecl | None = None
    for rule in in_order:
        if reach is not None:
            shared = overlap(_range(reach), _range(rule))
            if shared is not None:
                yield _overlapping(checked, reach, rule, shared)
            else:
                yield from _hole(reach, rule)
        if reach is None or _reaches_further(rule, reach):
            reach = rule


def _overlapping(
    checked: CheckInput, first: syntax.RuleDecl, second: syntax.RuleDecl, shared: Interval
) -> Diagnostic:
    help_text = "give one of them another name, or other dates"
    if second.valid_from is not None and first.valid_from != second.valid_from:
        until = checked.word("until", first.span)
        last = day_text(second.valid_from - 1)
        help_text = f"write {until} {last} on the earlier text"
    return diagnose(
        "TP501",
        second.name_span,
        f"two texts of rule {second.name} are in force {interval_words(shared)}",
        label="in force on the same dates",
        help=help_text,
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
