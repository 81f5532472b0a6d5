"""`tongpin test`: runs the test blocks of rule books and shows what differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rules_dsl.testing import TestResult, show_difference
from server.rulebooks import check_files
from tongpin_cli.checking import diagnostics_data, read_books
from tongpin_cli.output import EXIT_INPUT, EXIT_OK, Output


def test_rules(paths: Sequence[Path], output: Output) -> int:
    """Runs the test blocks of the rule books."""
    results: list[object] = []
    passed = failed = 0
    for book in read_books(paths):
        check = check_files(book.files, run_tests=True)
        if not check.revision:
            output.text(check.failures())
            output.data(diagnostics_data(check, book.files))
            return EXIT_INPUT
        for result in check.tests:
            results.append(asdict(result))
            passed += result.passed
            failed += not result.passed
            if not result.passed:
                show_failure(result, output)
    output.data(results)
    output.text(f"{passed} passed, {failed} failed")
    return EXIT_INPUT if failed or not passed else EXIT_OK


def show_failure(result: TestResult, output: Output) -> None:
    """Prints a failed test: where it stands, and expected beside booked."""
    message = result.message
    if result.difference is not None:
        message = show_difference(result.difference, color=output.is_colored)
    output.text(f"FAILED {result.name} ({result.path}:{result.line})")
    output.text("  " + message.replace("\n", "\n  "))
