"""Named places at which a test can kill the process; without TONGPIN_CRASH_AT they do nothing."""

from __future__ import annotations

import os
import signal
from collections import Counter

VARIABLE = "TONGPIN_CRASH_AT"

#: Every crash point, in the order in which a posting passes them.
CRASH_POINTS = (
    "at_start",
    "before_append",
    "in_append",  # row written, transaction still open
    "after_append",
    "after_apply",
    "after_answer",
    "in_snapshot",
    "in_projection",
)

_passages: Counter[str] = Counter()


def crash_point(name: str) -> None:
    """Kills the process with SIGKILL at the place, or `name:N` at the N-th passage, asked for."""
    wanted = os.environ.get(VARIABLE)
    if not wanted:
        return
    place, _, passage = wanted.partition(":")
    if place not in CRASH_POINTS or name not in CRASH_POINTS:
        raise ValueError(f"unknown crash point {place!r} or {name!r}; known: {CRASH_POINTS}")
    if place != name:
        return
    _passages[name] += 1
    if _passages[name] == int(passage or 1):
        os.kill(os.getpid(), signal.SIGKILL)
