"""`tongpin test --mutate`: which small slips in a rule book no test notices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from rules_dsl.testing import OPERATORS, Fate, Mutation, Tried
from server.rulebooks import check_files, mutants_of_files
from tongpin_cli.checking import collect_rarely, diagnostics_data, read_books
from tongpin_cli.output import EXIT_INPUT, EXIT_OK, Output
from tongpin_cli.testing import show_failure


@dataclass(frozen=True, slots=True)
class MutantChoice:
    """Which mutants are tried: `limit` of them (0 = all), drawn with `seed`."""

    seed: int
    limit: int


def mutate_rules(
    paths: Sequence[Path], choice: MutantChoice, output: Output, *, strict: bool = False
) -> int:
    """Tries mutants of rule books whose tests pass; survivors make it fail with `strict` only."""
    collect_rarely()
    books: list[object] = []
    survived = 0
    for book in read_books(paths):
        check = check_files(book.files, run_tests=True)
        if not check.ok or not check.tests:
            output.text(check.failures() if not check.revision else "mutants need passing tests:")
            for result in check.tests:
                if not result.passed:
                    show_failure(result, output)
            output.data(diagnostics_data(check, book.files))
            return EXIT_INPUT
        mutation = mutants_of_files(book.files, seed=choice.seed, limit=choice.limit)
        tried = _try_all(mutation)
        survived += sum(each.fate is Fate.SURVIVED for each in tried)
        _show(tried, mutation, choice, output)
        books.append(_data(tried, mutation, choice))
    output.data(books)
    return EXIT_INPUT if strict and survived else EXIT_OK


def _try_all(mutation: Mutation) -> list[Tried]:
    tried = []
    with Progress(transient=True, console=Console(stderr=True)) as progress:
        task = progress.add_task("mutants", total=len(mutation.chosen))
        for each in mutation.run():
            tried.append(each)
            progress.advance(task)
    return tried


def _show(tried: Sequence[Tried], mutation: Mutation, choice: MutantChoice, output: Output) -> None:
    """Prints survivors by position with their change, then the counts by operator."""
    for each in tried:
        if each.fate is Fate.SURVIVED:
            span = each.change.span
            output.text(f"{span.file}:{span.line}: survived: {each.change.operator}")
            output.text("  " + each.diff.replace("\n", "\n  "))
    counts = Counter((each.change.operator, each.fate) for each in tried)
    totals = Counter(each.fate for each in tried)
    rows = [
        (name, *(str(counts[name, fate]) for fate in Fate))
        for name in OPERATORS
        if any(counts[name, fate] for fate in Fate)
    ]
    rows.append(("all", *(str(totals[fate]) for fate in Fate)))
    output.table(("mutants", *(fate.value for fate in Fate)), rows, right=" rrr")
    output.text(f"{len(tried)} of {mutation.count} mutants, seed {choice.seed}")


def _data(tried: Sequence[Tried], mutation: Mutation, choice: MutantChoice) -> dict[str, object]:
    totals = Counter(each.fate for each in tried)
    return {
        "seed": choice.seed,
        "mutants": mutation.count,
        "tried": len(tried),
        "caught_by_check": totals[Fate.CHECKED],
        "killed": totals[Fate.KILLED],
        "survived": totals[Fate.SURVIVED],
        "survivors": [
            {
                "operator": each.change.operator,
                "file": each.change.span.file,
                "line": each.change.span.line,
                "column": each.change.span.column,
                "diff": each.diff,
            }
            for each in tried
            if each.fate is Fate.SURVIVED
        ],
    }
