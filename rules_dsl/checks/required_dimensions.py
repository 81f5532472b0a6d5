"""Checks that lines carry the dimensions their accounts require (TP306).

An account that a line may have through a table counts with the row it comes from. A line whose
amount is proved zero without the dimension needs none. Where a line may lack the dimension only
in some events, those will be UNPOSTED (MISSING_DIMENSION): a warning if the line says `if given`,
an INFO if it leaves that to an optional field.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.program import Line, VoucherPlan
from rules_dsl.checks.carried import NO_VALUE, PossibleAccount, carried_values, possible_accounts
from rules_dsl.checks.input import CheckInput
from rules_dsl.checks.polynomials import ZERO
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
    without = ZERO
    for key, condition in carried_values(forms, line, dimension):
        without += condition if key == NO_VALUE else ZERO
    bare = forms.product(forms.product(possible.condition, without), forms.poly(line.amount))
    if proof.is_zero(bare):
        return None
    account = forms.program.accounts[possible.account]
    name = forms.program.dimensions[dimension].name
    related = ((possible.row.span, f"gives {account.role}"),) if possible.row else ()
    notes: tuple[str, ...] = ()
    if possible.table is not None and possible.row is not None:
        notes = (
            f"the account comes from {row_words(study.authors, possible.table, possible.row)}",
        )
    entry = next((d for d in line.dimensions if d.dimension == dimension), None)
    severity = None
    carries = "does not carry"
    help_text = f"write {study.wording.word('by')} {name} on the line"
    if entry is not None:
        severity = Severity.INFO if entry.given is None else Severity.WARNING
        carries = "may not carry"
        if entry.given is not None:
            carries = f"carries only where {study.wording.expression(entry.given)}"
        help_text = (
            f"an event without it will be UNPOSTED (MISSING_DIMENSION); to leave it to other rules,"
            f" ask for {name} in the guard"
        )
    return diagnose(
        "TP306",
        line.span,
        f"{account.role} requires {name}, which this line {carries}",
        severity=severity,
        notes=notes,
        help=help_text,
        fix=study.authors.add_dimension(line, name)
        if entry is None and _has(study, name)
        else None,
        related=related,
        declaration=study.name,
    )


def _has(study: Study, name: str) -> bool:
    """Whether the event has a field of that name, which `by` takes without saying a value."""
    event = study.forms.program.event_types[study.rule.event_type]
    return any(field.name == name for field in event.fields)
