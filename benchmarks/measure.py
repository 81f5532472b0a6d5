"""Interleaved measuring: both sides in turn, medians of several runs, spread beside them."""

from __future__ import annotations

import cProfile
import gc
import os
import platform
import pstats
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

ROOT = Path(__file__).resolve().parent.parent

#: A piece of work: it may time itself, without its preparations, and return the seconds.
Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Scale:
    """How much to measure. `quick`: to see that everything works, not to quote."""

    quick: bool = False

    @property
    def runs(self) -> int:
        """Counted runs of each side."""
        return 3 if self.quick else 5

    @property
    def batch(self) -> int:
        """Events of a batch."""
        return 2_000 if self.quick else 10_000

    @property
    def batches(self) -> int:
        """Batches of one run of ingesting."""
        return 2 if self.quick else 5


@dataclass(slots=True)
class Figure:
    """A benchmark's result.

    `ratio` is ours divided by the reference, in rates (higher is better) unless the conditions
    say `ratio_of: times`. `target` None: a figure to print, not to meet. `spread`: smallest and
    largest ratio of the interleaved runs. `ours`/`reference`: medians with their unit.
    """

    name: str
    ratio: float | None
    target: float | None
    met: bool | None
    ours: str
    reference: str
    spread: str
    conditions: dict[str, object] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """For machines."""
        return asdict(self)


def timed(work: Work, clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds one call takes, or those it says itself."""
    gc.collect()
    started = clock()
    result = work()
    seconds = clock() - started
    return result if isinstance(result, float) else seconds


def interleaved(
    name: str,
    ours: Work,
    reference: Work,
    *,
    count: int,
    reference_count: int | None = None,
    target: float | None,
    runs: int,
    unit: str = "ev/s",
    of_times: bool = False,
    cpu: bool = True,
    profile: bool = True,
    conditions: dict[str, object] | None = None,
) -> Figure:
    """Measures both sides in turn and compares their rates.

    Args:
        name: of the figure.
        ours: one run of our side.
        reference: one run of the other side.
        count: units of work in one run of ours.
        reference_count: of the reference, if it does another amount.
        target: least ratio of rates, or, with `of_times`, the largest ratio of times.
        runs: counted runs after one warm-up.
        unit: of the printed rates.
        of_times: compare times, smaller is better.
        cpu: time of the processor, for work without waiting; else time on the wall.
        profile: say what bounds ours.
        conditions: what else to know.
    """
    clock = time.process_time if cpu else time.perf_counter
    ours()
    reference()
    mine, theirs = [], []
    for _ in range(runs):
        mine.append(timed(ours, clock) / count)
        theirs.append(timed(reference, clock) / (reference_count or count))
    pairs = [(a / b if of_times else b / a) for a, b in zip(mine, theirs, strict=True)]
    ratio = statistics.median(pairs)
    met = None if target is None else (ratio <= target if of_times else ratio >= target)
    known: dict[str, object] = {"runs": runs, "clock": "processor" if cpu else "wall"}
    if of_times:
        known["ratio_of"] = "times"
    known |= conditions or {}
    if profile and "bound_by" not in known:
        known["bound_by"] = bound_by(ours)
    return Figure(
        name=name,
        ratio=round(ratio, 3),
        target=target,
        met=met,
        ours=f"{1 / statistics.median(mine):,.0f} {unit}",
        reference=f"{1 / statistics.median(theirs):,.0f} {unit}",
        spread=f"{min(pairs):.3f}–{max(pairs):.3f}",
        conditions=known,
    )


def bound_by(work: Work, most: int = 4) -> str:
    """What a run spends its time in: the repository's functions, callees outside it included."""
    profiler = cProfile.Profile()
    profiler.enable()
    work()
    profiler.disable()
    shares = own_shares(profiler)
    return ", ".join(f"{place} {share:.0%}" for place, share in shares[:most])


def own_shares(profiler: cProfile.Profile) -> list[tuple[str, float]]:
    """Share of the time of each function of ours, largest first.

    What built-in and library functions take is put down to whoever of us called them.
    """
    stats = pstats.Stats(profiler).stats  # type: ignore[attr-defined]  # not in the stubs
    spent = {function: row[2] for function, row in stats.items()}
    total = sum(spent.values()) or 1.0
    for _ in range(12):  # deeper chains of library calls than this keep a rest of their own
        moved = {}
        for function, seconds in spent.items():
            callers = stats[function][4]
            if _is_ours(function[0]) or not callers or not seconds:
                continue
            weights = {caller: row[3] or 1e-12 for caller, row in callers.items()}
            whole = sum(weights.values())
            for caller, weight in weights.items():
                moved[caller] = moved.get(caller, 0.0) + seconds * weight / whole
            spent[function] = 0.0
        if not moved:
            break
        for caller, seconds in moved.items():
            spent[caller] = spent.get(caller, 0.0) + seconds
    found: dict[str, float] = {}
    for function, seconds in spent.items():
        if _is_ours(function[0]):
            path = Path(function[0]).relative_to(ROOT).as_posix()
            place = f"{path}:{function[1]} {function[2]}"
        else:
            place = "elsewhere"
        found[place] = found.get(place, 0.0) + seconds / total
    return sorted(found.items(), key=lambda item: -item[1])


def _is_ours(path: str) -> bool:
    return path.startswith(str(ROOT))


def environment() -> dict[str, object]:
    """What the figures were measured on."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return {
        "commit": commit,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pyarrow": pa.__version__,
        "processors": os.cpu_count(),
        "load": [round(value, 1) for value in os.getloadavg()],
    }
