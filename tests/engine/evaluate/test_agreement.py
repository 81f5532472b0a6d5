"""Columns and closures agree on random rules over every operation."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from engine.evaluate.failures import FAULTS
from engine.evaluate.outcome import NOT_FAILED
from engine.program import Act, Op
from engine.strings import BatchStrings
from tests.engine.evaluate.building import batch, linked
from tests.engine.evaluate.comparing import compare
from tests.engine.evaluate.random_rules import random_events, random_program
from tests.engine.evaluate.random_state import random_state


def compare_random_rules(seeds: range) -> Counter[object]:
    """Compares one rule a seed; counts operations and outcomes."""
    seen: Counter[object] = Counter()
    for seed in seeds:
        random = Random(seed)
        found = random_program(random)
        own = linked(found)
        strings = BatchStrings(own.pool)
        events = batch(own, random_events(random, random.choice([0, 1, 3, 20])), strings)
        state = random_state(random, strings)
        candidates = None
        if random.random() < 0.3:
            candidates = [index for index in range(len(events.rows)) if random.random() < 0.6]
        rule = found.rules[0]
        for row in compare(own, events, state, candidates):
            seen["matched"] += row.matched
            seen.update(rule.moves[move.move].act for move in row.moves)
            seen["lines"] += sum(len(voucher.lines) for voucher in row.vouchers)
            if row.failure != NOT_FAILED:
                seen[FAULTS[row.failure] if row.failure >= 0 else "refused"] += 1
        seen.update(node.op for node in rule.nodes)
    return seen


def test_random_rules_agree_to_the_last_bit() -> None:
    seen = compare_random_rules(range(1000))
    assert [op for op in Op if not seen[op]] == []
    assert [fault for fault in FAULTS if not seen[fault]] == []
    assert [act for act in Act if seen[act] < 30] == []
    assert seen["refused"] > 100
    assert seen["lines"] > 450


def test_messages_agree_on_what_failed_after_the_refusal() -> None:
    # The message of a refusal shows the row of a table whose key is a sum out of its bounds.
    compare_random_rules(range(1_006_309, 1_006_310))


@pytest.mark.long
def test_many_more_random_rules_agree() -> None:
    compare_random_rules(range(1_000_000, 1_010_000))
