"""Golden files in Markdown: a title, a `tp` block, and the diagnostics it must give, rendered.

`python -m tests.rules_dsl.golden FILE…` writes the diagnostics blocks anew, for a person to read
in the difference before they are committed.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from rules_dsl.diagnostics import render_all
from rules_dsl.parse import parse_file

FOLDER = Path(__file__).resolve().parent.parent / "golden" / "syntax"
FILE_NAME = "rules.tp"

_CASE = re.compile(
    r"^## (?P<title>.+?)\n(?P<between>.*?)```tp\n(?P<source>.*?)^```\n\n"
    r"```diagnostics\n(?P<expected>.*?)^```\n",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class GoldenCase:
    title: str
    source: str
    expected: str


def read_cases(text: str) -> list[GoldenCase]:
    found = [
        GoldenCase(match["title"], match["source"], match["expected"])
        for match in _CASE.finditer(text)
    ]
    titles = re.findall("^## (.+)$", text, re.MULTILINE)
    assert [case.title for case in found] == titles, "a case has not both of its blocks"
    return found


def rendered(source: str) -> str:
    diagnostics = parse_file(FILE_NAME, source).diagnostics
    text = render_all(diagnostics, {FILE_NAME: source})
    return f"{text}\n" if text else ""


def rewritten(text: str) -> str:
    def replace(match: re.Match[str]) -> str:
        head, source = match[0][: match.start("expected") - match.start()], match["source"]
        return f"{head}{rendered(source)}```\n"

    return _CASE.sub(replace, text)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(rewritten(path.read_text(encoding="utf-8")), encoding="utf-8")
