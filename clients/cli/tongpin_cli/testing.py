"""`tongpin test`: runs the test blocks of rule books, shows what differs and is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rules_dsl.diagnostics import to_json
from rules_dsl.testing import Coverage, Part, TestResult, show_difference
from server.rulebooks import check_files, read_sources
from tongpin_cli.checking import BookFiles, diagnostics_data, read_books
from tongpin_cli.output import EXIT_INPUT, EXIT_OK, Output


def test_rules(paths: Sequence[Path], output: Output, *, coverage: bool = False) -> int:
    """Runs the test blocks of the rule books; `coverage`: counts what the passing ones assert."""
    results: list[object] = []
    covered: list[object] = []
    passed = failed = 0
    for book in read_books(paths):
        check = check_files(book.files, run_tests=True, coverage=coverage)
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
        if check.coverage is not None:
            _show_coverage(check.coverage, output)
            covered.append(_coverage_data(check.coverage, book))
    output.data({"tests": results, "coverage": covered} if coverage else results)
    output.text(f"{passed} passed, {failed} failed")
    return EXIT_INPUT if failed or not passed else EXIT_OK


def show_failure(result: TestResult, output: Output) -> None:
    """Prints a failed test: where it stands, and expected beside booked."""
    message = result.message
    if result.difference is not None:
        message = show_difference(result.difference, color=output.is_colored)
    output.text(f"FAILED {result.name} ({result.path}:{result.line})")
    output.text("  " + message.replace("\n", "\n  "))


def _show_coverage(coverage: Coverage, output: Output) -> None:
    """Prints what no passing test asserts, place by place, and then the counts."""
    for item in coverage.uncovered:
        output.text(f"{item.span.file}:{item.span.line}: {item.name}")
    for line in coverage.remaining:
        where = f"{line.span.file}:{line.span.line}"
        output.text(f"{where}: rule {line.rule} takes what other lines leave, up to {line.bound}")
    counts = [(part.value, *map(str, coverage.count(part))) for part in Part]
    output.table(("asserted by a passing test", "covered", "of"), counts, right=" rr")


def _coverage_data(coverage: Coverage, book: BookFiles) -> dict[str, object]:
    sources = {source.path: source.text for source in read_sources(book.files)}
    counts = {part.value: coverage.count(part) for part in Part}
    return {
        "counts": {
            name.replace(" ", "_"): {"covered": covered, "of": of}
            for name, (covered, of) in counts.items()
        },
        "remaining": [
            {
                "file": line.span.file,
                "line": line.span.line,
                "rule": line.rule,
                "bound": line.bound,
            }
            for line in coverage.remaining
        ],
        "uncovered": [to_json(each, sources[each.span.file]) for each in coverage.diagnostics()],
    }
