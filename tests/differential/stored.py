"""Trials as text: how a failing one is printed, kept as a regression test and read back."""

from __future__ import annotations

import json
from pathlib import Path

from tests.differential.trial import Trial
from tests.reference.generate_rules import GeneratedBook

REGRESSIONS = Path(__file__).parent / "regressions"
#: Stored trials are run with these seeds, so that they are cut into calls in several ways.
CUTS = range(6)
HEAD = "### "
EVENTS = "events"
SEED = "seed "


def to_text(trial: Trial) -> str:
    """The trial as sections: rule files, other files, seed and events."""
    parts = [f"{HEAD}{path}\n{text}" for path, text in trial.book.files.items()]
    parts += [f"{HEAD}asset {path}\n{text}" for path, text in trial.book.assets.items()]
    events = [json.dumps(event, ensure_ascii=False) for event in trial.events]
    parts.append(f"{HEAD}{SEED}{trial.seed}\n")
    parts.append(f"{HEAD}{EVENTS}\n" + "\n".join(events) + "\n")
    return "".join(part if part.endswith("\n") else part + "\n" for part in parts)


def from_text(text: str) -> Trial:
    """Inverse of `to_text`."""
    files: dict[str, str] = {}
    assets: dict[str, str] = {}
    seed = 0
    events: list[dict[str, object]] = []
    for section in text.removeprefix(HEAD).split(f"\n{HEAD}"):
        title, _, body = section.partition("\n")
        if title == EVENTS:
            events = [json.loads(line) for line in body.splitlines() if line.strip()]
        elif title.startswith(SEED):
            seed = int(title.removeprefix(SEED))
        elif title.startswith("asset "):
            assets[title.removeprefix("asset ")] = body + "\n"
        else:
            files[title] = body + "\n"
    return Trial(GeneratedBook(files, assets), tuple(events), seed)


def regressions() -> list[Path]:
    """The stored trials, each of which failed once."""
    return sorted(REGRESSIONS.glob("*.txt"))
