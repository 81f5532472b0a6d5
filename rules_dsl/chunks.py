"""Cutting a scanned file into declarations: a header line and the body lines below it.

Cutting needs only first words and columns, so that a mistake in one declaration cannot reach
the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.program import Span
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic, Fix
from rules_dsl.diagnostics.suggest import suggest
from rules_dsl.keywords import (
    BUDGET_LINES,
    RESERVED_SPELLINGS,
    RULE_LINES,
    TEST_LINES,
    TOP_LEVEL,
    Language,
    language_of,
    spellings_of,
)
from rules_dsl.limits import MAX_DEPTH, MAX_FILE_ERRORS, MAX_LINE_LEXEMES, MAX_WRAPPED_LINES
from rules_dsl.line_parser import ParsedLine
from rules_dsl.scan import CLOSERS, OPENERS, Lexeme, PhysicalLine

#: Spellings of the words that open a declaration, with their terminals.
HEADER_WORDS = spellings_of(TOP_LEVEL)
#: First words of the body lines of a budget, and of a budget, a rule or a test.
BUDGET_WORDS = frozenset(spelling.split()[0] for spelling in spellings_of(BUDGET_LINES))
BODY_WORDS = frozenset(spellings_of((*RULE_LINES, *TEST_LINES))) | BUDGET_WORDS

#: Kinds of declaration whose body lines start with a keyword or a `|`, never with a name.
_WORDED_BODIES = frozenset({"RULE", "TEST", "TABLE", "RATE", "BUDGET"})


@dataclass(slots=True)
class LogicalLine:
    """A line with what its brackets wrap; `refused` where that already failed.

    `parsed` is its parse tree, once it has been parsed and where it parses.
    """

    indent: int
    lexemes: list[Lexeme]
    refused: Diagnostic | None = None
    parsed: ParsedLine | None = None


@dataclass(slots=True)
class Chunk:
    """One declaration; `kind` is the terminal of its keyword, "" where it has none we know.

    `title` is what messages call it, known once its header has parsed.
    """

    kind: str
    header: LogicalLine
    body: list[LogicalLine] = field(default_factory=list)
    title: str = ""


def span_of_lexeme(path: str, lexeme: Lexeme) -> Span:
    """Gives the place of a lexeme."""
    return Span(path, lexeme.line, lexeme.column, lexeme.line, lexeme.end_column)


# --- Logical lines -----------------------------------------------------------------------


def join_lines(path: str, lines: Sequence[PhysicalLine]) -> list[LogicalLine]:
    """Joins physical lines wherever a bracket is open at the end of one."""
    joined: list[LogicalLine] = []
    index = errors = 0
    while index < len(lines):
        line = lines[index]
        lexemes = list(line.lexemes)
        opened: list[Lexeme] = []
        deep = _track(opened, lexemes)
        following = index + 1
        while opened and deep is None and following < len(lines):
            more = lines[following]
            begins_anew = more.indent == 0 and more.lexemes[0].kind not in CLOSERS
            if begins_anew or following - index > MAX_WRAPPED_LINES:
                break
            deep = _track(opened, more.lexemes)
            lexemes += more.lexemes
            following += 1
        refused = None
        if deep is not None:
            message = f"brackets are nested deeper than {MAX_DEPTH} levels"
            refused = diagnose("TP101", span_of_lexeme(path, deep), message)
        elif len(lexemes) > MAX_LINE_LEXEMES:
            message = f"what these brackets wrap has more than {MAX_LINE_LEXEMES} words and signs"
            refused = diagnose("TP101", span_of_lexeme(path, lexemes[MAX_LINE_LEXEMES]), message)
        elif opened:
            refused = _unclosed(path, line)
            lexemes = list(line.lexemes)
            following = _after_unclosed(lines, index)
        joined.append(LogicalLine(line.indent, lexemes, refused))
        errors += refused is not None
        if errors > MAX_FILE_ERRORS:
            break
        index = following
    return joined


def _track(opened: list[Lexeme], lexemes: Sequence[Lexeme]) -> Lexeme | None:
    """Follows the brackets of a line; gives the one that is nested too deep, or None."""
    for lexeme in lexemes:
        if lexeme.kind in OPENERS:
            opened.append(lexeme)
            if len(opened) > MAX_DEPTH:
                return lexeme
        elif lexeme.kind in CLOSERS and opened:
            opened.pop()
    return None


def _unclosed(path: str, line: PhysicalLine) -> Diagnostic:
    opened: list[Lexeme] = []
    _track(opened, line.lexemes)
    bracket = opened[-1]
    closer = {"(": ")", "[": "]", "{": "}"}[bracket.text]
    return diagnose(
        "TP101",
        span_of_lexeme(path, bracket),
        f"this {bracket.text} is never closed",
        help=f"write the missing {closer}",
    )


def _after_unclosed(lines: Sequence[PhysicalLine], index: int) -> int:
    """Skips what an unclosed bracket may have wrapped: up to the next line that opens one."""
    following = index + 1
    while following < len(lines):
        line = lines[following]
        first = line.lexemes[0]
        if line.indent == 0 or first.kind == "PIPE" or first.text in BODY_WORDS:
            break
        following += 1
    return following


# --- Declarations ------------------------------------------------------------------------


@dataclass(slots=True)
class Cutter:
    """Cuts the logical lines of one file, collecting what is wrong with how they stand."""

    path: str
    language: Language
    diagnostics: list[Diagnostic] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)

    def cut(self, lines: Sequence[LogicalLine]) -> list[Chunk]:
        """Gives the declarations of the file."""
        for line in lines:
            if len(self.diagnostics) > MAX_FILE_ERRORS:
                break
            first = line.lexemes[0]
            kind = self._header_kind(line)
            if kind:
                self.chunks.append(Chunk(kind, line))
            elif line.indent > 0:
                self._add_body_line(line)
            elif self._is_body_line(line):
                help_text = "indent the line by two spaces"
                where = span_of_lexeme(self.path, first)
                before = Span(self.path, first.line, 1, first.line, 1)
                self._report(
                    where,
                    f"{first.text} opens a line inside a declaration and must be indented",
                    help_text,
                    Fix(before, "  ", safe=True),
                )
                self.chunks[-1].body.append(line)
            else:
                self._add_unknown(line)
        return self.chunks

    def _header_kind(self, line: LogicalLine) -> str:
        """Gives the terminal of the keyword that opens a declaration here, or ""."""
        first = line.lexemes[0]
        kind = HEADER_WORDS.get(first.text, "") if first.kind == "NAME" else ""
        if line.indent == 0:
            return kind or _glued_kind(first)
        current = self.chunks[-1].kind if self.chunks else "RULE"
        is_body_word = first.text in BODY_WORDS and bool(self.chunks)
        if not kind or is_body_word or current not in _WORDED_BODIES:
            return ""
        if len(line.lexemes) < 2 or line.lexemes[1].kind not in {"NAME", "STRING"}:
            return ""
        span = Span(self.path, first.line, 1, first.line, first.column)
        self._report(
            span_of_lexeme(self.path, first),
            f"{first.text} opens a declaration and must stand in column 1",
            "take the space before it away",
            Fix(span, "", safe=True),
        )
        return kind

    def _add_body_line(self, line: LogicalLine) -> None:
        if self.chunks:
            self.chunks[-1].body.append(line)
            return
        first = line.lexemes[0]
        self._report(
            span_of_lexeme(self.path, first), "this line is indented but belongs to no declaration"
        )
        self.chunks.append(Chunk("", line))

    def _is_body_line(self, line: LogicalLine) -> bool:
        """Tells a body line that has lost its indentation."""
        if not self.chunks:
            return False
        current, first = self.chunks[-1].kind, line.lexemes[0]
        if first.kind == "PIPE":
            return current in {"TABLE", "RATE"}
        if current == "BUDGET":
            return first.text in BUDGET_WORDS
        if first.text in BODY_WORDS:
            return current in {"RULE", "TEST"}
        return False

    def _add_unknown(self, line: LogicalLine) -> None:
        """Takes a line that opens no declaration we know, with the body that follows it."""
        first = line.lexemes[0]
        where = span_of_lexeme(self.path, first)
        kind = ""
        if first.text in RESERVED_SPELLINGS:
            self._report(where, f"{first.text} is reserved for a later stage of the language")
        elif first.kind == "NAME":
            known = [word for word in HEADER_WORDS if language_of(word) is language_of(first.text)]
            meant = suggest(first.text, known)
            fix = Fix(where, meant[0], safe=False) if meant else None
            message = f"{first.text} opens no declaration"
            if not meant:
                listed = [word for word in HEADER_WORDS if language_of(word) is self.language]
                self._report(where, message, "a declaration opens with one of " + ", ".join(listed))
            else:
                kind = HEADER_WORDS[meant[0]]
                self._report(where, message, fix=fix, suggestions=meant)
        else:
            self._report(where, "a declaration opens with its keyword in column 1")
        header = line
        if kind:
            lexemes = [first._replace(text=meant[0]), *line.lexemes[1:]]
            header = LogicalLine(line.indent, lexemes, line.refused)
        self.chunks.append(Chunk(kind, header))

    def _report(
        self,
        span: Span,
        message: str,
        help: str = "",  # noqa: A002
        fix: Fix | None = None,
        *,
        suggestions: tuple[str, ...] = (),
    ) -> None:
        self.diagnostics.append(
            diagnose("TP101", span, message, help=help, fix=fix, suggestions=suggestions)
        )


def _glued_kind(first: Lexeme) -> str:
    """Gives the terminal of a Chinese keyword that a name is glued to, as in 规则费用报销."""
    if first.kind != "NAME":
        return ""
    glued = [
        word
        for word in HEADER_WORDS
        if language_of(word) is Language.CHINESE and first.text.startswith(word)
    ]
    return HEADER_WORDS[max(glued, key=len)] if glued else ""
