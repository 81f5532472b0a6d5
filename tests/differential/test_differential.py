"""numpy columns = closures = reference, on random rule books and on every trial that failed once.

The long form is `python -m tests.differential`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.differential.minimise import without_needless
from tests.differential.running import BUDGET_SEEDS, LEDGER_SEEDS, Run, run_seed, told
from tests.differential.stored import CUTS, from_text, regressions, to_text
from tests.differential.trial import compiled, differences

#: Seeds of the short form, in groups so that a failure names a few.
GROUPS = 6
BOOKS = 5


@pytest.mark.slow
@pytest.mark.parametrize("group", range(GROUPS))
def test_engine_agrees_with_the_reference(group: int) -> None:
    run = Run()
    for seed in range(group * BOOKS, (group + 1) * BOOKS):
        run_seed(seed, 1, run)
        for failure in run.failures:
            pytest.fail(told(*failure))
    assert not run.broken
    assert run.seen["status POSTED"] > 0


#: Books about budgets.
BUDGET_BOOKS = 20


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(BUDGET_BOOKS))
def test_budgets_agree_with_the_reference(seed: int) -> None:
    run = Run()
    run_seed(BUDGET_SEEDS + seed, 1, run)
    for failure in run.failures:
        pytest.fail(told(*failure))
    # A verdict needs an amount where something is asked; most books have one, every book moves.
    assert run.seen["budget rows"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_readings_of_the_ledger_agree_with_the_reference(seed: int) -> None:
    run = Run()
    run_seed(LEDGER_SEEDS + seed, 1, run)
    for failure in run.failures:
        pytest.fail(told(*failure))
    assert not run.broken, run.broken
    assert run.seen["balance after earlier lines"] > 0


@pytest.mark.parametrize("path", regressions(), ids=lambda path: path.stem)
def test_what_differed_once_agrees_now(path: Path) -> None:
    stored = from_text(path.read_text(encoding="utf-8"))
    program = compiled(stored.book)
    trials = [replace(stored, seed=cut) for cut in CUTS]
    found = [each for trial in trials for each in differences(trial, program)]
    assert not found, "\n".join(map(str, found))


def test_stored_trial_is_read_back_as_it_was() -> None:
    from tests.differential.trial import Trial
    from tests.reference.generate_rules import generate_book

    trial = Trial(generate_book(3), ({"id": "1", "date": "2026-01-01", "类": ["a"]},), 17)
    assert from_text(to_text(trial)) == trial


def test_minimising_keeps_what_it_takes_to_fail() -> None:
    tries: Counter[int] = Counter()

    def fails(items: object) -> bool:
        assert isinstance(items, list)
        tries[len(items)] += 1
        return 3 in items and 17 in items

    assert without_needless(range(100), fails) == [3, 17]
    assert sum(tries.values()) < 100
