"""Events as columns: a received batch, which no revision has touched, and its typed rows.

`engine.receive` fills these; `engine.decide` and the evaluators read them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from engine.strings import BatchStrings

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: Envelope keys of an event; everything else is a field of its type.
ENVELOPE = frozenset(
    {
        "id",
        "type",
        "date",
        "source",
        "entity",
        "posting_date",
        "group_id",
        "actor",
        "approved_by",
        "source_doc",
    }
)


@dataclass(slots=True)
class ReceivedBatch:
    """Events in request order, canonical and identified, before any revision types them.

    Attributes:
        strings: codes of every text in the batch.
        sources, ids, types, entities: int32[n] text codes; `groups`: -1 where ungrouped.
        dates: int32[n] days since 1970-01-01 of the business date; posting_dates: NO_DATE where
            not requested.
        fields: per event its wire fields, envelope keys included, JSON values (str, bool, int,
            list, dict); decimals as strings.
        contents: canonical JSON as stored. identities, content_hashes: 16 bytes each.
        problems: row -> why the event is INVALID (its other columns are then unspecified).
    """

    strings: BatchStrings
    sources: Int32s
    ids: Int32s
    types: Int32s
    entities: Int32s
    groups: Int32s
    dates: Int32s
    posting_dates: Int32s
    fields: Sequence[Mapping[str, object]]
    contents: list[bytes]
    identities: list[bytes]
    content_hashes: list[bytes]
    problems: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        """Number of events."""
        return len(self.contents)


@dataclass(slots=True)
class Column:
    """A typed field of m events (or list elements).

    values: TEXT/PERIOD int32 codes (-1 absent), DATE int32, NUMBER int64 raw, FLAG bool.
    A field's default is already filled in. given: bool[m], whether the event carried the field.
    """

    values: npt.NDArray[np.generic]
    given: Bools


@dataclass(slots=True)
class ListColumn:
    """A list field of m events: element columns concatenated in event order.

    offsets: int64[m + 1]; event i owns elements offsets[i]:offsets[i + 1].
    """

    offsets: Int64s
    fields: tuple[Column, ...]
    given: Bools


@dataclass(slots=True)
class TypedBatch:
    """All rows of one event type, typed under one program.

    Attributes:
        event_type: index into Program.event_types.
        rows: int64[m] positions in the received batch, ascending.
        entities: int32[m] text codes; dates: int32[m] business dates.
        columns: one per EventType.fields, in order.
        strings: the received batch's strings.
        problems: index into `rows` -> why the event is INVALID under this type.
    """

    event_type: int
    rows: Int64s
    entities: Int32s
    dates: Int32s
    columns: tuple[Column | ListColumn, ...]
    strings: BatchStrings
    problems: dict[int, str] = field(default_factory=dict)
