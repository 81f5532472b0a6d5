"""Writes the Python source that evaluates the nodes of one rule for one event."""

from __future__ import annotations

from engine.errors import InvariantBroken
from engine.evaluate.closure_state import STATE_WRITERS
from engine.evaluate.closure_writer import (
    Expression,
    Writer,
    as_list,
    begin,
    end,
    listed,
    write_fault,
    write_range_check,
)
from engine.evaluate.columns import nearest
from engine.evaluate.dates import SCALARS, period_code, period_start
from engine.evaluate.failures import DIV_ZERO, FAULT_CODES
from engine.evaluate.link import EFFECTS, sum_may_fail
from engine.evaluate.split import split_fault, split_shares
from engine.evaluate.text import last_part_code, period_number
from engine.money import format_plain, round_quotient
from engine.program import EVENT_SHAPE, Fault, Node, Op, RoundMode

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


def write_node(writer: Writer, index: int) -> None:
    """Writes what evaluates a node, or keeps it as an expression for its user."""
    node = writer.node(index)
    is_failing_sum = node.op is Op.SUM and sum_may_fail(writer.own.rule, index)
    if node.op in EFFECTS or node.op in {Op.HAS_RECORD, Op.COLUMN, Op.TEXT_OF} or is_failing_sum:
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
        return sum_text(writer, node)
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
    if node.op is Op.ENTITY:
        return Expression(f"{writer.bind('entities', 'reader.entities()')}[i]", depth=1)
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
        case Op.LAST_PART, [a]:
            name = writer.constant("last_part_code", last_part_code)
            return f"{name}({writer.bind('strings', 'reader.strings')}, {a})"
        case Op.PERIOD_NUMBER, [a]:
            name = writer.constant("period_number", period_number)
            return f"{name}({writer.bind('strings', 'reader.strings')}, {a})"
        case Op.MINOR_UNIT, [a]:
            return f"{writer.constant('minor_units', writer.linked.minor_units)}.get({a}, 1)"
        case op, _ if op in SCALARS:
            return f"{writer.constant(f'calendar_{op}', SCALARS[op])}({', '.join(args)})"
        case (Op.PERIOD | Op.PERIOD_START) as op, [a]:
            kernel = period_code if op is Op.PERIOD else period_start
            name = writer.constant(kernel.__name__, kernel)
            return f"{name}({writer.bind('strings', 'reader.strings')}, {a})"
        case Op.IN_CHART, [a]:
            return f"{writer.constant(f'chart{index}', data)}[{a}]"
        case ((Op.REPEAT | Op.SUM), [a]):
            return a
    raise InvariantBroken("operation without source", node.op, len(args))


def _is_short(*texts: str) -> bool:
    """Whether naming each text twice costs less than a call."""
    return all(len(text) < 8 for text in texts)


def sum_text(writer: Writer, node: Node) -> Expression:
    """The sum of a list's values."""
    arg = node.args[0]
    expression = writer.values[arg]
    if expression.leaves:
        return Expression(f"sum({listed(expression)})", depth=1)
    return Expression(f"({expression.text} * {writer.length(writer.node(arg).shape)})", depth=1)


def _write_round(writer: Writer, index: int, node: Node) -> None:
    name, depth = begin(writer, index, node, "0")
    num, den = (writer.event(arg) for arg in node.args)
    lower, divisor = (writer.node(arg) for arg in node.args)
    if divisor.op is not Op.CONST and len(den) > 6:
        writer.put(f"d = {den}")
        den = "d"
    if writer.quiet or divisor.low <= 0 <= divisor.high:
        write_fault(writer, index, f"not {den}", DIV_ZERO, f"{name} = {nearest(node, 0)!r}")
    if writer.quiet:
        writer.put("else:")
        writer.depth += 1
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


def _write_sum(writer: Writer, index: int, node: Node) -> None:
    name, depth = begin(writer, index, node, "0")
    writer.put(f"{name} = {sum_text(writer, node).text}")
    write_range_check(writer, index, node, name)
    end(writer, index, node, depth)


def _write_text_of(writer: Writer, index: int, node: Node) -> None:
    name, depth = begin(writer, index, node, "-1")
    writer.constant("format_plain", format_plain)
    writer.bind("code", "reader.strings.code")
    number = node.args[0]
    scale = writer.node(number).scale
    writer.put(f"{name} = code(format_plain({writer.event(number)}, {scale}))")
    end(writer, index, node, depth)


def _write_require(writer: Writer, index: int, node: Node) -> None:
    value, condition = (writer.event(arg) for arg in node.args)
    name, depth = begin(writer, index, node, "0")
    writer.put(f"{name} = {value}")
    clipped = f"{name} = {node.low!r} if {name} < {node.low!r} else min({name}, {node.high!r})"
    fault = FAULT_CODES[node.data] if isinstance(node.data, Fault) else -1
    write_fault(writer, index, f"not {condition}", fault, clipped)
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
    **STATE_WRITERS,
    Op.ROUND: _write_round,
    Op.TEXT_OF: _write_text_of,
    Op.SPLIT: _write_split,
    Op.SUM: _write_sum,
    Op.REQUIRE: _write_require,
}
