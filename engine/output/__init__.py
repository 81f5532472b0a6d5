"""Writes the files of `replay` and `export`, and their digests."""

from __future__ import annotations

from engine.output.writer import OutputWriter, ResultRow

__all__ = ["OutputWriter", "ResultRow"]
