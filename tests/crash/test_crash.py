"""The server is killed at every named step and nothing is lost, doubled, or left half done."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.faults import CRASH_POINTS
from tests.crash.harness import (
    LATE_STEPS,
    NAMED_STEPS,
    SEED,
    SHORT_EVENTS,
    Life,
    Stream,
    compare,
    random_lives,
    run,
    short_lives,
    short_stream,
)
from tests.crash.sample import first_events, road_fines


@pytest.fixture
def log(shared_dir: Path) -> Path:
    found = road_fines(shared_dir)
    if found is None:
        pytest.skip("the road-fines log is not in the shared folder")
    return found


@pytest.mark.parametrize("steps", [NAMED_STEPS, LATE_STEPS], ids=["short", "long"])
def test_every_crash_point_has_its_run(steps: tuple[Life, ...]) -> None:
    assert {life.crash_at.partition(":")[0] for life in steps} == set(CRASH_POINTS)


@pytest.mark.slow
def test_stream_survives_kills_at_every_named_step(log: Path, tmp_path: Path) -> None:
    stream = short_stream(first_events(log, tmp_path, SHORT_EVENTS))
    outcome = run(stream, short_lives(), tmp_path)
    compare(outcome, stream, tmp_path)
    assert outcome.found["events"] == SHORT_EVENTS + 1
    assert outcome.answered <= SHORT_EVENTS
    assert outcome.verified.checked["events"] == SHORT_EVENTS + 1


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("life", LATE_STEPS, ids=lambda life: life.crash_at)
def test_whole_log_survives_a_kill(life: Life, log: Path, tmp_path: Path) -> None:
    stream = Stream(first_events(log, tmp_path, None), batch=100)
    compare(run(stream, [life], tmp_path), stream, tmp_path)


@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_whole_log_survives_twenty_kills(log: Path, tmp_path: Path) -> None:
    stream = Stream(first_events(log, tmp_path, None), batch=100)
    lives = random_lives(20, SEED, most_answers=16, most_seconds=0.2)
    compare(run(stream, lives, tmp_path), stream, tmp_path)
