"""Interleaved measuring: both sides in turn, medians of several runs, spread beside them."""

from __future__ import annotations

import platform
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa


@dataclass(slots=True)
class Figure:
    """A benchmark's result.

    `ratio` is ours divided by the reference, in rates (higher is better) unless `of_times`.
    `target` None: a figure to print, not to meet. `spread`: smallest and largest ratio of the
    interleaved runs. `ours`/`reference`: medians with their unit.
    """

    name: str
    ratio: float
    target: float | None
    met: bool | None
    ours: str
    reference: str
    spread: str
    conditions: dict[str, object] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """For machines."""
        return asdict(self)


def rate(seconds: float, count: int) -> float:
    """Events per second."""
    return count / seconds


def timed(work: Callable[[], object]) -> float:
    """Seconds one call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def interleaved(
    name: str,
    ours: Callable[[], object],
    reference: Callable[[], object],
    *,
    count: int,
    reference_count: int | None = None,
    target: float | None,
    runs: int,
    unit: str = "ev/s",
    at_most: bool = False,
    conditions: dict[str, object] | None = None,
) -> Figure:
    """Measures both sides in turn and compares their rates.

    Args:
        name: of the figure.
        ours: one run of our side.
        reference: one run of the other side.
        count: units of work in one run of ours.
        reference_count: of the reference, if it does another amount.
        target: least ratio, or, with `at_most`, the largest ratio of times ours/reference.
        runs: counted runs after one warm-up.
        unit: of the printed rates.
        at_most: compare times, smaller is better.
        conditions: what else to know.
    """
    ours()
    reference()
    mine, theirs = [], []
    for _ in range(runs):
        mine.append(timed(ours) / count)
        theirs.append(timed(reference) / (reference_count or count))
    pairs = [
        (a / b if at_most else b / a) for a, b in zip(mine, theirs, strict=True)
    ]
    ratio = statistics.median(pairs)
    met = None if target is None else (ratio <= target if at_most else ratio >= target)
    return Figure(
        name=name,
        ratio=round(ratio, 3),
        target=target,
        met=met,
        ours=f"{1 / statistics.median(mine):,.0f} {unit}",
        reference=f"{1 / statistics.median(theirs):,.0f} {unit}",
        spread=f"{min(pairs):.3f}–{max(pairs):.3f}",
        conditions={"runs": runs, **(conditions or {})},
    )


def environment() -> dict[str, object]:
    """What the figures were measured on."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    import os

    return {
        "commit": commit,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pyarrow": pa.__version__,
        "processors": os.cpu_count(),
        "load": [round(value, 1) for value in os.getloadavg()],
    }
