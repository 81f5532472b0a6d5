"""Lists read from the ledger, in columns: a shape of their own beside the event's lists."""

from __future__ import annotations

from typing import cast

import numpy as np

from engine.evaluate.columns import Value
from engine.evaluate.failures import FAULT_CODES, OUT_OF_RANGE
from engine.evaluate.frame import Elements, Frame
from engine.evaluate.link import LinkedProgram, LinkedRule
from engine.evaluate.numeric_ops import Step
from engine.evaluate.outcome import LedgerElements, ReadColumns
from engine.limits import MAX_LIST_ELEMENTS, MAX_READ_RAW
from engine.program import LEDGER_SHAPE, Fault, Kind, LedgerColumn, Node

_TOO_LONG = FAULT_CODES[Fault.LIST_TOO_LONG]
#: What stands for a list that cannot be used; its columns are empty.
NO_ELEMENTS = LedgerElements([], [], [], [], (), -1)


def list_fault(found: LedgerElements) -> int:
    """Why a list cannot be used: too many elements, or an amount too large to read; -1 if none."""
    if len(found.accounts) > MAX_LIST_ELEMENTS:
        return _TOO_LONG
    amounts = (*found.debits, *found.credits)
    if any(not -MAX_READ_RAW <= amount <= MAX_READ_RAW for amount in amounts):
        return OUT_OF_RANGE
    return -1


def column_items(found: LedgerElements, column: LedgerColumn | int) -> list[int]:
    """The values of a column: of a measure, or of a key dimension by its position."""
    if found is NO_ELEMENTS:
        return []
    match column:
        case LedgerColumn.ACCOUNT:
            return found.accounts
        case LedgerColumn.DEBIT_SIDE:
            return found.sides
        case LedgerColumn.DEBITS:
            return found.debits
        case LedgerColumn.CREDITS:
            return found.credits
        case position:
            return found.keys[position]


def ledger_list_step(linked: LinkedProgram, rule: LinkedRule, index: int, node: Node) -> Step:
    """Reads the list of every event; the value is the number of elements."""
    place = cast("int", node.data)

    def read(frame: Frame) -> Value:
        keys = frame.keys(node, node.args, entity=True)
        rows = zip(*(key.tolist() for key in keys), strict=True)
        found = [frame.state.ledger_list(place, row) for row in rows]
        owners, numbers = frame.places(node.shape, None)
        recorded = np.array([each.recorded for each in found], dtype=np.int64)
        known = np.ones(len(found), dtype=np.bool_)
        frame.reads.append(ReadColumns(index, owners, numbers, keys, recorded, known))
        faults = np.array([list_fault(each) for each in found], dtype=np.int16)
        if (faults >= 0).any():
            frame.fail(index, faults >= 0, faults)
            found = [
                NO_ELEMENTS if fault >= 0 else each
                for each, fault in zip(found, faults, strict=True)
            ]
        lengths = np.array([len(each.accounts) for each in found], dtype=np.int64)
        offsets = np.zeros(len(found) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        elements = Elements(offsets, lengths, np.repeat(np.arange(frame.count), lengths), None)
        frame.lists[LEDGER_SHAPE + place] = elements
        frame.ledgers[place] = found
        return lengths

    return read


_DTYPES = {Kind.BOOL: np.bool_, Kind.NUMBER: np.int64}


def ledger_column_step(linked: LinkedProgram, rule: LinkedRule, index: int, node: Node) -> Step:
    """A column of the lists of all events, one after the other."""
    place, column = cast("tuple[int, LedgerColumn | int]", node.data)
    dtype = _DTYPES.get(node.kind, np.int32)

    def values(frame: Frame) -> Value:
        found = [item for each in frame.ledgers[place] for item in column_items(each, column)]
        return np.array(found, dtype=dtype)

    return values
