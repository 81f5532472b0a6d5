"""Lists read from the ledger: their elements in order, and the text that recorded reads keep."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from engine.evaluate.outcome import LedgerElements
from engine.program import LedgerList, Program
from engine.state.balances import BalanceSpec
from engine.state.keys import Key

#: Account code, texts of the keys, debits, credits.
Row = tuple[str, tuple[str, ...], int, int]


def named_rows(
    program: Program,
    read: LedgerList,
    spec: BalanceSpec,
    rows: Mapping[Key, Sequence[int]],
    text: Callable[[int], str],
) -> list[Row]:
    """The elements in their order: by account as in the chart, then by the texts of the keys."""
    codes = [program.accounts[account].code for account in read.accounts]
    order = {code: place for place, code in enumerate(codes)}
    found = []
    for rest, (debits, credits_) in rows.items():
        parts = [text(part) for part in rest]
        code = parts.pop(0) if spec.by_account else codes[0]
        found.append((code, tuple(parts), debits, credits_))
    return sorted(found, key=lambda row: (order[row[0]], [part.encode() for part in row[1]]))


def rows_text(rows: Sequence[Row]) -> str:
    """The elements as JSON."""
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def ledger_elements(
    program: Program, read: LedgerList, recorded: str, code: Callable[[str], int]
) -> LedgerElements:
    """The elements of a list as recorded; `code` gives the code of a text."""
    accounts = {program.accounts[account].code: account for account in reversed(read.accounts)}
    rows = json.loads(recorded)
    indices = [accounts[row[0]] for row in rows]
    width = len(program.balances[read.debits].keys)
    return LedgerElements(
        accounts=indices,
        sides=[int(program.accounts[index].debit_side) for index in indices],
        debits=[row[2] for row in rows],
        credits=[row[3] for row in rows],
        keys=tuple([code(row[1][at]) if row[1][at] else -1 for row in rows] for at in range(width)),
        recorded=code(recorded),
    )
