"""The reference evaluator against vouchers worked by hand from the reference page and the cases."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from rules_dsl.parse import parse_file
from tests.reference.evaluator import ReferenceEvaluator
from tests.reference.state import Outcome

PRELUDE = """\
rulebook probe
ledger 法定账 is GL currency CNY word 记
dimension 部门 is department
dimension 项目 is project
dimension 员工 is employee
dimension 客户 is customer of 客户档案
code 费用类别 = 差旅 is travel | 招待 is entertainment | 其他 is other
chart 表
  应收账款          @1122     "应收账款"     debit requires 客户
  其他应付款.员工   @224101   "员工报销款"   credit
  管理费用.差旅     @660210   "差旅费"       debit
  管理费用.其他     @660299   "其他"         debit
  应交税费.进项税额 @22210101 "进项税额"     debit
  应交税费.销项税额 @22210107 "销项税额"     credit
  主营业务收入      @6001     "主营业务收入" credit
  合同履约成本.间接 @146405   "间接费用"     debit requires 项目
  制造费用          @5101     "制造费用"     debit
record 客户档案 key 客户号 from 客户建档
  等级 text
  折扣 percent optional default 0
event 客户建档 is customer.created
  客户号 is customer text
  等级 is grade text optional
  折扣 is discount percent optional
"""

Shape = list[tuple[str, str, int, str]]


def book(rules: str, **options: object) -> ReferenceEvaluator:
    result = parse_file("rules/probe.tp", PRELUDE + rules)
    assert not [found for found in result.diagnostics if found.severity == "error"], (
        result.diagnostics
    )
    return ReferenceEvaluator([result.file], **options)  # type: ignore[arg-type]


def event(kind: str, number: str, **fields: object) -> dict[str, object]:
    return {"id": number, "type": kind, "date": "2026-03-05", **fields}


def lines(outcome: Outcome) -> Shape:
    return [
        (
            line.side.name,
            line.account,
            line.amount,
            ",".join(f"{name}={value}" for name, value in line.dimensions),
        )
        for voucher in outcome.vouchers
        for line in voucher.lines
    ]


INVOICE = """
event 开票 is invoice.issued dated 开票日 expects one
  客户 is customer 客户
  含税 is gross amount
  税率 is rate percent min 0 max 1
rule 开票 from 2026-01-01 until 2026-12-31
  on 开票
  let 不含税 = round(含税 / (1 + 税率))
  voucher "开票 {客户} {含税} {开票日}"
    debit  应收账款 含税 by 客户
    credit 主营业务收入 不含税
    credit 应交税费.销项税额 含税 - 不含税 by 项目 = text(税率)
"""


def test_tax_is_the_difference_to_the_rounded_net() -> None:
    # T001: 10000/1.06 = 9433.9622… -> 9433.96, tax 566.04.
    ran = book(INVOICE)
    invoice = event("invoice.issued", "e1", customer="C01", gross="10000.00", rate="0.06")
    outcome = ran.post(invoice)
    assert outcome.status == "POSTED"
    assert outcome.vouchers[0].summary == "开票 C01 10000.00 2026-03-05"
    assert (outcome.vouchers[0].word, outcome.vouchers[0].period) == ("记", "2026-03")
    assert lines(outcome) == [
        ("DEBIT", "1122", 1_000_000, "customer=C01"),
        ("CREDIT", "6001", 943_396, ""),
        ("CREDIT", "22210107", 56_604, "project=0.06"),
    ]


def test_zero_line_is_dropped_and_red_amounts_stay_on_their_side() -> None:
    ran = book(INVOICE)
    red = ran.post(event("invoice.issued", "e1", customer="C01", gross="-0.01", rate="0"))
    assert lines(red) == [("DEBIT", "1122", -1, "customer=C01"), ("CREDIT", "6001", -1, "")]
    nothing = ran.post(event("invoice.issued", "e2", customer="C01", gross="0", rate="0.06"))
    assert (nothing.status, nothing.reason) == ("NO_POSTING", "ALL_ZERO")
    following = ran.post(event("invoice.issued", "e3", customer="C01", gross="1", rate="0"))
    assert following.vouchers[0].number == 2


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        ({"customer": ""}, "UNPOSTED", "MISSING_DIMENSION"),
        ({"gross": "1.001"}, "INVALID", ""),
        ({"gross": 1}, "INVALID", ""),
        ({"gross": "10000000000000.00"}, "POSTED", ""),
        ({"gross": "10000000000000.01"}, "INVALID", ""),
        ({"rate": "1.01"}, "INVALID", ""),
        ({"rate": None}, "INVALID", ""),
        ({"more": "x"}, "INVALID", ""),
        ({"type": "nothing.known"}, "UNPOSTED", "UNKNOWN_TYPE"),
        ({"date": "2025-12-31"}, "UNPOSTED", "NO_RULE"),
        ({"date": "2026-12-31"}, "POSTED", ""),
        ({"date": "2026-02-30"}, "INVALID", ""),
        ({"posting_date": "2026-04-01"}, "POSTED", ""),
    ],
)
def test_what_is_wrong_decides_the_status(
    change: Mapping[str, object], status: str, reason: str
) -> None:
    fields = {"customer": "C01", "gross": "1.00", "rate": "0.06"}
    outcome = book(INVOICE).post({**event("invoice.issued", "e1", **fields), **change})
    assert (outcome.status, outcome.reason) == (status, reason)


def test_identity_is_taken_for_ever_by_what_is_accepted() -> None:
    ran = book(INVOICE)
    first = event("invoice.issued", "e1", customer="C01", gross="1.00", rate="0.06")
    assert ran.post(first).status == "POSTED"
    again = ran.post(dict(reversed(first.items())) | {"group_id": "G", "posting_date": None})
    assert (again.status, again.first_status) == ("DUPLICATE", "POSTED")
    assert ran.post({**first, "gross": "2.00"}).status == "CONFLICT"
    assert ran.post({**first, "source": "CRM"}).status == "POSTED"


def test_closed_period_refuses_or_moves_to_the_next_open_one() -> None:
    ran = book(
        INVOICE
        + """
