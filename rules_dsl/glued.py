"""Keywords glued to a name: Chinese has no word breaks, so 借管理费用 scans as one word.

Such a word is split, reported (TP103) and the line parsed as if the space were there, but only
where the line then parses further than before.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.program import Span
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic, Fix
from rules_dsl.keywords import TERMINALS, Language, language_of
from rules_dsl.line_parser import FailedLine, ParsedLine, parse_line
from rules_dsl.scan import Lexeme

_CHINESE_KEYWORDS = sorted(
    (word for word in TERMINALS if language_of(word) is Language.CHINESE), key=len, reverse=True
)

#: Words before the failing one that are tried too, and splits of one line.
_WORDS_BACK = 6
_MAX_SPLITS = 8


def parse_glued(
    path: str, start: str, lexemes: list[Lexeme], diagnostics: list[Diagnostic]
) -> ParsedLine | FailedLine:
    """Parses a line, putting in the spaces that are missing between a keyword and a name."""
    parsed = parse_line(start, lexemes)
    for _ in range(_MAX_SPLITS):
        if isinstance(parsed, ParsedLine):
            break
        better = _split_once(parsed)
        if better is None:
            break
        parsed, left, right = better
        diagnostics.append(_missing_space(path, left, right))
    return parsed


def _split_once(failed: FailedLine) -> tuple[ParsedLine | FailedLine, Lexeme, Lexeme] | None:
    """Gives the split of one word with which the line parses furthest, None without any."""
    best: tuple[ParsedLine | FailedLine, Lexeme, Lexeme] | None = None
    reached = _reach(failed)
    last = min(failed.index, len(failed.lexemes) - 1)
    for index in range(last, max(last - _WORDS_BACK, -1), -1):
        for left, right in _splits(failed.lexemes[index]):
            changed = [*failed.lexemes[:index], left, right, *failed.lexemes[index + 1 :]]
            parsed = parse_line(failed.start, changed)
            if _reach(parsed) > reached:
                best, reached = (parsed, left, right), _reach(parsed)
    return best


def _reach(parsed: ParsedLine | FailedLine) -> tuple[int, int, int]:
    """Tells how far a line parses: all of it, or up to a place."""
    if isinstance(parsed, ParsedLine):
        return (1, 0, 0)
    if parsed.index >= len(parsed.lexemes):
        last = parsed.lexemes[-1]
        return (0, last.line, last.end_column)
    lexeme = parsed.lexemes[parsed.index]
    return (0, lexeme.line, lexeme.column)


def _splits(lexeme: Lexeme) -> Iterator[tuple[Lexeme, Lexeme]]:
    """Gives the ways to take a Chinese keyword off the beginning or the end of a word."""
    if lexeme.kind != "NAME" or lexeme.text.isascii() or lexeme.text in TERMINALS:
        return
    for keyword in _CHINESE_KEYWORDS:
        if lexeme.text.startswith(keyword):
            yield _cut(lexeme, len(keyword))
        if lexeme.text.endswith(keyword):
            yield _cut(lexeme, len(lexeme.text) - len(keyword))


def _cut(lexeme: Lexeme, length: int) -> tuple[Lexeme, Lexeme]:
    middle = lexeme.column + length
    left = lexeme._replace(text=lexeme.text[:length], end_column=middle)
    return left, lexeme._replace(text=lexeme.text[length:], column=middle, glued=True)


def _missing_space(path: str, left: Lexeme, right: Lexeme) -> Diagnostic:
    span = Span(path, left.line, left.column, right.line, right.end_column)
    between = Span(path, right.line, right.column, right.line, right.column)
    keyword = left.text if left.text in _CHINESE_KEYWORDS else right.text
    return diagnose(
        "TP103",
        span,
        f"a space is missing beside the keyword {keyword}",
        help=f"write {left.text} {right.text}",
        fix=Fix(between, " ", safe=False),
    )
