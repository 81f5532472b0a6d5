"""The events one rule is evaluated for in columns: selection, values so far, failures, reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import numpy as np
import numpy.typing as npt

from engine.batch import ListColumn, TypedBatch
from engine.errors import InvariantBroken
from engine.evaluate.columns import Bools, Column, Int32s, Int64s, Value, as_column, as_key, nearest
from engine.evaluate.failures import OUT_OF_RANGE
from engine.evaluate.link import LinkedProgram
from engine.evaluate.outcome import (
    NOT_FAILED,
    DeltaColumns,
    LedgerElements,
    ReadColumns,
    StateView,
)
from engine.money import Integers, as_objects, narrow
from engine.program import EVENT_SHAPE, Node


@dataclass(slots=True)
class Elements:
    """The elements of a list field over the selected events.

    offsets: int64[k + 1]; lengths: int64[k]; owners: int64[j], the event of each element;
    places: int64[j] into the batch's element columns, or None for all of them in order.
    """

    offsets: Int64s
    lengths: Int64s
    owners: Int64s
    places: Int64s | None
    _numbers: Int32s | None = None

    @property
    def count(self) -> int:
        """Number of elements."""
        return len(self.owners)

    @property
    def numbers(self) -> Int32s:
        """int32[j]: each element's position in its list."""
        if self._numbers is None:
            places = np.arange(self.count) - self.offsets[self.owners]
            self._numbers = places.astype(np.int32)
        return self._numbers


