"""Scanning a rule file: from its text to the lexemes of each logical line.

A logical line is a line with whatever its brackets wrap. Slips that concern one sign or one
literal are reported and repaired here, so that the line still parses; whether a word is a
keyword is decided later (`rules_dsl.line_parser`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from engine.program import Span
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic, Fix
from rules_dsl.keywords import Language, spelling_of
from rules_dsl.limits import (
    MAX_FILE_ERRORS,
    MAX_FILE_LEXEMES,
    MAX_FILE_WARNINGS,
    MAX_LINE_LEXEMES,
    MAX_NAME_CHARS,
    MAX_TEXT_CHARS,
)
from rules_dsl.literals import (
    DAY_FORM,
    NumberLiteral,
    day_number,
    plain_text,
    read_number,
    slipped_day,
)
from rules_dsl.source import FULL_WIDTH, split_lines


class Lexeme(NamedTuple):
    """One word, literal or sign on one physical line.

    Attributes:
        kind: its terminal; NAME for every word, keyword or not.
        text: as written, a word in NFC, a sign in ASCII.
        line, column, end_column: 1-based place in code points, end exclusive.
        glued: nothing stands between it and the lexeme before it on its line.
        value: of a NUMBER, DAY, or STRING (decoded), else None.
    """

    kind: str
    text: str
    line: int
    column: int
    end_column: int
    glued: bool = False
    value: NumberLiteral | int | str | None = None


class Comment(NamedTuple):
    """A comment as written, from its `#` to the end of its line; places are 1-based."""

    line: int
    column: int
    text: str


class PhysicalLine(NamedTuple):
    """The lexemes of one line of the file; `indent` is the width of the space before them."""

    number: int
    indent: int
    lexemes: list[Lexeme]


#: Signs of the language by spelling.
SIGNS: dict[str, str] = {
    "=": "EQ",
    "!=": "NE",
    "<": "LT",
    "<=": "LE",
    ">": "GT",
    ">=": "GE",
    "+": "PLUS",
    "-": "MINUS",
    "*": "STAR",
    "/": "SLASH",
    "(": "LPAR",
    ")": "RPAR",
    "[": "LSQB",
    "]": "RSQB",
    "{": "LBRACE",
    "}": "RBRACE",
    ",": "COMMA",
    "|": "PIPE",
    ".": "DOT",
    "..": "DOTDOT",
    "..<": "DOTDOT_LT",
    ":": "COLON",
    ";": "SEMICOLON",
}
#: Signs of other languages for which exactly one sign of ours is meant.
MEANT_SIGNS: dict[str, str] = {
    "==": "=",
    ":=": "=",
    "<>": "!=",
    "=>": ">=",
    "=<": "<=",
    "≥": ">=",
    "≤": "<=",
    "≠": "!=",
    "×": "*",
    "÷": "/",
    "−": "-",
    "–": "-",
    "—": "-",
    "、": ",",
}
#: Signs of other languages for which a keyword is meant, by its terminal.
MEANT_WORDS: dict[str, str] = {"&&": "AND", "!": "NOT"}
OPENERS: dict[str, str] = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
CLOSERS = frozenset(OPENERS.values())

# Further full-width twins of ASCII, and spaces that are none: repaired like the ones of the
# language, but an error, since they are not what an input method types for these signs.
_ODD = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
for _allowed in FULL_WIDTH:
    _ODD.pop(_allowed, None)
for _letter in [twin for twin, sign in _ODD.items() if sign.isalpha() or sign == "_"]:
    del _ODD[_letter]  # a full-width letter is a letter of a name
_ODD |= dict.fromkeys("\u00a0\u200b\u200c\u200d\u2060\ufeff", " ")
_QUOTES = "“”"
_TWINS = str.maketrans({key: sign for key, sign in FULL_WIDTH.items() if key not in _QUOTES} | _ODD)
_UNUSUAL_SIGN = re.compile("[" + re.escape("".join(sorted({*FULL_WIDTH, *_ODD}))) + "]")
_UNUSUAL = re.compile(_UNUSUAL_SIGN.pattern[:-1] + "\t]")
# Control and direction characters make a file read otherwise than it compiles.
_INVISIBLE = re.compile("[\u0000-\u0008\u000b-\u001f\u007f\u0085\u2028-\u202e\u2066-\u2069]")

_LEXEME = re.compile(
    rf"""
    (?P<space>\s+)
  | (?P<name>[^\W\d][\w\u0300-\u036f]*)
  | (?P<sign>\.\.<|\.\.|!=|!|&&|<=|==|:=|<>|=>|=<|>=|[=<>+\-*/()\[\]{{}},|.:;≥≤≠×÷−–—、])
  | (?P<text>"(?:[^"\\]|\\.)*"|“(?:[^”\\]|\\.)*”|'[^']*'|‘[^’]*’)
  | (?P<open_text>["“”'‘’].*)
  | (?P<day>{DAY_FORM})
  | (?P<grouped>[0-9]{{1,3}}(?:,[0-9]{{3}})+(?:\.[0-9]+)?%?(?![0-9]))
  | (?P<number>[0-9]+(?:\.[0-9]+)?(?:\s*%)?)
  | (?P<account>@[0-9A-Za-z](?:[0-9A-Za-z._-]*[0-9A-Za-z])?)
  | (?P<comment>\#.*)
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


def _plain_terminal(kind: str | None, raw: str) -> str | None:
    """Gives the terminal of a sign or word in which nothing needs repair, None for the rest."""
    if kind == "sign":
        return SIGNS.get(raw)
    is_plain = kind == "name" and len(raw) <= MAX_NAME_CHARS
    return "NAME" if is_plain and unicodedata.is_normalized("NFC", raw) else None


@dataclass(slots=True)
class Scanner:
    """Scans the lines of one file in order, collecting what is wrong with their lexemes.

    Comments mean nothing to the parser; they are kept beside the lexemes for the formatter.
    """

    path: str
    language: Language
    diagnostics: list[Diagnostic] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    _tab_seen: bool = False
    _warnings: int = 0

    def scan(self, text: str) -> list[PhysicalLine]:
        """Gives the lines of a text that hold anything but space and comments."""
        found: list[PhysicalLine] = []
        count = 0
        for number, line in enumerate(split_lines(text), start=1):
            physical = self.scan_line(line, number)
            if physical.lexemes:
                found.append(physical)
                count += len(physical.lexemes)
            if count > MAX_FILE_LEXEMES:
                last = physical.lexemes[-1]
                span = Span(self.path, number, last.column, number, last.end_column)
                self._error(span, f"the file has more than {MAX_FILE_LEXEMES} words and signs")
                return []
            if self._is_over():
                break
        return found

    def scan_line(self, line: str, number: int, column: int = 1) -> PhysicalLine:
        """Gives the lexemes of one line whose first character stands in `column`."""
        plain = line.translate(_TWINS) if _UNUSUAL.search(line) else line
        for match in islice(_INVISIBLE.finditer(line), MAX_FILE_ERRORS + 1):
            where = match.start() + column
            self._refuse_character(match.group(), Span(self.path, number, where, number, where + 1))
        lexemes: list[Lexeme] = []
        indent, end = 0, -1
        for match in _LEXEME.finditer(plain):
            kind, start, stop = match.lastgroup, match.start(), match.end()
            if plain is not line and kind not in {"text", "open_text", "comment"}:
                self._report_twins(line[start:stop], number, start + column)
            if kind == "space":
                indent = stop if start == 0 else indent
                continue
            if kind == "comment":
                self._report_twins(line[start], number, start + column)
                self.comments.append(Comment(number, start + column, line[start:]))
                break
            if self._is_over():
                break
            if len(lexemes) >= MAX_LINE_LEXEMES:
                self._refuse_long_line(number, start + column)
                break
            raw = line[start:stop] if kind in {"text", "open_text"} else match.group()
            glued, end = start == end, stop
            terminal = _plain_terminal(kind, raw)
            if terminal is None:
                span = Span(self.path, number, start + column, number, stop + column)
                lexeme = self._lexeme(str(kind), raw, span)
                if lexeme is not None:
                    lexemes.append(lexeme._replace(glued=True) if glued else lexeme)
            else:
                place = start + column
                lexemes.append(Lexeme(terminal, raw, number, place, stop + column, glued))
        return PhysicalLine(number, indent, lexemes)

    def _is_over(self) -> bool:
        """Tells whether there are so many errors that the rest is not read."""
        return len(self.diagnostics) - self._warnings > MAX_FILE_ERRORS

    def _lexeme(self, kind: str, raw: str, span: Span) -> Lexeme | None:
        """Makes the lexeme of one match, repairing and reporting what is slipped in it."""
        made = Lexeme("NAME", raw, span.line, span.column, span.end_column)
        match kind:
            case "name":
                if len(raw) > MAX_NAME_CHARS:
                    self._error(span, f"this name has more than {MAX_NAME_CHARS} characters")
                return made._replace(text=unicodedata.normalize("NFC", raw))
            case "sign":
                return self._sign(raw, span)
            case "number":
                return made._replace(kind="NUMBER", value=self._number(raw, span))
            case "grouped":
                plain = raw.replace(",", "")
                self._error(
                    span,
                    f"the number {raw} is written with commas",
                    help=f"write {plain}; two values have a space after the comma",
                    fix=Fix(span, plain, safe=False),
                )
                return made._replace(kind="NUMBER", value=self._number(plain, span))
            case "day":
                return made._replace(kind="DAY", value=self._day(raw, span))
            case "text":
                return made._replace(kind="STRING", value=self._text(raw, span))
            case "open_text":
                self._error(span, "this text has no closing quote", help='write " at its end')
                return made._replace(kind="STRING", value=raw[1:].rstrip())
            case "account":
                return made._replace(kind="ACCOUNT_CODE")
            case _:
                if not _INVISIBLE.match(raw):
                    self._refuse_character(raw, span)
                return None

    def _sign(self, raw: str, span: Span) -> Lexeme:
        terminal = MEANT_WORDS.get(raw)
        if terminal is None:
            meant = MEANT_SIGNS[raw]
            terminal, fix = SIGNS[meant], Fix(span, meant, safe=True)
        else:
            meant = spelling_of(terminal, self.language) or ""
            fix = Fix(span, f" {meant} ", safe=True)
        message = f"{raw} is not a sign of the language"
        self._error(span, message, help=f"write {meant}", fix=fix)
        return Lexeme(terminal, meant, span.line, span.column, span.end_column)

    def _number(self, raw: str, span: Span) -> NumberLiteral:
        if raw.endswith("%") and raw[-2].isspace():
            plain = re.sub(r"\s", "", raw)
            self._error(
                span,
                "a percent sign follows its number without a space",
                help=f"write {plain}",
                fix=Fix(span, plain, safe=True),
            )
            raw = plain
        number = read_number(raw)
        if number is None:
            self._error(span, "this number has more digits than any amount or ratio can have")
            return NumberLiteral(0, 0, percent=False)
        return number

    def _day(self, raw: str, span: Span) -> int:
        meant = slipped_day(raw)
        if meant != raw:
            self._error(
                span,
                f"the date {raw} is not in the form of the language",
                help=f"write {meant}",
                fix=Fix(span, meant, safe=True),
            )
        days = day_number(meant)
        if days is None:
            self._error(span, f"the calendar has no day {meant}")
            return 0
        return days

    def _text(self, raw: str, span: Span) -> str:
        body = raw[1:-1]
        if len(body) > MAX_TEXT_CHARS:
            self._error(span, f"this text has more than {MAX_TEXT_CHARS} characters")
            return ""
        if raw[0] != '"':
            plain = plain_text(raw)
            fix = Fix(span, plain, safe=True) if plain != raw else None
            if raw[0] in _QUOTES:
                message = "full-width quotes stand around this text"
                self._warn(span, message, help='write "', fix=fix)
            else:
                self._error(span, 'a text stands in " quotes', help='write "', fix=fix)
        for escape in re.finditer(r"\\(.)", body):
            if escape.group(1) not in '"\\':
                start = span.column + 1 + escape.start()
                where = Span(span.file, span.line, start, span.line, start + 2)
                self._error(
                    where,
                    f'{escape.group()} is no escape; a text has \\" and \\\\ only',
                )
        return re.sub(r'\\(["\\])', r"\1", body)

    def _report_twins(self, written: str, number: int, column: int) -> None:
        """Reports every full-width sign, odd space and tab in a piece of a line."""
        unusual = _UNUSUAL_SIGN if self._tab_seen else _UNUSUAL
        for match in unusual.finditer(written):
            if self._is_over():
                break
            offset, character = match.start(), match.group()
            where = column + offset
            span = Span(self.path, number, where, number, where + 1)
            if character in FULL_WIDTH and character not in _QUOTES:
                name = (
                    "an ideographic space" if character == "\u3000" else f"full-width {character}"
                )
                twin = FULL_WIDTH[character]
                message = f"{name} stands for {'a space' if twin == ' ' else twin}"
                self._warn(span, message, fix=Fix(span, twin, safe=True))
            elif character in _ODD:
                twin = _ODD[character]
                if twin == " ":
                    message, text = "an invisible character stands here", "write a space"
                else:
                    message, text = f"{character} is a full-width sign", f"write {twin}"
                # Of no width, it may stand inside a name, which a space would take apart.
                is_space = twin != " " or character == "\u00a0"
                self._error(span, message, help=text, fix=Fix(span, twin, safe=is_space))
            elif character == "\t" and not self._tab_seen:
                self._tab_seen = True
                self._error(
                    span,
                    "a tab stands here; its width differs between editors",
                    help="use spaces in the whole file; the formatter rewrites all tabs",
                    fix=Fix(span, "  ", safe=True),
                )

    def _refuse_character(self, raw: str, span: Span) -> None:
        if _INVISIBLE.match(raw):
            message = f"the invisible character U+{ord(raw):04X} may not stand in a rule file"
        elif raw in "$¥￥€£":
            message = f"{raw} has no meaning here; write the currency after the amount: 100.00 CNY"
        elif raw == "@":
            message = "an account code follows @ without a space: @1122"
        else:
            message = f"{raw} has no meaning in a rule"
        self._error(span, message)

    def _refuse_long_line(self, number: int, column: int) -> None:
        span = Span(self.path, number, column, number, column + 1)
        self._error(span, f"this line has more than {MAX_LINE_LEXEMES} words and signs")

    def _error(
        self,
        span: Span,
        message: str,
        *,
        label: str = "",
        help: str = "",  # noqa: A002
        fix: Fix | None = None,
    ) -> None:
        self.diagnostics.append(diagnose("TP101", span, message, label=label, help=help, fix=fix))

    def _warn(
        self,
        span: Span,
        message: str,
        *,
        help: str = "",  # noqa: A002
        fix: Fix | None = None,
    ) -> None:
        if self._warnings >= MAX_FILE_WARNINGS:
            return
        self._warnings += 1
        self.diagnostics.append(diagnose("TP102", span, message, help=help, fix=fix))


def without_tabs(text: str) -> str:
    """Gives a text with two spaces for each tab that stands between words."""
    return "\n".join(
        "".join(
            match.group().replace("\t", "  ") if match.lastgroup == "space" else match.group()
            for match in _LEXEME.finditer(line)
        )
        for line in text.split("\n")
    )
