"""Adds the lines of a commit to the running balances that rules read. Contains no rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from engine.columns import ColumnTable, EffectBatch
from engine.effects import DIMENSION_PREFIX, LINES, VOUCHERS
from engine.program import BalanceMeasure
from engine.state.balances import CURRENCY_WIRE, BalanceSpec
from engine.state.book_state import BookState
from engine.state.keys import Key
from engine.state.sums import group_sums

#: Columns of the measures of one side.
_SIDES = {BalanceMeasure.DEBITS: "debit", BalanceMeasure.CREDITS: "credit"}

Int64s = npt.NDArray[np.int64]


def fold_balance(
    state: BookState, spec: BalanceSpec, balances: dict[Key, int], effects: EffectBatch
) -> None:
    """Adds a commit's lines to one running balance.

    Args:
        state: for its string pool, and for its index where it keeps these balances.
        spec: which balance.
        balances: key -> amount, changed.
        effects: the commit.
    """
    index = state.balance_index if balances is state.balances.get(spec) else None
    for own, amount in balance_changes(spec, effects, state.pool.intern):
        if index is not None and own not in balances and index.holds(spec):
            index.note(spec, own)
        balances[own] = balances.get(own, 0) + amount


def balance_changes(
    spec: BalanceSpec, effects: EffectBatch, code: Callable[[str], int]
) -> Iterator[tuple[Key, int]]:
    """What lines add to one running balance, by its keys; `code`: gives texts their codes."""
    if LINES.name not in effects.tables or not effects.tables[LINES.name].count:
        return
    lines, vouchers = effects.tables[LINES.name], effects.tables[VOUCHERS.name]
    strings = effects.strings
    wanted = [_column(wire) for wire in spec.dimensions]
    if any(name not in lines.columns for name in wanted):
        return
    positions = {text: code for code, text in enumerate(strings)}
    ledger = positions.get(spec.ledger, -2)
    accounts = [positions[code] for code in spec.accounts if code in positions]
    owners = lines.ints("voucher")
    mask = np.isin(lines.ints("account_code"), accounts) & (
        vouchers.ints("ledger")[owners] == ledger
    )
    for name in wanted:
        mask &= lines.ints(name) >= 0
    if spec.measure in _SIDES:
        mask &= lines.ints(_SIDES[spec.measure]) != 0
    if not mask.any():
        return
    owned = owners[mask]
    keys, is_text = _keys(spec, lines, mask, vouchers, owned)
    for key, amount in group_sums(keys, _amounts(spec, lines, mask)):
        own = tuple(
            code(strings[part]) if text and part >= 0 else part
            for part, text in zip(key, is_text, strict=True)
        )
        yield own, amount


def _column(wire: str) -> str:
    """The column of lines that a part of a key stands in."""
    return "currency" if wire == CURRENCY_WIRE else DIMENSION_PREFIX + wire


def _keys(
    spec: BalanceSpec,
    lines: ColumnTable,
    mask: npt.NDArray[np.bool_],
    vouchers: ColumnTable,
    owned: Int64s,
) -> tuple[tuple[Int64s, ...], list[bool]]:
    """The key columns of the lines that count, and which of them are texts."""
    columns = [vouchers.ints("entity")[owned]]
    columns += [lines.ints(_column(wire))[mask] for wire in spec.dimensions]
    is_text = [True] * len(columns)
    if spec.by_period:
        columns.append(vouchers.ints("period")[owned])
        is_text.append(False)
    if spec.by_account:
        columns.append(lines.ints("account_code")[mask])
        is_text.append(True)
    for wire in spec.keys:
        name = _column(wire)
        absent = np.full(len(owned), -1, dtype=np.int64)
        columns.append(lines.ints(name)[mask] if name in lines.columns else absent)
        is_text.append(True)
    return tuple(columns), is_text


def _amounts(spec: BalanceSpec, lines: ColumnTable, mask: npt.NDArray[np.bool_]) -> Int64s:
    prefix = "fc_" if spec.measure is BalanceMeasure.FOREIGN else ""
    debits, credits_ = lines.ints(f"{prefix}debit")[mask], lines.ints(f"{prefix}credit")[mask]
    match spec.measure:
        case BalanceMeasure.DEBITS:
            return debits
        case BalanceMeasure.CREDITS:
            return credits_
        case _:
            return debits - credits_ if spec.debit_side else credits_ - debits
