"""Collecting rarely: settings while it lasts and after, and that cycles are still freed."""

from __future__ import annotations

import gc
import weakref

from engine.garbage import MIDDLE_LOOKS, YOUNG_LOOKS, YOUNG_OBJECTS, collecting_rarely


class Knot:
    def __init__(self) -> None:
        self.itself = self


def test_settings_last_as_long_as_the_context() -> None:
    known, frozen = gc.get_threshold(), gc.get_freeze_count()
    with collecting_rarely():
        assert gc.get_threshold() == (YOUNG_OBJECTS, YOUNG_LOOKS, MIDDLE_LOOKS)
        assert gc.get_freeze_count() > frozen
    assert gc.get_threshold() == known
    assert gc.get_freeze_count() == 0


def test_cycles_made_meanwhile_are_freed_by_themselves() -> None:
    with collecting_rarely():
        knot = weakref.ref(Knot())
        assert knot() is not None
        kept = [[] for _ in range(2 * YOUNG_OBJECTS)]
        assert knot() is None
    assert len(kept) == 2 * YOUNG_OBJECTS
