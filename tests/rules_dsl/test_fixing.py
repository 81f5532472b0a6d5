"""`check --fix`: safe fixes against the golden file; fixing ends, and breaks nothing."""

from __future__ import annotations

import re
from random import Random
from typing import NamedTuple

import pytest

from rules_dsl import fixing
from rules_dsl.compile import compile_rulebook
from rules_dsl.diagnostics import Severity
from rules_dsl.diagnostics.model import Fix
from rules_dsl.fixing import FixedBook, apply_fixes, fix_rulebook
from rules_dsl.parse import parse_file
from rules_dsl.source import SourceFile
from tests.rules_dsl.golden import FOLDER
from tests.rules_dsl.test_parse_random import EXAMPLES, INSERTED

PAGE = (FOLDER.parent / "fixes.md").read_text(encoding="utf-8")


class Case(NamedTuple):
    title: str
    before: str
    after: str


_BLOCK = re.compile(r"```tp\n(.*?)^```", re.DOTALL | re.MULTILINE)
BOOK = _BLOCK.findall(PAGE)[0]
CASES = [
    Case(part.split("\n")[0], *_BLOCK.findall(part))
    for part in re.split("^## ", PAGE, flags=re.M)[1:]
]


def fixed(text: str) -> FixedBook:
    return fix_rulebook([SourceFile("book.tp", BOOK), SourceFile("rules.tp", text)])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_safe_fixes_give_what_the_golden_file_says(case: Case) -> None:
    code = case.title.split()[0]
    before = compile_rulebook([SourceFile("book.tp", BOOK), SourceFile("rules.tp", case.before)])
    assert code in {each.code for each in before.diagnostics}
    after = fixed(case.before)
    assert after.sources[0].text == BOOK
    assert after.sources[1].text == case.after
    left_alone = "left alone" in case.title
    assert (case.before == case.after) == left_alone == (not after.applied)
    left = {each.code for each in after.diagnostics if each.code in {code, "TP101"}}
    assert left == ({code} if left_alone else set())
    if not left_alone:
        assert not any(each.severity is Severity.ERROR for each in after.diagnostics)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_what_was_fixed_is_not_fixed_again(case: Case) -> None:
    again = fixed(case.after)
    assert again.sources[1].text == case.after
    assert again.applied == ()


def test_all_tabs_go_at_once_and_texts_keep_theirs() -> None:
    text = "列表 甲\n\t名称\t文本\n\t额\t金额 # a\tb\n"
    assert fixed(text).sources[1].text == "列表 甲\n  名称  文本\n  额  金额 # a\tb\n"


def test_line_ends_of_the_author_stay() -> None:
    assert fixed("代码 甲 ＝ 乙\r\n\r\n").sources[1].text == "代码 甲 = 乙\r\n\r\n"


def test_fixes_that_meet_are_applied_one_after_the_other() -> None:
    span = parse_file("a.tp", "rule\n").diagnostics[0].span
    wide = Fix(span.__class__("a.tp", 1, 1, 1, 5), "x", safe=True)
    inner = Fix(span.__class__("a.tp", 1, 2, 1, 3), "y", safe=True)
    assert apply_fixes("rule\n", [inner, wide]) == ("x\n", [wide])


def test_a_fix_that_would_break_the_syntax_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str, fixes: object) -> tuple[str, list[Fix]]:
        return text + "规则\n", list(fixes)  # type: ignore[call-overload]

    monkeypatch.setattr(fixing, "apply_fixes", broken)
    text = "代码 甲 ＝ 乙\n"
    assert fixed(text).sources[1].text == text


@pytest.mark.slow
def test_fixing_damaged_files_ends_and_adds_no_syntax_error() -> None:
    rng = Random(4)
    for _ in range(120):
        pieces = re.findall(r"\w+|\s+|[^\w\s]", rng.choice(EXAMPLES))
        for _ in range(3):
            pieces.insert(rng.randrange(len(pieces)), rng.choice(INSERTED))
        text = "".join(pieces)
        book = fix_rulebook([SourceFile("a.tp", text)])
        errors = [
            sum(each.code.startswith("TP1") and each.severity is Severity.ERROR for each in found)
            for found in (
                compile_rulebook([SourceFile("a.tp", text)]).diagnostics,
                book.diagnostics,
            )
        ]
        assert errors[1] <= errors[0]
        assert fix_rulebook(book.sources).sources == book.sources
