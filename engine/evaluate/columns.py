"""What a node's values are in numpy, and typed views of them for the kernels."""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt

from engine.money import Integers
from engine.program import INT64_MAX, INT64_MIN, Kind, Node

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: A node's values over events or elements. One Python value stands for all where it is constant.
Column = npt.NDArray[np.generic]
Value = Column | int

_DTYPES: dict[Kind, np.dtype[np.generic]] = {
    Kind.BOOL: np.dtype(np.bool_),
    Kind.NUMBER: np.dtype(np.int64),
    Kind.TEXT: np.dtype(np.int32),
    Kind.DATE: np.dtype(np.int32),
    Kind.ACCOUNT: np.dtype(np.int32),
}


def kind_dtype(kind: Kind) -> np.dtype[np.generic]:
    """The dtype of a column of this kind; a NUMBER that left int64 is an object column."""
    return _DTYPES[kind]


def as_column(value: Value, kind: Kind, count: int) -> Column:
    """A column of `count` rows; a constant is repeated."""
    if isinstance(value, np.ndarray):
        return value
    dtype = kind_dtype(kind)
    if kind is Kind.NUMBER and not INT64_MIN <= value <= INT64_MAX:
        dtype = np.dtype(np.object_)
    return np.full(count, value, dtype=dtype)


def as_key(value: Value, count: int) -> Int64s:
    """A state key's column: int64[count] of codes, raw numbers, days or flags."""
    if isinstance(value, np.ndarray):
        return value.astype(np.int64)
    return np.full(count, value, dtype=np.int64)


def nearest(node: Node, value: int) -> int:
    """The value inside a NUMBER's static bounds that is nearest.

    It stands for the value of a node that failed, so that both evaluators go on alike where a
    refusal's message shows what comes after it.
    """
    return min(max(value, node.low), node.high)


def absent_value(node: Node) -> int:
    """What stands for a value that is not there: no text, or the number nearest to 0."""
    if node.kind is Kind.TEXT:
        return -1
    return nearest(node, 0) if node.kind is Kind.NUMBER else 0


def settle(values: Integers) -> Int64s:
    """int64 of a column whose static bounds fit.

    A value beyond int64 can only be one that nothing uses (its row has failed, or its `active`
    does not hold) and becomes 0.
    """
    if values.dtype != np.object_:
        return cast("Int64s", values)
    items = [item if INT64_MIN <= item <= INT64_MAX else 0 for item in values.tolist()]
    return np.array(items, dtype=np.int64)
