"""Crash points do nothing unless asked, and then kill at exactly the passage asked for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.faults import CRASH_POINTS, VARIABLE, crash_point

ROOT = Path(__file__).resolve().parents[2]


def test_nothing_happens_unless_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    for name in CRASH_POINTS:
        crash_point(name)
    monkeypatch.setenv(VARIABLE, "in_append")
    crash_point("in_snapshot")


def test_a_misspelt_place_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "in_apend")
    with pytest.raises(ValueError, match="in_apend"):
        crash_point("in_append")
    monkeypatch.setenv(VARIABLE, "in_append")
    with pytest.raises(ValueError, match="elsewhere"):
        crash_point("elsewhere")


@pytest.mark.parametrize(("asked", "passages"), [("at_start", 0), ("at_start:3", 2)])
def test_the_process_dies_at_the_passage_asked_for(asked: str, passages: int) -> None:
    code = (
        "from engine.faults import crash_point\n"
        "for passage in range(5):\n"
        "    crash_point('after_apply')\n"
        "    crash_point('at_start')\n"
        "    print(passage, flush=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, VARIABLE: asked},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL
    assert len(done.stdout.split()) == passages
