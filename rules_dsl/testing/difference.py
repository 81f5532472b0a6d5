"""What a failed test expected beside what was booked, as data; not how it is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

#: A dimension a line carries: the author's name and the value.
Dimensions = tuple[tuple[str, str], ...]

# How much a difference weighs when lines are paired: what a reader takes for another line first.
_ACCOUNT, _AMOUNT, _SIDE, _DIMENSION = 6, 5, 4, 1
_SUMMARY: Final = 1
# Pairing every line with every other is quadratic; beyond this only equal lines are paired.
_MAX_PAIRED = 400


@dataclass(frozen=True, slots=True, order=True)
class LineFigures:
    """A voucher line in the author's words; `amount` in plain decimal notation.

    `foreign`: foreign amount, currency and rate of a line in another currency, else empty.
    """

    side: str
    account: str
    amount: str
    dimensions: Dimensions
    foreign: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VoucherFigures:
    """A voucher as expected or as booked; `summary` None: any will do."""

    summary: str | None
    lines: tuple[LineFigures, ...]


@dataclass(frozen=True, slots=True)
class LinePair:
    """An expected line beside the booked one that is most like it; None: there is none.

    `differs`: "side", "account", "amount", "foreign" and names of dimensions not the same.
    """

    expected: LineFigures | None
    booked: LineFigures | None
    differs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VoucherPair:
    """An expected voucher beside a booked one; None: there is none.

    `differs`: "summary" where the summaries do. `others`: further lines of the booked voucher
    which the test did not name and need not.
    """

    expected: VoucherFigures | None
    booked: VoucherFigures | None
    lines: tuple[LinePair, ...]
    differs: tuple[str, ...] = ()
    others: int = 0

    @property
    def is_same(self) -> bool:
        """Whether the lines and the summary are as expected."""
        return not self.differs and all(
            line.expected is not None and line.expected == line.booked for line in self.lines
        )


@dataclass(frozen=True, slots=True)
class VoucherDifference:
    """Vouchers that are not as expected, each beside the one most like it."""

    vouchers: tuple[VoucherPair, ...]
    kind: str = "vouchers"

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return all(pair.expected and pair.booked and pair.is_same for pair in self.vouchers)


@dataclass(frozen=True, slots=True)
class StatusDifference:
    """What was to become of the event, and what did, with its reason and message."""

    expected: str
    status: str
    reason: str
    message: str
    kind: str = "status"


@dataclass(frozen=True, slots=True)
class FigureDifference:
    """A figure of a budget node: "spend", "available" and the like, in plain decimal notation.

    `event`: what became of the event where that is why nothing moved, else "".
    """

    node: str
    figure: str
    expected: str
    actual: str
    event: str = ""
    kind: str = "budget"


Difference = VoucherDifference | StatusDifference | FigureDifference


def compare_vouchers(
    expected: Sequence[VoucherFigures], booked: Sequence[VoucherFigures], *, partial: bool = False
) -> VoucherDifference:
    """Pairs vouchers and their lines so that as little as possible differs.

    Equal ones are paired first, then the most alike; what is alike in neither account nor amount
    is not paired. With `partial` lines that are booked beyond the expected ones are no difference.
    """
    pairs = [compare_lines(left, right, partial=partial) for left in expected for right in booked]
    width = len(booked)
    ranked = sorted(range(len(pairs)), key=lambda place: (_weight_of(pairs[place]), place))
    taken_left: set[int] = set()
    taken_right: set[int] = set()
    chosen: list[tuple[int, VoucherPair]] = []
    for place in ranked:
        left, right = divmod(place, width)
        if left not in taken_left and right not in taken_right:
            taken_left.add(left)
            taken_right.add(right)
            chosen.append((left, pairs[place]))
    for left, voucher in enumerate(expected):
        if left not in taken_left:
            lines = tuple(LinePair(line, None) for line in voucher.lines)
            chosen.append((left, VoucherPair(voucher, None, lines)))
    found = [pair for _, pair in sorted(chosen, key=lambda entry: entry[0])]
    if not partial:
        for right, voucher in enumerate(booked):
            if right not in taken_right:
                lines = tuple(LinePair(None, line) for line in voucher.lines)
                found.append(VoucherPair(None, voucher, lines))
    return VoucherDifference(tuple(found))


def compare_lines(
    expected: VoucherFigures, booked: VoucherFigures, *, partial: bool = False
) -> VoucherPair:
    """Pairs the lines of two vouchers; see `compare_vouchers`."""
    same = Counter(expected.lines) & Counter(booked.lines)
    left = _without(expected.lines, same)
    right = _without(booked.lines, same)
    nearest = dict(_nearest(left, right))
    others = [place for place in range(len(right)) if place not in nearest.values()]
    pairs: list[LinePair] = []
    spare = Counter(same)
    unpaired = iter(range(len(left)))
    for line in expected.lines:
        if spare[line]:
            spare[line] -= 1
            pairs.append(LinePair(line, line))
            continue
        place = next(unpaired)
        other = right[nearest[place]] if place in nearest else None
        pairs.append(LinePair(line, other, _differs(line, other) if other else ()))
    if not partial:
        pairs += [LinePair(None, right[place]) for place in others]
    differs = ("summary",) if expected.summary not in {None, booked.summary} else ()
    return VoucherPair(
        expected, booked, tuple(pairs), differs, others=len(others) if partial else 0
    )


def _without(lines: Sequence[LineFigures], same: Counter[LineFigures]) -> list[LineFigures]:
    """The lines that have no equal, in their order."""
    spare = Counter(same)
    left = []
    for line in lines:
        if spare[line]:
            spare[line] -= 1
        else:
            left.append(line)
    return left


def _nearest(left: Sequence[LineFigures], right: Sequence[LineFigures]) -> list[tuple[int, int]]:
    """Pairs of places in both, the most alike lines first."""
    if len(left) > _MAX_PAIRED or len(right) > _MAX_PAIRED:
        return []
    ranked = sorted(
        (_weight(first, second), i, j)
        for i, first in enumerate(left)
        for j, second in enumerate(right)
        if first.account == second.account or first.amount == second.amount
    )
    found: list[tuple[int, int]] = []
    for _, i, j in ranked:
        if all(i != a and j != b for a, b in found):
            found.append((i, j))
    return found


def _weight(first: LineFigures, second: LineFigures) -> int:
    weights = {"account": _ACCOUNT, "amount": _AMOUNT, "side": _SIDE}
    return sum(weights.get(part, _DIMENSION) for part in _differs(first, second))


def _weight_of(pair: VoucherPair) -> int:
    """How much two vouchers differ; a line without another weighs as if all of it did."""
    whole = _ACCOUNT + _AMOUNT + _SIDE
    weight = _SUMMARY * len(pair.differs)
    for line in pair.lines:
        if line.expected is None or line.booked is None:
            weight += whole
        else:
            weight += _weight(line.expected, line.booked)
    return weight


def _differs(first: LineFigures, second: LineFigures) -> tuple[str, ...]:
    found = [
        part
        for part in ("side", "account", "amount", "foreign")
        if getattr(first, part) != getattr(second, part)
    ]
    left, right = dict(first.dimensions), dict(second.dimensions)
    found += [name for name in {**left, **right} if left.get(name) != right.get(name)]
    return tuple(found)
