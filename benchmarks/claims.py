"""Budgeted events for the benchmarks: their rule book, nodes, amounts approved and a plain loop."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from engine.calls import BUDGET_APPROVED

FOLDER = Path(__file__).parent / "rules" / "budgets"

DEPARTMENTS = tuple(f"D{number:02d}" for number in range(50))
CATEGORIES = ("travel", "meals", "office", "training")
PROJECTS = tuple(f"P{number}" for number in range(8))

#: Minor units no benchmark uses up.
PLENTY = 10**15

#: Departments, projects and categories of the one node all events of a hot key go to.
HOT = (DEPARTMENTS[0], PROJECTS[0], CATEGORIES[0])

#: Lines of one approval.
_LINES = 500

#: Keys of a node, root ().
Path4 = tuple[str, ...]

#: A trip as the plain loop takes it: its id, department, category and minor units.
Ask = tuple[str, str, str, int]


def trips(count: int, seed: int = 1) -> list[Ask]:
    """Demands over 50 departments of four categories each."""
    pick = random.Random(seed)
    return [
        (
            f"T{seed}-{number}",
            pick.choice(DEPARTMENTS),
            pick.choice(CATEGORIES),
            pick.randint(10_000, 12_000),
        )
        for number in range(count)
    ]


def trip_events(asks: Sequence[Ask]) -> list[dict[str, object]]:
    """Demands as events."""
    return [
        {
            "id": name,
            "type": "trip",
            "date": "2026-05-04",
            "department": department,
            "category": category,
            "amount": _text(amount),
        }
        for name, department, category, amount in asks
    ]


def claims(count: int, seed: int, *, hot: bool = False) -> Iterator[dict[str, object]]:
    """Claims over 1,600 nodes of the four-level budget, or all at one of them."""
    pick = random.Random(seed)
    for number in range(count):
        keys = HOT if hot else tuple(map(pick.choice, (DEPARTMENTS, PROJECTS, CATEGORIES)))
        yield {
            "id": f"C{seed}-{number}",
            "type": "claim",
            "date": "2026-05-04",
            "department": keys[0],
            "project": keys[1],
            "category": keys[2],
            "amount": _text(pick.randint(100, 99_999)),
        }


def claim_lines(count: int, seed: int) -> bytes:
    """Claims as lines of JSON."""
    return b"\n".join(json.dumps(event).encode() for event in claims(count, seed))


def project_nodes() -> list[Path4]:
    """Every node of the four-level budget."""
    nodes: list[Path4] = [()]
    for keys in (DEPARTMENTS, PROJECTS, CATEGORIES):
        depth = len(nodes[-1])
        nodes += [(*node, key) for node in nodes if len(node) == depth for key in keys]
    return nodes


def trip_limits(asks: Sequence[Ask], share: float, *, everywhere: bool) -> dict[Path4, int]:
    """Amounts under which about a share of the trips does not fit.

    Args:
        asks: the trips.
        share: to be refused, 0 to 1.
        everywhere: every leaf is short by the share; else the share of the leaves has nothing.
    """
    leaves: dict[Path4, int] = {}
    for _, department, category, amount in asks:
        leaves[department, category] = leaves.get((department, category), 0) + amount
    limits: dict[Path4, int] = {(): PLENTY}
    limits |= {(department,): PLENTY for department in DEPARTMENTS}
    for place, (leaf, asked) in enumerate(sorted(leaves.items())):
        if share == 0:
            limits[leaf] = PLENTY
        elif everywhere:
            limits[leaf] = int(asked * (1 - share))
        else:
            limits[leaf] = 1 if place < share * len(leaves) else PLENTY
    return limits


def approvals(budget: str, limits: Mapping[Path4, int]) -> list[dict[str, object]]:
    """Commands that approve amounts."""
    lines = [
        {"node": f"{budget}[{','.join(keys)}]", "amount": _text(amount)}
        for keys, amount in limits.items()
    ]
    return [
        {
            "id": f"approve-{budget}-{start}",
            "type": BUDGET_APPROVED,
            "date": "2026-01-01",
            "source": "tongpin",
            "lines": lines[start : start + _LINES],
        }
        for start in range(0, len(lines), _LINES)
    ]


def _text(amount_minor: int) -> str:
    return f"{amount_minor // 100}.{amount_minor % 100:02d}"


# ---------------------------------------------------------------------------- the plain loop

_PASS, _WARN, _BLOCK = range(3)


def bare_loop(asks: Sequence[Ask], limits: Mapping[Path4, int]) -> dict[Path4, int]:
    """Decides trips with a dict and keeps nothing but what is left."""
    left = dict(limits)
    for _, department, category, amount in asks:
        leaf, middle = (department, category), (department,)
        if left[leaf] >= amount and left[middle] >= amount and left[()] >= amount:
            left[leaf] -= amount
            left[middle] -= amount
            left[()] -= amount
    return left


def record_loop(
    asks: Sequence[Ask], limits: Mapping[Path4, int]
) -> tuple[dict[Path4, int], list[tuple[object, ...]], list[tuple[object, ...]], list[str]]:
    """Decides trips with a dict and keeps what a book keeps of it.

    Returns:
        What is left; per trip and node (trip, node, verdict, asked, available, short); moves
        (trip, node, amount); sentences of the refusals.
    """
    left = dict(limits)
    decided: list[tuple[object, ...]] = []
    moves: list[tuple[object, ...]] = []
    refusals: list[str] = []
    for name, department, category, amount in asks:
        nodes: tuple[Path4, ...] = ((department, category), (department,), ())
        failing: Path4 | None = None
        for node in nodes:
            available = left[node]
            verdict, short = _PASS, 0
            if amount > available:
                verdict, short = _BLOCK, amount - available
                failing = node if failing is None else failing
            elif (available - amount) * 10 <= limits[node]:
                verdict = _WARN
            decided.append((name, node, verdict, amount, available, short))
        if failing is None:
            for node in nodes:
                left[node] -= amount
            moves.append((name, nodes[0], amount))
        else:
            where = ",".join(failing)
            refusals.append(f"[{where}] has {_text(left[failing])} left, {_text(amount)} was asked")
    return left, decided, moves, refusals
