"""The events of one type in a dependency level while it is decided in columns."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.batch import Bools, Int64s, TypedBatch
from engine.decide.context import Outcome
from engine.evaluate.outcome import RuleColumns


@dataclass(slots=True)
class TypeLevel:
    """The events of one type in the level. Arrays are per slot (0..n-1), in event order."""

    event_type: int
    batch: TypedBatch
    indices: Int64s
    slots: Int64s  # index into batch.rows -> slot, -1 elsewhere
    alive: Bools
    makes: Bools
    vouchers: Bools  # whether any plan was tried, for ALL_ZERO
    drafts: Bools  # whether a voucher waits for a review
    scanned: bool = False  # whether a target was scanned, so that nobody may be taken out later
    results: list[tuple[int, RuleColumns]] = field(default_factory=list)
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    warnings: dict[int, str] = field(default_factory=dict)  # slot -> what a budget that passes said
