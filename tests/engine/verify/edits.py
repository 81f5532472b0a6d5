"""Changes of one commit's tables, by event and voucher rather than by row number."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np

from engine.columns import EffectBatch
from engine.effects import COMMANDS, LINES, VOUCHERS
from engine.history import all_voucher_names
from engine.receive import content_hash

Edit = Callable[[EffectBatch], None]


def event_row(effects: EffectBatch, event_id: str) -> int:
    """Row of an event in COMMANDS."""
    return effects.text(COMMANDS.name, "event_id").index(event_id)


def voucher_row(effects: EffectBatch, name: str) -> int:
    """Row of a voucher."""
    return all_voucher_names(effects).index(name)


def line_row(effects: EffectBatch, voucher: str, line_no: int) -> int:
    """Row of a line of a voucher."""
    owners = effects.tables[LINES.name].ints("voucher")
    return int(np.searchsorted(owners, voucher_row(effects, voucher))) + line_no - 1


def code(effects: EffectBatch, text: str) -> int:
    """Code of a text, new if need be."""
    if text not in effects.strings:
        effects.strings.append(text)
    return effects.strings.index(text)


def put(effects: EffectBatch, table: str, row: int, **values: object) -> None:
    """Writes values into a row; texts as text."""
    for name, value in values.items():
        column = effects.tables[table].columns[name]
        own = code(effects, value) if isinstance(value, str) else value
        column[row] = own  # type: ignore[call-overload, assignment]  # a column of any kind


def drop(effects: EffectBatch, table: str, row: int) -> None:
    """Takes a row out."""
    held = effects.tables[table]
    for name, column in held.columns.items():
        if isinstance(column, list):
            del column[row]
        else:
            held.columns[name] = np.delete(column, row)
    held.count -= 1


def repeat(effects: EffectBatch, table: str, row: int) -> None:
    """Adds a row once more at the end."""
    held = effects.tables[table]
    for name, column in held.columns.items():
        if isinstance(column, list):
            column.append(column[row])
        else:
            held.columns[name] = np.append(column, column[row])
    held.count += 1


def repeat_here(effects: EffectBatch, table: str, row: int) -> None:
    """Adds a row once more right behind itself; of a table without bytes."""
    held = effects.tables[table]
    for name, column in held.columns.items():
        held.columns[name] = np.insert(np.asarray(column), row, column[row])
    held.count += 1


def rewrite_content(effects: EffectBatch, event_id: str, *, rehash: bool, **fields: object) -> None:
    """Changes fields in an event's content, with its hash or without."""
    row = event_row(effects, event_id)
    table = effects.tables[COMMANDS.name]
    content = json.loads(table.blobs("content")[row]) | fields
    encoded = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    table.blobs("content")[row] = encoded.encode()
    if rehash:
        table.blobs("content_hash")[row] = content_hash(encoded.encode())


def drop_voucher(effects: EffectBatch, name: str) -> None:
    """Takes a commit's last voucher out with its lines and its reads' event left as it is."""
    row = voucher_row(effects, name)
    if row != effects.tables[VOUCHERS.name].count - 1:
        raise ValueError(f"{name} is not the last voucher")
    owners = effects.tables[LINES.name].ints("voucher")
    for line in reversed(np.flatnonzero(owners == row).tolist()):
        drop(effects, LINES.name, line)
    drop(effects, VOUCHERS.name, row)
