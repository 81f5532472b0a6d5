"""Golden files of the checks: a book, and cases with what they are told of one code, rendered.

`python -m tests.rules_dsl.checks.golden FILE…` writes the diagnostics blocks anew, for a person to
read in the difference before they are committed.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from rules_dsl.compile import compile_rulebook
from rules_dsl.diagnostics import Severity, render_all
from rules_dsl.source import SourceFile

FOLDER = Path(__file__).resolve().parents[2] / "golden" / "checks"

_BOOK = re.compile(r"```tp\n(?P<text>.*?)^```", re.DOTALL | re.MULTILINE)
_CASE = re.compile(
    r"^## (?P<title>(?P<code>TP\d+) .+?)\n\n```tp\n(?P<source>.*?)^```\n\n"
    r"```diagnostics\n(?P<expected>.*?)^```\n",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class GoldenCase:
    """A rule text with the book of its file; `expected`: the diagnostics of `code`, rendered."""

    title: str
    code: str
    book: str
    source: str
    expected: str


def read_cases(text: str) -> list[GoldenCase]:
    book = _BOOK.search(text)
    assert book is not None
    found = [
        GoldenCase(match["title"], match["code"], book["text"], match["source"], match["expected"])
        for match in _CASE.finditer(text)
    ]
    titles = re.findall("^## (.+)$", text, re.MULTILINE)
    assert [case.title for case in found] == titles, "a case has not both of its blocks"
    return found


def rendered(case: GoldenCase) -> str:
    sources = {"book.tp": case.book, "case.tp": case.source}
    result = compile_rulebook([SourceFile(path, text) for path, text in sources.items()], assets={})
    mistakes = [
        each for each in result.diagnostics if each.severity is Severity.ERROR and each.code < "TP3"
    ]
    assert mistakes == [], render_all(mistakes, sources)
    text = render_all([each for each in result.diagnostics if each.code == case.code], sources)
    return f"{text}\n" if text else ""


def rewritten(text: str) -> str:
    cases = {case.title: case for case in read_cases(text)}

    def replace(match: re.Match[str]) -> str:
        head = match[0][: match.start("expected") - match.start()]
        return f"{head}{rendered(cases[match['title']])}```\n"

    return _CASE.sub(replace, text)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(rewritten(path.read_text(encoding="utf-8")), encoding="utf-8")
