"""Lists read from the ledger: their elements, order, columns; closing and allocating with them."""

from __future__ import annotations

import pytest

from engine.book import Book
from engine.calls import Call
from engine.effects import READS
from engine.explain import explain_voucher
from rules_dsl.revision import revision_of
from rules_dsl.testing import run_tests
from tests.rules_dsl.books import compile_text, errors_of, program_of
from tests.rules_dsl.syntax_trees import parsed, strip_spans

HEAD = """\
rulebook 测试
ledger 总账 is GL currency CNY
dimension 项目 is project
dimension 部门 is department{balancing}
chart 企业会计准则
  银行存款        @1002   debit
  本年利润        @4103   credit
  主营业务收入    @6001   credit
  主营业务成本    @6401   debit
  管理费用        @6602   debit
  管理费用.差旅费 @660210 debit requires 部门
  财务费用        @6603   debit
accounts 损益类 = 财务费用, 主营业务收入, 主营业务成本, 管理费用.*
event 结转 is pnl.closed dated 日期
  期间 is period period
event 分摊 is allocated dated 日期
  部门 部门
  额 is amount amount max 1000000
"""
CLOSING = """\
rule 结转损益
  on 结转
  basis "3103"
  let 余额表 = balances of 损益类 by all until 期间
  voucher "结转收入类 {count(余额表)}"
    debit  余额表.account 余额表.credit      by all each 余额表
    credit 本年利润       sum(余额表.credit)
  voucher "结转费用类"
    debit  本年利润       sum(余额表.debit)
    credit 余额表.account 余额表.debit       by all each 余额表
"""
CLOSING_CHINESE = """\
规则 结转损益
  针对 结转
  依据 "3103"
  设 余额表 = 各余额 的 损益类 按 全部 截至 期间
  凭证 "结转收入类 {计数(余额表)}"
    借 余额表.科目 余额表.贷方 按 全部 逐项 余额表
    贷 本年利润 合计(余额表.贷方)
  凭证 "结转费用类"
    借 本年利润 合计(余额表.借方)
    贷 余额表.科目 余额表.借方 按 全部 逐项 余额表
"""
OPENING = """
  at 2026-12-31
  given balance of 主营业务收入 for 项目 = P1 = 1000000.00
  given balance of 财务费用 for 项目 = "" = -2000.00
  given balance of 主营业务成本 for 项目 = P1 = 600000.00
  given balance of 管理费用.差旅费 for 部门 = D1 = 120000.00
"""


def outcome(text: str, *, balancing: str = "") -> str:
    result = compile_text(text, head=HEAD.format(balancing=balancing))
    assert errors_of(result) == [], [each.message for each in result.diagnostics]
    assert result.program is not None
    (found,) = run_tests(result.program, result.files)
    return found.message


def messages(text: str, *, balancing: str = "") -> list[str]:
    result = compile_text(text, head=HEAD.format(balancing=balancing))
    return [
        f"{each.code} {each.message}"
        for each in result.diagnostics
        if each.severity.value == "error"
    ]


def test_profit_and_loss_is_closed_with_the_dimensions_of_its_balances() -> None:
    # A credit balance of an expense goes with the income: net = -2000 in debit.
    steps = f"""test "试"{OPENING}
  given 结转 期间 = "2026-12"
  expect voucher "结转收入类 4"
    debit  主营业务收入 1000000.00 by 项目 = P1
    debit  财务费用     2000.00
    credit 本年利润     1002000.00
  expect voucher "结转费用类"
    debit  本年利润        720000.00
    credit 主营业务成本    600000.00 by 项目 = P1
    credit 管理费用.差旅费 120000.00 by 部门 = D1
"""
    assert outcome(CLOSING + steps) == ""


def test_a_balancing_dimension_is_closed_value_by_value() -> None:
    assert any(found.startswith("TP302") for found in messages(CLOSING, balancing=" balancing"))
    each = CLOSING.replace(
        "credit 本年利润       sum(余额表.credit)",
        "credit 本年利润 余额表.credit by 部门 = 余额表.部门 each 余额表",
    ).replace(
        "debit  本年利润       sum(余额表.debit)",
        "debit 本年利润 余额表.debit by 部门 = 余额表.部门 each 余额表",
    )
    assert messages(each, balancing=" balancing") == []


