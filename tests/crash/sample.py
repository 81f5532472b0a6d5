"""The events of a crash run: the road-fines log, or as much of it as a short run needs."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path

from tests.crash.processes import ROOT
from tests.road_fines.convert import events

_LOG = Path("data") / "road_fines_10pct.events.parquet"


def road_fines(shared: Path | None = None) -> Path | None:
    """The log in the shared data, if that is there."""
    folder = shared or Path(os.environ.get("TONGPIN_SHARED", ROOT.parent / "shared"))
    log = folder / _LOG
    return log if log.exists() else None


def first_events(log: Path, folder: Path, count: int | None) -> Path:
    """An event file with the first events of the log, or with all."""
    path = folder / "events.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for event in itertools.islice(events(log), count):
            file.write(json.dumps(event, ensure_ascii=False) + "\n")
    return path
