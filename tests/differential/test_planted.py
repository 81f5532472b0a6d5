"""Planted bugs are found: a few of them here, all with `python -m tests.differential.planted`."""

from __future__ import annotations

import os

import pytest

from tests.differential.planted import STORED, found_at, sources_of
from tests.differential.planted_bugs import BUGS
from tests.differential.planting import PlantedBug, planted

#: Bugs planted in one run. TONGPIN_SEED turns to others, so that CI comes round to all of them.
AT_ONCE = 8
SEED = int(os.environ.get("TONGPIN_SEED", "0"))
CHOSEN = [BUGS[(SEED * AT_ONCE + place) % len(BUGS)] for place in range(AT_ONCE)]

#: Books tried per bug.
BOOKS = 60


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_bug_can_still_be_planted(bug: PlantedBug) -> None:
    with planted(bug):
        pass


@pytest.mark.slow
@pytest.mark.parametrize("bug", CHOSEN, ids=lambda bug: bug.name)
def test_planted_bug_is_found(bug: PlantedBug) -> None:
    assert found_at(bug, [*STORED, *sources_of(bug, BOOKS)]) is not None
