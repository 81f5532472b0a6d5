"""Does the differential test find bugs? `python -m tests.differential.planted` plants them all."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from functools import cache

from engine.program import Program
from tests.differential.observed import ObservedEvent, of_reference
from tests.differential.planted_bugs import BUGS
from tests.differential.planting import NotApplicable, PlantedBug, planted
from tests.differential.running import trial_of
from tests.differential.trial import (
    WAYS,
    Trial,
    compiled,
    first_difference,
    reference_of,
)
from tests.reference.declarations import Declarations
from tests.reference.generate_rules import generate_book
from tests.reference.state import State

#: Books tried before a bug counts as missed.
MOST_BOOKS = 60


@cache
def decided(seed: int) -> tuple[Trial, Sequence[ObservedEvent], State]:
    """The trial of a seed and what the reference makes of it; no bug is planted in that."""
    book = generate_book(seed)
    declarations = Declarations.of(Trial(book, ()).files(), book.assets)
    trial = trial_of(book, declarations, seed, 0)
    reference = reference_of(trial)
    return trial, [of_reference(one) for one in reference.post_all(trial.events)], reference.state


@cache
def program_of(seed: int) -> Program:
    """The program of a seed's book, compiled without a bug."""
    return compiled(decided(seed)[0].book)


@cache
def is_clean(seed: int, ways: Sequence[str]) -> bool:
    """Whether nothing shows in a seed's trial while no bug is planted."""
    return not _shown(seed, ways, program_of(seed))


def found_at(bug: PlantedBug, seeds: Sequence[int]) -> tuple[int, str] | None:
    """The first seed whose trial shows the bug, and how."""
    ways = (bug.way,) if bug.way else WAYS
    for seed in seeds:
        if not is_clean(seed, ways):
            continue
        program = None if bug.is_in_compiler else program_of(seed)
        with planted(bug):
            how = _shown(seed, ways, program)
        if how:
            return seed, how
    return None


def _shown(seed: int, ways: Sequence[str], program: Program | None) -> str:
    """What shows in a trial: the way that differs or what was raised; "" where nothing does.

    `program`: of the trial's book, or None to compile it here.
    """
    trial, expected, state = decided(seed)
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
            found = found_at(bug, range(options.books))
        except NotApplicable as error:
            missed += 1
            print(f"gone    {bug.name}: {error}", flush=True)
            continue
        missed += found is None
        where = "missed  " if found is None else "found   "
        how = "" if found is None else f", seed {found[0]}, {found[1]}"
        print(f"{where}{bug.name}{how}, {time.monotonic() - began:.1f} s", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} planted bugs found")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
