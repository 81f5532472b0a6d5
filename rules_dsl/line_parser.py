"""Parsing one logical line: which word is a keyword, and the parse tree of the line.

A word is a keyword exactly where the grammar can go on with the keyword's terminal; elsewhere it
is a name. The grammar's table itself answers that, so no list of places is kept here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

import lark
from lark import Lark
from lark.common import LexerConf
from lark.lexer import Lexer, LexerState
from lark.parsers.lalr_analysis import Shift
from lark.parsers.lalr_interactive_parser import InteractiveParser

from engine.errors import InvariantBroken
from rules_dsl.keywords import SEVERAL_WORDS, TERMINALS, spellings_of
from rules_dsl.scan import Lexeme
from rules_dsl.tree import Token, Tree

END: Final = "$END"

#: Start symbols of the grammar, one for each kind of line.
STARTS: tuple[str, ...] = (
    "header",
    "field_line",
    "account_line",
    "table_header",
    "table_row",
    "rate_header",
    "rate_row",
    "budget_line",
    "rule_line",
    "test_line",
    "expr",
)

_CURRENCY = re.compile(r"[A-Z]{3}")
_OF = frozenset({"of", "的"})
_BALANCE = frozenset({"balance", "余额"})
_OF_REFERENCE = _OF | {"凭"}
_UP_TO = frozenset({"up", "至多"})
# Inside an expression these are never names, even where the keyword itself cannot stand.
_WORDS_OF_EXPRESSIONS = spellings_of(("IF", "THEN", "ELSE", "AND", "OR", "NOT", "IN"))


@dataclass(frozen=True, slots=True)
class ParsedLine:
    """The parse tree of a line; `start_pos` of its tokens is the index of their lexeme.

    `terminals` says for each lexeme what it was taken for.
    """

    tree: Tree
    lexemes: list[Lexeme]
    terminals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FailedLine:
    """Where a line stopped making sense.

    Attributes:
        start: the start symbol tried.
        lexemes: of the line. index: of the first that cannot stand there; their count where
            the line ends too early.
        accepted: terminals that could stand there instead.
        terminals: what the lexemes before `index` were taken for.
    """

    start: str
    lexemes: list[Lexeme]
    index: int
    accepted: frozenset[str]
    terminals: tuple[str, ...]


class _NoLexer(Lexer):
    """Stands where Lark wants a lexer; tokens are fed to the parser one by one."""

    def __init__(self, lexer_conf: LexerConf) -> None:
        """Takes what Lark gives a lexer."""

    def lex(self, lexer_state: LexerState, parser_state: object) -> Iterator[lark.Token]:
        """Gives no token."""
        return iter(())


@cache
def _grammar() -> Lark:
    text = resources.files("rules_dsl").joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(text, parser="lalr", lexer=_NoLexer, start=list(STARTS), keep_all_tokens=True)


class _Feed:
    """One line on its way through the parse table."""

    def __init__(self, start: str) -> None:
        self._parser: InteractiveParser = _grammar().parse_interactive("", start=start)
        self._conf = self._parser.parser_state.parse_conf
        self._states = self._conf.parse_table.states

    def accepts(self, terminal: str) -> bool:
        """Tells whether the line can go on with this terminal, running the table on a copy."""
        stack = self._parser.parser_state.state_stack
        action = self._states[stack[-1]].get(terminal)
        if action is None:
            return False
        if action[0] is Shift:
            return True
        stack = list(stack)
        while action is not None and action[0] is not Shift:
            reduced = action[1]
            if reduced.expansion:
                del stack[-len(reduced.expansion) :]
            stack.append(self._states[stack[-1]][reduced.origin.name][1])
            if terminal == END and stack[-1] == self._conf.end_state:
                return True
            action = self._states[stack[-1]].get(terminal)
        return action is not None

    def accepted(self) -> frozenset[str]:
        """Gives all terminals the line can go on with."""
        row = self._states[self._parser.parser_state.state_stack[-1]]
        return frozenset(name for name in row if name.isupper() and self.accepts(name))

    def take(self, terminal: str, lexeme: Lexeme, index: int, words: int) -> None:
        """Moves on over a lexeme, or over the `words` lexemes of one keyword."""
        text = lexeme.text
        self._parser.feed_token(lark.Token(terminal, text, start_pos=index, end_pos=index + words))

    def finish(self) -> Tree:
        """Ends the line, which must be acceptable."""
        made = self._parser.feed_token(lark.Token(END, ""))
        if not isinstance(made, lark.Tree):
            raise InvariantBroken("a line of the grammar is a tree", made)
        return _own(made)


def _own(made: lark.Tree[lark.Token]) -> Tree:
    """A tree of Lark's as ours, whose tokens always know their lexemes; without recursion."""
    top = Tree(str(made.data), [])
    waiting = [(made, top)]
    while waiting:
        source, tree = waiting.pop()
        for child in source.children:
            if isinstance(child, lark.Token):
                start, end = child.start_pos or 0, child.end_pos or 0
                tree.children.append(Token.of(child.type, str(child), start, end))
            else:
                inner = Tree(str(child.data), [])
                tree.children.append(inner)
                waiting.append((child, inner))
    return top


