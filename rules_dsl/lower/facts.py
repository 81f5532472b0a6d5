"""What is known where an expression stands: which conditions hold, and what numbers can be there.

Facts come from the guards, from the conditions of enclosing branches and from refusals written
earlier. They are conditions of the graph, so a condition with a name (a let) serves as well.
Where they contradict each other nothing is ever computed, so everything may be taken for known.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from engine.program import Kind, Op
from rules_dsl.bounds import Range, narrowed
from rules_dsl.lower.graph import Graph

#: A condition and whether it is known to be true or to be false.
Fact = tuple[int, bool]

_NEGATED = {Op.EQ: Op.NE, Op.NE: Op.EQ, Op.LT: Op.GE, Op.GE: Op.LT, Op.GT: Op.LE, Op.LE: Op.GT}
_SWAPPED = {Op.LT: Op.GT, Op.GT: Op.LT, Op.LE: Op.GE, Op.GE: Op.LE}


@dataclass(slots=True)
class Facts:
    """Conditions known at one place, taken apart.

    Attributes:
        known: the conditions, and whether they are true.
        contradictory: they cannot all be so, so nothing is ever computed at this place.
        limits: what they say of the numbers they compare.
    """

    graph: Graph
    known: dict[int, bool]
    contradictory: bool = False
    limits: dict[int, Range] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Draws from the known comparisons what they say of numbers."""
        for condition, truth in self.known.items():
            if truth and condition in self.graph.when_given:
                self._narrow(*self.graph.when_given[condition])
            node = self.graph[condition]
            if node.op not in _NEGATED or self.graph[node.args[0]].kind is not Kind.NUMBER:
                continue
            op = node.op if truth else _NEGATED[node.op]
            left, right = node.args
            if not _can_compare(self.graph.range(left), op, self.graph.range(right)):
                self.contradictory = True
            self._limit(left, op, self.graph.range(right))
            self._limit(right, _SWAPPED.get(op, op), self.graph.range(left))

    def holds(self, condition: int) -> bool:
        """Whether a condition is known to be true."""
        return self.contradictory or self.known.get(condition, False)

    def range(self, number: int) -> Range:
        """What a number can be at this place.

        Where nothing is ever computed it is not 0 either, unless it is written there as 0: to
        divide by that is a mistake anywhere.
        """
        found: dict[int, Range] = {}
        for index in sorted(_reachable(self.graph, number)):
            node = self.graph[index]
            values = self.graph.range(index)
            if node.args and node.kind is Kind.NUMBER:
                numbers = [arg for arg in node.args if self.graph[arg].kind is Kind.NUMBER]
                if len(numbers) == len(node.args):
                    better = narrowed(node.op, node.data, [found[arg] for arg in node.args])
                    values = values if better is None else values.meet(better)
            if index in self.limits:
                values = values.meet(self.limits[index])
            found[index] = values
        if self.contradictory and self.graph.constant_of(number) is None:
            return replace(found[number], nonzero=True)
        return found[number]

    def _limit(self, number: int, op: Op, other: Range) -> None:
        """Notes what `number op other` says of the number and of what it is a multiple of."""
        values = _compared(self.graph.range(number), op, other)
        while True:
            self._narrow(number, values)
            node = self.graph[number]
            if node.op is Op.SHIFT and isinstance(node.data, int):
                factor = 10**node.data
                low, high = -(-values.low // factor), values.high // factor
                values = Range(low, high, values.nonzero)
            elif node.op is Op.NEG:
                values = Range(-values.high, -values.low, values.nonzero)
            elif node.op is not Op.REPEAT:
                return
            number = node.args[0]

    def _narrow(self, number: int, values: Range) -> None:
        """Notes that a number lies in a range."""
        before = self.limits.get(number, self.graph.range(number))
        self.contradictory = self.contradictory or _are_disjoint(before, values)
        self.limits[number] = before.meet(values)


def gather(graph: Graph, facts: Iterable[Fact]) -> Facts:
    """Takes known conditions apart into what follows from each."""
    known: dict[int, bool] = {}
    contradictory = False
    pending = list(facts)
    while pending:
        condition, truth = pending.pop()
        if condition in known:
            contradictory = contradictory or known[condition] is not truth
            continue
        known[condition] = truth
        node = graph[condition]
        if node.op is Op.NOT:
            pending.append((node.args[0], not truth))
        elif node.op is Op.REPEAT or (node.op is (Op.AND if truth else Op.OR)):
            pending.extend((arg, truth) for arg in node.args)
        elif node.op in {Op.EQ, Op.NE} and graph[node.args[0]].kind is Kind.BOOL:
            pending.extend(_flag_facts(graph, node.args, same=truth is (node.op is Op.EQ)))
    return Facts(graph, known, contradictory)


def _flag_facts(graph: Graph, args: tuple[int, ...], *, same: bool) -> Iterable[Fact]:
    """What `flag = true` and the like say of the flag."""
    for flag, other in (args, args[::-1]):
        constant = graph[other]
        if constant.op is Op.REPEAT:
            constant = graph[constant.args[0]]
        if constant.op is Op.CONST:
            yield flag, bool(constant.data) is same


def _can_compare(values: Range, op: Op, other: Range) -> bool:
    """Whether some value of a range compares so with some value of another."""
    match op:
        case Op.EQ:
            return not _are_disjoint(values, other)
        case Op.LT:
            return values.low < other.high
        case Op.LE:
            return values.low <= other.high
        case Op.GT:
            return values.high > other.low
        case Op.GE:
            return values.high >= other.low
        case _:
            return not values.low == values.high == other.low == other.high


def _are_disjoint(left: Range, right: Range) -> bool:
    """Whether no value lies in both ranges."""
    low, high = max(left.low, right.low), min(left.high, right.high)
    return low > high or (low == high == 0 and (left.nonzero or right.nonzero))


def _compared(values: Range, op: Op, other: Range) -> Range:
    """The values that compare so with some value of another range."""
    match op:
        case Op.EQ:
            return values.meet(other)
        case Op.LT:
            return values.meet(Range(values.low, max(other.high - 1, values.low)))
        case Op.LE:
            return values.meet(Range(values.low, max(other.high, values.low)))
        case Op.GT:
            return values.meet(Range(min(other.low + 1, values.high), values.high))
        case Op.GE:
            return values.meet(Range(min(other.low, values.high), values.high))
        case _ if other.low == other.high == 0:
            return values.meet(Range(values.low, values.high, nonzero=True))
        case _ if other.low == other.high == values.low < values.high:
            return Range(values.low + 1, values.high, values.nonzero)
        case _ if other.low == other.high == values.high > values.low:
            return Range(values.low, values.high - 1, values.nonzero)
        case _:
            return values


def _reachable(graph: Graph, number: int) -> set[int]:
    """The numbers that a number is computed from, itself included."""
    found: set[int] = set()
    pending = [number]
    while pending:
        index = pending.pop()
        if index not in found:
            found.add(index)
            node = graph[index]
            pending.extend(arg for arg in node.args if graph[arg].kind is Kind.NUMBER)
    return found
