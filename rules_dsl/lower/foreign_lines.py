"""Foreign parts of voucher lines, and that the functional amount follows from them (TP303).

Each form is written differently, so that none comes about by accident: `foreign F at R` where the
amount is `convert(F, R)`; `foreign F at book rate` where it is F's share of the account's balance
in that currency; `foreign 0 at R` where it takes that balance to the rate R; `foreign F at R as
stated` where it is what the event says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.currencies import CURRENCY_DECIMALS, MOST_DECIMALS
from engine.program import ForeignForm, ForeignPart, Kind, Op, RoundMode
from rules_dsl import syntax
from rules_dsl.lower.arithmetic import quotient_node
from rules_dsl.lower.conditions import select
from rules_dsl.lower.foreign import convert_node, is_rate, share_node
from rules_dsl.lower.foreign_balances import Pair, pairs_of
from rules_dsl.lower.lines import Repetition, check_size, fits_each
from rules_dsl.lower.numbers import read_literal
from rules_dsl.lower.scope import Scope
from rules_dsl.lower.values import Value, failed
from rules_dsl.types import DECIMAL, Measure, NumberType, describe

#: Decimals of a book rate where none are written.
BOOK_RATE_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class _Line:
    """A line on its way: its foreign part as written, account and functional amount."""

    scope: Scope
    part: syntax.ForeignClause
    account: Value
    amount: Value
    made: Repetition

    def pairs(self) -> list[Pair]:
        """The balances of this line's account that the rule reads in a currency."""
        return pairs_of(self.scope, self.account)


def lower_foreign(
    scope: Scope,
    part: syntax.ForeignClause,
    line: tuple[Value, Value],
    made: Repetition,
) -> ForeignPart | None:
    """Lowers the foreign part of a line.

    Args:
        scope: the rule.
        part: as written.
        line: the account and the functional amount of the line.
        made: the line, once or `each` element.

    Returns:
        None where something in it is wrong (reported).
    """
    own = _Line(scope, part, *line, made)
    if own.amount.is_error or own.account.is_error:
        return None
    match part.form:
        case ForeignForm.BOOK:
            return _at_book_rate(own)
        case ForeignForm.REVALUED:
            return _revalued(own)
        case _:
            return _at_rate(own)


# --- The forms ---------------------------------------------------------------------------


def _at_rate(line: _Line) -> ForeignPart | None:
    """`foreign F at R`, proved to give the amount, or `as stated`."""
    scope = line.scope
    foreign, rate = _lower_amount(scope, line.part.amount), _lower_rate(line)
    if foreign.is_error or rate.is_error:
        return None
    currency = _currency(scope, foreign)
    if currency.is_error or not _fits(line, foreign, rate, currency):
        return None
    is_stated = line.part.form is ForeignForm.STATED
    if not is_stated and not _is_converted(scope, line.amount, foreign, rate):
        word = scope.report.word("convert", line.part.span)
        _report(line, f"{word}({_text(line, foreign)}, {_text(line, rate)})")
        return None
    return _made(line, currency.node, foreign.node, _as_text(scope, rate))


def _at_book_rate(line: _Line) -> ForeignPart | None:
    """`foreign F at book rate`: the amount is book_share(F, balance, foreign balance)."""
    scope, graph = line.scope, line.scope.graph
    foreign = _lower_amount(scope, line.part.amount)
    if foreign.is_error:
        return None
    currency = _currency(scope, foreign)
    if currency.is_error or not _fits(line, foreign, currency):
        return None
    if not any(_is_share(scope, line.amount, foreign, pair) for pair in line.pairs()):
        word = scope.report.word("book_share", line.part.span)
        _report(line, f"{word}({_text(line, foreign)}, balance, foreign balance)")
        return None
    shape = graph.shape(line.amount.node, foreign.node)
    nodes = (graph.repeat(line.amount.node, shape), graph.repeat(foreign.node, shape))
    span, nothing = line.part.span, graph.number(0, graph[foreign.node].scale, line.part.span)
    is_there = graph.truth_op(Op.NE, (nodes[1], nothing), span)
    decimals = line.part.decimals
    scale = BOOK_RATE_DECIMALS if decimals is None else decimals
    with graph.under(is_there, truth=True):
        ratio = Value(replace(DECIMAL, exact=True), nodes[0], span, nodes[1])
        rate = quotient_node(scope, ratio, scale, RoundMode.HALF_AWAY, span)
    rate = select(scope, is_there, rate, graph.number(0, scale, span), span)
    return _made(line, currency.node, foreign.node, _as_text(scope, Value(DECIMAL, rate, span)))


