"""Parsing rule files: from text to syntax trees, with every mistake as a diagnostic.

Never raises on what an author wrote. A declaration that does not parse does not disturb the
others, and inside a declaration every broken line is reported on its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from engine.program import Span
from rules_dsl.body import Body, BuiltLine
from rules_dsl.build_declarations import build_declaration
from rules_dsl.build_tree import Place, is_too_deep, span_of
from rules_dsl.chunks import HEADER_WORDS, Chunk, Cutter, LogicalLine, join_lines, span_of_lexeme
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic, Severity
from rules_dsl.glued import GluedParser
from rules_dsl.keyword_language import LanguageUse, main_language
from rules_dsl.keywords import Language
from rules_dsl.limits import (
    MAX_BOOK_CHARS,
    MAX_DEPTH,
    MAX_FILE_CHARS,
    MAX_FILE_ERRORS,
    MAX_FILE_LINES,
    MAX_FILES,
)
from rules_dsl.line_parser import FailedLine, ParsedLine
from rules_dsl.scan import Comment, Scanner
from rules_dsl.slips import explain_failure
from rules_dsl.source import UNDECODABLE, SourceFile, place_of_offset, strip_bom
from rules_dsl.syntax import Declaration, File

#: Start symbols of the body lines of a declaration: of the first line and of the others.
_BODY_STARTS: dict[str, tuple[str, str]] = {
    "LIST": ("field_line", "field_line"),
    "EVENT": ("field_line", "field_line"),
    "RECORD": ("field_line", "field_line"),
    "CHART": ("account_line", "account_line"),
    "TABLE": ("table_header", "table_row"),
    "RATE": ("rate_header", "rate_row"),
    "BUDGET": ("budget_line", "budget_line"),
    "RULE": ("rule_line", "rule_line"),
    "TEST": ("test_line", "test_line"),
}


@dataclass(frozen=True, slots=True)
class ParseResult:
    """A parsed file and what is wrong with it.

    Attributes:
        file: the declarations that parse. A rule or test with a broken line is left out; other
            declarations are there with the lines that parse.
        diagnostics: in the order of their places.
        broken: names of declarations that lost a line, so that a later pass need not report
            what only follows from that.
    """

    file: File
    diagnostics: list[Diagnostic]
    broken: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Layout:
    """A parsed file with how it is written.

    Attributes:
        result: what parsing gives.
        chunks: the declarations line by line, in the order of the file.
        comments: in the order of the file.
    """

    result: ParseResult
    chunks: list[Chunk]
    comments: list[Comment]


def parse_rulebook(sources: Iterable[SourceFile]) -> tuple[tuple[File, ...], list[Diagnostic]]:
    """Parses the files of a rule book, in the order given."""
    files: list[File] = []
    diagnostics: list[Diagnostic] = []
    chars = 0
    for count, source in enumerate(sources, start=1):
        chars += len(source.text)
        if count > MAX_FILES or chars > MAX_BOOK_CHARS:
            limit = f"{MAX_FILES} files" if count > MAX_FILES else f"{MAX_BOOK_CHARS} characters"
            diagnostics.append(
                diagnose(
                    "TP101",
                    Span(source.path, 1, 1, 1, 2),
                    f"the rule book has more than {limit}; this file is not read",
                )
            )
            break
        result = parse_file(source.path, source.text)
        files.append(result.file)
        diagnostics.extend(result.diagnostics)
    return tuple(files), diagnostics


def parse_file(path: str, text: str) -> ParseResult:
    """Parses one rule file."""
    return parse_layout(path, text).result


def parse_layout(path: str, text: str) -> Layout:
    """Parses one rule file and keeps how it is written."""
    text = strip_bom(text)
    refused = refuse_whole(path, text)
    if refused is not None:
        return Layout(ParseResult(File(path, ()), [refused]), [], [])
    language = main_language(text)
    scanner = Scanner(path, language)
    lines = scanner.scan(text)
    cutter = Cutter(path, language)
    chunks = cutter.cut(join_lines(path, lines))
    parser = _FileParser(path, language)
    for chunk in chunks:
        parser.parse(chunk)
        if len(parser.diagnostics) > MAX_FILE_ERRORS:
            break
    found = [*scanner.diagnostics, *cutter.diagnostics, *parser.finish()]
    result = ParseResult(
        File(path, tuple(parser.declarations)),
        _in_order(path, found, chunks),
        frozenset(parser.broken),
    )
    return Layout(result, chunks, scanner.comments)


def refuse_whole(path: str, text: str) -> Diagnostic | None:
    """Gives the diagnostic of a file that is too long or no text, at the place where it is."""
    lines = text.count("\n", 0, MAX_FILE_CHARS)
    if lines > MAX_FILE_LINES:
        span = Span(path, MAX_FILE_LINES + 1, 1, MAX_FILE_LINES + 1, 1)
        return diagnose("TP101", span, f"the file has more than {MAX_FILE_LINES} lines")
    if len(text) > MAX_FILE_CHARS:
        line, column = place_of_offset(text, MAX_FILE_CHARS)
        span = Span(path, line, column, line, column)
        return diagnose("TP101", span, f"the file has more than {MAX_FILE_CHARS} characters")
    undecodable = text.find(UNDECODABLE)
    if undecodable >= 0:
        line, column = place_of_offset(text, undecodable)
        span = Span(path, line, column, line, column + 1)
        return diagnose("TP101", span, "the file is not UTF-8 here", help="save it as UTF-8")
    return None


@dataclass(slots=True)
class _FileParser:
    """Parses the declarations of one file, one after the other."""

    path: str
    language: Language
    diagnostics: list[Diagnostic] = field(default_factory=list)
    declarations: list[Declaration] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    use: LanguageUse = field(default_factory=LanguageUse)
    glued: GluedParser = field(init=False)

    def __post_init__(self) -> None:
        """Lets the line parser report into the same list."""
        self.glued = GluedParser(self.path, self.language, self.diagnostics)

    def parse(self, chunk: Chunk) -> None:
        """Parses one declaration and keeps it where it is fit to be kept."""
        if not chunk.kind:
            return
        header = self._parse_line("header", chunk.header)
        lines: list[BuiltLine] = []
        lost = False
        first, other = _BODY_STARTS.get(chunk.kind, ("", ""))
        for index, line in enumerate(chunk.body):
            if len(self.diagnostics) > MAX_FILE_ERRORS:
                break
            if not first:
                self._refuse_body(chunk, line)
                break
            start = other if index else first
            parsed = self._parse_line(start, line)
            if parsed is None:
                lost = True
            else:
                lines.append(BuiltLine(self._place(parsed), parsed.tree))
        if header is None:
            name = chunk.header.lexemes[1:2]
            self.broken.update(lexeme.text for lexeme in name)
            return
        chunk.title = " ".join(lexeme.text for lexeme in header.lexemes[:2])
        body = Body(self._place(header), header.tree, lines, lost)
        known = len(self.diagnostics)
        declaration = build_declaration(body)
        if declaration is not None:
            self.declarations.append(declaration)
        if lost or declaration is None or len(self.diagnostics) > known:
            self.broken.add(header.lexemes[1].text)

    def finish(self) -> list[Diagnostic]:
        """Gives what was found, the mixture of languages included."""
        mixed = self.use.mixture(self.path)
        return [*self.diagnostics, *([mixed] if mixed else [])]

    def _place(self, parsed: ParsedLine) -> Place:
        return Place(self.path, parsed.lexemes, self.diagnostics, self.language)

    def _parse_line(self, start: str, line: LogicalLine) -> ParsedLine | None:
        if line.refused is not None:
            self.diagnostics.append(line.refused)
            return None
        parsed = self.glued.parse(start, line.lexemes)
        if isinstance(parsed, FailedLine):
            self.diagnostics.append(explain_failure(self.path, parsed, self.language))
            return None
        deep = is_too_deep(parsed.tree)
        if deep is not None:
            span = span_of(self._place(parsed), deep)
            message = f"this expression is deeper than {MAX_DEPTH} levels"
            self.diagnostics.append(
                diagnose("TP101", span, message, help="give names to its parts with let")
            )
            return None
        self.use.count(parsed)
        line.parsed = parsed
        return parsed

    def _refuse_body(self, chunk: Chunk, line: LogicalLine) -> None:
        span = span_of_lexeme(self.path, line.lexemes[0])
        word = chunk.header.lexemes[0].text
        message = f"a {word} declaration has one line; nothing is indented below it"
        self.diagnostics.append(diagnose("TP101", span, message))


def _in_order(path: str, found: list[Diagnostic], chunks: list[Chunk]) -> list[Diagnostic]:
    """Sorts by place, names the declaration of each, and stops at the limit of errors."""
    starts = [(chunk.header.lexemes[0].line, _declaration_of(chunk)) for chunk in chunks]
    ordered: list[Diagnostic] = []
    errors, index, current = 0, 0, ""
    for each in sorted(found, key=lambda item: (item.span.line, item.span.column)):
        while index < len(starts) and starts[index][0] <= each.span.line:
            current = starts[index][1]
            index += 1
        ordered.append(replace(each, declaration=current) if current else each)
        errors += each.severity is Severity.ERROR
        if errors > MAX_FILE_ERRORS:
            message = f"the file has more than {MAX_FILE_ERRORS} errors; the rest is not shown"
            ordered[-1] = diagnose("TP101", each.span, message)
            break
    return ordered


def _declaration_of(chunk: Chunk) -> str:
    """Gives what a message calls a declaration, as `rule 费用报销`."""
    if chunk.title or not chunk.kind or len(chunk.header.lexemes) < 2:
        return chunk.title
    word, name = chunk.header.lexemes[:2]
    if name.kind not in {"NAME", "STRING"} or word.text not in HEADER_WORDS:
        return ""
    return f"{word.text} {name.text}"
