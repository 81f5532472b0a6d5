"""Every order in which the steps of sessions may reach a book; none lets more out than there is.

A session asks, reserves, commits and spends the same amount. Two sessions of four steps have 70
orders, all are tried; three have 34,650, of which a seeded sample is.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import combinations

from engine.book import Book
from engine.calls import Call, EventResult
from engine.effects import Status
from tests.budgets.figures import Event
from tests.budgets.machine import DATE, START_US, program
from tests.budgets.machine_rules import DECLARED
from tests.budgets.model import BudgetModel

STEPS = ("check", "reserve", "commit", "spend")

#: A node that fits one session of 60.00, and not two.
LIMIT, AMOUNT = "100.00", "60.00"
NODE = "main[D1,K1]"


def orders_of_two() -> Iterator[tuple[int, ...]]:
    """All 70 orders of two sessions' steps: which session each step is of."""
    places = range(2 * len(STEPS))
    for first in combinations(places, len(STEPS)):
        yield tuple(0 if place in first else 1 for place in places)


def orders_of_three(count: int, seed: int) -> Iterator[tuple[int, ...]]:
    """A sample without repetition of the 34,650 orders of three sessions' steps."""
    chance = random.Random(seed)
    seen: set[tuple[int, ...]] = set()
    steps = [session for session in range(3) for _ in STEPS]
    while len(seen) < count:
        chance.shuffle(steps)
        order = tuple(steps)
        if order not in seen:
            seen.add(order)
            yield order


def run_order(order: tuple[int, ...], *, by_node: bool) -> list[int]:
    """Lets steps reach a book in an order; gives the sessions that spent.

    Args:
        order: session of each step.
        by_node: sessions name the node at every step, so that one that was refused its
            reservation still tries to commit and spend; otherwise they name their reservation.

    Raises:
        AssertionError: book and model differ, or more is used than there is.
    """
    book = Book.in_memory([program()], clock=lambda: START_US)
    model = BudgetModel(DECLARED)
    approval = {"lines": [{"node": NODE, "amount": LIMIT}]}
    _send(book, model, {"id": "approval", "type": "budget.approved", **approval})
    done = [0] * (max(order) + 1)
    spent = []
    for session in order:
        step = STEPS[done[session]]
        done[session] += 1
        event = _event(session, step, by_node=by_node)
        if step == "check":
            fits = _accepted(book.dry_run(Call(events=[event])).results[0])
            assert fits == (model.nodes[NODE].available >= 6_000)
            continue
        if _send(book, model, event) and step == "spend":
            spent.append(session)
        node = book.budget_node(NODE)
        assert node.available >= 0
        assert node.available == model.nodes[NODE].available
    assert book.budget_node(NODE).actual == 6_000 * len(spent)
    return spent


def _event(session: int, step: str, *, by_node: bool) -> Event:
    kinds = {"reserve": "reserved", "commit": "committed", "spend": "spent", "check": "reserved"}
    event = {"id": f"{step}-{session}", "type": f"budget.{kinds[step]}", "date": DATE}
    event |= {"reference": f"s{session}", "amount": AMOUNT}
    return {**event, "node": NODE} if by_node or step in {"reserve", "check"} else event


def _send(book: Book, model: BudgetModel, event: Event) -> bool:
    event = {"date": DATE, **event}
    answer = model.post(event, START_US)
    result = book.post([Call(events=[event])])[0].results[0]
    assert _accepted(result) == (answer.kind == "accepted"), (event, result, answer)
    return _accepted(result)


def _accepted(result: EventResult) -> bool:
    return result.status is Status.NO_POSTING
