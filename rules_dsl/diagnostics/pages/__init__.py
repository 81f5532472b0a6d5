"""A page for each diagnostic code, kept beside the code that reports it and written from it.

`python -m rules_dsl.diagnostics.pages --write` writes the Markdown files, `--check` says which of
them are not what would be written.
"""

from __future__ import annotations

from importlib import resources

from rules_dsl.diagnostics.pages import (
    budgets,
    coverage,
    names,
    publishing,
    style,
    syntax,
    tables,
    values,
    vouchers,
)
from rules_dsl.diagnostics.pages.page import BOOK, FixSafety, Page

__all__ = ["BOOK", "FixSafety", "PAGES", "Page", "read_page"]

#: The pages by their codes, in order.
PAGES: dict[str, Page] = {
    page.code: page
    for module in (syntax, names, values, vouchers, tables, budgets, style, coverage, publishing)
    for page in module.PAGES
}


def read_page(code: str) -> str | None:
    """Gives the written page of a code, None where no page has it."""
    if code not in PAGES:
        return None
    page = resources.files("rules_dsl.diagnostics").joinpath("docs", f"{code}.md")
    return page.read_text(encoding="utf-8")
