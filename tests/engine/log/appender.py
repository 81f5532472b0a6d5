"""A child process for kill tests: appends commits and acknowledges each one after it is durable.

`python -m tests.engine.log.appender FILE COMMITS [EVENTS]`: prints the position at which it
starts, then each acknowledged one, a line each.
"""

from __future__ import annotations

import sys
from pathlib import Path

from engine.faults import crash_point
from engine.log import open_store
from tests.engine.log.samples import BOOK, append, expense_effects, url


def main() -> None:
    file, commits, events = sys.argv[1], int(sys.argv[2]), int((sys.argv[3:] or ["1"])[0])
    store = open_store(url(Path(file)), book_id=BOOK)
    seq, _ = store.head()
    print(seq, flush=True)
    for index in range(seq, seq + commits):
        crash_point("before_append")
        entry = append(store, expense_effects(index * events + 1, events))
        crash_point("after_append")
        print(entry.commit.seq, flush=True)
    store.close()


if __name__ == "__main__":
    main()
