"""What the declarations of a rule book come to, by the author's names: the lowering's tables.

Filled stage by stage by `rules_dsl.lower.declarations` and its neighbours; rules only read it.
A declaration that failed is there as None, so that what uses it is not reported again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.program import (
    LEDGER_SHAPE,
    Account,
    Balance,
    Budget,
    Dimension,
    EventType,
    Field,
    FieldType,
    Horizon,
    Ledger,
    LedgerList,
    Parameter,
    Record,
    Span,
    Table,
    Target,
)
from rules_dsl import syntax
from rules_dsl.bounds import NOTHING, Range
from rules_dsl.names import Symbols
from rules_dsl.types import NumberType, Type


@dataclass(frozen=True, slots=True)
class Code:
    """A closed set: wire values by the author's names, in order."""

    name: str
    wires: dict[str, str]
    span: Span


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A field of an event or of its list: `type` None = a list, whose fields are `items`."""

    index: int
    field: Field
    type: Type | None
    span: Span
    items: dict[str, FieldInfo] | None = None

    @property
    def name(self) -> str:
        """The author's name."""
        return self.field.name

    @property
    def may_be_absent(self) -> bool:
        """Whether an event may leave it out without a value standing in."""
        return self.field.optional and self.field.default is None


@dataclass(frozen=True, slots=True)
class EventInfo:
    """An event type; `date` is the field of its business date, named or not."""

    index: int
    declaration: syntax.EventDecl
    fields: dict[str, FieldInfo]
    date: FieldInfo
    type: EventType
    broken: bool = False

    @property
    def name(self) -> str:
        """The author's name."""
        return self.declaration.name

    def of_dimension(self, dimension: str) -> list[FieldInfo]:
        """The fields declared with a dimension as their type."""
        return [each for each in self.fields.values() if _dimension(each.type) == dimension]


def _dimension(field_type: Type | None) -> str:
    return getattr(field_type, "dimension", "")


@dataclass(frozen=True, slots=True)
class ValueInfo:
    """A value that is looked up: an output of a table, a field of a record, a key."""

    index: int
    name: str
    type: Type
    scale: int = 0
    range: Range = NOTHING


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A decision table or a rate (a table with the date as its only key)."""

    index: int
    name: str
    keys: tuple[ValueInfo, ...]
    outputs: tuple[ValueInfo, ...]
    row_count: int
    is_rate: bool


@dataclass(frozen=True, slots=True)
class RecordInfo:
    """A record: its keys and fields. `dated`: it has versions by date."""

    index: int
    name: str
    keys: tuple[ValueInfo, ...]
    fields: dict[str, ValueInfo]
    dated: bool = False


@dataclass(frozen=True, slots=True)
class TargetInfo:
    """Cumulative state; `key_types` is what the first delta gave as keys."""

    index: int
    name: str
    keys: tuple[str, ...]
    ledger: int
    key_types: list[Type] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class BudgetInfo:
    """A budget: its keys, what it counts (`type` at `scale`), what chooses the period.

    `dated`: the field whose date does, "" = the business date.
    """

    index: int
    name: str
    keys: tuple[ValueInfo, ...]
    type: NumberType
    scale: int
    horizon: Horizon
    dated: str


@dataclass(frozen=True, slots=True)
class ParameterInfo:
    """A parameter of the book: its field, type and the record its values are kept in."""

    field: Field
    type: Type
    record: int


@dataclass(frozen=True, slots=True)
class LedgerListInfo:
    """A list that a rule reads from the ledger under a name.

    `index`: into Program.ledger_lists; `node`: its LEDGER_LIST; `dimensions`: names of its keys.
    """

    index: int
    name: str
    node: int
    ledger: int
    accounts: tuple[int, ...]
    dimensions: tuple[str, ...]
    span: Span

    @property
    def shape(self) -> int:
        """The shape of its columns."""
        return LEDGER_SHAPE + self.index

    @property
    def as_field(self) -> FieldInfo:
        """The list as what `each` and `count` take; it has no fields of an event."""
        field = Field(name=self.name, wire="", type=FieldType.LIST)
        return FieldInfo(self.shape, field, None, self.span, {})


@dataclass(slots=True)
class Book:
    """Everything declared. Lists are the program's tables; dicts map names to their entries.

    `charts`: accounts by role, for each chart that ledgers have for themselves and ("") for all
    others; `account_index`: a role's account where no ledger is meant.
    """

    symbols: Symbols
    ledgers: list[Ledger] = field(default_factory=list)
    ledger_index: dict[str, int] = field(default_factory=dict)
    units: dict[str, int | None] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    dimensions: list[Dimension] = field(default_factory=list)
    dimension_index: dict[str, int] = field(default_factory=dict)
    accounts: list[Account] = field(default_factory=list)
    account_index: dict[str, int] = field(default_factory=dict)
    charts: dict[str, dict[str, int]] = field(default_factory=dict)
    broken_chart: bool = False
    account_sets: dict[str, tuple[int, ...] | None] = field(default_factory=dict)
    events: dict[str, EventInfo] = field(default_factory=dict)
    event_types: list[EventType] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    table_info: dict[str, TableInfo | None] = field(default_factory=dict)
    rate_info: dict[str, TableInfo | None] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    record_info: dict[str, RecordInfo | None] = field(default_factory=dict)
    targets: list[Target] = field(default_factory=list)
    target_info: dict[str, TargetInfo | None] = field(default_factory=dict)
    budgets: list[Budget] = field(default_factory=list)
    budget_info: dict[str, BudgetInfo | None] = field(default_factory=dict)
    parameters: list[Parameter] = field(default_factory=list)
    parameter_info: dict[str, ParameterInfo | None] = field(default_factory=dict)
    record_of_dimension: dict[str, str] = field(default_factory=dict)
    balances: list[Balance] = field(default_factory=list)
    ledger_lists: list[LedgerList] = field(default_factory=list)
    used: set[tuple[str, str]] = field(default_factory=set)
    used_lets: dict[str, set[str]] = field(default_factory=dict)
    used_fields: dict[str, set[str]] = field(default_factory=dict)

    @property
    def currency(self) -> str:
        """The currency of amounts that name none: that of the first ledger."""
        return self.ledgers[0].currency if self.ledgers else ""

    def roles(self, ledger: int) -> dict[str, int]:
        """The accounts of a ledger's chart by their roles."""
        return self.charts.setdefault(self.ledgers[ledger].chart if self.ledgers else "", {})

    def use(self, kind: str, name: str) -> None:
        """Notes that a declaration is used."""
        self.used.add((kind, name))

    def use_field(self, event: str, name: str) -> None:
        """Notes that a rule or a record reads a field."""
        self.used_fields.setdefault(event, set()).add(name)
