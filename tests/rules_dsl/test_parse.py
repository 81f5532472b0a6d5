"""What the parser reads from each declaration and expression."""

from __future__ import annotations

import pytest

from engine.program import Expects, LatePolicy, NegativePolicy, Residue, RoundMode, Side
from rules_dsl.parse import parse_file, parse_rulebook
from rules_dsl.source import SourceFile
from rules_dsl.syntax import (
    AccountDecl,
    BalanceOf,
    Binary,
    Call,
    ChartDecl,
    Compare,
    Delta,
    EventDecl,
    ExpectStatus,
    ExpectVoucher,
    Expr,
    Given,
    GivenEvent,
    If,
    Index,
    InRange,
    InSet,
    LedgerDecl,
    Let,
    Name,
    Number,
    RateDecl,
    RuleDecl,
    Split,
    TableDecl,
    TestDecl,
    Text,
    TypeWord,
    Unary,
    VoucherDecl,
)
from tests.rules_dsl.syntax_trees import parsed, strip_spans


def expression(text: str) -> Expr:
    (rule,) = parsed(f"rule 甲\n  on 乙\n  let x = {text}\n")
    assert isinstance(rule, RuleDecl)
    (let,) = rule.statements
    assert isinstance(let, Let)
    return let.value


def shape(node: Expr) -> object:
    """An expression as nested tuples, so that a test shows how it binds."""
    match node:
        case Name():
            return node.text
        case Number():
            return node.digits
        case Binary() | Compare():
            return (node.op, shape(node.left), shape(node.right))
        case Unary():
            return (node.op, shape(node.operand))
        case If():
            return ("if", shape(node.condition), shape(node.then), shape(node.otherwise))
        case _:
            return strip_spans(node)


# --- What a declaration says ---------------------------------------------------------------


def test_ledger_without_options_has_the_usual_word_and_posts_red() -> None:
    (ledger,) = parsed("ledger 法定账 is GL currency CNY")
    assert isinstance(ledger, LedgerDecl)
    assert (ledger.wire, ledger.currency, ledger.word) == ("GL", "CNY", "记")
    assert ledger.negative is NegativePolicy.RED


def test_event_options_and_fields_are_read() -> None:
    (event,) = parsed(
        "event 报销 is expense.claim dated 业务日期 expects one late next_open must post\n"
        "  金额 is gross amount of USD per 小时 decimals 4 min -1.50 max 6%\n"
        '  备注 is "the-note" text optional default "无" personal\n'
    )
    assert isinstance(event, EventDecl)
    assert (event.wire, event.dated) == ("expense.claim", "业务日期")
    assert (event.expects, event.late) == (Expects.ONE, LatePolicy.NEXT_OPEN)
    assert event.must_post
    amount, note = event.fields
    assert (amount.wire, amount.type.word) == ("gross", TypeWord.AMOUNT)
    assert (amount.type.currency, amount.type.per_unit) == ("USD", "小时")
    assert amount.type.decimals == 4
    assert amount.type.low is not None
    assert (amount.type.low.digits, amount.type.low.decimals) == (-150, 2)
    assert amount.type.high is not None
    assert (amount.type.high.digits, amount.type.high.decimals) == (6, 2)
    assert (note.wire, note.optional, note.personal) == ("the-note", True, True)
    assert isinstance(note.default, Text)
    assert note.default.value == "无"


def test_list_and_map_types_keep_their_parts() -> None:
    (event,) = parsed(
        "event 甲\n  a list of 行\n  b list of amount decimals 2\n  c map of 部门 to percent\n"
    )
    assert isinstance(event, EventDecl)
    rows, values, mapping = (field.type for field in event.fields)
    assert (rows.word, rows.name, rows.item) == (TypeWord.LIST, "行", None)
    assert values.item is not None
    assert (values.item.word, values.item.decimals) == (TypeWord.AMOUNT, 2)
    assert mapping.key is not None
    assert mapping.item is not None
    assert (mapping.key.name, mapping.item.word) == ("部门", TypeWord.PERCENT)


