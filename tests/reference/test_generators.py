"""The generators make valid rule text, the same for the same seed, and events of every fate."""

from __future__ import annotations

import re
from collections import Counter
from random import Random

from rules_dsl.parse import parse_file
from tests.reference.declarations import Declarations
from tests.reference.evaluator import ReferenceEvaluator
from tests.reference.generate_events import EventMaker
from tests.reference.generate_rules import generate_book
from tests.reference.wording import chinese_keywords, spelled

ENTITIES = ("E1", "E2")
SEEDS = range(12)


def test_same_seed_gives_the_same_book() -> None:
    assert generate_book(5) == generate_book(5)
    assert generate_book(5) != generate_book(6)


def test_generated_books_parse_in_both_languages() -> None:
    languages = set()
    for seed in SEEDS:
        book = generate_book(seed)
        languages.add("规则册" in book.text())
        for path, text in book.files.items():
            errors = [
                found for found in parse_file(path, text).diagnostics if found.severity == "error"
            ]
            assert errors == [], (seed, path)
    assert languages == {True, False}


def test_keywords_are_spelled_as_the_reference_page_says() -> None:
    assert chinese_keywords()["largest_remainder"] == "最大余数"
    assert chinese_keywords()["must post"] == "必须入账"
    assert spelled("«rule» 甲 «from» 2026-01-01", chinese=True) == "规则 甲 自 2026-01-01"
    assert spelled("«rule» 甲", chinese=False) == "rule 甲"
    assert not any(re.search("[a-z]", chinese) for chinese in chinese_keywords().values())


def test_events_meet_every_fate_and_the_reference_decides_them_all() -> None:
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        book = generate_book(seed)
        files = [parse_file(path, text).file for path, text in book.files.items()]
        declarations = Declarations.of(files, book.assets)
        reference = ReferenceEvaluator(files, assets=book.assets, entities=ENTITIES)
        maker = EventMaker(Random(seed), declarations, ENTITIES)
        seen.update(outcome.status for outcome in reference.post_all(maker.events(80)))
        for voucher in reference.state.vouchers:
            assert sum((1 - 2 * line.side) * line.amount for line in voucher.lines) == 0
    statuses = "POSTED NO_POSTING UNPOSTED REJECTED_RULE INVALID DUPLICATE CONFLICT"
    assert seen.keys() == set(statuses.split(" "))
    assert seen["POSTED"] * 8 > seen.total()