def _revalued(line: _Line) -> ForeignPart | None:
    """`foreign 0 at R`: the amount is convert(foreign balance, R) less the balance."""
    scope, graph = line.scope, line.scope.graph
    rate = _lower_rate(line)
    if rate.is_error or not _fits(line, rate):
        return None
    pairs = line.pairs()
    found = next((pair for pair in pairs if _takes_to(scope, line.amount.node, rate, pair)), None)
    if found is None:
        word = scope.report.word("convert", line.part.span)
        _report(line, f"{word}(foreign balance, {_text(line, rate)}) − balance")
        return None
    nothing = graph.number(0, MOST_DECIMALS, line.part.span)
    return _made(line, found.currency, nothing, _as_text(scope, rate))


def _made(line: _Line, currency: int, foreign: int, rate: int) -> ForeignPart:
    graph, shape = line.scope.graph, line.made.shape
    nodes = (currency, graph.shift(foreign, MOST_DECIMALS), rate)
    return ForeignPart(line.part.form, *(graph.repeat(node, shape) for node in nodes))


def _fits(line: _Line, *values: Value) -> bool:
    """Whether the values have one value for each line made; reported otherwise."""
    if not line.scope.same_list(*values):
        return False
    return all(fits_each(line.scope, line.made, value, "foreign amount") for value in values)


# --- Values ------------------------------------------------------------------------------


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


def _lower_rate(line: _Line) -> Value:
    if line.part.rate is None:
        return failed(line.part.span)
    rate = read_literal(line.scope, line.scope.lower(line.part.rate))
    return rate if is_rate(line.scope, rate) else failed(rate.span)


def _as_text(scope: Scope, rate: Value) -> int:
    return scope.graph.add(Op.TEXT_OF, (rate.node,), kind=Kind.TEXT, span=rate.span)


def _currency(scope: Scope, foreign: Value) -> Value:
    """The currency of a foreign amount, known now or named by a field."""
    if not isinstance(foreign.type, NumberType):
        return failed(foreign.span)
    name, span = foreign.type.currency, foreign.span
    if name in CURRENCY_DECIMALS:
        node = scope.graph.constant(Kind.TEXT, name, span)
        return Value(foreign.type, node, span)
    return scope.lower(syntax.Name(tuple(name.split(".")), span))


# --- What follows from what --------------------------------------------------------------


def _is_converted(scope: Scope, amount: Value, foreign: Value, rate: Value) -> bool:
    """Whether an amount is what convert makes of a foreign amount and a rate."""
    own, of = scope.graph[_plain(scope, amount.node)], scope.graph[_plain(scope, foreign.node)]
    if own.op is Op.NEG and of.op is Op.NEG:
        # Rounding is the same on both sides of zero.
        amount, foreign = replace(amount, node=own.args[0]), replace(foreign, node=of.args[0])
    expected = convert_node(scope, foreign, rate, amount.span)
    return expected is not None and _plain(scope, expected) == _plain(scope, amount.node)


def _is_share(scope: Scope, amount: Value, foreign: Value, pair: Pair) -> bool:
    """Whether an amount is the share that a foreign amount has in a balance."""
    whole = Value(pair.type, pair.foreign, amount.span)
    balance = Value(amount.type, pair.balance, amount.span)
    expected = share_node(scope, (foreign, balance, whole), amount.span)
    return _plain(scope, expected) == _plain(scope, amount.node)


def _takes_to(scope: Scope, amount: int, rate: Value, pair: Pair) -> bool:
    """Whether an amount is convert(foreign balance, rate) − balance, or nothing by a condition."""
    graph = scope.graph
    node = graph[_plain(scope, amount)]
    if node.op is Op.SELECT:
        branches = [arg for arg in node.args[1:] if graph.constant_of(arg) != 0]
        return bool(branches) and all(_takes_to(scope, arg, rate, pair) for arg in branches)
    if node.op is not Op.SUB:
        return False
    of = Value(pair.type, pair.foreign, rate.span)
    expected = convert_node(scope, of, rate, rate.span)
    if expected is None:
        return False
    wanted = (_value(scope, expected), _value(scope, pair.balance))
    return tuple(_value(scope, arg) for arg in node.args) == wanted


def _plain(scope: Scope, node: int) -> int:
    """The node behind repetitions over a list."""
    while scope.graph[node].op is Op.REPEAT:
        node = scope.graph[node].args[0]
    return node


def _value(scope: Scope, node: int) -> int:
    """The node of the same value at fewer decimals."""
    while scope.graph[node].op in {Op.REPEAT, Op.SHIFT}:
        node = scope.graph[node].args[0]
    return node


# --- Saying what is wrong ----------------------------------------------------------------


def _text(line: _Line, value: Value) -> str:
    return line.scope.report.text(value.span) or "…"


def _report(line: _Line, wanted: str) -> None:
    report, part = line.scope.report, line.part
    stated = report.word("as stated", part.span)
    report.error(
        "TP303",
        line.amount.span,
        "this amount is not what the foreign part of the line gives",
        label=f"not {wanted}",
        help=f"post {wanted}; of an amount that an outside document states, write {stated} "
        "behind the rate",
        related=((part.span, "the foreign part"),),
    )
