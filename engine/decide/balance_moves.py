"""Moves the running balances that rules read by the lines of accepted events, on the overlay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from engine.batch import Int32s, Int64s
from engine.calendar import period_of
from engine.decide.context import RunContext
from engine.decide.plan import BalanceWrite, DecisionPlan
from engine.program import Balance, BalanceMeasure, Side
from engine.state.sums import group_sums

#: A line as it was made: side, account index, signed amount on that side, (dimension, code), and
#: its foreign amount in minor units; its currency stands at CURRENCY_AXIS.
MovedLine = tuple[Side, int, int, tuple[tuple[int, int], ...], int]


def add_line_balances(
    context: RunContext, position: int, ledger: int, lines: Iterable[MovedLine]
) -> None:
    """Moves running balances by the lines of one event."""
    decision = context.builder.decisions[context.decisions[position]]
    plan = context.plan
    for side, account, amount, dimensions, foreign in lines:
        for write in plan.writes.get((ledger, account), ()):
            of_foreign = write.measure is BalanceMeasure.FOREIGN
            moved = _moved(write, side, foreign if of_foreign else amount)
            if not moved:
                continue
            balance = plan.program.balances[write.balance]
            carried = dict(dimensions)
            key = [carried.get(dimension, -1) for dimension in balance.dimensions]
            if any(code < 0 for code in key):
                continue
            if balance.by_period:
                key.append(period_of(decision.voucher_date))
            if balance.by_account:
                key.append(int(plan.account_codes[account]))
            key += [carried.get(dimension, -1) for dimension in balance.keys]
            spec = plan.specs[write.balance]
            context.overlay.add_balance(spec, (decision.entity, *key), moved)


def _moved(write: BalanceWrite, side: Side, amount: int) -> int:
    """What a line on a side adds to a balance."""
    match write.measure:
        case BalanceMeasure.NET | BalanceMeasure.FOREIGN:
            return amount * (write.debit_sign if side is Side.DEBIT else -write.debit_sign)
        case BalanceMeasure.DEBITS:
            return amount if side is Side.DEBIT else 0
        case BalanceMeasure.CREDITS:
            return 0 if side is Side.DEBIT else amount


def move_balances(
    context: RunContext,
    ledger: int,
    lines: tuple[Int32s, Int64s, Int64s, Int64s],
    columns: dict[int, Int32s],
    decisions: Int64s,
) -> None:
    """Moves running balances by many lines of one rule line.

    Args:
        context: the run.
        ledger: of the lines.
        lines: per line its account, its debit, its credit, and its foreign amount, debit positive.
        columns: dimension or CURRENCY_AXIS -> code per line, -1 where it is not carried.
        decisions: per line the builder's decision.
    """
    plan = context.plan
    accounts, debits, credits_, foreign = lines
    for account in np.unique(accounts).tolist():
        for write in plan.writes.get((ledger, account), ()):
            balance = plan.program.balances[write.balance]
            if any(dimension not in columns for dimension in balance.dimensions):
                continue
            mask = accounts == account
            for dimension in balance.dimensions:
                mask &= columns[dimension] >= 0
            if not mask.any():
                continue
            owners = decisions[mask].tolist()
            keys = _keys(context, (balance, account), columns, mask, owners)
            amounts = _amounts(write, debits[mask], credits_[mask], foreign[mask])
            spec = plan.specs[write.balance]
            for key, amount in group_sums(keys, amounts):
                if amount or write.measure in {BalanceMeasure.NET, BalanceMeasure.FOREIGN}:
                    context.overlay.add_balance(spec, key, amount)


def _keys(
    context: RunContext,
    moved: tuple[Balance, int],
    columns: dict[int, Int32s],
    mask: np.ndarray[tuple[int], np.dtype[np.bool_]],
    owners: Sequence[int],
) -> tuple[Int64s, ...]:
    balance, account = moved
    made = context.builder.decisions
    keys = [np.array([made[index].entity for index in owners], dtype=np.int64)]
    keys += [columns[dimension][mask].astype(np.int64) for dimension in balance.dimensions]
    if balance.by_period:
        periods = [period_of(made[index].voucher_date) for index in owners]
        keys.append(np.array(periods, dtype=np.int64))
    if balance.by_account:
        code = int(context.plan.account_codes[account])
        keys.append(np.full(len(owners), code, dtype=np.int64))
    for dimension in balance.keys:
        if dimension in columns:
            keys.append(columns[dimension][mask].astype(np.int64))
        else:
            keys.append(np.full(len(owners), -1, dtype=np.int64))
    return tuple(keys)


def _amounts(write: BalanceWrite, debits: Int64s, credits_: Int64s, foreign: Int64s) -> Int64s:
    match write.measure:
        case BalanceMeasure.NET:
            return (debits - credits_) * write.debit_sign
        case BalanceMeasure.FOREIGN:
            return foreign * write.debit_sign
        case BalanceMeasure.DEBITS:
            return debits
        case BalanceMeasure.CREDITS:
            return credits_


def written_balances(plan: DecisionPlan, ledger: int, accounts: Iterable[int]) -> list[int]:
    """Every balance that lines on some accounts of a ledger may move."""
    return sorted(
        {write.balance for each in accounts for write in plan.writes.get((ledger, each), ())}
    )
