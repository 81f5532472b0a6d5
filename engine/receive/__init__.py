"""Receives events: reads them from rows, Arrow and files, identifies them and types them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.receive.canonical import canonical_content, content_hash, identity
from engine.receive.rows import parse_json_rows, receive_rows
from engine.receive.typed import type_rows

if TYPE_CHECKING:
    from engine.receive.arrow import receive_arrow
    from engine.receive.files import read_events

__all__ = [
    "canonical_content",
    "content_hash",
    "identity",
    "parse_json_rows",
    "read_events",
    "receive_arrow",
    "receive_rows",
    "type_rows",
]


def __getattr__(name: str) -> object:
    """Imports what needs pyarrow when it is first asked for: `check` has to start fast."""
    if name == "receive_arrow":
        from engine.receive.arrow import receive_arrow  # noqa: PLC0415 - see above

        return receive_arrow
    if name == "read_events":
        from engine.receive.files import read_events  # noqa: PLC0415 - see above

        return read_events
    raise AttributeError(name)
