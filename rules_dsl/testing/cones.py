"""Which table rows flow into a value of a rule, by what an evaluation of the rule read."""

from __future__ import annotations

from collections.abc import Iterable

from engine.evaluate.outcome import RuleRow
from engine.program import EVENT_SHAPE, Op, Rule

#: Any element of a list.
EVERY = -2

#: A node of a rule and the list element it is taken for: -1 for the event, or EVERY.
Root = tuple[int, int]


def rows_read(rule: Rule, row: RuleRow, roots: Iterable[Root]) -> set[tuple[int, int]]:
    """The table rows that the values at `roots` were made from, as (table, row).

    What a lazy choice did not read does not count, since the evaluation did not read it.
    """
    reached = _cone(rule, roots)
    found: set[tuple[int, int]] = set()
    for node, element, _, value in row.reads:
        if rule.nodes[node].op is not Op.TABLE_ROW or value is None:
            continue
        elements = reached.get(node, set())
        if EVERY in elements or element in elements or (elements and element < 0):
            table = rule.nodes[node].data
            found.add((table if isinstance(table, int) else 0, value))
    return found


def _cone(rule: Rule, roots: Iterable[Root]) -> dict[int, set[int]]:
    """The nodes that the roots depend on, with the elements they are needed for."""
    reached: dict[int, set[int]] = {}
    waiting = list(roots)
    while waiting:
        index, element = waiting.pop()
        node = rule.nodes[index]
        own = -1 if node.shape == EVENT_SHAPE else element
        known = reached.setdefault(index, set())
        if own in known:
            continue
        known.add(own)
        # What is not made element by element (a sum, a share of a split) needs all of them.
        inner = EVERY if own < 0 or node.op is Op.SPLIT else own
        waiting += [(arg, inner) for arg in node.args]
        if node.active is not None:
            waiting.append((node.active, inner))
    return reached
