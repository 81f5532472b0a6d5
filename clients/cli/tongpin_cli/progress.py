"""A counter on the terminal while long work goes on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

from rich.progress import Progress

from engine.garbage import collecting_rarely
from tongpin_cli.output import Output

Result = TypeVar("Result")


def with_progress(output: Output, work: Callable[[Callable[[int], None] | None], Result]) -> Result:
    """Does long work, giving it a function to call with the number of events done so far."""
    if output.as_json or not sys.stderr.isatty():
        with collecting_rarely():
            return work(None)
    with collecting_rarely(), Progress(transient=True) as progress:
        task = progress.add_task("events", total=None)
        return work(lambda done: progress.update(task, completed=done))
