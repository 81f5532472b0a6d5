"""Faults beside the log of the budget sample: in its snapshot and in its projected rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.engine.verify.attacker import Attacker
from tests.engine.verify.budget_sample import CLAIMED, LAST_BUDGET
from tests.engine.verify.faults import Fault

_TRAVEL = "dept[D1,travel]@2026-03"


def _limit_more(sections: Any) -> None:
    """Section budgets: nodes, figures, holdings, groups."""
    next(figures for figures in sections[1] if figures[0] == _TRAVEL)[1] += 1


def _excess_more(sections: Any) -> None:
    next(figures for figures in sections[1] if figures[0] == _TRAVEL)[5] += 1


def _held_less(sections: Any) -> None:
    next(held for held in sections[2] if held[1] == "R3")[4][0][1] -= 1


def _expires_never(sections: Any) -> None:
    next(held for held in sections[2] if held[1] == "R3")[3] = 0


def _node_open(sections: Any) -> None:
    next(node for node in sections[0] if node[0] == _TRAVEL)[13] = False


def _snapshot(change: Callable[[Any], None]) -> Callable[[Attacker], None]:
    return lambda attacker: attacker.snapshot("budgets", change)


def _rows(statement: str, *values: str | int) -> Callable[[Attacker], None]:
    return lambda attacker: attacker.rows(statement, *values)


_ONE_NODE_MORE = """
INSERT INTO budget_node SELECT book_id, 'dept[D9]@2026-03', budget_name, path, period, parent,
 control, limited, closed, version, override_role, scale, currency, budget_minor, reserved_minor,
 committed_minor, actual_minor, excess_minor FROM budget_node WHERE node = ?
"""

BUDGET_BESIDE_FAULTS = (
    Fault(
        "a snapshot's amount off by one fen",
        "SNAPSHOT_DIFFERS",
        f"budget figures {_TRAVEL}/limit",
        LAST_BUDGET,
        _snapshot(_limit_more),
    ),
    Fault(
        "a snapshot's excess off by one fen",
        "SNAPSHOT_DIFFERS",
        f"budget figures {_TRAVEL}/excess",
        LAST_BUDGET,
        _snapshot(_excess_more),
    ),
    Fault(
        "a snapshot's reservation off by one fen",
        "SNAPSHOT_DIFFERS",
        "references works/R3",
        LAST_BUDGET,
        _snapshot(_held_less),
    ),
    Fault(
        "a snapshot's soft hold made lasting",
        "SNAPSHOT_DIFFERS",
        "references works/R3",
        LAST_BUDGET,
        _snapshot(_expires_never),
    ),
    Fault(
        "a snapshot's closed node open",
        "SNAPSHOT_DIFFERS",
        f"budget nodes {_TRAVEL}",
        LAST_BUDGET,
        _snapshot(_node_open),
    ),
    Fault(
        "a projected amount edited",
        "ROW_DIFFERS",
        f"budget_node {_TRAVEL} budget_minor",
        LAST_BUDGET,
        _rows("UPDATE budget_node SET budget_minor = 1 WHERE node = ?", _TRAVEL),
    ),
    Fault(
        "a projected actual off by one fen",
        "ROW_DIFFERS",
        "budget_node works[NORTH] actual_minor",
        LAST_BUDGET,
        _rows("UPDATE budget_node SET actual_minor = actual_minor + 1 WHERE node = 'works[NORTH]'"),
    ),
    Fault(
        "a projected node open",
        "ROW_DIFFERS",
        f"budget_node {_TRAVEL} closed",
        LAST_BUDGET,
        _rows("UPDATE budget_node SET closed = 0 WHERE node = ?", _TRAVEL),
    ),
    Fault(
        "a projected node missing",
        "ROW_MISSING",
        "budget_node",
        LAST_BUDGET,
        _rows("DELETE FROM budget_node WHERE node = ?", _TRAVEL),
    ),
    Fault(
        "a projected node nobody approved",
        "ROW_UNEXPECTED",
        "budget_node dept[D9]@2026-03",
        LAST_BUDGET,
        _rows(_ONE_NODE_MORE, _TRAVEL),
    ),
    Fault(
        "a projected decision edited",
        "ROW_DIFFERS",
        f"budget_decision crm c4 {_TRAVEL} verdict",
        CLAIMED,
        _rows("UPDATE budget_decision SET verdict = 'PASS' WHERE verdict = 'OVERRIDE' AND seq = 4"),
    ),
    Fault(
        "a projected decision missing",
        "ROW_MISSING",
        f"budget_decision crm c4 {_TRAVEL}",
        CLAIMED,
        _rows("DELETE FROM budget_decision WHERE verdict = 'OVERRIDE' AND seq = 4"),
    ),
)
