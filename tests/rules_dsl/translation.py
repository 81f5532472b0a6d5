"""Rewriting a rule file in the keywords of the other language; names and texts stay as they are."""

from __future__ import annotations

from rules_dsl.keywords import FUNCTION, KEYWORDS, Language, spelling_of
from rules_dsl.line_parser import ParsedLine
from rules_dsl.parse import parse_layout

_FUNCTIONS = {
    (spelling, language): keyword.english if language is Language.ENGLISH else keyword.chinese
    for keyword in KEYWORDS
    if FUNCTION in (keyword.terminal, *keyword.also)
    for spelling in (keyword.english, keyword.chinese)
    for language in Language
}


def translated(path: str, text: str, language: Language) -> str:
    """Gives the file with every keyword spelled in `language`."""
    layout = parse_layout(path, text)
    assert layout.result.diagnostics == [], layout.result.diagnostics
    lines = text.split("\n")
    changes = [
        change
        for chunk in layout.chunks
        for line in (chunk.header, *chunk.body)
        if line.parsed is not None
        for change in _changes(line.parsed, language)
    ]
    for number, start, end, spelling in sorted(changes, reverse=True):
        line_text = lines[number - 1]
        lines[number - 1] = line_text[: start - 1] + spelling + line_text[end - 1 :]
    return "\n".join(lines)


def _changes(parsed: ParsedLine, language: Language) -> list[tuple[int, int, int, str]]:
    """What to write in place of each keyword: (line, first column, end column, spelling)."""
    found = []
    for leaf in parsed.tree.tokens():
        first, last = parsed.lexemes[leaf.start_pos], parsed.lexemes[leaf.end_pos - 1]
        if first.kind != "NAME":
            continue
        if leaf.type == FUNCTION:
            spelling: str | None = _FUNCTIONS[first.text, language]
        else:
            spelling = spelling_of(leaf.type, language)
        if spelling is not None:
            found.append((first.line, first.column, last.end_column, spelling))
    return found
