"""Checks that lines carry the dimensions their accounts require (TP306).

An account that a line may have through a table counts with the row it comes from. Where a line
carries the dimension only under a condition that is not proved, a warning says so: such an event
is UNPOSTED (MISSING_DIMENSION) at run time.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.program import Line, VoucherPlan
from rules_dsl.checks.carried import NO_VALUE, PossibleAccount, carried_values, possible_accounts
from rules_dsl.checks.input import CheckInput
from rules_dsl.checks.rows import row_words
from rules_dsl.checks.study import Study, studies
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic, Severity


def required_dimensions(checked: CheckInput) -> list[Diagnostic]:
    """Reports each line that lacks, or may lack, a dimension one of its accounts requires."""
    return [
        diagnostic
        for study in studies(checked)
        for voucher in study.rule.vouchers
        for line in voucher.lines
        for diagnostic in _line(study, voucher, line)
    ]


def _line(study: Study, voucher: VoucherPlan, line: Line) -> Iterator[Diagnostic]:
    program = study.forms.program
    reported: set[tuple[int, int]] = set()
    for possible in possible_accounts(study.forms, line):
        for dimension in program.accounts[possible.account].required:
            if (possible.account, dimension) in reported:
                continue
            found = _missing(study, voucher, line, possible, dimension)
            if found is not None:
                reported.add((possible.account, dimension))
                yield found


def _missing(
    study: Study, voucher: VoucherPlan, line: Line, possible: PossibleAccount, dimension: int
) -> Diagnostic | None:
    forms, proof = study.forms, study.proof(voucher)
    if proof.is_zero(possible.condition):
        return None
    cases = dict(carried_values(forms, line, dimension))
    without = cases.get(NO_VALUE)
    if without is None or proof.is_zero(forms.product(possible.condition, without)):
        return None
    account = forms.program.accounts[possible.account]
    name = forms.program.dimensions[dimension].name
    related = ((possible.row.span, f"gives {account.role}"),) if possible.row else ()
    notes: tuple[str, ...] = ()
    if possible.table is not None and possible.row is not None:
        notes = (
            f"the account comes from {row_words(study.authors, possible.table, possible.row)}",
        )
    is_never = len(cases) == 1
    entry = next((d for d in line.dimensions if d.dimension == dimension), None)
    condition = study.wording.expression(entry.given) if entry and entry.given is not None else ""
    carries = "does not carry" if is_never else "carries only under a condition"
    if condition:
        carries = f"carries only where {condition} holds"
    return diagnose(
        "TP306",
        line.span,
        f"{account.role} requires {name}, which this line {carries}",
        severity=None if is_never else Severity.WARNING,
        notes=notes,
        help=f"add `by {name}` to the line"
        if is_never
        else "events that do not meet it will be UNPOSTED (MISSING_DIMENSION);"
        f" make sure of {name} in the guard of the rule",
        related=related,
        declaration=study.name,
    )
