"""`python -m tests.mutants --seed S --count N [--json]`: how many seeded mistakes are noticed.

Exit 1 where a mistake passes `check`, or less than nine tenths of a list come out as they must.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
from dataclasses import asdict

from tests.mutants.study import (
    StaticCounts,
    TestedCounts,
    draw_mistakes,
    draw_mutants,
    study_checks,
    study_tests,
)


def is_enough(static: StaticCounts, tested: TestedCounts) -> bool:
    """All mistakes caught, and nine tenths of everything else."""
    compiled = tested.killed + len(tested.survived)
    shares = [
        (static.right, static.tried),
        (static.suggested, static.named),
        (tested.killed, compiled),
    ]
    return static.caught == static.tried and all(10 * part >= 9 * of for part, of in shares)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=200, help="of each list")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    static = study_checks(draw_mistakes(chosen.seed, chosen.count))
    tested = study_tests(draw_mutants(chosen.seed, chosen.count))
    if chosen.json:
        found = {"seed": chosen.seed, "static": asdict(static), "tested": asdict(tested)}
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return int(not is_enough(static, tested))
    for title, entries in (
        ("passed check", static.missed),
        ("told by another code or elsewhere", static.elsewhere),
        ("another name suggested first, or none", static.not_suggested),
        ("no test noticed", tested.survived),
    ):
        for entry in entries:
            print(f"{title}: {entry}")
    compiled = tested.killed + len(tested.survived)
    print(f"seed {chosen.seed}")
    print(f"mistakes: {static.caught} of {static.tried} caught by check")
    print(f"  {static.right} with the expected code on the expected line")
    print(f"  {static.suggested} of {static.named} misspelled names suggested first")
    print(f"mutants: {tested.killed} of {compiled} that compile killed by a test")
    print(f"  {tested.checked} caught by check, {tested.equivalent} equivalent")
    return int(not is_enough(static, tested))


if __name__ == "__main__":
    sys.exit(main())
