"""A VAT split invoice, both ways: the smallest rule of everyday use."""

from __future__ import annotations

from engine.evaluate.outcome import VoucherRow
from engine.program import EventType, Kind, Op, Program, Side, Template
from tests.engine.evaluate.building import RuleMaker, batch, linked, number, program, text
from tests.engine.evaluate.comparing import compare

INVOICE = EventType(
    "发票",
    "invoice",
    (
        text("客户"),
        text("单号"),
        number("含税金额", low=0, high=10**13),
        number("税率", scale=6, low=0, high=10**6),
    ),
)


def vat_program() -> Program:
    make = RuleMaker(INVOICE)
    gross, rate = make.field("含税金额"), make.field("税率")
    one = make.const(10**6, scale=6)
    numerator = make.number(Op.MUL, gross, rate)
    tax = make.round(numerator, make.number(Op.ADD, one, rate))
    net = make.number(Op.SUB, gross, tax)
    customer, document = make.field("客户"), make.field("单号")
    accounts = [make.const(n, Kind.ACCOUNT) for n in range(3)]
    rule = make.rule(
        make.voucher(
            make.line(Side.DEBIT, accounts[0], gross, (1, customer)),
            make.line(Side.CREDIT, accounts[1], net),
            make.line(Side.CREDIT, accounts[2], tax),
            summary=Template(("开票 ", document)),
        )
    )
    return program(INVOICE, rule)


def test_invoice_splits_into_net_and_tax() -> None:
    own = linked(vat_program())
    events = batch(
        own,
        [
            {"客户": "C1", "单号": "A-1", "含税金额": 106000, "税率": 60000},
            {"客户": "C2", "单号": "A-2", "含税金额": 106000, "税率": 0},
            {"客户": "C1", "单号": "A-3", "含税金额": 10**13, "税率": 130000},
        ],
    )
    rows = compare(own, events)
    customer = events.strings.code("C1")
    assert rows[0].vouchers == [
        VoucherRow(
            0,
            "开票 A-1",
            [
                (0, -1, 0, 106000, (customer,), None),
                (1, -1, 1, 100000, (), None),
                (2, -1, 2, 6000, (), None),
            ],
        )
    ]
    assert [line[0] for line in rows[1].vouchers[0].lines] == [0, 1]
    assert rows[2].vouchers[0].lines[2][3] == (10**13 * 13 * 2 + 113) // (2 * 113)
