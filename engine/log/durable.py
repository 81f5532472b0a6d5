"""Files that survive a power loss: created, replaced and synced together with their folder."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from engine.faults import crash_point

PRIVATE = 0o600


def sync_folder(folder: Path) -> None:
    """Makes names created or replaced in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def create_file(path: Path) -> bool:
    """Creates an empty private file and its folders, durably; False where it exists already."""
    missing = [folder for folder in path.absolute().parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        sync_folder(folder.parent)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE)
    except FileExistsError:
        return False
    os.fsync(descriptor)
    os.close(descriptor)
    sync_folder(path.absolute().parent)
    return True


def replace_file(
    path: Path, parts: Iterable[bytes | memoryview], *, crash_name: str | None = None
) -> None:
    """Replaces a file as a whole: after a crash it holds the old bytes or the new, never a mix.

    Args:
        path: the file; its folder exists.
        parts: the new content in order.
        crash_name: crash point passed when the new bytes are on disk under another name.
    """
    temporary = path.with_name(f"{path.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    if crash_name is not None:
        crash_point(crash_name)
    temporary.replace(path)
    sync_folder(path.absolute().parent)
