"""`tongpin new`: what it writes is a rule book without a fault, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import CallerError
from rules_dsl.keywords import Language
from rules_dsl.testing import Fate
from server.rulebooks import check_files, mutants_of_files, read_folder
from tongpin_cli.formatting import format_files
from tongpin_cli.output import Output
from tongpin_cli.scaffolding import write_rulebook

LANGUAGES = pytest.mark.parametrize("language", list(Language))


@LANGUAGES
@pytest.mark.parametrize("name", ["rules", "规则 2026", "123", "rule"])
def test_a_new_book_checks_clean_and_its_tests_pass(
    tmp_path: Path, language: Language, name: str
) -> None:
    folder = tmp_path / name
    assert write_rulebook(folder, language.value, Output()) == 0
    check = check_files(read_folder(folder), run_tests=True)
    assert [shown for _, shown in check.diagnostics] == []
    assert [(test.name, test.message) for test in check.tests if not test.passed] == []
    assert len(check.tests) == 3


@LANGUAGES
def test_a_new_book_is_laid_out_by_the_formatter(tmp_path: Path, language: Language) -> None:
    write_rulebook(tmp_path / "rules", language.value, Output())
    assert format_files([tmp_path / "rules"], Output(), only_check=True) == 0


@LANGUAGES
def test_the_tests_of_a_new_book_leave_nothing_out(tmp_path: Path, language: Language) -> None:
    write_rulebook(tmp_path / "rules", language.value, Output())
    files = read_folder(tmp_path / "rules")
    coverage = check_files(files, run_tests=True, coverage=True).coverage
    assert coverage is not None
    assert coverage.uncovered == ()
    survivors = [each.diff for each in mutants_of_files(files).run() if each.fate is Fate.SURVIVED]
    assert survivors == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.tp").write_text("", encoding="utf-8")
    with pytest.raises(CallerError, match="not an empty folder"):
        write_rulebook(tmp_path, "zh", Output())
    with pytest.raises(CallerError, match="--lang is en or zh"):
        write_rulebook(tmp_path / "new", "de", Output())
