"""A linked program laid out for deciding: codes of names, state writes, rules by event type.

Made once per revision and book, before any batch, so that every code lies in the pool.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.evaluate import LinkedProgram, link
from engine.program import (
    NO_DATE,
    BalanceMeasure,
    NegativePolicy,
    Node,
    Op,
    Program,
    RecordSource,
    Rule,
)
from engine.state.balances import BalanceSpec
from engine.strings import StringPool


@dataclass(frozen=True, slots=True)
class VoucherCodes:
    """What is constant for one voucher plan of a rule. Names are pool codes."""

    ledger: int
    ledger_code: int
    word_code: int
    currency_code: int
    scale: int
    swap_negative: bool


@dataclass(frozen=True, slots=True)
class BalanceWrite:
    """A running balance that lines of an account in a ledger move.

    `balance`: index into Program.balances; `measure`: what it adds up; `debit_sign`: +1 where a
    debit raises NET.
    """

    balance: int
    debit_sign: int
    measure: BalanceMeasure


@dataclass(slots=True)
class DecisionPlan:
    """Everything about a program that deciding needs and that no event changes.

    Attributes:
        program, linked: the program, and its evaluators.
        specs: one BalanceSpec per Program.balances.
        type_index: pool code of a wire type -> index into Program.event_types.
        rules: event type index -> rule indices in order.
        rule_codes, account_codes, account_names, dimension_wires: by index.
        vouchers: rule index -> plan -> VoucherCodes.
        writes: (ledger, account index) -> balances its lines move.
        record_sources: event type index -> (record index, source).
        sequential_types: event types of which a rule reads or writes a target that an earlier one
            writes.
        review_roles: rule index -> role in which its vouchers are reviewed, -1 = any or none.
    """

    program: Program
    linked: LinkedProgram
    specs: tuple[BalanceSpec, ...]
    type_index: dict[int, int]
    rules: dict[int, tuple[int, ...]]
    rule_codes: npt.NDArray[np.int32]
    account_codes: npt.NDArray[np.int32]
    account_names: npt.NDArray[np.int32]
    dimension_wires: tuple[str, ...]
    revision_code: int
    vouchers: tuple[tuple[VoucherCodes, ...], ...]
    writes: dict[tuple[int, int], tuple[BalanceWrite, ...]]
    record_sources: dict[int, tuple[tuple[int, RecordSource], ...]]
    sequential_types: frozenset[int]
    review_roles: npt.NDArray[np.int32]

    @property
    def reads_state(self) -> bool:
        """Whether any rule reads balances, records or targets."""
        return bool(self.program.balances or self.program.records or self.program.targets)


def plan_program(program: Program, pool: StringPool) -> DecisionPlan:
    """Links a program to a book's string pool and lays it out for deciding."""
    linked = link(program, pool)
    rules: dict[int, list[int]] = {index: [] for index in range(len(program.event_types))}
    for index, rule in enumerate(program.rules):
        rules[rule.event_type].append(index)
    return DecisionPlan(
        program=program,
        linked=linked,
        specs=tuple(BalanceSpec.of(program, balance) for balance in program.balances),
        type_index={pool.intern(kind.wire): i for i, kind in enumerate(program.event_types)},
        rules={index: tuple(found) for index, found in rules.items()},
        rule_codes=_codes(pool, [rule.name for rule in program.rules]),
        account_codes=_codes(pool, [account.code for account in program.accounts]),
        account_names=_codes(pool, [account.name for account in program.accounts]),
        dimension_wires=tuple(dimension.wire for dimension in program.dimensions),
        revision_code=pool.intern(program.revision),
        vouchers=tuple(_voucher_codes(program, rule, pool) for rule in program.rules),
        writes=_balance_writes(program),
        record_sources=_record_sources(program),
        sequential_types=_sequential_types(program, rules),
        review_roles=np.array(
            [pool.intern(rule.review) if rule.review else -1 for rule in program.rules],
            dtype=np.int32,
        ),
    )


def in_force(rule: Rule, day: int) -> bool:
    """Whether a rule applies to events of a business date."""
    return (rule.valid_from == NO_DATE or rule.valid_from <= day) and (
        rule.valid_until == NO_DATE or day <= rule.valid_until
    )


def possible_accounts(program: Program, node: Node) -> Sequence[int]:
    """Every account a line's account node can give."""
    if node.op is Op.CONST and isinstance(node.data, int):
        return (node.data,)
    if node.op is Op.TABLE_CELL and isinstance(node.data, tuple):
        table, output = int(node.data[0]), int(node.data[1])
        return [int(row.outputs[output]) for row in program.tables[table].rows]
    if node.op is Op.COLUMN and isinstance(node.data, tuple):
        return program.ledger_lists[int(node.data[0])].accounts
    return range(len(program.accounts))


def _codes(pool: StringPool, texts: list[str]) -> npt.NDArray[np.int32]:
    return np.array([pool.intern(text) for text in texts], dtype=np.int32)


def _voucher_codes(program: Program, rule: Rule, pool: StringPool) -> tuple[VoucherCodes, ...]:
    result = []
    for plan in rule.vouchers:
        ledger = program.ledgers[plan.ledger]
        result.append(
            VoucherCodes(
                ledger=plan.ledger,
                ledger_code=pool.intern(ledger.wire),
                word_code=pool.intern(plan.word),
                currency_code=pool.intern(ledger.currency),
                scale=ledger.scale,
                swap_negative=ledger.negative is NegativePolicy.SWAP,
            )
        )
    return tuple(result)


def _balance_writes(program: Program) -> dict[tuple[int, int], tuple[BalanceWrite, ...]]:
    """Accounts that share a code move the same balance, whichever role a line names."""
    by_code: dict[str, list[int]] = {}
    for index, account in enumerate(program.accounts):
        by_code.setdefault(account.code, []).append(index)
    writes: dict[tuple[int, int], list[BalanceWrite]] = {}
    for index, balance in enumerate(program.balances):
        sign = 1 if program.is_debit_side(balance.accounts) else -1
        codes = {program.accounts[account].code for account in balance.accounts}
        for code in sorted(codes):
            for own in by_code[code]:
                writes.setdefault((balance.ledger, own), []).append(
                    BalanceWrite(index, sign, balance.measure)
                )
    return {key: tuple(found) for key, found in writes.items()}


def _record_sources(program: Program) -> dict[int, tuple[tuple[int, RecordSource], ...]]:
    sources: dict[int, list[tuple[int, RecordSource]]] = {}
    for index, record in enumerate(program.records):
        for source in record.sources:
            sources.setdefault(source.event_type, []).append((index, source))
    return {key: tuple(found) for key, found in sources.items()}


def _sequential_types(program: Program, rules: dict[int, list[int]]) -> frozenset[int]:
    found = set()
    for event_type, indices in rules.items():
        seen: set[object] = set()
        for index in indices:
            rule = program.rules[index]
            targets = {rule.nodes[node].data for node in rule.deltas}
            read = {node.data for node in rule.nodes if node.op is Op.TARGET}
            if (targets | read) & seen:
                found.add(event_type)
            seen |= targets
    return frozenset(found)
