"""Binds a program to the process: text constants become codes, tables become look-ups."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from engine.currencies import CURRENCY_CODES, minor_unit
from engine.errors import InvariantBroken
from engine.evaluate.row_reader import RowReader
from engine.evaluate.tables import CompiledTable, compile_table
from engine.limits import MAX_LIST_ELEMENTS
from engine.program import EVENT_SHAPE, BudgetMove, Node, Op, Program, Rule
from engine.strings import BatchStrings, StringPool

#: Operations whose reads are recorded.
READING = frozenset(
    {
        Op.TABLE_ROW,
        Op.HAS_RECORD,
        Op.RECORD,
        Op.VERSION,
        Op.BALANCE,
        Op.BALANCE_UNTIL,
        Op.TARGET,
        Op.LEDGER_LIST,
        Op.DELTA,
    }
)

#: Operations that can fail or read state: they are evaluated whether or not anything uses them.
EFFECTS = READING | {Op.ROUND, Op.SPLIT, Op.REQUIRE}


@dataclass(slots=True)
class LinkedRule:
    """A rule with its text resolved.

    Attributes:
        index: of the rule in the program.
        data: per node its `data` with text as codes. CONST: int (flags as bool); IN: frozenset of
            codes; RECORD: (record, field, default or None); otherwise as in the program.
        needed: per node whether anything depends on its being evaluated.
        prepared: what the evaluators derive from the rule on first use, by evaluator.
    """

    index: int
    rule: Rule
    data: tuple[object, ...]
    needed: tuple[bool, ...]
    prepared: dict[str, object] = field(default_factory=dict)


class Readers(threading.local):
    """Readers by event type, each thread's own: a dry run must not take a commit's away."""

    def __init__(self) -> None:
        """Starts empty in every thread."""
        self.by_type: dict[int, RowReader] = {}


@dataclass(slots=True)
class LinkedProgram:
    """A program ready for both evaluators, for any batch begun after it was linked.

    Attributes:
        pool_size: length of the pool when linked; a batch must have begun with at least as much.
        empty: code of the empty text.
        rules_by_event: rule indices per event type, in program order.
        minor_units: code of every currency -> its smallest amount, raw at four decimals; empty
            where no rule asks and no line has a foreign part.
        readers: the last batch of each event type as the closures of a thread read it, kept
            until the next one of that type.
    """

    program: Program
    pool: StringPool
    pool_size: int
    empty: int
    tables: tuple[CompiledTable, ...]
    rules: tuple[LinkedRule, ...]
    rules_by_event: dict[int, tuple[int, ...]]
    minor_units: dict[int, int]
    readers: Readers = field(default_factory=Readers)

    def check_strings(self, strings: BatchStrings) -> None:
        """Raises InvariantBroken for a batch whose codes are not those of this program."""
        if strings.pool is not self.pool or strings.base < self.pool_size:
            raise InvariantBroken(
                "batch begun before the program was linked", strings.base, self.pool_size
            )


def link(program: Program, pool: StringPool) -> LinkedProgram:
    """Interns every text of the program into `pool` and prepares its tables and rules.

    Codes of a pool are stable, so that a program stays linked while the pool grows.
    """
    code = pool.intern
    empty = code("")
    for text in _declared_texts(program):
        code(text)
    tables = tuple(compile_table(table, code) for table in program.tables)
    rules = tuple(_link_rule(program, index, code) for index in range(len(program.rules)))
    by_event: dict[int, list[int]] = {index: [] for index in range(len(program.event_types))}
    for index, rule in enumerate(program.rules):
        by_event[rule.event_type].append(index)
    return LinkedProgram(
        program=program,
        pool=pool,
        pool_size=len(pool),
        empty=empty,
        tables=tables,
        rules=rules,
        rules_by_event={event: tuple(indices) for event, indices in by_event.items()},
        minor_units=_minor_units(program, code),
    )


def _declared_texts(program: Program) -> Iterator[str]:
    """Code values and defaults, which events bring again and again."""
    for values in program.codes.values():
        yield from values
    for event_type in program.event_types:
        lists = [fields for kept in event_type.lists.values() for fields in kept.fields]
        for declared in (*event_type.fields, *lists):
            yield from declared.codes
            if isinstance(declared.default, str):
                yield declared.default
    for table in program.tables:
        for domain in table.key_domains:
            yield from domain


def _minor_units(program: Program, code: Callable[[str], int]) -> dict[int, int]:
    asks = any(node.op is Op.MINOR_UNIT for rule in program.rules for node in rule.nodes)
    if not asks and not any(
        line.foreign is not None
        for rule in program.rules
        for voucher in rule.vouchers
        for line in voucher.lines
    ):
        return {}
    return {code(currency): minor_unit(currency) for currency in CURRENCY_CODES}


def _link_rule(program: Program, index: int, code: Callable[[str], int]) -> LinkedRule:
    """Resolves the nodes of a rule and checks what the evaluators rely on."""
    rule = program.rules[index]
    for at, node in enumerate(rule.nodes):
        if any(arg >= at for arg in node.args) or (node.active is not None and node.active >= at):
            raise InvariantBroken("node uses a later one", rule.name, at)
        if node.op is Op.LEDGER_LIST and (node.active is not None or at < rule.guard_count):
            raise InvariantBroken("list of the ledger under a condition", rule.name, at)
        if node.op is Op.DELTA and (node.shape != EVENT_SHAPE or at < rule.guard_count):
            raise InvariantBroken("delta of a list or in a guard", rule.name, at)
    if rule.guard is not None and rule.guard >= rule.guard_count:
        raise InvariantBroken("guard outside its nodes", rule.name, rule.guard)
    data = tuple(_resolve(program, node, code) for node in rule.nodes)
    return LinkedRule(index, rule, data, _needed(rule))


def _resolve(program: Program, node: Node, code: Callable[[str], int]) -> object:
    """A node's data with text as codes."""
    data = node.data
    if node.op is Op.CONST:
        return code(data) if isinstance(data, str) else data
    if node.op is Op.IN and isinstance(data, tuple):
        return frozenset(code(text) for text in data)
    if node.op is Op.RECORD and isinstance(data, tuple):
        record, position = data
        default = program.records[record].fields[position].default
        return record, position, code(default) if isinstance(default, str) else default
    return data


