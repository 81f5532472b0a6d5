"""Dependency levels: which events of a batch must wait for which earlier ones.

An event waits only for earlier events that write a key it reads. Write sets are over-approximated
from the program: every account a line can have times its key expressions; a key that is not known
from the event alone stands for all keys. Two events of one level never depend on each other,
except through a target that the same rule scans in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from engine.batch import Column, ListColumn, TypedBatch
from engine.decide.plan import DecisionPlan, in_force, possible_accounts
from engine.program import CURRENCY_AXIS, EVENT_SHAPE, Node, Op, Program, Rule

Int64s = npt.NDArray[np.int64]

#: Multiplier of the key hash; equal hashes of different keys only cost a level.
_MIX = 0x9E3779B97F4A7C15 - 2**64


#: Added to the kind of an access whose key is not known: it touches every key of its state.
_WILD = 8


class Access(IntEnum):
    """How an event touches a key."""

    READ = 0
    ADD = 1  # commutes with other adds
    SET = 2  # the later one wins
    SCAN = 3  # delta: reads and sets, scanned in order inside one rule
    IN_ORDER = 4  # budgets: decided in event order within a level, whatever the key


@dataclass(frozen=True, slots=True)
class _Touch:
    """One access of a rule: state id, kind, and key nodes (None = any key)."""

    state: int
    access: Access
    key: tuple[int, ...] | None
    with_entity: bool


def levels_of(
    plan: DecisionPlan, batches: Mapping[int, TypedBatch], count: int
) -> npt.NDArray[np.int32]:
    """Level of each event of a run, int32[count], 0 = waits for none.

    Args:
        plan: the program.
        batches: event type index -> its typed rows; TypedBatch.rows are positions below `count`.
        count: number of events in the run.
    """
    rows: list[Int64s] = []
    hashes: list[Int64s] = []
    states: list[Int64s] = []
    kinds: list[Int64s] = []
    rules: list[Int64s] = []
    for event_type, batch in batches.items():
        for rule_index, touch, positions, keys in _accesses(plan, event_type, batch):
            rows.append(positions)
            hashes.append(keys)
            size = len(positions)
            states.append(np.full(size, touch.state, dtype=np.int64))
            wild = _WILD if touch.key is None else 0
            kinds.append(np.full(size, int(touch.access) + wild, dtype=np.int64))
            rules.append(np.full(size, rule_index, dtype=np.int64))
    if not rows:
        return np.zeros(count, dtype=np.int32)
    all_rows, all_hashes = np.concatenate(rows), np.concatenate(hashes)
    all_states, all_kinds = np.concatenate(states), np.concatenate(kinds)
    all_rules = np.concatenate(rules)
    kept = _contended(all_hashes, all_states, all_kinds)
    order = np.argsort(all_rows[kept], kind="stable")
    columns = (all_rows, all_hashes, all_states, all_kinds, all_rules)
    return _settle(count, _Accesses(*(column[kept][order].tolist() for column in columns)))


def _contended(hashes: Int64s, states: Int64s, kinds: Int64s) -> npt.NDArray[np.bool_]:
    """Accesses that can matter: their key is touched more than once and not only added to.

    Whole states with a wildcard access are kept as they are.
    """
    wild_states = np.unique(states[kinds >= _WILD])
    _, inverse, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    waits = np.zeros(len(counts), dtype=np.bool_)
    waits[inverse[(kinds & 7) != int(Access.ADD)]] = True
    kept: npt.NDArray[np.bool_] = waits[inverse] & (counts[inverse] > 1)
    return kept | np.isin(states, wild_states)


@dataclass(frozen=True, slots=True)
class _Accesses:
    """Contended accesses in event order, as lists of equal length."""

    rows: list[int]
    hashes: list[int]
    states: list[int]
    kinds: list[int]
    rules: list[int]


class _Walk:
    """Levels of writers and readers so far, per key and per whole state."""

    def __init__(self, accesses: _Accesses) -> None:
        self.accesses = accesses
        self.writer: dict[int, int] = {}
        self.reader: dict[int, int] = {}
        self.scanner: dict[int, tuple[int, int]] = {}
        self.state_writer: dict[int, int] = {}
        self.state_reader: dict[int, int] = {}
        self.any_writer: dict[int, int] = {}
        self.any_reader: dict[int, int] = {}

    def level_after(self, index: int) -> int:
        """The lowest level at which an access may stand after the events before it."""
        accesses = self.accesses
        key, state, kind = accesses.hashes[index], accesses.states[index], accesses.kinds[index]
        access, wild = kind & 7, kind >= _WILD
        if wild:
            after, read = self.state_writer.get(state, -1), self.state_reader.get(state, -1)
        else:
            after = max(self.writer.get(key, -1), self.any_writer.get(state, -1))
            read = max(self.reader.get(key, -1), self.any_reader.get(state, -1))
        if access == Access.ADD:
            return read
        if access == Access.IN_ORDER:
            return max(after, 0)
        if access == Access.SET:
            return max(after + 1, read)
        if access == Access.READ:
            return after + 1
        # Whoever read it before stands at a lower level: rules of one level are evaluated in turn.
        scanned = (after, accesses.rules[index])
        if not wild and self.scanner.get(key) == scanned:
            return max(after, read + 1)
        return max(after, read) + 1

    def note(self, index: int, level: int) -> None:
        """Remembers an access of an event that stands at `level`."""
        accesses = self.accesses
        key, state, kind = accesses.hashes[index], accesses.states[index], accesses.kinds[index]
        access, wild = kind & 7, kind >= _WILD
        if access == Access.READ:
            self._raise(self.state_reader, state, level)
            self._raise(*((self.any_reader, state) if wild else (self.reader, key)), level)
        if access != Access.READ:
            self._raise(self.state_writer, state, level)
            self._raise(*((self.any_writer, state) if wild else (self.writer, key)), level)
        if access == Access.SCAN:
            self.scanner[key] = (level, accesses.rules[index])

    @staticmethod
    def _raise(table: dict[int, int], place: int, level: int) -> None:
        if table.get(place, -1) < level:
            table[place] = level


def _settle(count: int, accesses: _Accesses) -> npt.NDArray[np.int32]:
    """Walks the contended accesses in event order.

    A Python loop: each event's level depends on the levels of the events before it.
    """
    levels = np.zeros(count, dtype=np.int32)
    walk = _Walk(accesses)
    rows, start = accesses.rows, 0
    while start < len(rows):
        end = start
        while end < len(rows) and rows[end] == rows[start]:
            end += 1
        level = max(0, *(walk.level_after(index) for index in range(start, end)))
        for index in range(start, end):
            walk.note(index, level)
        levels[rows[start]] = level
        start = end
    return levels


def _accesses(
    plan: DecisionPlan, event_type: int, batch: TypedBatch
) -> Iterator[tuple[int, _Touch, Int64s, Int64s]]:
    """Rule, touch, event positions and key hashes of everything the type's rules touch."""
    program = plan.program
    for rule_index in plan.rules[event_type]:
        rule = program.rules[rule_index]
        if not any(in_force(rule, day) for day in _date_range(batch)):
            continue
        for touch in _rule_touches(plan, rule):
            yield rule_index, touch, *_positions(rule, touch, batch)
    for record, source in plan.record_sources.get(event_type, ()):
        touch = _Touch(_record_state(program, record), Access.SET, (), False)
        columns = [_event_values(batch, index) for index in source.keys]
        yield -1, touch, batch.rows, _hash(touch, columns, len(batch.rows))


