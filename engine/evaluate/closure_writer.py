"""The source under construction of one rule for one event: values, loops, faults, reads.

Source is made of node numbers, integers and names from fixed tables only. Everything an author
wrote (texts, sets, table cells) reaches the code as a named constant object, never as source.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from engine.evaluate.failures import OUT_OF_RANGE
from engine.evaluate.link import READING, LinkedProgram, LinkedRule
from engine.program import EVENT_SHAPE, LEDGER_SHAPE, Kind, Node


@dataclass(slots=True)
class Expression:
    """A value not stored yet: `text` over event variables and the element names of `leaves`.

    `leaves` are lists of equal length; the element of list `v7` is called `x7`.
    """

    text: str
    leaves: tuple[int, ...] = ()
    depth: int = 0


@dataclass(slots=True)
class Writer:
    """The source under construction.

    Attributes:
        lines: of `run`, with their indentation. bound: of `bind`, which surrounds it.
        constants: the objects the source names.
        values: per node its expression; missing where not needed.
        uses: per node how often others refer to it.
        before_fault: while the guard is evaluated, writes what comes before a fault at a node.
        quiet: inside a refusal, where what its message needs is evaluated: faults yield the
            value that the columns hold for a failed row, and reads are not recorded.
    """

    linked: LinkedProgram
    own: LinkedRule
    lines: list[str] = field(default_factory=list)
    bound: dict[str, str] = field(default_factory=dict)
    constants: dict[str, object] = field(default_factory=dict)
    values: dict[int, Expression] = field(default_factory=dict)
    depth: int = 2
    quiet: bool = False
    uses: list[int] = field(default_factory=list)
    before_fault: Callable[[int], None] | None = None

    def put(self, line: str) -> None:
        """Adds a line at the present indentation."""
        self.lines.append("    " * self.depth + line)

    def constant(self, name: str, value: object) -> str:
        """Names an object for the source."""
        self.constants[name] = value
        return name

    def bind(self, name: str, source: str) -> str:
        """Names something taken once per batch."""
        self.bound[name] = source
        return name

    def node(self, index: int) -> Node:
        """A node of the rule."""
        return self.own.rule.nodes[index]

    def event(self, index: int) -> str:
        """The expression of an event-shaped (or constant) value."""
        return self.values[index].text

    def length(self, shape: int) -> str:
        """The number of elements of a list field."""
        if shape < LEDGER_SHAPE:
            self.bind(f"o{shape}", f"reader.offsets({shape})")
        return f"n{shape}"

    def fail(self, index: int, fault: str | int) -> None:
        """Ends the evaluation with a fault at a node (or after all nodes)."""
        if self.before_fault is not None:
            self.before_fault(index)
        self.put(f"return RuleRow(True, {index}, {fault}, '', [], [], {self.reads})")

    @property
    def reads(self) -> str:
        """The source of the reads so far."""
        return "r" if any(node.op in READING for node in self.own.rule.nodes) else "[]"


def listed(expression: Expression) -> str:
    """The source of the list of an expression's values; it has leaves."""
    names = ", ".join(f"x{leaf}" for leaf in expression.leaves)
    lists = ", ".join(f"v{leaf}" for leaf in expression.leaves)
    if len(expression.leaves) == 1:
        return lists if expression.text == names else f"[{expression.text} for {names} in {lists}]"
    return f"[{expression.text} for {names} in zip({lists})]"


def as_list(writer: Writer, index: int, shape: int) -> str:
    """The source of a node's values as a list over the elements of `shape`."""
    expression = writer.values[index]
    if expression.leaves:
        return listed(expression)
    return f"[{expression.text}] * {writer.length(shape)}"


def loop(writer: Writer, shape: int, *indices: int) -> str:
    """The head of a loop over elements: names each leaf and the element number `k`."""
    leaves = sorted({leaf for index in indices for leaf in writer.values[index].leaves})
    names = "".join(f", x{leaf}" for leaf in leaves)
    lists = "".join(f", v{leaf}" for leaf in leaves)
    numbers = f"range({writer.length(shape)})"
    return f"for k{names} in zip({numbers}{lists}):" if leaves else f"for k in {numbers}:"


def begin(writer: Writer, index: int, node: Node, absent: str) -> tuple[str, int]:
    """Opens the evaluation of a node with effects, per event or per element.

    Returns the name to assign to (the element's own inside a loop) and the indentation to
    return to. Where `active` does not hold the value is `absent`, which nothing uses.
    """
    depth = writer.depth
    over_list = node.shape != EVENT_SHAPE
    active = node.active
    if over_list:
        writer.put(f"v{index} = []")
        used = (*node.args, active) if active is not None else node.args
        writer.put(loop(writer, node.shape, *used))
        writer.depth += 1
    name = f"x{index}" if over_list else f"v{index}"
    if active is not None:
        writer.put(f"{name} = {absent}")
        writer.put(f"if {writer.event(active)}:")
        writer.depth += 1
    return name, depth


def end(writer: Writer, index: int, node: Node, depth: int) -> None:
    """Closes what `begin` opened."""
    writer.depth = depth
    if node.shape == EVENT_SHAPE:
        writer.values[index] = Expression(f"v{index}")
        return
    writer.depth += 1
    writer.put(f"v{index}.append(x{index})")
    writer.depth = depth
    writer.values[index] = Expression(f"x{index}", (index,))


def write_read(writer: Writer, index: int, key: str, value: str) -> None:
    """Records what a node read; `key` and `value` are source."""
    if not writer.quiet:
        element = "-1" if writer.node(index).shape == EVENT_SHAPE else "k"
        writer.put(f"r.append(({index}, {element}, {key}, {value}))")


def write_fault(writer: Writer, index: int, condition: str, fault: int, otherwise: str) -> None:
    """Fails where a condition holds; in quiet source assigns instead."""
    writer.put(f"if {condition}:")
    writer.depth += 1
    if writer.quiet:
        writer.put(otherwise)
    else:
        writer.fail(index, fault)
    writer.depth -= 1


def write_range_check(writer: Writer, index: int, node: Node, name: str) -> None:
    """A value outside a node's static bounds is a fault: later nodes rely on the bounds."""
    if node.kind is Kind.NUMBER:
        condition = f"not {node.low!r} <= {name} <= {node.high!r}"
        bound = f"{name} = {node.low!r} if {name} < {node.low!r} else {node.high!r}"
        write_fault(writer, index, condition, OUT_OF_RANGE, bound)