def sum_may_fail(rule: Rule, index: int) -> bool:
    """Whether a SUM may leave its static bounds, which may be narrower than what adds up."""
    node = rule.nodes[index]
    arg = rule.nodes[node.args[0]]
    low, high = min(arg.low, 0) * MAX_LIST_ELEMENTS, max(arg.high, 0) * MAX_LIST_ELEMENTS
    return low < node.low or high > node.high


def must_evaluate(rule: Rule, index: int) -> bool:
    """Whether a node can fail or reads state, and so counts even where nothing uses it."""
    node = rule.nodes[index]
    if node.op is Op.SUM:
        return sum_may_fail(rule, index)
    if node.op is Op.ROUND:
        divisor = rule.nodes[node.args[1]]
        return divisor.low <= 0 <= divisor.high
    return node.op in EFFECTS


def _needed(rule: Rule) -> tuple[bool, ...]:
    """Which nodes are roots, or arguments or conditions of needed nodes."""
    needed = [must_evaluate(rule, at) for at in range(len(rule.nodes))]
    for root in roots(rule):
        needed[root] = True
    for at in range(len(rule.nodes) - 1, -1, -1):
        if needed[at]:
            node = rule.nodes[at]
            for arg in node.args:
                needed[arg] = True
            if node.active is not None:
                needed[node.active] = True
    return tuple(needed)


def roots(rule: Rule) -> Iterator[int]:
    """The nodes that posting needs of the rule itself, some more than once."""
    if rule.guard is not None:
        yield rule.guard
    yield from rule.deltas
    for refusal in rule.refusals:
        yield refusal.condition
        yield from (part for part in refusal.message.parts if isinstance(part, int))
    for voucher in rule.vouchers:
        yield from (part for part in voucher.summary.parts if isinstance(part, int))
        if voucher.guard is not None:
            yield voucher.guard
        for line in voucher.lines:
            yield line.account
            yield line.amount
            for dimension in line.dimensions:
                yield dimension.value
                if dimension.given is not None:
                    yield dimension.given
            if line.foreign is not None:
                yield from (line.foreign.currency, line.foreign.amount, line.foreign.rate)
    for move in rule.moves:
        yield from _move_roots(move)


def _move_roots(move: BudgetMove) -> Iterator[int]:
    """The nodes that a budget statement refers to."""
    yield from move.keys
    single = (move.amount, move.day, move.reference, move.group, move.until, move.guard)
    yield from (node for node in (*single, move.roles, move.reason) if node is not None)
    if move.message is not None:
        yield from (part for part in move.message.parts if isinstance(part, int))
