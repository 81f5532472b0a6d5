"""State for random programs: records, versions, balances and targets under the keys events use."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.engine.evaluate.building import FakeState
from tests.engine.evaluate.random_ledger import random_lists
from tests.engine.evaluate.random_rules import OUTSIDE_TEXTS


def random_state(random: Random, strings: Any) -> FakeState:
    """Some of everything that a rule can read."""
    state = FakeState()
    codes = [strings.code(found) for found in OUTSIDE_TEXTS]
    entities = [strings.code("E1"), strings.code("E2")]
    for code in codes:
        if random.random() < 0.8:
            state.written.add((0, (code,)))
            for place in range(4):
                if random.random() < 0.7:
                    value = random.choice([0, 1, 5, 500, -500, 501])
                    state.kept_records[0, place, (code,)] = (
                        random.choice(codes) if place == 1 else value
                    )
        for place in range(-1, 4):
            if random.random() < 0.7:
                days = random.sample(range(19_985, 20_015), k=random.randrange(1, 4))
                state.kept_versions[0, place, (code,)] = days
        for entity in entities:
            if random.random() < 0.5:
                state.kept_balances[0, (entity, code)] = random.choice([1, -1000, 7, 1001])
            for period in random.sample([202410, 202409, 1], k=random.randrange(3)):
                state.kept_balances[1, (entity, code, period)] = random.choice([3, -900, 90])
            state.kept_lists[0, (entity, code)] = random_lists(random, entity, code)
            if random.random() < 0.5:
                state.kept_targets[1, (entity, code)] = random.choice([5, -1000, 1001])
            if random.random() < 0.5:
                state.kept_targets[0, (entity, code)] = random.choice([100, -(2**63), 2**63 - 1])
    return state