def test_chart_lines_are_read() -> None:
    (chart,) = parsed('chart 准则\n  应交税费.进项税额 @2221.01 "进项" debit requires 客户, 部门\n')
    assert isinstance(chart, ChartDecl)
    (account,) = chart.accounts
    assert isinstance(account, AccountDecl)
    assert (account.role, account.code) == ("应交税费.进项税额", "2221.01")
    assert [name.text for name in account.requires] == ["客户", "部门"]
    assert account.debit_side


def test_table_header_tells_inputs_from_outputs() -> None:
    (table,) = parsed(
        "table 表\n  | 类别 | 部门.性质 | 额 amount | = account | = 税率 percent |\n"
        "  | {a, b} | * | 1..<5 | 应收 | 6% |\n  | else | * | * | 应付 | 0% |\n"
    )
    assert isinstance(table, TableDecl)
    assert [column.name for column in table.columns] == ["类别", "部门.性质", "额", "", "税率"]
    assert [column.is_output for column in table.columns] == [False] * 3 + [True] * 2
    assert [column.is_account for column in table.columns] == [False] * 3 + [True, False]
    first, last = table.rows
    assert [len(cell.items) for cell in first.cells] == [2, 0, 1]
    assert first.cells[2].items[0].exclusive
    assert (first.is_else, last.is_else) == (False, True)
    assert len(last.outputs) == 2


def test_rate_rows_without_until_are_open() -> None:
    text = "rate 率 percent\n  | from | value |\n  | 1970-01-02 | 6% |\n"
    (rate,) = parsed(text)
    assert isinstance(rate, RateDecl)
    ((first, until, value, _),) = rate.rows
    assert (first, until) == (1, None)
    assert isinstance(value, Number)


def test_lines_belong_to_the_voucher_above_them() -> None:
    (rule,) = parsed(
        'rule 甲\n  on 乙\n  voucher "一"\n    debit a x\n    credit b x\n  let y = 1\n'
        '  voucher "二" word 内 ledger 管理账 when y = 1\n    debit c[z] y by 部门 each 明细\n'
    )
    assert isinstance(rule, RuleDecl)
    first, let, second = rule.statements
    assert isinstance(first, VoucherDecl)
    assert isinstance(let, Let)
    assert isinstance(second, VoucherDecl)
    assert [line.side for line in first.lines] == [Side.DEBIT, Side.CREDIT]
    assert (second.word, second.ledger and second.ledger.text) == ("内", "管理账")
    assert isinstance(second.guard, Compare)
    (line,) = second.lines
    assert isinstance(line.account, Index)
    assert line.each is not None


def test_statements_keep_their_order_and_parts() -> None:
    (rule,) = parsed(
        "rule 甲\n  on 乙\n  split a by b as c residue to first\n  delta d of 进度 = e\n"
    )
    assert isinstance(rule, RuleDecl)
    split, delta = rule.statements
    assert isinstance(split, Split)
    assert isinstance(delta, Delta)
    assert (split.name, split.residue) == ("c", Residue.FIRST)
    assert (delta.name, delta.target.text, delta.keys) == ("d", "进度", ())


def test_template_parts_are_texts_and_expressions() -> None:
    (rule,) = parsed('rule 甲\n  on 乙\n  voucher "{a}报销 {b.c} \\"好\\""\n')
    assert isinstance(rule, RuleDecl)
    (voucher,) = rule.statements
    assert isinstance(voucher, VoucherDecl)
    parts = [part if isinstance(part, str) else shape(part) for part in voucher.summary.parts]
    assert parts == ["a", "报销 ", "b.c", ' "好"']


