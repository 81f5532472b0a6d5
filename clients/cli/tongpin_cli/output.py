"""How the command line prints: JSON for machines, aligned text otherwise, colour on a terminal."""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Sequence
from enum import StrEnum

EXIT_OK = 0
EXIT_INPUT = 1
EXIT_USAGE = 2
EXIT_ENVIRONMENT = 3


class Layout(StrEnum):
    """How a report is printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


class Output:
    """Where a command's result goes. With `as_json` only `data` reaches stdout."""

    def __init__(self, as_json: bool = False) -> None:
        """Prints text unless asked for JSON."""
        self.as_json = as_json

    @property
    def is_colored(self) -> bool:
        """Whether text may carry colours: on a terminal only, and not where NO_COLOR is set."""
        return not self.as_json and sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def text(self, line: str = "") -> None:
        """A line for people; dropped in JSON."""
        if not self.as_json:
            print(line)

    def note(self, line: str) -> None:
        """A line beside the result, on stderr."""
        print(line, file=sys.stderr)

    def data(self, value: object) -> None:
        """The result for machines; dropped in text."""
        if self.as_json:
            print(json.dumps(value, ensure_ascii=False, indent=1))

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]], right: str = "") -> None:
        """Aligned columns by display width; `right`: one character a column, 'r' = right."""
        if self.as_json:
            return
        widths = [
            max(display_width(row[place]) for row in (header, *rows))
            for place in range(len(header))
        ]
        for row in (header, ["─" * width for width in widths], *rows):
            cells = [
                _pad(cell, width, to_right=right[place : place + 1] == "r")
                for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            print("  ".join(cells).rstrip())


def display_width(text: str) -> int:
    """Columns a text takes on a terminal; wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _pad(text: str, width: int, *, to_right: bool) -> str:
    space = " " * (width - display_width(text))
    return space + text if to_right else text + space


def money(minor: int, scale: int) -> str:
    """An amount with thousands separators, "" for zero."""
    if minor == 0:
        return ""
    whole, part = divmod(abs(minor), 10**scale)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole:,}" + (f".{part:0{scale}d}" if scale else "")
