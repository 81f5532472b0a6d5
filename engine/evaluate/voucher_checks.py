"""What is known about a voucher's lines before any event: accounts, dimensions, balance.

Both evaluators check at run time what the compiler proved; this module finds the short form of
those checks.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.evaluate.merging import Merge
from engine.limits import MAX_AMOUNT_MINOR
from engine.program import (
    INT64_MAX,
    Line,
    LineDimension,
    NegativePolicy,
    Op,
    Program,
    Rule,
    Side,
    VoucherPlan,
)

#: Position of a required dimension that a line does not have at all.
NOT_ON_LINE = -1


@dataclass(frozen=True, slots=True)
class LinePlan:
    """A line with what must be checked of it.

    Attributes:
        required: per account index that the line may name and that requires dimensions: their
            positions in `line.dimensions`, NOT_ON_LINE where the line has none of that kind.
        sign: +1 for debit, -1 for credit. rejects_negative: under NegativePolicy.REJECT,
            unless a negative amount changes its side.
        may_exceed: the amount's static bounds leave what a line may hold.
    """

    line: Line
    required: dict[int, tuple[int, ...]]
    sign: int
    rejects_negative: bool
    may_exceed: bool


@dataclass(frozen=True, slots=True)
class BalanceGroup:
    """Lines that carry the same value of a dimension by construction.

    `lines` are positions in the voucher. Where `each` >= 0 the value differs by element of that
    list and the lines must balance element by element; otherwise by event.
    """

    lines: tuple[int, ...]
    each: int


@dataclass(frozen=True, slots=True)
class BalanceCheck:
    """A balancing dimension of a voucher.

    `positions`: per line the position of the dimension in `line.dimensions`, or NOT_ON_LINE.
    Where every group balances, so does every value of the dimension; where one does not, lines
    of different groups may still carry the same value, and the sums by value decide.
    """

    dimension: int
    positions: tuple[int, ...]
    groups: tuple[BalanceGroup, ...]


@dataclass(frozen=True, slots=True)
class VoucherChecks:
    """A voucher plan with its checks.

    `balances` leaves out dimensions that the total settles. `sums_fit`: the amounts of all lines
    add up in int64 whatever their signs. `merge`: how equal lines become one, None where not.
    """

    plan: VoucherPlan
    lines: tuple[LinePlan, ...]
    balances: tuple[BalanceCheck, ...]
    sums_fit: bool
    merge: Merge | None


def voucher_checks(program: Program, rule: Rule) -> tuple[VoucherChecks, ...]:
    """The checks of each voucher of a rule."""
    return tuple(_voucher(program, rule, plan) for plan in rule.vouchers)


def _voucher(program: Program, rule: Rule, plan: VoucherPlan) -> VoucherChecks:
    lines = tuple(_line(program, rule, plan, line) for line in plan.lines)
    balances = []
    for index, dimension in enumerate(program.dimensions):
        if dimension.balancing:
            check = _balance(rule, plan, index)
            # One group by event is the voucher's total, which is checked anyway.
            if len(check.groups) > 1 or any(group.each >= 0 for group in check.groups):
                balances.append(check)
    # A line of a list stands for many amounts; any other holds at most the largest amount.
    is_each = any(line.line.each >= 0 for line in lines)
    sums_fit = not is_each and len(lines) * MAX_AMOUNT_MINOR <= INT64_MAX
    merge = Merge(program, plan) if plan.merge else None
    return VoucherChecks(plan, lines, tuple(balances), sums_fit, merge)


def _line(program: Program, rule: Rule, plan: VoucherPlan, line: Line) -> LinePlan:
    positions = {found.dimension: at for at, found in enumerate(line.dimensions)}
    required = {
        account: tuple(positions.get(wanted, NOT_ON_LINE) for wanted in found)
        for account in sorted(_accounts(program, rule, line.account))
        if (found := program.accounts[account].required)
    }
    amount = rule.nodes[line.amount]
    return LinePlan(
        line=line,
        required=required,
        sign=1 if line.side is Side.DEBIT else -1,
        rejects_negative=not line.by_sign
        and program.ledgers[plan.ledger].negative is NegativePolicy.REJECT,
        may_exceed=amount.low < -MAX_AMOUNT_MINOR or amount.high > MAX_AMOUNT_MINOR,
    )


def _accounts(program: Program, rule: Rule, index: int) -> set[int]:
    """Every account a node may name."""
    node = rule.nodes[index]
    data = node.data
    if node.op is Op.CONST and isinstance(data, int):
        return {data}
    if node.op is Op.TABLE_CELL and isinstance(data, tuple):
        table, output = data
        return {int(row.outputs[output]) for row in program.tables[table].rows}
    if node.op is Op.COLUMN and isinstance(data, tuple):
        return set(program.ledger_lists[data[0]].accounts)
    if node.op is Op.REPEAT:
        return _accounts(program, rule, node.args[0])
    if node.op is Op.IN_CHART and isinstance(data, tuple):
        return {int(data[account]) for account in _accounts(program, rule, node.args[0])}
    if node.op is Op.SELECT:
        return _accounts(program, rule, node.args[1]) | _accounts(program, rule, node.args[2])
    return set(range(len(program.accounts)))


def _balance(rule: Rule, plan: VoucherPlan, dimension: int) -> BalanceCheck:
    positions: list[int] = []
    grouped: dict[tuple[object, int], list[int]] = {}
    for at, line in enumerate(plan.lines):
        position, each = NOT_ON_LINE, -1
        origin: object = "absent"
        for place, found in enumerate(line.dimensions):
            if found.dimension == dimension:
                position = place
                origin, each = _origin(rule, line, found)
        positions.append(position)
        grouped.setdefault((origin, each), []).append(at)
    groups = tuple(BalanceGroup(tuple(lines), each) for (_, each), lines in grouped.items())
    return BalanceCheck(dimension, tuple(positions), groups)


def _origin(rule: Rule, line: Line, found: LineDimension) -> tuple[object, int]:
    """What a dimension's value is made of, and the list over which it differs, or -1."""
    value = _event_node(rule, found.value)
    given = -1 if found.given is None else _event_node(rule, found.given)
    if value is None or (given is None):
        return (found.value, found.given), line.each
    return (_identity(rule, value), given), -1


def _event_node(rule: Rule, index: int) -> int | None:
    """The event-shaped node behind a value, or None where it differs by element."""
    node = rule.nodes[index]
    while node.op is Op.REPEAT:
        index = node.args[0]
        node = rule.nodes[index]
    return index if node.shape < 0 else None


def _identity(rule: Rule, index: int) -> object:
    """Equal for nodes of equal value: fields and constants by what they are, others by place."""
    node = rule.nodes[index]
    if node.op in {Op.CONST, Op.FIELD}:
        return (node.op, node.data)
    return index
