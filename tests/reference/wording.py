"""Rule text in either language: generated text marks its keywords, this spells them.

Generated text writes a keyword as `«rule»`. The Chinese spellings are read from section 12 of the
reference page, so that every generated Chinese book also checks that table.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

REFERENCE = Path(__file__).resolve().parents[2] / "rules_dsl" / "reference.md"
KEYWORD = re.compile(r"«([^»]+)»")


@cache
def chinese_keywords() -> dict[str, str]:
    """English keyword -> Chinese spelling, from the reference page."""
    page = REFERENCE.read_text(encoding="utf-8")
    section = page[page.index("## 12. ") :]
    found = {}
    for line in section.splitlines():
        if line.startswith("| ") and not line.startswith("| English"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            pairs = zip(cells[::3], cells[1::3], strict=False)
            found |= {english: chinese for english, chinese in pairs if english}
    return found


def spelled(text: str, *, chinese: bool) -> str:
    """The text with every marked keyword spelled in the language."""
    if not chinese:
        return KEYWORD.sub(lambda match: match[1], text)
    words = chinese_keywords()
    return KEYWORD.sub(lambda match: words[match[1]], text)
