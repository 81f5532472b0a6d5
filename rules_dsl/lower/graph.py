"""The node list of one rule under construction: equal values once, laziness as conditions.

Knows operations and where they may fail, not the language. Conditions that enclose what is being
lowered form a chain. An operation that may fail or reads state stands under the whole chain; any
other stands under as little of it as its operands do, so that it can be shared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from engine.errors import InvariantBroken
from engine.program import EVENT_SHAPE, Kind, Node, Op, Span
from rules_dsl.bounds import NOTHING, Range, constant, narrowed, total

#: Operations that may fail or whose reading is recorded.
_PARTIAL = frozenset(
    {
        Op.TABLE_ROW,
        Op.TABLE_CELL,
        Op.HAS_RECORD,
        Op.RECORD,
        Op.VERSION,
        Op.BALANCE,
        Op.BALANCE_UNTIL,
        Op.TARGET,
        Op.DELTA,
        Op.SPLIT,
        Op.REQUIRE,
    }
)

#: Operations that can stop an event whatever their operands are.
_STOPPING = frozenset(
    {
        Op.TABLE_ROW,
        Op.RECORD,
        Op.BALANCE,
        Op.BALANCE_UNTIL,
        Op.TARGET,
        Op.LEDGER_LIST,
        Op.SPLIT,
        Op.DELTA,
        Op.REQUIRE,
    }
)

#: Operations whose operands may change places.
_COMMUTATIVE = frozenset({Op.ADD, Op.MUL, Op.MIN, Op.MAX, Op.EQ, Op.NE})

_FOLDED = frozenset({Op.ADD, Op.SUB, Op.MUL, Op.NEG, Op.SHIFT, Op.ABS, Op.MIN, Op.MAX})

#: The place of what no author wrote.
NOWHERE = Span()

_Key = tuple[Op, tuple[int, ...], Kind, object, int, int, int | None]


@dataclass(slots=True, eq=False)
class Frame:
    """A condition that encloses what is being lowered, known to be `truth` inside.

    `node`: the conjunction with the frames outside, made when something first needs it.
    """

    parent: Frame | None
    condition: int
    truth: bool
    shape: int
    node: int | None = None


class Graph:
    """The nodes made so far.

    Attributes:
        nodes: in the order they were made. frame: the innermost enclosing condition.
        when_given: of a condition that an optional number was sent, the number and what it then
            can be; where it was not sent it is 0.
    """

    def __init__(self) -> None:
        """Starts empty."""
        self.nodes: list[Node] = []
        self.frame: Frame | None = None
        self.when_given: dict[int, tuple[int, Range]] = {}
        self._known: dict[_Key, int] = {}

    def __getitem__(self, index: int) -> Node:
        """A node."""
        return self.nodes[index]

    def range(self, index: int) -> Range:
        """The static bounds of a node."""
        node = self.nodes[index]
        return Range(node.low, node.high)

    def shape(self, *indices: int) -> int:
        """The shape that the values of some nodes have together."""
        return max((self.nodes[index].shape for index in indices), default=EVENT_SHAPE)

    # --- Conditions ----------------------------------------------------------------------

    @contextmanager
    def under(self, condition: int, *, truth: bool) -> Iterator[None]:
        """Lowers the block where a condition is known to be true, or false."""
        before = self.frame
        shape = self.shape(condition)
        if before is not None:
            shape = max(shape, before.shape)
        self.frame = Frame(before, condition, truth, shape)
        try:
            yield
        finally:
            self.frame = before

    @contextmanager
    def over_list(self) -> Iterator[None]:
        """Lowers what is computed for all elements: conditions on one element do not hold."""
        before = self.frame
        kept: Frame | None = None
        for frame in self._chain():
            if self.shape(frame.condition) == EVENT_SHAPE:
                kept = Frame(kept, frame.condition, frame.truth, EVENT_SHAPE)
        self.frame = kept
        try:
            yield
        finally:
            self.frame = before

    def _chain(self) -> list[Frame]:
        """The enclosing frames, outermost first."""
        chain = []
        frame = self.frame
        while frame is not None:
            chain.append(frame)
            frame = frame.parent
        return chain[::-1]

    def _realize(self, frame: Frame | None) -> int | None:
        """The node of the condition under which a frame's inside is active."""
        node: int | None = None
        before = self.frame
        for each in self._chain_of(frame):
            if each.node is None:
                # What makes up a condition must not stand under it.
                self.frame = each.parent
                own = each.condition
                if not each.truth:
                    own = self.add(Op.NOT, (own,), kind=Kind.BOOL)
                each.node = own if node is None else self._conjunction(node, own)
            node = each.node
        self.frame = before
        return node

    def _chain_of(self, frame: Frame | None) -> list[Frame]:
        before, self.frame = self.frame, frame
        chain = self._chain()
        self.frame = before
        return chain

    def _conjunction(self, left: int, right: int) -> int:
        shape = self.shape(left, right)
        args = (self.repeat(left, shape), self.repeat(right, shape))
        return self.add(Op.AND, args, kind=Kind.BOOL)

    # --- Nodes ---------------------------------------------------------------------------

    def constant(self, kind: Kind, data: object, span: Span, *, scale: int = 0) -> int:
        """A constant."""
        values = constant(data) if kind is Kind.NUMBER and isinstance(data, int) else NOTHING
        return self.add(Op.CONST, (), data, kind=kind, scale=scale, values=values, span=span)

    def number(self, raw: int, scale: int, span: Span) -> int:
        """A constant number."""
        return self.constant(Kind.NUMBER, raw, span, scale=scale)

    def constant_of(self, index: int) -> int | None:
        """The raw value of a constant number, spread over a list or not; None for others."""
        node = self.nodes[index]
        while node.op is Op.REPEAT:
            node = self.nodes[node.args[0]]
        if node.op is Op.CONST and node.kind is Kind.NUMBER and isinstance(node.data, int):
            return node.data
        return None

    def repeat(self, index: int, shape: int) -> int:
        """The node spread over a list, unless it has that shape."""
        node = self.nodes[index]
        if node.shape == shape:
            return index
        if node.shape != EVENT_SHAPE:
            raise InvariantBroken("a value per element cannot have another shape", index, shape)
        return self.add(
            Op.REPEAT,
            (index,),
            kind=node.kind,
            shape=shape,
            scale=node.scale,
            values=self.range(index),
            span=node.span,
        )

    def shift(self, index: int, scale: int) -> int:
        """The number at a larger scale."""
        by = scale - self.nodes[index].scale
        if by < 0:
            raise InvariantBroken("decimals cannot be taken away without rounding", index, scale)
        if by == 0:
            return index
        return self.number_op(Op.SHIFT, (index,), scale, self.nodes[index].span, data=by)

    def number_op(
        self, op: Op, args: Sequence[int], scale: int, span: Span, *, data: object = None
    ) -> int:
        """An arithmetic operation on numbers; event-shaped operands meet a list by repetition."""
        shape = self.shape(*args)
        spread = tuple(self.repeat(arg, shape) for arg in args)
        values = narrowed(op, data, [self.range(arg) for arg in spread]) or NOTHING
        if op in _FOLDED and shape == EVENT_SHAPE and values.low == values.high:
            raws = [self.constant_of(arg) for arg in spread]
            if None not in raws:
                return self.number(values.low, scale, span)
        return self.add(
            op, spread, data, kind=Kind.NUMBER, shape=shape, scale=scale, values=values, span=span
        )

    def truth_op(self, op: Op, args: Sequence[int], span: Span, *, data: object = None) -> int:
        """An operation that is true or false."""
        shape = self.shape(*args)
        spread = tuple(self.repeat(arg, shape) for arg in args)
        return self.add(op, spread, data, kind=Kind.BOOL, shape=shape, span=span)

    def add(
        self,
        op: Op,
        args: tuple[int, ...],
        data: object = None,
        *,
        kind: Kind,
        shape: int | None = None,
        scale: int = 0,
        values: Range = NOTHING,
        span: Span = NOWHERE,
        partial: bool = False,
    ) -> int:
        """The node of an operation: an equal one made before where it serves, else a new one.

        `partial`: the operation may fail here, as some others always may.
        """
        shape = self.shape(*args) if shape is None else shape
        if partial or op in _PARTIAL:
            if self.frame is not None and self.frame.shape != EVENT_SHAPE == shape:
                # Done per element, so that only elements where the condition holds can fail.
                shape = self.frame.shape
                args = tuple(self.repeat(arg, shape) for arg in args)
            active = self._realize(self.frame)
        else:
            active = self._active_of(args)
        key_args = tuple(sorted(args)) if op in _COMMUTATIVE else args
        candidates = [None, *(frame.node for frame in self._chain()), active]
        for candidate in dict.fromkeys(candidates):
            key: _Key = (op, key_args, kind, data, shape, scale, candidate)
            if key in self._known:
                return self._known[key]
        self.nodes.append(
            Node(
                op=op,
                args=args,
                data=data,
                kind=kind,
                shape=shape,
                scale=scale,
                low=values.low,
                high=values.high,
                active=active,
                span=span,
            )
        )
        index = len(self.nodes) - 1
        self._known[op, key_args, kind, data, shape, scale, active] = index
        return index

    def append(self, node: Node) -> int:
        """A node that is not shared with an equal one."""
        self.nodes.append(node)
        return len(self.nodes) - 1

    def mean(self, index: int, meaning: str) -> None:
        """Says what people call a node's values, unless that is known."""
        node = self.nodes[index]
        if meaning and not node.meaning:
            self.nodes[index] = replace(node, meaning=meaning)

    def label(self, index: int, name: str) -> None:
        """Names a computed value after its let, unless it has a name."""
        node = self.nodes[index]
        if not node.label and node.op not in {Op.CONST, Op.FIELD, Op.ITEM}:
            self.nodes[index] = replace(node, label=name)

    def _active_of(self, args: Sequence[int]) -> int | None:
        """The innermost condition that an operand stands under.

        An operand of a branch that was left stands under a condition inside this chain; of the
        whole chain no more can be said then.
        """
        chain = self._chain()
        depth = 0
        places = {frame.node: place for place, frame in enumerate(chain, 1)}
        for arg in args:
            active = self.nodes[arg].active
            if active is not None:
                depth = max(depth, places.get(active, len(chain)))
        return self._realize(chain[depth - 1]) if depth else None


def compact(nodes: Sequence[Node], roots: Sequence[int]) -> tuple[tuple[Node, ...], dict[int, int]]:
    """Leaves out what neither a root nor a failure needs; gives the nodes and their new places."""
    needed = set(roots)
    for index in range(len(nodes) - 1, -1, -1):
        node = nodes[index]
        if index in needed or may_fail(node, nodes):
            needed.add(index)
            needed.update(node.args)
            if node.active is not None:
                needed.add(node.active)
    places: dict[int, int] = {}
    kept: list[Node] = []
    for index, node in enumerate(nodes):
        if index in needed:
            places[index] = len(kept)
            args = tuple(places[arg] for arg in node.args)
            active = None if node.active is None else places[node.active]
            kept.append(replace(node, args=args, active=active))
    return tuple(kept), places


def may_fail(node: Node, nodes: Sequence[Node]) -> bool:
    """Whether an operation can stop an event although nothing uses its value."""
    if node.op is Op.ROUND:
        divisor = nodes[node.args[1]]
        return divisor.low <= 0 <= divisor.high
    if node.op is Op.SUM:
        possible = total(Range(nodes[node.args[0]].low, nodes[node.args[0]].high))
        return possible.low < node.low or possible.high > node.high
    return node.op in _STOPPING
