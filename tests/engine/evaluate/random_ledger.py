"""Random nodes that read the ledger: balances of periods, targets, and lists with their columns."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from engine.evaluate.outcome import LedgerElements
from engine.limits import MAX_LIST_ELEMENTS
from engine.program import (
    EVENT_SHAPE,
    LEDGER_SHAPE,
    Balance,
    Kind,
    LedgerColumn,
    LedgerList,
    Node,
    Op,
    Target,
)

if TYPE_CHECKING:
    from tests.engine.evaluate.random_rules import RuleGenerator

#: What a program declares for these nodes. Target 1 is only read: within one batch of one level
#: nothing reads what the batch writes.
LEDGER_PARTS: dict[str, Any] = {
    "targets": (Target("进度", ("键",), 0, 2), Target("计数", ("键",), 0, 2)),
    "balances": (
        Balance(0, (0,), (0,)),
        Balance(0, (0,), (0,), by_period=True),
        Balance(0, (0, 1), (0,), by_account=True, keys=(1,)),
    ),
    "ledger_lists": (LedgerList(2, 2, (0, 1)),),
}


def grow_reading(grown: RuleGenerator) -> None:
    """A balance up to a period, or the value of a target."""
    shape = grown.shape()
    key, active = grown.find(Kind.TEXT, shape), grown.condition(shape)
    bound = (-1000, 1000)
    if grown.random.random() < 0.5:
        grown.settle(grown.make.state(Op.TARGET, 1, key, active=active, bound=bound))
        return
    day = grown.find(Kind.DATE, shape)
    text = grown.make.add(Node(Op.PERIOD, (day,), None, Kind.TEXT, shape))
    period = grown.make.number(Op.PERIOD_NUMBER, text, bound=(0, 299_912))
    grown.settle(grown.make.state(Op.BALANCE_UNTIL, 1, key, period, active=active, bound=bound))


def grow_list(grown: RuleGenerator) -> None:
    """A list read from the ledger: its length, and the sum of one of its columns."""
    make, shape = grown.make, LEDGER_SHAPE
    key = grown.find(Kind.TEXT, EVENT_SHAPE)
    read = make.add(Node(Op.LEDGER_LIST, (key,), 0, Kind.NUMBER, low=0, high=MAX_LIST_ELEMENTS))
    limit = 10**17
    debits, credits_ = (
        make.add(Node(Op.COLUMN, (read,), (0, column), Kind.NUMBER, shape, 2, -limit, limit))
        for column in (LedgerColumn.DEBITS, LedgerColumn.CREDITS)
    )
    side = make.add(Node(Op.COLUMN, (read,), (0, LedgerColumn.DEBIT_SIDE), Kind.BOOL, shape))
    make.add(Node(Op.COLUMN, (read,), (0, LedgerColumn.ACCOUNT), Kind.ACCOUNT, shape))
    make.add(Node(Op.COLUMN, (read,), (0, 0), Kind.TEXT, shape))
    amount = make.select(side, debits, credits_)
    make.number(Op.SUM, amount, bound=(-(10**17), 10**17))


def random_lists(random: Random, entity: int, code: int) -> LedgerElements:
    """The elements under a key: none, a few, more than there may be, or one too large."""
    style = random.choice(["none", "few", "few", "few", "large", "long"])
    count = {"none": 0, "few": 3, "large": 2, "long": MAX_LIST_ELEMENTS + 1}[style]
    most = 10**17 + 1 if style == "large" else 500
    return LedgerElements(
        accounts=[index % 2 for index in range(count)],
        sides=[1 - index % 2 for index in range(count)],
        debits=[random.choice([0, -5, most]) for _ in range(count)],
        credits=[random.choice([0, 7]) for _ in range(count)],
        keys=([random.choice([-1, code]) for _ in range(count)],),
        recorded=entity,
    )
