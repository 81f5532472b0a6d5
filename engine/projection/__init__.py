"""Rows that follow the log, in a file of their own, for people and programs with a SQL prompt."""

from __future__ import annotations

from engine.projection.follower import RowProjection, rows_path

__all__ = ["RowProjection", "rows_path"]
