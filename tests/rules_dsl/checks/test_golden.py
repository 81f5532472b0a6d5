"""The checks on rule text: Markdown files with a case and what it is told, side by side.

TONGPIN_GOLDEN=write writes what is told into the files instead of comparing.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from rules_dsl.compile import compile_rulebook
from rules_dsl.diagnostics.render import render_all
from rules_dsl.source import SourceFile

FOLDER = Path(__file__).parents[2] / "golden" / "checks"
CASE = re.compile(
    r"^## (?P<title>(?P<code>TP\d+) .*?)\n\n```tp\n(?P<text>.*?)```\n\n"
    r"```diagnostics\n(?P<told>.*?)```",
    re.DOTALL | re.MULTILINE,
)
BOOK = re.compile(r"```tp\n(?P<text>.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Case:
    """A rule text, compiled with the book of its file, and the rendered diagnostics of one code."""

    file: Path
    title: str
    code: str
    text: str
    told: str


def _cases() -> list[Case]:
    return [
        Case(path, found["title"], found["code"], found["text"], found["told"])
        for path in sorted(FOLDER.glob("*.md"))
        for found in CASE.finditer(path.read_text(encoding="utf-8"))
    ]


def _told(case: Case) -> str:
    book = BOOK.search(case.file.read_text(encoding="utf-8"))
    assert book is not None
    sources = {"book.tp": book["text"], "case.tp": case.text}
    result = compile_rulebook([SourceFile(path, text) for path, text in sources.items()])
    unexpected = [each for each in result.diagnostics if each.code < "TP3" and each.code != "TP204"]
    assert unexpected == [], render_all(unexpected, sources)
    shown = [each for each in result.diagnostics if each.code == case.code]
    return render_all(shown, sources) + "\n" if shown else ""


@pytest.mark.parametrize("case", _cases(), ids=lambda case: f"{case.file.stem}: {case.title}")
def test_case_is_told_what_the_golden_file_says(case: Case) -> None:
    told = _told(case)
    if os.environ.get("TONGPIN_GOLDEN") == "write":
        old = f"## {case.title}\n\n```tp\n{case.text}```\n\n```diagnostics\n{case.told}```"
        new = f"## {case.title}\n\n```tp\n{case.text}```\n\n```diagnostics\n{told}```"
        text = case.file.read_text(encoding="utf-8")
        case.file.write_text(text.replace(old, new), encoding="utf-8")
        return
    assert told == case.told


@pytest.mark.parametrize("case", _cases(), ids=lambda case: f"{case.file.stem}: {case.title}")
def test_near_misses_are_told_nothing(case: Case) -> None:
    assert ("near miss" in case.title) == (case.told == "")
