"""Checks that the rules of an event match as often as it expects (TP406).

Per ledger: `one` forbids overlaps and gaps, `some` gaps, `none` every rule that posts. Dates count:
rules in force on different days do not overlap, and days before the first rule or after the last
are no gap. Where a finding rests on conditions that may depend on each other it is not proved,
and an INFO asks for tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from engine.program import Expects, Program, Rule, Span
from rules_dsl import syntax
from rules_dsl.checks.authors import Authors
from rules_dsl.checks.guard_axes import Guards, guards_on_axes
from rules_dsl.checks.guard_search import Found, find_gaps, find_overlap, path_words
from rules_dsl.checks.input import CheckInput
from rules_dsl.checks.study import authors_of
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic, Severity

#: So many events without a rule, pairs of rules, and rules of an event are shown.
WITNESS_LIMIT = 3
OVERLAP_LIMIT = 10
RELATED_LIMIT = 5


def rule_matches(checked: CheckInput) -> list[Diagnostic]:
    """Reports each event that no rule or more than one rule matches, against what it expects."""
    authors = authors_of(checked)
    return [
        diagnostic
        for index in range(len(checked.program.event_types))
        for diagnostic in _event(checked.program, authors, index)
    ]


def _event(program: Program, authors: Authors, index: int) -> Iterator[Diagnostic]:
    event = program.event_types[index]
    rules = [rule for rule in program.rules if rule.event_type == index]
    if event.expects is Expects.NONE:
        yield from _unexpected(authors, event.name, rules)
    if event.expects not in {Expects.ONE, Expects.SOME}:
        return
    declared = authors.rules_on(event.name)
    is_complete = not declared or len(declared) == len(rules)
    if not rules and is_complete:
        span = _event_span(authors, event.name, rules)
        yield diagnose(
            "TP406",
            span,
            f"{event.name} expects {event.expects} rule, but no rule is on it",
            help="write a rule for it, or "
            f"{_expects(authors, 'none', span)} on the event if it is not to be posted",
            declaration=f"event {event.name}",
        )
    for ledger in sorted({ledger for rule in rules for ledger in rule.ledgers}):
        counted = [rule for rule in rules if ledger in rule.ledgers]
        where = program.ledgers[ledger].name if len(program.ledgers) > 1 else ""
        guards = guards_on_axes(program, counted, authors)
        subject = f"{event.name} in {where}" if where else event.name
        span = _event_span(authors, event.name, counted)
        if is_complete:
            yield from _gaps(guards, subject, span, counted)
        if event.expects is Expects.ONE:
            yield from _overlaps(guards, subject, counted)


def _expects(authors: Authors, count: str, span: Span) -> str:
    """`expects one` in the language of the file."""
    return f"{authors.word('expects', span)} {authors.word(count, span)}"


def _unexpected(authors: Authors, event: str, rules: Sequence[Rule]) -> Iterator[Diagnostic]:
    for rule in rules:
        if rule.vouchers:
            yield diagnose(
                "TP406",
                rule.span,
                f"{event} expects no rule, but this rule posts it",
                help=f"write {_expects(authors, 'any', rule.span)} on the event,"
                " or remove the rule",
                declaration=f"rule {rule.name}",
            )


def _gaps(guards: Guards, subject: str, span: Span, rules: Sequence[Rule]) -> Iterator[Diagnostic]:
    found = find_gaps(guards, WITNESS_LIMIT)
    if found.proved:
        yield diagnose(
            "TP406",
            span,
            f"no rule matches some events of {subject}",
            notes=tuple(f"no rule for {path_words(gap)}" for gap in found.proved),
            help="widen the guard of a rule, or add a rule that posts or refuses them",
            related=tuple((rule.span, f"rule {rule.name}") for rule in rules[:RELATED_LIMIT]),
        )
    elif found.possible is not None or not found.is_complete:
        yield diagnose(
            "TP406",
            span,
            f"it is not decided whether some rule matches every event of {subject}",
            severity=Severity.INFO,
            notes=_possible_notes(found, "no rule"),
            help="add tests for the events that matter",
        )


def _overlaps(guards: Guards, subject: str, rules: Sequence[Rule]) -> Iterator[Diagnostic]:
    shown = 0
    for first, second in combinations(range(len(rules)), 2):
        one, other = rules[first], rules[second]
        if one.name == other.name:
            continue  # Texts of one rule with overlapping dates are TP501.
        found = find_overlap(guards, first, second)
        if not found.proved and found.possible is None and found.is_complete:
            continue
        shown += 1
        if shown > OVERLAP_LIMIT:
            return
        yield _overlap(one, other, subject, found)


def _overlap(one: Rule, other: Rule, subject: str, found: Found) -> Diagnostic:
    names = f"rules {one.name} and {other.name} both match {subject}"
    if found.proved:
        return diagnose(
            "TP406",
            _guard_span(other),
            f"{names} for {path_words(found.proved[0])}",
            help="narrow the guard of one of them",
            related=((_guard_span(one), f"rule {one.name}"),),
            declaration=f"rule {other.name}",
        )
    return diagnose(
        "TP406",
        _guard_span(other),
        f"it is not decided whether {names}",
        severity=Severity.INFO,
        notes=_possible_notes(found, "both rules"),
        help="add tests for the events that matter",
        related=((_guard_span(one), f"rule {one.name}"),),
        declaration=f"rule {other.name}",
    )


def _possible_notes(found: Found, what: str) -> tuple[str, ...]:
    if found.possible is None:
        return ("there are too many combinations of conditions to look at all",)
    return (f"{what}, if it is possible: {path_words(found.possible)}",)


def _guard_span(rule: Rule) -> Span:
    return rule.span if rule.guard is None else rule.nodes[rule.guard].span


def _event_span(authors: Authors, name: str, rules: Sequence[Rule]) -> Span:
    for event in authors.all(syntax.EventDecl):
        if event.name == name:
            return event.name_span
    return rules[0].span if rules else Span()
