"""Writes the Python source that evaluates the nodes of one rule for one event.

Source is made of node numbers, integers and names from fixed tables only. Everything an author
wrote (texts, sets, table cells) reaches the code as a named constant object, never as source.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from engine.errors import InvariantBroken
from engine.evaluate.failures import DIV_ZERO, FAULT_CODES, MISSING_RECORD, OUT_OF_RANGE
from engine.evaluate.link import EFFECTS, READING, LinkedProgram, LinkedRule, sum_may_fail
from engine.evaluate.split import split_fault, split_shares
from engine.evaluate.tables import Grid
from engine.money import format_plain, round_quotient
from engine.program import EVENT_SHAPE, INT64_MAX, INT64_MIN, Kind, Node, Op, RoundMode

_INFIX = {
    Op.ADD: "+",
    Op.SUB: "-",
    Op.MUL: "*",
    Op.EQ: "==",
    Op.NE: "!=",
    Op.LT: "<",
    Op.LE: "<=",
    Op.GT: ">",
    Op.GE: ">=",
    Op.AND: "and",
    Op.OR: "or",
}

#: Nesting of one expression; deeper ones are stored in between, far below the parser's limit.
_MOST_DEPTH = 16


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


def write_node(writer: Writer, index: int) -> None:
    """Writes what evaluates a node, or keeps it as an expression for its user."""
    node = writer.node(index)
    is_failing_sum = node.op is Op.SUM and sum_may_fail(writer.own.rule, index)
    if node.op in EFFECTS or node.op in {Op.HAS_RECORD, Op.TEXT_OF} or is_failing_sum:
        _EFFECT_WRITERS[node.op](writer, index, node)
        return
    expression = _expression(writer, index, node)
    plain = node.op is Op.CONST or (node.op is Op.REPEAT and not expression.leaves)
    if node.shape != EVENT_SHAPE and not expression.leaves and expression.depth:
        # The same for every element: stored once per event.
        writer.put(f"v{index} = {expression.text}")
        writer.values[index] = Expression(f"v{index}")
    elif plain or (node.shape != EVENT_SHAPE and _is_inlined(writer, index, expression)):
        writer.values[index] = expression
    else:
        store(writer, index, expression, node.shape)


def store(writer: Writer, index: int, expression: Expression, shape: int) -> None:
    """Stores a node's value in its own variable."""
    if expression.leaves == (index,):
        writer.values[index] = expression
    elif expression.leaves:
        writer.put(f"v{index} = {listed(expression)}")
        writer.values[index] = Expression(f"x{index}", (index,))
    elif shape == EVENT_SHAPE or expression.text != f"x{index}":
        writer.put(f"v{index} = {expression.text}")
        writer.values[index] = Expression(f"v{index}")


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


def _is_inlined(writer: Writer, index: int, expression: Expression) -> bool:
    """Whether a list's value is left to its only user."""
    return (
        not writer.quiet
        and writer.uses[index] == 1
        and 0 < expression.depth < _MOST_DEPTH
        and writer.node(index).op is not Op.ITEM
    )


def _expression(writer: Writer, index: int, node: Node) -> Expression:
    """A node without effects as an expression of its arguments."""
    field_read = _read_field(writer, index, node)
    if field_read is not None:
        return field_read
    args = [writer.values[arg] for arg in node.args]
    text = _pure_text(writer, index, node, [arg.text for arg in args])
    if node.op is Op.SUM:
        return _sum(writer, node)
    if node.op is Op.REPEAT:
        return args[0]
    leaves = tuple(sorted({leaf for arg in args for leaf in arg.leaves}))
    return Expression(text, leaves, 1 + max(arg.depth for arg in args))


