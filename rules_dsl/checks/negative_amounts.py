"""Finds amounts that may be negative in a ledger that rejects negative amounts (TP308)."""

from __future__ import annotations

from collections.abc import Iterator

from engine.program import Line, NegativePolicy, VoucherPlan
from rules_dsl.checks.input import CheckInput
from rules_dsl.checks.polynomials import Poly
from rules_dsl.checks.study import Study, studies
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic


def negative_amounts(checked: CheckInput) -> list[Diagnostic]:
    """Reports each line that is not proved to be zero or more where the ledger rejects less."""
    return [
        diagnostic
        for study in studies(checked)
        for voucher in study.rule.vouchers
        if checked.program.ledgers[voucher.ledger].negative is NegativePolicy.REJECT
        for diagnostic in _voucher(study, voucher)
    ]


def _voucher(study: Study, voucher: VoucherPlan) -> Iterator[Diagnostic]:
    """One diagnostic for each amount, at the first line that has it."""
    seen: set[Poly] = set()
    for line in voucher.lines:
        poly = study.forms.poly(line.amount)
        if not line.by_sign and poly not in seen:
            seen.add(poly)
            yield from _line(study, voucher, line)


def _line(study: Study, voucher: VoucherPlan, line: Line) -> Iterator[Diagnostic]:
    poly = study.forms.poly(line.amount)
    if study.node(line.amount).low >= 0:
        return
    if study.proof(voucher).is_zero(study.forms.positive(poly.times(-1))):
        return
    ledger = study.forms.program.ledgers[voucher.ledger]
    amount = study.wording.amount(poly, ledger.scale)
    yield diagnose(
        "TP308",
        study.authors.line_amount(line),
        f"{amount} may be negative, and ledger {ledger.name} rejects negative amounts",
        help="such events will be UNPOSTED (NEGATIVE_AMOUNT); write"
        f" {study.wording.word('min')} 0 on the fields it comes from, or refuse such an event",
        declaration=study.name,
    )
