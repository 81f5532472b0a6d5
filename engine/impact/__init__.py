"""Impact (影响对比): the same events under two revisions, and what becomes otherwise."""

from __future__ import annotations

from engine.impact.classes import ChangeClass
from engine.impact.comparing import compare_book, compare_events
from engine.impact.report import AccountChange, DimensionChange, Example, ImpactReport

__all__ = [
    "AccountChange",
    "ChangeClass",
    "DimensionChange",
    "Example",
    "ImpactReport",
    "compare_book",
    "compare_events",
]
