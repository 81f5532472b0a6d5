"""Syntax diagnostics read as recorded in the golden files."""

from __future__ import annotations

import pytest

from tests.rules_dsl.golden import FOLDER, GoldenCase, read_cases, rendered

FILES = sorted(FOLDER.glob("*.md"))
CASES = [
    pytest.param(case, id=f"{path.stem}: {case.title}")
    for path in FILES
    for case in read_cases(path.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("case", CASES)
def test_syntax_diagnostics_read_as_recorded(case: GoldenCase) -> None:
    assert rendered(case.source) == case.expected


@pytest.mark.parametrize("code", ["TP101", "TP102", "TP103", "TP104"])
def test_each_syntax_code_has_a_case_and_a_near_miss(code: str) -> None:
    cases = [
        case
        for path in FILES
        if path.stem.startswith(code.lower())
        for case in read_cases(path.read_text(encoding="utf-8"))
    ]
    assert any(f"[{code}]" in case.expected for case in cases)
    assert any(f"[{code}]" not in case.expected for case in cases)