@dataclass(slots=True)
class Frame:
    """Evaluation of one rule over selected events.

    Attributes:
        rows: int64[k] indices into batch.rows, ascending. whole: they are all rows.
        values: per node its column, or one Python value where it is constant.
        failed_node, failure: as in RuleColumns.
        reads, deltas: so far, in node order.
        lists, all_places: made when first asked for, and shared.
        ledgers: per list read from the ledger its elements, event by event.
    """

    linked: LinkedProgram
    batch: TypedBatch
    state: StateView
    nodes: tuple[Node, ...]
    rows: Int64s
    whole: bool
    values: list[Value | None]
    failed_node: Int32s
    failure: npt.NDArray[np.int16]
    reads: list[ReadColumns] = field(default_factory=list)
    deltas: list[DeltaColumns] = field(default_factory=list)
    lists: dict[int, Elements] = field(default_factory=dict)
    all_places: tuple[Int64s, Int32s] | None = None
    ledgers: dict[int, list[LedgerElements]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Number of events."""
        return len(self.rows)

    def select(self, column: Column) -> Column:
        """The selected events' part of a column over the batch."""
        return column if self.whole else column[self.rows]

    def elements(self, shape: int) -> Elements:
        """The elements of a list field."""
        found = self.lists.get(shape)
        if found is None:
            found = self.lists[shape] = self._elements(shape)
        return found

    def _elements(self, shape: int) -> Elements:
        column = self.batch.columns[shape]
        if not isinstance(column, ListColumn):
            raise InvariantBroken("field is not a list", self.batch.event_type, shape)
        offsets = column.offsets
        if self.whole:
            lengths = np.diff(offsets)
            return Elements(offsets, lengths, np.repeat(np.arange(self.count), lengths), None)
        starts = offsets[self.rows]
        lengths = offsets[self.rows + 1] - starts
        own = np.zeros(self.count + 1, dtype=np.int64)
        np.cumsum(lengths, out=own[1:])
        owners = np.repeat(np.arange(self.count), lengths)
        places = np.arange(len(owners)) + np.repeat(starts - own[:-1], lengths)
        return Elements(own, lengths, owners, places)

    def size(self, shape: int) -> int:
        """Number of values of a node of this shape."""
        return self.count if shape == EVENT_SHAPE else self.elements(shape).count

    def value(self, index: int) -> Value:
        """A node's values, as they are."""
        value = self.values[index]
        if value is None:
            raise InvariantBroken("node used before it was evaluated", index)
        return value

    def column(self, index: int) -> Column:
        """A node's values as a column."""
        node = self.nodes[index]
        return as_column(self.value(index), node.kind, self.size(node.shape))

    def active(self, node: Node) -> Bools | None:
        """Bool per value of the node, or None where it is always active."""
        if node.active is None:
            return None
        mask = self.value(node.active)
        if not isinstance(mask, np.ndarray):
            return None if mask else np.zeros(self.size(node.shape), dtype=np.bool_)
        column = cast("Bools", mask)
        if node.shape != EVENT_SHAPE and self.nodes[node.active].shape == EVENT_SHAPE:
            return column[self.elements(node.shape).owners]
        return column

    def keys(self, node: Node, args: tuple[int, ...], *, entity: bool) -> tuple[Int64s, ...]:
        """The state keys of a node: int64 columns, one row per value of the node."""
        size = self.size(node.shape)
        keys = [as_key(self.value(arg), size) for arg in args]
        if entity:
            entities = self.select(self.batch.entities).astype(np.int64)
            if node.shape != EVENT_SHAPE:
                entities = entities[self.elements(node.shape).owners]
            keys.insert(0, entities)
        return tuple(keys)

    def places(self, shape: int, rows: Int64s | None) -> tuple[Int64s, Int32s]:
        """Owners and element numbers of some values of a shape, or of all."""
        if shape == EVENT_SHAPE:
            if rows is not None:
                return rows, np.full(len(rows), -1, dtype=np.int32)
            if self.all_places is None:
                owners = np.arange(self.count, dtype=np.int64)
                self.all_places = owners, np.full(len(owners), -1, dtype=np.int32)
            return self.all_places
        elements = self.elements(shape)
        owners, numbers = elements.owners, elements.numbers
        return (owners, numbers) if rows is None else (owners[rows], numbers[rows])

    def fail(self, index: int, bad: Bools, code: int | Column) -> None:
        """Records a fault of a node; a node's first faulty element decides.

        Args:
            index: the node, or the number of nodes for what is checked after them.
            bad: bool per value of the node; only where it is active.
            code: of the fault, one for all or one per value.
        """
        rows = np.flatnonzero(bad)
        shape = self.nodes[index].shape
        owners = rows if shape == EVENT_SHAPE else self.elements(shape).owners[rows]
        self.fail_rows(index, owners, code if isinstance(code, int) else code[rows])

    def fail_rows(self, index: int, owners: Int64s, code: int | Column) -> None:
        """Records a failure of events (ascending, the first of equals counts)."""
        fresh = self.failed_node[owners] < 0
        fresh[1:] &= owners[1:] != owners[:-1]
        hit = owners[fresh]
        self.failed_node[hit] = index
        self.failure[hit] = code if isinstance(code, int) else code[fresh]

    def check_range(self, index: int, values: Integers) -> Integers:
        """Records a fault where a node's value leaves its static bounds, on which others rely.

        Returns the values with the nearest bound in place of those outside.
        """
        node = self.nodes[index]
        if not len(values) or (node.low <= int(values.min()) and int(values.max()) <= node.high):
            return values
        items: list[int] = values.tolist()
        outside = np.array([not node.low <= item <= node.high for item in items], dtype=np.bool_)
        active = self.active(node)
        self.fail(index, outside if active is None else outside & active, OUT_OF_RANGE)
        return narrow(as_objects([nearest(node, item) for item in items]))

    def keep(self, mask: Bools, live: tuple[int, ...]) -> Frame:
        """The frame of the events where `mask` holds, with the values of `live` nodes."""
        kept = np.flatnonzero(mask)
        values: list[Value | None] = [None] * len(self.values)
        for index in live:
            value = self.values[index]
            if isinstance(value, np.ndarray):
                shape = self.nodes[index].shape
                part = mask if shape == EVENT_SHAPE else mask[self.elements(shape).owners]
                value = value[part]
            values[index] = value
        renumbered = np.cumsum(mask) - 1
        return Frame(
            linked=self.linked,
            batch=self.batch,
            state=self.state,
            nodes=self.nodes,
            rows=self.rows[kept],
            whole=False,
            values=values,
            failed_node=self.failed_node[kept],
            failure=self.failure[kept],
            reads=[_kept_read(read, mask, renumbered) for read in self.reads],
        )


def new_frame(
    linked: LinkedProgram, nodes: tuple[Node, ...], batch: TypedBatch, state: StateView,
    rows: Int64s,
) -> Frame:  # fmt: skip
    """A frame of the given rows (ascending), nothing evaluated yet."""
    return Frame(
        linked=linked,
        batch=batch,
        state=state,
        nodes=nodes,
        rows=rows,
        whole=len(rows) == len(batch.rows),
        values=[None] * len(nodes),
        failed_node=np.full(len(rows), -1, dtype=np.int32),
        failure=np.full(len(rows), NOT_FAILED, dtype=np.int16),
    )


def _kept_read(read: ReadColumns, mask: Bools, renumbered: Int64s) -> ReadColumns:
    """A read of the kept events only."""
    part = mask[read.owners]
    return ReadColumns(
        node=read.node,
        owners=renumbered[read.owners[part]],
        elements=read.elements[part],
        keys=tuple(key[part] for key in read.keys),
        values=read.values[part],
        known=read.known[part],
    )
