"""The space between the words and signs of one line, and how each of them is written."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from rules_dsl.line_parser import ParsedLine
from rules_dsl.literals import plain_text
from rules_dsl.scan import Lexeme
from rules_dsl.tree import Token, Tree

# Rules of the grammar that only stand around a voucher line.
_WRAPPERS = frozenset({"rule_line", "test_line"})
_VALUE_ENDS = frozenset(
    {"NUMBER", "CURRENCY_CODE", "STRING", "DAY", "TRUE", "FALSE", "NAME", "RPAR", "RSQB"}
)
_VALUE_BEGINS = frozenset(
    {"NUMBER", "STRING", "DAY", "TRUE", "FALSE", "NAME", "MINUS", "LPAR"}
    | {"FUNCTION", "GIVEN", "BALANCE"}
)
_RANGES = frozenset({"DOTDOT", "DOTDOT_LT"})
_NO_SPACE_BEHIND = frozenset({"LPAR", "LSQB", "LBRACE", "DOT"})
_NO_SPACE_BEFORE = frozenset({"RPAR", "RSQB", "RBRACE", "COMMA", "DOT"})


class SpacedLine:
    """A parsed line, of which any stretch can be written out.

    Attributes:
        lexemes, terminals: of the line, one by one. tree: of the line, by what kind of line it is.
    """

    def __init__(self, parsed: ParsedLine) -> None:
        """Takes a line that parsed."""
        self.lexemes: Sequence[Lexeme] = parsed.lexemes
        self.terminals = parsed.terminals
        (inner,) = parsed.tree.children if parsed.tree.data in _WRAPPERS else (parsed.tree,)
        self.tree = inner if isinstance(inner, Tree) else parsed.tree

    def written(self, start: int, end: int) -> str:
        """Writes the lexemes from `start` up to `end`, with single spaces where there are any."""
        pieces: list[str] = []
        for index in range(start, end):
            if index > start and self._has_space_before(index):
                pieces.append(" ")
            pieces.append(written_lexeme(self.lexemes[index]))
        return "".join(pieces)

    def _has_space_before(self, index: int) -> bool:
        before, here = self.terminals[index - 1], self.terminals[index]
        if before in _NO_SPACE_BEHIND or here in _NO_SPACE_BEFORE:
            return False
        if here == "LSQB" and before == "NAME":
            return False
        if here == "LPAR" and before == "FUNCTION":
            return False
        if before == "MINUS" and index - 1 in self._signs:
            return False
        if here in _RANGES:
            return before not in _VALUE_ENDS
        if before in _RANGES:
            return here not in _VALUE_BEGINS
        return True

    @cached_property
    def _signs(self) -> frozenset[int]:
        """The minus signs that belong to one value, as against those between two."""
        if "MINUS" not in self.terminals:
            return frozenset()
        return frozenset(
            first.start_pos
            for node in self.tree.trees()
            if node.data in {"unary", "signed_number"}
            for first in node.children[:1]
            if isinstance(first, Token) and first.type == "MINUS"
        )


def written_lexeme(lexeme: Lexeme) -> str:
    """Writes a lexeme: names in NFC and signs in ASCII as scanned, a text in plain quotes."""
    return plain_text(lexeme.text) if lexeme.kind == "STRING" else lexeme.text


def first_lexeme(node: Tree | Token) -> int:
    """Gives the index of the first lexeme of a part of a line."""
    while isinstance(node, Tree):
        node = node.children[0]
    return node.start_pos
