"""`transfer`: an amount from one value of a balancing dimension to another, through an account."""

from __future__ import annotations

from engine.program import Line, LineDimension, Op, Side
from rules_dsl import syntax
from rules_dsl.lower.conditions import select
from rules_dsl.lower.dimensions import dimension_value
from rules_dsl.lower.lines import (
    check_shape,
    fits_each,
    lower_account,
    lower_amount,
    lower_dimensions,
    repetition,
)
from rules_dsl.lower.scope import Scope
from rules_dsl.types import DimensionType, Type


def lower_transfer(scope: Scope, written: syntax.TransferDecl) -> tuple[Line, ...] | None:
    """The debit under A and the credit under B; None where something is wrong (reported)."""
    graph = scope.graph
    made = repetition(scope, written.each, written.span, "transfer")
    account = lower_account(scope, written.account)
    amount = lower_amount(scope, written.amount)
    in_shape = check_shape(scope, made, account, amount)
    name = _dimension(scope, written)
    if name is None:
        return None
    ends = [
        dimension_value(scope, syntax.DimensionArg(name, end, None, end.span), absent_allowed=False)
        for end in (written.source, written.destination)
    ]
    others = lower_dimensions(scope, written.dimensions, made)
    fit = [not end.is_error and fits_each(scope, made, end, "dimension") for end in ends]
    if made.is_broken or not in_shape or others is None or not all(fit):
        return None
    index = scope.book.dimension_index[name.text]
    again = next((arg for arg in written.dimensions if arg.dimension.text == name.text), None)
    if again is not None:
        message = f"the transfer gives both lines their {name.text}"
        scope.fail("TP211", again.span, message, advice=f"leave {name.text} out here")
        return None
    values = [graph.repeat(end.node, made.shape) for end in ends]
    same = graph.truth_op(Op.EQ, values, written.span)
    whole = graph.repeat(amount.node, made.shape)
    nothing = graph.number(0, graph[whole].scale, written.span)
    moved = graph.repeat(select(scope, same, nothing, whole, written.span), made.shape)
    return tuple(
        Line(
            side=side,
            account=graph.repeat(account.node, made.shape),
            amount=moved,
            dimensions=(LineDimension(index, value), *others),
            each=made.shape,
            span=written.span,
            transfer=whole,
        )
        for side, value in zip((Side.DEBIT, Side.CREDIT), values, strict=True)
    )


def _dimension(scope: Scope, written: syntax.TransferDecl) -> syntax.Name | None:
    """The balancing dimension of a transfer; None where it is not known (reported)."""
    book, report = scope.book, scope.report
    if written.dimension is not None:
        name = written.dimension
        index = book.dimension_index.get(name.text)
        if index is None:
            if name.text not in book.symbols.broken:
                report.unknown("dimension", name.text, name.span, book.dimension_index)
            return None
        book.use("dimension", name.text)
        if not book.dimensions[index].balancing:
            message = f"{name.text} is not a balancing dimension, so nothing is transferred in it"
            scope.fail("TP211", name.span, message)
            return None
        return name
    ends = (written.source, written.destination)
    found = {known: end for end in ends if (known := _balancing(scope, end))}
    if len(found) == 1:
        ((text, end),) = found.items()
        book.use("dimension", text)
        return syntax.Name((text,), end.span)
    of = report.word("of", written.amount.span)
    axes = [each.name for each in book.dimensions if each.balancing]
    scope.fail(
        "TP211",
        written.amount.span,
        "the transfer does not say between the values of which balancing dimension",
        advice=f"write {of} {axes[0] if axes else '…'} behind the amount",
    )
    return None


def _balancing(scope: Scope, end: syntax.Expr) -> str:
    """The balancing dimension that a field or an item is declared with, or ""."""
    if not isinstance(end, syntax.Name):
        return ""
    declared: Type | None = None
    field = scope.event.fields.get(end.path[0])
    if end.text in scope.lets:
        declared = scope.lets[end.text].type
    elif field is not None and field.items is not None and len(end.path) == 2:
        item = field.items.get(end.path[1])
        declared = None if item is None else item.type
    elif field is not None and len(end.path) == 1:
        declared = field.type
    if not isinstance(declared, DimensionType):
        return ""
    index = scope.book.dimension_index.get(declared.dimension)
    is_balancing = index is not None and scope.book.dimensions[index].balancing
    return declared.dimension if is_balancing else ""
