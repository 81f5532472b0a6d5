"""Writes `budgets.parquet` and `budget_decisions.parquet`, and the digest over both."""

# The stubs of pyarrow tell apart array classes that its functions take alike, and miss some.
# mypy: disable-error-code="arg-type, call-overload"

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.calls import BudgetNodeView
from engine.columns import EffectBatch
from engine.effects import BUDGET_DECISIONS, BUDGET_NODES, Verdict
from engine.output.columns import budget_schema, decimals, decision_columns, decision_schema
from engine.output.digests import BudgetDigest
from engine.output.parquet_file import ParquetFile


class BudgetFiles:
    """The two files; decisions are written as commits come, nodes at the end."""

    def __init__(self, folder: Path, scales: Mapping[str, int]) -> None:
        """Opens the files.

        Args:
            folder: where to.
            scales: scale of each declared budget, by wire name.
        """
        self._scales = dict(scales)
        self._scale = max(self._scales.values(), default=2)
        self._path = folder / "budgets.parquet"
        self._schema = decision_schema(self._scale)
        self._decisions = ParquetFile(folder / "budget_decisions.parquet", self._schema)
        self._digest = BudgetDigest()
        self._counts = dict.fromkeys(Verdict, 0)
        self.node_count = 0

    def add(self, effects: EffectBatch) -> None:
        """Adds the decisions of a commit."""
        self._learn_scales(effects)
        table = effects.tables.get(BUDGET_DECISIONS.name)
        if table is None or not table.count:
            return
        rows = decision_columns(effects, self._scales, self._schema, self._scale)
        self._decisions.add(rows)
        self._digest.add(rows)
        verdicts, counts = np.unique(table.ints("verdict"), return_counts=True)
        for verdict, count in zip(verdicts.tolist(), counts.tolist(), strict=True):
            self._counts[Verdict(verdict)] += count

    def counts(self) -> dict[str, int]:
        """Decisions by verdict, those that occur."""
        return {verdict.name: count for verdict, count in self._counts.items() if count}

    def close(self, nodes: Iterable[BudgetNodeView]) -> str:
        """Writes the nodes, completes both files and gives their digest."""
        ordered = sorted(nodes, key=lambda node: node.node)
        rows = _node_columns(ordered, self._scale)
        self.node_count = len(ordered)
        self._digest.add(rows)
        file = ParquetFile(self._path, rows.schema)
        file.add(rows)
        file.close()
        self._decisions.close()
        return self._digest.hex()

    def _learn_scales(self, effects: EffectBatch) -> None:
        """Scales of budgets that were published after the files were opened."""
        table = effects.tables.get(BUDGET_NODES.name)
        if table is None or not table.count:
            return
        budgets, firsts = np.unique(table.ints("budget"), return_index=True)
        scales = table.ints("scale")[firsts]
        for budget, scale in zip(budgets.tolist(), scales.tolist(), strict=True):
            self._scales.setdefault(effects.strings[budget], scale)


def _node_columns(nodes: list[BudgetNodeView], scale: int) -> pa.Table:
    """Nodes as rows of `budgets.parquet`; one without an amount has null for it and for the rest.

    An amount of 0 would say that nothing was granted and that all that is counted is too much.
    """
    schema = budget_schema(scale)
    scales = np.array([node.scale for node in nodes], dtype=np.int64)
    unlimited = pa.array([not node.limited for node in nodes], pa.bool_())
    columns = [pa.array([node.node for node in nodes], pa.string())]
    for name in schema.names[1:]:
        raw = np.array([getattr(node, name) for node in nodes], dtype=np.int64)
        amounts = decimals(raw, scales, scale)
        if name in ("budget", "available"):
            amounts = pc.if_else(unlimited, pa.scalar(None, amounts.type), amounts)
        columns.append(amounts)
    return pa.table(columns, schema=schema)
