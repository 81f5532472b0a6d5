"""Runs the random machine against the plain model: `python -m tests.budgets [--long | --runs N]`.

Short: the 300 runs of 50 steps of CI. Long: 20,000. Prints what was met, so that a run that never
came to an override or an expiry is seen to have shown nothing about it.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.budgets.machine import MET, run_machine


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help="20,000 runs instead of 300")
    parser.add_argument("--runs", type=int, default=0, help="another number of runs")
    parser.add_argument("--random", action="store_true", help="other runs than the last time")
    arguments = parser.parse_args()
    runs = arguments.runs or (20_000 if arguments.long else 300)
    started = time.monotonic()
    run_machine(runs, derandomize=not arguments.random)
    for what, count in sorted(MET.items()):
        print(f"{count:>9,}  {what}")
    print(f"book and model agree; {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
