"""What a generated rule book declares, as its rules and expressions need to know it."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

#: Types of the language as the generator names them: "money", "percent", "decimal", "integer",
#: "quantity", "price", "flag", "text", "date", "code:NAME", "dim:NAME". An integer that may be 0
#: is "whole"; "nonzero" where the guard says that it is not.
Kind = str


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field: how it is declared, and what it is."""

    name: str
    kind: Kind
    declared: str
    optional: bool = False
    default: str = ""

    @property
    def always_there(self) -> bool:
        """Whether it can be read without `given`."""
        return not self.optional or bool(self.default)


@dataclass(frozen=True, slots=True)
class ListSpec:
    """A list field of an event: its parts and how it is declared."""

    name: str
    declared: str
    parts: tuple[FieldSpec, ...]
    declaration: str = ""

    def of(self, kind: Kind) -> list[FieldSpec]:
        """Parts of a kind that are always there."""
        return [part for part in self.parts if part.kind == kind and part.always_there]


@dataclass(frozen=True, slots=True)
class EventSpec:
    """An event type."""

    name: str
    wire: str
    dated: str
    expects: str
    fields: tuple[FieldSpec, ...]
    lists: tuple[ListSpec, ...]


@dataclass(frozen=True, slots=True)
class RoleSpec:
    """A role of the chart and the dimensions it requires."""

    role: str
    code: str
    debit: bool
    requires: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A decision table: kinds of its inputs, names and kinds of its outputs."""

    name: str
    inputs: tuple[Kind, ...]
    outputs: tuple[tuple[str, Kind], ...]
    requires: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordSpec:
    """A record: kinds of its keys, its fields; `dated`: it has versions by date."""

    name: str
    keys: int
    fields: tuple[FieldSpec, ...]
    dated: bool = False


@dataclass(slots=True)
class BookSpec:
    """A rule book while it is being made."""

    rng: Random
    focus: str = ""  # "state", "split", "round": what its rules do more often; "" = all alike
    ledgers: list[str] = field(default_factory=list)
    currency: str = "CNY"
    unit: str = ""
    codes: dict[str, list[str]] = field(default_factory=dict)
    dimensions: list[str] = field(default_factory=list)
    balancing: str = ""
    dated: bool = False
    attribute: tuple[str, RecordSpec] | None = None
    roles: list[RoleSpec] = field(default_factory=list)
    tables: list[TableSpec] = field(default_factory=list)
    table_roles: list[RoleSpec] = field(default_factory=list)
    rates: list[str] = field(default_factory=list)
    records: list[RecordSpec] = field(default_factory=list)
    targets: list[tuple[str, str]] = field(default_factory=list)
    events: list[EventSpec] = field(default_factory=list)
    parameters: list[tuple[str, Kind]] = field(default_factory=list)

    def money_literal(self, most: int = 5000, *, bare: bool = False) -> str:
        """A literal amount; a bare one is money only beside money."""
        whole = self.rng.randrange(most)
        text = str(whole)
        if self.currency != "JPY":
            text = f"{whole}.{self.rng.randrange(100):02d}"
        return text if bare else f"{text} {self.currency}"
