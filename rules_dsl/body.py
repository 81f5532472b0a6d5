"""A declaration on its way from its parsed lines to its syntax node."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.program import Span
from rules_dsl.build_lines import build_wire
from rules_dsl.build_tree import Node, Place, must_token, span_of


@dataclass(frozen=True, slots=True)
class BuiltLine:
    """A parsed body line: its tree and what building needs to know of it."""

    place: Place
    tree: Node


@dataclass(slots=True)
class Body:
    """A declaration on its way: its header and those of its body lines that parse.

    `broken` says that a line was lost, so that nothing is concluded from what is missing.
    """

    place: Place
    header: Node
    lines: list[BuiltLine] = field(default_factory=list)
    broken: bool = False

    @property
    def name(self) -> str:
        """The name in the header."""
        return str(must_token(self.header, "NAME"))

    @property
    def name_span(self) -> Span:
        """The place of the name in the header."""
        return span_of(self.place, must_token(self.header, "NAME"))

    @property
    def wire(self) -> str:
        """The wire name in the header."""
        return build_wire(self.place, self.header, self.name)

    @property
    def span(self) -> Span:
        """From the header's first word to the end of the last line."""
        first = span_of(self.place, self.header)
        last = span_of(self.lines[-1].place, self.lines[-1].tree) if self.lines else first
        return Span(first.file, first.line, first.column, last.end_line, last.end_column)
