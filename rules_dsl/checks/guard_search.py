"""Searches the combinations of guard conditions: which no rule matches, which two rules match.

Not responsible for messages. The search settles one axis after the other and gives a branch up
as soon as one guard decides it. Where the conditions of a combination may depend on each other it
is only possible, not proved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rules_dsl.checks.guard_axes import GuardAxis, Guards
from rules_dsl.checks.polynomials import ONE, ZERO, Poly

#: Guards settled by one axis, per search: the time it may take.
WORK_LIMIT = 20_000


@dataclass(frozen=True, slots=True)
class Step:
    """One axis settled on the way to a combination; `values`: what that makes of its truths."""

    axis: GuardAxis
    mask: int
    values: dict[int, Poly]


Path = tuple[Step, ...]


@dataclass(slots=True)
class Found:
    """Combinations with the steps they need: proved ones, and one that is only possible.

    `is_complete`: every combination was looked at, or as many were found as were wanted.
    """

    proved: list[Path] = field(default_factory=list)
    possible: Path | None = None
    is_complete: bool = True


def find_gaps(guards: Guards, limit: int) -> Found:
    """Up to `limit` combinations in which no guard holds."""
    return _Search(guards, guards.conditions, ZERO, limit).run()


def find_overlap(guards: Guards, first: int, second: int) -> Found:
    """A combination in which two guards hold."""
    pair = (guards.conditions[first], guards.conditions[second])
    return _Search(guards, pair, ONE, 1).run()


def path_words(path: Path) -> str:
    """A combination in words."""
    named = [step for step in path if step.mask != step.axis.axis.everything]
    return " and ".join(step.axis.axis.sample(step.mask) for step in named) or "every event"


@dataclass(slots=True)
class _Search:
    """A search for combinations that make all conditions `wanted`."""

    guards: Guards
    conditions: tuple[Poly, ...]
    wanted: Poly
    limit: int
    left: int = WORK_LIMIT
    found: Found = field(default_factory=Found)

    def run(self) -> Found:
        """Looks at every combination, within the limits."""
        self._visit(self.conditions, ())
        return self.found

    def _visit(self, conditions: tuple[Poly, ...], path: Path) -> None:
        if len(self.found.proved) >= self.limit or self._is_known(path):
            return
        if any(poly.constant is not None and poly != self.wanted for poly in conditions):
            return
        self.left -= len(conditions)
        if self.left < 0:
            self.found.is_complete = False
            return
        open_truths = {atom for poly in conditions for atom in poly.atoms()}
        axes = (axis for axis in self.guards.axes if axis.masks.keys() & open_truths)
        axis = next(axes, None)
        if axis is None:
            self._note(conditions, path)
            return
        for mask, values in _groups(axis, open_truths):
            step = Step(axis, mask, values)
            self._visit(self._settle(conditions, values), (*path, step))

    def _note(self, conditions: tuple[Poly, ...], path: Path) -> None:
        needed = self._needed(path)
        is_decided = all(poly == self.wanted for poly in conditions)
        if is_decided and _is_possible(needed):
            self.found.proved.append(needed)
        elif self.found.possible is None:
            self.found.possible = needed

    def _settle(self, conditions: Sequence[Poly], values: dict[int, Poly]) -> tuple[Poly, ...]:
        """The conditions with some truths known; one that would grow too long stays as it is."""
        results = [self.guards.forms.atoms.substitute(poly, values) for poly in conditions]
        return tuple(
            poly if result is None else result
            for poly, result in zip(conditions, results, strict=True)
        )

    def _is_known(self, path: Path) -> bool:
        """Whether the combination is part of one already found."""
        masks = {id(step.axis): step.mask for step in path}
        return any(
            all(masks.get(id(step.axis), ~step.mask) & ~step.mask == 0 for step in witness)
            for witness in self.found.proved
        )

    def _needed(self, path: Path) -> Path:
        """The steps of a path without those that the conditions do not need."""
        needed = path
        for step in path:
            fewer = tuple(other for other in needed if other is not step)
            values = {truth: value for other in fewer for truth, value in other.values.items()}
            settled = self._settle(self.conditions, values)
            if all(poly == self.wanted for poly in settled):
                needed = fewer
        return needed


def _groups(axis: GuardAxis, open_truths: set[int]) -> Iterator[tuple[int, dict[int, Poly]]]:
    """The parts of an axis by the truths that hold on them: a mask, and the truths settled."""
    truths = tuple(axis.masks)
    relevant = [truth for truth in truths if truth in open_truths]
    groups: dict[tuple[int, ...], int] = {}
    for place in range(len(axis.axis.parts)):
        part = 1 << place
        held = tuple(truth for truth in relevant if axis.masks[truth] & part)
        groups[held] = groups.get(held, 0) | part
    for held, mask in groups.items():
        yield mask, {truth: ONE if truth in held else ZERO for truth in truths}


def _is_possible(path: Path) -> bool:
    """Whether the settled values cannot depend on each other."""
    derived = sum(step.axis.is_derived for step in path)
    numbers = sum(step.axis.is_number and not step.axis.is_derived for step in path)
    return derived == 0 or derived + numbers <= 1
