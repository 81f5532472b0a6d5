"""The long form: `python -m tests.differential --seed N --books K --batches M`."""

from __future__ import annotations

import argparse
import sys
import time

from tests.differential.coverage import gaps, report
from tests.differential.running import EVENTS, Run, run_seed, told

#: Books between two lines of progress.
STEP = 20


def main() -> int:
    """Runs the seeds; 1 where something differs or a construct was reached too rarely."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="seed of the first book")
    parser.add_argument("--books", type=int, default=600, help="how many rule books")
    parser.add_argument("--batches", type=int, default=2, help=f"runs of {EVENTS} events a book")
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
        if run.failures and not options.keep_going:
            break
        if (done + 1) % STEP == 0:
            elapsed = time.monotonic() - began
            print(f"{done + 1} books, {len(run.failures)} differ, {elapsed:.0f} s", flush=True)
    print(report(run.seen))
    for seed, found, trial in run.failures[:5]:
        print(told(seed, found, trial))
    missed = [] if options.no_coverage or run.failures else gaps(run.seen)
    for gap in missed:
        print(f"not reached often enough: {gap}")
    print(f"{options.books} books, {len(run.failures)} batches differ")
    return 1 if run.failures or missed else 0


if __name__ == "__main__":
    sys.exit(main())
