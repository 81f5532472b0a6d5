"""`let NAME = balances of ACCOUNTS by KEY, …`: a list of records read from the ledger."""

from __future__ import annotations

from dataclasses import replace

from engine.limits import MAX_LIST_ELEMENTS
from engine.program import Balance, BalanceMeasure, Kind, LedgerList, Op
from rules_dsl import syntax
from rules_dsl.bounds import Range
from rules_dsl.lower.account_sets import accounts_of
from rules_dsl.lower.balances import balance_index, lower_keys, lower_period, read_ledger
from rules_dsl.lower.book import Book, LedgerListInfo
from rules_dsl.lower.dimensions import find_dimensions
from rules_dsl.lower.scope import Scope


def lower_let_balances(scope: Scope, statement: syntax.LetBalances) -> None:
    """Reads a list and gives it its name; what is wrong is reported."""
    info = _lower(scope, statement)
    if not _may_name(scope, statement) or info is None:
        scope.is_sound = False
        return
    scope.ledger_lists[statement.name] = info
    scope.let_spans[statement.name] = statement.name_span
    scope.graph.label(info.node, statement.name)


def _lower(scope: Scope, statement: syntax.LetBalances) -> LedgerListInfo | None:
    book, read = scope.book, statement.balance
    ledger = read_ledger(scope, read.ledger)
    accounts = accounts_of(read.account, book, scope.report, ledger)
    fixed = lower_keys(scope, read.keys)
    period = lower_period(scope, read.during or read.until)
    dimensions = _dimensions(scope, statement)
    if accounts is None or ledger is None or fixed is None or dimensions is None:
        return None
    values = [value for _, value in fixed] + ([period] if period else [])
    if not all(scope.one_value(value, "what a list is read for") for value in values):
        return None
    owners = _one_a_code(accounts, book)
    shape = Balance(
        ledger,
        accounts,
        tuple(index for index, _ in fixed),
        by_period=period is not None,
        by_account=True,
        keys=tuple(index for index in dimensions if index not in dict(fixed)),
    )
    debits = balance_index(book, replace(shape, measure=BalanceMeasure.DEBITS))
    credits_ = balance_index(book, replace(shape, measure=BalanceMeasure.CREDITS))
    place = len(book.ledger_lists)
    book.ledger_lists.append(LedgerList(debits, credits_, owners, read.until is not None))
    node = scope.graph.add(
        Op.LEDGER_LIST,
        tuple(value.node for value in values),
        place,
        kind=Kind.NUMBER,
        values=Range(0, MAX_LIST_ELEMENTS),
        span=statement.span,
    )
    names = tuple(book.dimensions[index].name for index in shape.keys)
    return LedgerListInfo(place, statement.name, node, ledger, owners, names, statement.name_span)


def _dimensions(scope: Scope, statement: syntax.LetBalances) -> list[int] | None:
    if statement.by_all:
        for name in scope.book.dimension_index:
            scope.book.use("dimension", name)
        return list(range(len(scope.book.dimensions)))
    args = tuple(syntax.DimensionArg(key, None, None, key.span) for key in statement.keys)
    found = [index for index, _ in find_dimensions(scope, args)]
    return found if len(found) == len(args) else None


def _one_a_code(accounts: tuple[int, ...], book: Book) -> tuple[int, ...]:
    first: dict[str, int] = {}
    for account in accounts:
        first.setdefault(book.accounts[account].code, account)
    return tuple(first.values())


def _may_name(scope: Scope, statement: syntax.LetBalances) -> bool:
    """Whether the name is free; reported where a field or another let has it."""
    name, span = statement.name, statement.name_span
    field = scope.event.fields.get(name)
    if field is not None:
        scope.report.error(
            "TP205",
            span,
            f"{name} is already a field of the event {scope.event.name}",
            label="shadows the field",
            help="give this list another name",
            related=((field.span, "the field"),),
        )
        return False
    if name in scope.lets or name in scope.ledger_lists:
        where = f" in the rule {scope.rule}"
        scope.report.duplicate("name", name, span, scope.let_spans[name], where=where)
        return False
    return True
