"""The kept parse table is the grammar's, and gives the trees that Lark gives."""

from __future__ import annotations

from importlib import resources

import pytest
from lark import Lark, Token, Tree
from lark.lexer import Lexer

from rules_dsl import tree
from rules_dsl.parse import parse_layout
from rules_dsl.parse_table import STARTS
from rules_dsl.table_making import made_table
from tests.rules_dsl.test_parse_random import EXAMPLES


class NoLexer(Lexer):
    def __init__(self, lexer_conf: object) -> None: ...

    def lex(self, lexer_state: object, parser_state: object) -> object:
        return iter(())


def test_the_kept_table_is_fresh() -> None:
    kept = resources.files("rules_dsl").joinpath("grammar.table.json").read_text("utf-8")
    assert kept == made_table(), "run python -m rules_dsl.table_making --write"


def nested(node: object) -> object:
    if isinstance(node, tree.Tree | Tree):
        return (str(node.data), [nested(child) for child in node.children])
    assert isinstance(node, tree.Token | Token)
    return (node.type, str(node))


@pytest.mark.slow
def test_trees_are_those_of_lark() -> None:
    grammar = resources.files("rules_dsl").joinpath("grammar.lark").read_text("utf-8")
    lark = Lark(grammar, parser="lalr", lexer=NoLexer, start=list(STARTS), keep_all_tokens=True)
    count = 0
    for text in EXAMPLES:
        for chunk in parse_layout("a.tp", text).chunks:
            for line in (chunk.header, *chunk.body):
                if line.parsed is None:
                    continue
                tokens = list(line.parsed.tree.tokens())
                found = [parsed_by_lark(lark, start, tokens) for start in STARTS]
                assert nested(line.parsed.tree) in found
                count += 1
    assert count > 150


def parsed_by_lark(lark: Lark, start: str, tokens: list[tree.Token]) -> object:
    parser = lark.parse_interactive("", start=start)
    for token in tokens:
        if token.type not in parser.accepts():
            return None
        parser.feed_token(Token(token.type, str(token)))
    if "$END" not in parser.accepts():
        return None
    return nested(parser.feed_token(Token("$END", "")))
