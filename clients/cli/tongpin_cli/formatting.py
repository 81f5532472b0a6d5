"""`tongpin fmt`: rule files rewritten in place, or named where they would change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.errors import CallerError
from rules_dsl.diagnostics import Diagnostic, Severity, render, to_json
from rules_dsl.formatter import format_text
from rules_dsl.source import RULE_SUFFIX, read_text
from tongpin_cli.output import EXIT_INPUT, EXIT_OK, Output


def format_files(paths: Sequence[Path], output: Output, *, only_check: bool) -> int:
    """Formats rule files, those of folders included; a file that does not parse is left alone."""
    changed: list[str] = []
    broken: list[object] = []
    files = rule_files(paths)
    for path in files:
        text = read_text(path)
        formatted = format_text(path.as_posix(), text)
        if formatted.text is None:
            broken += _refused(formatted.diagnostics, text, output)
        elif formatted.text.encode() != path.read_bytes():
            changed.append(str(path))
            output.text(f"{'would change' if only_check else 'formatted'} {path}")
            if not only_check:
                write_text(path, formatted.text)
    output.data({"files": len(files), "changed": changed, "diagnostics": broken})
    verb = "would change" if only_check else "changed"
    output.text(f"{len(changed)} of {len(files)} files {verb}")
    return EXIT_INPUT if broken or (only_check and changed) else EXIT_OK


def rule_files(paths: Sequence[Path]) -> list[Path]:
    """Gives the rule files named and those in the folders named, each once.

    Raises:
        CallerError: one is not there, or a folder holds none.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if not path.exists():
            raise CallerError("RULES", f"there is no file or folder {path}")
        inside = sorted(path.rglob(f"*{RULE_SUFFIX}")) if path.is_dir() else [path]
        if not inside:
            raise CallerError("RULES", f"the folder {path} holds no rule file (*{RULE_SUFFIX})")
        found |= dict.fromkeys(each for each in inside if each.is_file())
    return list(found)


def write_text(path: Path, text: str) -> None:
    """Writes a rule file as it is to be, with plain newlines on every system."""
    path.write_text(text, encoding="utf-8", newline="\n")


def _refused(diagnostics: Sequence[Diagnostic], text: str, output: Output) -> list[object]:
    errors = [each for each in diagnostics if each.severity is Severity.ERROR]
    for error in errors:
        output.text(render(error, text))
        output.text()
    return [to_json(error, text) for error in errors]
