"""The registry of diagnostic codes: what each code means and how it weighs.

Codes are permanent: a number is never given to another problem, and none is taken back.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import InvariantBroken
from engine.program import Span
from rules_dsl.diagnostics.model import Diagnostic, Fix, Severity


@dataclass(frozen=True, slots=True)
class Code:
    """A code: `name` in few words, `severity`, and `meaning`, one sentence on what it finds."""

    code: str
    name: str
    severity: Severity
    meaning: str


_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFO

_ALL: tuple[Code, ...] = (
    Code("TP101", "syntax error", _E, "The text is not a sentence of the language."),
    Code("TP102", "full-width punctuation", _W, "A full-width sign stands for its ASCII twin."),
    Code("TP103", "missing space after keyword", _E, "A keyword and a name are written as one."),
    Code("TP104", "mixed keyword languages", _W, "One file has English and Chinese keywords."),
    Code("TP201", "unknown name", _E, "Nothing of the kind needed here has that name."),
    Code("TP202", "unknown code value", _E, "The closed set of a code has no such value."),
    Code("TP203", "duplicate declaration", _E, "A name is declared twice."),
    Code("TP204", "unused declaration", _W, "A let, a table or a field is never read."),
    Code("TP205", "name shadows field", _E, "A let has the name of a field of the event."),
    Code("TP211", "type mismatch", _E, "A value of another type is needed here."),
    Code("TP212", "currency mismatch", _E, "Amounts of different currencies meet."),
    Code("TP213", "unit mismatch", _E, "Quantities or ratios of different units meet."),
    Code("TP214", "unrounded amount posted", _E, "An exact value stands where an amount must."),
    Code("TP215", "list used without each or sum", _E, "A value per element stands for one value."),
    Code("TP216", "possible overflow", _E, "A value can grow beyond what can be stored."),
    Code("TP217", "division by possibly zero", _E, "A divisor is not proved different from zero."),
    Code("TP218", "optional field may be absent", _E, "An optional field is read without a guard."),
    Code("TP219", "exact value outgrows its bound", _E, "An exact value needs rounding earlier."),
    Code("TP301", "voucher not proved balanced", _E, "Debits and credits do not reduce to zero."),
    Code("TP302", "not balanced per dimension", _E, "A balancing dimension does not balance."),
    Code("TP303", "functional amount does not follow", _E, "Amount and rate do not give it."),
    Code("TP304", "line always zero", _W, "A line is always dropped because its amount is zero."),
    Code("TP305", "independently rounded parts", _W, "Parts of one total are rounded apart."),
    Code("TP306", "required dimension missing", _E, "A line lacks a dimension of its account."),
    Code("TP307", "account closed", _E, "An account is not valid at the rule's dates."),
    Code("TP308", "amount may be negative", _W, "A ledger that rejects negatives may get one."),
    Code("TP309", "two remaining lines", _E, "Two lines of a voucher take what others leave."),
    Code("TP310", "account may not take the rest", _E, "A remaining line is on no plug account."),
    Code("TP401", "overlapping rows", _E, "Two rows of a unique table match the same inputs."),
    Code("TP402", "gap in a table", _E, "Inputs exist for which a table has no row."),
    Code("TP403", "unreachable row", _W, "Earlier rows match all that a row could match."),
    Code("TP404", "column never matters", _W, "A column never changes the result of a table."),
    Code("TP405", "cell outside its set", _E, "A cell lies outside the code or range declared."),
    Code("TP406", "rule guards overlap or leave a gap", _E, "Not exactly one rule matches."),
    Code("TP501", "overlapping effective ranges", _E, "Two texts of a rule hold on one date."),
    Code("TP502", "hole in effective dates", _W, "On some dates no text of a rule holds."),
    Code("TP503", "no value at the rule's dates", _E, "A rate or table does not cover the rule."),
    Code("TP504", "change before a closed period", _E, "A change reaches into a closed period."),
    Code("TP505", "state lost", _E, "A target or record that holds state is gone or renamed."),
    Code("TP601", "release without reserve", _E, "Nothing ever reserves what is released."),
    Code("TP602", "check without outcome", _W, "Nothing uses what a check decides."),
    Code("TP603", "budget key wrong", _E, "A budget is read with keys of other number or kind."),
    Code("TP604", "reservation key not unique", _W, "Two events may reserve under one key."),
    Code("TP701", "step unreachable", _E, "A workflow step waits for itself or is never reached."),
    Code("TP702", "workflow without outcome", _E, "A workflow has no approved or rejected end."),
    Code("TP703", "unknown role", _E, "Nobody can hold the role of a workflow step."),
    Code("TP704", "emitted event incomplete", _E, "An emitted event lacks required fields."),
    Code("TP705", "cycle of emitted events", _E, "Emitted events lead back to themselves."),
    Code("TP801", "name case", _W, "A name is not written as names of its kind are."),
    Code("TP802", "long let", _W, "A let is long enough to deserve parts with names."),
    Code("TP803", "file order", _W, "A declaration or rule stands behind tests."),
    Code("TP804", "long table", _W, "A table has more rows than a reader can check."),
    Code("TP805", "missing basis", _W, "A rule does not say on what it rests."),
    Code("TP901", "not covered by a test", _I, "No test reaches a rule, a row or a line."),
    Code("TP902", "test without expectation", _E, "A test expects nothing."),
    Code("TP903", "two tests with one name", _E, "Two tests have the same name."),
)

#: Every code by its name, in order.
CODES: dict[str, Code] = {code.code: code for code in _ALL}


def diagnose(
    code: str,
    span: Span,
    message: str,
    *,
    severity: Severity | None = None,
    label: str = "",
    notes: tuple[str, ...] = (),
    help: str = "",  # noqa: A002 - the word the reader sees
    suggestions: tuple[str, ...] = (),
    fix: Fix | None = None,
    related: tuple[tuple[Span, str], ...] = (),
    declaration: str = "",
) -> Diagnostic:
    """Makes a diagnostic whose severity is the registered one unless given.

    Raises:
        InvariantBroken: the code is not registered.
    """
    if code not in CODES:
        raise InvariantBroken("diagnostic code not registered", code)
    return Diagnostic(
        code,
        severity or CODES[code].severity,
        message,
        span,
        label=label,
        notes=notes,
        help=help,
        suggestions=suggestions,
        fix=fix,
        related=related,
        declaration=declaration,
    )
