"""Diagnostics of names and types in golden Markdown, and the arithmetic of types.

Each file under tests/golden/types has a book and then cases: a `tp` block, compiled with the
book, and the errors it must give, rendered. TONGPIN_GOLDEN=write writes the errors into the files
instead of comparing, for a person to read in the difference.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from rules_dsl.compile import compile_rulebook
from rules_dsl.diagnostics.model import Severity
from rules_dsl.diagnostics.render import render_all
from rules_dsl.source import SourceFile
from rules_dsl.types import (
    DATE,
    DECIMAL,
    ERROR,
    INTEGER,
    PERCENT,
    PERIOD,
    TEXT,
    CodeType,
    DimensionType,
    Mismatch,
    NumberType,
    add_types,
    describe,
    divide_types,
    money,
    multiply_types,
    price,
    quantity,
)

FOLDER = Path(__file__).parents[1] / "golden" / "types"
CASE = re.compile(
    r"^## (?P<title>(?P<code>TP\d+) .*?)\n\n```tp\n(?P<text>.*?)```\n\n"
    r"```diagnostics\n(?P<told>.*?)```",
    re.DOTALL | re.MULTILINE,
)
BOOK = re.compile(r"```tp\n(?P<text>.*?)```", re.DOTALL)
CODES = {
    "TP201", "TP202", "TP203", "TP205", "TP211", "TP212", "TP213", "TP214", "TP215", "TP216",
    "TP217", "TP218", "TP219", "TP405",
}  # fmt: skip

CNY, USD = money("CNY"), money("USD")
HOURS, DAYS = quantity("小时"), quantity("天")
HOUR_PRICE = price("CNY", "小时")


@dataclass(frozen=True)
class Case:
    file: Path
    title: str
    code: str
    book: str
    text: str
    told: str


def _cases() -> list[Case]:
    found = []
    for path in sorted(FOLDER.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        book = BOOK.search(text)
        assert book is not None
        found += [
            Case(path, each["title"], each["code"], book["text"], each["text"], each["told"])
            for each in CASE.finditer(text)
        ]
        titles = re.findall(r"^## (.*)$", text, re.MULTILINE)
        assert titles == [each.title for each in found if each.file == path]
    return found


def _told(case: Case) -> str:
    sources = {"book.tp": case.book, "case.tp": case.text}
    result = compile_rulebook([SourceFile(path, text) for path, text in sources.items()])
    shown = [each for each in result.diagnostics if each.severity is Severity.ERROR]
    return render_all(shown, sources) + "\n" if shown else ""


@pytest.mark.parametrize("case", _cases(), ids=lambda case: f"{case.file.stem}: {case.title}")
def test_case_is_told_what_the_golden_file_says(case: Case) -> None:
    told = _told(case)
    if os.environ.get("TONGPIN_GOLDEN") == "write":
        text = case.file.read_text(encoding="utf-8")
        head = f"## {case.title}\n\n```tp\n{case.text}```\n\n```diagnostics\n"
        before, _, after = text.partition(head)
        end = after.index("```")
        case.file.write_text(before + head + told + after[end:], encoding="utf-8")
        return
    assert told == case.told


@pytest.mark.parametrize("case", _cases(), ids=lambda case: f"{case.file.stem}: {case.title}")
def test_case_triggers_its_code_and_a_near_miss_none(case: Case) -> None:
    codes = set(re.findall(r"\[(TP\d+)\]", case.told))
    if "near miss" in case.title:
        assert codes == set()
    else:
        assert case.code in codes


@pytest.mark.parametrize("code", sorted(CODES))
def test_each_code_has_a_case_and_a_near_miss(code: str) -> None:
    titles = [case.title for case in _cases() if case.code == code]
    assert any("near miss" in title for title in titles)
    assert any("near miss" not in title for title in titles)


# --- Arithmetic --------------------------------------------------------------------------


def exact(number: NumberType) -> NumberType:
    return replace(number, exact=True)


RATIO = NumberType(exact=True)


@pytest.mark.parametrize(
    ("left", "right", "product"),
    [
        (CNY, PERCENT, exact(CNY)),
        (DECIMAL, CNY, exact(CNY)),
        (CNY, INTEGER, CNY),
        (INTEGER, HOURS, HOURS),
        (HOURS, HOUR_PRICE, exact(CNY)),
        (HOUR_PRICE, HOURS, exact(CNY)),
        (HOUR_PRICE, PERCENT, exact(HOUR_PRICE)),
        (PERCENT, PERCENT, RATIO),
        (PERCENT, INTEGER, PERCENT),
        (INTEGER, INTEGER, INTEGER),
        (exact(CNY), PERCENT, exact(CNY)),
        (exact(CNY), INTEGER, exact(CNY)),
    ],
)
def test_product_has_the_type_of_what_it_measures(
    left: NumberType, right: NumberType, product: NumberType
) -> None:
    assert multiply_types(left, right) == product


@pytest.mark.parametrize(
    ("left", "right"), [(CNY, CNY), (CNY, HOURS), (DAYS, HOUR_PRICE), (HOURS, HOURS)]
)
def test_product_without_meaning_is_a_unit_mismatch(left: NumberType, right: NumberType) -> None:
    found = multiply_types(left, right)
    assert isinstance(found, Mismatch)
    assert found.code == "TP213"


@pytest.mark.parametrize(
    ("left", "right", "quotient"),
    [
        (CNY, INTEGER, exact(CNY)),
        (CNY, CNY, RATIO),
        (CNY, HOURS, exact(HOUR_PRICE)),
        (CNY, HOUR_PRICE, exact(HOURS)),
        (HOURS, HOURS, RATIO),
        (PERCENT, INTEGER, RATIO),
        (HOUR_PRICE, DECIMAL, exact(HOUR_PRICE)),
    ],
)
def test_quotient_is_always_exact(
    left: NumberType, right: NumberType, quotient: NumberType
) -> None:
    assert divide_types(left, right) == quotient


@pytest.mark.parametrize(
    ("left", "right", "code"),
    [
        (CNY, USD, "TP212"),
        (USD, HOUR_PRICE, "TP212"),
        (HOURS, DAYS, "TP213"),
        (PERCENT, CNY, "TP213"),
        (HOURS, CNY, "TP213"),
    ],
)
def test_quotient_without_meaning_says_why(left: NumberType, right: NumberType, code: str) -> None:
    found = divide_types(left, right)
    assert isinstance(found, Mismatch)
    assert found.code == code


@pytest.mark.parametrize(
    ("left", "right", "total"),
    [
        (CNY, CNY, CNY),
        (exact(CNY), CNY, exact(CNY)),
        (PERCENT, PERCENT, PERCENT),
        (PERCENT, INTEGER, DECIMAL),
        (HOURS, HOURS, HOURS),
    ],
)
def test_sum_keeps_the_type(left: NumberType, right: NumberType, total: NumberType) -> None:
    assert add_types(left, right) == total


@pytest.mark.parametrize(
    ("left", "right", "code"),
    [(CNY, USD, "TP212"), (CNY, HOURS, "TP213"), (PERCENT, CNY, "TP213"), (HOURS, DAYS, "TP213")],
)
def test_sum_of_different_measures_says_why(left: NumberType, right: NumberType, code: str) -> None:
    found = add_types(left, right)
    assert isinstance(found, Mismatch)
    assert found.code == code


@pytest.mark.parametrize(
    ("value_type", "words"),
    [
        (CNY, "an amount in CNY"),
        (exact(CNY), "an unrounded amount in CNY"),
        (HOURS, "a quantity of 小时"),
        (exact(HOUR_PRICE), "an unrounded price in CNY per 小时"),
        (PERCENT, "a percent"),
        (INTEGER, "a whole number"),
        (RATIO, "an unrounded ratio"),
        (TEXT, "a text"),
        (PERIOD, "a period"),
        (DATE, "a date"),
        (CodeType("类别"), "a value of the code 类别"),
        (DimensionType("部门"), "a value of the dimension 部门"),
        (ERROR, "a value with an error"),
    ],
)
def test_types_are_named_in_the_words_of_the_domain(value_type: NumberType, words: str) -> None:
    assert describe(value_type) == words
