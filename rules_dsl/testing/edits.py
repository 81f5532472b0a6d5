"""A small change of a rule book's text, and finding the places where one can be made."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import TypeVar

from engine.program import Span
from rules_dsl.diagnostics import Fix
from rules_dsl.fixing import apply_fixes
from rules_dsl.source import SourceFile, span_text, split_lines

N = TypeVar("N")


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one file by a named operator.

    `span`: the place it is about; `edits`: what is replaced by what, all in that file.
    """

    operator: str
    span: Span
    edits: tuple[Fix, ...]

    def apply(self, sources: Sequence[SourceFile]) -> list[SourceFile]:
        """Gives the rule book with the change made."""
        return [
            SourceFile(each.path, apply_fixes(each.text, self.edits)[0])
            if each.path == self.span.file
            else each
            for each in sources
        ]

    def diff(self, sources: Sequence[SourceFile]) -> str:
        """Gives the change as a text diff: lines that go (-) and lines that come (+)."""
        before = next(each for each in sources if each.path == self.span.file)
        after = apply_fixes(before.text, self.edits)[0]
        lines = difflib.unified_diff(
            split_lines(before.text), split_lines(after), n=0, lineterm="", fromfile="", tofile=""
        )
        return "\n".join(line for line in lines if line[:2] not in {"--", "++", "@@"})


class Texts:
    """The texts of a rule book, by places in them."""

    def __init__(self, sources: Sequence[SourceFile]) -> None:
        """`sources`: the rule files."""
        self._texts = {source.path: source.text for source in sources}

    def at(self, span: Span) -> str:
        """The text of a place."""
        return span_text(self._texts[span.file], span)

    def replace(self, operator: str, span: Span, text: str) -> Change:
        """Puts a text in the place of another."""
        return Change(operator, span, (Fix(span, text, safe=False),))

    def exchange(self, operator: str, first: Span, second: Span) -> Change | None:
        """Exchanges the texts of two places; None where they are the same."""
        one, other = self.at(first), self.at(second)
        if one == other:
            return None
        edits = (Fix(first, other, safe=False), Fix(second, one, safe=False))
        return Change(operator, first, edits)

    def drop_lines(self, operator: str, span: Span) -> Change:
        """Takes the lines out that a place lies on."""
        whole = Span(span.file, span.line, 1, span.end_line + 1, 1)
        lines = split_lines(self._texts[span.file])
        if span.end_line >= len(lines):
            whole = Span(span.file, span.line, 1, len(lines), len(lines[-1]) + 1)
        return Change(operator, span, (Fix(whole, "", safe=False),))


def nodes_of(tree: object, kind: type[N]) -> Iterator[N]:
    """Gives the nodes of a kind in a syntax tree, in the order of its members."""
    if isinstance(tree, kind):
        yield tree
    if isinstance(tree, tuple):
        for part in tree:
            yield from nodes_of(part, kind)
    elif is_dataclass(tree) and not isinstance(tree, type):
        for member in fields(tree):
            yield from nodes_of(getattr(tree, member.name), kind)
