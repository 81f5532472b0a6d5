"""Arrow columns as the JSON values that the same events would carry as rows."""

# The stubs of pyarrow tell apart array classes that its functions take alike, and miss some.
# mypy: disable-error-code="arg-type, assignment, attr-defined, call-overload, no-any-return"
# mypy: disable-error-code="return-value, type-arg"

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from engine.errors import MalformedInput
from engine.limits import MAX_UNPACKED_ELEMENTS
from engine.receive.wording import escaped

#: Most decimals of a decimal column.
MAX_SCALE = 38

_DAY_TYPES = (pa.date32(), pa.date64())


def check_type(place: str, arrow_type: pa.DataType, *, is_nested: bool = False) -> None:
    """Refuses columns of types that no event value has.

    Raises:
        MalformedInput: says which column, its type and what to send instead.
    """
    kind = pa.types
    if kind.is_dictionary(arrow_type):
        check_type(place, arrow_type.value_type, is_nested=is_nested)
    elif is_list(arrow_type):
        check_type(f"{place}[]", arrow_type.value_type, is_nested=True)
    elif kind.is_map(arrow_type):
        if not is_text(arrow_type.key_type):
            raise _refused(place, arrow_type, "the keys of a map are text")
        check_type(f"{place}[]", arrow_type.item_type, is_nested=True)
    elif kind.is_struct(arrow_type):
        names = [child.name for child in arrow_type]
        if not names or len(names) != len(set(names)):
            raise _refused(place, arrow_type, "a struct has fields, each name once")
        for child in arrow_type:
            check_type(f"{place}.{escaped(child.name)}", child.type, is_nested=True)
    elif kind.is_decimal(arrow_type):
        if not 0 <= arrow_type.scale <= MAX_SCALE:
            raise _refused(place, arrow_type, f"a decimal has 0 to {MAX_SCALE} decimals")
    elif kind.is_null(arrow_type):
        if is_nested:
            raise _refused(place, arrow_type, "send it with its real type")
    elif not (
        is_text(arrow_type)
        or kind.is_boolean(arrow_type)
        or kind.is_integer(arrow_type)
        or kind.is_floating(arrow_type)
        or arrow_type in _DAY_TYPES
    ):
        what = (
            "send a date (date32) or text"
            if kind.is_timestamp(arrow_type)
            else "send text, decimals, integers, booleans, dates, lists or structs"
        )
        raise _refused(place, arrow_type, what)


def is_text(arrow_type: pa.DataType) -> bool:
    """Whether values are strings."""
    kind = pa.types
    return bool(
        kind.is_string(arrow_type)
        or kind.is_large_string(arrow_type)
        or kind.is_string_view(arrow_type)
    )


def is_list(arrow_type: pa.DataType) -> bool:
    """Whether values are lists of any kind (maps excluded)."""
    kind = pa.types
    return bool(
        kind.is_list(arrow_type)
        or kind.is_large_list(arrow_type)
        or kind.is_fixed_size_list(arrow_type)
        or kind.is_list_view(arrow_type)
        or kind.is_large_list_view(arrow_type)
    )


def json_values(array: pa.Array) -> list[object]:
    """The values of a column as JSON values; None where absent.

    Decimals become text at the full scale of the column, dates ISO text. Floats stay what they
    are, to be refused by row as they are in JSON. A struct's absent fields are left out.
    """
    kind, arrow_type = pa.types, array.type
    if kind.is_dictionary(arrow_type):
        known = [*json_values(array.dictionary), None]
        codes = pc.fill_null(array.indices.cast(pa.int64()), len(known) - 1)
        return [known[code] for code in codes.to_pylist()]
    if kind.is_decimal(arrow_type):
        return list(decimal_texts(array).to_pylist())
    if arrow_type in _DAY_TYPES:
        return list(date_texts(array).to_pylist())
    if is_list(arrow_type):
        return _lists(array)
    if kind.is_map(arrow_type):
        return _maps(array)
    if kind.is_struct(arrow_type):
        return _structs(array)
    return list(array.to_pylist())


def decimal_texts(array: pa.Array) -> pa.Array:
    """Decimals as text in plain notation, at the scale of the column."""
    texts = array.cast(pa.string())
    # Arrow writes numbers below 0.000001 with an exponent.
    if array.type.scale <= 6 or not pc.any(pc.match_substring(texts, "E")).as_py():
        return texts
    return pa.array([_plain(value) for value in array.to_pylist()], pa.string())


def _plain(value: object) -> str | None:
    # value: decimal.Decimal or None. Its exponent is bounded by the scale of an Arrow column.
    return None if value is None else f"{value:f}"


