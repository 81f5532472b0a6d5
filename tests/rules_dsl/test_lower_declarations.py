"""Declarations to the tables of a program: fields, tables, rates, records, targets, balances."""

from __future__ import annotations

from datetime import date

import pytest

from engine.program import (
    Balance,
    Cell,
    Dimension,
    Expects,
    Fault,
    Field,
    FieldType,
    Interval,
    Kind,
    LatePolicy,
    Ledger,
    NegativePolicy,
    Op,
    Program,
    RecordField,
    RecordSource,
    Target,
)
from tests.rules_dsl.books import compile_text, errors_of, only, program_of


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal() - date(1970, 1, 1).toordinal()


def number(name: str, scale: int, low: int, high: int, currency: str = "") -> Field:
    return Field(name, name, FieldType.NUMBER, scale, low, high, currency)


def fields_of(text: str) -> tuple[Field, ...]:
    """The fields of the event whose lines are given, its date left out."""
    lines = "".join(f"  {line}\n" for line in text.split("\n"))
    units = "unit 小时 decimals 2\nunit 件\n"
    program = program_of(f"{units}code 类别 = 差旅 is travel | 招待 is fun\nevent 单据\n{lines}")
    return program.event_types[0].fields[:-1]


# --- Ledgers, events, fields -------------------------------------------------------------


def test_ledgers_and_dimensions_keep_their_order() -> None:
    program = program_of(
        "dimension 项目 is project\ndimension 部门 balancing\n",
        head="ledger 总账 is GL currency JPY word 转 negative swap\nledger 内账 currency CNY\n",
    )
    assert program.ledgers == (
        Ledger("总账", "GL", "JPY", 0, "转", NegativePolicy.SWAP),
        Ledger("内账", "内账", "CNY", 2, "记", NegativePolicy.RED),
    )
    assert program.dimensions == (
        Dimension("项目", "project"),
        Dimension("部门", "部门", balancing=True),
    )


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("amount", ("amount", 2, 10**15, "CNY")),
        ("amount of USD", ("amount", 2, 10**15, "USD")),
        ("amount of JPY", ("amount", 0, 10**15, "JPY")),
        ("amount decimals 0", ("amount", 0, 10**15, "CNY")),
        ("amount per 小时", ("amount", 6, 10**12, "CNY")),
        ("amount of USD per 小时 decimals 3", ("amount", 3, 10**12, "USD")),
        ("percent", ("percent", 6, 10**12, "")),
        ("decimal", ("decimal", 6, 10**12, "")),
        ("decimal decimals 8", ("decimal", 8, 10**12, "")),
        ("integer", ("integer", 0, 10**12, "")),
        ("quantity of 小时", ("quantity", 2, 10**12, "")),
        ("quantity of 件", ("quantity", 4, 10**12, "")),
    ],
)
def test_numbers_have_the_decimals_and_bounds_of_the_reference(
    written: str, expected: tuple[str, int, int, str]
) -> None:
    (field,) = fields_of(f"值 {written}")
    _, scale, limit, currency = expected
    assert field == number("值", scale, -limit, limit, currency)


def test_written_bounds_and_defaults_are_raw_values() -> None:
    rate, amount, flag, code = fields_of(
        "税率 percent min 0 max 100% optional default 6%\n金额 amount min -5.5\n"
        "加急 flag optional default true personal\n类别 is kind 类别 optional default 招待"
    )
    assert (rate.low, rate.high, rate.default, rate.optional) == (0, 10**6, 60_000, True)
    assert (amount.low, amount.high, amount.default) == (-550, 10**15, None)
    assert (flag.default, flag.personal) == (True, True)
    assert (code.wire, code.codes, code.default) == ("kind", ("travel", "fun"), "fun")


