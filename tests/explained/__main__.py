"""The long form: `python -m tests.explained --seed N --books K --lines M`.

Explains M random posted lines of K generated books, of the services samples under one and two
revisions and of the kept books; says how often each kind of step was reached. Exit code 1 where
one line does not explain itself.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.explained.checking import check_line
from tests.explained.samples import generated, kept_books, services, some_lines, two_revisions


def main() -> int:
    """Explains the lines; 1 where one fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.explained", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="seed of the first book")
    parser.add_argument("--books", type=int, default=30, help="how many generated books")
    parser.add_argument("--lines", type=int, default=2_000, help="how many lines")
    options = parser.parse_args()
    began, failures = time.monotonic(), 0
    kinds: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        seeds = range(options.seed, options.seed + options.books)
        samples = [services(), two_revisions(), *kept_books(Path(folder))]
        samples += [generated(seed) for seed in seeds]
        lines = some_lines(samples, options.lines, options.seed)
        for sample, voucher, line_no in lines:
            try:
                kinds.update(check_line(sample, voucher, line_no))
            except AssertionError as error:
                failures += 1
                print(f"{sample.name}, {voucher.name}, line {line_no}: {error}")
        for sample in samples:
            sample.book.close()
    for kind, count in sorted(kinds.items()):
        print(f"{kind:<12}{count:>7,} lines")
    print(f"{len(lines):,} lines, {failures} fail, {time.monotonic() - began:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
