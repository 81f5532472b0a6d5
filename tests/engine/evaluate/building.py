"""Builds programs, batches and state by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.batch import Column, ListColumn, TypedBatch
from engine.evaluate import LinkedProgram, link
from engine.evaluate.outcome import LedgerElements
from engine.program import (
    EVENT_SHAPE,
    NO_DATE,
    Account,
    BudgetMove,
    Dimension,
    EventType,
    Field,
    FieldType,
    Kind,
    Ledger,
    Line,
    LineDimension,
    ListType,
    Node,
    Op,
    Program,
    Refusal,
    RoundMode,
    Rule,
    Side,
    Span,
    Template,
    VoucherPlan,
)
from engine.strings import BatchStrings, StringPool

LIMIT = 10**15

_DTYPES = {
    FieldType.TEXT: np.int32,
    FieldType.PERIOD: np.int32,
    FieldType.DATE: np.int32,
    FieldType.FLAG: np.bool_,
    FieldType.NUMBER: np.int64,
}


def number(name: str, scale: int = 2, low: int = -LIMIT, high: int = LIMIT) -> Field:
    return Field(name, name, FieldType.NUMBER, scale=scale, low=low, high=high)


def text(name: str) -> Field:
    return Field(name, name, FieldType.TEXT)


def flag(name: str) -> Field:
    return Field(name, name, FieldType.FLAG)


def day(name: str) -> Field:
    return Field(name, name, FieldType.DATE)


def records(name: str) -> Field:
    return Field(name, name, FieldType.LIST)


@dataclass
class RuleMaker:
    """Collects the nodes of one rule; every method returns the new node's index."""

    event: EventType
    tables: Sequence[Any] = ()
    nodes: list[Node] = field(default_factory=list)

    def add(self, node: Node) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1

    def _index(self, name: str) -> int:
        return next(i for i, f in enumerate(self.event.fields) if f.name == name)

    def const(self, value: Any, kind: Kind = Kind.NUMBER, scale: int = 0) -> int:
        raw = int(value) if kind is Kind.NUMBER else 0
        return self.add(Node(Op.CONST, (), value, kind, scale=scale, low=raw, high=raw))

    def field(self, name: str) -> int:
        place = self._index(name)
        declared = self.event.fields[place]
        return self.add(_field_node(Op.FIELD, place, declared, EVENT_SHAPE))

    def given(self, name: str) -> int:
        return self.add(Node(Op.GIVEN, (), self._index(name), Kind.BOOL))

    def item(self, name: str, sub: str, op: Op = Op.ITEM) -> int:
        shape = self._index(name)
        fields = self.event.lists[shape].fields
        place = next(i for i, f in enumerate(fields) if f.name == sub)
        if op is Op.GIVEN_ITEM:
            return self.add(Node(op, (), (shape, place), Kind.BOOL, shape))
        return self.add(_field_node(op, (shape, place), fields[place], shape))

    def repeat(self, arg: int, name: str) -> int:
        node = self.nodes[arg]
        shape = self._index(name)
        return self.add(
            Node(Op.REPEAT, (arg,), None, node.kind, shape, node.scale, node.low, node.high)
        )

    def number(
        self, op: Op, *args: int, data: object = None, active: int | None = None, bound: Any = None
    ) -> int:
        """A NUMBER node with interval bounds worked out (or given as `bound`)."""
        nodes = [self.nodes[arg] for arg in args]
        low, high = bound or _bounds(op, nodes, data)
        shape = EVENT_SHAPE if op in {Op.SUM, Op.COUNT} else nodes[0].shape
        if op is Op.SPLIT:
            shape = nodes[1].shape
        scale = nodes[0].scale if nodes else 0
        return self.add(Node(op, args, data, Kind.NUMBER, shape, scale, low, high, active))

    def round(
        self, num: int, den: int, mode: RoundMode = RoundMode.HALF_AWAY, active: int | None = None
    ) -> int:
        return self.number(Op.ROUND, num, den, data=mode, active=active)

    def bool(self, op: Op, *args: int, data: object = None, active: int | None = None) -> int:
        shape = self.nodes[args[0]].shape if args else EVENT_SHAPE
        return self.add(Node(op, args, data, Kind.BOOL, shape, active=active))

    def select(self, condition: int, first: int, second: int) -> int:
        one, two = self.nodes[first], self.nodes[second]
        low, high = min(one.low, two.low), max(one.high, two.high)
        return self.add(
            Node(
                Op.SELECT,
                (condition, first, second),
                None,
                one.kind,
                self.nodes[condition].shape,
                one.scale,
                low,
                high,
            )
        )

    def text_of(self, arg: int, active: int | None = None) -> int:
        shape = self.nodes[arg].shape
        return self.add(Node(Op.TEXT_OF, (arg,), None, Kind.TEXT, shape, active=active))

    def last_part(self, arg: int) -> int:
        return self.add(Node(Op.LAST_PART, (arg,), None, Kind.TEXT, self.nodes[arg].shape))

    def table_row(self, table: int, *keys: int, active: int | None = None) -> int:
        shape = self.nodes[keys[0]].shape if keys else EVENT_SHAPE
        return self.add(Node(Op.TABLE_ROW, keys, table, Kind.NUMBER, shape, 0, -1, 10**6, active))

    def table_cell(self, row: int, output: int) -> int:
        table = self.nodes[row].data
        assert isinstance(table, int)
        declared = self.tables[table]
        kind, shape = declared.output_kinds[output], self.nodes[row].shape
        raws = [r.outputs[output] for r in declared.rows if kind is Kind.NUMBER] or [0]
        return self.add(
            Node(
                Op.TABLE_CELL, (row,), (table, output), kind, shape,
                declared.output_scales[output], min(raws), max(raws),
            )
        )  # fmt: skip

    def state(
        self,
        op: Op,
        data: object,
        *args: int,
        kind: Kind = Kind.NUMBER,
        active: int | None = None,
        bound: tuple[int, int] = (-LIMIT * 100, LIMIT * 100),
    ) -> int:
        shape = self.nodes[args[0]].shape if args else EVENT_SHAPE
        return self.add(Node(op, args, data, kind, shape, 2, *bound, active))

    def line(
        self,
        side: Side,
        account: int,
        amount: int,
        *dimensions: tuple[int, int] | tuple[int, int, int],
    ) -> Line:
        return Line(
            side,
            account,
            amount,
            tuple(LineDimension(*found) for found in dimensions),
            self.nodes[amount].shape,
            Span("rule.tp", 1),
        )

    def voucher(
        self, *lines: Line, summary: Template | None = None, guard: int | None = None
    ) -> VoucherPlan:
        return VoucherPlan(0, "记", summary or Template(("凭证",)), guard, lines, Span())

    def rule(
        self,
        *vouchers: VoucherPlan,
        guard: int | None = None,
        guard_count: int = 0,
        refusals: tuple[Refusal, ...] = (),
        moves: tuple[BudgetMove, ...] = (),
    ) -> Rule:
        deltas = tuple(i for i, node in enumerate(self.nodes) if node.op is Op.DELTA)
        return Rule(
            "规则", 0, NO_DATE, NO_DATE, tuple(self.nodes), guard, guard_count, refusals,
            deltas, vouchers, (0,), "", Span(), moves,
        )  # fmt: skip


