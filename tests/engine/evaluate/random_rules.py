"""Random rules over every operation, and random events for them, from a seed."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

from engine.program import (
    EVENT_SHAPE,
    Account,
    Act,
    Budget,
    BudgetMove,
    Dimension,
    EventType,
    FieldType,
    ForeignForm,
    ForeignPart,
    Kind,
    Ledger,
    Line,
    ListType,
    NegativePolicy,
    Node,
    Op,
    Otherwise,
    Program,
    Record,
    RecordField,
    Refusal,
    Residue,
    RoundMode,
    Rule,
    Side,
    Span,
    Table,
    Template,
)
from tests.engine.evaluate.building import (
    RuleMaker,
    batch,
    day,
    flag,
    linked,
    number,
    program,
    records,
    text,
)
from tests.engine.evaluate.random_ledger import LEDGER_PARTS, grow_list, grow_reading
from tests.engine.evaluate.random_tables import TEXTS, random_table
from tests.engine.evaluate.random_values import VALUE_GROWERS

OUTSIDE_TEXTS = (*TEXTS, "未知", "x" * 40, "集团/华东/甲", "/", "乙/")
WIDEST = 10**70  # numbers beyond this are not multiplied further

EVENT = EventType(
    "事项",
    "event",
    (
        number("金额"),
        number("小数", scale=6, low=0, high=10**6),
        number("大数", scale=0, low=-(10**18), high=10**18),
        number("除数", scale=0, low=-3, high=7),
        text("类别"),
        text("部门"),
        flag("标志"),
        day("日期"),
        number("可选"),
        records("明细"),
        records("分项"),
    ),
    {
        9: ListType(
            (
                number("额"),
                number("权", scale=0, low=-1, high=10**6),
                text("类"),
                flag("抵"),
                number("选"),
                number("除", scale=0, low=0, high=5),
                number("大", scale=0, low=-(10**18), high=10**18),
            )
        ),
        10: ListType((number("值"), text("部"))),
    },
)

#: Fields and sub fields that events may leave out.
OPTIONAL = {"可选", "选", "部门", "类", "部"}

RECORDS = (
    Record(
        "档案",
        ("键",),
        (
            RecordField("额", FieldType.NUMBER, 2, "CNY"),
            RecordField("名", FieldType.TEXT, default="乙"),
            RecordField("真", FieldType.FLAG),
            RecordField("率", FieldType.NUMBER, 2, default=7),
        ),
        (),
    ),
)


class RuleGenerator:
    """Grows the nodes of one rule; `pool` holds nodes by kind and shape."""

    def __init__(self, random: Random, tables: tuple[Table, ...]) -> None:
        self.random = random
        self.make = RuleMaker(EVENT, tables)
        self.tables = tables
        self.hidden: set[int] = set()  # values that exist only where their condition holds
        for declared in EVENT.fields:
            if declared.type is not FieldType.LIST:
                self.make.field(declared.name)
        for name, kept in (("明细", EVENT.lists[9]), ("分项", EVENT.lists[10])):
            for sub in kept.fields:
                if random.random() < 0.5:
                    self.make.item(name, sub.name)
        self.make.given("可选")
        self.make.item("明细", "选", Op.GIVEN_ITEM)
        self.make.const(random.choice([0, 1, -5, 10**6]), scale=2)
        self.make.const("甲", Kind.TEXT)
        self.make.const(random.random() < 0.5, Kind.BOOL)
        self.make.const(20_000, Kind.DATE)
        self.make.const(random.randrange(5), Kind.ACCOUNT)

    def find(self, kind: Kind, shape: int, widest: int = WIDEST) -> int:
        """A node of this kind and shape, made where there is none."""
        found = [
            index
            for index, node in enumerate(self.make.nodes)
            if node.kind is kind
            and node.shape == shape
            and -widest <= node.low
            and node.high <= widest
            and node.op is not Op.TABLE_ROW
            and index not in self.hidden
        ]
        if found and (shape == EVENT_SHAPE or self.random.random() < 0.85):
            return self.random.choice(found)
        if shape == EVENT_SHAPE:
            return self.make.const(0, kind)
        return self.make.repeat(self.find(kind, EVENT_SHAPE, widest), EVENT.fields[shape].name)

    def shape(self) -> int:
        return self.random.choice([EVENT_SHAPE, EVENT_SHAPE, 9, 9, 10])

    def condition(self, shape: int) -> int | None:
        """An `active` condition, now and then."""
        if self.random.random() < 0.6:
            return None
        return self.find(Kind.BOOL, self.random.choice([EVENT_SHAPE, shape]))

    def settle(self, index: int) -> None:
        """Lets others use a node: one with a condition only through a SELECT on it.

        Now and then further nodes under the same condition come between.
        """
        make, node = self.make, self.make.nodes[index]
        if node.active is None:
            return
        self.hidden.add(index)
        if node.kind is Kind.NUMBER and self.random.random() < 0.4:
            other = self.find(Kind.NUMBER, node.shape, 10**35)
            first = make.number(self.random.choice([Op.ADD, Op.MUL, Op.MIN]), index, other)
            self.hidden.add(first)
            index = make.round(first, other, active=node.active)
            self.hidden.add(index)
        condition = node.active
        if make.nodes[condition].shape != node.shape:
            condition = make.repeat(condition, EVENT.fields[node.shape].name)
        make.select(condition, index, self.find(node.kind, node.shape))

    def grow(self) -> None:
        """Adds one random node."""
        growers = [
            self.arithmetic,
            self.arithmetic,
            self.shift,
            self.rounding,
            self.rounding,
            self.relation,
            self.relation,
            self.logic,
            self.membership,
            self.selection,
            self.summing,
            self.text_of,
            self.last_part,
            self.minor_unit,
            self.table,
            self.record,
            self.has_record,
            self.version,
            self.balance,
            self.splitting,
            *(partial(grow, self) for grow in (*VALUE_GROWERS, grow_reading)),
        ]
        self.random.choice(growers)()

    def arithmetic(self) -> None:
        shape = self.shape()
        op = self.random.choice([Op.ADD, Op.SUB, Op.MUL, Op.MUL, Op.NEG, Op.ABS, Op.MIN, Op.MAX])
        count = 1 if op in {Op.NEG, Op.ABS} else 2
        widest = 10**35 if op is Op.MUL else WIDEST
        self.make.number(op, *(self.find(Kind.NUMBER, shape, widest) for _ in range(count)))

    def shift(self) -> None:
        arg = self.find(Kind.NUMBER, self.shape(), 10**40)
        self.make.number(Op.SHIFT, arg, data=self.random.choice([0, 1, 4, 19]))

    def rounding(self) -> None:
        shape = self.shape()
        first = self.find(Kind.NUMBER, shape, 10**35)
        if self.random.random() < 0.7:
            other = self.find(Kind.NUMBER, shape, 10**35)
            first = self.make.number(Op.MUL, first, other)
        if self.random.random() < 0.3:
            first = self.make.number(Op.SHIFT, first, data=self.random.choice([1, 4]))
        den = self.find(Kind.NUMBER, shape, 10**25)
        if self.random.random() < 0.5 and shape == EVENT_SHAPE:
            den = self.make.number(Op.ADD, self.make.const(10**6, scale=6), self.make.field("小数"))
        mode = self.random.choice(list(RoundMode))
        self.settle(self.make.round(first, den, mode, self.condition(shape)))

    def relation(self) -> None:
        shape = self.shape()
        kind = self.random.choice(list(Kind))
        ops = [Op.EQ, Op.NE]
        if kind in {Kind.NUMBER, Kind.DATE}:
            ops += [Op.LT, Op.LE, Op.GT, Op.GE]
        self.make.bool(self.random.choice(ops), self.find(kind, shape), self.find(kind, shape))

    def logic(self) -> None:
        shape = self.shape()
        if self.random.random() < 0.3:
            self.make.bool(Op.NOT, self.find(Kind.BOOL, shape))
        else:
            op = self.random.choice([Op.AND, Op.OR])
            self.make.bool(op, self.find(Kind.BOOL, shape), self.find(Kind.BOOL, shape))

    def membership(self) -> None:
        texts = tuple(self.random.sample(OUTSIDE_TEXTS, self.random.randint(1, 4)))
        self.make.bool(Op.IN, self.find(Kind.TEXT, self.shape()), data=texts)

    def selection(self) -> None:
        shape, kind = self.shape(), self.random.choice(list(Kind))
        self.make.select(
            self.find(Kind.BOOL, shape), self.find(kind, shape), self.find(kind, shape)
        )

    def summing(self) -> None:
        shape = self.random.choice([9, 10])
        if self.random.random() < 0.2:
            self.make.number(Op.COUNT, data=shape, bound=(0, 10_000))
        else:
            bound = self.random.choice([None, None, (-100, 100), (-(10**17), 10**17)])
            self.make.number(Op.SUM, self.find(Kind.NUMBER, shape, 10**50), bound=bound)

    def text_of(self) -> None:
        shape = self.shape()
        self.settle(self.make.text_of(self.find(Kind.NUMBER, shape), self.condition(shape)))

    def minor_unit(self) -> None:
        text = self.find(Kind.TEXT, self.shape())
        self.make.number(Op.MINOR_UNIT, text, bound=(1, 10_000))

    def last_part(self) -> None:
        self.make.last_part(self.find(Kind.TEXT, self.shape()))

    def table(self) -> None:
        place = self.random.randrange(len(self.tables))
        declared, shape = self.tables[place], self.shape()
        keys = [self.find(kind, shape) for kind in declared.key_kinds]
        row = self.make.table_row(place, *keys, active=self.condition(shape))
        active = self.make.nodes[row].active
        for output in range(len(declared.output_kinds)):
            cell = self.make.table_cell(row, output)
            self.make.nodes[cell] = replace(self.make.nodes[cell], active=active)
            self.settle(cell)

    def record(self) -> None:
        shape, place = self.shape(), self.random.randrange(4)
        kind = (Kind.NUMBER, Kind.TEXT, Kind.BOOL, Kind.NUMBER)[place]
        key = self.find(Kind.TEXT, shape)
        active = self.condition(shape)
        bound = (-500, 500) if kind is Kind.NUMBER else (0, 0)
        self.settle(
            self.make.state(Op.RECORD, (0, place), key, kind=kind, active=active, bound=bound)
        )

    def has_record(self) -> None:
        shape = self.shape()
        active = self.condition(shape)
        key = self.find(Kind.TEXT, shape)
        self.settle(self.make.bool(Op.HAS_RECORD, key, data=0, active=active))

    def version(self) -> None:
        shape, place = self.shape(), self.random.randrange(-1, 4)
        active = self.condition(shape)
        keys = self.find(Kind.TEXT, shape), self.find(Kind.DATE, shape)
        self.settle(self.make.state(Op.VERSION, (0, place), *keys, kind=Kind.DATE, active=active))

    def balance(self) -> None:
        shape = self.shape()
        key = self.find(Kind.TEXT, shape)
        active = self.condition(shape)
        self.settle(self.make.state(Op.BALANCE, 0, key, active=active, bound=(-1000, 1000)))

    def splitting(self) -> None:
        shape = self.random.choice([9, 10])
        weights = self.make.item("明细", "权") if shape == 9 else self.make.item("分项", "值")
        if self.random.random() < 0.4:
            weights = self.make.number(Op.ABS, weights)
        if self.random.random() < 0.2:
            weights = self.find(Kind.NUMBER, shape)
        total = self.find(Kind.NUMBER, EVENT_SHAPE)
        active = self.find(Kind.BOOL, EVENT_SHAPE) if self.random.random() < 0.4 else None
        residue = self.random.choice(list(Residue))
        self.settle(self.make.number(Op.SPLIT, total, weights, data=residue, active=active))

    def delta(self) -> None:
        newest = self.find(Kind.NUMBER, EVENT_SHAPE, 2**70)
        node = self.make.nodes[newest]
        top = max(-node.low, node.high) + 10**19
        key = self.find(Kind.TEXT, EVENT_SHAPE)
        self.make.state(Op.DELTA, 0, key, newest, bound=(-top, top))

    def line(self, side: Side, shape: int, amount: int) -> Line:
        dimensions = []
        for dimension in self.random.sample([0, 1], self.random.randint(0, 2)):
            found = (dimension, self.find(Kind.TEXT, shape))
            if self.random.random() < 0.3:
                found += (self.find(Kind.BOOL, shape),)  # type: ignore[assignment]
            dimensions.append(found)
        line = self.make.line(side, self.find(Kind.ACCOUNT, shape), amount, *dimensions)
        if self.random.random() < 0.8:
            return line
        kinds = (Kind.TEXT, Kind.NUMBER, Kind.TEXT)
        part = (self.find(kind, shape, 10**15) for kind in kinds)
        return replace(line, foreign=ForeignPart(ForeignForm.STATED, *part))

    def lines(self) -> list[Line]:
        """Lines that balance, mostly: a total, or a list and its sum."""
        shape = self.shape()
        amount = self.find(Kind.NUMBER, shape, 10**19)
        sides = self.random.sample([Side.DEBIT, Side.CREDIT], 2)
        first = self.line(sides[0], shape, amount)
        if self.random.random() < 0.1:
            amount = self.find(Kind.NUMBER, shape, 10**19)
        if shape != EVENT_SHAPE and self.random.random() < 0.6:
            total = self.make.number(Op.SUM, amount)
            return [first, self.line(sides[1], EVENT_SHAPE, total)]
        second = self.line(sides[1], shape, amount)
        if self.random.random() < 0.5:
            second = Line(second.side, second.account, amount, first.dimensions, shape, second.span)
        return [first, second]

    def move(self) -> BudgetMove:
        """A budget statement with some of the parts it may have."""
        shape, act = self.shape(), self.random.choice(list(Act))
        is_all = act is Act.RELEASE and self.random.random() < 0.5
        with_roles = self.random.random() < 0.4
        return BudgetMove(
            act=act,
            budget=0,
            amount=None if is_all else self.find(Kind.NUMBER, shape, 10**19),
            keys=tuple(self.find(Kind.TEXT, shape) for _ in range(self.random.randint(0, 3))),
            day=self.sometimes(Kind.DATE),
            reference=self.sometimes(Kind.TEXT),
            group=self.sometimes(Kind.TEXT),
            until=self.sometimes(Kind.DATE),
            each=shape,
            guard=self.sometimes(Kind.BOOL),
            roles=self.find(Kind.TEXT, self.shape()) if with_roles else None,
            reason=self.find(Kind.TEXT, EVENT_SHAPE) if with_roles else None,
            otherwise=self.random.choice(list(Otherwise)),
            message=self.template() if self.random.random() < 0.6 else None,
        )

    def sometimes(self, kind: Kind) -> int | None:
        return self.find(kind, EVENT_SHAPE) if self.random.random() < 0.4 else None

    def template(self) -> Template:
        parts: list[str | int] = []
        for _ in range(self.random.randint(0, 3)):
            kind = self.random.choice(list(Kind))
            parts += [self.random.choice(["摘要 ", "{x}", "'\"\\\n"]), self.find(kind, EVENT_SHAPE)]
        return Template(tuple(parts))


def random_program(random: Random) -> Program:
    """A program of one random rule."""
    tables = tuple(random_table(random) for _ in range(2))
    grown = RuleGenerator(random, tables)
    guard, guard_count = None, 0
    for _ in range(random.randint(0, 5)):
        grown.grow()
    if random.random() < 0.5:
        guard = grown.find(Kind.BOOL, EVENT_SHAPE)
        guard_count = len(grown.make.nodes)
    for _ in range(random.randint(0, 14)):
        grown.grow()
    if random.random() < 0.2:
        grow_list(grown)
    if random.random() < 0.4:
        grown.delta()
    refusals = tuple(
        Refusal(grown.find(Kind.BOOL, EVENT_SHAPE), f"R{n}", grown.template(), Span())
        for n in range(random.randint(0, 2))
    )
    vouchers = []
    for _ in range(random.randint(0, 2)):
        lines = [line for _ in range(random.randint(1, 2)) for line in grown.lines()]
        condition = grown.find(Kind.BOOL, EVENT_SHAPE) if random.random() < 0.4 else None
        made = grown.make.voucher(*lines, summary=grown.template(), guard=condition)
        vouchers.append(made)
    moves = tuple(grown.move() for _ in range(random.choice([0, 0, 1, 2, 3])))
    rule = grown.make.rule(
        *vouchers, guard=guard, guard_count=guard_count, refusals=refusals, moves=moves
    )
    return book(rule, tables, random)


def book(rule: Rule, tables: tuple[Table, ...], random: Random) -> Program:
    """A program around a rule, with some required and balancing dimensions."""
    accounts = tuple(
        Account(
            f"科目{n}", f"100{n}", f"科目{n}", True,
            required=tuple(d for d in range(2) if random.random() < 0.15),
        )
        for n in range(5)
    )  # fmt: skip
    balancing = random.random() < 0.4
    return program(
        EVENT,
        rule,
        accounts=accounts,
        dimensions=(Dimension("部门", "department", balancing), Dimension("客户", "customer")),
        ledgers=(Ledger("账", "GL", "CNY", 2, negative=random.choice(list(NegativePolicy))),),
        tables=tables,
        records=RECORDS,
        **LEDGER_PARTS,
        budgets=(Budget("预算", "budget", ("一", "二", "三"), 2, "CNY"),),
    )


def random_events(random: Random, count: int) -> list[dict[str, Any]]:
    """Events of EVENT; optional fields are left out now and then."""
    style = random.choice(["small", "large", "mixed"])
    return [_event(random, style) for _ in range(count)]


def _event(random: Random, style: str) -> dict[str, Any]:
    event: dict[str, Any] = {"entity": random.choice(["E1", "E2"])}
    for place, declared in enumerate(EVENT.fields):
        if declared.name in OPTIONAL and random.random() < 0.3:
            continue
        if declared.type is FieldType.LIST:
            sizes = [0, 1, 1, 2, 3, 7]
            event[declared.name] = [
                {
                    sub.name: _field_value(random, sub, style)
                    for sub in EVENT.lists[place].fields
                    if sub.name not in OPTIONAL or random.random() < 0.7
                }
                for _ in range(random.choice(sizes))
            ]
        else:
            event[declared.name] = _field_value(random, declared, style)
    return event


def _field_value(random: Random, declared: Any, style: str) -> Any:
    match declared.type:
        case FieldType.TEXT:
            return random.choice(OUTSIDE_TEXTS)
        case FieldType.FLAG:
            return random.random() < 0.5
        case FieldType.DATE:
            return random.randint(19_990, 20_010)
    if style == "small" or (style == "mixed" and random.random() < 0.5):
        return random.randint(max(declared.low, -20), min(declared.high, 20))
    return random.choice([declared.low, declared.high, random.randint(declared.low, declared.high)])


__all__ = ["Node", "batch", "linked", "random_events", "random_program"]
