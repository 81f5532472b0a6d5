"""Formatting changes no meaning: the same tree and revision, for every rule book there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

import rules_dsl
from rules_dsl.diagnostics import Severity
from rules_dsl.formatter import format_text
from rules_dsl.keywords import Language
from rules_dsl.parse import parse_file
from rules_dsl.revision import revision_of
from rules_dsl.scan import Scanner
from rules_dsl.source import strip_bom
from tests.reference.generate_budgets import generate_budget_book
from tests.reference.generate_rules import generate_book
from tests.rules_dsl.syntax_trees import strip_spans

ROOT = Path(__file__).resolve().parents[3]
PAGES = [
    *sorted((ROOT / "tests" / "golden").rglob("*.md")),
    *(Path(rules_dsl.__file__).parent / name for name in ("reference.md", "reference.zh-CN.md")),
]
BOOKS = sorted(
    path
    for path in ROOT.rglob("*.tp")
    if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)


def check_formatted(path: str, text: str) -> str:
    """Formats a text that parses, and checks that only its layout changed, once."""
    formatted = format_text(path, text)
    assert formatted.text is not None, formatted.diagnostics
    assert format_text(path, formatted.text).text == formatted.text
    before, after = parse_file(path, text).file, parse_file(path, formatted.text).file
    assert strip_spans(before.declarations) == strip_spans(after.declarations)
    assert revision_of([before], {}) == revision_of([after], {})
    assert comments_of(path, text) == comments_of(path, formatted.text)
    return formatted.text


def comments_of(path: str, text: str) -> list[str]:
    scanner = Scanner(path, Language.ENGLISH)
    scanner.scan(strip_bom(text))
    return [comment.text.rstrip() for comment in scanner.comments]


def blocks() -> Iterator[object]:
    """The rule texts of golden files and reference pages, those that parse."""
    for page in PAGES:
        found = re.findall(r"```tp\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
        for number, text in enumerate(found):
            result = parse_file("block.tp", text)
            if not any(each.severity is Severity.ERROR for each in result.diagnostics):
                yield pytest.param(text, id=f"{page.stem}-{number}")


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_rule_books_of_the_repository_keep_their_meaning(path: Path) -> None:
    check_formatted(path.name, path.read_text("utf-8"))


@pytest.mark.parametrize("text", list(blocks()))
def test_golden_files_and_reference_keep_their_meaning(text: str) -> None:
    check_formatted("block.tp", text)


def check_generated(seed: int) -> set[bool]:
    """Checks one generated book as written and with its layout shaken; tells its languages."""
    book = generate_book(seed // 2) if seed % 2 else generate_budget_book(seed // 2)
    languages = set()
    for path, text in book.files.items():
        languages.add(any(ord(letter) > 127 for letter in text.split()[0]))
        shaken_text = shaken(text, Random(seed))
        # Breaking lines inside brackets is the author's; all other layout is the formatter's.
        assert check_formatted(path, shaken_text) == check_formatted(path, text)
    return languages


@pytest.mark.slow
def test_generated_books_keep_their_meaning() -> None:
    assert set().union(*(check_generated(seed) for seed in range(16))) == {True, False}


@pytest.mark.long
@pytest.mark.timeout(3_000)
def test_300_generated_books_keep_their_meaning() -> None:
    assert set().union(*(check_generated(seed) for seed in range(300))) == {True, False}


def shaken(text: str, rng: Random) -> str:
    """Gives a text with other spaces and line ends, and full-width signs for some plain ones."""
    twins = str.maketrans(dict(zip("（），：＝｜", "(),:=|", strict=True)))
    lines = []
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip())
        pieces = re.split(r'("(?:[^"\\]|\\.)*"|#.*)', line.strip())
        for place in range(0, len(pieces), 2):
            spaced = re.sub(" ", lambda _: " " * rng.choice([1, 1, 2, 5]), pieces[place])
            spaced = re.sub(r"(?<=[(\[])|(?=[)\]])", lambda _: " " * rng.choice([0, 1]), spaced)
            if rng.random() < 0.2:
                spaced = spaced.translate({value: key for key, value in twins.items()})
            pieces[place] = spaced
        margin = " " * (rng.choice([1, 3, 8]) if indent else 0)
        lines.append(margin + "".join(pieces) + " " * rng.choice([0, 0, 3]))
    return rng.choice(["\n", "\r\n"]).join(lines) + "\n" * rng.choice([0, 3])
