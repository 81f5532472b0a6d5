"""From the parse tree of a body line to what the line says, before it joins its declaration."""

from __future__ import annotations

from dataclasses import dataclass

from engine.program import ForeignForm, Residue, Side, Span
from rules_dsl.build_budgets import build_budget_step, build_move
from rules_dsl.build_ledger_lists import build_let_balances
from rules_dsl.build_templates import build_template
from rules_dsl.build_tree import (
    Node,
    Place,
    build_args,
    build_balance_keys,
    build_count,
    build_day,
    build_dimension_arg,
    build_expr,
    build_in_ledger,
    build_name,
    build_names,
    build_number,
    build_reference,
    build_text,
    build_type,
    child,
    children,
    must_child,
    must_token,
    span_of,
    token,
    tokens,
)
from rules_dsl.syntax import (
    AccountDecl,
    BalanceOf,
    BudgetStatement,
    CellItem,
    Delta,
    DimensionArg,
    ExpectAvailable,
    ExpectMove,
    ExpectStatus,
    Expr,
    FieldDecl,
    ForeignClause,
    GivenBalance,
    GivenBudget,
    GivenEvent,
    GivenParameter,
    GivenRecord,
    GivenReviewed,
    GivenTarget,
    GivenValue,
    InputCell,
    Let,
    LetBalances,
    LineDecl,
    ListValue,
    Name,
    Number,
    RecordValue,
    Refuse,
    Remaining,
    Split,
    TableColumn,
    TemplateText,
    TransferDecl,
    TrueUp,
)
from rules_dsl.tree import Token

_REMAINING = frozenset({"remaining", "倒挤"})


# --- Parts of headers --------------------------------------------------------------------


def build_wire(place: Place, node: Node, name: str) -> str:
    """Gives the wire name behind `is`; a name without one is its own wire name."""
    found = child(node, "wire")
    if found is None:
        return name
    quoted = token(found, "STRING")
    if quoted is not None:
        return build_text(place, quoted)
    return ".".join(str(part) for part in tokens(must_child(found, "path"), "NAME"))


def build_days(place: Place, node: Node) -> tuple[int | None, int | None]:
    """Gives the days behind `from` and `until`."""
    days = [
        None if found is None else build_day(place, must_token(found, "DAY"))
        for found in (child(node, "from_day"), child(node, "until_day"))
    ]
    return days[0], days[1]


# --- Fields, accounts --------------------------------------------------------------------


def build_field(place: Place, node: Node) -> FieldDecl:
    """Builds a field of an event, a list or a record."""
    name = must_token(node, "NAME")
    values = children(node, "signed_number", "text", "flag", "day", "path")
    return FieldDecl(
        name=str(name),
        name_span=span_of(place, name),
        wire=build_wire(place, node, str(name)),
        type=build_type(place, must_child(node, "type", "list_type", "map_type")),
        optional=token(node, "OPTIONAL") is not None,
        default=build_expr(place, values[0]) if values else None,
        personal=token(node, "PERSONAL") is not None,
        span=span_of(place, node),
    )


def build_account(place: Place, node: Node) -> AccountDecl:
    """Builds a line of a chart."""
    quoted = token(node, "STRING")
    valid_from, valid_until = build_days(place, node)
    return AccountDecl(
        role=build_name(place, must_child(node, "path")).text,
        code=str(must_token(node, "ACCOUNT_CODE")).removeprefix("@"),
        name="" if quoted is None else build_text(place, quoted),
        debit_side=token(node, "DEBIT") is not None,
        requires=build_names(place, child(node, "path_list")),
        valid_from=valid_from,
        valid_until=valid_until,
        span=span_of(place, node),
        plug=token(node, "PLUG") is not None,
    )


# --- Tables ------------------------------------------------------------------------------


def build_columns(place: Place, node: Node) -> tuple[TableColumn, ...]:
    """Builds the header of a table."""
    columns = []
    for each in children(node):
        types = children(each, "type", "list_type", "map_type")
        written = build_type(place, types[0]) if types else None
        if each.data == "input_column":
            name = build_name(place, must_child(each, "path")).text
        else:
            name = str(token(each, "NAME") or "")
        columns.append(
            TableColumn(
                name=name,
                type=written,
                is_output=each.data != "input_column",
                is_account=each.data == "account_column",
                span=span_of(place, each),
            )
        )
    return tuple(columns)


