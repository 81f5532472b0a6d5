"""The page of each code: there, fresh, and its examples compiled."""

from __future__ import annotations

import re

import pytest

from rules_dsl.diagnostics import CODES, Severity
from rules_dsl.diagnostics.pages import BOOK, PAGES, FixSafety, Page, read_page
from rules_dsl.diagnostics.pages.writing import (
    FOLDER,
    diagnostics_of,
    reporting_modules,
    written_pages,
)
from rules_dsl.fixing import fix_rulebook
from rules_dsl.formatter import format_text
from rules_dsl.source import SourceFile

EACH_PAGE = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
#: What the bad example shows can be fixed, by what the page promises.
SHOWN = {
    FixSafety.NONE: {None},
    FixSafety.SUGGESTED: {None, False},
    FixSafety.SAFE: {True},
    FixSafety.PARTLY: {None, False, True},
}


def test_every_code_that_is_reported_has_a_page_and_no_other() -> None:
    reported = {code for code, modules in reporting_modules().items() if modules}
    assert set(PAGES) == reported


def test_pages_on_disk_are_fresh() -> None:
    there = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.md")}
    assert there == written_pages(), "run python -m rules_dsl.diagnostics.pages --write"


@EACH_PAGE
def test_bad_example_gives_the_code_and_no_other_error(page: Page) -> None:
    found = diagnostics_of(page.bad, page.before)
    assert page.code in {each.code for each in found if each.span.file == "rules.tp"}
    assert {each.code for each in found if each.severity is Severity.ERROR} <= {page.code}


@EACH_PAGE
def test_good_example_has_neither_the_code_nor_an_error(page: Page) -> None:
    found = [
        each for each in diagnostics_of(page.good, page.before) if each.span.file == "rules.tp"
    ]
    assert page.code not in {each.code for each in found}
    assert not any(
        each.severity is Severity.ERROR for each in diagnostics_of(page.good, page.before)
    )


@EACH_PAGE
def test_fixes_of_the_bad_example_are_as_safe_as_the_page_says(page: Page) -> None:
    fixes = [each.fix for each in diagnostics_of(page.bad, page.before) if each.code == page.code]
    assert {fix and fix.safe for fix in fixes} <= SHOWN[page.fix]


@EACH_PAGE
def test_fixing_the_bad_example_gives_the_good_one_where_the_fix_is_safe(page: Page) -> None:
    fixed = fix_rulebook([SourceFile("book.tp", BOOK), SourceFile("rules.tp", page.bad)])
    if page.code == "TP218":  # its example is the part that is only suggested
        assert fixed.applied == ()
    elif page.fix in {FixSafety.SAFE, FixSafety.PARTLY}:
        written = format_text("rules.tp", fixed.sources[1].text).text
        assert written == format_text("rules.tp", page.good).text


@EACH_PAGE
def test_good_example_is_laid_out_by_the_formatter(page: Page) -> None:
    written = format_text("rules.tp", page.good).text
    assert written is not None
    # Examples keep their declarations close together.
    assert re.sub("\n+", "\n", written) == re.sub("\n+", "\n", page.good)


@EACH_PAGE
def test_a_page_says_why_it_matters_and_names_codes_that_are_there(page: Page) -> None:
    assert page.checks
    assert page.matters
    assert page.chinese
    assert set(page.related) <= CODES.keys()
    assert (page.fix is FixSafety.NONE) == (page.fix_note == "")
    assert read_page(page.code) is not None


def test_no_page_is_read_outside_the_folder() -> None:
    assert read_page("../render") is None
