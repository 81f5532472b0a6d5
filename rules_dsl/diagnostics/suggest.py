"""Suggesting what an unknown name may have been meant to be.

Names are compared by code points in NFC, so that one wrong Chinese character is one mistake.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

#: Suggestions shown for one name.
MAX_SUGGESTIONS = 3

# Ranks behind every difference of single characters that is still near.
_CONTAINED = 100

#: Names compared with one unknown name; a book with more gets suggestions among these.
MAX_CANDIDATES = 20_000


def suggest(name: str, candidates: Iterable[str]) -> tuple[str, ...]:
    """Gives at most three candidates that `name` may be a slip for, best first.

    Near are names in which at most max(1, a third of the length) characters differ (neighbours
    exchanged are one difference), and names of which one begins or ends with the other. Of
    dotted paths the segments are compared as well: all but one equal and that one near, or the
    last one alone written. Candidates equally near stand in the order given.
    """
    wanted = unicodedata.normalize("NFC", name)
    ranked: list[tuple[int, int, str]] = []
    for position, candidate in enumerate(dict.fromkeys(candidates)):
        if position >= MAX_CANDIDATES:
            break
        rank = _rank(wanted, unicodedata.normalize("NFC", candidate))
        if rank is not None:
            ranked.append((rank, position, candidate))
    return tuple(candidate for _, _, candidate in sorted(ranked)[:MAX_SUGGESTIONS])


def _rank(wanted: str, candidate: str) -> int | None:
    """Gives a rank of nearness, smaller being nearer, or None where a name is not near."""
    if wanted == candidate:
        return None
    found = [rank for rank in (_word_rank(wanted, candidate),) if rank is not None]
    if "." in candidate:
        path, other = wanted.split("."), candidate.split(".")
        if len(path) < len(other) and other[-len(path) :] == path:
            found.append(_CONTAINED)
        if len(path) == len(other):
            differing = [pair for pair in zip(path, other, strict=True) if pair[0] != pair[1]]
            rank = _word_rank(*differing[0]) if len(differing) == 1 else None
            if rank is not None:
                found.append(rank)
    return min(found, default=None)


def _word_rank(wanted: str, candidate: str) -> int | None:
    if wanted.casefold() == candidate.casefold():
        return 0
    allowed = max(1, len(wanted) // 3)
    distance = edit_distance(wanted, candidate, allowed)
    # Where every character differs nothing speaks for the candidate.
    if distance is not None and distance < max(len(wanted), len(candidate)):
        return distance
    shorter, longer = sorted((wanted, candidate), key=len)
    telling = 3 if shorter.isascii() else 2
    if len(shorter) >= telling and (longer.startswith(shorter) or longer.endswith(shorter)):
        return _CONTAINED
    return None


def edit_distance(first: str, second: str, limit: int) -> int | None:
    """Counts inserted, dropped, changed and exchanged characters; None beyond the limit."""
    if abs(len(first) - len(second)) > limit:
        return None
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, left in enumerate(first, start=1):
        above, row = row, [i]
        for j, right in enumerate(second, start=1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (left != right))
            if i > 1 and j > 1 and left == second[j - 2] and first[i - 2] == right:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return None
        before = above
    return row[-1] if row[-1] <= limit else None