def test_test_steps_keep_their_order() -> None:
    (test,) = parsed(
        'test "t"\n  at 1970-01-02\n  given 报销 a = E01, b = [1, {c = 2}]\n'
        '  expect voucher with "s"\n    debit x 1\n  expect refused A\n'
    )
    assert isinstance(test, TestDecl)
    assert test.date == 1
    given, voucher, refused = test.steps
    assert isinstance(given, GivenEvent)
    assert [name.text for name, _ in given.values] == ["a", "b"]
    assert isinstance(voucher, ExpectVoucher)
    assert (voucher.partial, voucher.summary, len(voucher.lines)) == (True, "s", 1)
    assert isinstance(refused, ExpectStatus)
    assert (refused.status, refused.reason) == ("refused", "A")


# --- Expressions ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a + b * c", ("+", "a", ("*", "b", "c"))),
        ("a - b - c", ("-", ("-", "a", "b"), "c")),
        ("-a * b", ("*", ("-", "a"), "b")),
        ("(a + b) * c", ("*", ("+", "a", "b"), "c")),
        ("not a = b and c", ("and", ("not", ("=", "a", "b")), "c")),
        ("a or b and c", ("or", "a", ("and", "b", "c"))),
        ("a + 1 >= b", (">=", ("+", "a", 1), "b")),
        ("if a or b then c + 1 else if d then e else f",
         ("if", ("or", "a", "b"), ("+", "c", 1), ("if", "d", "e", "f"))),
    ],
)  # fmt: skip
def test_operators_bind_as_the_reference_says(text: str, tree: object) -> None:
    assert shape(expression(text)) == tree


@pytest.mark.parametrize(
    ("text", "digits", "decimals", "percent", "currency"),
    [
        ("1060.00", 106000, 2, False, ""),
        ("6%", 6, 2, True, ""),
        ("0.5%", 5, 3, True, ""),
        ("1060.00 CNY", 106000, 2, False, "CNY"),
        ("0", 0, 0, False, ""),
    ],
)
def test_numbers_are_exact(
    text: str, digits: int, decimals: int, percent: bool, currency: str
) -> None:
    number = expression(text)
    assert isinstance(number, Number)
    read = (number.digits, number.decimals, number.percent, number.currency)
    assert read == (digits, decimals, percent, currency)


def test_rounding_keeps_mode_and_decimals() -> None:
    call = expression("round_half_even(a / b, 2)")
    assert isinstance(call, Call)
    assert (call.function, call.mode, call.decimals) == ("round", RoundMode.HALF_EVEN, 2)
    assert len(call.args) == 1


def test_ranges_may_be_open_on_a_side() -> None:
    low, high, both = (expression(f"a in {text}") for text in ("1..", "..<5", "1..5"))
    assert isinstance(low, InRange)
    assert isinstance(high, InRange)
    assert isinstance(both, InRange)
    assert (low.high, high.low, high.exclusive, both.exclusive) == (None, None, True, False)


def test_balance_key_is_one_value_so_that_arithmetic_goes_on_behind_it() -> None:
    tree = expression("balance of 应收 for 客户 = 明细.客户 - 100")
    assert isinstance(tree, Binary)
    assert isinstance(tree.left, BalanceOf)
    assert len(tree.left.keys) == 1


def test_a_balance_compares_with_a_number_and_takes_any_other_value_as_its_key() -> None:
    compared = expression("balance of 应收 for 客户 = 0")
    assert isinstance(compared, Compare)
    assert isinstance(compared.left, BalanceOf)
    assert compared.left.keys[0].value is None
    both = expression("balance of 应收 for 部门, 客户 = 明细.客户 = 欠款")
    assert isinstance(both, Compare)
    assert isinstance(both.left, BalanceOf)
    assert [key.value is None for key in both.left.keys] == [True, False]


def test_in_behind_a_balance_names_its_ledger_but_a_range_stays_a_range() -> None:
    ledger = expression("balance of 应收 for 客户 in 管理账")
    assert isinstance(ledger, BalanceOf)
    assert ledger.ledger is not None
    bounds = expression("balance of 应收 for 客户 in a..b")
    assert isinstance(bounds, InRange)
    chosen = expression("(balance of 应收 for 客户) in {1, 2}")
    assert isinstance(chosen, InSet)


