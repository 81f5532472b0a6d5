"""The study: draws mistakes and mutants with a seed, tries them, and counts."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rules_dsl.compile import compile_rulebook
from rules_dsl.diagnostics import Severity
from rules_dsl.testing import Change, Fate
from rules_dsl.testing.mutants import mutants_of
from rules_dsl.testing.mutation import try_change
from tests.mutants.books import RuleBook, rule_books
from tests.mutants.static import OPERATORS, Mistake

EQUIVALENTS = Path(__file__).with_name("equivalent.txt")


@dataclass
class StaticCounts:
    """Mistakes that `check` must catch.

    caught: some error was told. right: one of the expected codes, on an expected line.
    named: names misspelled; suggested: the right name was suggested first. The lists hold what
    was not so, in words.
    """

    tried: int = 0
    caught: int = 0
    right: int = 0
    named: int = 0
    suggested: int = 0
    missed: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    not_suggested: list[str] = field(default_factory=list)


@dataclass
class TestedCounts:
    """Mutants for the tests: of those the checker lets pass, how many a test kills.

    equivalent: mutants argued in `equivalent.txt` to mean the same; they count nowhere else.
    """

    __test__ = False

    tried: int = 0
    checked: int = 0
    killed: int = 0
    equivalent: int = 0
    survived: list[str] = field(default_factory=list)


def draw_mistakes(seed: int, count: int) -> Iterator[tuple[RuleBook, Mistake]]:
    """Draws mistakes: the operators take turns, each with a random place in either book."""
    rng = random.Random(seed)
    pools = [
        [(book, mistake) for book in rule_books() for mistake in operator(book, rng)]
        for operator in OPERATORS.values()
    ]
    for pool in pools:
        rng.shuffle(pool)
    drawn = 0
    while drawn < count and any(pools):
        for pool in pools:
            if pool and drawn < count:
                drawn += 1
                yield pool.pop()


def draw_mutants(seed: int, count: int) -> list[tuple[RuleBook, Change]]:
    """Draws mutants of both books, each as likely as any other."""
    found = [
        (book, change) for book in rule_books() for change in mutants_of(book.sources, book.files)
    ]
    return random.Random(seed).sample(found, min(count, len(found)))


def study_checks(mistakes: Iterator[tuple[RuleBook, Mistake]]) -> StaticCounts:
    counts = StaticCounts()
    for book, mistake in mistakes:
        counts.tried += 1
        compiled = compile_rulebook(mistake.change.apply(book.sources), assets=book.assets)
        errors = [each for each in compiled.diagnostics if each.severity is Severity.ERROR]
        right = [
            each
            for each in errors
            if each.code in mistake.codes and (each.span.file, each.span.line) in mistake.lines
        ]
        told = ", ".join(f"{each.code} at {each.span.line}" for each in errors[:3])
        shown = f"{_shown(book, mistake.change)}\n  told: {told or 'nothing'}"
        counts.caught += bool(errors)
        counts.right += bool(right)
        if not errors:
            counts.missed.append(shown)
        elif not right:
            counts.elsewhere.append(shown)
        if mistake.wanted:
            counts.named += 1
            is_first = any(each.suggestions[:1] == (mistake.wanted,) for each in right)
            counts.suggested += is_first
            if not is_first:
                counts.not_suggested.append(shown)
    return counts


def study_tests(mutants: Sequence[tuple[RuleBook, Change]]) -> TestedCounts:
    counts = TestedCounts()
    equivalent = equivalents()
    for book, change in mutants:
        counts.tried += 1
        if key_of(book, change) in equivalent:
            counts.equivalent += 1
            continue
        tried = try_change(book.sources, change, assets=book.assets)
        counts.checked += tried.fate is Fate.CHECKED
        counts.killed += tried.fate is Fate.KILLED
        if tried.fate is Fate.SURVIVED:
            counts.survived.append(_shown(book, change))
    return counts


def key_of(book: RuleBook, change: Change) -> str:
    """What an entry of `equivalent.txt` begins with: book, operator and the change as text."""
    lines = change.diff(book.sources).splitlines()
    words = (" ".join([line[:1], *line[1:].split()]) for line in lines)
    return "\n".join([f"{book.name}: {change.operator}", *words])


def equivalents() -> dict[str, str]:
    """The mutants argued to mean the same, by `key_of`, each with its argument."""
    found = {}
    for entry in EQUIVALENTS.read_text(encoding="utf-8").split("\n\n"):
        lines = [line for line in entry.splitlines() if not line.startswith("#")]
        argument = [line[2:] for line in lines if line.startswith("= ")]
        key = [line for line in lines if not line.startswith("= ")]
        if key:
            found["\n".join(key)] = " ".join(argument)
    return found


def _shown(book: RuleBook, change: Change) -> str:
    place = f"{book.name}/{change.span.file}:{change.span.line}"
    diff = change.diff(book.sources).replace("\n", "\n  ")
    return f"{place}: {change.operator}\n  {diff}"
