"""An operating-system lock on a store file, so that a second writing process is refused."""

from __future__ import annotations

import fcntl
import os
import weakref
from pathlib import Path

from engine.errors import StoreLocked, StoreUnavailable

_held: weakref.WeakSet[FileLock] = weakref.WeakSet()


class FileLock:
    """Exclusive lock on `<file>.lock`, held until released or the process ends, however it ends.

    A file beside the store, because closing any descriptor of the store itself would drop the
    locks that SQLite holds on it. The file stays behind; only the lock on it means anything.
    """

    def __init__(self, store_file: Path) -> None:
        """Takes the lock.

        Raises:
            StoreLocked: another process holds it; the text names its process id.
        """
        path = store_file.with_name(store_file.name + ".lock")
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StoreUnavailable(f"cannot create {path}: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise StoreLocked(
                f"{store_file} is being written by process {holder}; "
                "stop it, or open the store for reading only"
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        self._descriptor = descriptor
        _held.add(self)

    def release(self) -> None:
        """Gives the lock back; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _drop_inherited() -> None:
    # A forked child shares the descriptor, and with it the lock: it would outlive the parent.
    for lock in list(_held):
        lock.release()


os.register_at_fork(after_in_child=_drop_inherited)