def parse_line(start: str, lexemes: list[Lexeme]) -> ParsedLine | FailedLine:
    """Parses the lexemes of a logical line as the given start symbol."""
    feed = _Feed(start)
    taken: list[str] = []
    index = 0
    while index < len(lexemes):
        terminal, words = _terminal(feed, lexemes, index)
        if not feed.accepts(terminal):
            return FailedLine(start, lexemes, index, feed.accepted(), tuple(taken))
        feed.take(terminal, lexemes[index], index, words)
        taken.extend([terminal] * words)
        index += words
    if not feed.accepts(END):
        return FailedLine(start, lexemes, index, feed.accepted(), tuple(taken))
    return ParsedLine(feed.finish(), lexemes, tuple(taken))


def _terminal(feed: _Feed, lexemes: list[Lexeme], index: int) -> tuple[str, int]:
    """Decides what a lexeme is here, and how many lexemes its spelling takes."""
    lexeme = lexemes[index]
    if lexeme.kind == "EQ" and _is_key_value(lexemes, index) and feed.accepts("KEY_EQ"):
        return "KEY_EQ", 1
    if lexeme.kind != "NAME":
        return lexeme.kind, 1
    for spelling in SEVERAL_WORDS.get(lexeme.text, ()):
        words = spelling.split()
        following = [other.text for other in lexemes[index : index + len(words)]]
        if following == words:
            terminal = TERMINALS[spelling][0]
            if feed.accepts(terminal):
                return terminal, len(words)
    for terminal in TERMINALS.get(lexeme.text, ()):
        if _fits(terminal, feed, lexemes, index) and feed.accepts(terminal):
            return terminal, 1
    word = _WORDS_OF_EXPRESSIONS.get(lexeme.text)
    if word is not None and feed.accepts("LPAR") and feed.accepts("NUMBER"):
        return word, 1
    if _CURRENCY.fullmatch(lexeme.text) and feed.accepts("CURRENCY_CODE"):
        return "CURRENCY_CODE", 1
    return "NAME", 1


def _is_key_value(lexemes: list[Lexeme], index: int) -> bool:
    """Tells `= VALUE` of a balance's dimension from a comparison of the balance."""
    return index + 1 < len(lexemes) and lexemes[index + 1].kind not in {"NUMBER", "MINUS"}


def _fits(terminal: str, feed: _Feed, lexemes: list[Lexeme], index: int) -> bool:
    """Tells whether what follows lets a word be this keyword where a name could stand too."""
    following = lexemes[index + 1] if index + 1 < len(lexemes) else None
    match terminal:
        case "FUNCTION":
            return following is not None and following.kind == "LPAR"
        case "BALANCE" | "DEBITS" | "CREDITS" | "BALANCES":
            return following is not None and following.text in _OF
        case "FOREIGN":  # behind an amount, or `foreign balance of`, as against a name
            after = [lexeme.text for lexeme in lexemes[index + 1 : index + 3]]
            is_balance = len(after) == 2 and after[0] in _BALANCE and after[1] in _OF
            return is_balance or not feed.accepts("NAME")
        case "IN_LEDGER":  # `in LEDGER` behind a balance, as against `in a..b`
            after = [lexeme.kind for lexeme in lexemes[index + 1 : index + 3]]
            return after[:1] == ["NAME"] and after[1:] not in (["DOTDOT"], ["DOTDOT_LT"], ["LSQB"])
        case "BUDGET" if index > 0:  # `given budget NAME[…]`, as against an event of that name
            return [lexeme.kind for lexeme in lexemes[index + 1 : index + 3]] == ["NAME", "LSQB"]
        case "PARAMETER" if index > 0:  # `given parameter NAME =`, not an event of that name
            return [lexeme.kind for lexeme in lexemes[index + 1 : index + 3]] == ["NAME", "EQ"]
        case "REMAINING":  # `remaining up to BOUND`, as against an amount of that name
            return following is not None and following.text in _UP_TO
        case "ALL_KEYS":  # `by all`, as against a dimension of that name
            return following is None or following.kind == "NAME"
        case "ALL":  # `release all of REFERENCE`, as against an amount of that name
            return following is not None and following.text in _OF_REFERENCE
        case _:
            return True
