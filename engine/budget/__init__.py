"""Budgets: how nodes are named and found, and how demands on them are decided.

`names` (nodes and periods as text) → `finding` (keys of a statement → node) → `ruling` (one event)
and `bulk` (a level of events at once); `apply` folds what happened, `reading` reads it back.
Nothing here knows about rules' nodes, batches or commits: `engine.decide.budgets` joins them.
"""

from __future__ import annotations

__all__: list[str] = []
