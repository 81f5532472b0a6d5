"""What a commit's budget moves add to each node, the nodes above included; reads no table."""

from __future__ import annotations

from collections.abc import Mapping

from engine.effects import Stage
from engine.errors import InvariantBroken
from engine.projection.rows import CommitRows

#: Amount, reserved, committed, actual, excess, as in the columns of `budget_node`.
NOTHING_MOVED = (0, 0, 0, 0, 0)
_EXCESS = 4


def budget_totals(rows: CommitRows, parents: Mapping[str, str]) -> dict[str, list[int]]:
    """Sums by node and figure, in Python integers, which do not wrap.

    Command by command, since a node may get another parent: what moved before stays with the
    nodes that were above then.

    Args:
        rows: of the commit.
        parents: node -> the node above or "", as before the commit, for every node that moved and
            all above.
    """
    above = dict(parents)
    totals: dict[str, list[int]] = {}
    entered = iter([*rows.budget_nodes, (None, ())])
    command, row = next(entered)
    for own, node, stage, amount in rows.budget_moves:
        while command is not None and command <= own:
            above[str(row[1])] = str(row[5])
            command, row = next(entered)
        name = node
        while name:
            totals.setdefault(name, [*NOTHING_MOVED])[stage] += amount
            if name not in above:
                raise InvariantBroken("a budget node moves before it is entered", name)
            name = "" if stage == Stage.LIMIT else above[name]
    for node, amount in rows.budget_excesses:
        totals.setdefault(node, [*NOTHING_MOVED])[_EXCESS] += amount
    return totals
