"""How values and problems are put into words; knows nothing of events or types."""

from __future__ import annotations

#: Code points of a value shown in a message; longer ones are cut.
MAX_SHOWN_CHARS = 40


def shown(value: object) -> str:
    """The value as it may stand in a message: bounded, quoted, control characters escaped."""
    match value:
        case str():
            return f'"{escaped(value)}"'
        case bool():
            return "true" if value else "false"
        case int():
            # Digits of a huge integer are costly to make and of no use to a reader.
            is_long = value.bit_length() > 128
            return f"a number of {value.bit_length()} bits" if is_long else f"the number {value}"
        case float():
            return f"the number {value!r}"
        case list() | tuple():
            return f"a list of {len(value)}"
        case dict():
            return "an object"
        case None:
            return "nothing"
        case _:
            return f"a value of type {type(value).__name__}"


def escaped(text: str) -> str:
    """The text cut to MAX_SHOWN_CHARS, with everything that is not printable as an escape."""
    cut = text[:MAX_SHOWN_CHARS]
    if not cut.isprintable():
        cut = "".join(char if char.isprintable() else _escape(char) for char in cut)
    return cut + "…" if len(text) > MAX_SHOWN_CHARS else cut


def _escape(char: str) -> str:
    point = ord(char)
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


class Problems:
    """Collects problems by row and words them as the first one and how many more.

    Attributes:
        first: row -> the problem reported first.
        more: row -> how many were reported after it.
    """

    __slots__ = ("first", "more")

    def __init__(self) -> None:
        """Starts without problems."""
        self.first: dict[int, str] = {}
        self.more: dict[int, int] = {}

    def report(self, row: int, problem: str) -> None:
        """Adds a problem of a row."""
        if row in self.first:
            self.more[row] = self.more.get(row, 0) + 1
        else:
            self.first[row] = problem

    def messages(self) -> dict[int, str]:
        """One message per row with problems, rows ascending."""
        return {row: self._message(row) for row in sorted(self.first)}

    def _message(self, row: int) -> str:
        count = self.more.get(row, 0)
        if not count:
            return self.first[row]
        return f"{self.first[row]} (and {count} more {'problem' if count == 1 else 'problems'})"