def _read_field(writer: Writer, index: int, node: Node) -> Expression | None:
    """An expression that reads a constant or the event, or None for other operations."""
    data = writer.own.data[index]
    if node.op is Op.CONST and isinstance(data, int):
        # Negative numbers are bracketed: they may stand before an operator that binds tighter.
        return Expression(repr(data) if data >= 0 else f"({data!r})")
    if node.op is Op.COUNT and isinstance(data, int):
        return Expression(writer.length(data))
    if node.op in {Op.FIELD, Op.GIVEN} and isinstance(data, int):
        what = "values" if node.op is Op.FIELD else "given"
        column = writer.bind(f"{what}{data}", f"reader.{what}({data})")
        return Expression(f"{column}[i]", depth=1)
    if node.op in {Op.ITEM, Op.GIVEN_ITEM} and isinstance(data, tuple):
        shape, place = data
        what = "items" if node.op is Op.ITEM else "given_items"
        column = writer.bind(f"{what}{shape}_{place}", f"reader.{what}({shape}, {place})")
        writer.length(shape)
        writer.put(f"v{index} = {column}[s{shape}:t{shape}]")
        return Expression(f"x{index}", (index,))
    return None


def _pure_text(writer: Writer, index: int, node: Node, args: list[str]) -> str:
    """The source of an operation on the source of its arguments."""
    data = writer.own.data[index]
    match node.op, args:
        case op, [a, b] if op in _INFIX:
            return f"({a} {_INFIX[op]} {b})"
        case Op.MIN, [a, b]:
            return f"({a} if {a} <= {b} else {b})" if _is_short(a, b) else f"min({a}, {b})"
        case Op.MAX, [a, b]:
            return f"({a} if {a} >= {b} else {b})" if _is_short(a, b) else f"max({a}, {b})"
        case Op.SELECT, [c, a, b]:
            return f"({a} if {c} else {b})"
        case Op.NEG, [a]:
            return f"(-{a})"
        case Op.ABS, [a]:
            return f"abs({a})"
        case Op.NOT, [a]:
            return f"(not {a})"
        case Op.SHIFT, [a] if isinstance(data, int):
            return f"({a} * {10**data})"
        case Op.IN, [a]:
            return f"({a} in {writer.constant(f'in{index}', data)})"
        case Op.TABLE_CELL, [a] if isinstance(data, tuple):
            table, output = data
            items = writer.linked.tables[table].items[output]
            return f"{writer.constant(f'cells{table}_{output}', items)}[{a}]"
        case ((Op.REPEAT | Op.SUM), [a]):
            return a
    raise InvariantBroken("operation without source", node.op, len(args))


def _is_short(*texts: str) -> bool:
    """Whether naming each text twice costs less than a call."""
    return all(len(text) < 8 for text in texts)


def _sum(writer: Writer, node: Node) -> Expression:
    """The sum of a list's values."""
    arg = node.args[0]
    expression = writer.values[arg]
    if expression.leaves:
        return Expression(f"sum({listed(expression)})", depth=1)
    return Expression(f"({expression.text} * {writer.length(writer.node(arg).shape)})", depth=1)


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


def _record_read(writer: Writer, index: int, key: str, value: str) -> None:
    if not writer.quiet:
        element = "-1" if writer.node(index).shape == EVENT_SHAPE else "k"
        writer.put(f"r.append(({index}, {element}, {key}, {value}))")


def _fault(writer: Writer, index: int, condition: str, fault: int, otherwise: str) -> None:
    """Fails where a condition holds; in quiet source assigns instead."""
    writer.put(f"if {condition}:")
    writer.depth += 1
    if writer.quiet:
        writer.put(otherwise)
    else:
        writer.fail(index, fault)
    writer.depth -= 1


