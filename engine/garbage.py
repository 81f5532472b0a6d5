"""How often a process of ours that decides events looks for reference cycles to free."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

#: Objects made and not freed before the youngest are looked at. Python's own 700 is reached many
#: times in every batch, none of whose objects is garbage before the batch is done.
YOUNG_OBJECTS: Final = 50_000

#: Looks at the youngest before one at the middle generation, and of those before one at all.
YOUNG_LOOKS: Final = 20
MIDDLE_LOOKS: Final = 100


@contextmanager
def collecting_rarely() -> Iterator[None]:
    """Lets the collector of the whole process run rarely, and leave alone what stands now.

    To be entered once a book is open: state and programs live as long as the process, and each look
    at them stops every thread for nothing. What is in no cycle is freed at once as ever. For
    processes that are ours to tune, the server and the command line's replay; whoever imports
    the engine as a library keeps the settings of their own.
    """
    known = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, YOUNG_LOOKS, MIDDLE_LOOKS)
    try:
        yield
    finally:
        gc.set_threshold(*known)
        gc.unfreeze()
