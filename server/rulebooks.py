"""Rule books for the service: compiled and tested from files in memory, or read from a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import CallerError
from engine.program import Program
from rules_dsl.compile import CompileResult, compile_rulebook
from rules_dsl.diagnostics import Diagnostic, Severity, render
from rules_dsl.source import RULE_SUFFIX, SourceFile, strip_bom
from server.limits import MAX_RULE_FILES

if TYPE_CHECKING:
    from rules_dsl.testing import Coverage, Mutation, TestResult

#: Paths inside the rule book, '/' separated, with their content.
Files = Sequence[tuple[str, bytes]]

#: Suffix of tables that rule files refer to.
ASSET_SUFFIX = ".csv"


@dataclass(frozen=True, slots=True)
class Check:
    """What compiling and testing showed.

    Attributes:
        ok: no diagnostic is an error and every test run passed.
        diagnostics: each with its rendering for a terminal.
        tests: results of the tests, if run.
        revision: identity of the revision, "" where it does not compile.
        coverage: what the passing tests assert, None where it was not asked for.
    """

    ok: bool
    diagnostics: tuple[tuple[Diagnostic, str], ...]
    tests: tuple[TestResult, ...]
    revision: str
    coverage: Coverage | None = None

    def failures(self) -> str:
        """Errors and failed tests as a terminal shows them."""
        errors = [shown for found, shown in self.diagnostics if found.severity is Severity.ERROR]
        failed = [
            f"test {test.name} failed ({test.path}:{test.line}): {test.message}"
            for test in self.tests
            if not test.passed
        ]
        return "\n\n".join(errors + failed)


def compile_files(files: Files) -> Program:
    """The program of a rule book.

    Raises:
        CallerError: it does not compile; the message shows every error as a terminal would.
    """
    compiled, diagnostics = _compile(files)
    if compiled.program is None:
        raise CallerError("REVISION_REFUSED", Check(False, diagnostics, (), "").failures())
    return compiled.program


def check_files(files: Files, *, run_tests: bool, coverage: bool = False) -> Check:
    """Compiles a rule book and, if it compiles, runs its tests; stores nothing.

    `coverage`: with the tests, count what they assert.
    """
    compiled, diagnostics = _compile(files)
    if compiled.program is None:
        return Check(False, diagnostics, (), "")
    if not run_tests:
        return Check(True, diagnostics, (), compiled.program.revision)
    # Running tests needs the engine, which checking alone need not wait for.
    from rules_dsl import testing  # noqa: PLC0415

    measured = None
    if coverage:
        tests, measured = testing.run_covered(compiled.program, compiled.files)
    else:
        tests = testing.run_tests(compiled.program, compiled.files)
    ok = all(test.passed for test in tests)
    return Check(ok, diagnostics, tuple(tests), compiled.program.revision, measured)


def mutants_of_files(files: Files, *, seed: int = 0, limit: int = 0) -> Mutation:
    """Chooses mutants of a rule book that compiles; see `rules_dsl.testing.choose_mutants`."""
    from rules_dsl import testing  # noqa: PLC0415 - as above

    sources, assets = read_sources(files), read_assets(files)
    trees = compile_rulebook(sources, assets=assets).files
    return testing.choose_mutants(sources, trees, assets=assets, seed=seed, limit=limit)


def read_sources(files: Files) -> list[SourceFile]:
    """Gives the rule files among the files of a rule book, as text."""
    return [
        SourceFile(path, strip_bom(content.decode(errors="replace")))
        for path, content in files
        if path.endswith(RULE_SUFFIX)
    ]


def read_assets(files: Files) -> dict[str, bytes]:
    """Gives the other files of a rule book by their paths."""
    return {path: content for path, content in files if not path.endswith(RULE_SUFFIX)}


def read_folder(folder: Path) -> Files:
    """The files of a rule book's folder, in the order of their paths.

    Raises:
        CallerError: there is no rule file, or there are more than a rule book may have.
        OSError: a file cannot be read.
    """
    paths = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix in {RULE_SUFFIX, ASSET_SUFFIX} and path.is_file()
    ]
    if not any(path.suffix == RULE_SUFFIX for path in paths):
        raise CallerError("RULES", f"the folder {folder.name} holds no rule file (*{RULE_SUFFIX})")
    if len(paths) > MAX_RULE_FILES:
        raise CallerError("RULES", f"a rule book has at most {MAX_RULE_FILES} files")
    return [(path.relative_to(folder).as_posix(), path.read_bytes()) for path in paths]


def _compile(files: Files) -> tuple[CompileResult, tuple[tuple[Diagnostic, str], ...]]:
    sources = read_sources(files)
    texts = {source.path: source.text for source in sources}
    compiled = compile_rulebook(sources, assets=read_assets(files))
    rendered = tuple(
        (found, render(found, texts.get(found.span.file, ""))) for found in compiled.diagnostics
    )
    return compiled, rendered
