"""`tongpin new`: a folder with a rule book to begin with."""

from __future__ import annotations

from pathlib import Path

from engine.errors import CallerError
from rules_dsl.keywords import Language
from rules_dsl.scaffold import new_rulebook
from tongpin_cli.formatting import write_text
from tongpin_cli.output import EXIT_OK, Output


def write_rulebook(folder: Path, language: str, output: Output) -> int:
    """Writes a new rule book into a folder that is empty or not there yet."""
    if language not in list(Language):
        known = " or ".join(Language)
        raise CallerError("USAGE", f"--lang is {known}, not {language}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CallerError("RULES", f"{folder} is there already and is not an empty folder")
    folder.mkdir(parents=True, exist_ok=True)
    written: list[str] = []
    for source in new_rulebook(folder.resolve().name, Language(language)):
        write_text(folder / source.path, source.text)
        written.append(str(folder / source.path))
        output.text(f"wrote {folder / source.path}")
    output.text(f"next: tongpin check {folder}, tongpin test {folder}, tongpin fmt {folder}")
    output.text(f"then: tongpin publish --rules {folder} --store sqlite:///book.db --reason WHY")
    output.data({"files": written})
    return EXIT_OK
