"""The state of a book in memory, its overlay for decisions, and its form in snapshots."""

from __future__ import annotations

__all__: list[str] = []