def build_cells(place: Place, node: Node) -> tuple[InputCell, ...]:
    """Builds the cells of a row, an `else` as a cell that matches everything."""
    leaf = token(node, "ELSE")
    first = () if leaf is None else (InputCell((), span_of(place, leaf)),)
    cells = children(node, "any_cell", "set_cell", "one_cell")
    return (*first, *(_build_cell(place, each) for each in cells))


def _build_cell(place: Place, node: Node) -> InputCell:
    items = tuple(_build_item(place, each) for each in children(node))
    return InputCell(items, span_of(place, node))


def _build_item(place: Place, node: Node) -> CellItem:
    span = span_of(place, node)
    values = [build_expr(place, each) for each in children(node)]
    exclusive = token(node, "DOTDOT_LT") is not None
    match node.data:
        case "cell_range":
            return CellItem(None, values[0], values[1], exclusive, span)
        case "cell_from":
            return CellItem(None, values[0], None, False, span)
        case "cell_until":
            return CellItem(None, None, values[0], exclusive, span)
        case _:
            return CellItem(values[0], None, None, False, span)


# --- Lines of a rule ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RulePart:
    """`on`, `basis`, `explain`, `ledger`, `when` or `review` of a rule.

    `part` is its English keyword.
    """

    part: str
    span: Span
    name: Name | None = None
    text: str = ""
    condition: Expr | None = None
    template: TemplateText | None = None


@dataclass(frozen=True, slots=True)
class VoucherHead:
    """A `voucher` line, still without the lines below it."""

    summary: TemplateText
    word: str
    ledger: Name | None
    guard: Expr | None
    merge: bool
    span: Span


Naming = Let | LetBalances | Split | Delta | TrueUp
RuleLine = RulePart | VoucherHead | Naming | Refuse | BudgetStatement | LineDecl | TransferDecl


def build_rule_line(place: Place, node: Node) -> RuleLine:
    """Builds one body line of a rule."""
    if node.data == "rule_line":
        return build_line(place, children(node)[0])
    span = span_of(place, node)
    parts = children(node)
    match node.data:
        case "on":
            return RulePart("on", span, name=build_name(place, parts[0]))
        case "in_ledger_line":
            return RulePart("ledger", span, name=build_name(place, parts[0]))
        case "basis":
            return RulePart("basis", span, text=build_text(place, must_token(node, "STRING")))
        case "explain":
            template = build_template(place, must_token(node, "STRING"))
            return RulePart("explain", span, template=template)
        case "when":
            return RulePart("when", span, condition=build_expr(place, parts[0]))
        case "review":
            role = token(node, "STRING")
            return RulePart("review", span, text="" if role is None else build_text(place, role))
        case "voucher":
            return _build_voucher_head(place, node, span)
        case "refuse":
            name = token(node, "NAME")
            message = build_template(place, must_token(node, "STRING"))
            return Refuse(str(name or ""), message, build_expr(place, parts[0]), span)
        case "move" | "release":
            return build_move(place, node)
        case "transfer":
            return _build_transfer(place, node, span)
        case _:
            return _build_naming(place, node, span)


def _build_naming(place: Place, node: Node, span: Span) -> Naming:
    """Builds the statements that give a name to a value."""
    leaf = must_token(node, "NAME")
    name, name_span = str(leaf), span_of(place, leaf)
    parts = children(node)
    if node.data == "let_balances":
        return build_let_balances(place, node, span)
    if node.data == "let":
        return Let(name, build_expr(place, parts[0]), span, name_span)
    if node.data == "split":
        written = child(node, "residue")
        residue = Residue.LARGEST_REMAINDER
        if written is not None:
            residue = Residue(_first_token(written).type.lower())
        total, weights = build_expr(place, parts[0]), build_expr(place, parts[1])
        return Split(total, weights, name, residue, span, name_span)
    target = build_name(place, must_child(node, "path"))
    if node.data == "true_up":
        dimensions, ledger = build_balance_keys(place, node), build_in_ledger(place, node)
        balance = BalanceOf(target, dimensions, ledger, target.span)
        return TrueUp(name, balance, build_expr(place, parts[-1]), span, name_span)
    keys = build_args(place, child(node, "args"))
    return Delta(name, target, keys, build_expr(place, parts[-1]), span, name_span)