def _date_range(batch: TypedBatch) -> Sequence[int]:
    return sorted(set(batch.dates.tolist())) if len(batch.dates) else ()


def _record_state(program: Program, record: int) -> int:
    return len(program.balances) + record


def _budget_state(program: Program) -> int:
    """One state for all budgets: a reference may stand at any node, and nodes share those above."""
    return len(program.balances) + len(program.records) + len(program.targets)


def _target_state(program: Program, target: int) -> int:
    return len(program.balances) + len(program.records) + target


def _rule_touches(plan: DecisionPlan, rule: Rule) -> Iterator[_Touch]:
    program = plan.program
    if rule.moves:
        yield _Touch(_budget_state(program), Access.IN_ORDER, (), False)
    for node in rule.nodes:
        if node.op in (Op.BALANCE, Op.BALANCE_UNTIL) and isinstance(node.data, int):
            keys = node.args[: len(program.balances[node.data].dimensions)]
            yield _Touch(node.data, Access.READ, _static(rule, keys), True)
        elif node.op is Op.RECORD and isinstance(node.data, tuple):
            state = _record_state(program, int(node.data[0]))
            yield _Touch(state, Access.READ, _static(rule, _keys(program, node)), False)
        elif node.op is Op.HAS_RECORD and isinstance(node.data, int):
            state = _record_state(program, node.data)
            yield _Touch(state, Access.READ, _static(rule, _keys(program, node)), False)
        elif node.op is Op.LEDGER_LIST and isinstance(node.data, int):
            read = program.ledger_lists[node.data]
            keys = node.args[: len(program.balances[read.debits].dimensions)]
            for balance in (read.debits, read.credits):
                yield _Touch(balance, Access.READ, _static(rule, keys), True)
        elif node.op is Op.TARGET and isinstance(node.data, int):
            state = _target_state(program, node.data)
            yield _Touch(state, Access.READ, _static(rule, node.args), True)
        elif node.op is Op.DELTA and isinstance(node.data, int):
            state = _target_state(program, node.data)
            yield _Touch(state, Access.SCAN, _static(rule, node.args[:-1]), True)
    for voucher in rule.vouchers:
        for line in voucher.lines:
            accounts = possible_accounts(program, rule.nodes[line.account])
            balances = {
                write.balance
                for account in accounts
                for write in plan.writes.get((voucher.ledger, account), ())
            }
            values = {dimension.dimension: dimension.value for dimension in line.dimensions}
            if line.foreign is not None:
                values[CURRENCY_AXIS] = line.foreign.currency
            for balance in sorted(balances):
                wanted = program.balances[balance].dimensions
                if any(index not in values for index in wanted):
                    continue  # the line cannot carry the key
                key = _static(rule, tuple(values[index] for index in wanted))
                yield _Touch(balance, Access.ADD, key, True)