def _write_round(writer: Writer, index: int, node: Node) -> None:
    name, depth = begin(writer, index, node, "0")
    num, den = (writer.event(arg) for arg in node.args)
    lower, divisor = (writer.node(arg) for arg in node.args)
    if divisor.op is not Op.CONST and len(den) > 6:
        writer.put(f"d = {den}")
        den = "d"
    if divisor.low <= 0 <= divisor.high:
        if writer.quiet:
            writer.put(f"d = {den} or 1")
            den = "d"
        else:
            _fault(writer, index, f"not {den}", DIV_ZERO, "pass")
    mode = node.data
    if mode is RoundMode.HALF_AWAY and divisor.low > 0:
        half = str(int(den) >> 1) if divisor.op is Op.CONST else f"({den} >> 1)"
        if len(num) > 6:
            writer.put(f"a = {num}")
            num = "a"
        up = f"({num} + {half}) // {den}"
        if lower.low >= 0:
            writer.put(f"{name} = {up}")
        else:
            writer.put(f"{name} = {up} if {num} >= 0 else -(({half} - {num}) // {den})")
    else:
        constant = writer.constant(f"mode{index}", mode)
        writer.constant("round_quotient", round_quotient)
        writer.put(f"{name} = round_quotient({num}, {den}, {constant})")
    end(writer, index, node, depth)


def _write_table_row(writer: Writer, index: int, node: Node) -> None:
    data = node.data
    if not isinstance(data, int):
        raise InvariantBroken("table index expected", data)
    name, depth = begin(writer, index, node, "-1")
    table = writer.linked.tables[data]
    places = []
    for at, (placer, arg) in enumerate(zip(table.placers, node.args, strict=True)):
        place = writer.constant(f"place{data}_{at}", placer)
        places.append(f"{place}({writer.event(arg)})")
    packed = " + ".join(places) or "0"
    if isinstance(table.search, Grid):
        writer.put(f"{name} = {writer.constant(f'grid{data}', table.search.items)}[{packed}]")
    else:
        writer.put(f"{name} = {writer.constant(f'find{data}', table.search.row)}({packed})")
    if not writer.quiet:
        writer.put(f"if {name} < 0:")
        writer.depth += 1
        _record_read(writer, index, "()", "None")
        writer.fail(index, FAULT_CODES[writer.linked.program.tables[data].fault])
        writer.depth -= 1
        _record_read(writer, index, "()", name)
    end(writer, index, node, depth)


def _key(writer: Writer, args: tuple[int, ...], *, entity: bool) -> str:
    """The source of a state key."""
    parts = [writer.bind("entities", "reader.entities()") + "[i]"] if entity else []
    for arg in args:
        text = writer.event(arg)
        parts.append(f"int({text})" if writer.node(arg).kind is Kind.BOOL else text)
    return f"({', '.join(parts)},)" if parts else "()"


def _write_record(writer: Writer, index: int, node: Node) -> None:
    data = writer.own.data[index]
    if not isinstance(data, tuple):
        raise InvariantBroken("record and field expected", data)
    record, position, default = data
    absent = "-1" if node.kind is Kind.TEXT else "0"
    name, depth = begin(writer, index, node, absent)
    writer.put(f"key = {_key(writer, node.args, entity=False)}")
    writer.put(f"{name} = state.record({record}, {position}, key)")
    _record_read(writer, index, "key", name)
    writer.put(f"if {name} is None:")
    writer.depth += 1
    if default is None:
        if writer.quiet:
            writer.put(f"{name} = {absent}")
        else:
            writer.fail(index, MISSING_RECORD)
    else:
        missing = f"not state.has_record({record}, key)"
        _fault(writer, index, missing, MISSING_RECORD, f"{name} = {absent}")
        writer.put("else:")
        writer.depth += 1
        writer.put(f"{name} = {int(default)!r}")
        writer.depth -= 1
    writer.depth -= 1
    _check_range(writer, index, node, name)
    if node.kind is Kind.BOOL:
        writer.put(f"{name} = {name} != 0")
    end(writer, index, node, depth)


