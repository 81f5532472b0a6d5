"""Checks that a line which takes what the others leave is on an account marked for it (TP310)."""

from __future__ import annotations

from collections.abc import Iterator

from engine.program import Line, Op
from rules_dsl.checks.carried import possible_accounts
from rules_dsl.checks.input import CheckInput
from rules_dsl.checks.study import Study, studies
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic


def plug_accounts(checked: CheckInput) -> list[Diagnostic]:
    """Reports each remaining line one of whose accounts is not marked `plug`."""
    return [
        diagnostic
        for study in studies(checked)
        for voucher in study.rule.vouchers
        for line in voucher.lines
        if line.remaining_bound is not None
        for diagnostic in _line(study, line)
    ]


def _line(study: Study, line: Line) -> Iterator[Diagnostic]:
    forms = study.forms
    accounts = forms.program.accounts
    possible = dict.fromkeys(found.account for found in possible_accounts(forms, line))
    unmarked = [accounts[index].role for index in possible if not accounts[index].plug]
    if not all(_is_of_chart(study, key) for _, key in forms.choice(line.account)):
        unmarked.append("an account that the event names")
    plug = study.wording.word("plug")
    for role in unmarked:
        yield diagnose(
            "TP310",
            study.authors.line_account(line),
            f"{role} may not take what the other lines leave",
            help=f"write {plug} on its line of the chart if it is meant to,"
            " or say the amount of this line",
            declaration=study.name,
        )


def _is_of_chart(study: Study, key: int) -> bool:
    """Whether a possible account is written in the rule book, so that its mark is known."""
    node = study.node(study.forms.key_node(key))
    known = {Op.TABLE_CELL, Op.IN_CHART}
    return study.forms.constant_key(key) is not None or node.op in known
