"""Formatting one rule file: lines in, lines out, with its comments and its meaning untouched."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from engine.errors import InvariantBroken
from rules_dsl.chunks import Chunk, LogicalLine
from rules_dsl.diagnostics.model import Diagnostic, Severity
from rules_dsl.formatter.columns import Cells, aligned, cells_of
from rules_dsl.formatter.spacing import SpacedLine, written_lexeme
from rules_dsl.keyword_language import main_language
from rules_dsl.parse import Layout, parse_layout, refuse_whole
from rules_dsl.scan import CLOSERS, OPENERS, Comment, Scanner

_STEP = "  "
_BODY, _VOUCHER_LINE = 1, 2
_VOUCHER_LINES = frozenset({"line", "transfer"})


@dataclass(frozen=True, slots=True)
class Formatted:
    """A formatted file.

    Attributes:
        text: the file as it should be, None where it does not parse and is left alone.
        diagnostics: what parsing found; errors where `text` is None.
    """

    text: str | None
    diagnostics: tuple[Diagnostic, ...]


def format_text(path: str, text: str) -> Formatted:
    """Formats one rule file.

    Raises:
        InvariantBroken: the formatted file would read otherwise; never the author's mistake.
    """
    layout = parse_layout(path, text)
    found = tuple(layout.result.diagnostics)
    if any(each.severity is Severity.ERROR and not _is_tab(each) for each in found):
        return Formatted(None, found)
    written = "".join(f"{line}\n" for line in _written(layout))
    refused = refuse_whole(path, written)  # alignment can make a file longer
    if refused is not None:
        return Formatted(None, (*found, refused))
    if _content(path, written) != _content(path, text):
        raise InvariantBroken("the formatter would change what a file says", path)
    return Formatted(written, found)


def _is_tab(diagnostic: Diagnostic) -> bool:
    """Tells the one error that formatting repairs: tabs in place of spaces."""
    fix = diagnostic.fix
    return fix is not None and fix.safe and "tab stands here" in diagnostic.message


def _content(path: str, text: str) -> tuple[list[list[tuple[str, str]]], list[str]]:
    """What a file says, without layout: the words and signs of its lines, and its comments."""
    scanner = Scanner(path, main_language(text))
    lines = [
        [(lexeme.kind, _meant(lexeme.kind, written_lexeme(lexeme))) for lexeme in line.lexemes]
        for line in scanner.scan(text.removeprefix("\ufeff"))
    ]
    return lines, [_comment(comment) for comment in scanner.comments]


def _meant(kind: str, text: str) -> str:
    return text if kind != "NAME" else unicodedata.normalize("NFC", text)


# --- Lines and comments in order -----------------------------------------------------------


class _Key(NamedTuple):
    """What lines that are aligned with each other have in common."""

    kind: str
    depth: int
    chunk: int


@dataclass(slots=True)
class _Entry:
    """A logical line, or a comment on a line of its own, on its way to the page.

    Attributes:
        first, last: lines of the file it takes.
        chunk: index of its declaration; a comment above a header belongs to that declaration.
        depth: steps of indentation. line: None for a comment.
        comments: of the lines it takes, by line. text: what a comment says.
        blank_before: an empty line stands before it in the file.
        cells: its columns, where it is aligned with its neighbours.
    """

    first: int
    last: int
    chunk: int
    depth: int
    line: LogicalLine | None = None
    comments: dict[int, Comment] = field(default_factory=dict)
    text: str = ""
    blank_before: bool = False
    cells: Cells | None = None


def _written(layout: Layout) -> Iterator[str]:
    entries = _entries(layout)
    _place_blank_lines(entries, layout.chunks)
    for run in _runs(entries):
        texts = iter(aligned([each.cells for each in run if each.cells is not None]))
        for entry in run:
            if entry.blank_before:
                yield ""
            if entry.line is None:
                yield _STEP * entry.depth + entry.text
            elif entry.cells is None:
                yield from _unaligned(entry, _spaced(entry.line))
            else:
                yield _STEP * entry.depth + next(texts) + _behind(entry, entry.last)


def _entries(layout: Layout) -> list[_Entry]:
    """Gives the logical lines and the comments of a file in order."""
    lines = [
        _Entry(
            line.lexemes[0].line,
            line.lexemes[-1].line,
            number,
            0 if line is chunk.header else _depth(chunk, line),
            line,
        )
        for number, chunk in enumerate(layout.chunks)
        for line in (chunk.header, *chunk.body)
    ]
    entries: list[_Entry] = []
    comments = list(layout.comments)
    for index, entry in enumerate(lines):
        above = _take(comments, entry.first - 1)
        entries += _own_lines(above, lines[index - 1] if index else None, entry)
        entry.comments = {each.line: each for each in _take(comments, entry.last)}
        entries.append(entry)
    entries += _own_lines(comments, lines[-1] if lines else None, None)
    taken = {number for each in entries for number in range(each.first, each.last + 1)}
    for entry in entries:
        entry.blank_before = entry.first - 1 not in taken and entry is not entries[0]
    return entries


def _depth(chunk: Chunk, line: LogicalLine) -> int:
    is_voucher_line = chunk.kind in {"RULE", "TEST"} and _spaced(line).tree.data in _VOUCHER_LINES
    return _VOUCHER_LINE if is_voucher_line else _BODY


def _spaced(line: LogicalLine) -> SpacedLine:
    if line.parsed is None:
        raise InvariantBroken("a line to be formatted has not been parsed", line.lexemes)
    return SpacedLine(line.parsed)


def _take(comments: list[Comment], last: int) -> list[Comment]:
    """Takes the comments up to a line off the front of a list."""
    count = next((i for i, each in enumerate(comments) if each.line > last), len(comments))
    taken, comments[:count] = comments[:count], []
    return taken


def _own_lines(
    comments: Sequence[Comment], before: _Entry | None, behind: _Entry | None
) -> list[_Entry]:
    """Places the comments between two lines.

    Inside a declaration they are indented as the line below. Behind its last line, those that
    are indented still belong to it; from the first in column 1 on they belong to the next one.
    """
    entries: list[_Entry] = []
    is_inside = before is not None and before.depth > 0
    for comment in comments:
        if behind is not None and before is not None and behind.chunk == before.chunk:
            chunk, depth = behind.chunk, behind.depth
        elif before is not None and is_inside and comment.column > 1:
            chunk, depth = before.chunk, before.depth
        else:
            is_inside = False
            end = 0 if before is None else before.chunk + 1
            chunk, depth = (end if behind is None else behind.chunk), 0
        entries.append(_Entry(comment.line, comment.line, chunk, depth, text=_comment(comment)))
    return entries


def _comment(comment: Comment) -> str:
    return unicodedata.normalize("NFC", comment.text.rstrip())


# --- Groups ----------------------------------------------------------------------------------


def _place_blank_lines(entries: Sequence[_Entry], chunks: Sequence[Chunk]) -> None:
    """Keeps the author's groups: one empty line where there were any, none below a header.

    A declaration with lines of its own always has one before and behind it.
    """
    for before, entry in pairwise(entries):
        if entry.chunk != before.chunk:
            around = (before.chunk, entry.chunk)
            has_body = any(each < len(chunks) and chunks[each].body for each in around)
            entry.blank_before = entry.blank_before or has_body
        elif entry.chunk < len(chunks) and before.line is chunks[entry.chunk].header:
            entry.blank_before = False


def _runs(entries: Sequence[_Entry]) -> Iterator[list[_Entry]]:
    """Gives the entries in runs of lines that are aligned with each other.

    An empty line ends a run, except between the rows of a table; a comment does not.
    """
    run: list[_Entry] = []
    current: _Key | None = None
    for entry in entries:
        key = _key(entry)
        is_comment = entry.line is None
        in_table = current is not None and current.kind == "row" and entry.chunk == current.chunk
        goes_on = (is_comment or (key is not None and key == current)) and (
            in_table or not entry.blank_before
        )
        if run and not goes_on:
            yield run
            run, current = [], None
        run.append(entry)
        if not is_comment:
            current = key
    if run:
        yield run


def _key(entry: _Entry) -> _Key | None:
    """Works out the columns of an entry, and what it has to share with lines it is aligned to."""
    if entry.line is None or entry.first != entry.last:
        return None
    entry.cells = cells_of(_spaced(entry.line))
    if entry.cells is None:
        return None
    # One-line declarations are aligned with each other, other lines inside theirs.
    return _Key(entry.cells.kind, entry.depth, entry.chunk if entry.depth else -1)


def _unaligned(entry: _Entry, spaced: SpacedLine) -> Iterator[str]:
    """Writes a line that has no columns, broken where its author broke it.

    What stands inside brackets is a step further in for each of them that is open.
    """
    index = opened = 0
    for number in range(entry.first, entry.last + 1):
        start = index
        while index < len(spaced.lexemes) and spaced.lexemes[index].line == number:
            index += 1
        kinds = [lexeme.kind for lexeme in spaced.lexemes[start:index]]
        if kinds:
            closed = next((i for i, kind in enumerate(kinds) if kind not in CLOSERS), len(kinds))
            indent = _STEP * (entry.depth + max(opened - closed, 0))
            yield indent + spaced.written(start, index) + _behind(entry, number)
        elif number in entry.comments:
            yield _STEP * (entry.depth + opened) + _comment(entry.comments[number])
        opened += sum(kind in OPENERS for kind in kinds) - sum(kind in CLOSERS for kind in kinds)


def _behind(entry: _Entry, number: int) -> str:
    """Gives the comment at the end of a line with the space before it, "" where there is none."""
    comment = entry.comments.get(number)
    return "" if comment is None else f"  {_comment(comment)}"
