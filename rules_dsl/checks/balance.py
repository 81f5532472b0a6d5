"""Proves that debits equal credits in every voucher (TP301); not per dimension."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.program import EVENT_SHAPE, Line, Span, VoucherPlan
from rules_dsl.checks.input import CheckInput
from rules_dsl.checks.leftover import leftover
from rules_dsl.checks.polynomials import Poly
from rules_dsl.checks.proof import Proof
from rules_dsl.checks.study import Study, sign, studies
from rules_dsl.checks.wording import Named
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic, Fix


@dataclass(frozen=True, slots=True)
class _Closing:
    """A line that would balance the voucher if its amount were another value with a name."""

    line: Line
    name: str
    equals: str


def balance(checked: CheckInput) -> list[Diagnostic]:
    """Reports each voucher whose debits and credits do not reduce to the same amount."""
    return [
        diagnostic
        for study in studies(checked)
        for voucher in study.rule.vouchers
        for diagnostic in _voucher(study, voucher)
    ]


def _voucher(study: Study, voucher: VoucherPlan) -> Iterator[Diagnostic]:
    difference = study.difference(voucher)
    proof = study.proof(voucher)
    case = proof.failing_case(difference)
    if case is None:
        return
    scale = study.forms.program.ledgers[voucher.ledger].scale
    rest = leftover(study, proof, difference, case, scale)
    closing = _closing(study, voucher, proof, difference)
    where = f", where {rest.conditions}" if rest.conditions else ""
    notes = [f"debits − credits = {rest.words}{where}"]
    if rest.example:
        notes.append(rest.example)
    span = voucher.span
    help_text = f"add a {rest.short_side} line of {rest.missing}" if rest.short_side else ""
    if where and help_text:
        help_text += where
    fix = None
    if closing is not None:
        span = study.authors.line_amount(closing.line)
        if closing.equals != closing.name:
            help_text = f"{closing.name} equals {closing.equals}"
        fix = _fix(closing, span)
    yield diagnose(
        "TP301",
        span,
        "this voucher does not balance",
        label=rest.label,
        notes=tuple(notes),
        help=help_text,
        suggestions=(closing.name,) if closing else (),
        fix=fix,
        declaration=study.name,
    )


def _closing(study: Study, voucher: VoucherPlan, proof: Proof, difference: Poly) -> _Closing | None:
    """The line, last first, and the name that would balance the voucher in its place."""
    scale = study.forms.program.ledgers[voucher.ledger].scale
    for line in reversed(voucher.lines):
        needed = study.amount(line) - difference.times(sign(line))
        if proof.is_zero(needed):
            continue
        for named, total in _candidates(study, line, scale):
            if proof.is_zero(needed - total):
                others = _others(study, voucher, line, scale)
                return _Closing(line, named.text, others)
    return None


def _candidates(study: Study, line: Line, scale: int) -> Iterator[tuple[Named, Poly]]:
    """The named values that could stand in a line, with what they would come to in total."""
    for named in study.wording.names:
        if named.scale == scale and named.shape in {line.each, EVENT_SHAPE}:
            is_per_element = line.each >= 0
            if is_per_element and named.shape == EVENT_SHAPE:
                continue
            total = study.forms.total(named.poly, line.each) if is_per_element else named.poly
            yield named, total
    if line.each == EVENT_SHAPE:
        yield from ((named, named.poly) for named in study.wording.sums() if named.scale == scale)


def _others(study: Study, voucher: VoucherPlan, line: Line, scale: int) -> str:
    """What the other lines add up to, seen from the side of this line."""
    words = ""
    rest = [other for other in voucher.lines if other is not line]
    for other in sorted(rest, key=lambda other: other.side is line.side):
        is_minus = other.side is line.side
        joint = (" − " if is_minus else " + ") if words else ("−" if is_minus else "")
        amount = study.wording.amount(study.amount(other), scale)
        words += joint + (f"({amount})" if is_minus and " " in amount else amount)
    return words


def _fix(closing: _Closing, span: Span) -> Fix | None:
    """Puts the name in place of the amount, where the place of the amount is known."""
    return None if span == closing.line.span else Fix(span, closing.name, safe=False)
