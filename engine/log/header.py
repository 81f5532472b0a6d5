"""The header of a commit: who sealed what and when, as canonical JSON.

The header is what the log can be listed by without decoding a payload; the chain covers its bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from engine.errors import InvariantBroken, StoreCorrupt
from engine.log.packed import PackedEffects

#: Kinds of commit: a batch of commands, or time passing in a quiet book.
KINDS = ("batch", "tick")


@dataclass(frozen=True, slots=True)
class TableShape:
    """A table of the commit: its rows, and its columns beyond those of the effects schema."""

    name: str
    rows: int
    extra_columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CommitHeader:
    """What is known of a commit without its payload.

    Attributes:
        book_id: the book; seq: position in its log, from 1.
        sealed_at_us: the appender's clock, microseconds since 1970-01-01 UTC, never less than
            that of the commit before.
        engine_version, language_version: who decided it.
        effects_schema: meaning of the tables (`engine.effects.EFFECTS_SCHEMA`).
        revisions: the revisions used, sorted.
        kind: one of KINDS.
        counters: result status name -> events received in calls answered with this commit.
        tables: tables that have rows, in canonical order.
    """

    book_id: str
    seq: int
    sealed_at_us: int
    engine_version: str
    language_version: str
    effects_schema: int
    revisions: tuple[str, ...] = ()
    kind: str = "batch"
    counters: Mapping[str, int] = field(default_factory=dict)
    tables: tuple[TableShape, ...] = ()

    def __post_init__(self) -> None:
        """Freezes the counters."""
        object.__setattr__(self, "counters", MappingProxyType(dict(self.counters)))

    def to_bytes(self) -> bytes:
        """Canonical JSON: sorted keys, no spaces, UTF-8."""
        if self.seq < 1 or self.sealed_at_us < 0 or self.kind not in KINDS:
            raise InvariantBroken("header is not valid", self)
        value = {
            "book_id": self.book_id,
            "seq": self.seq,
            "sealed_at_us": self.sealed_at_us,
            "engine_version": self.engine_version,
            "language_version": self.language_version,
            "effects_schema": self.effects_schema,
            "revisions": list(self.revisions),
            "kind": self.kind,
            "counters": dict(self.counters),
            "tables": [[shape.name, shape.rows, *shape.extra_columns] for shape in self.tables],
        }
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(
            "utf-8"
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> CommitHeader:
        """Reads a stored header.

        Raises:
            StoreCorrupt: it is damaged, or written by a version with other fields.
        """
        try:
            header = cls(**_fields(json.loads(data.decode("utf-8"))))
            canonical = header.to_bytes()
        except (ValueError, TypeError, KeyError, InvariantBroken) as error:
            raise StoreCorrupt(f"the header of a commit cannot be read: {error}") from error
        if canonical != data:
            raise StoreCorrupt("the header of a commit is not in canonical form")
        return header


def table_shapes(packed: PackedEffects) -> tuple[TableShape, ...]:
    """The `tables` entry of the header for these effects."""
    return tuple(
        TableShape(table.spec.name, table.count, table.extra_columns) for table in packed.tables
    )


def _fields(value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or value.keys() != _TYPES.keys():
        found = sorted(value) if isinstance(value, dict) else type(value).__name__
        raise ValueError(f"expected the fields {sorted(_TYPES)}, found {found}")
    for name, kind in _TYPES.items():
        if not isinstance(value[name], kind) or isinstance(value[name], bool):
            raise ValueError(f"{name} should be {kind.__name__}, found {value[name]!r}")
    shapes = tuple(
        TableShape(str(name), int(rows), tuple(map(str, extra)))
        for name, rows, *extra in value["tables"]
    )
    counters = {str(name): int(count) for name, count in value["counters"].items()}
    revisions = tuple(map(str, value["revisions"]))
    return {**value, "revisions": revisions, "counters": counters, "tables": shapes}


_TYPES: dict[str, type] = {
    "book_id": str,
    "seq": int,
    "sealed_at_us": int,
    "engine_version": str,
    "language_version": str,
    "effects_schema": int,
    "revisions": list,
    "kind": str,
    "counters": dict,
    "tables": list,
}
