"""Which names are suggested for an unknown one."""

from __future__ import annotations

import pytest

from rules_dsl.diagnostics.suggest import edit_distance, suggest
from tests.rules_dsl.books import compile_text


@pytest.mark.parametrize(
    ("name", "candidates", "expected"),
    [
        ("部们", ["员工", "部门", "项目"], ("部门",)),
        ("含税额", ["税率", "含税金额", "不含税额"], ("含税金额", "不含税额")),
        ("门部", ["部门"], ("部门",)),
        ("amuont", ["amount", "account"], ("amount",)),
        ("Amount", ["amount", "amounts"], ("amount", "amounts")),
        ("员工", ["部门", "项目"], ()),
        ("x", ["y", "z"], ()),
        ("税", ["费"], ()),
        ("应交税费.进项税", ["应交税费.进项税额", "管理费用.进项税"], ("应交税费.进项税额",)),
        ("应交税金.进项税额", ["应交税费.进项税额", "库存现金"], ("应交税费.进项税额",)),
        ("进项税额", ["应交税费.进项税额", "库存现金"], ("应交税费.进项税额",)),
        ("进项", ["销项税额", "进项税额"], ("进项税额",)),
        ("rul", ["rule", "rate", "table"], ("rule",)),
        ("de\u0301bit", ["d\u00e9bit2", "credit"], ("d\u00e9bit2",)),
    ],
)
def test_suggestions_are_what_was_meant(
    name: str, candidates: list[str], expected: tuple[str, ...]
) -> None:
    assert suggest(name, candidates) == expected


def test_at_most_three_are_suggested_nearest_first() -> None:
    candidates = ["部门代号", "部门名", "部长", "部门", "司门", "部们x"]
    found = suggest("部们", candidates)
    assert len(found) == 3
    assert set(found) <= {"部长", "部门", "部们x"}


def test_the_name_itself_is_no_suggestion() -> None:
    assert suggest("部门", ["部门", "部门"]) == ()


@pytest.mark.parametrize(
    ("first", "second", "limit", "expected"),
    [
        ("abc", "abc", 1, 0),
        ("abc", "acb", 1, 1),
        ("abc", "ab", 1, 1),
        ("abc", "xyz", 2, None),
        ("kitten", "sitting", 3, 3),
        ("", "ab", 2, 2),
        ("部门", "部", 0, None),
    ],
)
def test_distances_count_characters_up_to_a_limit(
    first: str, second: str, limit: int, expected: int | None
) -> None:
    assert edit_distance(first, second, limit) == expected


@pytest.mark.parametrize(
    ("text", "code", "suggested"),
    [
        ("event 甲 is a\n  额 amount of ERU\n", "TP201", "EUR"),
        ("event 甲 is a\n  名 txt\n", "TP201", "text"),
        ("事件 甲 对应 a\n  名 文木\n", "TP201", "文本"),
        ('rule 甲\n  on 甲\n  basis "b"\n  let 乙 = abz(额)\n', "TP101", "abs"),
        (
            '规则 甲\n  针对 甲\n  依据 "b"\n  设 乙 = 四舍王入(额 / 3)\n',
            "TP101",
            "四舍五入",
        ),
    ],
)
def test_misspelled_words_of_the_language_are_suggested(
    text: str, code: str, suggested: str
) -> None:
    told = [each for each in compile_text(text).diagnostics if each.code == code]
    assert told[0].suggestions[:1] == (suggested,)
