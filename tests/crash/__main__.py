"""python -m tests.crash [--long] [--shared DIR]: crash runs over the road-fines log, with figures.

Short: the first 6,000 events, one book, every named step and two moments. Long: the whole log,
a book for each named step, one killed at 20 moments, one in which a snapshot is due by commits.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.crash.harness import (
    LATE_STEPS,
    REST_SECONDS,
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
from tests.crash.processes import CrashRunFailed
from tests.crash.sample import first_events, road_fines


def main() -> int:
    """Runs them; exit code 1 if one fails, 3 if the log is not there."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--long", action="store_true", help="the whole log, some minutes")
    parser.add_argument("--shared", type=Path, help="folder of the shared data")
    arguments = parser.parse_args()
    log = road_fines(arguments.shared)
    if log is None:
        print("the road-fines log is not beside the checkout; --shared names its folder")
        return 3
    with tempfile.TemporaryDirectory() as scratch:
        try:
            (_long if arguments.long else _short)(log, Path(scratch))
        except CrashRunFailed as failure:
            print(f"FAILED {failure}")
            return 1
    print("nothing lost, nothing doubled, nothing half done")
    return 0


def _short(log: Path, folder: Path) -> None:
    events = first_events(log, folder, SHORT_EVENTS)
    _show("named steps and two moments, one book", short_stream(events), short_lives(), folder)


def _long(log: Path, folder: Path) -> None:
    events = first_events(log, folder, None)
    for life in LATE_STEPS:
        _show(life.name, Stream(events, batch=100), [life], folder)
    moments = random_lives(20, SEED, most_answers=16, most_seconds=0.2)
    _show("20 moments, one book", Stream(events, batch=100), moments, folder)
    single = Stream(events, batch=1)
    late = Life("in_snapshot:1", patience=REST_SECONDS)
    _show("a snapshot due by commits", single, [late], folder)


def _show(name: str, stream: Stream, lives: Sequence[Life], folder: Path) -> None:
    print(f"{name}:", flush=True)
    own = folder / name.replace(" ", "-")
    outcome = run(stream, lives, own, say=lambda text: print(text, flush=True))
    digest = compare(outcome, stream, own)
    print(
        f"  {outcome.kills} kills, {outcome.found['events']} events and "
        f"{outcome.found['vouchers']} vouchers in {outcome.found['commits']} commits, "
        f"{outcome.answered} events answered; ready after {outcome.slowest_start:.1f} s at most; "
        f"{outcome.seconds:.0f} s in all\n  voucher digest {digest[:16]}… as undisturbed; "
        f"verify: {outcome.verified.checked}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
