"""Receives events: reads them from rows, Arrow and files, identifies them and types them."""

from __future__ import annotations

from engine.receive.canonical import canonical_content, content_hash, identity
from engine.receive.rows import parse_json_rows, receive_rows
from engine.receive.typed import type_rows

__all__ = [
    "canonical_content",
    "content_hash",
    "identity",
    "parse_json_rows",
    "receive_rows",
    "type_rows",
]
