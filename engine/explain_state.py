"""The state as one event saw it: the log folded up to the command that decided it."""

from __future__ import annotations

import numpy as np

from engine.apply import apply_commit
from engine.book import Book
from engine.columns import ColumnTable, EffectBatch
from engine.decide.plan import DecisionPlan
from engine.effects import COMMANDS, LINES, VOUCHERS
from engine.evaluate.outcome import StateView
from engine.state.book_state import BookState
from engine.state.identities import Identities
from engine.state.overlay import Overlay, ProgramView
from engine.strings import BatchStrings, StringPool


def state_before(
    book: Book, plan: DecisionPlan, pool: StringPool, place: tuple[int, int]
) -> StateView:
    """What a rule saw at a place of the log; folds the log from its beginning.

    Args:
        book: any book; its own state is not touched.
        plan: what is asked for, linked to `pool`.
        pool: of the answers' codes.
        place: commit, and the command row in it before which the state is meant.
    """
    seq, row = place
    state = BookState(pool=pool, identities=Identities())
    state.balances = {spec: {} for spec in plan.specs}
    for at in range(1, seq + 1):
        header, effects = book.commit(at)
        if at == seq:
            effects = _beginning(effects, row)
        apply_commit(state, header, effects, b"")
    return ProgramView(Overlay(state, BatchStrings(pool)), plan.program, plan.specs)


def _beginning(effects: EffectBatch, row: int) -> EffectBatch:
    """The effects of the commands before a row of a commit."""
    tables: dict[str, ColumnTable] = {}
    kept_vouchers = np.zeros(0, dtype=np.int64)
    for name, table in effects.tables.items():
        if name == COMMANDS.name:
            tables[name] = _part(table, np.arange(min(row, table.count)))
        elif "command" in table.columns:
            kept = np.flatnonzero(table.ints("command") < row)
            tables[name] = _part(table, kept)
            if name == VOUCHERS.name:
                kept_vouchers = kept
    lines = effects.tables.get(LINES.name)
    if lines is not None:
        owners = lines.ints("voucher")
        kept = np.flatnonzero(np.isin(owners, kept_vouchers))
        part = _part(lines, kept)
        part.columns["voucher"] = np.searchsorted(kept_vouchers, owners[kept]).astype(np.int32)
        tables[LINES.name] = part
    return EffectBatch(effects.strings, tables)


def _part(table: ColumnTable, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> ColumnTable:
    places = rows.tolist()
    columns = {
        name: [column[place] for place in places] if isinstance(column, list) else column[rows]
        for name, column in table.columns.items()
    }
    return ColumnTable(table.spec, columns, len(places))
