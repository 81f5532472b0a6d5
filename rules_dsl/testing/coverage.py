"""Coverage: which parts of the rules a passing test asserts, in exact counts.

What only runs does not count. A line counts where an expectation names it or the whole of the
event's vouchers; a table row where it flowed into something that counts; a side of a guard, a
refusal or a budget outcome where a test expects what it led to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.decimals import format_minor
from engine.effects import Status
from engine.evaluate.outcome import NOT_FAILED, RuleRow
from engine.program import (
    Act,
    BudgetMove,
    Control,
    Line,
    Otherwise,
    Program,
    Rule,
    Side,
    Span,
)
from rules_dsl.diagnostics import Diagnostic, diagnose
from rules_dsl.testing.cones import EVERY, Root, rows_read
from rules_dsl.testing.tracing import LinePlace, Observed, StatementPlace


class Part(StrEnum):
    """Kinds of parts that are counted, in the order they are listed."""

    RULE = "rules"
    GUARD = "guard sides"
    ROW = "table rows"
    LINE = "voucher lines"
    REFUSAL = "refusals"
    BUDGET = "budget outcomes"


#: A part: its kind and where it is: (rule, …) or (table, row); for guards the side as 0 or 1.
Key = tuple[Part, tuple[int, ...]]

_ACCEPTED = frozenset({Status.POSTED, Status.NO_POSTING, Status.PENDING_REVIEW})

# How a budget statement ends: it passes, it stops the event, it warns.
_PASSES, _STOPS, _WARNS = range(3)


@dataclass(frozen=True, slots=True)
class CoverageItem:
    """A part of the rules. `name`: in the author's words; `span`: where it stands."""

    part: Part
    name: str
    span: Span
    covered: bool


@dataclass(frozen=True, slots=True)
class RemainingLine:
    """A line that takes what the other lines of its voucher leave; `bound`: the most, as text."""

    rule: str
    bound: str
    span: Span


@dataclass(frozen=True, slots=True)
class Coverage:
    """All parts of a rule book's rules, by kind and then in order of the rules.

    `remaining`: the lines whose amount no rule works out, whether or not a test asserts them.
    """

    items: tuple[CoverageItem, ...]
    remaining: tuple[RemainingLine, ...] = ()

    @property
    def uncovered(self) -> tuple[CoverageItem, ...]:
        """The parts that no passing test asserts."""
        return tuple(item for item in self.items if not item.covered)

    def count(self, part: Part) -> tuple[int, int]:
        """How many parts of a kind are covered, and how many there are."""
        own = [item.covered for item in self.items if item.part is part]
        return sum(own), len(own)

    def diagnostics(self) -> list[Diagnostic]:
        """A TP901 for every part that is not covered."""
        return [
            diagnose("TP901", item.span, f"no passing test asserts {item.name}")
            for item in self.uncovered
        ]


def measure_coverage(program: Program, observed: Iterable[Observed]) -> Coverage:
    """Counts what passing tests assert.

    Args:
        program: the rule book as compiled.
        observed: the events of the tests that passed, with what was expected of them.
    """
    covered: set[Key] = set()
    for event in observed:
        for index in event.rows:
            covered |= _asserted(program, event, index)
    items = [
        CoverageItem(key[0], name, span, key in covered) for key, name, span in _parts(program)
    ]
    order = list(Part)
    ordered = sorted(items, key=lambda item: order.index(item.part))
    return Coverage(tuple(ordered), tuple(_remaining(program)))


# --- What there is -----------------------------------------------------------------------


def _parts(program: Program) -> Iterator[tuple[Key, str, Span]]:
    """Every part with its name and place."""
    for place, table in enumerate(program.tables):
        for number, entry in enumerate(table.rows):
            name = f"row {number + 1} of {table.name}"
            yield (Part.ROW, (place, number)), name, entry.span
    for place, rule in enumerate(program.rules):
        yield (Part.RULE, (place,)), f"the rule {rule.name}", rule.span
        yield from _guards(rule, place)
        for number, voucher in enumerate(rule.vouchers):
            for count, line in enumerate(voucher.lines):
                name = f"the {_side(line)} line {count + 1} of rule {rule.name}"
                yield (Part.LINE, (place, number, count)), name, line.span
        for number, refusal in enumerate(rule.refusals):
            name = f"the refusal {refusal.code} of rule {rule.name}"
            yield (Part.REFUSAL, (place, number)), name, refusal.span
        for number, move in enumerate(rule.moves):
            for outcome, name in _outcomes(program, rule, move):
                yield (Part.BUDGET, (place, number, outcome)), name, move.span


def _remaining(program: Program) -> Iterator[RemainingLine]:
    for rule in program.rules:
        for voucher in rule.vouchers:
            scale = program.ledgers[voucher.ledger].scale
            for line in voucher.lines:
                if line.remaining_bound is not None:
                    bound = format_minor(line.remaining_bound, scale)
                    yield RemainingLine(rule.name, bound, line.span)


def _guards(rule: Rule, place: int) -> Iterator[tuple[Key, str, Span]]:
    guards = [(-1, rule.guard, f"of rule {rule.name}")]
    guards += [
        (number, voucher.guard, f"of voucher {number + 1} of rule {rule.name}")
        for number, voucher in enumerate(rule.vouchers)
    ]
    for number, guard, words in guards:
        if guard is not None:
            for side, name in ((1, "true"), (0, "false")):
                key = (Part.GUARD, (place, number, side))
                yield key, f"the guard {words} being {name}", rule.nodes[guard].span


