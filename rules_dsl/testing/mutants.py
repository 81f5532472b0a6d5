"""Mutants: slips that leave a rule book looking right, for its tests to notice.

Each operator is fixed: the same rule book always gives the same mutants in the same order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from engine.program import Side, Span
from rules_dsl import syntax
from rules_dsl.reporting import Reporter
from rules_dsl.source import SourceFile
from rules_dsl.testing.edits import Change, Texts, nodes_of

_Changes = Iterator[Change | None]

#: What stands for all values in a cell.
_ANY: Final = "*"

#: A comparison and the one that differs from it where both sides are equal.
_BOUNDARIES = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}


def mutants_of(sources: Sequence[SourceFile], files: Sequence[syntax.File]) -> list[Change]:
    """Gives every mutant of the rules, tables and rates of a rule book, in order of places.

    Args:
        sources: the rule files.
        files: their syntax trees.
    """
    book = _Book(sources, files)
    found = [change for operator in OPERATORS.values() for change in operator(book)]
    return sorted(
        (change for change in found if change is not None),
        key=lambda change: (change.span.file, change.span.line),
    )


class _Book:
    """What the operators look at."""

    def __init__(self, sources: Sequence[SourceFile], files: Sequence[syntax.File]) -> None:
        self.texts = Texts(sources)
        self.word = Reporter({source.path: source.text for source in sources}).word
        declarations = [each for file in files for each in file.declarations]
        self.rules = [each for each in declarations if isinstance(each, syntax.RuleDecl)]
        self.tables = [each for each in declarations if isinstance(each, syntax.TableDecl)]
        self.rates = [each for each in declarations if isinstance(each, syntax.RateDecl)]
        self.codes = {
            each.name: [value.name for value in each.values]
            for each in declarations
            if isinstance(each, syntax.CodeDecl)
        }
        self.dimensions = [
            each.name for each in declarations if isinstance(each, syntax.DimensionDecl)
        ]
        self.vouchers = [
            statement
            for rule in self.rules
            for statement in rule.statements
            if isinstance(statement, syntax.VoucherDecl)
        ]


def _swap_amounts(book: _Book) -> _Changes:
    """Exchanges the amounts of neighbouring lines."""
    for voucher in book.vouchers:
        for first, second in pairwise(voucher.lines):
            yield book.texts.exchange("swap amounts", first.amount.span, second.amount.span)


def _swap_accounts(book: _Book) -> _Changes:
    """Exchanges the accounts of each debit line and the first credit line, and the reverse."""
    for voucher in book.vouchers:
        lines = [line for line in voucher.lines if isinstance(line, syntax.LineDecl)]
        debits = [line for line in lines if line.side is Side.DEBIT]
        others = [line for line in lines if line.side is Side.CREDIT]
        pairs = [(debit, others[0]) for debit in debits if others]
        pairs += [(debits[0], other) for other in others[1:] if debits]
        for debit, credit in pairs:
            yield book.texts.exchange("swap accounts", debit.account.span, credit.account.span)


def _drop_line(book: _Book) -> _Changes:
    """Leaves a voucher line out."""
    for voucher in book.vouchers:
        for line in voucher.lines:
            yield book.texts.drop_lines("drop line", line.span)


def _rename_dimension(book: _Book) -> _Changes:
    """Carries a value under another dimension: one of the voucher's other lines, or the next."""
    for voucher in book.vouchers:
        others = [part.dimension.text for line in voucher.lines for part in line.dimensions]
        for line in voucher.lines:
            own = {part.dimension.text for part in line.dimensions}
            for part in line.dimensions:
                place = book.dimensions.index(part.dimension.text) + 1
                wanted = [*others, *book.dimensions[place:], *book.dimensions]
                other = next((name for name in wanted if name not in own), None)
                if other is not None:
                    yield book.texts.replace("rename dimension", part.dimension.span, other)


def _step_number(book: _Book) -> _Changes:
    """Adds one to, or takes one from, the last place of a number in a rule, table or rate."""
    trees: list[object] = [*book.rules, *(table.rows for table in book.tables)]
    trees += [row[2] for rate in book.rates for row in rate.rows]
    for tree in trees:
        for number in nodes_of(tree, syntax.Number):
            for step in (1, -1):
                text = _stepped(book.texts.at(number.span), step)
                if text is not None:
                    yield book.texts.replace("step number", number.span, text)


