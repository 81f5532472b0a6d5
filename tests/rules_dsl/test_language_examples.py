"""The rule books that show what the language can say: checked, laid out, tested, explained.

`language_page` holds the subjects of the language's first page, `hardest` the eight hardest events
of the catalogue, written before the constructs they need were built.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.book import Book
from engine.explain import explain_voucher
from rules_dsl.compile import CompileResult, compile_rulebook
from rules_dsl.diagnostics import Severity, render_all
from rules_dsl.formatter import format_text
from rules_dsl.keywords import Language
from rules_dsl.source import SourceFile
from rules_dsl.testing import run_tests, running
from tests.rules_dsl.translation import translated

FOLDER = Path(__file__).parent
BOOKS = [name for name in ("language_page", "hardest") if any((FOLDER / name).glob("*.tp"))]


def _texts(name: str) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in sorted((FOLDER / name).glob("*.tp"))}


def _compiled(texts: dict[str, str]) -> CompileResult:
    result = compile_rulebook([SourceFile(*each) for each in texts.items()])
    wrong = [each for each in result.diagnostics if each.severity is not Severity.INFO]
    assert wrong == [], render_all(wrong, texts)
    return result


@pytest.mark.parametrize("name", BOOKS)
def test_it_compiles_without_a_warning_and_is_laid_out(name: str) -> None:
    texts = _texts(name)
    assert _compiled(texts).program is not None
    assert {path: format_text(path, text).text for path, text in texts.items()} == texts


@pytest.mark.parametrize("name", BOOKS)
def test_both_spellings_are_one_revision(name: str) -> None:
    texts = _texts(name)
    revisions = set()
    for language in Language:
        written = {path: translated(path, text, language) for path, text in texts.items()}
        program = _compiled(written).program
        assert program is not None
        revisions.add(program.revision)
    assert len(revisions) == 1


@pytest.mark.parametrize("name", BOOKS)
def test_its_tests_pass_and_every_voucher_explains_itself(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    books: list[Book] = []
    in_memory = Book.in_memory

    def kept(*args: object, **kwargs: object) -> Book:
        books.append(in_memory(*args, **kwargs))  # type: ignore[arg-type]
        return books[-1]

    monkeypatch.setattr(running.Book, "in_memory", kept)
    result = _compiled(_texts(name))
    assert result.program is not None
    found = run_tests(result.program, result.files)
    assert found
    assert [each for each in found if not each.passed] == []
    explained = 0
    for book in books:
        for voucher in book.vouchers()[0]:
            explanation = explain_voucher(book, voucher.name)
            amounts = tuple((line.debit, line.credit) for line in voucher.lines)
            assert explanation.recomputed == amounts, voucher.name
            assert explanation.basis
            explained += 1
    assert explained >= len(found) // 2
