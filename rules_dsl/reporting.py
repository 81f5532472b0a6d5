"""Collecting the diagnostics of the middle passes, with the text they point into.

Not responsible for what is wrong; every pass says that in the author's own names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from engine.program import Span
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic, Fix, Severity
from rules_dsl.diagnostics.suggest import suggest
from rules_dsl.keywords import KEYWORDS, TERMINALS, Language, language_of
from rules_dsl.source import line_at, span_text

_CHINESE = {keyword.english: keyword.chinese for keyword in KEYWORDS}


class Reporter:
    """Where the passes put their diagnostics.

    Attributes:
        diagnostics: what was found, in the order it was found.
        declaration: shown behind the position, such as "rule 费用报销"; "" outside of one.
        errors: how many of them are errors.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        """`texts`: the text of each file by its path, for fixes."""
        self.diagnostics: list[Diagnostic] = []
        self.declaration = ""
        self.errors = 0
        self._texts = texts
        self._languages: dict[str, Language] = {}
        self._seen: set[tuple[str, str, Span]] = set()

    @contextmanager
    def inside(self, declaration: str) -> Iterator[None]:
        """Names the declaration that the diagnostics of the block belong to."""
        before, self.declaration = self.declaration, declaration
        try:
            yield
        finally:
            self.declaration = before

    def error(
        self,
        code: str,
        span: Span,
        message: str,
        *,
        label: str = "",
        notes: tuple[str, ...] = (),
        help: str = "",  # noqa: A002 - the word the reader sees
        suggestions: tuple[str, ...] = (),
        fix: Fix | None = None,
        related: tuple[tuple[Span, str], ...] = (),
    ) -> None:
        """Adds a diagnostic, once for a place."""
        if (code, message, span) in self._seen:
            return
        self._seen.add((code, message, span))
        found = diagnose(
            code,
            span,
            message,
            label=label,
            notes=notes,
            help=help,
            suggestions=suggestions,
            fix=fix,
            related=related,
            declaration=self.declaration,
        )
        self.diagnostics.append(found)
        self.errors += found.severity is Severity.ERROR

    def unknown(
        self,
        kind: str,
        name: str,
        span: Span,
        candidates: Iterable[str],
        *,
        where: str = "",
        help: str = "",  # noqa: A002 - the word the reader sees
    ) -> None:
        """Reports a name that nothing of the kind has, with the nearest names of that kind."""
        near = self.near(name, candidates)
        self.error(
            "TP201",
            span,
            f"unknown {kind} {name}{where}",
            help=help,
            suggestions=near,
            fix=Fix(span, near[0], safe=False) if near else None,
        )

    @staticmethod
    def near(name: str, candidates: Iterable[str]) -> tuple[str, ...]:
        """The names that an unknown one may be a slip for, best first."""
        return suggest(name, candidates)

    def duplicate(self, kind: str, name: str, span: Span, first: Span, *, where: str = "") -> None:
        """Reports a second declaration of a name, with the place of the first."""
        self.error(
            "TP203",
            span,
            f"the {kind} {name} is declared twice{where}",
            label="again here",
            related=((first, "first declared here"),),
            help="give one of them another name, or remove it",
        )

    # --- The text ------------------------------------------------------------------------

    def text(self, span: Span) -> str:
        """The text of a place, "" where it is not known."""
        return span_text(self._texts.get(span.file, ""), span)

    def place_of(self, name: str, span: Span) -> Span:
        """Where a name stands in the first line of a declaration; the whole of it if nowhere."""
        line = line_at(self._texts.get(span.file, ""), span.line)
        found = line.find(name, max(span.column - 1, 0))
        if not name or found < 0:
            return span
        return Span(span.file, span.line, found + 1, span.line, found + 1 + len(name))

    def word(self, english: str, span: Span) -> str:
        """A keyword in the language of the file that a place is in."""
        language = self._languages.get(span.file)
        if language is None:
            language = _main_language(self._texts.get(span.file, ""))
            self._languages[span.file] = language
        return _CHINESE[english] if language is Language.CHINESE else english

    def wrap(self, span: Span, function: str, *, safe: bool = False) -> Fix | None:
        """A fix that puts a function around a place; None where its text is not known."""
        text = self.text(span)
        return Fix(span, f"{self.word(function, span)}({text})", safe=safe) if text else None


def _main_language(text: str) -> Language:
    """The language of most words that open a line and are keywords."""
    balance = 0
    for line in text.split("\n"):
        word = line.split(maxsplit=1)[0] if line.strip() else ""
        if word in TERMINALS:
            balance += 1 if language_of(word) is Language.CHINESE else -1
    return Language.CHINESE if balance > 0 else Language.ENGLISH