def _stepped(text: str, step: int) -> str | None:
    """A written number one up or down in its last place; None where it would be negative."""
    match = re.match(r"([0-9]+)(?:\.([0-9]+))?", text)
    if match is None:
        return None
    fraction = match[2] or ""
    digits = int(match[1] + fraction) + step
    if digits < 0:
        return None
    padded = f"{digits:0{len(fraction) + 1}d}"
    whole = f"{padded[: len(padded) - len(fraction)]}.{fraction and padded[-len(fraction) :]}"
    return whole.rstrip(".") + text[match.end() :]


def _widen_cell(book: _Book) -> _Changes:
    """Lets a row match more: every value, a value that `else` had, one step further, a day more."""
    for table in book.tables:
        inputs = [column for column in table.columns if not column.is_output]
        for row in table.rows:
            if row.is_else:
                continue
            for column, cell in zip(inputs, row.cells, strict=False):
                if cell.items:
                    yield book.texts.replace("widen cell", cell.span, _ANY)
                    yield from _add_value(book, table, column, cell)
                    yield from _widen_range(book, cell)
    for rate in book.rates:
        for _, until, _, span in rate.rows:
            if until is not None:
                yield _later(book, span, until)


def _add_value(
    book: _Book, table: syntax.TableDecl, column: syntax.TableColumn, cell: syntax.InputCell
) -> _Changes:
    """Adds the first value of the column's code that no row names."""
    place = table.columns.index(column)
    named = {
        name.text
        for row in table.rows
        if not row.is_else and place < len(row.cells)
        for name in nodes_of(row.cells[place].items, syntax.Name)
    }
    code = column.type.name if column.type is not None else column.name
    left = [value for value in book.codes.get(code, []) if value not in named]
    if left:
        text = book.texts.at(cell.span).strip().removeprefix("{").removesuffix("}")
        yield book.texts.replace("widen cell", cell.span, f"{{{text}, {left[0]}}}")


def _widen_range(book: _Book, cell: syntax.InputCell) -> _Changes:
    for item in cell.items:
        for bound, step in ((item.low, -1), (item.high, 1)):
            if isinstance(bound, syntax.Number):
                text = _stepped(book.texts.at(bound.span), step)
                if text is not None:
                    yield book.texts.replace("widen cell", bound.span, text)


def _later(book: _Book, span: Span, until: int) -> Change | None:
    """Lets a row of a rate hold one day longer."""
    last = date(1970, 1, 1) + timedelta(days=until)
    row = book.texts.at(span)
    if last.isoformat() not in row:
        return None
    later = (last + timedelta(days=1)).isoformat()
    return book.texts.replace("widen cell", span, row.replace(last.isoformat(), later))


def _negate_guard(book: _Book) -> _Changes:
    """Turns a condition round: of a rule, a voucher, a refusal or a budget statement."""
    for rule in book.rules:
        guards = [rule.guard]
        for statement in rule.statements:
            if isinstance(statement, syntax.VoucherDecl | syntax.BudgetStatement):
                guards.append(statement.guard)
            elif isinstance(statement, syntax.Refuse):
                guards.append(statement.condition)
        for guard in guards:
            if guard is not None:
                text = f"{book.word('not', guard.span)} ({book.texts.at(guard.span)})"
                yield book.texts.replace("negate guard", guard.span, text)


def _shift_boundary(book: _Book) -> _Changes:
    """Lets a comparison hold, or no longer hold, where both sides are equal."""
    for rule in book.rules:
        for compare in nodes_of(rule, syntax.Compare):
            other = _BOUNDARIES.get(compare.op)
            if other is not None:
                left, right = compare.left.span, compare.right.span
                place = Span(left.file, left.end_line, left.end_column, right.line, right.column)
                yield book.texts.replace(
                    "shift boundary", place, book.texts.at(place).replace(compare.op, other)
                )


def _drop_statement(book: _Book) -> _Changes:
    """Leaves a refusal or a budget statement out."""
    for rule in book.rules:
        for statement in rule.statements:
            if isinstance(statement, syntax.Refuse | syntax.BudgetStatement):
                yield book.texts.drop_lines("drop statement", statement.span)


#: The operators by their names, in the order they are tried.
OPERATORS: dict[str, Callable[[_Book], _Changes]] = {
    "swap amounts": _swap_amounts,
    "drop line": _drop_line,
    "step number": _step_number,
    "rename dimension": _rename_dimension,
    "widen cell": _widen_cell,
    "swap accounts": _swap_accounts,
    "negate guard": _negate_guard,
    "shift boundary": _shift_boundary,
    "drop statement": _drop_statement,
}
