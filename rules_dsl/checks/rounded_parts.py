"""Finds parts of one total that are rounded apart, so that they may not add up to it (TP305)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from engine.program import Op, VoucherPlan
from rules_dsl.checks.forms import Forms
from rules_dsl.checks.input import CheckInput
from rules_dsl.checks.polynomials import Poly, poly_of
from rules_dsl.checks.study import Study, studies
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic, Fix


@dataclass(frozen=True, slots=True)
class _Rounding:
    """A rounded quotient that lines of a voucher post; `used` is what it is multiplied by."""

    atom: int
    mode: object
    above: Poly
    below: Poly
    used: Poly


def rounded_parts(checked: CheckInput) -> list[Diagnostic]:
    """Reports two rounded amounts of one voucher whose exact values add up to a known total."""
    return [
        diagnostic
        for study in studies(checked)
        for voucher in study.rule.vouchers
        for diagnostic in _voucher(study, voucher)
    ]


def _voucher(study: Study, voucher: VoucherPlan) -> Iterator[Diagnostic]:
    scale = study.forms.program.ledgers[voucher.ledger].scale
    for first, second in combinations(_roundings(study, voucher), 2):
        total = _total(study.forms, first, second)
        if total is None:
            continue
        words = study.wording.amount(total, scale)
        names = [study.wording.named_atom(part.atom) for part in (first, second)]
        nodes = [study.forms.atoms[part.atom].node for part in (first, second)]
        parts = [name or study.wording.expression(n) for name, n in zip(names, nodes, strict=True)]
        fix = None
        if names[0] and study.wording.is_name(total):
            fix = Fix(study.node(nodes[1]).span, f"{words} - {names[0]}", safe=False)
        yield diagnose(
            "TP305",
            study.node(nodes[1]).span,
            f"{parts[0]} and {parts[1]} are parts of {words} but are rounded apart",
            label="may be off by the smallest unit",
            notes=(f"before rounding they add up to {words}; after rounding they may not",),
            help=f"round one part and take the other as {words} − {names[0] or 'that part'}",
            fix=fix,
            related=((study.node(nodes[0]).span, "the other part"),),
            declaration=study.name,
        )


def _roundings(study: Study, voucher: VoucherPlan) -> Iterator[_Rounding]:
    """The roundings in the amounts of a voucher, in order of their nodes."""
    forms = study.forms
    used: dict[int, Poly] = {}
    for line in voucher.lines:
        poly = forms.poly(line.amount)
        for atom in poly.atoms():
            key = forms.atoms[atom].key
            if atom not in used and isinstance(key, tuple) and key[0] is Op.ROUND:
                used[atom] = poly_of(
                    (tuple(other for other in monomial if other != atom), value)
                    for monomial, value in poly.terms
                    if atom in monomial
                )
    for atom in sorted(used, key=lambda atom: forms.atoms[atom].node):
        key = forms.atoms[atom].key
        if isinstance(key, tuple):
            yield _Rounding(atom, key[1], Poly(key[2]), Poly(key[3]), used[atom])


def _total(forms: Forms, first: _Rounding, second: _Rounding) -> Poly | None:
    """The whole value that two quotients add up to; None if there is none or they never meet."""
    atoms = forms.atoms
    same_list = atoms[first.atom].shape == atoms[second.atom].shape
    if first.mode != second.mode or not same_list or not atoms.multiply(first.used, second.used):
        return None
    products = (
        atoms.multiply(first.above, second.below),
        atoms.multiply(second.above, first.below),
        atoms.multiply(first.below, second.below),
    )
    left, right, below = products
    if left is None or right is None or not below:
        return None
    total = atoms.divide(left + right, below)
    if not total or atoms.multiply(total, below) != left + right:
        return None
    return total
