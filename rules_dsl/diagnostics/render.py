"""Showing diagnostics: to people with the source line and a caret, to machines as plain data."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

from engine.program import Span
from rules_dsl.diagnostics.model import Diagnostic, Fix, Severity
from rules_dsl.source import line_at, utf16_column

#: Display columns from one tab stop to the next.
TAB_WIDTH: Final = 4

#: Display columns of a source line that are shown; a longer line is cut around its caret.
MAX_SHOWN_COLUMNS: Final = 160

_COLORS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.INFO: "36"}
_BOLD, _BLUE = "1", "34"
# Characters that would move the cursor or turn the direction of what a terminal shows.
_UNSAFE = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def render(diagnostic: Diagnostic, text: str, *, color: bool = False) -> str:
    """Renders a diagnostic with the line of `text`, its source, that it points at.

    The caret stands under the place whatever characters precede it, counting a wide East Asian
    character as two columns and a tab up to the next stop. Ends without a newline.
    """
    span = diagnostic.span
    tint = _COLORS[diagnostic.severity]
    gutter = " " * len(str(span.line))
    bar = _paint("|", _BLUE, color=color)
    title = _paint(f"{diagnostic.severity}[{diagnostic.code}]", tint, _BOLD, color=color)
    lines = [f"{title}: {_safe(diagnostic.message)}"]
    where = f"{_safe(span.file)}:{span.line}:{span.column}"
    behind = f"   ({_safe(diagnostic.declaration)})" if diagnostic.declaration else ""
    lines.append(f"{gutter}{_paint('-->', _BLUE, color=color)} {where}{behind}")
    source = line_at(text, span.line)
    if source:
        shown, indent, width = _shown_line(source, span)
        carets = _paint("^" * width, tint, _BOLD, color=color)
        label = f" {_safe(diagnostic.label)}" if diagnostic.label else ""
        number = _paint(str(span.line), _BLUE, color=color)
        lines += [f"{gutter} {bar}", f"{number} {bar} {shown}".rstrip()]
        lines.append(f"{gutter} {bar} {' ' * indent}{carets}{label}")
    lines += [f"{gutter} = {_safe(note)}" for note in diagnostic.notes]
    lines += [
        f"{gutter} = {_safe(place.file)}:{place.line}:{place.column}: {_safe(word)}"
        for place, word in diagnostic.related
    ]
    advice = advise(diagnostic)
    if advice:
        lines.append(f"{gutter} = help: {_safe(advice)}")
    return "\n".join(lines)


def render_all(
    diagnostics: Sequence[Diagnostic], sources: Mapping[str, str], *, color: bool = False
) -> str:
    """Renders diagnostics one below the other; `sources` gives the text of each file."""
    return "\n\n".join(
        render(each, sources.get(each.span.file, ""), color=color) for each in diagnostics
    )


def advise(diagnostic: Diagnostic) -> str:
    """Gives the help of a diagnostic and the question whether a suggestion was meant."""
    *first, last = diagnostic.suggestions or ("",)
    meant = f"did you mean {', '.join(first)}{' or ' if first else ''}{last}?" if last else ""
    return "; ".join(part for part in (diagnostic.help, meant) if part)


def to_json(diagnostic: Diagnostic, text: str) -> dict[str, object]:
    """Gives the members that `check --json` prints; `text` is the source of the file.

    Lines and columns are 1-based and columns count code points, except `column_utf16`, which
    counts UTF-16 units as editors do.
    """
    span = diagnostic.span
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
        "column_utf16": utf16_column(line_at(text, span.line), span.column),
        "message": diagnostic.message,
        "suggestions": list(diagnostic.suggestions),
        "fix": None if diagnostic.fix is None else _fix_json(diagnostic.fix),
    }


def _fix_json(fix: Fix) -> dict[str, object]:
    return {
        "line": fix.span.line,
        "column": fix.span.column,
        "end_line": fix.span.end_line,
        "end_column": fix.span.end_column,
        "replacement": fix.replacement,
        "safe": fix.safe,
    }


def display_width(text: str) -> int:
    """Counts the columns a terminal gives to a text without tabs."""
    return sum(_character_width(character) for character in text)


def _character_width(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _shown_line(source: str, span: Span) -> tuple[str, int, int]:
    """Gives a source line as shown, the columns before its caret, and the caret's width."""
    start = span.column - 1
    end = span.end_column - 1 if span.end_line == span.line else len(source)
    before = _expand(source[:start])
    marked = _expand(source[:end])[len(before) :] if end > start else ""
    whole = _expand(source)
    indent = display_width(before)
    width = max(display_width(marked), 1)
    if display_width(whole) > MAX_SHOWN_COLUMNS:
        kept = before[-(MAX_SHOWN_COLUMNS // 4) :]
        rest = whole[len(before) :][: MAX_SHOWN_COLUMNS // 2]
        mark = "…" if len(kept) < len(before) else ""
        indent = display_width(mark + kept)
        width = max(min(width, display_width(rest)), 1)
        whole = f"{mark}{kept}{rest}…"
    return whole, indent, width


def _expand(text: str) -> str:
    """Writes tabs as spaces up to the next stop and unsafe characters as a mark."""
    if "\t" not in text:
        return _safe(text)
    expanded, width = [], 0
    for character in _safe(text):
        piece = " " * (TAB_WIDTH - width % TAB_WIDTH) if character == "\t" else character
        expanded.append(piece)
        width += display_width(piece)
    return "".join(expanded)


def _safe(text: str) -> str:
    """Replaces what a terminal would take for a command."""
    return _UNSAFE.sub("\ufffd", text)


def _paint(text: str, *styles: str, color: bool) -> str:
    return f"\x1b[{';'.join(styles)}m{text}\x1b[0m" if color else text