def date_texts(array: pa.Array) -> pa.Array:
    """Dates as ISO text."""
    try:
        return array.cast(pa.date32()).cast(pa.string())
    except pa.ArrowInvalid:
        raise MalformedInput(
            "ARROW", "a date64 column holds times of day; send date32 or text"
        ) from None


def bounded_flatten(array: pa.Array) -> pa.Array:
    """The elements of a list column end to end; refuses more than a batch may unfold to."""
    count = pc.sum(array.value_lengths()).as_py() or 0
    if count > MAX_UNPACKED_ELEMENTS:
        raise MalformedInput(
            "ARROW",
            f"a list column has {count} elements; at most {MAX_UNPACKED_ELEMENTS} are accepted",
        )
    return array.flatten()


def list_bounds(array: pa.Array) -> npt.NDArray[np.int32]:
    """int32[n + 1]: where each list begins in `bounded_flatten`, and where the last one ends."""
    bounds = np.zeros(len(array) + 1, dtype=np.int32)
    lengths = pc.fill_null(array.value_lengths(), 0).to_numpy(zero_copy_only=False)
    np.cumsum(lengths, out=bounds[1:])
    return bounds


def _lists(array: pa.Array) -> list[object]:
    elements = json_values(bounded_flatten(array))
    bounds = pairwise(list_bounds(array).tolist())
    is_there = array.is_valid().to_pylist()
    return [
        elements[start:end] if there else None
        for (start, end), there in zip(bounds, is_there, strict=True)
    ]


def _maps(array: pa.Array) -> list[object]:
    pair = pa.struct([("key", pa.string()), ("value", array.type.item_type)])
    values: list[object] = []
    for pairs in _lists(array.cast(pa.list_(pair))):
        if not isinstance(pairs, list):
            values.append(None)
            continue
        found = {entry["key"]: entry.get("value") for entry in pairs}
        if len(found) != len(pairs):
            raise MalformedInput("ARROW", "a map holds the same key twice; send it once")
        values.append({key: value for key, value in found.items() if value is not None})
    return values


def _structs(array: pa.Array) -> list[object]:
    names = [child.name for child in array.type]
    children = [json_values(child) for child in array.flatten()]
    records: list[object] = [
        {name: value for name, value in zip(names, row, strict=True) if value is not None}
        for row in zip(*children, strict=True)
    ]
    if array.null_count:
        is_there = array.is_valid().to_pylist()
        records = [
            record if there else None for record, there in zip(records, is_there, strict=True)
        ]
    return records


def _refused(place: str, arrow_type: pa.DataType, what: str) -> MalformedInput:
    return MalformedInput(
        "ARROW", f"column {escaped(place)} has the type {arrow_type}; {what}", column=place
    )


class ColumnFields(Sequence[Mapping[str, object]]):
    """The fields of events that lie in columns; a row becomes a mapping when asked for.

    Attributes:
        arrays: one array per wire name, all equally long.
    """

    __slots__ = ("_count", "_values", "arrays")

    def __init__(self, arrays: Mapping[str, pa.Array], count: int) -> None:
        """Wraps `arrays` of `count` rows."""
        self.arrays = arrays
        self._count = count
        self._values: dict[str, list[object]] = {}

    @property
    def names(self) -> Sequence[str]:
        """Wire names of the columns."""
        return list(self.arrays)

    def column(self, wire: str) -> list[object]:
        """JSON values of a field, one per event, None where absent."""
        values = self._values.get(wire)
        if values is None:
            array = self.arrays.get(wire)
            values = [None] * self._count if array is None else json_values(array)
            self._values[wire] = values
        return values

    def __len__(self) -> int:
        """Number of events."""
        return self._count

    @overload
    def __getitem__(self, index: int) -> Mapping[str, object]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Mapping[str, object]]: ...
    def __getitem__(
        self, index: int | slice
    ) -> Mapping[str, object] | Sequence[Mapping[str, object]]:
        """Fields of one event, absent ones left out."""
        if isinstance(index, slice):
            return [self[row] for row in range(*index.indices(self._count))]
        row = range(self._count)[index]
        pairs = ((wire, self.column(wire)[row]) for wire in self.arrays)
        return {wire: value for wire, value in pairs if value is not None}

    def __iter__(self) -> Iterator[Mapping[str, object]]:
        """Fields of each event in order."""
        wires = list(self.arrays)
        for row in zip(*map(self.column, wires), strict=True):
            yield {wire: value for wire, value in zip(wires, row, strict=True) if value is not None}
