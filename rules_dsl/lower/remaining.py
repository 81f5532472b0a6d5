"""`remaining up to BOUND`: a line that takes what the other lines of its voucher leave."""

from __future__ import annotations

from collections.abc import Sequence

from engine.program import EVENT_SHAPE, Fault, Kind, Line, Op, Span
from rules_dsl import syntax
from rules_dsl.bounds import ACCUMULATED_LIMIT, Range, clamp, total
from rules_dsl.lower.constants import rescale
from rules_dsl.lower.lines import check_shape, lower_account, lower_dimensions, repetition
from rules_dsl.lower.requirements import required
from rules_dsl.lower.scope import Scope
from rules_dsl.lower.values import Value
from rules_dsl.types import money


def find_remaining(
    scope: Scope, lines: Sequence[syntax.LineDecl | syntax.TransferDecl]
) -> syntax.LineDecl | None:
    """The line of a voucher that takes what the others leave; a second one is reported."""
    found = [
        line
        for line in lines
        if isinstance(line, syntax.LineDecl) and isinstance(line.amount, syntax.Remaining)
    ]
    for line in found[1:]:
        scope.report.error(
            "TP309",
            line.amount.span,
            "two lines of this voucher take what the others leave",
            help="say the amount of one of them",
            related=((found[0].amount.span, "the first"),),
        )
        scope.is_sound = False
    return found[0] if found else None


def lower_remaining(scope: Scope, line: syntax.LineDecl, others: Sequence[Line]) -> Line | None:
    """Lowers the line after all others; None where something in it is wrong (reported)."""
    amount = line.amount
    if not isinstance(amount, syntax.Remaining):
        return None
    made = repetition(scope, line.each, line.span, "line")
    if line.each is not None:
        message = "what the other lines leave is one amount, not one for each element"
        scope.fail("TP211", line.each.span, message)
        return None
    if line.foreign is not None:
        message = "what the other lines leave has no foreign amount to follow from"
        scope.fail("TP303", line.foreign.span, message)
        return None
    account = lower_account(scope, line.account)
    bound = _bound(scope, amount)
    if bound is None or account.is_error:
        return None
    node = _left(scope, line, others, amount.span)
    limits = Range(-bound, bound)
    node = required(scope, node, limits, Fault.REMAINING, amount.span)
    currency = scope.book.ledgers[scope.ledger].currency
    value = Value(money(currency), node, amount.span)
    dimensions = lower_dimensions(scope, line.dimensions, made)
    if not check_shape(scope, made, account, value) or dimensions is None:
        return None
    return Line(
        side=line.side,
        account=account.node,
        amount=node,
        dimensions=dimensions,
        each=EVENT_SHAPE,
        span=line.span,
        by_sign=line.by_sign,
        remaining_bound=bound,
    )


def _bound(scope: Scope, amount: syntax.Remaining) -> int | None:
    """The bound at the ledger's scale; None where it is no amount of the ledger (reported)."""
    written, ledger = amount.bound, scope.book.ledgers[scope.ledger]
    raw = rescale(written.digits, written.decimals, ledger.scale)
    if written.currency not in {"", ledger.currency} or written.percent or not raw:
        message = f"the bound is an amount in {ledger.currency} larger than 0"
        scope.fail("TP211", written.span, message)
        return None
    return raw


def _left(scope: Scope, line: syntax.LineDecl, others: Sequence[Line], span: Span) -> int:
    """What the other lines leave on the side of this one."""
    graph = scope.graph
    scale = scope.book.ledgers[scope.ledger].scale
    left = graph.number(0, scale, span)
    for other in others:
        if other.transfer is not None:
            continue  # the two lines of a transfer leave nothing
        op = Op.ADD if other.side is not line.side else Op.SUB
        left = graph.number_op(op, (left, _in_total(scope, other)), scale, span)
    return left


def _in_total(scope: Scope, line: Line) -> int:
    """What a line comes to, over all elements of its list."""
    if line.each == EVENT_SHAPE:
        return line.amount
    graph = scope.graph
    possible = total(graph.range(line.amount))
    bounds = clamp(possible, ACCUMULATED_LIMIT)
    with graph.over_list():
        return graph.add(
            Op.SUM,
            (line.amount,),
            kind=Kind.NUMBER,
            shape=EVENT_SHAPE,
            scale=graph[line.amount].scale,
            values=bounds,
            span=line.span,
            partial=bounds != possible,
        )
