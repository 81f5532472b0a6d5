"""The checks on rule text, against the golden files."""

from __future__ import annotations

import pytest

from tests.rules_dsl.checks.golden import FOLDER, GoldenCase, read_cases, rendered

CODES = (
    *("TP204", "TP301", "TP302", "TP304", "TP305", "TP306", "TP307", "TP308"),
    *("TP401", "TP402", "TP403", "TP404", "TP406", "TP501", "TP502", "TP503"),
    *("TP601", "TP602", "TP603", "TP604", "TP805"),
)
CASES = [
    pytest.param(case, id=f"{path.stem}: {case.title}")
    for path in sorted(FOLDER.glob("*.md"))
    for case in read_cases(path.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("case", CASES)
def test_case_is_told_what_the_golden_file_says(case: GoldenCase) -> None:
    assert rendered(case) == case.expected


@pytest.mark.parametrize("case", CASES)
def test_near_misses_and_only_they_are_told_nothing(case: GoldenCase) -> None:
    assert ("near miss" in case.title) == (case.expected == "")


@pytest.mark.parametrize("code", CODES)
def test_each_code_has_a_case_and_a_near_miss(code: str) -> None:
    cases = [param.values[0] for param in CASES]
    found = [case.expected for case in cases if case.code == code]
    assert "" in found
    assert any(f"[{code}]" in expected for expected in found)