def test_lists_take_three_forms() -> None:
    program = program_of(
        "dimension 项目\nlist 行\n  甲 is a text\n  乙 amount\n"
        "event 单据\n  一 list of 行\n  二 list of amount\n  三 map of 项目 to amount optional\n"
    )
    event = program.event_types[0]
    forms = {
        event.fields[index].name: (each.form, [field.name for field in each.fields])
        for index, each in event.lists.items()
    }
    assert forms == {
        "一": ("records", ["甲", "乙"]),
        "二": ("values", ["value"]),
        "三": ("map", ["key", "value"]),
    }
    assert event.lists[0].fields[0].wire == "a"
    assert [field.type for field in event.fields] == [*[FieldType.LIST] * 3, FieldType.DATE]


def test_business_date_and_envelope_keys_are_read_from_the_envelope() -> None:
    program = program_of(
        "event 单据 is doc dated 业务日期 expects none late next_open must post\n"
        "  来源 is source text\n  记账日 is posting_date date optional\n"
        "event 别的\n  号 text\n"
    )
    first, second = program.event_types
    assert [(field.name, field.wire, field.envelope) for field in first.fields] == [
        ("来源", "source", True),
        ("记账日", "posting_date", True),
        ("业务日期", "date", True),
    ]
    assert (first.expects, first.late, first.must_post) == (
        Expects.NONE,
        LatePolicy.NEXT_OPEN,
        True,
    )
    assert second.fields[1] == Field("", "date", FieldType.DATE, envelope=True)


# --- Tables and rates --------------------------------------------------------------------

TABLE = """\
code 类别 = 差旅 is travel | 招待 is fun
dimension 部门
table 去向 first
  | 类别 | 加急 flag | 金额 amount | 日 date | 部门 | = 去处 account | = 率 percent |
  | {差旅, 招待} | true | 100..<200.5 | 2026-01-01.. | {"A", "B"} | 应收 | 6% |
  | 差旅 | {true, false} | {5, 7.25, ..1} | ..<2026-01-01 | * | 收入 | 0 |
  | else | * | * | * | * | 收入 | 0.065 |
"""


def test_cells_of_a_table_are_wire_values_and_raw_intervals() -> None:
    (table,) = program_of(TABLE).tables
    first, second, last = table.rows
    assert first.cells == (
        Cell(texts=("travel", "fun")),
        Cell(flag=True),
        Cell(intervals=(Interval(10_000, 20_049),)),
        Cell(intervals=(Interval(day("2026-01-01"), None),)),
        Cell(texts=("A", "B")),
    )
    assert second.cells == (
        Cell(texts=("travel",)),
        Cell(),
        Cell(intervals=(Interval(500, 500), Interval(725, 725), Interval(None, 100))),
        Cell(intervals=(Interval(None, day("2025-12-31")),)),
        Cell(),
    )
    assert last.is_else
    assert all(cell.matches_all for cell in last.cells)
    assert [row.outputs for row in table.rows] == [(0, 60_000), (1, 0), (1, 65_000)]


def test_header_of_a_table_says_kinds_scales_and_domains() -> None:
    (table,) = program_of(TABLE).tables
    assert table.key_kinds == (Kind.TEXT, Kind.BOOL, Kind.NUMBER, Kind.DATE, Kind.TEXT)
    assert table.key_scales == (0, 0, 2, 0, 0)
    assert table.key_domains == (("travel", "fun"), (), (), (), ())
    assert table.output_names == ("去处", "率")
    assert (table.output_kinds, table.output_scales) == ((Kind.ACCOUNT, Kind.NUMBER), (0, 6))
    assert (table.unique, table.fault) == (False, Fault.NO_ROW)


def test_rate_without_ends_holds_until_the_next_value() -> None:
    (table,) = program_of(
        "rate 税率 percent\n  | from | value |\n  | 2020-01-01 | 6% |\n"
        "  | 2018-05-01 | 16% |\n  | 2019-04-01 | 13% |\n"
    ).tables
    spans = [row.cells[0].intervals[0] for row in table.rows]
    assert spans == [
        Interval(day("2020-01-01"), None),
        Interval(day("2018-05-01"), day("2019-03-31")),
        Interval(day("2019-04-01"), day("2019-12-31")),
    ]
    assert (table.key_kinds, table.fault, table.unique) == ((Kind.DATE,), Fault.NO_RATE, True)


