"""Searches the space of inputs of a table: gaps, overlaps, rows never reached, idle columns.

Not responsible for messages. A row is one mask per axis. The search splits one axis after the
other into groups of parts that match the same rows, so that its cost follows the rows and not the
number of inputs; groups that were seen before are not searched again.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from rules_dsl.checks.axes import Axis

#: A search looks at most at so many pairs of a row and a part; beyond it the answer is open.
WORK_LIMIT = 500_000

#: Up to so many rows are compared two by two.
PAIRS_LIMIT = 500

Rows = tuple[int, ...]
Path = tuple[int, ...]


class Undecided(Exception):
    """The search met its limit."""


@dataclass(slots=True)
class Space:
    """Axes and the rows on them; `masks[row][axis]`."""

    axes: tuple[Axis, ...]
    masks: tuple[Path, ...]
    left: int = WORK_LIMIT
    _wild_from: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        full = [axis.everything for axis in self.axes]
        for masks in self.masks:
            start = len(full)
            while start and masks[start - 1] == full[start - 1]:
                start -= 1
            self._wild_from.append(start)

    @property
    def rows(self) -> Rows:
        """All rows that can match something."""
        return tuple(row for row, masks in enumerate(self.masks) if all(masks))

    def split(self, axis: int, rows: Rows) -> list[tuple[int, Rows]]:
        """The parts of an axis in groups that match the same rows, with those rows in order."""
        everything = self.axes[axis].everything
        touched: dict[int, list[int]] = {}
        wild: list[int] = []
        for row in rows:
            mask = self.masks[row][axis]
            if mask == everything:
                self._spend(1 + len(touched))
                wild.append(row)
                for matching in touched.values():
                    matching.append(row)
                continue
            while mask:
                self._spend(1)
                part = mask & -mask
                mask ^= part
                touched.setdefault(part, list(wild)).append(row)
        groups: dict[Rows, int] = {}
        for part, matching in touched.items():
            key = tuple(matching)
            groups[key] = groups.get(key, 0) | part
        untouched = everything & ~sum(touched)
        if untouched:
            groups[tuple(wild)] = groups.get(tuple(wild), 0) | untouched
        return [(mask, matching) for matching, mask in groups.items()]

    def gaps(self, limit: int) -> list[Path]:
        """Up to `limit` combinations of parts that no row matches."""
        found: list[Path] = []
        covered: set[tuple[int, Rows]] = set()

        def search(axis: int, rows: Rows, path: Path) -> bool:
            if not rows:
                found.append(path)
                return False
            if (axis, rows) in covered or any(self._wild_from[row] <= axis for row in rows):
                return True
            is_covered = True
            for mask, matching in self.split(axis, rows):
                is_covered &= search(axis + 1, matching, (*path, mask))
                if len(found) >= limit:
                    return False
            if is_covered:
                covered.add((axis, rows))
            return is_covered

        search(0, self.rows, ())
        return found

    def overlaps(self) -> dict[int, int]:
        """Each row that shares inputs with an earlier one, and the first such row."""
        if len(self.rows) <= PAIRS_LIMIT:
            return self._overlapping_pairs()
        found: dict[int, int] = {}
        seen: set[tuple[int, Rows]] = set()

        def search(axis: int, rows: Rows) -> None:
            if len(rows) < 2 or (axis, rows) in seen:
                return
            seen.add((axis, rows))
            if axis == len(self.axes):
                for row in rows[1:]:
                    found[row] = min(rows[0], found.get(row, row))
                return
            for _, matching in self.split(axis, rows):
                search(axis + 1, matching)

        search(0, self.rows)
        return dict(sorted(found.items()))

    def _overlapping_pairs(self) -> dict[int, int]:
        """The same by comparing every two rows, which few rows allow and no overlap slows down."""
        found: dict[int, int] = {}
        for place, second in enumerate(self.rows):
            for first in self.rows[:place]:
                if all(self.common(first, second)):
                    found[second] = first
                    break
        return found

    def common(self, first: int, second: int) -> Path:
        """The masks of the inputs that two rows share."""
        pairs = zip(self.masks[first], self.masks[second], strict=True)
        return tuple(one & other for one, other in pairs)

    def first_rows(self) -> set[int]:
        """The rows that are the first match for some input; -1 if some input has no match."""
        found: set[int] = set()
        seen: set[tuple[int, Rows]] = set()

        def search(axis: int, rows: Rows) -> None:
            if not rows:
                found.add(-1)
            elif self._wild_from[rows[0]] <= axis:
                found.add(rows[0])
            elif (axis, rows) not in seen:
                seen.add((axis, rows))
                for _, matching in self.split(axis, rows):
                    search(axis + 1, matching)

        search(0, self.rows)
        return found

    def matters(self, column: int, results: Sequence[Hashable], otherwise: Hashable) -> bool:
        """Whether the value of one axis ever changes the result of the first matching row."""
        order = [axis for axis in range(len(self.axes)) if axis != column]
        seen: set[tuple[int, Rows]] = set()

        def search(place: int, rows: Rows) -> bool:
            if not rows or (place, rows) in seen:
                return False
            seen.add((place, rows))
            if place < len(order):
                groups = self.split(order[place], rows)
                return any(search(place + 1, matching) for _, matching in groups)
            ends = self.split(column, rows)
            return len({results[r[0]] if r else otherwise for _, r in ends}) > 1

        return search(0, self.rows)

    def words(self, path: Path) -> str:
        """An input of the combination, in words; axes not looked at are free."""
        if not path:
            return "any input"
        parts = [axis.sample(mask) for axis, mask in zip(self.axes, path, strict=False)]
        return ", ".join(parts)

    def _spend(self, work: int) -> None:
        self.left -= work
        if self.left < 0:
            raise Undecided
