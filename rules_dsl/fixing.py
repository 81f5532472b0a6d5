"""Applying the safe fixes that diagnostics carry, until none is left.

A fix is safe where it is certain to keep, or to restore, what the author means; every other edit is
a suggestion and stays with the author.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rules_dsl.compile import compile_rulebook
from rules_dsl.diagnostics.model import Diagnostic, Fix, Severity
from rules_dsl.parse import parse_file
from rules_dsl.scan import without_tabs
from rules_dsl.source import SourceFile, span_text

#: Rounds of compiling and fixing. A round uncovers what the one before hid: a space, then a
#: rounding, then a dimension; more than a few are not known to happen.
MAX_ROUNDS: Final = 20


@dataclass(frozen=True, slots=True)
class FixedBook:
    """A rule book after fixing.

    Attributes:
        sources: the files as they are now, in their order. applied: what was repaired.
        diagnostics: what is left.
    """

    sources: tuple[SourceFile, ...]
    applied: tuple[Diagnostic, ...]
    diagnostics: tuple[Diagnostic, ...]


def fix_rulebook(
    sources: Sequence[SourceFile], *, assets: Mapping[str, bytes] | None = None
) -> FixedBook:
    """Applies safe fixes to a rule book until nothing changes.

    A file never gets more syntax errors than it had: where fixes would bring one, they are taken
    back and the file is left as it was.
    """
    current = {source.path: source.text for source in sources}
    applied: list[Diagnostic] = []
    stubborn: set[str] = set()
    for _ in range(MAX_ROUNDS):
        found = _compiled(current, assets)
        changed = False
        for path in list(current):
            wanted = [each for each in found if each.span.file == path and _is_safe(each)]
            if path in stubborn or not wanted:
                continue
            text, made = _applied(current[path], wanted)
            if (
                not made
                or text == current[path]
                or _errors(path, text) > _errors(path, current[path])
            ):
                stubborn.add(path)
                continue
            current[path] = text
            applied += made
            changed = True
        if not changed:
            break
    fixed = tuple(SourceFile(source.path, current[source.path]) for source in sources)
    return FixedBook(fixed, tuple(applied), _compiled(current, assets))


def apply_fixes(text: str, fixes: Iterable[Fix]) -> tuple[str, list[Fix]]:
    """Applies the fixes that do not meet, first come first; gives the text and those applied."""
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    pieces: list[str] = []
    made: list[Fix] = []
    end = -1
    for fix in sorted(fixes, key=_place):
        first = starts[fix.span.line - 1] + fix.span.column - 1
        last = starts[fix.span.end_line - 1] + fix.span.end_column - 1
        if first < end or (first == end and first == last):
            continue
        pieces += [text[max(end, 0) : first], fix.replacement]
        made.append(fix)
        end = last
    pieces.append(text[max(end, 0) :])
    return "".join(pieces), made


def _place(fix: Fix) -> tuple[int, int, int, int]:
    span = fix.span
    return span.line, span.column, span.end_line, span.end_column


def _is_safe(diagnostic: Diagnostic) -> bool:
    return diagnostic.fix is not None and diagnostic.fix.safe


def _applied(text: str, found: Sequence[Diagnostic]) -> tuple[str, list[Diagnostic]]:
    """Applies the fixes of one file; the tab that is reported stands for all of them."""
    tabs = [each for each in found if each.fix and span_text(text, each.fix.span) == "\t"]
    if tabs:
        return without_tabs(text), tabs
    fixed, made = apply_fixes(text, [each.fix for each in found if each.fix])
    return fixed, [each for each in found if each.fix in made]


def _compiled(
    texts: Mapping[str, str], assets: Mapping[str, bytes] | None
) -> tuple[Diagnostic, ...]:
    sources = [SourceFile(path, text) for path, text in texts.items()]
    return compile_rulebook(sources, assets=assets).diagnostics


def _errors(path: str, text: str) -> int:
    """How many syntax errors a file has."""
    found = parse_file(path, text).diagnostics
    return sum(each.severity is Severity.ERROR for each in found)
