"""Whatever text arrives, the parser reports it and stays within it."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

import rules_dsl
from engine.program import Span
from rules_dsl.diagnostics import CODES, render, to_json
from rules_dsl.keywords import TERMINALS
from rules_dsl.parse import parse_file
from rules_dsl.scan import MEANT_SIGNS, MEANT_WORDS, SIGNS
from rules_dsl.source import split_lines
from tests.rules_dsl.syntax_trees import spans_in

PAGES = [
    (Path(rules_dsl.__file__).parent / name).read_text(encoding="utf-8")
    for name in ("reference.md", "reference.zh-CN.md")
]
EXAMPLES = [text for page in PAGES for text in re.findall(r"```tp\n(.*?)```", page, re.DOTALL)]
PIECES = [re.findall(r"\w+|\s+|[^\w\s]", text) for text in EXAMPLES]
INSERTED = sorted(
    {*SIGNS, *MEANT_SIGNS, *MEANT_WORDS, *TERMINALS}
    | {"1,060.00", "6 %", "2026/03/05", "2026-02-30", '"', "“", "”", "'", "{", "\\", "\t", "\n"}
    | {"\n  ", "\n\n", "#", "（", "，", "：", "　", "＋", "@1122", "@", "￥", "1e6", ".5", "借款1"}
    | {"\u0301", "\u202e", "\ufffd", "٣", "𠮷", "\r\n", "CNY", "1" * 50}
)


def check_file(text: str) -> None:
    """Parses a text, and checks that what is found can be shown and lies in the text."""
    result = parse_file("a.tp", text)
    for diagnostic in result.diagnostics:
        assert diagnostic.code in CODES
        check_span(diagnostic.span, text)
        if diagnostic.fix is not None:
            check_span(diagnostic.fix.span, text)
        assert render(diagnostic, text).startswith(f"{diagnostic.severity}[{diagnostic.code}]: ")
        assert to_json(diagnostic, text)["line"] == diagnostic.span.line
    for declaration in result.file.declarations:
        for span in spans_in(declaration):
            check_span(span, text)


def check_span(span: Span, text: str) -> None:
    lines = split_lines(text.removeprefix("\ufeff"))
    assert 1 <= span.line <= span.end_line <= len(lines)
    assert 1 <= span.column <= len(lines[span.line - 1]) + 1
    assert 1 <= span.end_column <= len(lines[span.end_line - 1]) + 1
    assert (span.line, span.column) <= (span.end_line, span.end_column)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """Gives an example in which a few pieces are taken away, put in or exchanged."""
    pieces = list(draw(st.sampled_from(PIECES)))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(pieces) - 1))
        match draw(st.sampled_from(["drop", "insert", "exchange", "double"])):
            case "drop":
                pieces[place] = ""
            case "insert":
                pieces.insert(place, draw(st.sampled_from(INSERTED)))
            case "double":
                pieces.insert(place, pieces[place])
            case _:
                other = draw(st.integers(0, len(pieces) - 1))
                pieces[place], pieces[other] = pieces[other], pieces[place]
    return "".join(pieces)


@settings(max_examples=400)
@given(damaged())
@example("rule 甲\n  on 借٣\n")
def test_a_damaged_file_is_reported_within_its_text(text: str) -> None:
    check_file(text)


@settings(max_examples=200)
@given(st.lists(st.sampled_from([*INSERTED, " ", "\n", "\n  "]), max_size=40).map("".join))
def test_any_mixture_of_words_and_signs_is_reported_within_its_text(text: str) -> None:
    check_file(text)


@settings(max_examples=200)
@given(st.text(max_size=60))
def test_any_text_is_reported_within_its_text(text: str) -> None:
    check_file(text)


@settings(max_examples=100)
@given(damaged())
def test_a_text_parses_the_same_every_time(text: str) -> None:
    assert parse_file("a.tp", text) == parse_file("a.tp", text)
