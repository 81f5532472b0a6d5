"""Effects of any shape the schema permits, for property tests."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from engine.columns import ColumnTable, ColumnType, EffectBatch
from engine.effects import LINES, TABLES
from tests.engine.log.samples import LINES_WITH_DIMENSIONS


@st.composite
def effect_batches(draw: st.DrawFn) -> EffectBatch:
    """Effects of any shape the schema permits, without meaning."""
    strings = draw(st.lists(st.text(max_size=8), unique=True, max_size=6))
    tables = {}
    for declared in draw(st.lists(st.sampled_from(TABLES), unique=True, max_size=4)):
        spec = declared
        if declared is LINES and draw(st.booleans()):
            spec = LINES_WITH_DIMENSIONS
        count = draw(st.integers(0, 4))
        columns = {name: _column(draw, kind, count, len(strings)) for name, kind in spec.columns}
        tables[spec.name] = ColumnTable(spec, columns, count)  # type: ignore[arg-type]
    return EffectBatch(strings, tables)


def _column(draw: st.DrawFn, kind: ColumnType, count: int, strings: int) -> object:
    if kind.is_blob:
        return draw(st.lists(st.binary(max_size=20), min_size=count, max_size=count))
    low, high = {
        ColumnType.INT64: (-(2**63), 2**63 - 1),
        ColumnType.INT32: (-(2**31), 2**31 - 1),
        ColumnType.UINT8: (0, 255),
        ColumnType.TEXT: (-1, strings - 1),
    }[kind]
    values = draw(st.lists(st.integers(low, high), min_size=count, max_size=count))
    return np.array(values, dtype=kind.dtype)
