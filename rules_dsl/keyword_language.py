"""In which language a file writes its keywords, and whether it mixes two."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from engine.program import Span
from rules_dsl.chunks import BODY_WORDS, HEADER_WORDS
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic
from rules_dsl.keywords import TERMINALS, VALUE_TERMINALS, Language, language_of
from rules_dsl.line_parser import ParsedLine
from rules_dsl.scan import Lexeme
from rules_dsl.tree import Token

_HEADER_WORD = re.compile(r"^(\w+)", re.MULTILINE)
_BODY_WORD = re.compile(r"^\s+(\w+)", re.MULTILINE)


def main_language(text: str) -> Language:
    """Gives the language of most words that open a declaration, or else a body line."""
    for pattern, words in ((_HEADER_WORD, HEADER_WORDS), (_BODY_WORD, BODY_WORDS)):
        counts = Counter(language_of(word) for word in pattern.findall(text) if word in words)
        if counts:
            chinese = counts[Language.CHINESE] > counts[Language.ENGLISH]
            return Language.CHINESE if chinese else Language.ENGLISH
    return Language.ENGLISH


@dataclass(slots=True)
class LanguageUse:
    """Which keywords of each language a file uses."""

    counts: dict[Language, int] = field(default_factory=lambda: dict.fromkeys(Language, 0))
    first: dict[Language, Lexeme] = field(default_factory=dict)

    def count(self, parsed: ParsedLine) -> None:
        """Counts the keywords of a line."""
        for leaf in filter(_is_keyword, parsed.tree.tokens()):
            language = language_of(str(leaf))
            self.counts[language] += 1
            self.first.setdefault(language, parsed.lexemes[leaf.start_pos])

    def mixture(self, path: str) -> Diagnostic | None:
        """Gives the warning where both languages are used, at the first of the rarer one."""
        if len(self.first) < 2:
            return None
        rarer = min(self.counts, key=lambda language: self.counts[language])
        lexeme = self.first[rarer]
        articles = {Language.ENGLISH: "an English", Language.CHINESE: "a Chinese"}
        names = {Language.ENGLISH: "English", Language.CHINESE: "Chinese"}
        usual = next(language for language in Language if language is not rarer)
        return diagnose(
            "TP104",
            Span(path, lexeme.line, lexeme.column, lexeme.line, lexeme.end_column),
            f"{lexeme.text} is {articles[rarer]} keyword in a file with {names[usual]} ones",
            notes=(f"{self.counts[rarer]} of {sum(self.counts.values())} keywords",),
            help="write all keywords of a file in one language",
        )


def _is_keyword(leaf: Token) -> bool:
    return leaf.type not in VALUE_TERMINALS and leaf.type != "NAME" and leaf in TERMINALS