def _check_range(writer: Writer, index: int, node: Node, name: str) -> None:
    """A value outside a node's static bounds is a fault: later nodes rely on the bounds."""
    if node.kind is Kind.NUMBER and not writer.quiet:
        condition = f"not {node.low!r} <= {name} <= {node.high!r}"
        _fault(writer, index, condition, OUT_OF_RANGE, "pass")


def _write_sum(writer: Writer, index: int, node: Node) -> None:
    name, depth = begin(writer, index, node, "0")
    writer.put(f"{name} = {_sum(writer, node).text}")
    _check_range(writer, index, node, name)
    end(writer, index, node, depth)


def _write_has_record(writer: Writer, index: int, node: Node) -> None:
    name, depth = begin(writer, index, node, "False")
    key = _key(writer, node.args, entity=False)
    writer.put(f"{name} = state.has_record({node.data!r}, {key})")
    end(writer, index, node, depth)


def _write_balance(writer: Writer, index: int, node: Node) -> None:
    name, depth = begin(writer, index, node, "0")
    writer.put(f"key = {_key(writer, node.args, entity=True)}")
    writer.put(f"{name} = state.balance({node.data!r}, key)")
    _record_read(writer, index, "key", name)
    _check_range(writer, index, node, name)
    end(writer, index, node, depth)


def _write_delta(writer: Writer, index: int, node: Node) -> None:
    name, depth = begin(writer, index, node, "0")
    writer.put(f"key = {_key(writer, node.args[:-1], entity=True)}")
    writer.put(f"d = state.target({node.data!r}, key)")
    _record_read(writer, index, "key", "d")
    new = writer.event(node.args[-1])
    if writer.node(node.args[-1]).is_wide:
        writer.put(f"a = {new}")
        new = "a"
        _fault(writer, index, f"not {INT64_MIN} <= a <= {INT64_MAX}", OUT_OF_RANGE, "a = 0")
    if not writer.quiet:
        writer.put(f"w.append(({index}, {node.data!r}, key, {new}))")
    writer.put(f"{name} = {new} - d")
    _check_range(writer, index, node, name)
    end(writer, index, node, depth)


def _write_text_of(writer: Writer, index: int, node: Node) -> None:
    name, depth = begin(writer, index, node, "-1")
    writer.constant("format_plain", format_plain)
    writer.bind("code", "reader.strings.code")
    number = node.args[0]
    scale = writer.node(number).scale
    writer.put(f"{name} = code(format_plain({writer.event(number)}, {scale}))")
    end(writer, index, node, depth)


def _write_split(writer: Writer, index: int, node: Node) -> None:
    total, weights = node.args
    writer.constant("split_fault", split_fault)
    writer.constant("split_shares", split_shares)
    residue = writer.constant(f"residue{index}", node.data)
    depth = writer.depth
    writer.put(f"w{index} = {as_list(writer, weights, node.shape)}")
    writer.put(f"v{index} = [0] * len(w{index})")
    if node.active is not None:
        active = writer.values[node.active]
        writer.put(f"if any({listed(active)}):" if active.leaves else f"if {active.text}:")
        writer.depth += 1
    writer.put(f"d = split_fault({writer.event(total)}, w{index})")
    if not writer.quiet:
        writer.put("if d >= 0:")
        writer.depth += 1
        writer.fail(index, "d")
        writer.depth -= 1
    writer.put("if d < 0:")
    writer.depth += 1
    writer.put(f"v{index} = split_shares({writer.event(total)}, w{index}, {residue})")
    writer.depth = depth
    writer.values[index] = Expression(f"x{index}", (index,))


_EFFECT_WRITERS = {
    Op.ROUND: _write_round,
    Op.TABLE_ROW: _write_table_row,
    Op.RECORD: _write_record,
    Op.HAS_RECORD: _write_has_record,
    Op.BALANCE: _write_balance,
    Op.DELTA: _write_delta,
    Op.TEXT_OF: _write_text_of,
    Op.SPLIT: _write_split,
    Op.SUM: _write_sum,
}
