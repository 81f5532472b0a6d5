"""Counters of a book for people on call and for metrics; never part of a decision."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.decide.run import LevelStatistics


@dataclass(slots=True)
class BookStatistics:
    """What someone on call asks first. Times in microseconds, durations in nanoseconds."""

    append_nanos: int = 0
    appends: int = 0
    lost_races: int = 0
    projection_seq: int = 0
    levels: LevelStatistics = field(default_factory=LevelStatistics)
