"""Decides events: runs rules once, at posting, on an overlay of the state."""

from __future__ import annotations

__all__: list[str] = []
