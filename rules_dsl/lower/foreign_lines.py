"""Foreign parts of voucher lines, and that the functional amount follows from them (TP303).

Each form is written differently, so that none comes about by accident: `foreign F at R` where the
amount is `convert(F, R)`; `foreign F at R as stated` where it is what the event says.
"""

from __future__ import annotations

from dataclasses import replace

from engine.currencies import CURRENCY_DECIMALS, MOST_DECIMALS
from engine.program import ForeignForm, ForeignPart, Kind, Op
from rules_dsl import syntax
from rules_dsl.lower.foreign import convert_node, is_rate
from rules_dsl.lower.lines import Repetition, check_size, fits_each
from rules_dsl.lower.numbers import read_literal
from rules_dsl.lower.scope import Scope
from rules_dsl.lower.values import Value, failed
from rules_dsl.types import Measure, NumberType, describe


def lower_foreign(
    scope: Scope, part: syntax.ForeignClause, amount: Value, made: Repetition
) -> ForeignPart | None:
    """Lowers the foreign part of a line.

    Args:
        scope: the rule.
        part: as written.
        amount: the functional amount of the line.
        made: the line, once or `each` element.

    Returns:
        None where something in it is wrong (reported).
    """
    foreign = _lower_amount(scope, part.amount)
    rate = read_literal(scope, scope.lower(part.rate))
    if not is_rate(scope, rate) or foreign.is_error or amount.is_error:
        return None
    currency = _currency(scope, foreign)
    values = (foreign, rate, currency)
    if currency.is_error or not scope.same_list(*values):
        return None
    if not all(fits_each(scope, made, value, "foreign amount") for value in values):
        return None
    if part.form is ForeignForm.CONVERTED and not _is_converted(scope, amount, foreign, rate):
        _report(scope, part, amount)
        return None
    return _part(scope, part.form, (currency, foreign, rate), made.shape)


def _part(
    scope: Scope, form: ForeignForm, values: tuple[Value, Value, Value], shape: int
) -> ForeignPart:
    graph = scope.graph
    currency, foreign, rate = values
    amount = graph.shift(foreign.node, MOST_DECIMALS)
    written = graph.add(Op.TEXT_OF, (rate.node,), kind=Kind.TEXT, span=rate.span)
    nodes = (currency.node, amount, written)
    return ForeignPart(form, *(graph.repeat(node, shape) for node in nodes))


def _lower_amount(scope: Scope, expr: syntax.Expr) -> Value:
    """A foreign amount: rounded, of a currency that is not the ledger's own."""
    value = read_literal(scope, scope.lower(expr))
    if value.is_error:
        return value
    number = value.type
    if not isinstance(number, NumberType) or number.measure is not Measure.MONEY:
        return scope.mismatch(value.span, "an amount in a foreign currency", value)
    if value.is_exact:
        return scope.need_rounded(value, "posted")
    ledger = scope.book.ledgers[scope.ledger]
    if number.currency == ledger.currency:
        message = f"{describe(number)} is in the currency of {ledger.name}, so it is not foreign"
        return scope.fail("TP212", value.span, message)
    check_size(scope, value)
    return value


def _currency(scope: Scope, foreign: Value) -> Value:
    """The currency of a foreign amount, known now or named by a field."""
    if not isinstance(foreign.type, NumberType):
        return failed(foreign.span)
    name, span = foreign.type.currency, foreign.span
    if name in CURRENCY_DECIMALS:
        node = scope.graph.constant(Kind.TEXT, name, span)
        return Value(foreign.type, node, span)
    return scope.lower(syntax.Name(tuple(name.split(".")), span))


def _is_converted(scope: Scope, amount: Value, foreign: Value, rate: Value) -> bool:
    """Whether an amount is what convert makes of a foreign amount and a rate."""
    own, of = scope.graph[_plain(scope, amount.node)], scope.graph[_plain(scope, foreign.node)]
    if own.op is Op.NEG and of.op is Op.NEG:
        # Rounding is the same on both sides of zero.
        amount, foreign = replace(amount, node=own.args[0]), replace(foreign, node=of.args[0])
    expected = convert_node(scope, foreign, rate, amount.span)
    return expected is not None and _plain(scope, expected) == _plain(scope, amount.node)


def _plain(scope: Scope, node: int) -> int:
    """The node behind repetitions over a list."""
    while scope.graph[node].op is Op.REPEAT:
        node = scope.graph[node].args[0]
    return node


def _report(scope: Scope, part: syntax.ForeignClause, amount: Value) -> None:
    report = scope.report
    text = report.text(part.amount.span), report.text(part.rate.span)
    word = report.word("convert", part.span)
    written = f"{word}({text[0]}, {text[1]})" if all(text) else f"{word}(…, …)"
    report.error(
        "TP303",
        amount.span,
        "this amount is not what the foreign amount and the rate of the line give",
        label=f"not {written}",
        help=f"post {written}; of an amount that an outside document states, write "
        f"{report.word('as stated', part.span)} behind the rate",
        related=((part.span, "the foreign part"),),
    )