def test_a_total_is_spread_over_the_elements_in_the_order_of_their_keys() -> None:
    rule = """\
rule 分摊费用
  on 分摊
  basis "制度"
  let 表 = balances of 主营业务成本 by 项目 for 部门
  split 额 by 表.amount as 份额
  voucher "分摊 {sum(表.debits)}"
    debit  管理费用 份额 by 项目 each 表
    credit 银行存款 额
"""
    # 100.01 over 200 : 100 : 100 -> 50.005, 25.0025 twice: the fen left over goes to the first.
    steps = """test "试"
  at 2026-12-31
  given balance of 主营业务成本 for 项目 = P2, 部门 = D1 = 100.00
  given balance of 主营业务成本 for 项目 = P10, 部门 = D1 = 200.00
  given balance of 主营业务成本 for 项目 = P3, 部门 = D1 = 100.00
  given balance of 主营业务成本 for 项目 = P4, 部门 = D2 = 900.00
  given 分摊 部门 = D1, 额 = 100.01
  expect voucher "分摊 400.00"
    debit  管理费用 50.01 by 项目 = P10
    debit  管理费用 25.00 by 项目 = P2
    debit  管理费用 25.00 by 项目 = P3
    credit 银行存款 100.01
"""
    assert outcome(rule + steps) == ""


def test_the_chinese_spelling_is_the_same_revision() -> None:
    assert strip_spans(parsed(CLOSING)) == strip_spans(parsed(CLOSING_CHINESE))
    revisions = set()
    for text in (CLOSING, CLOSING_CHINESE):
        result = compile_text(text, head=HEAD.format(balancing=""))
        assert errors_of(result) == []
        revisions.add(revision_of(result.files, {}))
    assert len(revisions) == 1


POSTING = """\
event 付款 is paid dated 日期
  部门 部门
  项目 项目 optional
  额 is amount amount max 1000000
rule 记付款
  on 付款
  basis "制度"
  voucher "付款"
    debit  管理费用.差旅费 额 by 部门, 项目 if given 项目
    credit 银行存款        额
"""


@pytest.mark.parametrize("evaluator", ["closures", "columns"])
def test_a_list_sees_earlier_events_of_its_batch_and_explains_itself(evaluator: str) -> None:
    program = program_of(CLOSING + POSTING, head=HEAD.format(balancing=""))
    book = Book.in_memory([program], evaluator=evaluator)  # type: ignore[arg-type]  # by name
    paid = {"type": "paid", "date": "2026-01-05"}
    closed = {"type": "pnl.closed", "date": "2026-01-31", "period": "2026-01"}
    events = [
        {**paid, "id": "1", "部门": "D2", "amount": "10"},
        {**paid, "id": "2", "部门": "D1", "项目": "P", "amount": "5"},
        {**closed, "id": "3"},
        {**paid, "id": "4", "部门": "D1", "项目": "P", "amount": "7"},
        {**paid, "id": "5", "date": "2026-02-01", "部门": "D1", "amount": "100"},
        {**closed, "id": "6"},
        {**closed, "id": "7"},
    ]
    results = book.post([Call(events=events)])[0].results
    lines = [
        [(line.account_code, line.debit, line.credit, line.dimensions) for line in view.lines]
        for result in results
        if result.event_id in {"3", "6"}
        for view in map(book.voucher, result.vouchers)
    ]
    department, project = "department", "project"
    # The whole key is (project, department); without a project comes first.
    assert lines == [
        [
            ("4103", 1500, 0, ()),
            ("660210", 0, 1000, ((department, "D2"),)),
            ("660210", 0, 500, ((department, "D1"), (project, "P"))),
        ],
        [("4103", 700, 0, ()), ("660210", 0, 700, ((department, "D1"), (project, "P")))],
    ]
    assert [result.status.name for result in results][-1] == "NO_POSTING"
    _, effects = book.commit(1)
    assert '[["660210",["","D2"],1000,0],["660210",["P","D1"],500,0]]' in effects.text(
        READS.name, "text"
    )
    for result in results[2:3] + results[5:6]:
        for name in result.vouchers:
            assert explain_voucher(book, name).recomputed


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("余额表.credit      by", "余额表.credt by", "TP201 unknown name 余额表.credt in the list"),
        ("by all until", "by 项木 until", "TP201 unknown dimension 项木"),
        ("by all until", "by 项目, all until", "TP101 all stands alone"),
        ("sum(余额表.credit)", "余额表.credit", "TP215 the amount has one value for each"),
        (
            "sum(余额表.credit)",
            "余额表.debit by all",
            "TP211 all dimensions are those of an element",
        ),
        ("let 余额表 =", "let 期间 =", "TP205 期间 is already a field"),
        ("sum(余额表.credit)", "sum(余额表.debit)", "TP301 this voucher does not balance"),
    ],
)
def test_slips_are_told(old: str, new: str, expected: str) -> None:
    found = messages(CLOSING.replace(old, new, 1))
    assert any(each.startswith(expected) for each in found), found
