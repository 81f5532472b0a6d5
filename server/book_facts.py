"""Checks rule files against the book they are to be published in."""

from __future__ import annotations

import calendar
from dataclasses import replace

from engine.book import Book
from engine.calendar import day_of, period_text
from engine.calls import RevisionView
from engine.program import NO_DATE
from rules_dsl import syntax
from rules_dsl.diagnostics import Severity, render
from rules_dsl.parse import parse_file
from rules_dsl.publication import BookFacts, ClosedPeriod, check_publication
from server.rulebooks import Check, Files, check_files, read_sources


def check_in_book(book: Book, files: Files, days: tuple[int, int], *, run_tests: bool) -> Check:
    """Compiles rules, runs their tests, and compares them with what a book holds.

    Args:
        book: to publish in; it is only read.
        files: of the rule book.
        days: first and last business day to publish for, NO_DATE = no limit.
        run_tests: whether to run the test blocks.
    """
    check = check_files(files, run_tests=run_tests)
    if not check.revision:
        return check
    found = check_publication(_parsed(files), facts_of(book, days))
    texts = {source.path: source.text for source in read_sources(files)}
    shown = tuple((each, render(each, texts.get(each.span.file, ""))) for each in found)
    is_fit = not any(each.severity is Severity.ERROR for each in found)
    return replace(check, ok=check.ok and is_fit, diagnostics=(*check.diagnostics, *shown))


def facts_of(book: Book, days: tuple[int, int]) -> BookFacts:
    """What a book holds against rules for these business days."""
    state = book.state
    return BookFacts(
        closed=tuple(_closed(book, days)),
        targets=frozenset(name for name, values in state.targets.items() if values),
        records=frozenset(name for name, values in state.records.items() if values),
        budgets=frozenset(terms.budget for terms in state.budgets.terms.values()),
    )


def _closed(book: Book, days: tuple[int, int]) -> list[ClosedPeriod]:
    """Closed periods that the days reach into and that have rules, oldest first."""
    views = {view.revision: view for view in book.revisions()}
    parsed: dict[str, tuple[syntax.File, ...]] = {}
    found = []
    for entity, period in sorted(book.state.closed_periods, key=lambda each: each[::-1]):
        year, month = divmod(period, 100)
        first = day_of(f"{year:04}-{month:02}-01")
        last = first + calendar.monthrange(year, month)[1] - 1
        first = first if days[0] == NO_DATE else max(first, days[0])
        last = last if days[1] == NO_DATE else min(last, days[1])
        chosen = book.resolve(last).chosen if first <= last else None
        if chosen is None:
            continue
        if chosen.revision not in parsed:
            parsed[chosen.revision] = _files_of(views[chosen.revision])
        label = f"{period_text(period)} of {entity}"
        found.append(ClosedPeriod(label, first, last, parsed[chosen.revision]))
    return found


def _files_of(view: RevisionView) -> tuple[syntax.File, ...]:
    return _parsed(view.files)


def _parsed(files: Files) -> tuple[syntax.File, ...]:
    return tuple(parse_file(each.path, each.text).file for each in read_sources(files))
