"""Proves that every balancing dimension balances by itself in every voucher (TP302).

Not responsible for the total (TP301): a voucher whose total is not proved is left out. Lines are
grouped by the value they carry. A value that varies with the elements of a list groups by
element; lines that do not carry the dimension must balance among themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.program import EVENT_SHAPE, Line, VoucherPlan
from rules_dsl.checks.carried import NO_VALUE, carried_values
from rules_dsl.checks.input import CheckInput
from rules_dsl.checks.leftover import leftover
from rules_dsl.checks.polynomials import ZERO, Poly
from rules_dsl.checks.proof import Proof
from rules_dsl.checks.study import Study, sign, studies
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic


@dataclass(slots=True)
class _Group:
    """Debits minus credits of the lines with one value, per element where the value varies."""

    difference: Poly = ZERO
    lines: list[Line] = field(default_factory=list)


def dimension_balance(checked: CheckInput) -> list[Diagnostic]:
    """Reports each balancing dimension of a voucher for which some value does not balance."""
    return [
        diagnostic
        for study in studies(checked)
        for voucher in study.rule.vouchers
        if study.proof(voucher).is_zero(study.difference(voucher))
        for index, dimension in enumerate(checked.program.dimensions)
        if dimension.balancing
        for diagnostic in _dimension(study, voucher, index)
    ]


def _dimension(study: Study, voucher: VoucherPlan, dimension: int) -> Iterator[Diagnostic]:
    proof = study.proof(voucher)
    name = study.forms.program.dimensions[dimension].name
    notes: list[str] = []
    lines: list[tuple[Line, str]] = []
    for key, group in _groups(study, voucher, dimension).items():
        words = _leftover_words(study, voucher, proof, group)
        if words:
            value = f"without {name}" if key == NO_VALUE else f"{name} = {study.wording.text(key)}"
            notes.append(f"{value}: debits − credits = {words}")
            lines += [(line, value) for line in group.lines]
    if notes:
        yield diagnose(
            "TP302",
            voucher.span,
            f"this voucher does not balance for each {name}",
            notes=tuple(notes),
            help=f"give debits and credits the same {name}, or write"
            f" {study.wording.word('transfer')} to move the amount between two values of {name}"
            " through an internal settlement account",
            related=tuple((line.span, value) for line, value in lines),
            declaration=study.name,
        )


def _groups(study: Study, voucher: VoucherPlan, dimension: int) -> dict[int, _Group]:
    groups: dict[int, _Group] = {}
    for line in voucher.lines:
        for key, part in _parts(study, line, dimension):
            group = groups.setdefault(key, _Group())
            group.difference += part.times(sign(line))
            group.lines.append(line)
    return groups


def _parts(study: Study, line: Line, dimension: int) -> Iterator[tuple[int, Poly]]:
    """The amount of a line by the value it carries, taken apart where that depends on a case."""
    forms = study.forms
    # Of a transfer between equal values, which makes no lines, both lines would be of one value.
    amount = forms.poly(line.amount if line.transfer is None else line.transfer)
    for key, condition in carried_values(forms, line, dimension):
        part = forms.product(amount, condition)
        if part and line.each >= 0 and (key == NO_VALUE or forms.key_shape(key) == EVENT_SHAPE):
            part = forms.total(part, line.each)
        if part:
            yield key, part


def _leftover_words(study: Study, voucher: VoucherPlan, proof: Proof, group: _Group) -> str:
    case = proof.failing_case(group.difference)
    if case is None:
        return ""
    scale = study.forms.program.ledgers[voucher.ledger].scale
    rest = leftover(study, proof, group.difference, case, scale)
    return f"{rest.words}, where {rest.conditions}" if rest.conditions else rest.words
