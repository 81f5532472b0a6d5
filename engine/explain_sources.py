"""The text of a revision as its author wrote it, by place."""

from __future__ import annotations

from collections.abc import Sequence

from engine.program import Span

#: Characters of an expression that an explanation shows.
_MOST_CHARS = 400


class RuleSources:
    """The files of a revision; without files every text is empty."""

    def __init__(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Takes (path, content) pairs."""
        self._lines = {
            path: content.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").split("\n")
            for path, content in files
        }

    def text(self, span: Span) -> str:
        """What stands at a place, on one line; "" where nobody wrote it."""
        lines = self._lines.get(span.file)
        if lines is None or not 0 < span.line <= len(lines):
            return ""
        part = lines[span.line - 1 : span.end_line]
        part[-1] = part[-1][: span.end_column - 1]
        part[0] = part[0][span.column - 1 :]
        found = " ".join(" ".join(part).split())
        return found if len(found) <= _MOST_CHARS else f"{found[:_MOST_CHARS]}…"

    def line(self, span: Span) -> str:
        """The first line of a place, as a whole."""
        lines = self._lines.get(span.file, [])
        return " ".join(lines[span.line - 1].split()) if 0 < span.line <= len(lines) else ""


def place_of(span: Span) -> str:
    """FILE:LINE, or "" where nobody wrote it."""
    return f"{span.file}:{span.line}" if span.line else ""