def _field_node(op: Op, data: object, declared: Field, shape: int) -> Node:
    kinds = {
        FieldType.TEXT: Kind.TEXT,
        FieldType.PERIOD: Kind.TEXT,
        FieldType.DATE: Kind.DATE,
        FieldType.FLAG: Kind.BOOL,
        FieldType.NUMBER: Kind.NUMBER,
    }
    # An absent field is 0, so that its bounds hold 0.
    low, high = min(declared.low, 0), max(declared.high, 0)
    if not declared.optional:
        low, high = declared.low, declared.high
    return Node(op, (), data, kinds[declared.type], shape, declared.scale, low, high)


def _bounds(op: Op, nodes: list[Node], data: object) -> tuple[int, int]:
    pairs = [(node.low, node.high) for node in nodes]
    match op:
        case Op.ADD:
            return pairs[0][0] + pairs[1][0], pairs[0][1] + pairs[1][1]
        case Op.SUB:
            return pairs[0][0] - pairs[1][1], pairs[0][1] - pairs[1][0]
        case Op.MUL:
            products = [a * b for a in pairs[0] for b in pairs[1]]
            return min(products), max(products)
        case Op.NEG:
            return -pairs[0][1], -pairs[0][0]
        case Op.MIN | Op.MAX | Op.SELECT:
            return min(p[0] for p in pairs), max(p[1] for p in pairs)
        case Op.SHIFT:
            assert isinstance(data, int)
            return pairs[0][0] * 10**data, pairs[0][1] * 10**data
        case Op.SUM:
            return min(pairs[0][0] * 10_000, 0), max(pairs[0][1] * 10_000, 0)
        case Op.COUNT:
            return 0, 10_000
    top = max(abs(p) for p in pairs[0])
    if op is Op.ROUND and pairs[1][0] > 0:
        top = top // pairs[1][0] + 1
    return -top, top


def program(event: EventType, *rules: Rule, **parts: Any) -> Program:
    """A program with one ledger and a few accounts; `parts` replace or add others."""
    defaults: dict[str, Any] = {
        "revision": "0" * 64,
        "language_version": 1,
        "name": "book",
        "ledgers": (Ledger("法定账", "GL", "CNY", 2),),
        "dimensions": (Dimension("部门", "department"), Dimension("客户", "customer")),
        "accounts": tuple(Account(f"科目{n}", f"100{n}", f"科目{n}", True) for n in range(5)),
        "event_types": (event,),
        "tables": (),
        "records": (),
        "targets": (),
        "balances": (),
        "rules": rules,
    }
    return Program(**(defaults | parts))


