"""`python -m tests.mutants.valid --count N`: `check` of valid books raises no false alarm.

A book is valid where its tables have one answer for every input, tried value by value, and no
event says how many rules it expects. Exit 1 where such a book has an error, or a warning is
seen to be false.
"""

from __future__ import annotations

import argparse
import gc
import json
import re
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field
from itertools import count

from rules_dsl.compile import compile_rulebook
from rules_dsl.diagnostics import Severity
from rules_dsl.parse import parse_file
from rules_dsl.source import SourceFile
from tests.mutants.truths import Truths
from tests.reference.generate_budgets import generate_budget_book
from tests.reference.generate_rules import GeneratedBook, generate_book

#: How many rules an event expects: random guards keep no such promise.
_EXPECTED = re.compile(r"(expects|应有) (one|some|一条|至少一条)(?!\w)")
_ANY = {"expects": "expects any", "应有": "应有 任意"}


@dataclass
class ValidCounts:
    """What `check` said about valid books.

    passed_over: generated books that are not valid. warnings: by code. confirmed: of those that
    speak of amounts, how many random events showed to happen. errors, false_alarms: in words.
    """

    books: int = 0
    passed_over: int = 0
    warnings: dict[str, int] = field(default_factory=dict)
    confirmed: int = 0
    errors: list[str] = field(default_factory=list)
    false_alarms: list[str] = field(default_factory=list)


def generated(seed: int) -> GeneratedBook:
    """A book of a seed, every fourth with budgets, without promises about the number of rules."""
    book = generate_budget_book(seed) if seed % 4 == 3 else generate_book(seed)
    files = {
        path: _EXPECTED.sub(lambda match: _ANY[match[1]], text) for path, text in book.files.items()
    }
    return GeneratedBook(files, book.assets)


def study_valid(seed: int, wanted: int) -> ValidCounts:
    """Checks as many valid books as wanted, from one seed on."""
    counts = ValidCounts()
    told: Counter[str] = Counter()
    for place in count(seed):
        if counts.books == wanted:
            break
        book = generated(place)
        files = [parse_file(path, text).file for path, text in book.files.items()]
        truths = Truths(book, files, place)
        if not truths.is_valid():
            counts.passed_over += 1
            continue
        counts.books += 1
        sources = [SourceFile(path, text) for path, text in book.files.items()]
        assets = {path: text.encode() for path, text in book.assets.items()}
        for found in compile_rulebook(sources, assets=assets).diagnostics:
            shown = f"seed {place}, {found.span.file}:{found.span.line}: {found.code} "
            shown += found.message
            told[found.code] += 1
            if found.severity is Severity.ERROR:
                counts.errors.append(shown)
            elif truths.denies(found):
                counts.false_alarms.append(shown)
            counts.confirmed += truths.confirms(found)
    counts.warnings = dict(sorted(told.items()))
    return counts


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants.valid")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    counts = study_valid(chosen.seed, chosen.count)
    if chosen.json:
        print(json.dumps({"seed": chosen.seed, **asdict(counts)}, ensure_ascii=False, indent=1))
    else:
        for title, entries in (("error", counts.errors), ("false alarm", counts.false_alarms)):
            for entry in entries:
                print(f"{title}: {entry}")
        print(f"seed {chosen.seed}: {counts.books} valid books, {counts.passed_over} passed over")
        print(f"{len(counts.errors)} errors, {len(counts.false_alarms)} false alarms")
        print("told: " + ", ".join(f"{code} {number}" for code, number in counts.warnings.items()))
        print(f"{counts.confirmed} of {counts.warnings.get('TP308', 0)} TP308 seen to happen")
    return int(bool(counts.errors or counts.false_alarms))


if __name__ == "__main__":
    sys.exit(main())
