"""Finds tests that test nothing (TP902) and tests that cannot be told apart (TP903)."""

from __future__ import annotations

from rules_dsl import syntax
from rules_dsl.checks.input import CheckInput
from rules_dsl.checks.study import authors_of
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic

_EXPECTATIONS = (
    syntax.ExpectVoucher,
    syntax.ExpectStatus,
    syntax.ExpectMove,
    syntax.ExpectAvailable,
)


def test_blocks(checked: CheckInput) -> list[Diagnostic]:
    """Reports tests without an expectation, and every test whose name an earlier one has."""
    found = []
    first: dict[str, syntax.TestDecl] = {}
    for test in authors_of(checked).all(syntax.TestDecl):
        word = checked.word("expect", test.span)
        if not any(isinstance(step, _EXPECTATIONS) for step in test.steps):
            found.append(
                diagnose(
                    "TP902",
                    test.span,
                    f'the test "{test.name}" expects nothing, so it can never fail',
                    help=f"say what becomes of the event: {word}"
                    f" {checked.word('voucher', test.span)} with its lines, or"
                    f" {word} {checked.word('no posting', test.span)}",
                )
            )
        earlier = first.setdefault(test.name, test)
        if earlier is not test:
            found.append(
                diagnose(
                    "TP903",
                    test.span,
                    f'another test is called "{test.name}"',
                    help="name what this one shows that the other does not",
                    related=((earlier.span, "the first one stands here"),),
                )
            )
    return found


test_blocks.__test__ = False  # type: ignore[attr-defined]
