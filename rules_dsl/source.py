"""Files of a rule book: reading their text, and places in it in the units others count in.

Not responsible for the language: what a character means is decided in `rules_dsl.scan`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from engine.program import Span
from rules_dsl.limits import MAX_FILE_CHARS, MAX_FILES

#: Suffix of rule files.
RULE_SUFFIX = ".tp"

#: Stands in a decoded text where the bytes are not UTF-8.
UNDECODABLE = "\ufffd"

#: Full-width characters that an input method types, with the ASCII sign they stand for.
FULL_WIDTH: dict[str, str] = {
    "：": ":",
    "，": ",",
    "（": "(",
    "）": ")",
    "＝": "=",
    "“": '"',
    "”": '"',
    "；": ";",
    "｜": "|",
    "．": ".",
    "\u3000": " ",
}

_BOM = "\ufeff"
# UTF-8 takes at most four bytes a character; one more tells that a file is too long.
_MAX_FILE_BYTES = 4 * MAX_FILE_CHARS + 4


@dataclass(frozen=True, slots=True)
class SourceFile:
    """The text of one file; `path` is relative to its rule book, with `/`, in NFC."""

    path: str
    text: str


def read_rulebook(place: str | Path | Iterable[str | Path]) -> list[SourceFile]:
    """Reads the rule files of a folder, or the files given, in the order of their paths.

    Raises:
        OSError: a file or the folder cannot be read.
    """
    if isinstance(place, str | Path):
        root = Path(place)
        if root.is_dir():
            found = [path for path in root.rglob(f"*{RULE_SUFFIX}") if path.is_file()]
            named = [(path.relative_to(root).as_posix(), path) for path in found]
        else:
            named = [(root.name, root)]
    else:
        named = [(Path(item).as_posix(), Path(item)) for item in place]
    named = sorted((unicodedata.normalize("NFC", name), path) for name, path in named)
    return [SourceFile(name, read_text(path)) for name, path in named[: MAX_FILES + 1]]


def read_text(path: str | Path) -> str:
    """Reads one file as UTF-8, with or without a byte order mark.

    Bytes that are not UTF-8 become `UNDECODABLE`, so that the reader of the text can point at
    them. Of a file beyond the limit only the beginning is read, still beyond the limit.

    Raises:
        OSError: the file cannot be read.
    """
    with Path(path).open("rb") as stream:
        data = stream.read(_MAX_FILE_BYTES)
    return strip_bom(data.decode("utf-8", errors="replace"))


def strip_bom(text: str) -> str:
    """Takes the byte order mark off the beginning of a text."""
    return text.removeprefix(_BOM)


def split_lines(text: str) -> list[str]:
    """Splits a text at its newlines (LF or CR LF), and at nothing else."""
    return [line.removesuffix("\r") for line in text.split("\n")]


def line_at(text: str, line: int) -> str:
    """Gives the 1-based line of a text, or "" where there is none."""
    lines = split_lines(text)
    return lines[line - 1] if 0 < line <= len(lines) else ""


def utf16_column(line: str, column: int) -> int:
    """Turns a 1-based column in code points into a 1-based column in UTF-16 units."""
    before = line[: max(column - 1, 0)]
    return column + sum(1 for character in before if ord(character) > 0xFFFF)


def span_text(text: str, span: Span) -> str:
    """Gives the text that a span covers."""
    lines = split_lines(text)[span.line - 1 : span.end_line]
    if not lines:
        return ""
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "\n".join(lines)


def place_of_offset(text: str, offset: int) -> tuple[int, int]:
    """Gives the 1-based line and column of a character offset."""
    line = text.count("\n", 0, offset) + 1
    start = text.rfind("\n", 0, offset) + 1
    return line, offset - start + 1
