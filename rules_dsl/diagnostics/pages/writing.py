"""Writing the pages: what their authors said, what the registry says, and what compiling says."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from rules_dsl import syntax
from rules_dsl.compile import CompileResult, compile_rulebook
from rules_dsl.diagnostics.codes import CODES
from rules_dsl.diagnostics.model import Diagnostic
from rules_dsl.diagnostics.pages import PAGES
from rules_dsl.diagnostics.pages.page import BOOK, FixSafety, Page
from rules_dsl.diagnostics.render import render
from rules_dsl.publication import BookFacts, ClosedPeriod, check_publication
from rules_dsl.source import SourceFile
from rules_dsl.testing import run_covered, tests_of

#: Where the written pages stand.
FOLDER: Final = Path(__file__).resolve().parents[1] / "docs"

_PACKAGE = Path(__file__).resolve().parents[2]
_BOOK_FILE, _EXAMPLE_FILE = "book.tp", "rules.tp"
_WIDTH = 110
#: Lines shown of an example that is too long to be read.
_SHOWN_BEGINNING, _SHOWN_END = 25, 2
_FIXES = {
    FixSafety.NONE: "There is no fix.",
    FixSafety.SUGGESTED: "A fix is suggested and never applied by `tongpin check --fix`.",
    FixSafety.SAFE: "Safe: `tongpin check --fix` applies it.",
    FixSafety.PARTLY: (
        "Partly safe: `tongpin check --fix` applies some fixes and leaves others as suggestions."
    ),
}


def written_pages() -> dict[str, str]:
    """Gives every file of the folder by its name."""
    pages = {f"{page.code}.md": written(page) for page in PAGES.values()}
    return {"README.md": _index(), **pages}


def written(page: Page) -> str:
    """Gives the page of a code as Markdown."""
    code = CODES[page.code]
    found = [each for each in diagnostics_of(page.bad, page.before) if each.code == page.code]
    shown = "\n\n".join(render(each, page.bad) for each in found if each.span.file == _EXAMPLE_FILE)
    reporters = ", ".join(f"`{name}`" for name in sorted(reporting_modules()[page.code]))
    parts = [
        f"# {page.code}: {code.name}（{page.chinese}）",
        _wrapped(f"{code.severity.capitalize()}. {code.meaning}"),
        "## What it checks",
        _wrapped(page.checks),
        "## Why it matters",
        _wrapped(page.matters),
        *(["## In force before", f"```tp\n{page.before}```"] if page.before else []),
        "## Bad",
        f"```tp\n{_abridged(page.bad)}```",
        f"```text\n{shown}\n```",
        "## Good",
        f"```tp\n{_abridged(page.good)}```",
        "## Fix safety",
        _wrapped(f"{_FIXES[page.fix]} {page.fix_note}".strip()),
    ]
    if page.related:
        near = (f"[{each}]({each}.md) {CODES[each].name}" for each in page.related)
        parts += ["## Related", ", ".join(near)]
    parts.append(
        _wrapped(
            f"Reported by {reporters}. The examples continue the book in [README.md](README.md)."
        )
    )
    return "\n\n".join(parts) + "\n"


def _abridged(example: str) -> str:
    """An example as it is shown: of a long one its beginning and its end."""
    lines = example.splitlines(keepends=True)
    left_out = len(lines) - _SHOWN_BEGINNING - _SHOWN_END
    if left_out <= _SHOWN_BEGINNING:
        return example
    kept = lines[:_SHOWN_BEGINNING], lines[-_SHOWN_END:]
    return "".join([*kept[0], f"  # … {left_out} lines like these …\n", *kept[1]])


def diagnostics_of(example: str, before: str = "") -> tuple[Diagnostic, ...]:
    """Gives what is found in an example and in the book before it.

    That is what `check` finds and, where it has tests and compiles, what these do not assert; of
    an example published after other rules also what the book holds against it.
    """
    compiled = _compiled(example)
    if before and compiled.program is not None:
        facts = _facts(_compiled(before).files)
        return (*compiled.diagnostics, *check_publication(compiled.files, facts))
    if compiled.program is None or not tests_of(compiled.files):
        return compiled.diagnostics
    _, coverage = run_covered(compiled.program, compiled.files)
    return (*compiled.diagnostics, *coverage.diagnostics())


def _compiled(example: str) -> CompileResult:
    return compile_rulebook([SourceFile(_BOOK_FILE, BOOK), SourceFile(_EXAMPLE_FILE, example)])


def _facts(files: tuple[syntax.File, ...]) -> BookFacts:
    """A book whose 2026-03 is closed and in which all that these rules declare holds state."""
    first, last = (date.fromisoformat(day).toordinal() for day in ("2026-03-01", "2026-03-31"))
    epoch = date(1970, 1, 1).toordinal()
    declared = [each for file in files for each in file.declarations]
    return BookFacts(
        (ClosedPeriod("2026-03 of C01", first - epoch, last - epoch, files),),
        frozenset(each.name for each in declared if isinstance(each, syntax.TargetDecl)),
        frozenset(each.name for each in declared if isinstance(each, syntax.RecordDecl)),
    )


@cache
def reporting_modules() -> dict[str, frozenset[str]]:
    """Gives for each code the modules whose code names it, which is how it is reported."""
    found: dict[str, set[str]] = {code: set() for code in CODES}
    for path in _PACKAGE.rglob("*.py"):
        name = path.relative_to(_PACKAGE.parent).as_posix()
        if name.startswith("rules_dsl/diagnostics/"):
            continue
        for code in _named(ast.parse(path.read_text(encoding="utf-8"))):
            found.get(code, set()).add(name)
    return {code: frozenset(names) for code, names in found.items()}


def _named(tree: ast.AST) -> Iterator[str]:
    """Gives the texts of a module, without those that are listed in a set: they report nothing."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif not isinstance(node, ast.Set):
            yield from _named(node)


def _index() -> str:
    rows = [
        f"| [{each}]({each}.md) | {code.severity} | {code.name} | {PAGES[each].chinese} "
        f"| {PAGES[each].fix} |"
        for each, code in CODES.items()
        if each in PAGES
    ]
    kept = ", ".join(f"{code} {CODES[code].name}" for code in CODES if code not in PAGES)
    parts = [
        "# Diagnostics",
        _wrapped(
            "What the compiler says about rule books, a page for each code; `tongpin check "
            "--explain TP301` shows one. Written by `python -m rules_dsl.diagnostics.pages "
            "--write` from the code that reports them."
        ),
        "\n".join(["| Code | Severity | Name | 中文 | Fix |", "|---|---|---|---|---|", *rows]),
        _wrapped(f"Codes that nothing reports yet: {kept}."),
        "The examples of all pages continue this book:",
        f"```tp\n{BOOK}```",
    ]
    return "\n\n".join(parts) + "\n"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
