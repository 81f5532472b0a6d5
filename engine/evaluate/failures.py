"""Faults as small integers, the form in which outcomes carry them."""

from __future__ import annotations

from engine.program import Fault

#: A fault's code is its place in this tuple. Codes live within one process only, never in a log.
FAULTS: tuple[Fault, ...] = (
    Fault.NO_ROW,
    Fault.NO_RATE,
    Fault.DIV_ZERO,
    Fault.MISSING_RECORD,
    Fault.MISSING_DIMENSION,
    Fault.NO_WEIGHT,
    Fault.NEGATIVE_WEIGHT,
    Fault.NEGATIVE_AMOUNT,
    Fault.OUT_OF_RANGE,
    Fault.UNBALANCED,
    Fault.DATE_OUT_OF_RANGE,
    Fault.OUTSIDE_SPREAD,
    Fault.REMAINING,
    Fault.LIST_TOO_LONG,
)

FAULT_CODES: dict[Fault, int] = {fault: code for code, fault in enumerate(FAULTS)}

NO_ROW = FAULT_CODES[Fault.NO_ROW]
DIV_ZERO = FAULT_CODES[Fault.DIV_ZERO]
MISSING_RECORD = FAULT_CODES[Fault.MISSING_RECORD]
MISSING_DIMENSION = FAULT_CODES[Fault.MISSING_DIMENSION]
NO_WEIGHT = FAULT_CODES[Fault.NO_WEIGHT]
NEGATIVE_WEIGHT = FAULT_CODES[Fault.NEGATIVE_WEIGHT]
NEGATIVE_AMOUNT = FAULT_CODES[Fault.NEGATIVE_AMOUNT]
OUT_OF_RANGE = FAULT_CODES[Fault.OUT_OF_RANGE]
UNBALANCED = FAULT_CODES[Fault.UNBALANCED]