def _first_token(node: Node) -> Token:
    return next(each for each in node.children if isinstance(each, Token))


def _build_voucher_head(place: Place, node: Node, span: Span) -> VoucherHead:
    summary = build_template(place, must_token(node, "STRING"))
    parts = children(node)
    ledger = build_name(place, parts.pop(0)) if token(node, "LEDGER") is not None else None
    guard = build_expr(place, parts[0]) if parts else None
    word, merge = str(token(node, "NAME") or ""), token(node, "MERGE") is not None
    return VoucherHead(summary, word, ledger, guard, merge, span)


def build_line(place: Place, node: Node) -> LineDecl:
    """Builds a voucher line of a rule or a test."""
    parts = children(node)
    each = build_name(place, parts.pop()) if token(node, "EACH") is not None else None
    account, amount = build_reference(place, parts[0]), _build_amount(place, parts[1])
    has_foreign = len(parts) > 2 and parts[2].data == "foreign"
    foreign = _build_foreign(place, parts.pop(2)) if has_foreign else None
    return LineDecl(
        side=Side.DEBIT if token(node, "DEBIT") is not None else Side.CREDIT,
        account=account,
        amount=amount,
        dimensions=tuple(build_dimension_arg(place, part) for part in parts[2:]),
        each=each,
        span=span_of(place, node),
        by_sign=token(node, "SIDE_BY_SIGN") is not None,
        foreign=foreign,
        by_all=token(node, "ALL_KEYS") is not None,
    )


def _build_foreign(place: Place, node: Node) -> ForeignClause:
    amount, *rate = (build_expr(place, part) for part in children(node))
    span, number = span_of(place, node), token(node, "NUMBER")
    if token(node, "BOOK_RATE") is not None:
        decimals = None if number is None else build_count(place, number)
        return ForeignClause(ForeignForm.BOOK, amount, None, span, decimals)
    is_nothing = isinstance(amount, Number) and not amount.digits and not amount.currency
    form = ForeignForm.REVALUED if is_nothing else ForeignForm.CONVERTED
    if token(node, "AS_STATED") is not None:
        form = ForeignForm.STATED
    return ForeignClause(form, amount, rate[0], span)


def _build_amount(place: Place, node: Node) -> Expr | Remaining:
    if node.data == "remaining":
        return Remaining(build_number(place, must_child(node, "number")), span_of(place, node))
    amount = build_expr(place, node)
    if isinstance(amount, Name) and amount.text in _REMAINING:
        up_to = place.word("UP_TO")
        place.report(
            amount.span,
            f"{amount.text} does not say how much it may take",
            help=f"write its bound, as in {amount.text} {up_to} 0.05",
        )
    return amount


def _build_transfer(place: Place, node: Node, span: Span) -> TransferDecl:
    parts = children(node)
    each = build_name(place, parts.pop()) if token(node, "EACH") is not None else None
    amount = build_expr(place, parts.pop(0))
    of = build_name(place, parts.pop(0)) if token(node, "OF") is not None else None
    source, destination = (build_expr(place, parts.pop(0)) for _ in range(2))
    account = build_reference(place, parts.pop(0))
    dimensions = tuple(build_dimension_arg(place, part) for part in parts)
    return TransferDecl(amount, of, source, destination, account, dimensions, each, span)


# --- Lines of a test ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TestDay:
    """The `at` line of a test."""

    __test__ = False

    day: int
    span: Span


@dataclass(frozen=True, slots=True)
class ExpectHead:
    """An `expect voucher` or `expect drafted` line, still without the lines below it."""

    partial: bool
    summary: str | None
    span: Span
    drafted: bool