event 付款 is paid late next_open
  金额 is amount amount
rule 付款
  on 付款
  voucher "付款"
    debit  其他应付款.员工 金额
    credit 制造费用 金额
"""
    )
    for period in ("2026-03", "2026-04"):
        assert ran.post(event("period.closed", period, period=period)).status == "NO_POSTING"
    late = ran.post(event("invoice.issued", "e1", customer="C", gross="1", rate="0"))
    assert (late.status, late.reason) == ("UNPOSTED", "PERIOD_CLOSED")
    moved = ran.post(event("paid", "e2", amount="1"))
    assert moved.vouchers[0].period == "2026-05"
    assert moved.vouchers[0].voucher_date.isoformat() == "2026-05-01"
    assert moved.vouchers[0].event_date.isoformat() == "2026-03-05"
    asked = ran.post(event("paid", "e3", amount="1", posting_date="2026-04-30"))
    assert (asked.status, asked.reason) == ("UNPOSTED", "PERIOD_CLOSED")


CLAIM = """
table 费用科目 unique
  | 费用类别     | 有项目 flag | = account         |
  | 差旅         | 是          | 合同履约成本.间接 |
  | {招待, 其他} | *           | 管理费用.其他     |
  | else         | *           | 管理费用.差旅     |
list 报销行
  类别     is category     费用类别
  含税金额 is gross        amount
  税额     is invoice_tax  amount optional default 0
  可抵扣   is deductible   flag optional default false
event 报销审批 is claim dated 业务日期 expects one
  员工 is employee      员工
  项目 is project       项目 optional
  明细 is claim_lines   list of 报销行
rule 费用报销
  on 报销审批
  when not (员工 = "E000")
  let 行税额 = if 明细.可抵扣 then 明细.税额 else 0
  let 行净额 = 明细.含税金额 - 行税额
  refuse CLAIM_EMPTY "没有金额 {count(明细)}" when sum(明细.含税金额) = 0
  voucher "报销 {员工}"
    debit  费用科目[明细.类别, given 项目] 行净额 by 项目 if given 项目 each 明细
    debit  应交税费.进项税额 sum(行税额)
    credit 其他应付款.员工 sum(明细.含税金额) by 员工
"""


def claim_line(
    category: str, gross: str, tax: str | None = None, *, deductible: bool = True
) -> dict[str, object]:
    return {"category": category, "gross": gross, "invoice_tax": tax, "deductible": deductible}


def test_each_makes_a_line_per_element_and_sum_adds_them_up() -> None:
    ran = book(CLAIM)
    elements = [
        claim_line("travel", "106.00", "6.00"),
        claim_line("entertainment", "50.00", "3.00", deductible=False),
        claim_line("travel", "10.00"),
    ]
    outcome = ran.post(event("claim", "e1", employee="E1", project="P1", claim_lines=elements))
    assert lines(outcome) == [
        ("DEBIT", "146405", 10_000, "project=P1"),
        ("DEBIT", "660299", 5_000, "project=P1"),
        ("DEBIT", "146405", 1_000, "project=P1"),
        ("DEBIT", "22210101", 600, ""),
        ("CREDIT", "224101", 16_600, "employee=E1"),
    ]
    without = ran.post(event("claim", "e2", employee="E1", claim_lines=elements[:1]))
    assert lines(without)[0] == ("DEBIT", "660210", 10_000, "")


def test_refusal_takes_neither_identity_nor_number() -> None:
    ran = book(CLAIM)
    empty = event("claim", "e1", employee="E1", claim_lines=[])
    refused = ran.post(empty)
    assert (refused.status, refused.reason) == ("REJECTED_RULE", "CLAIM_EMPTY")
    assert refused.message == "没有金额 0"
    nobody = ran.post(event("claim", "e2", employee="E000", claim_lines=[]))
    assert (nobody.status, nobody.reason) == ("UNPOSTED", "NO_RULE")
    full = ran.post({**empty, "claim_lines": [claim_line("other", "1.00")]})
    assert (full.status, full.vouchers[0].number) == ("POSTED", 1)


def test_delta_telescopes_over_the_events_of_an_entity_and_key() -> None:
    ran = book(
        """