def _keys(program: Program, node: Node) -> tuple[int, ...]:
    """The keys of a record that is read: writing any of its versions is waited for."""
    record = node.data[0] if isinstance(node.data, tuple) else node.data
    dated = isinstance(record, int) and program.records[record].dated
    return node.args[:-1] if dated else node.args


def _static(rule: Rule, args: Sequence[int]) -> tuple[int, ...] | None:
    """The key nodes if all are known from the event alone, else None."""
    for arg in args:
        node = rule.nodes[arg]
        while node.op is Op.REPEAT:
            node = rule.nodes[node.args[0]]
        if node.op not in (Op.FIELD, Op.ITEM, Op.CONST):
            return None
        if node.op is Op.CONST and isinstance(node.data, str):
            return None
    return tuple(args)


def _positions(rule: Rule, touch: _Touch, batch: TypedBatch) -> tuple[Int64s, Int64s]:
    """Event positions (repeated per list element where the key is list-shaped) and hashes."""
    if touch.key is None:
        return batch.rows, _hash(touch, [], len(batch.rows))
    shape = max((rule.nodes[arg].shape for arg in touch.key), default=EVENT_SHAPE)
    if shape == EVENT_SHAPE:
        columns = [_node_values(rule, arg, batch) for arg in touch.key]
        if touch.with_entity:
            columns.insert(0, batch.entities.astype(np.int64))
        return batch.rows, _hash(touch, columns, len(batch.rows))
    lists = batch.columns[shape]
    if not isinstance(lists, ListColumn):
        return batch.rows, _hash(touch, [], len(batch.rows))
    sizes = np.diff(lists.offsets)
    columns = []
    for arg in touch.key:
        values = _node_values(rule, arg, batch)
        is_item = rule.nodes[arg].shape == shape and rule.nodes[arg].op is not Op.REPEAT
        columns.append(values if is_item else np.repeat(values, sizes))
    if touch.with_entity:
        columns.insert(0, np.repeat(batch.entities.astype(np.int64), sizes))
    positions = np.repeat(batch.rows, sizes)
    return positions, _hash(touch, columns, len(positions))


def _node_values(rule: Rule, arg: int, batch: TypedBatch) -> Int64s:
    """Event- or element-long values of a static key node; a REPEAT's are those of its event."""
    node = rule.nodes[arg]
    while node.op is Op.REPEAT:
        node = rule.nodes[node.args[0]]
    if node.op is Op.CONST:
        constant = node.data if isinstance(node.data, int) else 0
        return np.full(len(batch.rows), constant, dtype=np.int64)
    if node.op is Op.ITEM and isinstance(node.data, tuple):
        lists = batch.columns[int(node.data[0])]
        if isinstance(lists, ListColumn):
            return lists.fields[int(node.data[1])].values.astype(np.int64)
    if isinstance(node.data, int):
        return _event_values(batch, node.data)
    return np.zeros(len(batch.rows), dtype=np.int64)


def _event_values(batch: TypedBatch, index: int) -> Int64s:
    column = batch.columns[index]
    if isinstance(column, Column):
        return column.values.astype(np.int64)
    return np.zeros(len(batch.rows), dtype=np.int64)


def _hash(touch: _Touch, columns: list[Int64s], size: int) -> Int64s:
    """64-bit mix of the state id and the key columns; wraps by design."""
    total = np.full(size, touch.state + 1, dtype=np.int64)
    with np.errstate(over="ignore"):
        for column in columns:
            total = (total ^ column) * np.int64(_MIX)
            total ^= total >> np.int64(29)
    return total
