"""Finds voucher lines whose amount is always zero, so that they never appear (TP304)."""

from __future__ import annotations

from collections.abc import Iterator

from engine.program import VoucherPlan
from rules_dsl.checks.input import CheckInput
from rules_dsl.checks.polynomials import ONE
from rules_dsl.checks.study import Study, studies
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic


def zero_lines(checked: CheckInput) -> list[Diagnostic]:
    """Reports each line that is always dropped, and each voucher that is never made."""
    return [
        diagnostic
        for study in studies(checked)
        for voucher in study.rule.vouchers
        for diagnostic in _voucher(study, voucher)
    ]


def _voucher(study: Study, voucher: VoucherPlan) -> Iterator[Diagnostic]:
    proof = study.proof(voucher)
    if proof.is_zero(ONE):
        yield diagnose(
            "TP304",
            voucher.span,
            "this voucher is never made: its conditions and refusals exclude each other",
            declaration=study.name,
        )
        return
    for line in voucher.lines:
        node = study.node(line.amount)
        if (node.low == 0 and node.high == 0) or proof.is_zero(study.forms.poly(line.amount)):
            yield diagnose(
                "TP304",
                line.span,
                "this line is always dropped: its amount is always zero",
                help="remove the line, or give it the amount it is meant to have",
                declaration=study.name,
            )
