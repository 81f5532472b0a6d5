"""Makes a failing trial small: fewer events, fewer declarations, while it still fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from tests.differential.trial import Trial
from tests.reference.generate_rules import GeneratedBook

Fails = Callable[[Trial], bool]
Item = TypeVar("Item")

#: How often a candidate is tried before the smallest one so far is taken.
MAX_TRIES = 600


def minimised(trial: Trial, fails: Fails) -> Trial:
    """A smaller trial that fails as well."""
    budget = _Budget(fails)
    events = without_needless(
        trial.events, lambda kept: budget.fails(replace(trial, events=tuple(kept)))
    )
    small = replace(trial, events=tuple(events))
    for path in small.book.files:
        small = _fewer_parts(small, path, budget, _declarations)
    for path in small.book.files:
        small = _fewer_parts(small, path, budget, _lines)
    return small


class _Budget:
    """Counts the tries; a candidate that does not even compile does not fail."""

    def __init__(self, fails: Fails) -> None:
        self._fails = fails
        self._left = MAX_TRIES

    def fails(self, trial: Trial) -> bool:
        if self._left <= 0:
            return False
        self._left -= 1
        return self._fails(trial)


def without_needless(
    items: Sequence[Item], still_fails: Callable[[Sequence[Item]], bool]
) -> Sequence[Item]:
    """Leaves out ever smaller runs of items for as long as it still fails."""
    kept = list(items)
    size = max(1, len(kept) // 2)
    while True:
        at = 0
        while at < len(kept):
            fewer = kept[:at] + kept[at + size :]
            if len(fewer) < len(kept) and still_fails(fewer):
                kept = fewer
            else:
                at += size
        if size == 1:
            return kept
        size = max(1, size // 2)


def _fewer_parts(
    trial: Trial, path: str, budget: _Budget, cut: Callable[[str], list[str]]
) -> Trial:
    def with_parts(parts: Sequence[str]) -> Trial:
        files = {**trial.book.files, path: "".join(parts)}
        return replace(trial, book=GeneratedBook(files, trial.book.assets))

    parts = cut(trial.book.files[path])
    return with_parts(without_needless(parts, lambda kept: budget.fails(with_parts(kept))))


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _declarations(text: str) -> list[str]:
    """The text cut before every line that begins in column 1."""
    parts: list[str] = []
    for line in _lines(text):
        if not parts or line[:1] not in {" ", "\n", "#"}:
            parts.append("")
        parts[-1] += line
    return parts
