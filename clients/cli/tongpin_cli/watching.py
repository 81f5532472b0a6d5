"""`tongpin test --watch`: runs again whenever a rule file changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.errors import CallerError
from rules_dsl.source import RULE_SUFFIX
from server.limits import MAX_RULE_FILES
from server.rulebooks import ASSET_SUFFIX
from tongpin_cli.output import EXIT_INPUT, Output

#: Seconds between two looks at the files.
POLL_SECONDS = 1

#: What tells that a file changed: its modification time in nanoseconds, and its size.
_Stamps = dict[Path, tuple[int, int]]


def watch(
    paths: Sequence[Path],
    run: Callable[[], int],
    output: Output,
    *,
    wait: Callable[[float], None] = time.sleep,
) -> int:
    """Runs once, and again after every change, until it is interrupted (Ctrl-C).

    A mistake in a file is shown and waited for to be mended; a file missing is no end either.

    Args:
        paths: rule folders or files.
        run: what is run; gives an exit code.
        output: where it is said what happens.
        wait: lets time pass between two looks.

    Returns:
        The exit code of the last run.
    """
    code = 0
    try:
        while True:
            seen = _stamps(paths)
            code = _run(run, output)
            output.note(f"watching {len(seen)} files; Ctrl-C ends")
            while _stamps(paths) == seen:
                wait(POLL_SECONDS)
            output.text()
    except KeyboardInterrupt:
        return code


def _run(run: Callable[[], int], output: Output) -> int:
    try:
        return run()
    except CallerError as error:
        output.note(error.message)
        return EXIT_INPUT


def _stamps(paths: Sequence[Path]) -> _Stamps:
    """The state of every rule file and table below the paths, as many as a rule book may have."""
    found: _Stamps = {}
    for path in paths:
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        for each in inside:
            if each.suffix in {RULE_SUFFIX, ASSET_SUFFIX} and len(found) < MAX_RULE_FILES:
                try:
                    state = each.stat()
                except FileNotFoundError:
                    continue
                found[each] = (state.st_mtime_ns, state.st_size)
    return found
