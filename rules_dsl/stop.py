"""The place where a line stopped making sense, with the questions that explanations ask of it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.program import Span
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic, Fix
from rules_dsl.keywords import Language, spelling_of
from rules_dsl.line_parser import FailedLine
from rules_dsl.scan import Lexeme

#: Terminals a literal can begin with, and those an expression can begin with.
LITERALS = frozenset({"NUMBER", "STRING", "DAY", "TRUE", "FALSE", "NAME", "MINUS"})
_READINGS = frozenset({"BALANCE", "DEBITS", "CREDITS", "BALANCES"})
VALUES = LITERALS | _READINGS | {"FUNCTION", "LPAR", "GIVEN", "NOT", "IF", "FOREIGN"}

_MAX_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Stop:
    """A failed line seen from the place where it fails."""

    path: str
    failed: FailedLine
    language: Language

    @property
    def found(self) -> Lexeme | None:
        """The lexeme that cannot stand there, or None where the line ends."""
        return self.peek(0)

    @property
    def previous(self) -> Lexeme | None:
        """The lexeme before it."""
        return self.peek(-1)

    @property
    def before(self) -> tuple[str, ...]:
        """The terminals that the words before it were taken for."""
        return self.failed.terminals

    @property
    def kind(self) -> str:
        """Its kind, "" where the line ends."""
        return self.found.kind if self.found else ""

    @property
    def text(self) -> str:
        """Its text, "" where the line ends."""
        return self.found.text if self.found else ""

    @property
    def span(self) -> Span:
        """Its place; the empty place behind the last lexeme where the line ends."""
        if self.found is not None:
            return self.span_of(self.found)
        last = self.failed.lexemes[-1]
        return Span(self.path, last.line, last.end_column, last.line, last.end_column)

    def peek(self, distance: int) -> Lexeme | None:
        """Gives the lexeme `distance` behind the one found, None outside the line."""
        index = self.failed.index + distance
        return self.failed.lexemes[index] if 0 <= index < len(self.failed.lexemes) else None

    def accepts(self, *terminals: str) -> bool:
        """Tells whether each of the terminals could stand there."""
        return all(terminal in self.failed.accepted for terminal in terminals)

    def word(self, terminal: str) -> str:
        """Spells a keyword in the author's language."""
        return spelling_of(terminal, self.language) or terminal.lower()

    @property
    def shown_text(self) -> str:
        """Its text as a message shows it."""
        text = self.text
        return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"

    def span_of(self, first: Lexeme, last: Lexeme | None = None) -> Span:
        """Gives the place of a lexeme, or from one to another."""
        last = last or first
        return Span(self.path, first.line, first.column, last.line, last.end_column)

    def insert(self, text: str) -> Fix:
        """Gives the fix that writes something right before what was found."""
        at = self.span
        here = Span(self.path, at.line, at.column, at.line, at.column)
        return Fix(here, text, safe=False)

    def insert_after_previous(self, text: str) -> Fix:
        """Gives the fix that writes something right behind the lexeme before."""
        at = self.span_of(self.previous or self.failed.lexemes[0])
        return Fix(
            Span(self.path, at.end_line, at.end_column, at.end_line, at.end_column),
            text,
            safe=False,
        )

    def replace(self, text: str, *, span: Span | None = None) -> Fix:
        """Gives the fix that writes something in place of what was found."""
        return Fix(span or self.span, text, safe=False)

    def slip(
        self,
        message: str,
        help: str = "",  # noqa: A002 - the word the reader sees
        fix: Fix | None = None,
        *,
        span: Span | None = None,
    ) -> Diagnostic:
        """Makes the diagnostic of a recognised slip."""
        return diagnose("TP101", span or self.span, message, help=help, fix=fix)