def _outcomes(program: Program, rule: Rule, move: BudgetMove) -> Iterator[tuple[int, str]]:
    budget = program.budgets[move.budget]
    words = f"{move.act} on {budget.name} of rule {rule.name}"
    yield _PASSES, f"{words} passing"
    gives_back = move.amount is not None and rule.nodes[move.amount].high <= 0
    if move.act is Act.RELEASE or budget.control is Control.TRACK or gives_back:
        return
    must_post = program.event_types[rule.event_type].must_post
    if budget.control is Control.WARN or move.otherwise is Otherwise.WARN:
        if move.act is not Act.GRANT:
            yield _WARNS, f"{words} warning"
    elif not must_post:
        ending = "refusing" if move.otherwise is Otherwise.REJECT else "holding"
        yield _STOPS, f"{words} {ending} the event"


def _side(line: Line) -> str:
    return "debit" if line.side is Side.DEBIT else "credit"


# --- What is asserted --------------------------------------------------------------------


def _asserted(program: Program, event: Observed, index: int) -> set[Key]:
    """The parts of one rule that the expectations about one event assert."""
    rule, row = program.rules[index], event.rows[index]
    if not row.matched:
        return {(Part.GUARD, (index, -1, 0))} if event.whole and rule.guard is not None else set()
    if row.failure != NOT_FAILED:
        return _failed(event, index, rule, row)
    passed = event.result is not None and event.result.status in _ACCEPTED
    keys, roots = _lines(event, index, rule, row) if passed else (set(), [])
    if event.whole and passed:
        made = {voucher.plan for voucher in row.vouchers}
        for number, voucher in enumerate(rule.vouchers):
            if voucher.guard is not None and number not in made:
                keys.add((Part.GUARD, (index, number, 0)))
                roots.append((voucher.guard, -1))
    more, others = _moves(event, index, rule, passed=passed)
    keys |= more
    roots += others
    return _with_rule(index, rule, row, keys, roots)


def _with_rule(index: int, rule: Rule, row: RuleRow, keys: set[Key], roots: list[Root]) -> set[Key]:
    """Adds the rule itself, its guard being true, and the table rows read."""
    if not keys:
        return keys
    keys.add((Part.RULE, (index,)))
    if rule.guard is not None:
        keys.add((Part.GUARD, (index, -1, 1)))
        roots.append((rule.guard, -1))
    return keys | {(Part.ROW, place) for place in rows_read(rule, row, roots)}


def _failed(event: Observed, index: int, rule: Rule, row: RuleRow) -> set[Key]:
    """A refusal or a fault counts where it is the first one and the status was expected."""
    first = next(place for place, each in event.rows.items() if each.failure != NOT_FAILED)
    if not event.whole or first != index:
        return set()
    keys: set[Key] = {(Part.RULE, (index,))}
    roots: list[Root] = []
    if row.failure < 0:
        number = -1 - row.failure
        keys.add((Part.REFUSAL, (index, number)))
        roots.append((rule.refusals[number].condition, -1))
    elif 0 <= row.failed_node < len(rule.nodes):  # beyond the nodes: a check of a line
        roots.append((row.failed_node, EVERY))
    return _with_rule(index, rule, row, keys, roots)


def _lines(event: Observed, index: int, rule: Rule, row: RuleRow) -> tuple[set[Key], list[Root]]:
    """The lines that were expected, and the nodes of what stands on them."""
    keys: set[Key] = set()
    roots: list[Root] = []
    for voucher in row.vouchers:
        plan = rule.vouchers[voucher.plan]
        asserted = [
            (count, element)
            for count, element, *_ in voucher.lines
            if event.whole
            or LinePlace(rule.name, plan.lines[count].span.line, element) in event.lines
        ]
        for count, element in asserted:
            keys.add((Part.LINE, (index, voucher.plan, count)))
            roots += [(node, element) for node in _line_nodes(plan.lines[count])]
        if asserted and plan.guard is not None:
            keys.add((Part.GUARD, (index, voucher.plan, 1)))
            roots.append((plan.guard, -1))
    return keys, roots


def _line_nodes(line: Line) -> Iterator[int]:
    yield line.account
    yield line.amount
    if line.foreign is not None:
        yield from (line.foreign.currency, line.foreign.amount, line.foreign.rate)
    for dimension in line.dimensions:
        yield dimension.value
        if dimension.given is not None:
            yield dimension.given


def _moves(event: Observed, index: int, rule: Rule, *, passed: bool) -> tuple[set[Key], list[Root]]:
    """The budget outcomes that were expected, and the nodes their statements are made of."""
    keys: set[Key] = set()
    roots: list[Root] = []
    for number, move in enumerate(rule.moves):
        place = StatementPlace(rule.name, move.span.line)
        expected = {
            _PASSES: passed
            and (place in event.statements or (move.act is Act.CHECK and event.whole)),
            _STOPS: not passed and event.whole and place in event.stopped,
            _WARNS: passed and event.warnings and place in event.warned,
        }
        outcomes = [outcome for outcome, is_expected in expected.items() if is_expected]
        keys |= {(Part.BUDGET, (index, number, outcome)) for outcome in outcomes}
        if outcomes:
            roots += [(node, EVERY) for node in _move_nodes(move)]
    return keys, roots


def _move_nodes(move: BudgetMove) -> Sequence[int]:
    single = (move.amount, move.day, move.reference, move.group, move.until, move.guard)
    return [*move.keys, *(node for node in single if node is not None)]
