"""Evaluates the nodes that `RuleBuilder` makes on one event, for comparison with the proofs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from engine.program import Kind, Line, Node, Op, Side

Scalar = int | str | bool
#: One value per event, or a list of one value per element.
Value = Scalar | list[Scalar]


def run(
    nodes: Sequence[Node], fields: Mapping[int, Scalar], items: Mapping[int, Sequence[Scalar]]
) -> list[Value]:
    """The value of every node; `items` holds the columns of the one list, by field."""
    count = len(next(iter(items.values())))
    values: list[Value] = []
    for node in nodes:
        args = [values[arg] for arg in node.args]
        match node.op:
            case Op.FIELD:
                values.append(fields[node.data])  # type: ignore[index]
            case Op.ITEM:
                values.append(list(items[node.data[1]]))  # type: ignore[index]
            case Op.CONST:
                values.append(node.data)  # type: ignore[arg-type]
            case Op.REPEAT:
                values.append([args[0]] * count)  # type: ignore[list-item]
            case Op.SUM:
                values.append(sum(args[0]))  # type: ignore[arg-type]
            case Op.COUNT:
                values.append(count)
            case Op.SPLIT:
                values.append(_split(args[0], args[1]))  # type: ignore[arg-type]
            case _ if node.shape >= 0:
                rows = zip(*args, strict=True)  # type: ignore[arg-type]
                values.append([_one(node, list(row)) for row in rows])
            case _:
                values.append(_one(node, args))  # type: ignore[arg-type]
    return values


def difference(lines: Sequence[Line], values: Sequence[Value]) -> int:
    """Debits minus credits."""
    total = 0
    for line in lines:
        amount = values[line.amount]
        sign = 1 if line.side is Side.DEBIT else -1
        added = sum(amount) if isinstance(amount, list) else amount
        total += sign * added  # type: ignore[operator, arg-type]
    return total


def _one(node: Node, args: list[Scalar]) -> Scalar:
    a = args[0]
    b = args[1] if len(args) > 1 else 0
    match node.op:
        case Op.NEG:
            return -a  # type: ignore[operator]
        case Op.ABS:
            return abs(a)  # type: ignore[arg-type]
        case Op.NOT:
            return not a
        case Op.SHIFT:
            return a * 10**node.data  # type: ignore[operator, return-value]
        case Op.SELECT:
            return args[1] if a else args[2]
        case Op.IN:
            return a in node.data  # type: ignore[operator]
        case Op.ROUND:
            return _round(a, b)  # type: ignore[arg-type]
    results = {
        Op.ADD: lambda: a + b,  # type: ignore[operator]
        Op.SUB: lambda: a - b,  # type: ignore[operator]
        Op.MUL: lambda: a * b,  # type: ignore[operator]
        Op.MIN: lambda: min(a, b),  # type: ignore[type-var]
        Op.MAX: lambda: max(a, b),  # type: ignore[type-var]
        Op.EQ: lambda: a == b,
        Op.NE: lambda: a != b,
        Op.LT: lambda: a < b,  # type: ignore[operator]
        Op.LE: lambda: a <= b,  # type: ignore[operator]
        Op.GT: lambda: a > b,  # type: ignore[operator]
        Op.GE: lambda: a >= b,  # type: ignore[operator]
        Op.AND: lambda: a and b,
        Op.OR: lambda: a or b,
    }
    result = results[node.op]()
    return int(result) if node.kind is Kind.NUMBER else result  # type: ignore[return-value]


def _round(above: int, below: int) -> int:
    if below == 0:
        raise ZeroDivisionError
    quotient, rest = divmod(abs(above), abs(below))
    quotient += 2 * rest >= abs(below)
    return quotient if (above < 0) == (below < 0) else -quotient


def _split(total: int, weights: Sequence[int]) -> list[Scalar]:
    """Shares that add up to the total; how the residue falls does not matter here."""
    if not weights:
        raise ZeroDivisionError
    ends = [0]
    for place in range(1, len(weights) + 1):
        ends.append(total * place // len(weights))
    return [end - start for start, end in pairwise(ends)]
