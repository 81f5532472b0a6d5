"""The long form: `python -m tests.differential --seed N --books K --batches M`.

Books from seed 1,000,000 on are about budgets, from 2,000,000 on about readings of the ledger.

It ends with what a run must show, each line with whether it does; exit code 1 if one does not.
As many books and batches as it runs by itself show it all, in some six minutes.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.differential.coverage import (
    BUDGETED,
    CONSTRUCTS,
    LEDGERED,
    Requirement,
    budget_requirements,
    ledger_requirements,
    report,
    requirements,
)
from tests.differential.running import BUDGET_SEEDS, EVENTS, LEDGER_SEEDS, Run, run_seed, told
from tests.differential.trial import WAYS

#: Books between two lines of progress.
STEP = 20


def main() -> int:
    """Runs the seeds; 1 where something differs or was reached too rarely."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="seed of the first book")
    parser.add_argument("--books", type=int, default=450, help="how many rule books")
    parser.add_argument("--batches", type=int, default=1, help=f"runs of {EVENTS} events a book")
    parser.add_argument(
        "--keep-going", action="store_true", help="do not stop at the first difference"
    )
    parser.add_argument(
        "--no-coverage", action="store_true", help="do not ask that every construct was reached"
    )
    options = parser.parse_args()
    run, began = Run(), time.monotonic()
    for done in range(options.books):
        run_seed(options.seed + done, options.batches, run)
        if (run.failures or run.broken) and not options.keep_going:
            break
        if (done + 1) % STEP == 0:
            elapsed = time.monotonic() - began
            print(f"{done + 1} books, {len(run.failures)} differ, {elapsed:.0f} s", flush=True)
    names, wanted_of = CONSTRUCTS, requirements
    if options.seed >= LEDGER_SEEDS:
        names, wanted_of = LEDGERED, ledger_requirements
    elif options.seed >= BUDGET_SEEDS:
        names, wanted_of = BUDGETED, budget_requirements
    print(report(run.seen, names))
    for seed, found, trial in run.failures[:5]:
        print(told(seed, found, trial))
    for seed, errors in run.broken[:5]:
        print(f"seed {seed} does not compile: {errors}")
    agrees = Requirement(
        f"the reference and {', '.join(WAYS)} agree: {run.batches - len(run.failures)} of "
        f"{run.batches} batches of {EVENTS} events, {run.books} books",
        not run.failures,
    )
    compiles = Requirement(
        f"the compiler takes every book: {run.books - len(run.broken)} of {run.books}",
        not run.broken,
    )
    wanted = [agrees, compiles, *([] if options.no_coverage else wanted_of(run.seen))]
    for text, holds in wanted:
        print(f"{'holds' if holds else 'MISSED':<7} {text}")
    print(f"{time.monotonic() - began:.0f} s")
    return 0 if all(holds for _, holds in wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