TestLine = (
    TestDay
    | ExpectHead
    | GivenBalance
    | GivenBudget
    | GivenParameter
    | GivenRecord
    | GivenTarget
    | GivenEvent
    | GivenReviewed
    | ExpectStatus
    | ExpectMove
    | ExpectAvailable
    | LineDecl
)

_STATUSES = {
    "expect_no_posting": "no_posting",
    "expect_refused": "refused",
    "expect_unposted": "unposted",
    "expect_invalid": "invalid",
    "expect_rejected": "rejected",
    "expect_held": "held",
    "expect_warned": "warned",
}


def build_test_line(place: Place, node: Node) -> TestLine:
    """Builds one body line of a test."""
    if node.data == "test_line":
        line = build_line(place, children(node)[0])
        if line.by_sign:
            place.report(line.span, "an expected line says the side it stands on")
        if isinstance(line.amount, Remaining):
            place.report(line.amount.span, "an expected line says its amount")
        return line
    span = span_of(place, node)
    if node.data in _STATUSES:
        return ExpectStatus(_STATUSES[str(node.data)], str(token(node, "NAME") or ""), span)
    match node.data:
        case "at":
            return TestDay(build_day(place, must_token(node, "DAY")), span)
        case "expect_voucher" | "expect_drafted":
            quoted = token(node, "STRING")
            summary = None if quoted is None else build_text(place, quoted)
            drafted = node.data == "expect_drafted"
            return ExpectHead(token(node, "WITH") is not None, summary, span, drafted)
        case "given_reviewed":
            return GivenReviewed(span)
        case "given_balance":
            path, *rest = children(node)
            keys = tuple(_build_test_key(place, each) for each in rest[:-1])
            return GivenBalance(build_name(place, path), keys, build_expr(place, rest[-1]), span)
        case "given_record":
            return _build_given_record(place, node, span)
        case "given_target":
            path, *literals = children(node)
            *before, amount = [build_expr(place, each) for each in literals]
            return GivenTarget(build_name(place, path), tuple(before), amount, span)
        case "given_parameter":
            leaf = must_token(node, "NAME")
            name = Name((str(leaf),), span_of(place, leaf))
            return GivenParameter(name, build_expr(place, children(node)[0]), span)
        case "given_budget" | "expect_move" | "expect_available":
            return build_budget_step(place, node, span)
        case _:
            values = _build_assigns(place, child(node, "assigns"))
            return GivenEvent(build_name(place, must_child(node, "path")), values, span)


def _build_test_key(place: Place, node: Node) -> DimensionArg:
    dimension, value = children(node)
    return DimensionArg(
        build_name(place, dimension), build_expr(place, value), None, span_of(place, node)
    )


def _build_given_record(place: Place, node: Node, span: Span) -> GivenRecord:
    record, *rest = children(node)
    keys = tuple(build_expr(place, each) for each in rest if each.data != "assigns")
    values: list[tuple[Name, Expr]] = []
    for name, value in _build_assigns(place, child(node, "assigns")):
        if isinstance(value, ListValue | RecordValue):
            place.report(value.span, f"{name.text} of a record is one value, not a list")
        else:
            values.append((name, value))
    written = token(node, "DAY")
    day = None if written is None else build_day(place, written)
    return GivenRecord(build_name(place, record), keys, tuple(values), span, day)


def _build_assigns(place: Place, node: Node | None) -> tuple[tuple[Name, GivenValue], ...]:
    if node is None:
        return ()
    return tuple(_build_assign(place, each) for each in children(node, "assign"))


def _build_assign(place: Place, node: Node) -> tuple[Name, GivenValue]:
    name, value = children(node)
    return build_name(place, name), _build_given_value(place, value)


def _build_given_value(place: Place, node: Node) -> GivenValue:
    span = span_of(place, node)
    if node.data == "given_list":
        items = tuple(_build_given_value(place, each) for each in children(node))
        return ListValue(items, span)
    if node.data == "given_fields":
        return RecordValue(_build_assigns(place, node), span)
    return build_expr(place, node)
