"""Tries mutants of a rule book: which the checker catches, which a test kills, which survive."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rules_dsl import syntax
from rules_dsl.compile import compile_rulebook
from rules_dsl.diagnostics import Severity
from rules_dsl.source import SourceFile
from rules_dsl.testing.edits import Change
from rules_dsl.testing.mutants import mutants_of
from rules_dsl.testing.naming import Names
from rules_dsl.testing.running import run_test, tests_of


class Fate(StrEnum):
    """What became of a mutant."""

    CHECKED = "caught by the checker"
    KILLED = "killed by a test"
    SURVIVED = "survived"


@dataclass(frozen=True, slots=True)
class Tried:
    """A mutant that was tried.

    Attributes:
        change: what was changed; diff: the same as text.
        fate: what became of it. by: the code, or the name of the test, that noticed it.
        codes: of the errors the checker gave, with the lines they point at.
    """

    change: Change
    diff: str
    fate: Fate
    by: str = ""
    codes: tuple[tuple[str, str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Mutation:
    """The mutants to try of a rule book: `chosen` of all there are, in order of places."""

    sources: tuple[SourceFile, ...]
    assets: Mapping[str, bytes]
    chosen: tuple[Change, ...]
    count: int

    def run(self) -> Iterator[Tried]:
        """Tries one mutant after another; each is compiled, and tested until a test fails."""
        for change in self.chosen:
            yield try_change(self.sources, change, assets=self.assets)


def choose_mutants(
    sources: Sequence[SourceFile],
    files: Sequence[syntax.File],
    *,
    assets: Mapping[str, bytes],
    seed: int = 0,
    limit: int = 0,
) -> Mutation:
    """Chooses mutants of a rule book that compiles and whose tests pass.

    Args:
        sources: the rule files.
        files: their syntax trees.
        assets: other files of the rule book.
        seed: of the choice where there are more than `limit`; the same gives the same.
        limit: how many at most; 0 = all.
    """
    found = mutants_of(sources, files)
    count = len(found)
    if limit and count > limit:
        kept = sorted(random.Random(seed).sample(range(count), limit))  # noqa: S311 - a sample
        found = [found[place] for place in kept]
    return Mutation(tuple(sources), assets, tuple(found), count)


def try_change(
    sources: Sequence[SourceFile], change: Change, *, assets: Mapping[str, bytes]
) -> Tried:
    """Compiles a changed rule book and, if that passes, runs its tests until one fails."""
    diff = change.diff(sources)
    compiled = compile_rulebook(change.apply(sources), assets=assets)
    errors = tuple(
        (each.code, each.span.file, each.span.line)
        for each in compiled.diagnostics
        if each.severity is Severity.ERROR
    )
    if compiled.program is None:
        return Tried(change, diff, Fate.CHECKED, errors[0][0], errors)
    names = Names(compiled.program, compiled.files)
    # A test beside the change is the one most likely to notice it.
    tests = sorted(tests_of(compiled.files), key=lambda test: test.span.file != change.span.file)
    for test in tests:
        if not run_test(names, test).passed:
            return Tried(change, diff, Fate.KILLED, test.name)
    return Tried(change, diff, Fate.SURVIVED)
