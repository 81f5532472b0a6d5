"""Explains a posted voucher from the log alone: event, rule, revision, recorded reads.

The rule is evaluated again under the revision it was posted under, with every state it read
answered from the recorded reads; the amounts must meet the posted ones to the last unit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import numpy as np

from engine.book import Book
from engine.calls import StoredEventView, VoucherView
from engine.columns import EffectBatch
from engine.decide.context import read_name
from engine.decide.plan import DecisionPlan
from engine.decimals import format_minor
from engine.effects import READS, ReadKind
from engine.errors import InvariantBroken
from engine.evaluate import evaluate_row
from engine.evaluate.outcome import Bools, Int64s, RuleRow
from engine.explain_budgets import BudgetStep, budget_steps
from engine.program import Kind, NegativePolicy, Op, Rule, Side
from engine.receive import receive_rows, type_rows
from engine.state.keys import Key, key_ints
from engine.strings import BatchStrings


@dataclass(frozen=True, slots=True)
class ReadView:
    """A state the rule read: kind, name, key as JSON text, value as text, list element or -1.

    `place`: file and line of the reading expression. `known` False: nothing was there.
    """

    kind: str
    name: str
    key: str
    value: str
    known: bool
    element: int
    place: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a voucher is as it is.

    recomputed: debits and credits of its lines evaluated again, equal to the posted ones.
    budgets: what the event moved and what nodes said, in log order.
    """

    voucher: VoucherView
    event: StoredEventView
    fields: Mapping[str, object]
    rule: str
    rule_place: str
    basis: str
    reads: tuple[ReadView, ...]
    recomputed: tuple[tuple[int, int], ...]
    budgets: tuple[BudgetStep, ...] = ()


def explain_voucher(book: Book, name: str) -> Explanation:
    """Explains a voucher by name.

    Raises:
        UnknownObject: there is none. InvariantBroken: it does not follow from what was recorded.
    """
    voucher = book.voucher(name)
    event = book.event(voucher.source, voucher.event_id)
    plan = book.plan(voucher.revision)
    rule_index, rule = next(
        (index, rule)
        for index, rule in enumerate(plan.program.rules)
        if rule.name == voucher.rule and _kind(plan, rule) == event.type
    )
    _, effects = book.commit(voucher.seq)
    rows = _read_rows(effects, voucher)
    fields = msgspec.json.decode(event.content)
    recorded = _Recorded(rows, book, plan)
    row = _evaluate(book, (plan, rule_index), fields, event, recorded)
    recomputed = _lines(plan, rule, row, voucher)
    posted = tuple((line.debit, line.credit) for line in voucher.lines)
    if recomputed != posted:
        raise InvariantBroken("recorded reads do not lead to the posted amounts", name, recomputed)
    return Explanation(
        voucher=voucher,
        event=event,
        fields=fields,
        rule=rule.name,
        rule_place=f"{rule.span.file}:{rule.span.line}",
        basis=rule.basis,
        reads=tuple(_view(rule, read) for read in rows),
        recomputed=recomputed,
        budgets=budget_steps(book, (event.source, event.event_id), event.seq),
    )


@dataclass(frozen=True, slots=True)
class _Read:
    node: int
    element: int
    kind: ReadKind
    name: str
    key: str
    number: int
    text: str
    known: bool


def _kind(plan: DecisionPlan, rule: Rule) -> str:
    return plan.program.event_types[rule.event_type].wire


def _read_rows(effects: EffectBatch, voucher: VoucherView) -> list[_Read]:
    table = effects.tables.get(READS.name)
    if table is None:
        return []
    texts = {
        name: effects.text(READS.name, name)
        for name in ("source", "event_id", "rule", "name", "key", "text")
    }
    wanted = (voucher.source, voucher.event_id, voucher.rule)
    ints = {
        name: table.ints(name).tolist() for name in ("node", "element", "kind", "number", "known")
    }
    return [
        _Read(
            node=ints["node"][row],
            element=ints["element"][row],
            kind=ReadKind(ints["kind"][row]),
            name=texts["name"][row],
            key=texts["key"][row],
            number=ints["number"][row],
            text=texts["text"][row],
            known=bool(ints["known"][row]),
        )
        for row in range(table.count)
        if (texts["source"][row], texts["event_id"][row], texts["rule"][row]) == wanted
    ]


