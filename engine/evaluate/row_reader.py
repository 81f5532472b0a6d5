"""A typed batch as Python lists, the form in which closures read it."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from engine.batch import Column, ListColumn, TypedBatch
from engine.errors import InvariantBroken
from engine.evaluate.outcome import RuleRow, StateView
from engine.strings import BatchStrings

#: Evaluates one rule for the event at an index of the batch it was bound to.
Run = Callable[[int, StateView], RuleRow]


class RowReader:
    """A typed batch as Python lists, converted once per column that a rule reads.

    Attributes:
        batch: the batch, unchanged while it is read.
        runs: rule index -> the function that evaluates the rule for an event of this batch.
        strings: of the batch.
    """

    __slots__ = ("_lists", "batch", "runs", "strings")

    def __init__(self, batch: TypedBatch) -> None:
        """Converts nothing yet."""
        self.batch = batch
        self.runs: dict[int, Run] = {}
        self.strings: BatchStrings = batch.strings
        self._lists: dict[tuple[str, int, int], list[int]] = {}

    def values(self, place: int) -> list[int]:
        """A field's values per event."""
        return self._list("values", place, -1)

    def given(self, place: int) -> list[int]:
        """Whether each event carries a field."""
        return self._list("given", place, -1)

    def offsets(self, place: int) -> list[int]:
        """Where each event's elements of a list field begin, and where the last ones end."""
        return self._list("offsets", place, -1)

    def items(self, place: int, sub: int) -> list[int]:
        """Values of a list's field per element."""
        return self._list("items", place, sub)

    def given_items(self, place: int, sub: int) -> list[int]:
        """Whether each element carries a field."""
        return self._list("given_items", place, sub)

    def entities(self) -> list[int]:
        """Entity codes per event."""
        return self._list("entities", -1, -1)

    def _list(self, what: str, place: int, sub: int) -> list[int]:
        found = self._lists.get((what, place, sub))
        if found is None:
            found = self._lists[what, place, sub] = self._convert(what, place, sub)
        return found

    def _convert(self, what: str, place: int, sub: int) -> list[int]:
        if what == "entities":
            return cast("list[int]", self.batch.entities.tolist())
        column = self.batch.columns[place]
        match what, column:
            case "values", Column():
                items = column.values.tolist()
            case "given", _:
                items = column.given.tolist()
            case "offsets", ListColumn():
                items = column.offsets.tolist()
            case "items", ListColumn():
                items = column.fields[sub].values.tolist()
            case "given_items", ListColumn():
                items = column.fields[sub].given.tolist()
            case _:
                raise InvariantBroken("column of another shape", what, place, sub)
        return cast("list[int]", items)
