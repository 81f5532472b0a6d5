"""Builds small programs node by node, for tests of the proofs that need no rule text."""

from __future__ import annotations

from dataclasses import replace

from engine.program import (
    EVENT_SHAPE,
    NO_DATE,
    Account,
    Dimension,
    EventType,
    Field,
    FieldType,
    Kind,
    Ledger,
    Line,
    LineDimension,
    ListType,
    NegativePolicy,
    Node,
    Op,
    Program,
    Refusal,
    Residue,
    RoundMode,
    Rule,
    Side,
    Span,
    Template,
    VoucherPlan,
)
from rules_dsl.checks import CheckInput, Usage

BOUND = 10**15
LIST = 4


def event_type() -> EventType:
    """Two amounts, a flag, a closed code and a list with two amounts, a flag and a text."""

    def amount(name: str) -> Field:
        return Field(name, name, FieldType.NUMBER, 2, -BOUND, BOUND, currency="CNY")

    items = (
        amount("含税"),
        amount("税额"),
        Field("可抵扣", "deductible", FieldType.FLAG),
        Field("部门", "department", FieldType.TEXT),
    )
    return EventType(
        "报销",
        "claim",
        (
            amount("总额"),
            amount("净额"),
            Field("免税", "exempt", FieldType.FLAG),
            Field("类别", "category", FieldType.TEXT, codes=("travel", "office", "other")),
            Field("明细", "lines", FieldType.LIST),
            Field("部门", "department", FieldType.TEXT),
            Field("税率", "rate", FieldType.NUMBER, 6, 0, 10**6),
            amount("税额"),
        ),
        {LIST: ListType(items)},
    )


class RuleBuilder:
    """Collects the nodes and lines of one rule; a value is the index of its node."""

    def __init__(self, *, negative: NegativePolicy = NegativePolicy.RED) -> None:
        self.nodes: list[Node] = []
        self.lines: list[Line] = []
        self.refusals: list[Refusal] = []
        self.negative = negative
        self.event = event_type()

    def node(self, op: Op, *args: int, data: object = None, **parts: object) -> int:
        shape = max((self.nodes[arg].shape for arg in args), default=EVENT_SHAPE)
        if op in {Op.SUM, Op.COUNT}:
            shape = EVENT_SHAPE
        scale = self.nodes[args[-1]].scale if args else 0
        node = Node(op, args, data, Kind.NUMBER, shape, scale, -BOUND, BOUND)
        self.nodes.append(replace(node, **parts))  # type: ignore[arg-type]
        return len(self.nodes) - 1

    def field(self, name: str) -> int:
        index = next(i for i, f in enumerate(self.event.fields) if f.name == name)
        entry = self.event.fields[index]
        return self.node(Op.FIELD, data=index, kind=_kind(entry), scale=entry.scale)

    def item(self, name: str) -> int:
        fields = self.event.lists[LIST].fields
        index = next(i for i, f in enumerate(fields) if f.name == name)
        entry = fields[index]
        return self.node(
            Op.ITEM, data=(LIST, index), kind=_kind(entry), scale=entry.scale, shape=LIST
        )

    def const(self, raw: int, scale: int = 2) -> int:
        return self.node(Op.CONST, data=raw, scale=scale, low=raw, high=raw)

    def text(self, value: str) -> int:
        return self.node(Op.CONST, data=value, kind=Kind.TEXT)

    def op(self, op: Op, *args: int, data: object = None) -> int:
        """An operation whose list-shaped arguments make the others repeat."""
        shape = max(self.nodes[arg].shape for arg in args)
        spread = [
            self.repeat(arg) if shape >= 0 and self.nodes[arg].shape < 0 else arg for arg in args
        ]
        comparisons = {Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE, Op.IN, Op.AND, Op.OR, Op.NOT}
        kind = Kind.BOOL if op in comparisons else self.nodes[args[-1]].kind
        scale = self.nodes[args[-1]].scale
        if op is Op.MUL:
            scale = sum(self.nodes[arg].scale for arg in args)
        return self.node(op, *spread, data=data, kind=kind, scale=scale)

    def repeat(self, arg: int) -> int:
        return self.node(Op.REPEAT, arg, shape=LIST, kind=self.nodes[arg].kind)

    def round(self, above: int, below: int) -> int:
        return self.node(Op.ROUND, above, below, data=RoundMode.HALF_AWAY, scale=2)

    def split(self, total: int, weights: int) -> int:
        return self.node(
            Op.SPLIT, total, weights, data=Residue.LARGEST_REMAINDER, shape=LIST, scale=2
        )

    def label(self, node: int, name: str) -> int:
        self.nodes[node] = replace(self.nodes[node], label=name)
        return node

    def debit(self, amount: int, *dimensions: LineDimension, each: int = EVENT_SHAPE) -> None:
        self._line(Side.DEBIT, amount, dimensions, each)

    def credit(self, amount: int, *dimensions: LineDimension, each: int = EVENT_SHAPE) -> None:
        self._line(Side.CREDIT, amount, dimensions, each)

    def refuse(self, condition: int) -> None:
        self.refusals.append(Refusal(condition, "NO", Template(()), Span()))

    def build(self, *, guard: int | None = None, voucher_guard: int | None = None) -> CheckInput:
        voucher = VoucherPlan(0, "记", Template(()), voucher_guard, tuple(self.lines), Span())
        rule = Rule(
            "报销",
            0,
            NO_DATE,
            NO_DATE,
            tuple(self.nodes),
            guard,
            0,
            tuple(self.refusals),
            (),
            (voucher,),
            (0,),
            "制度",
            Span(),
        )
        program = Program(
            revision="",
            language_version=1,
            name="book",
            ledgers=(Ledger("账", "GL", "CNY", 2, negative=self.negative),),
            dimensions=(Dimension("部门", "department", True), Dimension("项目", "project")),
            accounts=(Account("甲", "1", "甲", True), Account("乙", "2", "乙", False, (1,))),
            event_types=(self.event,),
            tables=(),
            records=(),
            targets=(),
            balances=(),
            rules=(rule,),
        )
        return CheckInput(program, (), Usage())

    def _line(
        self, side: Side, amount: int, dimensions: tuple[LineDimension, ...], each: int
    ) -> None:
        account = self.node(Op.CONST, data=0, kind=Kind.ACCOUNT)
        span = Span("rule.tp", len(self.lines) + 1, 1, len(self.lines) + 1, 2)
        self.lines.append(Line(side, account, amount, dimensions, each, span))


def _kind(field: Field) -> Kind:
    return {
        FieldType.NUMBER: Kind.NUMBER,
        FieldType.FLAG: Kind.BOOL,
        FieldType.DATE: Kind.DATE,
    }.get(field.type, Kind.TEXT)