target 进度 by 合同号 in 法定账
event 验收 is accepted
  合同号 is contract text
  合同额 is price amount
  完工 is progress percent
rule 收入
  on 验收
  delta 本期 of 进度 = round(合同额 * 完工)
  voucher "收入"
    debit  制造费用 本期
    credit 主营业务收入 本期
""",
        entities=("E1", "E2"),
    )
    steps = [
        ("K1", "0.333333", "E1"),
        ("K2", "0.5", "E1"),
        ("K1", "0.666667", "E1"),
        ("K1", "0.1", "E2"),
        ("K1", "0.5", "E1"),
        ("K1", "1", "E1"),
    ]
    made = []
    for at, (contract, progress, entity) in enumerate(steps):
        accepted = event("accepted", str(at), contract=contract, price="100.01", progress=progress)
        made.append(lines(ran.post(accepted | {"entity": entity}))[0][2])
    # 33.3366… -> 33.34; 50.005 -> 50.01; 66.6734 -> 66.67; 10.001 -> 10.00; 50.01; 100.01.
    assert made == [3334, 5001, 3333, 1000, -1666, 5000]
    assert sum(made[i] for i in (0, 2, 4, 5)) == 10_001


def test_balance_sees_earlier_events_on_the_normal_side() -> None:
    ran = book(
        """
event 预收 is advance
  客户 is customer 客户
  金额 is amount amount
rule 预收
  on 预收
  let 已有 = balance of 应收账款 for 客户
  let 冲减 = min(max(已有, 0), 金额)
  voucher "预收"
    credit 应收账款 冲减 by 客户
    debit  制造费用 金额
    credit 主营业务收入 金额 - 冲减
rule 应收
  on 开单
  voucher "应收"
    debit  应收账款 金额 by 客户, 项目 = "P1"
    credit 主营业务收入 金额
event 开单 is billed
  客户 is customer 客户
  金额 is amount amount
"""
    )
    ran.post(event("billed", "1", customer="C1", amount="100"))
    ran.post(event("billed", "2", customer="C2", amount="7"))
    first = ran.post(event("advance", "3", customer="C1", amount="60"))
    assert [line[2] for line in lines(first)] == [6_000, 6_000]
    second = ran.post(event("advance", "4", customer="C1", amount="60"))
    assert [line[2] for line in lines(second)] == [4_000, 6_000, 2_000]


def test_records_hold_what_accepted_events_carried() -> None:
    ran = book(
        """
event 询价 is asked
  客户 is customer 客户
  金额 is amount amount
rule 询价
  on 询价
  let 折后 = round(金额 * (1 - 客户档案[客户].折扣))
  voucher "{客户.等级}"
    debit  制造费用 折后
    credit 主营业务收入 折后
"""
    )
    asked = ran.post(event("asked", "1", customer="C1", amount="10"))
    assert (asked.status, asked.reason) == ("UNPOSTED", "MISSING_RECORD")
    assert ran.post(event("customer.created", "2", customer="C1")).status == "NO_POSTING"
    default = ran.post(event("asked", "3", customer="C1", amount="10"))
    assert (default.status, default.reason) == ("UNPOSTED", "MISSING_RECORD")
    ran.post(event("customer.created", "4", customer="C1", grade="A"))
    posted = ran.post(event("asked", "5", customer="C1", amount="10"))
    assert (posted.vouchers[0].summary, lines(posted)[0][2]) == ("A", 1_000)
    ran.post(event("customer.created", "6", customer="C1", discount="0.1"))
    posted = ran.post(event("asked", "7", customer="C1", amount="10"))
    assert (posted.vouchers[0].summary, lines(posted)[0][2]) == ("A", 900)


def test_first_error_or_refusal_in_the_order_of_writing_decides() -> None:
    ran = book(
        """
rate 税率 percent
  | from       | until      | value |
  | 2026-01-01 | 2026-06-30 | 6%    |
  | 2026-07-01 | *          | 3%    |
event 测 is probe dated 日
  甲 is a amount
  乙 is b amount
rule 测
  on 测
  let 税 = if 甲 > 100 then round(甲 * 税率[2020-01-01]) else round(甲 * 税率)
  refuse "乙" when 乙 > 0
  voucher "v"
    debit  制造费用 甲 + 税
    credit 主营业务收入 甲 + 税
""",
    )
    both = ran.post(event("probe", "1", a="101", b="1"))
    assert (both.status, both.reason) == ("UNPOSTED", "RATE_NOT_EFFECTIVE")
    refused = ran.post(event("probe", "2", a="100", b="1"))
    assert (refused.status, refused.reason) == ("REJECTED_RULE", "REFUSED")
    first = ran.post(event("probe", "3", a="100", b="0") | {"date": "2026-06-30"})
    assert lines(first)[0][2] == 10_600
    last = ran.post(event("probe", "4", a="100", b="0") | {"date": "2026-07-01"})
    assert lines(last)[0][2] == 10_300