class _Recorded:
    """A StateView that answers from recorded reads, by what was asked and with which key."""

    def __init__(self, reads: list[_Read], book: Book, plan: DecisionPlan) -> None:
        self._pool = book.state.pool
        self._plan = plan
        self._answers: dict[tuple[str, Key], int | None] = {}
        for read in reads:
            if read.kind is not ReadKind.TABLE_ROW:
                value = self._pool.intern(read.text) if read.text else read.number
                key = key_ints(read.key, self._pool.intern)
                self._answers[read.name, key] = value if read.known else None

    def _ask(self, op: Op, data: object, key: Key) -> int | None:
        return self._answers.get((read_name(self._plan, op, data)[1], key))

    def record(self, record: int, field: int, key: tuple[int, ...]) -> int | None:
        """A recorded record value."""
        return self._ask(Op.RECORD, (record, field), key)

    def has_record(self, record: int, key: tuple[int, ...]) -> bool:
        """Whether the record was there: asked for, or a default stood in for a value of it."""
        name = read_name(self._plan, Op.HAS_RECORD, record)[1]
        if (name, key) in self._answers:
            return self._answers[name, key] is not None
        # A value of a record that is not there would have left the event unposted.
        return any(own.startswith(f"{name}.") and at == key for own, at in self._answers)

    def balance(self, balance: int, key: tuple[int, ...]) -> int:
        """A recorded balance."""
        return self._ask(Op.BALANCE, balance, key) or 0

    def target(self, target: int, key: tuple[int, ...]) -> int:
        """A recorded target value."""
        return self._ask(Op.DELTA, target, key) or 0

    def records(self, record: int, field: int, keys: tuple[Int64s, ...]) -> tuple[Int64s, Bools]:
        """Not asked for: explanations evaluate one event."""
        raise InvariantBroken("explanations evaluate one event", record, field)

    def have_records(self, record: int, keys: tuple[Int64s, ...]) -> Bools:
        """Not asked for."""
        raise InvariantBroken("explanations evaluate one event", record)

    def balances(self, balance: int, keys: tuple[Int64s, ...]) -> Int64s:
        """Not asked for."""
        raise InvariantBroken("explanations evaluate one event", balance)

    def targets(self, target: int, keys: tuple[Int64s, ...]) -> Int64s:
        """Not asked for."""
        raise InvariantBroken("explanations evaluate one event", target)


def _evaluate(
    book: Book,
    rule: tuple[DecisionPlan, int],
    fields: Mapping[str, object],
    event: StoredEventView,
    recorded: _Recorded,
) -> RuleRow:
    plan, rule_index = rule
    pool = book.state.pool
    received = receive_rows(
        [fields],
        pool,
        default_entity=book.default_entity,
        default_source=event.source,
        strings=BatchStrings(pool),
    )
    kind = plan.program.rules[rule_index].event_type
    batch = type_rows(
        plan.program.event_types[kind],
        kind,
        received,
        np.zeros(1, dtype=np.int64),
        strict=False,
    )
    return evaluate_row(plan.linked, rule_index, batch, 0, recorded)


def _lines(
    plan: DecisionPlan, rule: Rule, row: RuleRow, voucher: VoucherView
) -> tuple[tuple[int, int], ...]:
    """Debits and credits of the plan that made this voucher, as evaluated again."""
    for made in row.vouchers:
        declared = rule.vouchers[made.plan]
        ledger = plan.program.ledgers[declared.ledger]
        if ledger.wire != voucher.ledger or made.summary != voucher.summary:
            continue
        found = []
        for line_index, _element, _account, amount, _dimensions in made.lines:
            line = declared.lines[line_index]
            side, swaps = line.side, line.by_sign or ledger.negative is NegativePolicy.SWAP
            if swaps and amount < 0:
                found.append((0, -amount) if side is Side.DEBIT else (-amount, 0))
            else:
                found.append((amount, 0) if side is Side.DEBIT else (0, amount))
        if tuple(found) == tuple((line.debit, line.credit) for line in voucher.lines):
            return tuple(found)
    return ()


def _view(rule: Rule, read: _Read) -> ReadView:
    node = rule.nodes[read.node]
    value = read.text or str(read.number)
    if node.kind is Kind.NUMBER and read.kind is not ReadKind.TABLE_ROW:
        value = format_minor(read.number, node.scale)
    return ReadView(
        kind=read.kind.name.lower(),
        name=read.name,
        key=json.dumps(json.loads(read.key), ensure_ascii=False) if read.key else "",
        value=value if read.known else "",
        known=read.known,
        element=read.element,
        place=f"{node.span.file}:{node.span.line}",
    )
