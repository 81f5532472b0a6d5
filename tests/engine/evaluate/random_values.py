"""Random nodes of calendar operations and requirements, for `random_rules`."""

from __future__ import annotations

from random import Random
from typing import Protocol

from engine.evaluate.dates import SCALARS
from engine.evaluate.failures import FAULTS
from engine.program import Kind, Node, Op
from tests.engine.evaluate.building import RuleMaker

#: Days within which a required date is held: some 2,700 years on either side of 1970.
FAR = 10**6

#: Accounts of a random program.
ACCOUNTS = 5


class Growing(Protocol):
    """What a generator of rules offers here."""

    random: Random
    make: RuleMaker

    def find(self, kind: Kind, shape: int, widest: int = ...) -> int: ...
    def shape(self) -> int: ...
    def condition(self, shape: int) -> int | None: ...
    def settle(self, index: int) -> None: ...


def grow_calendar(rule: Growing) -> None:
    """A part of a date, a distance of two, a date moved, or a period."""
    random, make, shape = rule.random, rule.make, rule.shape()
    op = random.choice([*SCALARS, Op.PERIOD, Op.PERIOD_START])
    if op is Op.PERIOD_START:
        text = rule.find(Kind.TEXT, shape)
        if random.random() < 0.7:
            day = rule.find(Kind.DATE, shape)
            text = make.add(Node(Op.PERIOD, (day,), None, Kind.TEXT, shape))
        make.add(Node(op, (text,), None, Kind.DATE, shape))
        return
    args = [rule.find(Kind.DATE, shape)]
    if op in {Op.DAYS, Op.MONTHS}:
        args.append(rule.find(Kind.DATE, shape))
    elif op in {Op.ADD_DAYS, Op.ADD_MONTHS}:
        count = rule.find(Kind.NUMBER, shape, 1_000)
        node = make.nodes[count]
        small = Node(Op.MIN, (count, count), None, Kind.NUMBER, shape, 0, node.low, node.high)
        args.append(make.add(small))
    kind = Kind.TEXT if op is Op.PERIOD else Kind.NUMBER
    if op in {Op.MONTH_START, Op.MONTH_END, Op.ADD_DAYS, Op.ADD_MONTHS}:
        kind = Kind.DATE
    bound = 10**7 if kind is Kind.NUMBER else 0
    made = make.add(Node(op, tuple(args), None, kind, shape, 0, -bound, bound))
    if op in {Op.ADD_DAYS, Op.ADD_MONTHS} and random.random() < 0.5:
        require(rule, made, rule.find(Kind.BOOL, shape))


def grow_requirement(rule: Growing) -> None:
    """A number or a date that stands only where a condition holds."""
    kind, shape = rule.random.choice([Kind.NUMBER, Kind.DATE]), rule.shape()
    widest = rule.random.choice([10**12, 10**35])
    require(rule, rule.find(kind, shape, widest), rule.find(Kind.BOOL, shape))


def grow_chart(rule: Growing) -> None:
    """An account under its role in another chart, whatever the roles are."""
    account = rule.find(Kind.ACCOUNT, rule.shape())
    shape = rule.make.nodes[account].shape
    others = tuple(rule.random.randrange(ACCOUNTS) for _ in range(ACCOUNTS))
    rule.make.add(Node(Op.IN_CHART, (account,), others, Kind.ACCOUNT, shape))


def grow_entity(rule: Growing) -> None:
    """The entity of the event."""
    rule.make.add(Node(Op.ENTITY, (), None, Kind.TEXT))


def require(rule: Growing, value: int, condition: int) -> None:
    """The value where the condition holds; its bounds say no more than they did."""
    node = rule.make.nodes[value]
    low, high = (node.low, node.high) if node.kind is Kind.NUMBER else (-FAR, FAR)
    made = Node(
        op=Op.REQUIRE,
        args=(value, condition),
        data=rule.random.choice(FAULTS),
        kind=node.kind,
        shape=node.shape,
        scale=node.scale,
        low=low,
        high=high,
        active=rule.condition(node.shape),
    )
    rule.settle(rule.make.add(made))


#: Everything that grows here, for whoever picks one.
VALUE_GROWERS = (grow_calendar, grow_requirement, grow_chart, grow_entity)