def posted(text: str, amount: str) -> Program:
    """A program with a rule on 单据 that posts an expression."""
    return program_of(
        f'{text}rule 单据\n  on 单据\n  basis "制度"\n  let 值 = {amount}\n'
        '  voucher "单据"\n    debit 应收 值\n    credit 收入 值\n'
    )


def test_rate_is_read_at_the_business_date_or_at_another() -> None:
    program = posted(
        "rate 税率 percent\n  | from | value |\n  | 2018-05-01 | 16% |\n  | 2019-04-01 | 13% |\n"
        "event 单据\n  金额 amount\n  开工 date\n",
        "round(金额 * 税率) + round(金额 * 税率[开工])",
    )
    (rule,) = program.rules
    dates = [rule.nodes[node.args[0]].data for node in rule.nodes if node.op is Op.TABLE_ROW]
    assert dates == [2, 1]
    cell = next(node for node in rule.nodes if node.op is Op.TABLE_CELL)
    assert (cell.low, cell.high, cell.scale) == (130_000, 160_000, 6)


def test_key_of_fewer_decimals_is_brought_to_the_column() -> None:
    text = (
        "table 档 first\n  | 量 decimal decimals 3 | = 价 amount |\n  | 1.5.. | 10 |\n"
        "  | else | 5.5 |\nevent 单据\n  数 integer\n  比 decimal\n"
    )
    program = posted(text, "档[数]")
    assert only(program.rules[0], Op.SHIFT).data == 3
    rule = 'rule 二\n  on 单据\n  basis "制度"\n  let 值 = 档[比]\n'
    assert errors_of(compile_text(text + rule)) == ["TP211"]


# --- Records -----------------------------------------------------------------------------

RECORD = """\
dimension 合同 of 合同档案
event 合同签订
  合同 合同
  价款 amount min 0
  税率 percent min 0 max 1
event 合同变更
  合同 合同
  价款 amount optional
record 合同档案 key 合同 from 合同签订, 合同变更
  价款 amount
  税率 percent optional default 200%
event 单据
  合同 合同
  号 text
  金额 amount
"""


def test_record_takes_fields_of_its_sources_by_name() -> None:
    (record,) = program_of(RECORD).records
    assert record.keys == ("合同",)
    assert record.fields == (
        RecordField("价款", FieldType.NUMBER, 2, "CNY"),
        RecordField("税率", FieldType.NUMBER, 6, "", 2_000_000),
    )
    assert record.sources == (
        RecordSource(0, (0,), ((0, 1), (1, 2))),
        RecordSource(1, (0,), ((0, 1),)),
    )


def test_record_is_bounded_by_its_sources_and_its_default() -> None:
    program = posted(RECORD, "合同档案[号].价款 + round(金额 * 合同.税率)")
    price, rate = (node for node in program.rules[0].nodes if node.op is Op.RECORD)
    assert (price.low, price.high) == (-(10**15), 10**15)
    assert (rate.low, rate.high) == (0, 2_000_000)
    assert (price.data, rate.data) == ((0, 0), (0, 1))


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("价款 amount of USD", "TP212"),
        ("价款 percent", "TP213"),
        ("价款 amount decimals 1", "TP211"),
        ("价款 text", "TP211"),
        ("价款 amount min 0", "TP211"),
        ("价款 amount max 9000000000000", "TP211"),
        ("明细 text", "TP211"),
        ("名称 text", "TP201"),
    ],
)
def test_record_field_that_no_source_can_fill_is_told(field: str, code: str) -> None:
    result = compile_text(
        "event 变更\n  号 text\n  价款 amount\n  明细 list of text\n"
        f"record 档案 key 号 from 变更\n  {field}\n"
    )
    assert errors_of(result) == [code]


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("日", ["TP211"]),
        ("金额", ["TP211"]),
        ("行", ["TP201"]),
        ("号", []),
        ("年", []),
    ],
)
def test_record_key_is_a_text_or_always_there(key: str, told: list[str]) -> None:
    result = compile_text(
        "event 变更\n  号 text optional\n  日 date optional\n  金额 amount\n  年 integer\n"
        f"  行 list of text\nrecord 档案 key {key} from 变更\n  金额 amount\n"
    )
    assert errors_of(result) == told


