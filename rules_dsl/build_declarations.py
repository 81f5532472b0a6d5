"""From the lines of one declaration to its node in the syntax tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.errors import InvariantBroken
from engine.program import Expects, LatePolicy, NegativePolicy, Span
from rules_dsl.body import Body, BuiltLine
from rules_dsl.build_budgets import BudgetLines, build_budget_key, build_horizon
from rules_dsl.build_ledger_lists import with_column_words
from rules_dsl.build_lines import (
    ExpectHead,
    RuleLine,
    RulePart,
    TestDay,
    VoucherHead,
    build_account,
    build_cells,
    build_columns,
    build_days,
    build_field,
    build_rule_line,
    build_test_line,
    build_wire,
)
from rules_dsl.build_parameters import build_parameter
from rules_dsl.build_rates import build_rate_cells, build_rate_type
from rules_dsl.build_tree import (
    Node,
    Place,
    build_count,
    build_in_ledger,
    build_name,
    build_names,
    build_text,
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
    AccountItem,
    AccountsDecl,
    BookDecl,
    BudgetDecl,
    ChartDecl,
    CodeDecl,
    CodeValue,
    Date,
    Declaration,
    DimensionDecl,
    EventDecl,
    ExpectVoucher,
    Expr,
    FieldDecl,
    InputCell,
    LedgerDecl,
    LineDecl,
    ListDecl,
    Name,
    RateDecl,
    RecordDecl,
    Review,
    RowDecl,
    RuleDecl,
    Statement,
    TableColumn,
    TableDecl,
    TargetDecl,
    TestDecl,
    TestStep,
    TransferDecl,
    UnitDecl,
    VoucherDecl,
)
from rules_dsl.tree import Token

NEGATIVES = {
    "RED": NegativePolicy.RED,
    "SWAP": NegativePolicy.SWAP,
    "REJECT": NegativePolicy.REJECT,
}


def build_declaration(body: Body) -> Declaration | None:
    """Builds a declaration; None where what is left of it would mislead later passes."""
    kind = str(body.header.data)
    builder = _BUILDERS.get(kind)
    if builder is None:
        raise InvariantBroken("no declaration is built from", kind)
    return builder(body)


# --- Declarations of one line ------------------------------------------------------------


def _build_book(body: Body) -> BookDecl:
    return BookDecl(body.name, body.span)


def _build_ledger(body: Body) -> LedgerDecl:
    names = [str(leaf) for leaf in tokens(body.header, "NAME")]
    policy = token(body.header, *NEGATIVES)
    chart = child(body.header, "own_chart")
    return LedgerDecl(
        name=body.name,
        wire=body.wire,
        currency=names[1],
        word=names[2] if len(names) > 2 else "记",
        negative=NegativePolicy.RED if policy is None else NEGATIVES[policy.type],
        span=body.span,
        chart="" if chart is None else str(must_token(chart, "NAME")),
    )


def _build_unit(body: Body) -> UnitDecl:
    number = token(body.header, "NUMBER")
    decimals = None if number is None else build_count(body.place, number)
    return UnitDecl(body.name, body.wire, decimals, body.span)


def _build_code(body: Body) -> CodeDecl:
    values = []
    for each in children(body.header, "code_value"):
        name = str(must_token(each, "NAME"))
        wire = build_wire(body.place, each, name)
        values.append(CodeValue(name, wire, span_of(body.place, each)))
    return CodeDecl(body.name, tuple(values), body.span)


def _build_dimension(body: Body) -> DimensionDecl:
    record = child(body.header, "path")
    return DimensionDecl(
        name=body.name,
        wire=body.wire,
        balancing=token(body.header, "BALANCING") is not None,
        record=None if record is None else build_name(body.place, record),
        span=body.span,
    )


def _build_target(body: Body) -> TargetDecl:
    names = tokens(body.header, "NAME")
    return TargetDecl(
        name=body.name,
        keys=build_names(body.place, must_child(body.header, "path_list")),
        ledger=build_in_ledger(body.place, body.header),
        continues=str(names[1]) if len(names) > 1 else "",
        span=body.span,
    )


def _build_budget(body: Body) -> BudgetDecl:
    names = tokens(body.header, "NAME")
    lines = BudgetLines()
    for line in body.lines:
        lines.take(line.place, line.tree)
    return BudgetDecl(
        name=body.name,
        wire=body.wire,
        keys=tuple(build_budget_key(body.place, e) for e in children(body.header, "budget_key")),
        horizon=build_horizon(must_child(body.header, "horizon")),
        dated=str(names[1]) if len(names) > 1 else "",
        counts=lines.counts,
        control=lines.control,
        tolerances=lines.sorted_tolerances(),
        warn_at=lines.warn_at,
        override_role=lines.override_role,
        posture=lines.posture,
        by_path=lines.by_path,
        span=body.span,
        name_span=body.name_span,
    )


def _build_accounts(body: Body) -> AccountsDecl:
    items = []
    for each in children(body.header, "account_item"):
        span = span_of(body.place, each)
        name = Name(tuple(str(part) for part in tokens(each, "NAME")), span)
        items.append(AccountItem(name, token(each, "STAR") is not None, span))
    return AccountsDecl(body.name, tuple(items), body.span)


# --- Declarations with fields or accounts ------------------------------------------------


def _build_fields(body: Body) -> tuple[FieldDecl, ...]:
    return tuple(build_field(line.place, line.tree) for line in body.lines)


def _build_list(body: Body) -> ListDecl:
    return ListDecl(body.name, _build_fields(body), body.span)


def _build_event(body: Body) -> EventDecl:
    names = tokens(body.header, "NAME")
    expects, late = child(body.header, "expects"), child(body.header, "late")
    return EventDecl(
        name=body.name,
        wire=body.wire,
        dated=str(names[1]) if len(names) > 1 else "",
        expects=Expects.ANY if expects is None else Expects(_last(expects).type.lower()),
        late=LatePolicy.REFUSE if late is None else LatePolicy(_last(late).type.lower()),
        must_post=token(body.header, "MUST_POST") is not None,
        fields=_build_fields(body),
        span=body.span,
        name_span=body.name_span,
    )


def _last(node: Node) -> Token:
    leaf = node.children[-1]
    if not isinstance(leaf, Token):
        raise InvariantBroken("the grammar promises a token last", node.data)
    return leaf


def _build_record(body: Body) -> RecordDecl:
    keys, sources = children(body.header, "path_list")
    return RecordDecl(
        name=body.name,
        keys=build_names(body.place, keys),
        sources=build_names(body.place, sources),
        fields=_build_fields(body),
        span=body.span,
        dated=token(body.header, "DATED_RECORD") is not None,
    )


def _build_chart(body: Body) -> ChartDecl:
    quoted = token(body.header, "STRING")
    accounts: list[AccountDecl] = []
    for line in body.lines:
        accounts.append(build_account(line.place, line.tree))
        if quoted is not None:
            line.place.report(accounts[-1].span, "a chart from a file has no lines of its own")
    csv = "" if quoted is None else build_text(body.place, quoted)
    return ChartDecl(body.name, csv, tuple(accounts), body.span)


# --- Tables and rates --------------------------------------------------------------------


def _build_table(body: Body) -> TableDecl | None:
    if not body.lines or body.lines[0].tree.data != "table_header":
        if not body.broken:
            body.place.report(body.name_span, f"the table {body.name} has no header row")
        return None
    head = body.lines[0]
    columns = build_columns(head.place, head.tree)
    count = sum(1 for column in columns if not column.is_output)
    outputs_last = all(column.is_output for column in columns[count:])
    if not outputs_last or not 0 < count < len(columns):
        head.place.report(
            span_of(head.place, head.tree),
            "a table has inputs first and then at least one output",
            help=f"an output is written with =, as in = {body.place.word('ACCOUNT')}",
        )
        return None
    rows = [_build_row(line, columns, count) for line in body.lines[1:]]
    if not rows and not body.broken:
        body.place.report(body.name_span, f"the table {body.name} has no rows")
    return TableDecl(
        name=body.name,
        first=token(body.header, "FIRST") is not None,
        columns=columns,
        rows=tuple(row for row in rows if row is not None),
        span=body.span,
    )


def _build_row(line: BuiltLine, columns: Sequence[TableColumn], count: int) -> RowDecl | None:
    cells = build_cells(line.place, line.tree)
    span = span_of(line.place, line.tree)
    if len(cells) != len(columns):
        line.place.report(span, f"this row has {len(cells)} cells, its header {len(columns)}")
        return None
    is_else = token(line.tree, "ELSE") is not None
    if is_else:
        for cell in cells[1:count]:
            if cell.items:
                line.place.report(cell.span, "the other inputs of an else row are *")
    outputs = [_output(line.place, cell) for cell in cells[count:]]
    written = tuple(output for output in outputs if output is not None)
    if len(written) != len(outputs):
        return None
    return RowDecl(cells[:count], written, is_else, span)


def _output(place: Place, cell: InputCell) -> Expr | None:
    if len(cell.items) == 1 and cell.items[0].value is not None:
        return cell.items[0].value
    place.report(cell.span, "an output is one value or one name")
    return None


def _build_rate(body: Body) -> RateDecl | None:
    written = build_rate_type(body.place, body.header)
    if not body.lines or body.lines[0].tree.data != "rate_header":
        if not body.broken:
            body.place.report(
                body.name_span,
                f"the rate {body.name} has no header row",
                help="write | {} | {} | {} |".format(
                    *(body.place.word(each) for each in ("FROM", "UNTIL", "VALUE"))
                ),
            )
        return None
    has_until = token(body.lines[0].tree, "UNTIL") is not None
    rows = [_build_rate_row(line, has_until=has_until) for line in body.lines[1:]]
    if not rows and not body.broken:
        body.place.report(body.name_span, f"the rate {body.name} has no rows")
    return RateDecl(body.name, written, tuple(row for row in rows if row is not None), body.span)


def _build_rate_row(
    line: BuiltLine, *, has_until: bool
) -> tuple[int, int | None, Expr, Span] | None:
    cells = build_rate_cells(line.place, line.tree)
    span = span_of(line.place, line.tree)
    count = 3 if has_until else 2
    if len(cells) != count:
        line.place.report(span, f"this row has {len(cells)} cells, its header {count}")
        return None
    first, first_span = cells[0]
    value, value_span = cells[-1]
    until, until_span = cells[1] if has_until else (None, span)
    if not isinstance(first, Date):
        line.place.report(first_span, "the first cell is the first day of the value")
    elif until is not None and not isinstance(until, Date):
        line.place.report(until_span, "the second cell is the last day of the value, or *")
    elif value is None:
        line.place.report(value_span, "the last cell is the value")
    else:
        return first.days, None if until is None else until.days, value, span
    return None


# --- Rules -------------------------------------------------------------------------------


def _build_rule(body: Body) -> RuleDecl | None:
    parts: dict[str, RulePart] = {}
    statements: list[RuleLine] = []
    for line in body.lines:
        built = build_rule_line(line.place, line.tree)
        if not isinstance(built, RulePart):
            statements.append(built)
        elif built.part in parts:
            line.place.report(built.span, f"{_first_word(line)} is written twice in this rule")
        elif statements:
            line.place.report(
                built.span, f"{_first_word(line)} stands before the statements of a rule"
            )
            parts[built.part] = built
        else:
            parts[built.part] = built
    vouchers = _join_vouchers(body, statements)
    on = parts.get("on")
    if on is None or on.name is None:
        if not body.broken:
            body.place.report(
                body.name_span,
                f"the rule {body.name} does not say on which event it works",
                help=f"write {body.place.word('ON')} and its name on a line below the header",
            )
        return None
    if body.broken:
        return None
    valid_from, valid_until = build_days(body.place, body.header)
    review = (Review(parts["review"].text, parts["review"].span),) if "review" in parts else ()
    return with_column_words(
        RuleDecl(
            name=body.name,
            name_span=body.name_span,
            valid_from=valid_from,
            valid_until=valid_until,
            event=on.name,
            basis=parts["basis"].text if "basis" in parts else "",
            guard=parts["when"].condition if "when" in parts else None,
            ledger=parts["ledger"].name if "ledger" in parts else None,
            statements=review + vouchers,
            span=body.span,
            explanation=parts["explain"].template if "explain" in parts else None,
        )
    )


def _first_word(line: BuiltLine) -> str:
    return line.place.lexemes[0].text


def _join_vouchers(body: Body, statements: Sequence[RuleLine]) -> tuple[Statement, ...]:
    """Puts the voucher lines under the voucher line above them."""
    joined: list[Statement] = []
    head: VoucherHead | None = None
    lines: list[LineDecl | TransferDecl] = []

    def close() -> None:
        if head is not None:
            joined.append(_build_voucher(head, lines))

    for each in statements:
        if isinstance(each, LineDecl | TransferDecl):
            if head is None:
                if not body.broken:
                    body.place.report(each.span, "no voucher stands above this line")
                continue
            lines.append(each)
            continue
        if not isinstance(each, RulePart):
            close()
            head, lines = (each, []) if isinstance(each, VoucherHead) else (None, [])
            if not isinstance(each, VoucherHead):
                joined.append(each)
    close()
    return tuple(joined)


def _build_voucher(head: VoucherHead, lines: Sequence[LineDecl | TransferDecl]) -> VoucherDecl:
    last = lines[-1].span if lines else head.span
    span = Span(head.span.file, head.span.line, head.span.column, last.end_line, last.end_column)
    return VoucherDecl(
        head.summary, head.word, head.ledger, head.guard, tuple(lines), span, head.merge
    )


# --- Tests -------------------------------------------------------------------------------


def _build_test(body: Body) -> TestDecl | None:
    day: TestDay | None = None
    steps: list[TestStep] = []
    head: ExpectHead | None = None
    lines: list[LineDecl] = []

    def close() -> None:
        if head is not None:
            steps.append(_build_expectation(head, lines))

    for line in body.lines:
        built = build_test_line(line.place, line.tree)
        if isinstance(built, LineDecl):
            if head is None and not body.broken:
                line.place.report(built.span, "no expect voucher stands above this line")
            lines.append(built)
            continue
        close()
        head, lines = None, []
        if isinstance(built, ExpectHead):
            head = built
        elif not isinstance(built, TestDay):
            steps.append(built)
        elif day is not None or steps:
            line.place.report(built.span, "the day of a test is written once, before its steps")
        else:
            day = built
    close()
    if body.broken:
        return None
    name = build_text(body.place, must_token(body.header, "STRING"))
    return TestDecl(name, None if day is None else day.day, tuple(steps), body.span)


def _build_expectation(head: ExpectHead, lines: Sequence[LineDecl]) -> ExpectVoucher:
    last = lines[-1].span if lines else head.span
    span = Span(head.span.file, head.span.line, head.span.column, last.end_line, last.end_column)
    return ExpectVoucher(head.partial, head.summary, tuple(lines), span, head.drafted)


_BUILDERS: dict[str, Callable[[Body], Declaration | None]] = {
    "book": _build_book,
    "ledger": _build_ledger,
    "unit": _build_unit,
    "code": _build_code,
    "dimension": _build_dimension,
    "list": _build_list,
    "event": _build_event,
    "chart": _build_chart,
    "accounts": _build_accounts,
    "table": _build_table,
    "rate": _build_rate,
    "record": _build_record,
    "target": _build_target,
    "budget": _build_budget,
    "parameter": build_parameter,
    "rule": _build_rule,
    "test": _build_test,
}
