"""The keyword table, and the reference pages that list it."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest

import rules_dsl
from rules_dsl.keywords import (
    BUDGET_LINES,
    FUNCTIONS,
    KEYWORDS,
    PLACE_SPELLINGS,
    RESERVED,
    RULE_LINES,
    TERMINALS,
    TEST_LINES,
    TOP_LEVEL,
    TYPE_WORDS,
    Language,
    language_of,
    spelling_of,
    spellings_of,
)

PAGES = ["reference.md", "reference.zh-CN.md"]


def page(name: str) -> str:
    return (Path(rules_dsl.__file__).parent / name).read_text(encoding="utf-8")


def keyword_section(name: str) -> str:
    return page(name)[page(name).index("\n## 12.") :]


@pytest.mark.parametrize("name", PAGES)
def test_the_reference_lists_the_keywords_of_the_language(name: str) -> None:
    listed = set()
    for line in keyword_section(name).splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 8 and cells[0] != "English" and "-" not in line:
            listed |= {(cells[at], cells[at + 1]) for at in (0, 3, 6) if cells[at]}
    assert listed == {(keyword.english, keyword.chinese) for keyword in KEYWORDS}


@pytest.mark.parametrize("name", PAGES)
def test_the_reference_lists_the_reserved_words(name: str) -> None:
    section = keyword_section(name)
    reserved = section[section.index("workflow ") :].split("\n\n")[0]
    pairs = re.findall(r"([a-z ]+?) ([\u4e00-\u9fff]+)[,.]", reserved.replace("\n", " "))
    assert {(english.strip(), chinese) for english, chinese in pairs} == set(RESERVED)


@pytest.mark.parametrize("name", PAGES)
def test_the_reference_tells_the_spellings_of_one_place(name: str) -> None:
    last = keyword_section(name).rstrip().splitlines()[-1]
    assert all(spelling in last for _, spelling in PLACE_SPELLINGS)


@pytest.mark.parametrize("name", PAGES)
def test_both_pages_have_the_same_sections(name: str) -> None:
    numbers = re.findall(r"^## (\d+)\.", page(name), re.MULTILINE)
    assert numbers == [str(number) for number in range(1, 13)]


def test_no_spelling_stands_for_two_keywords() -> None:
    spelled = [word for keyword in KEYWORDS for word in (keyword.english, keyword.chinese)]
    assert len(spelled) == len(set(spelled))
    reserved = {word for pair in RESERVED for word in pair}
    assert reserved.isdisjoint(spelled)


def test_english_spellings_are_ascii_and_chinese_ones_have_no_space() -> None:
    for keyword in KEYWORDS:
        assert language_of(keyword.english) is Language.ENGLISH
        assert language_of(keyword.chinese) is Language.CHINESE
        assert keyword.english.isascii()
        assert re.fullmatch(r"[\u4e00-\u9fff]+", keyword.chinese)


def test_every_terminal_is_declared_in_the_grammar() -> None:
    grammar = resources.files("rules_dsl").joinpath("grammar.lark").read_text(encoding="utf-8")
    declared = {
        word
        for line in re.findall("^%declare (.+)$", grammar, re.MULTILINE)
        for word in line.split()
    }
    used = {terminal for terminals in TERMINALS.values() for terminal in terminals}
    assert used <= declared
    assert {*TOP_LEVEL, *RULE_LINES, *TEST_LINES, *BUDGET_LINES, *TYPE_WORDS} <= used


def test_functions_are_known_in_both_languages() -> None:
    assert FUNCTIONS["round"] == FUNCTIONS["四舍五入"]
    assert FUNCTIONS["min"] == FUNCTIONS["最小"]
    assert {function.name for function in FUNCTIONS.values()} == {
        "abs", "count", "last_part", "max", "min", "round", "sum", "text",
        "days", "months", "year", "month", "period", "month_start", "month_end", "add_days",
        "add_months", "spread", "spread_last", "convert", "book_share",
    }  # fmt: skip


def test_spellings_follow_the_language_and_the_place() -> None:
    assert spelling_of("RULE", Language.ENGLISH) == "rule"
    assert spelling_of("RULE", Language.CHINESE) == "规则"
    assert spelling_of("GIVEN", Language.CHINESE) == "已填"
    assert spelling_of("GIVEN_STEP", Language.CHINESE) == "假设"
    assert spelling_of("IN_LEDGER", Language.ENGLISH) == "in"
    assert spelling_of("NUMBER", Language.ENGLISH) is None
    assert spellings_of(("RULE",)) == {"rule": "RULE", "规则": "RULE"}
