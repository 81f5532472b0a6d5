"""What an expression of one rule can see: the event, the lets before it, what is known there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from engine.program import EVENT_SHAPE, LEDGER_SHAPE, Balance, Span
from rules_dsl import syntax
from rules_dsl.diagnostics.model import Fix
from rules_dsl.limits import MAX_DEPTH
from rules_dsl.lower.book import Book, EventInfo, LedgerListInfo
from rules_dsl.lower.facts import Fact, Facts, gather
from rules_dsl.lower.graph import Graph
from rules_dsl.lower.values import Value, failed
from rules_dsl.reporting import Reporter
from rules_dsl.types import NumberType, Type, describe, meaning_of

#: Levels of an expression. The parser allows no more, and each takes a few stack frames.
DEPTH_LIMIT = MAX_DEPTH + 10

#: Where an amount is used as a whole, so that there is one place to round it: safe to write. In
#: a sum or a comparison it is the author's to say which part is rounded.
ROUNDED_WHOLE = frozenset({"posted", "kept", "split", "counted in a budget"})

#: A balance in functional currency, the nodes of its key, the node of its currency.
CurrencyKey = tuple[Balance, tuple[int, ...], int]

Lower = Callable[["Scope", syntax.Expr, "Type | None"], Value]


class Scope:
    """One rule on its way.

    Attributes:
        book, report, graph, event: what names mean, where problems go, the nodes, the event.
        rule: the rule's name. ledger: the ledger that amounts and balances are of here.
        lets: values by name; `let_spans`: where they were named. ledger_lists: the lists read from
            the ledger, by name.
        facts: conditions known from the guard and from refusals written before.
        in_doubt: a condition has a reported error, so what it would tell is not asked for.
        too_large: amounts already reported to be larger than what can be posted.
        unrounded: lets already reported to need rounding.
        dimension_end: while the value of a line's dimension is lowered, the place behind it where
            `if given` may stand.
        currency_reads, foreign_reads: balances read in a currency, by balance, key and currency:
            the node of the functional one, node and type of the foreign one.
        is_sound: nothing in the rule had to be left out. What rests on a broken declaration is
            left out without a further report.
    """

    def __init__(
        self, book: Book, report: Reporter, event: EventInfo, rule: str, *, lower: Lower
    ) -> None:
        """`lower`: lowers any expression (`rules_dsl.lower.expressions`)."""
        self.book = book
        self.report = report
        self.event = event
        self.rule = rule
        self.graph = Graph()
        self.ledger = 0
        self.lets: dict[str, Value] = {}
        self.let_spans: dict[str, Span] = {}
        self.ledger_lists: dict[str, LedgerListInfo] = {}
        self.facts: list[Fact] = []
        self.in_doubt = False
        self.too_large: set[int] = set()
        self.currency_reads: dict[CurrencyKey, int] = {}
        self.foreign_reads: dict[CurrencyKey, tuple[int, NumberType]] = {}
        self.unrounded: set[str] = set()
        self.dimension_end: Span | None = None
        self.is_sound = True
        self._lower = lower
        self._depth = 0

    def lower(self, expr: syntax.Expr, wanted: Type | None = None) -> Value:
        """Lowers an expression. `wanted`: what bare names and literals may be taken for."""
        if self._depth >= DEPTH_LIMIT:
            message = f"this expression is deeper than {DEPTH_LIMIT} levels"
            self.report.error("TP211", expr.span, message, help="name parts of it with let")
            return failed(expr.span)
        self._depth += 1
        try:
            value = self._lower(self, expr, wanted)
            self.is_sound = self.is_sound and not value.is_error
            return self.meant(value)
        finally:
            self._depth -= 1

    def meant(self, value: Value) -> Value:
        """The value, its node knowing what people call what it holds."""
        if not value.is_error and value.node >= 0:
            self.graph.mean(value.node, meaning_of(value.type))
        return value

    # --- What is known -------------------------------------------------------------------

    def known(self) -> Facts:
        """What is known at this place."""
        facts = list(self.facts)
        frame = self.graph.frame
        while frame is not None:
            facts.append((frame.condition, frame.truth))
            frame = frame.parent
        return gather(self.graph, facts)

    @contextmanager
    def doubting(self) -> Iterator[None]:
        """Lowers the block where a condition that has an error would tell something."""
        before, self.in_doubt = self.in_doubt, True
        try:
            yield
        finally:
            self.in_doubt = before

    def under(self, condition: Value, *, truth: bool = True) -> AbstractContextManager[None]:
        """Lowers the block where a condition is known; it has been checked to be one."""
        return self.graph.under(condition.node, truth=truth)

    def shape(self, value: Value) -> int:
        """The shape of a value, its divisor included."""
        if value.denominator is None:
            return self.graph.shape(value.node)
        return self.graph.shape(value.node, value.denominator)

    # --- Saying what is wrong ------------------------------------------------------------

    def fail(self, code: str, span: Span, message: str, *, advice: str = "") -> Value:
        """Reports an error and gives the value that silences what follows from it."""
        self.report.error(code, span, message, help=advice)
        return failed(span)

    def mismatch(self, span: Span, wanted: str, found: Value) -> Value:
        """Reports a value of another type than the one needed."""
        message = f"{wanted} is needed here, not {describe(found.type)}"
        self.report.error("TP211", span, message, label=f"this is {describe(found.type)}")
        return failed(span)

    def need_rounded(self, value: Value, why: str) -> Value:
        """Reports an exact value where a rounded one is needed; a let once, at its first use."""
        if value.let in self.unrounded:
            return failed(value.span)
        if value.let:
            self.unrounded.add(value.let)
        fix = self.report.wrap(value.span, "round", safe=why in ROUNDED_WHOLE)
        is_amount = isinstance(value.type, NumberType) and bool(value.type.currency)
        word = self.report.word("round", value.span)
        advice = f"write {word}(…)" if is_amount else f"write {word}(…, decimals)"
        self.report.error(
            "TP214",
            value.span,
            f"{describe(value.type)} must be rounded before it is {why}",
            label="not yet rounded",
            help=advice,
            fix=fix if is_amount else None,
        )
        return failed(value.span)

    def one_value(self, value: Value, where: str) -> bool:
        """Whether a value is one per event; reported where it is one per element of a list."""
        if value.is_error:
            return False
        shape = self.shape(value)
        if shape == EVENT_SHAPE:
            return True
        name = self.list_name(shape)
        is_number = isinstance(value.type, NumberType)
        word = self.report.word("sum", value.span)
        self.report.error(
            "TP215",
            value.span,
            f"this has one value for each element of {name}, but {where} takes one",
            label=f"one for each of {name}",
            help=f"take {word}(…)" if is_number else "",
            fix=self.report.wrap(value.span, "sum") if is_number else None,
        )
        return False

    def same_list(self, *values: Value) -> bool:
        """Whether no two values are of different lists; reported where they are."""
        shapes = {self.shape(value): value for value in values if not value.is_error}
        shapes.pop(EVENT_SHAPE, None)
        if len(shapes) <= 1:
            return True
        (first, _), (second, other) = list(shapes.items())[:2]
        names = f"{self.list_name(first)} and {self.list_name(second)}"
        message = f"the elements of {names} do not belong together"
        advice = "take the sum of one of them"
        self.report.error("TP211", other.span, message, help=advice)
        return False

    def list_name(self, shape: int) -> str:
        """The author's name of a list field."""
        if shape >= LEDGER_SHAPE:
            return next(each.name for each in self.ledger_lists.values() if each.shape == shape)
        return self.event.type.fields[shape].name

    def text_fix(self, span: Span, replacement: str) -> Fix:
        """A fix that may change what the rule means."""
        return Fix(span, replacement, safe=False)

    def is_constant(self, node: int | None) -> bool:
        """Whether a node is a constant number; no node (a divisor not there) counts as one."""
        return node is None or self.graph.constant_of(node) is not None
