"""Foreign parts of lines as the log holds them: amounts in minor units of their currency."""

from __future__ import annotations

import numpy as np

from engine.batch import Bools, Int32s, Int64s
from engine.decide.plan import DecisionPlan
from engine.errors import InvariantBroken
from engine.evaluate.outcome import ForeignColumns, ForeignRow

#: Of a line in functional currency: no currency, no amount, no rate.
NO_FOREIGN: ForeignRow = (-1, 0, -1)


def minor_row(plan: DecisionPlan, part: ForeignRow | None) -> ForeignRow:
    """One line's currency code, amount in minor units and code of the rate."""
    if part is None:
        return NO_FOREIGN
    currency, raw, rate = part
    amount, rest = divmod(raw, plan.linked.minor_units[currency])
    if rest:
        raise InvariantBroken("a foreign amount finer than its currency", currency, raw)
    return currency, amount, rate


def minor_columns(
    plan: DecisionPlan, part: ForeignColumns | None, kept: Bools
) -> tuple[Int32s, Int64s, Int32s]:
    """Of some lines the same as columns: int32 codes, int64 amounts, int32 codes of rates."""
    count = int(kept.sum())
    none = np.full(count, -1, dtype=np.int32)
    if part is None:
        return none, np.zeros(count, dtype=np.int64), none
    currencies, raws = part.currencies[kept], part.amounts[kept]
    codes, places = np.unique(currencies, return_inverse=True)
    units = np.array([plan.linked.minor_units[code] for code in codes.tolist()], dtype=np.int64)
    amounts, rests = np.divmod(raws, units[places.reshape(-1)] if count else np.int64(1))
    if rests.any():
        raise InvariantBroken("a foreign amount finer than its currency", int(raws[rests != 0][0]))
    return currencies.astype(np.int32), amounts, part.rates[kept].astype(np.int32)
