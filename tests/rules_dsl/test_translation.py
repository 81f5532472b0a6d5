"""Whole rule books in the other language's keywords: the same revision."""

from __future__ import annotations

from pathlib import Path

import pytest

from rules_dsl.compile import compile_rulebook
from rules_dsl.keyword_language import main_language
from rules_dsl.keywords import Language
from rules_dsl.source import SourceFile
from tests.rules_dsl.translation import translated

ROOT = Path(__file__).resolve().parents[2]
BOOKS = {
    "services": ROOT / "rules_dsl" / "rulebooks" / "services",
    "road_fines": ROOT / "tests" / "road_fines" / "rules",
    "alaska": ROOT / "tests" / "alaska" / "rules",
}


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", BOOKS)
def test_a_book_has_one_revision_in_both_languages(name: str, language: Language) -> None:
    folder = BOOKS[name]
    texts = {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.tp"))}
    assets = {path.name: path.read_bytes() for path in folder.glob("*.csv")}
    original = compile_rulebook([SourceFile(*each) for each in texts.items()], assets=assets)
    written = {path: translated(path, text, language) for path, text in texts.items()}
    assert {main_language(text) for text in written.values()} == {language}
    other = compile_rulebook([SourceFile(*each) for each in written.items()], assets=assets)
    assert original.program is not None
    assert other.program is not None, other.diagnostics
    assert other.program.revision == original.program.revision
