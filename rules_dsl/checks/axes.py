"""Cuts the values of table keys and of guard subjects into parts that conditions cannot tell apart.

Not responsible for what is found on them. A part stands for a set of values: one text, all other
texts, an interval of numbers or days, true or false. A condition on an axis is a bit mask of parts.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from engine.program import Interval


@dataclass(frozen=True, slots=True)
class Axis:
    """One input: its name and one sample in words per part ("差旅", "1000.01")."""

    name: str
    parts: tuple[str, ...]

    @property
    def everything(self) -> int:
        """The mask of all parts."""
        return (1 << len(self.parts)) - 1

    def sample(self, mask: int) -> str:
        """The first value of a mask, in words: `类别 = 差旅`, or `any 类别`."""
        if mask == self.everything:
            return f"any {self.name}"
        return self.parts[(mask & -mask).bit_length() - 1]


@dataclass(frozen=True, slots=True)
class TextAxis:
    """Texts: those that conditions name and, unless the set is closed, all others."""

    axis: Axis
    places: dict[str, int]

    def mask(self, texts: Iterable[str]) -> int:
        """The parts of some texts; texts outside a closed set have none."""
        return sum(1 << place for place in {self.places.get(text, -1) for text in texts} - {-1})


def text_axis(
    name: str, domain: tuple[str, ...], named: Iterable[str], words: Callable[[str], str]
) -> TextAxis:
    """Cuts texts; `domain` is the closed set or (), `named` the texts that conditions name."""
    texts = tuple(dict.fromkeys(domain or named))
    parts = [f"{name} = {words(text)}" for text in texts]
    if not domain:
        parts.append(f"{name} = any other value" if texts else f"any {name}")
    return TextAxis(Axis(name, tuple(parts)), {text: place for place, text in enumerate(texts)})


@dataclass(frozen=True, slots=True)
class LineAxis:
    """Numbers or days within bounds (None = none), cut where conditions begin and end."""

    axis: Axis
    segments: tuple[Interval, ...]

    def mask(self, intervals: Iterable[Interval]) -> int:
        """The parts inside any of the intervals, which begin and end where the axis is cut."""
        mask = 0
        for interval in intervals:
            first, end = 0, len(self.segments)
            if interval.low is not None:
                first = bisect_left(self.segments, (True, interval.low), key=_low)
            if interval.high is not None:
                end = bisect_right(self.segments, (False, interval.high), key=_high)
            if first < end:
                mask |= (1 << end) - (1 << first)
        return mask


def line_axis(
    name: str,
    bounds: Interval,
    named: Iterable[Interval],
    words: Callable[[int], str],
    *,
    is_date: bool,
) -> LineAxis:
    """Cuts numbers or days within bounds at the ends of the intervals that conditions name."""
    low, high = bounds.low, bounds.high
    cuts = set()
    for interval in named:
        cuts |= {interval.low} if interval.low is not None else set()
        cuts |= {interval.high + 1} if interval.high is not None else set()
    inner = sorted(c for c in cuts if (low is None or c > low) and (high is None or c <= high))
    starts = [low, *inner]
    ends = [*(cut - 1 for cut in inner), high]
    segments = tuple(Interval(*ends_of) for ends_of in zip(starts, ends, strict=True))
    sample = _day_sample if is_date else _number_sample
    parts = tuple(f"{name} = {words(sample(segment))}" for segment in segments)
    return LineAxis(Axis(name, parts), segments)


def flag_axis(name: str, words: tuple[str, str]) -> Axis:
    """True and false, in this order; `words` for them."""
    return Axis(name, tuple(f"{name} = {word}" for word in words))


def flag_mask(flag: bool | None) -> int:  # noqa: FBT001 - the flag is the value itself
    """The parts of a flag condition; None = both."""
    return {True: 0b01, False: 0b10, None: 0b11}[flag]


def _low(segment: Interval) -> tuple[bool, int]:
    """The lower end in an order in which none comes first."""
    return segment.low is not None, segment.low or 0


def _high(segment: Interval) -> tuple[bool, int]:
    """The upper end in an order in which none comes last."""
    return segment.high is None, segment.high or 0


def _day_sample(segment: Interval) -> int:
    """A day at an end of a segment: the first one if there is one."""
    return next((end for end in (segment.low, segment.high) if end is not None), 0)


def _number_sample(segment: Interval) -> int:
    """The value of a segment nearest to zero, which reads best."""
    low, high = segment.low, segment.high
    if low is not None and low > 0:
        return low
    if high is not None and high < 0:
        return high
    return 0
