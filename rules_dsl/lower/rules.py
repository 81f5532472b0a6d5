"""Rules: their guard and statements in order, to the rule of the program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

from engine.program import (
    NO_DATE,
    BudgetMove,
    ForeignPart,
    Kind,
    Line,
    LineDimension,
    Node,
    Op,
    Refusal,
    Rule,
    Span,
    Template,
    VoucherPlan,
)
from rules_dsl import syntax
from rules_dsl.keywords import Language, spelling_of
from rules_dsl.lower.book import Book
from rules_dsl.lower.conditions import lower_condition
from rules_dsl.lower.expressions import lower_expression
from rules_dsl.lower.foreign_lines import lower_foreign
from rules_dsl.lower.graph import compact, may_fail
from rules_dsl.lower.ledger_lists import lower_let_balances
from rules_dsl.lower.lines import lower_line, lower_template
from rules_dsl.lower.moves import lower_move, move_places, moved
from rules_dsl.lower.records import find_ledger
from rules_dsl.lower.remaining import find_remaining, lower_remaining
from rules_dsl.lower.scope import Scope
from rules_dsl.lower.statements import bind, lower_split
from rules_dsl.lower.targets import lower_delta
from rules_dsl.lower.transfers import lower_transfer
from rules_dsl.lower.true_up import lower_true_up
from rules_dsl.lower.values import Value
from rules_dsl.reporting import Reporter

#: Code of a refusal that names none.
REFUSED = "REFUSED"


def lower_rules(book: Book, report: Reporter) -> tuple[list[Rule], bool]:
    """Lowers all rules in the order of their places; tells whether every one of them lowered."""
    found: list[Rule] = []
    complete = True
    for declaration in book.symbols.rules:
        with report.inside(f"rule {declaration.name}"):
            before = report.errors
            rule = _lower_rule(declaration, book, report)
            if rule is None or report.errors > before:
                complete = False
            else:
                found.append(rule)
    return found, complete


def _lower_rule(declaration: syntax.RuleDecl, book: Book, report: Reporter) -> Rule | None:
    event = book.events.get(declaration.event.text)
    if event is None:
        name = declaration.event
        if name.text not in book.symbols.broken:
            report.unknown("event", name.text, name.span, book.events)
        return None
    first, last = declaration.valid_from, declaration.valid_until
    if first is not None and last is not None and first > last:
        message = f"the rule {declaration.name} ends before it begins"
        report.error("TP211", declaration.name_span, message)
    ledger = find_ledger(declaration.ledger, book, report)
    if ledger is None:
        return None
    scope = Scope(book, report, event, declaration.name, lower=lower_expression)
    scope.ledger = ledger
    rule = _Lowering(scope, declaration, ledger).lower()
    return rule if scope.is_sound else None


@dataclass(slots=True)
class _Lowering:
    """One rule on its way."""

    scope: Scope
    declaration: syntax.RuleDecl
    ledger: int
    refusals: list[Refusal] = field(default_factory=list)
    vouchers: list[VoucherPlan] = field(default_factory=list)
    deltas: list[int] = field(default_factory=list)
    moves: list[BudgetMove] = field(default_factory=list)
    targets: dict[str, Span] = field(default_factory=dict)
    explanation: Template | None = None
    review: str | None = None

    def lower(self) -> Rule:
        """Lowers guard and statements; what is wrong is reported and left out."""
        scope = self.scope
        guard = None
        if self.declaration.guard is not None:
            guard = self._guard(self.declaration.guard, "the guard of a rule")
            if guard is None:
                scope.in_doubt = True
            else:
                scope.facts.append((guard.node, True))
        guard_count = len(scope.graph.nodes) if guard is not None else 0
        for statement in self.declaration.statements:
            self._statement(statement)
        if self.declaration.explanation is not None:
            self._explain(self.declaration.explanation)
        return self._rule(None if guard is None else guard.node, guard_count)

    def _guard(self, expr: syntax.Expr, where: str) -> Value | None:
        value = lower_condition(self.scope, expr)
        return value if self.scope.one_value(value, where) else None

    def _statement(self, statement: syntax.Statement) -> None:
        match statement:
            case syntax.Review():
                self.review = statement.role
            case syntax.Let():
                bind(self.scope, statement, self.scope.lower(statement.value))
            case syntax.Split():
                bind(self.scope, statement, lower_split(self.scope, statement))
            case syntax.Delta():
                self._delta(statement)
            case syntax.LetBalances():
                lower_let_balances(self.scope, statement)
            case syntax.TrueUp():
                bind(self.scope, statement, lower_true_up(self.scope, statement))
            case syntax.Refuse():
                self._refuse(statement)
            case syntax.VoucherDecl():
                self._voucher(statement)
            case syntax.BudgetStatement():
                move = lower_move(self.scope, statement)
                if move is None:
                    self.scope.is_sound = False
                else:
                    self.moves.append(move)

    def _delta(self, statement: syntax.Delta) -> None:
        first = self.targets.setdefault(statement.target.text, statement.target.span)
        if first is not statement.target.span:
            where = ": a rule changes a target once"
            span = statement.target.span
            self.scope.report.duplicate("delta of", statement.target.text, span, first, where=where)
        value = lower_delta(self.scope, statement)
        if not value.is_error:
            self.deltas.append(value.node)
        bind(self.scope, statement, value)

    def _refuse(self, statement: syntax.Refuse) -> None:
        scope, graph = self.scope, self.scope.graph
        before = len(graph.nodes)
        condition = lower_condition(scope, statement.condition)
        if not scope.one_value(condition, "a refusal"):
            with scope.doubting():
                lower_template(scope, statement.message)
            scope.in_doubt = True
            return
        refused = (condition.node, False)
        if condition.node < before:
            # Refusals and failures are settled by the order of nodes, which must be that of
            # writing; so a condition computed earlier gets a node of its own here.
            args = (condition.node, condition.node)
            own = Node(Op.AND, args, None, Kind.BOOL, span=statement.condition.span)
            condition = replace(condition, node=graph.append(own))
        with scope.under(condition):
            message = lower_template(scope, statement.message)
        code = statement.code or REFUSED
        self.refusals.append(Refusal(condition.node, code, message, statement.span))
        scope.facts.append(refused)

    def _explain(self, written: syntax.TemplateText) -> None:
        """Lowers what is said when somebody asks; it must not make an event fail or wait."""
        graph = self.scope.graph
        before = len(graph.nodes)
        self.explanation = lower_template(self.scope, written)
        for node in graph.nodes[before:]:
            if may_fail(node, graph.nodes):
                let = self.scope.report.word("let", node.span)
                self.scope.report.error(
                    "TP211",
                    node.span,
                    "an explanation says what the rule has worked out; this could fail",
                    help=f"name the value with {let} in the rule, and write its name here",
                )
                return

    # --- Vouchers ------------------------------------------------------------------------

    def _voucher(self, statement: syntax.VoucherDecl) -> None:
        scope = self.scope
        ledger = self.ledger
        if statement.ledger is not None:
            named = find_ledger(statement.ledger, scope.book, scope.report)
            if named is None:
                scope.is_sound = False
                return
            ledger = named
        scope.ledger = ledger
        guard = None
        inside: AbstractContextManager[None] = nullcontext()
        if statement.guard is not None:
            guard = self._guard(statement.guard, "the guard of a voucher")
            inside = scope.doubting() if guard is None else scope.under(guard)
        with inside:
            summary = lower_template(scope, statement.summary)
            lines = self._lines(statement)
        scope.ledger = self.ledger
        self.vouchers.append(
            VoucherPlan(
                ledger=ledger,
                word=statement.word or scope.book.ledgers[ledger].word,
                summary=summary,
                guard=None if guard is None else guard.node,
                lines=tuple(lines),
                span=statement.span,
                merge=statement.merge,
            )
        )

    def _lines(self, statement: syntax.VoucherDecl) -> list[Line]:
        """The lines of a voucher in its order; what the others leave is worked out last."""
        scope = self.scope
        rest = find_remaining(scope, statement.lines)
        made: list[tuple[Line, ...]] = []
        for line in statement.lines:
            found: tuple[Line, ...] | None = ()
            if isinstance(line, syntax.TransferDecl):
                found = lower_transfer(scope, line)
            elif not isinstance(line.amount, syntax.Remaining):
                lowered = lower_line(scope, line, lower_foreign)
                found = None if lowered is None else (lowered,)
            scope.is_sound = scope.is_sound and found is not None
            made.append(found or ())
        if rest is not None and scope.is_sound:
            others = [line for part in made for line in part]
            last = lower_remaining(scope, rest, others)
            scope.is_sound = last is not None
            place = statement.lines.index(rest)
            made[place] = () if last is None else (last,)
        return [line for part in made for line in part]

    # --- The rule ------------------------------------------------------------------------

    def _rule(self, guard: int | None, guard_count: int) -> Rule:
        declaration = self.declaration
        nodes, places = compact(self.scope.graph.nodes, list(self._roots(guard)))
        ledgers = tuple(sorted({voucher.ledger for voucher in self.vouchers}))
        first, last = declaration.valid_from, declaration.valid_until
        return Rule(
            name=declaration.name,
            event_type=self.scope.event.index,
            valid_from=NO_DATE if first is None else first,
            valid_until=NO_DATE if last is None else last,
            nodes=nodes,
            guard=None if guard is None else places[guard],
            guard_count=sum(1 for index in places if index < guard_count),
            refusals=tuple(
                replace(
                    each, condition=places[each.condition], message=_moved(each.message, places)
                )
                for each in self.refusals
            ),
            deltas=tuple(places[delta] for delta in self.deltas),
            vouchers=tuple(_moved_voucher(voucher, places) for voucher in self.vouchers),
            ledgers=ledgers or (self.ledger,),
            basis=declaration.basis,
            span=declaration.span,
            moves=tuple(moved(move, places) for move in self.moves),
            explanation=None if self.explanation is None else _moved(self.explanation, places),
            chinese=_is_chinese(declaration, self.scope.report),
            review=self.review,
        )

    def _roots(self, guard: int | None) -> Iterator[int]:
        """The nodes that the rule refers to."""
        if guard is not None:
            yield guard
        yield from self.deltas
        for refusal in self.refusals:
            yield refusal.condition
            yield from _places(refusal.message)
        for move in self.moves:
            yield from move_places(move)
        if self.explanation is not None:
            yield from _places(self.explanation)
        for voucher in self.vouchers:
            if voucher.guard is not None:
                yield voucher.guard
            yield from _places(voucher.summary)
            for line in voucher.lines:
                yield from (line.account, line.amount)
                if line.transfer is not None:
                    yield line.transfer
                for dimension in line.dimensions:
                    yield dimension.value
                    if dimension.given is not None:
                        yield dimension.given
                if line.foreign is not None:
                    yield from (line.foreign.currency, line.foreign.amount, line.foreign.rate)


def _places(template: Template) -> Iterator[int]:
    return (part for part in template.parts if isinstance(part, int))


def _moved(template: Template, places: dict[int, int]) -> Template:
    return Template(
        tuple(places[part] if isinstance(part, int) else part for part in template.parts)
    )


def _moved_voucher(voucher: VoucherPlan, places: dict[int, int]) -> VoucherPlan:
    return replace(
        voucher,
        guard=None if voucher.guard is None else places[voucher.guard],
        summary=_moved(voucher.summary, places),
        lines=tuple(_moved_line(line, places) for line in voucher.lines),
    )


def _moved_line(line: Line, places: dict[int, int]) -> Line:
    return replace(
        line,
        account=places[line.account],
        amount=places[line.amount],
        transfer=None if line.transfer is None else places[line.transfer],
        dimensions=tuple(
            LineDimension(
                each.dimension,
                places[each.value],
                None if each.given is None else places[each.given],
            )
            for each in line.dimensions
        ),
        foreign=None if line.foreign is None else _moved_foreign(line.foreign, places),
    )


def _moved_foreign(part: ForeignPart, places: dict[int, int]) -> ForeignPart:
    return ForeignPart(part.form, *(places[at] for at in (part.currency, part.amount, part.rate)))


def _is_chinese(declaration: syntax.RuleDecl, report: Reporter) -> bool:
    """Whether the declaration is written with Chinese keywords."""
    word = spelling_of("RULE", Language.CHINESE) or ""
    return report.text(declaration.span).startswith(word)