# --- Targets and balances ----------------------------------------------------------------


def test_delta_takes_the_fields_of_its_keys_and_the_new_value() -> None:
    text = (
        "target 进度 by 合同, 年 in 总账 continues 旧进度\n"
        "event 单据\n  合同 text\n  年 integer\n  金额 amount\n"
        'rule 单据\n  on 单据\n  basis "制度"\n  delta 本期 of 进度 = 金额\n'
        '  voucher "单据"\n    debit 应收 本期\n    credit 收入 本期\n'
    )
    program = program_of(text)
    assert program.targets == (Target("进度", ("合同", "年"), 0, 2, "旧进度"),)
    (rule,) = program.rules
    node = only(rule, Op.DELTA)
    assert [rule.nodes[arg].data for arg in node.args] == [0, 1, 2]
    assert (node.data, node.active, node.label) == (0, None, "本期")
    assert [rule.nodes[index] for index in rule.deltas] == [node]
    other = text.replace("进度 =", "进度[合同, 合同] =").replace("rule 单据", "rule 二")
    again = other[other.index("rule 二") :]
    assert errors_of(compile_text(text + again)) == ["TP211"]


def test_two_deltas_of_a_target_in_a_rule_are_told() -> None:
    result = compile_text(
        "target 进度 by 合同\nevent 单据\n  合同 text\n  金额 amount\n"
        'rule 单据\n  on 单据\n  basis "制度"\n  delta 甲 of 进度 = 金额\n'
        '  delta 乙 of 进度["A"] = 金额\n'
    )
    assert errors_of(result) == ["TP203"]


def test_balances_are_kept_once_whatever_the_order_of_their_dimensions() -> None:
    program = posted(
        "dimension 客户\ndimension 项目\nchart 又\n  应收别名 @1122 debit\n"
        "event 单据\n  客户 客户\n  项目 项目\n",
        "balance of 应收 for 客户, 项目 + balance of 应收别名 for 项目 = 项目, 客户 = 客户",
    )
    assert program.balances == (Balance(0, (0, 3), (0, 1)),)
    node = only(program.rules[0], Op.BALANCE)
    assert (node.scale, node.low, node.high) == (2, -(10**17), 10**17)


def test_rule_counts_for_the_ledgers_it_posts_in() -> None:
    head = "ledger 总账 currency CNY\nledger 内账 currency CNY word 内\nchart 科目\n  甲 @1 debit\n"
    text = (
        "event 单据\n  金额 amount\n"
        'rule 一\n  on 单据\n  basis "制度"\n'
        '  voucher "单据" ledger 内账\n    debit 甲 金额\n    credit 甲 金额\n'
        'rule 二\n  on 单据\n  ledger 内账\n  basis "制度"\n  refuse "没有" when 金额 < 0\n'
        'rule 三\n  on 单据\n  basis "制度"\n'
        '  voucher "单据"\n    debit 甲 金额\n    credit 甲 金额\n'
        '  voucher "单据" ledger 内账\n    debit 甲 金额\n    credit 甲 金额\n'
    )
    first, second, third = program_of(text, head=head).rules
    assert (first.ledgers, second.ledgers, third.ledgers) == ((1,), (1,), (0, 1))
    assert first.vouchers[0].word == "内"


def test_a_record_may_bound_its_values_as_its_event_does() -> None:
    text = """
event 变更 is changed dated 日
  号 is no  text
  本 is est amount min 0.01
record 估计 key 号 from 变更
  本 amount min {}
rule 用
  on 变更
  basis "制度"
  let 率 = round(本 / 估计[号].本, 4)
  refuse TOO_HIGH "太高" when 率 > 1
"""
    assert errors_of(compile_text(text.format("0.01"))) == []
    assert errors_of(compile_text(text.format("0.02"))) == ["TP211"]