def linked(found: Program) -> LinkedProgram:
    return link(found, StringPool())


def batch(
    own: LinkedProgram, events: Sequence[Mapping[str, Any]], strings: BatchStrings | None = None
) -> TypedBatch:
    """A typed batch of raw values; None and missing keys are absent."""
    strings = BatchStrings(own.pool) if strings is None else strings
    event = own.program.event_types[0]
    columns: list[Column | ListColumn] = []
    for place, declared in enumerate(event.fields):
        values = [found.get(declared.name) for found in events]
        if declared.type is FieldType.LIST:
            columns.append(_list_column(event.lists[place], values, strings))
        else:
            columns.append(_column(declared, values, strings))
    count = len(events)
    return TypedBatch(
        event_type=0,
        rows=np.arange(count, dtype=np.int64),
        entities=strings.codes([found.get("entity", "E") for found in events]),
        dates=np.zeros(count, dtype=np.int32),
        columns=tuple(columns),
        strings=strings,
    )


def _column(declared: Field, values: Sequence[Any], strings: BatchStrings) -> Column:
    given = np.array([value is not None for value in values], dtype=np.bool_)
    if declared.default is not None:
        values = [declared.default if value is None else value for value in values]
    if declared.type in {FieldType.TEXT, FieldType.PERIOD}:
        return Column(strings.codes(values), given)
    dtype = _DTYPES[declared.type]
    return Column(np.array([value or 0 for value in values], dtype=dtype), given)


def _list_column(kept: ListType, values: Sequence[Any], strings: BatchStrings) -> ListColumn:
    lists = [value or [] for value in values]
    offsets = np.zeros(len(lists) + 1, dtype=np.int64)
    offsets[1:] = np.cumsum([len(found) for found in lists])
    columns = tuple(
        _column(f, [element.get(f.name) for found in lists for element in found], strings)
        for f in kept.fields
    )
    given = np.array([value is not None for value in values], dtype=np.bool_)
    return ListColumn(offsets, columns, given)


Key = tuple[int, ...]


@dataclass
class FakeState:
    """State in dictionaries: (index, key) -> value, records (index, field, key) -> value."""

    kept_records: dict[tuple[int, int, Key], int] = field(default_factory=dict)
    written: set[tuple[int, Key]] = field(default_factory=set)
    kept_balances: dict[tuple[int, Key], int] = field(default_factory=dict)
    kept_targets: dict[tuple[int, Key], int] = field(default_factory=dict)
    kept_versions: dict[tuple[int, int, Key], list[int]] = field(default_factory=dict)
    kept_lists: dict[tuple[int, Key], LedgerElements] = field(default_factory=dict)

    def record(self, record: int, field: int, key: Key) -> int | None:
        return self.kept_records.get((record, field, key))

    def has_record(self, record: int, key: Key) -> bool:
        return (record, key) in self.written

    def version(self, record: int, field: int, key: Key) -> int:
        days = self.kept_versions.get((record, field, key[:-1]), [])
        # Random templates print every date, so that none may be missing here.
        return max((day for day in days if day <= key[-1]), default=0)

    def balance(self, balance: int, key: Key) -> int:
        return self.kept_balances.get((balance, key), 0)

    def balance_until(self, balance: int, key: Key) -> int:
        kept = self.kept_balances.items()
        return sum(
            value
            for (own, other), value in kept
            if own == balance and other[:-1] == key[:-1] and other[-1] <= key[-1]
        )

    def ledger_list(self, index: int, key: Key) -> Any:
        return self.kept_lists.get((index, key), LedgerElements([], [], [], [], ([],), 0))

    def balances_until(self, balance: int, keys: Any) -> Any:
        found = [self.balance_until(balance, key) for key in rows_of(keys)]
        return np.array(found, dtype=np.int64)

    def target(self, target: int, key: Key) -> int:
        return self.kept_targets.get((target, key), 0)

    def records(self, record: int, field: int, keys: Any) -> Any:
        found = [self.record(record, field, key) for key in rows_of(keys)]
        known = np.array([value is not None for value in found], dtype=np.bool_)
        return np.array([77 if v is None else v for v in found], dtype=np.int64), known

    def have_records(self, record: int, keys: Any) -> Any:
        return np.array([self.has_record(record, key) for key in rows_of(keys)], dtype=np.bool_)

    def versions(self, record: int, field: int, keys: Any) -> Any:
        found = [self.version(record, field, key) for key in rows_of(keys)]
        return np.array(found, dtype=np.int64)

    def balances(self, balance: int, keys: Any) -> Any:
        return np.array([self.balance(balance, key) for key in rows_of(keys)], dtype=np.int64)

    def targets(self, target: int, keys: Any) -> Any:
        return np.array([self.target(target, key) for key in rows_of(keys)], dtype=np.int64)


def rows_of(keys: Any) -> list[Key]:
    assert all(key.dtype == np.int64 for key in keys)
    return list(zip(*(key.tolist() for key in keys), strict=True))
