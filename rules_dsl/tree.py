"""The parse tree of one line: its rules and its tokens."""

from __future__ import annotations

from collections.abc import Iterator


class Token(str):
    """A word or sign of a line by the terminal it was taken for.

    Attributes:
        type: the terminal. start_pos, end_pos: indices of its first lexeme and behind its last.
    """

    __slots__ = ("end_pos", "start_pos", "type")

    type: str
    start_pos: int
    end_pos: int

    @classmethod
    def of(cls, terminal: str, text: str, start: int, end: int) -> Token:
        """Makes the token of the lexemes from `start` up to `end`."""
        token = cls(text)
        token.type, token.start_pos, token.end_pos = terminal, start, end
        return token


class Tree:
    """A rule of the grammar with what stands in it, in order.

    Attributes:
        data: the name of the rule, or of its alternative. children: rules and tokens.
    """

    __slots__ = ("children", "data")

    def __init__(self, data: str, children: list[Tree | Token]) -> None:
        """Takes the parts that the rule was made of."""
        self.data = data
        self.children = children

    def tokens(self) -> Iterator[Token]:
        """Gives all tokens, in the order of the line."""
        for child in self.children:
            if isinstance(child, Token):
                yield child
            else:
                yield from child.tokens()

    def trees(self) -> Iterator[Tree]:
        """Gives this tree and all inside it."""
        yield self
        for child in self.children:
            if isinstance(child, Tree):
                yield from child.trees()
