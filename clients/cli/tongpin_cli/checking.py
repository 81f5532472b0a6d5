"""`tongpin check`: diagnostics of rule books, their safe fixes, and the page of a code."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import CallerError
from rules_dsl.diagnostics import Severity, to_json
from server.rulebooks import Check, Files, check_files, read_assets, read_folder, read_sources
from tongpin_cli.output import EXIT_INPUT, EXIT_OK, Output


@dataclass(frozen=True, slots=True)
class BookFiles:
    """The files of one rule book by their names in it; `places`: where they are."""

    files: Files
    places: dict[str, Path]


def read_books(paths: Sequence[Path]) -> list[BookFiles]:
    """The rule books named: each folder is one; single files together are one."""
    books: list[BookFiles] = []
    for folder in (path for path in paths if path.is_dir()):
        files = read_folder(folder)
        books.append(BookFiles(files, {name: folder / name for name, _ in files}))
    single = [path for path in paths if not path.is_dir()]
    missing = [str(path) for path in single if not path.exists()]
    if missing:
        raise CallerError("RULES", f"there is no file or folder {', '.join(missing)}")
    if single:
        charts = [
            asset
            for folder in sorted({path.parent for path in single})
            for asset in sorted(folder.glob("*.csv"))
        ]
        named = [*sorted(single), *charts]
        files = [(path.name, path.read_bytes()) for path in named]
        books.append(BookFiles(files, {path.name: path for path in named}))
    return books


def check_rules(paths: Sequence[Path], output: Output, *, fix: bool = False) -> int:
    """Prints every diagnostic of the rule books; with `fix` repairs what is safe before."""
    collect_rarely()
    found: list[object] = []
    counts = dict.fromkeys(Severity, 0)
    codes: set[str] = set()
    if fix:
        _fix(read_books(paths), output)
    for book in read_books(paths):
        check = check_files(book.files, run_tests=False)
        found.extend(diagnostics_data(check, book.files))
        for diagnostic, shown in check.diagnostics:
            counts[diagnostic.severity] += 1
            codes.add(diagnostic.code)
            output.text(shown)
            output.text()
    output.data(found)
    summary = ", ".join(f"{count} {severity.value}" for severity, count in counts.items() if count)
    output.text(summary or "no problems found")
    if codes:
        output.text(f"more about a code: tongpin check --explain {min(codes)}")
    return EXIT_INPUT if counts[Severity.ERROR] else EXIT_OK


def collect_rarely() -> None:
    """Lets a command that ends soon look for cycles of garbage seldom.

    Syntax trees hold none; looking for them again and again takes two fifths of a compilation.
    """
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def diagnostics_data(check: Check, files: Files) -> list[object]:
    """The diagnostics of a rule book for machines."""
    sources = {path: content.decode(errors="replace") for path, content in files}
    return [
        to_json(diagnostic, sources[diagnostic.span.file])
        for diagnostic, _ in check.diagnostics
        if diagnostic.span.file in sources
    ]


def explain_code(code: str, output: Output) -> int:
    """Prints the page of a diagnostic code."""
    from rules_dsl.diagnostics.pages import read_page

    name = code.upper()
    page = read_page(name)
    if page is None:
        raise CallerError("CODE", f"no page tells of {code}; codes read like TP301")
    output.text(page.rstrip())
    output.data({"code": name, "page": page})
    return EXIT_OK


def _fix(books: Sequence[BookFiles], output: Output) -> None:
    """Repairs what is safe to repair, in place."""
    from rules_dsl.fixing import fix_rulebook

    count = 0
    changed: list[str] = []
    for book in books:
        sources = read_sources(book.files)
        fixed = fix_rulebook(sources, assets=read_assets(book.files))
        count += len(fixed.applied)
        for before, after in zip(sources, fixed.sources, strict=True):
            if before.text != after.text:
                changed.append(str(book.places[after.path]))
                # Line ends are the author's; `fmt` makes them one.
                book.places[after.path].write_text(after.text, encoding="utf-8", newline="")
    output.note(f"fixed {count} problems in {', '.join(changed)}" if changed else "nothing to fix")