def test_index_may_name_an_output() -> None:
    index = expression("表[a, given b].税率")
    assert isinstance(index, Index)
    assert (index.name.text, index.field) == ("表", "税率")
    assert isinstance(index.args[1], Given)


# --- Contextual keywords -------------------------------------------------------------------

FIELD_NAMES = [
    "amount", "rate", "basis", "period", "lines", "credit", "debit", "date", "text", "list",
    "key", "value", "rule", "ledger", "by", "of", "on", "is", "optional", "balance", "sum",
    "min", "given", "true", "金额", "依据", "凭证", "借", "贷", "合计", "余额", "值", "键", "按",
]  # fmt: skip


@pytest.mark.parametrize("name", FIELD_NAMES)
def test_any_word_names_a_field(name: str) -> None:
    (event,) = parsed(f"event 甲\n  {name} amount\n  乙 is {name} text\n")
    assert isinstance(event, EventDecl)
    assert event.fields[0].name == name
    assert event.fields[1].wire == name


@pytest.mark.parametrize("name", [name for name in FIELD_NAMES if name not in {"given", "true"}])
def test_such_a_field_reads_in_expressions(name: str) -> None:
    tree = expression(f"{name} + 明细.{name} * ({name})")
    assert shape(tree) == ("+", name, ("*", f"明细.{name}", name))


@pytest.mark.parametrize("name", FIELD_NAMES)
def test_such_a_name_is_an_account_and_a_dimension(name: str) -> None:
    (rule,) = parsed(f'rule {name}\n  on {name}\n  voucher "x"\n    debit {name} x by {name}\n')
    assert isinstance(rule, RuleDecl)
    (voucher,) = rule.statements
    assert isinstance(voucher, VoucherDecl)
    (line,) = voucher.lines
    assert isinstance(line.account, Name)
    assert (line.account.text, line.dimensions[0].dimension.text) == (name, name)


# --- Isolation -----------------------------------------------------------------------------


def test_a_broken_declaration_costs_one_diagnostic_and_no_other_declaration() -> None:
    result = parse_file("a.tp", "unit 小时 is\nunit 件 is piece\nrule 甲\n  on 乙\n")
    assert len(result.diagnostics) == 1
    assert [type(each).__name__ for each in result.file.declarations] == ["UnitDecl", "RuleDecl"]
    assert result.broken == {"小时"}


def test_a_broken_rule_is_left_out_and_a_broken_event_keeps_its_other_fields() -> None:
    result = parse_file("a.tp", "rule 甲\n  on 乙\n  let x\nevent 乙\n  a amount of\n  b text\n")
    (event,) = result.file.declarations
    assert isinstance(event, EventDecl)
    assert [field.name for field in event.fields] == ["b"]
    assert result.broken == {"甲", "乙"}


def test_every_broken_line_of_a_rule_is_reported() -> None:
    result = parse_file("a.tp", "rule 甲\n  on 乙\n  let x\n  when\n  foo\n  let y = 1\n")
    assert [each.span.line for each in result.diagnostics] == [3, 4, 5]


def test_a_rule_book_keeps_the_order_of_its_files() -> None:
    sources = [SourceFile("b.tp", "unit 件\n"), SourceFile("a.tp", "unit 小时 is\n")]
    files, diagnostics = parse_rulebook(sources)
    assert [file.path for file in files] == ["b.tp", "a.tp"]
    assert [each.span.file for each in diagnostics] == ["a.tp"]


def test_an_empty_file_and_one_of_comments_have_no_declarations() -> None:
    assert parsed("") == ()
    assert parsed("\ufeff# 只有注释\n\n  # 还有\n") == ()
    assert parsed("unit 小时 # 注释\r\n") == parsed("unit 小时\n")
