"""A small program built by hand: fines with a target and a balance, no compiler involved."""

from __future__ import annotations

from engine.program import (
    NO_DATE,
    Account,
    Balance,
    Dimension,
    EventType,
    Expects,
    Field,
    FieldType,
    Kind,
    LatePolicy,
    Ledger,
    Line,
    LineDimension,
    Node,
    Op,
    Program,
    Refusal,
    Rule,
    Side,
    Span,
    Target,
    Template,
    VoucherPlan,
)

_MAX = 10**15


def _amount(name: str) -> Field:
    return Field(name, name, FieldType.NUMBER, scale=2, low=-_MAX, high=_MAX, currency="CNY")


_CASE = Field("case", "case", FieldType.TEXT)
_FIELD_CASE = Node(Op.FIELD, (), 0, Kind.TEXT)


def _number(op: Op, args: tuple[int, ...], data: object) -> Node:
    return Node(op, args, data, Kind.NUMBER, scale=2, low=-_MAX, high=_MAX)


def _account(index: int) -> Node:
    return Node(Op.CONST, (), index, Kind.ACCOUNT)


def _voucher(summary: str, debit: int, credit: int, amount: int) -> VoucherPlan:
    """Debit and credit the same amount, the receivable by case (node 0)."""
    by_case = (LineDimension(0, 0),)
    return VoucherPlan(
        0,
        "记",
        Template((summary, 0)),
        None,
        (
            Line(Side.DEBIT, debit, amount, by_case, -1, Span("fines.tp", 10, 5, 10, 9)),
            Line(Side.CREDIT, credit, amount, by_case, -1, Span("fines.tp", 11, 5, 11, 9)),
        ),
        Span("fines.tp", 9, 3, 9, 9),
    )


def _rule(
    name: str, event: int, nodes: tuple[Node, ...], voucher: VoucherPlan, **more: object
) -> Rule:
    values: dict[str, object] = {
        "valid_from": NO_DATE,
        "valid_until": NO_DATE,
        "guard": None,
        "guard_count": 0,
        "refusals": (),
        "deltas": (),
        "ledgers": (0,),
        "basis": "test",
        "span": Span("fines.tp", 1, 1, 1, 5),
    }
    values.update(more)
    values.update(name=name, event_type=event, nodes=nodes, vouchers=(voucher,))
    return Rule(**values)  # type: ignore[arg-type]


def fines_program() -> Program:
    """Create (target and receivable), penalty (delta), payment, collection (open rest)."""
    delta = (
        _FIELD_CASE,
        _number(Op.FIELD, (), 1),
        _number(Op.DELTA, (0, 1), 0),
        _account(0),
        _account(1),
    )
    payment = (
        _FIELD_CASE,
        _number(Op.FIELD, (), 1),
        _account(2),
        _account(0),
        Node(Op.CONST, (), 0, Kind.NUMBER, scale=2),
        Node(Op.LT, (1, 4), None, Kind.BOOL),
    )
    collection = (
        _FIELD_CASE,
        _number(Op.BALANCE, (0,), 0),
        _account(3),
        _account(0),
    )
    negative = Refusal(5, "NEGATIVE", Template(("negative payment in ", 0)), Span())
    return Program(
        revision="f" * 64,
        language_version=1,
        name="fines",
        ledgers=(Ledger("book", "GL", "CNY", 2),),
        dimensions=(Dimension("case", "case"),),
        accounts=(
            Account("receivable", "1122", "应收账款", True, (0,)),
            Account("revenue", "6001", "收入", False),
            Account("bank", "1002", "银行存款", True),
            Account("collection", "1221", "其他应收款", True),
        ),
        event_types=(
            EventType("create", "fine.created", (_CASE, _amount("amount")), expects=Expects.ONE),
            EventType("penalty", "penalty.added", (_CASE, _amount("amount"))),
            EventType("pay", "payment", (_CASE, _amount("amount")), late=LatePolicy.NEXT_OPEN),
            EventType("collect", "collection", (_CASE,)),
            EventType("appeal", "appeal", (_CASE,)),
        ),
        tables=(),
        records=(),
        targets=(Target("total", ("case",), 0, 2),),
        balances=(Balance(0, (0,), (0,)),),
        rules=(
            _rule("create", 0, delta, _voucher("fine ", 3, 4, 2), deltas=(2,)),
            _rule("penalty", 1, delta, _voucher("penalty ", 3, 4, 2), deltas=(2,)),
            _rule("pay", 2, payment, _voucher("paid ", 2, 3, 1), refusals=(negative,)),
            _rule("collect", 3, collection, _voucher("collected ", 2, 3, 1)),
        ),
    )
