"""Does the differential test find bugs? `python -m tests.differential.planted` plants them all."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from engine.program import Program
from tests.differential.observed import ObservedEvent, of_reference
from tests.differential.planted_budget_bugs import BUDGET_BUGS
from tests.differential.planted_bugs import BUGS
from tests.differential.planting import NotApplicable, PlantedBug, planted
from tests.differential.running import BUDGET_SEEDS, book_of, trial_of
from tests.differential.stored import CUTS, REGRESSIONS, from_text, regressions
from tests.differential.trial import (
    WAYS,
    Trial,
    compiled,
    first_difference,
    reference_of,
)
from tests.reference.declarations import Declarations
from tests.reference.state import State

#: Books tried before a bug counts as missed.
MOST_BOOKS = 60


#: A trial: the seed of a random one, or the name of a stored one and how it is cut into calls.
Source = int | tuple[str, int]

STORED: tuple[Source, ...] = tuple((path.stem, cut) for path in regressions() for cut in CUTS)


def sources_of(bug: PlantedBug, books: int) -> list[Source]:
    """Random trials that may show a bug."""
    first = BUDGET_SEEDS if bug in BUDGET_BUGS else 0
    return list(range(first, first + books))


@cache
def decided(source: Source) -> tuple[Trial, Sequence[ObservedEvent], State]:
    """A trial and what the reference makes of it; no bug is planted in that."""
    if isinstance(source, int):
        book = book_of(source)
        declarations = Declarations.of(Trial(book, ()).files(), book.assets)
        trial = trial_of(book, declarations, source, 0)
    else:
        name, cut = source
        text = (REGRESSIONS / f"{name}.txt").read_text(encoding="utf-8")
        trial = replace(from_text(text), seed=cut)
    reference = reference_of(trial)
    return trial, [of_reference(one) for one in reference.post_all(trial.events)], reference.state


@cache
def program_of(source: Source) -> Program:
    """The program of a trial's book, compiled without a bug."""
    return compiled(decided(source)[0].book)


@cache
def is_clean(source: Source, ways: Sequence[str]) -> bool:
    """Whether nothing shows in a trial while no bug is planted."""
    return not _shown(source, ways, program_of(source))


def found_at(bug: PlantedBug, sources: Sequence[Source]) -> tuple[Source, str] | None:
    """The first trial that shows the bug, and how."""
    ways = (bug.way,) if bug.way else WAYS
    for source in sources:
        if not is_clean(source, ways):
            continue
        program = None if bug.is_in_compiler else program_of(source)
        with planted(bug):
            how = _shown(source, ways, program)
        if how:
            return source, how
    return None


def _shown(source: Source, ways: Sequence[str], program: Program | None) -> str:
    """What shows in a trial: the way that differs or what was raised; "" where nothing does.

    `program`: of the trial's book, or None to compile it here.
    """
    trial, expected, state = decided(source)
    try:
        if program is None:
            program = compiled(trial.book)
        for way in ways:
            found = first_difference(trial, program, way, expected, state)
            if found is not None:
                return f"{way} differ"
    except Exception as error:  # noqa: BLE001 - a bug that is noticed by a crash is noticed
        return f"raises {type(error).__name__}: {str(error)[:80]}"
    return ""


def main() -> int:
    """Plants each bug, one after the other; 1 where one was missed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.differential.planted", description=__doc__
    )
    parser.add_argument("--only", nargs="*", default=[], help="words of the names of bugs to plant")
    parser.add_argument("--books", type=int, default=MOST_BOOKS, help="books tried per bug")
    options = parser.parse_args()
    chosen = [bug for bug in BUGS if all(word in bug.name for word in options.only)]
    missed = 0
    for bug in chosen:
        began = time.monotonic()
        try:
            found = found_at(bug, [*sources_of(bug, options.books), *STORED])
        except NotApplicable as error:
            missed += 1
            print(f"gone    {bug.name}: {error}", flush=True)
            continue
        missed += found is None
        where = "missed  " if found is None else "found   "
        how = "" if found is None else f", trial {found[0]}, {found[1]}"
        print(f"{where}{bug.name}{how}, {time.monotonic() - began:.1f} s", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} planted bugs found")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
