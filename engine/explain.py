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

from engine.batch import TypedBatch
from engine.book import Book
from engine.calendar import iso_instant
from engine.calls import StoredEventView, VoucherView
from engine.columns import EffectBatch
from engine.decide.context import read_name
from engine.decide.plan import DecisionPlan, plan_program
from engine.decimals import format_minor
from engine.effects import READS, ReadKind
from engine.errors import InvariantBroken
from engine.evaluate import evaluate_row, explanation_text, trace_row
from engine.evaluate.outcome import Bools, Int64s, LedgerElements
from engine.explain_budgets import BudgetStep, budget_steps
from engine.explain_lines import ExplainedLine, explained_lines, made_voucher
from engine.explain_reads import find_writers
from engine.explain_sources import RuleSources, place_of
from engine.explain_tree import ExplainedStep, TreeMaker
from engine.explain_values import Values
from engine.program import EVENT_SHAPE, NO_DATE, Kind, Op, Rule
from engine.receive import receive_rows, type_rows
from engine.state.keys import Key, key_ints
from engine.state.ledger_lists import ledger_elements
from engine.strings import BatchStrings, StringPool


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

    Attributes:
        fields: of the event, as sent.
        rule_text, rule_place: its first line; FILE:LINE.
        published: who put the revision into force and when, "" where no log says so.
        guards: the conditions that held, of the rule and of the voucher.
        sentence: what the rule says for people without accounting, "" = nothing.
        chinese: whether the rule is written in Chinese, and so what is said about it.
        lines: in order.
        budgets: what the event moved and what nodes said, in log order.
    """

    voucher: VoucherView
    event: StoredEventView
    fields: Mapping[str, object]
    rule: str
    rule_text: str
    rule_place: str
    basis: str
    published: str
    guards: tuple[ExplainedStep, ...]
    sentence: str
    chinese: bool
    lines: tuple[ExplainedLine, ...]
    reads: tuple[ReadView, ...]
    budgets: tuple[BudgetStep, ...] = ()

    @property
    def recomputed(self) -> tuple[tuple[int, int] | None, ...]:
        """Debits and credits of the lines, evaluated again."""
        return tuple(line.recomputed for line in self.lines)

    @property
    def agrees(self) -> bool:
        """Whether what was recorded leads to every posted amount."""
        return all(line.agrees for line in self.lines)


def explain_voucher(book: Book, name: str) -> Explanation:
    """Explains a voucher by name, from the event and what was recorded with it.

    Raises:
        UnknownObject: there is none.
    """
    voucher = book.voucher(name)
    event = book.event(voucher.source, voucher.event_id)
    plan, pool = own_plan(book, voucher.revision)
    rule_index, rule = next(
        (index, rule)
        for index, rule in enumerate(plan.program.rules)
        if rule.name == voucher.rule and _kind(plan, rule) == event.type
    )
    _, effects = book.commit(voucher.seq)
    rows = _read_rows(effects, voucher)
    fields = msgspec.json.decode(event.content)
    recorded = _Recorded(rows, pool, plan)
    batch = typed_event(book, (plan, pool), rule.event_type, {"entity": voucher.entity, **fields})
    row = evaluate_row(plan.linked, rule_index, batch, 0, recorded)
    revision, sources = _revision(book, voucher.revision)
    trace = trace_row(plan.linked, rule_index, batch, 0, recorded)
    values = Values(plan.program, trace, batch, rule.chinese)
    tree = TreeMaker(plan, trace, values, sources, voucher.entity)
    tree.writers = find_writers(book, name, tree.wanted())
    made = made_voucher(plan, rule, row, voucher)
    guards = [rule.guard, rule.vouchers[made.plan].guard if made is not None else None]
    return Explanation(
        voucher=voucher,
        event=event,
        fields=fields,
        rule=rule.name,
        rule_text=sources.line(rule.span),
        rule_place=place_of(rule.span),
        basis=rule.basis,
        published=revision,
        guards=tuple(tree.root(guard, EVENT_SHAPE) for guard in guards if guard is not None),
        sentence=explanation_text(plan.linked, rule_index, batch, 0, recorded),
        chinese=rule.chinese,
        lines=explained_lines(tree, voucher, made),
        reads=tuple(_view(rule, read) for read in rows),
        budgets=budget_steps(book, (event.source, event.event_id), event.seq),
    )


def _revision(book: Book, revision: str) -> tuple[str, RuleSources]:
    """Who published a revision and when, and its text."""
    for view in book.revisions():
        if view.revision == revision:
            if not view.seq:
                return "", RuleSources(view.files)
            text = f"{view.principal}, #{view.seq}, {iso_instant(view.sealed_at_us)}"
            return text, RuleSources(view.files)
    return "", RuleSources(())


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

    def __init__(self, reads: list[_Read], pool: StringPool, plan: DecisionPlan) -> None:
        self._pool = pool
        self._plan = plan
        self._answers: dict[tuple[ReadKind, str, Key], int | None] = {}
        for read in reads:
            if read.kind is not ReadKind.TABLE_ROW:
                value = self._pool.intern(read.text) if read.text else read.number
                key = key_ints(read.key, self._pool.intern)
                self._answers[read.kind, read.name, key] = value if read.known else None

    def _ask(self, op: Op, data: object, key: Key) -> int | None:
        kind, name, _ = read_name(self._plan, op, data)
        return self._answers.get((kind, name, key))

    def record(self, record: int, field: int, key: tuple[int, ...]) -> int | None:
        """A recorded record value."""
        return self._ask(Op.RECORD, (record, field), key)

    def has_record(self, record: int, key: tuple[int, ...]) -> bool:
        """Whether the record was there: asked for, or a default stood in for a value of it."""
        kind, name, _ = read_name(self._plan, Op.HAS_RECORD, record)
        if (kind, name, key) in self._answers:
            return self._answers[kind, name, key] is not None
        # A value of a record that is not there would have left the event unposted.
        return any(
            kind is ReadKind.RECORD and own.startswith(f"{name}.") and at == key
            for kind, own, at in self._answers
        )

    def version(self, record: int, field: int, key: tuple[int, ...]) -> int:
        """A recorded day of a version."""
        found = self._ask(Op.VERSION, (record, field), key)
        return NO_DATE if found is None else found

    def balance(self, balance: int, key: tuple[int, ...]) -> int:
        """A recorded balance."""
        return self._ask(Op.BALANCE, balance, key) or 0

    def balance_until(self, balance: int, key: tuple[int, ...]) -> int:
        """A recorded balance up to a period."""
        return self._ask(Op.BALANCE_UNTIL, balance, key) or 0

    def ledger_list(self, index: int, key: tuple[int, ...]) -> LedgerElements:
        """The elements of a recorded list."""
        code = self._ask(Op.LEDGER_LIST, index, key)
        if code is None:
            raise InvariantBroken("a list of the ledger was not recorded", index, key)
        program = self._plan.program
        read = program.ledger_lists[index]
        return ledger_elements(program, read, self._pool.text(code), self._pool.intern)

    def target(self, target: int, key: tuple[int, ...]) -> int:
        """A recorded target value."""
        return self._ask(Op.DELTA, target, key) or 0

    def records(self, record: int, field: int, keys: tuple[Int64s, ...]) -> tuple[Int64s, Bools]:
        """Not asked for: explanations evaluate one event."""
        raise InvariantBroken("explanations evaluate one event", record, field)

    def have_records(self, record: int, keys: tuple[Int64s, ...]) -> Bools:
        """Not asked for."""
        raise InvariantBroken("explanations evaluate one event", record)

    def versions(self, record: int, field: int, keys: tuple[Int64s, ...]) -> Int64s:
        """Not asked for."""
        raise InvariantBroken("explanations evaluate one event", record, field)

    def balances(self, balance: int, keys: tuple[Int64s, ...]) -> Int64s:
        """Not asked for."""
        raise InvariantBroken("explanations evaluate one event", balance)

    def balances_until(self, balance: int, keys: tuple[Int64s, ...]) -> Int64s:
        """Not asked for."""
        raise InvariantBroken("explanations evaluate one event", balance)

    def targets(self, target: int, keys: tuple[Int64s, ...]) -> Int64s:
        """Not asked for."""
        raise InvariantBroken("explanations evaluate one event", target)


def own_plan(book: Book, revision: str) -> tuple[DecisionPlan, StringPool]:
    """A revision linked to a pool of its own: the book's may be in use by whoever decides."""
    pool = StringPool()
    return plan_program(book.program(revision), pool), pool


def typed_event(
    book: Book,
    plan: tuple[DecisionPlan, StringPool],
    event_type: int,
    fields: Mapping[str, object],
) -> TypedBatch:
    """An event as typed rows of its type, alone in a batch; `plan`: as of `own_plan`."""
    program, pool = plan[0].program, plan[1]
    received = receive_rows(
        [fields],
        pool,
        default_entity=book.default_entity,
        strings=BatchStrings(pool),
    )
    return type_rows(
        program.event_types[event_type],
        event_type,
        received,
        np.zeros(1, dtype=np.int64),
        strict=False,
    )


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
