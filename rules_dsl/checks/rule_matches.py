"""Checks that the rules of an event match as often as it expects (TP406).

Per ledger: `one` forbids overlaps and gaps, `some` gaps, `none` every rule that posts. Dates count:
rules in force on different days do not overlap, and days before the first rule or after the last
are no gap. Where a finding rests on conditions that may depend on each other it is not proved,
and an INFO asks for tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from engine.program import Expects, Program, Rule, Span
from rules_dsl import syntax
from rules_dsl.checks.authors import Authors
from rules_dsl.checks.guard_axes import GuardAxis, Guards, guards_on_axes
from rules_dsl.checks.input import CheckInput
from rules_dsl.checks.polynomials import ONE, ZERO, Poly
from rules_dsl.checks.study import authors_of
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic, Severity

#: Combinations of conditions looked at per event and ledger.
WORK_LIMIT = 20_000
WITNESS_LIMIT = 3


@dataclass(frozen=True, slots=True)
class _Step:
    """One axis settled on the way to a combination; `values`: what that makes of its truths."""

    axis: GuardAxis
    mask: int
    values: dict[int, Poly]


@dataclass(slots=True)
class _Findings:
    """Combinations without a rule, and with two; each proved or only possible."""

    gaps: list[tuple[_Step, ...]] = field(default_factory=list)
    overlaps: dict[tuple[int, int], tuple[_Step, ...]] = field(default_factory=dict)
    maybe_gap: tuple[_Step, ...] | None = None
    maybe_overlaps: dict[tuple[int, int], tuple[_Step, ...]] = field(default_factory=dict)
    left: int = WORK_LIMIT


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
        findings = _search_all(guards_on_axes(program, counted, authors))
        subject = f"{event.name} in {where}" if where else event.name
        span = _event_span(authors, event.name, counted)
        if findings.left < 0:
            yield _too_many(subject, span)
            continue
        if is_complete:
            yield from _report_gaps(findings, subject, span, counted)
        if event.expects is Expects.ONE:
            yield from _report_overlaps(findings, subject, counted)


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


def _search_all(guards: Guards) -> _Findings:
    findings = _Findings()
    _search(guards, guards.conditions, (), findings)
    return findings


def _search(
    guards: Guards, conditions: tuple[Poly, ...], path: tuple[_Step, ...], findings: _Findings
) -> None:
    """Settles one axis after the other until each guard is true or false."""
    findings.left -= 1
    if findings.left < 0:
        return
    open_truths = {atom for poly in conditions for atom in poly.atoms()}
    axis = next((axis for axis in guards.axes if axis.masks.keys() & open_truths), None)
    if axis is None:
        _note(guards, conditions, path, findings)
        return
    for mask, values in _groups(axis, open_truths):
        fixed = _settle(guards, conditions, values)
        _search(guards, fixed, (*path, _Step(axis, mask, values)), findings)


def _settle(
    guards: Guards, conditions: Iterable[Poly], values: dict[int, Poly]
) -> tuple[Poly, ...]:
    """The conditions with some truths known; one that would grow too long stays as it is."""
    results = ((poly, guards.forms.atoms.substitute(poly, values)) for poly in conditions)
    return tuple(poly if result is None else result for poly, result in results)


def _groups(axis: GuardAxis, open_truths: set[int]) -> Iterator[tuple[int, dict[int, Poly]]]:
    """The parts of an axis by the truths that hold on them: a mask, and the truths settled."""
    truths = tuple(axis.masks)
    relevant = [truth for truth in truths if truth in open_truths]
    groups: dict[tuple[int, ...], int] = {}
    for place in range(len(axis.axis.parts)):
        part = 1 << place
        held = tuple(truth for truth in relevant if axis.masks[truth] & part)
        groups[held] = groups.get(held, 0) | part
    for held, mask in groups.items():
        yield mask, {truth: ONE if truth in held else ZERO for truth in truths}


def _note(
    guards: Guards, conditions: tuple[Poly, ...], path: tuple[_Step, ...], findings: _Findings
) -> None:
    matching = [place for place, poly in enumerate(conditions) if poly == ONE]
    if not matching:
        _note_gap(guards, conditions, path, findings)
    for second in matching[1:]:
        pair = (matching[0], second)
        if pair not in findings.overlaps:
            needed = _needed(guards, [guards.conditions[place] for place in pair], path)
            found = findings.overlaps if _is_possible(needed) else findings.maybe_overlaps
            found.setdefault(pair, needed)


def _note_gap(
    guards: Guards, conditions: tuple[Poly, ...], path: tuple[_Step, ...], findings: _Findings
) -> None:
    needed = _needed(guards, guards.conditions, path)
    is_open = any(poly.constant is None for poly in conditions)
    if is_open or not _is_possible(needed):
        findings.maybe_gap = findings.maybe_gap or needed
    elif len(findings.gaps) < WITNESS_LIMIT and needed not in findings.gaps:
        findings.gaps.append(needed)


def _needed(
    guards: Guards, conditions: Sequence[Poly], path: tuple[_Step, ...]
) -> tuple[_Step, ...]:
    """The steps of a path without those that the conditions do not need to come out constant."""
    needed = path
    for step in path:
        fewer = tuple(other for other in needed if other is not step)
        values = {truth: value for other in fewer for truth, value in other.values.items()}
        results = _settle(guards, conditions, values)
        if all(result.constant is not None for result in results):
            needed = fewer
    return needed


def _is_possible(path: tuple[_Step, ...]) -> bool:
    """Whether the settled values cannot depend on each other."""
    derived = sum(step.axis.is_derived for step in path)
    numbers = sum(step.axis.is_number and not step.axis.is_derived for step in path)
    return derived == 0 or derived + numbers <= 1


def _too_many(subject: str, span: Span) -> Diagnostic:
    return diagnose(
        "TP406",
        span,
        f"the guards on {subject} have too many conditions to decide which rules match",
        severity=Severity.INFO,
        help="add tests for the events that matter",
    )


def _report_gaps(
    findings: _Findings, subject: str, span: Span, rules: Sequence[Rule]
) -> Iterator[Diagnostic]:
    if findings.gaps:
        yield diagnose(
            "TP406",
            span,
            f"no rule matches some events of {subject}",
            notes=tuple(f"no rule for {_words(gap)}" for gap in findings.gaps),
            help="widen the guard of a rule, or add a rule that posts or refuses them",
            related=tuple((rule.span, f"rule {rule.name}") for rule in rules),
        )
    elif findings.maybe_gap is not None:
        yield diagnose(
            "TP406",
            span,
            f"it is not decided whether some rule matches every event of {subject}",
            severity=Severity.INFO,
            notes=_maybe_notes(findings.maybe_gap, "no rule"),
            help="add tests for the events that matter",
        )


def _report_overlaps(
    findings: _Findings, subject: str, rules: Sequence[Rule]
) -> Iterator[Diagnostic]:
    for (first, second), path in findings.overlaps.items():
        one, other = rules[first], rules[second]
        if one.name == other.name:
            continue  # Texts of one rule with overlapping dates are TP501.
        yield diagnose(
            "TP406",
            _guard_span(other),
            f"rules {one.name} and {other.name} both match {subject} for {_words(path)}",
            help="narrow the guard of one of them",
            related=((_guard_span(one), f"rule {one.name}"),),
            declaration=f"rule {other.name}",
        )
    for (first, second), path in findings.maybe_overlaps.items():
        one, other = rules[first], rules[second]
        if (first, second) in findings.overlaps or one.name == other.name:
            continue
        yield diagnose(
            "TP406",
            _guard_span(other),
            f"it is not decided whether rules {one.name} and {other.name} both match {subject}",
            severity=Severity.INFO,
            notes=_maybe_notes(path, "both rules"),
            help="add tests for the events that matter",
            related=((_guard_span(one), f"rule {one.name}"),),
            declaration=f"rule {other.name}",
        )


def _maybe_notes(path: tuple[_Step, ...], what: str) -> tuple[str, ...]:
    return (f"{what}, if it is possible: {_words(path)}",)


def _words(path: tuple[_Step, ...]) -> str:
    named = [step for step in path if step.mask != step.axis.axis.everything]
    return " and ".join(step.axis.axis.sample(step.mask) for step in named) or "every event"


def _guard_span(rule: Rule) -> Span:
    return rule.span if rule.guard is None else rule.nodes[rule.guard].span


def _event_span(authors: Authors, name: str, rules: Sequence[Rule]) -> Span:
    for event in authors.all(syntax.EventDecl):
        if event.name == name:
            return event.name_span
    return rules[0].span if rules else Span()
