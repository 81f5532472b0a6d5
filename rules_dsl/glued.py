"""Keywords glued to a name: Chinese has no word breaks, so 借管理费用 scans as one word.

Such a word is split, reported (TP103) and the line parsed as if the space were there, but only
where the line then parses further than before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.program import Span
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic, Fix
from rules_dsl.keywords import TERMINALS, Language, language_of
from rules_dsl.line_parser import FailedLine, ParsedLine, parse_line
from rules_dsl.scan import Lexeme, Scanner

_CHINESE_KEYWORDS = sorted(
    (word for word in TERMINALS if language_of(word) is Language.CHINESE), key=len, reverse=True
)

#: Words before the failing one that are tried too, and splits of one line.
_WORDS_BACK = 6
_MAX_SPLITS = 12

#: Lexemes parsed again in one file in the search for splits, so that the search stays short.
_MAX_AGAIN = 100_000


@dataclass(frozen=True, slots=True)
class Split:
    """A word of a line taken apart: its index, its parts, and the keyword among them."""

    index: int
    left: list[Lexeme]
    right: list[Lexeme]
    keyword: str
    keyword_first: bool

    def apply(self, lexemes: list[Lexeme]) -> list[Lexeme]:
        """Gives the lexemes of the line with the word taken apart."""
        return [*lexemes[: self.index], *self.left, *self.right, *lexemes[self.index + 1 :]]


@dataclass(slots=True)
class GluedParser:
    """Parses the lines of one file, putting in the spaces missing beside its keywords."""

    path: str
    language: Language
    diagnostics: list[Diagnostic] = field(default_factory=list)
    _left: int = _MAX_AGAIN

    def parse(self, start: str, lexemes: list[Lexeme]) -> ParsedLine | FailedLine:
        """Parses a line as `parse_line` does, and reports each space it put in."""
        parsed = parse_line(start, lexemes)
        all_made: list[Split] = []
        is_certain = True
        while isinstance(parsed, FailedLine) and len(all_made) < _MAX_SPLITS:
            parsed, made, is_only = self._split_further(parsed)
            if not made:
                break
            is_certain = is_certain and is_only
            all_made += made
        is_certain = is_certain and isinstance(parsed, ParsedLine)
        self.diagnostics.extend(
            _missing_space(self.path, split, safe=is_certain) for split in all_made
        )
        return parsed

    def _split_further(
        self, failed: FailedLine
    ) -> tuple[ParsedLine | FailedLine, list[Split], bool]:
        """Splits the word, or the two words, with which the line parses furthest, if any.

        Two are needed where the first split alone only turns one mistake into another, as in
        若可抵扣 则1: the failing word and one before it. Tells also whether no other split comes
        as far.
        """
        best: tuple[ParsedLine | FailedLine, list[Split]] = (failed, [])
        is_only = True
        reached = _reach(failed)
        lexemes, last = failed.lexemes, min(failed.index, len(failed.lexemes) - 1)
        at_last = list(self._splits(lexemes, last))
        earlier = [
            split
            for index in range(last - 1, max(last - _WORDS_BACK, 0) - 1, -1)
            for split in self._splits(lexemes, index)
        ]
        pairs = [[before, behind] for before in earlier for behind in at_last]
        for made in [*([each] for each in [*at_last, *earlier]), *pairs]:
            self._left -= len(lexemes)
            if self._left < 0 or (len(made) > 1 and best[1]):
                break
            changed = lexemes
            for split in reversed(made):  # from behind, so that the indices before stay true
                changed = split.apply(changed)
            parsed = parse_line(failed.start, changed)
            if not _is_keyword(parsed, made[0]):
                continue
            if _reach(parsed) > reached:
                best, reached, is_only = (parsed, made), _reach(parsed), True
            elif _reach(parsed) == reached:
                is_only = False
        return *best, is_only

    def _splits(self, lexemes: list[Lexeme], index: int) -> Iterator[Split]:
        """Gives the ways to take a Chinese keyword off the beginning or the end of a word."""
        lexeme = lexemes[index]
        text = lexeme.text
        if lexeme.kind != "NAME" or text.isascii() or text in TERMINALS:
            return
        for keyword in _CHINESE_KEYWORDS:
            if text.startswith(keyword):
                yield from self._cut(lexeme, index, keyword, keyword_first=True)
            if text.endswith(keyword):
                yield from self._cut(lexeme, index, keyword, keyword_first=False)

    def _cut(
        self, lexeme: Lexeme, index: int, keyword: str, *, keyword_first: bool
    ) -> Iterator[Split]:
        """Cuts a word; a part that begins with a digit is scanned anew, since it is no name."""
        length = len(keyword) if keyword_first else len(lexeme.text) - len(keyword)
        line, middle = lexeme.line, lexeme.column + length
        scanner = Scanner(self.path, self.language)
        left = scanner.scan_line(lexeme.text[:length], line, lexeme.column).lexemes
        right = scanner.scan_line(lexeme.text[length:], line, middle).lexemes
        if left and right:
            right[0] = right[0]._replace(glued=True)
            yield Split(index, left, right, keyword, keyword_first)


def _is_keyword(parsed: ParsedLine | FailedLine, split: Split) -> bool:
    """Tells whether the part split off is taken for a keyword and not for a name."""
    index = split.index if split.keyword_first else split.index + len(split.left)
    return parsed.terminals[index : index + 1] not in {(), ("NAME",)}


def _reach(parsed: ParsedLine | FailedLine) -> tuple[int, int, int]:
    """Tells how far a line parses: all of it, or up to a place."""
    if isinstance(parsed, ParsedLine):
        return (1, 0, 0)
    if parsed.index >= len(parsed.lexemes):
        last = parsed.lexemes[-1]
        return (0, last.line, last.end_column)
    lexeme = parsed.lexemes[parsed.index]
    return (0, lexeme.line, lexeme.column)


def _missing_space(path: str, split: Split, *, safe: bool) -> Diagnostic:
    left, right = split.left[0], split.right[-1]
    middle = split.right[0].column
    return diagnose(
        "TP103",
        Span(path, left.line, left.column, right.line, right.end_column),
        f"a space is missing beside the keyword {split.keyword}",
        help=f"write {_written(split.left)} {_written(split.right)}",
        fix=Fix(Span(path, left.line, middle, left.line, middle), " ", safe=safe),
    )


def _written(lexemes: list[Lexeme]) -> str:
    return "".join(lexeme.text for lexeme in lexemes)
