"""A compiled rule book as plain, immutable data: what the compiler makes and both evaluators run.

Not responsible for parsing, checking or evaluating. Everything here pickles, and nothing here
refers to text positions except as `Span`, which travels into explanations and messages.

Numbers. Every number in a program is an integer `raw` with a static decimal `scale`:
value = raw / 10**scale. Money has the scale of its currency (CNY: 2, so raw = fen). There is no
other representation and no float. An *exact* quotient never exists as a value: the compiler
keeps numerator and denominator as separate nodes and joins them in `Op.ROUND`. A node whose
static bounds leave int64 is *wide* (`Node.is_wide`): the evaluators hold it in Python integers,
or, where it is the product under a ROUND, in the exact two-word kernel of `engine.money`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1

#: Shape of a node: one value per event, or (>= 0) one value per element of that list field.
EVENT_SHAPE = -1

#: From here on the shapes of lists read from the ledger: this plus the index into
#: Program.ledger_lists.
LEDGER_SHAPE = 1 << 20

#: Before the wire name of a parameter: the name of the record its values are kept in. No author
#: can declare a record of such a name.
PARAMETER_PREFIX = "parameter."

#: The fields of such a record: the value, from which business date it was set, by whom and why.
PARAMETER_FIELDS = ("value", "since", "by", "reason")

#: A day far outside the calendar we accept; stands for "no upper limit" in date ranges.
NO_DATE = -(2**31)


class Kind(StrEnum):
    """What a node's values mean; decides the numpy dtype (`kind_dtype` in evaluate)."""

    BOOL = "bool"  # bool_
    NUMBER = "number"  # int64 raw value (object array of Python ints where wide)
    TEXT = "text"  # int32 code in the batch's string pool; -1 = absent
    DATE = "date"  # int32 days since 1970-01-01
    ACCOUNT = "account"  # int32 index into Program.accounts


class Op(StrEnum):
    """Operations of a rule's node list. `args` are earlier nodes of the same list.

    Element-wise operations take arguments of their own shape only: lowering inserts REPEAT
    where an event-shaped value meets a list. Faults (see `Fault`) count only where the node's
    `active` condition holds; elsewhere the node's value is unspecified and unused.
    """

    CONST = "const"  # data: raw int | bool | str | day number | account index
    FIELD = "field"  # data: index into EventType.fields; absent -> 0 / -1
    ITEM = "item"  # data: (list field index, index into ListType.fields); shape = list field
    GIVEN = "given"  # data: field index -> BOOL
    GIVEN_ITEM = "given_item"  # data: (list field index, sub field index) -> BOOL per element
    REPEAT = "repeat"  # event-shaped arg spread over the elements of the list `shape`
    SUM = "sum"  # list-shaped NUMBER -> event-shaped; empty list -> 0
    COUNT = "count"  # data: list field index -> NUMBER scale 0
    ADD = "add"  # equal scales
    SUB = "sub"
    MUL = "mul"  # scale = sum of the scales
    NEG = "neg"
    ABS = "abs"
    MIN = "min"  # equal scales, two args
    MAX = "max"
    SHIFT = "shift"  # data: k >= 0; raw * 10**k, scale + k
    ROUND = "round"  # args (numerator, denominator), both raw; data: RoundMode; fault DIV_ZERO
    EQ = "eq"  # NUMBER (equal scales), TEXT, DATE, BOOL, ACCOUNT
    NE = "ne"
    LT = "lt"  # NUMBER, DATE
    LE = "le"
    GT = "gt"
    GE = "ge"
    IN = "in"  # TEXT arg; data: tuple[str, ...]
    AND = "and"
    OR = "or"
    NOT = "not"
    SELECT = "select"  # args (BOOL, a, b)
    TEXT_OF = "text_of"  # NUMBER -> TEXT, plain decimal without trailing zeros ("0.06", "1")
    # The smallest amount of a currency, raw at four decimals: TEXT -> NUMBER scale 0.
    MINOR_UNIT = "minor_unit"
    LAST_PART = "last_part"  # TEXT -> TEXT: what follows the last "/"
    TABLE_ROW = "table_row"  # data: table index; args = key nodes -> NUMBER row; fault NO_ROW
    TABLE_CELL = "table_cell"  # data: (table index, output index); arg = TABLE_ROW node
    HAS_RECORD = "has_record"  # data: record index; args = keys -> BOOL
    RECORD = "record"  # data: (record index, field index); args = keys; fault MISSING_RECORD
    BALANCE = "balance"  # data: index into Program.balances; args = keys (+ period) -> NUMBER
    BALANCE_UNTIL = "balance_until"  # as BALANCE; all periods up to and including the last arg
    # Data: index into Program.ledger_lists; args = keys (+ period) -> NUMBER of elements; fault
    # LIST_TOO_LONG. Never under a condition.
    LEDGER_LIST = "ledger_list"
    COLUMN = "column"  # data: (list, LedgerColumn | position of a key dimension); arg = LEDGER_LIST
    PERIOD_NUMBER = "period_number"  # TEXT "2026-03" -> NUMBER 202603; 0 where absent
    # The day from which the version in force of a dated record is: data: (record index, field
    # index); args = keys + (day asked,) -> DATE, NO_DATE where none is in force.
    VERSION = "version"
    TARGET = "target"  # data: target index; args = keys -> NUMBER, its value before the event
    DELTA = "delta"  # data: target index; args = keys + (new value,) -> new minus old
    SPLIT = "split"  # args (event-shaped total, list-shaped weights); data: Residue
    ENTITY = "entity"  # the event's entity -> TEXT
    IN_CHART = "in_chart"  # ACCOUNT -> ACCOUNT; data: per account the one of its role elsewhere
    REQUIRE = "require"  # args (NUMBER or DATE, BOOL): the first; data: the fault where not so
    DAYS = "days"  # DATEs (a, b) -> NUMBER, b - a
    MONTHS = "months"  # DATEs (a, b) -> NUMBER, months from a's to b's
    YEAR = "year"  # DATE -> NUMBER
    MONTH = "month"  # DATE -> NUMBER, 1 to 12
    PERIOD = "period"  # DATE -> TEXT, "2026-03"
    PERIOD_START = "period_start"  # TEXT that is a period -> DATE, its first day
    MONTH_START = "month_start"  # DATE -> DATE
    MONTH_END = "month_end"  # DATE -> DATE
    ADD_DAYS = "add_days"  # (DATE, NUMBER of scale 0) -> DATE; REQUIRE keeps it in the calendar
    ADD_MONTHS = "add_months"  # as ADD_DAYS; the last day of a month that has fewer days


class RoundMode(StrEnum):
    """How ROUND settles a quotient that is not an integer."""

    HALF_AWAY = "half_away"  # 0.5 -> 1, -0.5 -> -1 (the default: half up on the absolute value)
    HALF_EVEN = "half_even"
    DOWN = "down"  # towards zero
    UP = "up"  # away from zero


class Residue(StrEnum):
    """Who receives the smallest units that a proportional split leaves over.

    Shares are taken on the absolute total, the sign applied after. LARGEST_REMAINDER gives one
    unit each to the largest remainders, ties in declared order of the list. The others floor
    every share and give the whole rest to one element (the first of equals).
    """

    LARGEST_REMAINDER = "largest_remainder"
    LARGEST = "largest"  # the element with the largest weight
    FIRST = "first"
    LAST = "last"


class Fault(StrEnum):
    """Why a rule could not be evaluated for an event; the event becomes UNPOSTED.

    The value is the public reason code.
    """

    NO_ROW = "NO_ROW"
    NO_RATE = "RATE_NOT_EFFECTIVE"
    DIV_ZERO = "DIVISION_BY_ZERO"
    MISSING_RECORD = "MISSING_RECORD"
    MISSING_DIMENSION = "MISSING_DIMENSION"
    LIST_TOO_LONG = "LIST_TOO_LONG"
    NO_WEIGHT = "SPLIT_WITHOUT_WEIGHT"
    NEGATIVE_WEIGHT = "SPLIT_NEGATIVE_WEIGHT"
    NEGATIVE_AMOUNT = "NEGATIVE_AMOUNT"
    OUT_OF_RANGE = "AMOUNT_OUT_OF_RANGE"
    DATE_OUT_OF_RANGE = "DATE_OUT_OF_RANGE"
    OUTSIDE_SPREAD = "PERIOD_OUTSIDE_SPREAD"
    REMAINING = "REMAINING_EXCEEDS_BOUND"
    UNBALANCED = "UNBALANCED"


class Side(IntEnum):
    """Side of a voucher line."""

    DEBIT = 0
    CREDIT = 1


class LatePolicy(StrEnum):
    """What happens to an event whose date lies in a closed period."""

    REFUSE = "refuse"
    NEXT_OPEN = "next_open"


class Expects(StrEnum):
    """How many rules must match an event of a type, per ledger.

    NONE: no rule may post it; ANY: zero or more; SOME: at least one; ONE: exactly one.
    """

    NONE = "none"
    ANY = "any"
    SOME = "some"
    ONE = "one"


class NegativePolicy(StrEnum):
    """What a ledger does with a negative line amount."""

    RED = "red"  # same side, negative (红字)
    SWAP = "swap"  # other side, positive
    REJECT = "reject"  # the event becomes UNPOSTED


class FieldType(StrEnum):
    """Wire type of an event field."""

    TEXT = "text"
    FLAG = "flag"
    DATE = "date"
    PERIOD = "period"  # "2026-03", kept as text
    NUMBER = "number"  # amount, percent, quantity, integer: a raw integer with a scale
    LIST = "list"  # list of records; its ListType is in EventType.lists under the field's index


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a rule file: 1-based line and column in code points, end exclusive."""

    file: str = ""
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an event type or of a list's records.

    Attributes:
        name: the author's name; `wire`: the name in JSON, CSV and Arrow.
        type: wire type. For NUMBER `scale` is the most decimals accepted, `low`/`high` the
            inclusive raw bounds (a value outside makes the event INVALID).
        currency: currency code of an amount, or "" (percent, quantity, integer).
        currency_field: index of the field beside it that names an amount's currency, -1 = none;
            then the scale is MOST_DECIMALS of `engine.currencies`, and a value with more decimals
            than its currency has makes the event INVALID.
        codes: closed set of wire values of a code-typed TEXT field, or () for any text.
        default: raw value taken where the field is absent (text as str); None = no default.
        optional: may be absent. `personal`: kept apart as personal data.
        envelope: the field is bound to the envelope key of the same wire name
            (`id`, `source`, `date`, `entity`, `posting_date`, `actor`, `approved_by`).
    """

    name: str
    wire: str
    type: FieldType
    scale: int = 0
    low: int = 0
    high: int = 0
    currency: str = ""
    codes: tuple[str, ...] = ()
    default: int | str | bool | None = None
    optional: bool = False
    personal: bool = False
    envelope: bool = False
    currency_field: int = -1


@dataclass(frozen=True, slots=True)
class ListType:
    """The records of a list field, flattened to columns.

    `form`: "records" (JSON list of objects), "values" (JSON list; the only field has wire
    "value") or "map" (JSON object; fields have wire "key" and "value").
    """

    fields: tuple[Field, ...]
    form: str = "records"


@dataclass(frozen=True, slots=True)
class EventType:
    """A declared event type. `lists` maps the index of a LIST field to its record type."""

    name: str
    wire: str
    fields: tuple[Field, ...]
    lists: dict[int, ListType] = field(default_factory=dict)
    expects: Expects = Expects.ANY
    late: LatePolicy = LatePolicy.REFUSE
    must_post: bool = False


@dataclass(frozen=True, slots=True)
class Dimension:
    """An analysis axis of voucher lines. A balancing one must balance by itself."""

    name: str
    wire: str
    balancing: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """A role of the chart bound to a code.

    `required` are indices into Program.dimensions; `debit_side`: normal balance on debit. `plug`:
    a line may take here what the other lines of its voucher leave. `chart`: of the ledgers that
    have it for themselves, "" = of all others.
    """

    role: str
    code: str
    name: str
    debit_side: bool
    required: tuple[int, ...] = ()
    valid_from: int = NO_DATE
    valid_until: int = NO_DATE  # inclusive; NO_DATE = open
    plug: bool = False
    chart: str = ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """A ledger of the book: its own balanced vouchers in one functional currency.

    `chart`: the one of its own whose accounts it has, "" = those that no ledger has for itself.
    """

    name: str
    wire: str
    currency: str
    scale: int
    word: str = "记"
    negative: NegativePolicy = NegativePolicy.RED
    chart: str = ""


@dataclass(frozen=True, slots=True)
class Interval:
    """An inclusive raw range; None = unbounded on that side."""

    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class Cell:
    """A condition of a table row on one key column; all empty = matches everything (`*`).

    `texts` for TEXT keys, `intervals` for NUMBER and DATE keys (a single value is an interval
    of one), `flag` for BOOL keys.
    """

    texts: tuple[str, ...] = ()
    intervals: tuple[Interval, ...] = ()
    flag: bool | None = None

    @property
    def matches_all(self) -> bool:
        """Whether the cell puts no condition on its key."""
        return not self.texts and not self.intervals and self.flag is None


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: conditions per key column and one value per output column.

    An `is_else` row applies where no other row does. Output values: account index, raw number,
    str, bool or day number, by the output's kind.
    """

    cells: tuple[Cell, ...]
    outputs: tuple[int | str | bool, ...]
    is_else: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Table:
    """A decision table. First matching row in order wins (unique tables have at most one).

    `fault` is NO_ROW, or NO_RATE for dated rate tables. `key_names`, `output_names`: as the
    author wrote the header. `key_domains`: per key the closed set of wire texts of a code-typed
    key, or () for open text and other kinds. `key_scales`/`output_scales`: scale of NUMBERs.
    `unique`: rows must not overlap.
    """

    name: str
    key_names: tuple[str, ...]
    key_kinds: tuple[Kind, ...]
    key_scales: tuple[int, ...]
    key_domains: tuple[tuple[str, ...], ...]
    output_names: tuple[str, ...]
    output_kinds: tuple[Kind, ...]
    output_scales: tuple[int, ...]
    rows: tuple[TableRow, ...]
    unique: bool
    span: Span
    fault: Fault = Fault.NO_ROW


@dataclass(frozen=True, slots=True)
class RecordField:
    """A value kept by a record. `type`/`scale` as in Field; default None = missing is a fault."""

    name: str
    type: FieldType
    scale: int = 0
    currency: str = ""
    default: int | str | bool | None = None


@dataclass(frozen=True, slots=True)
class RecordSource:
    """How accepted events of one type write a record.

    `keys`: event field indices of the record's key columns. `values`: (record field index,
    event field index); an absent optional event field leaves the record's value as it was.
    """

    event_type: int
    keys: tuple[int, ...]
    values: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """Reference data kept from events, by key, latest in log order.

    `dated`: what an event writes is a version in force from the event's business date, and the
    day is the last part of its key. RECORD and HAS_RECORD nodes get that part from VERSION.
    """

    name: str
    keys: tuple[str, ...]
    fields: tuple[RecordField, ...]
    sources: tuple[RecordSource, ...]
    dated: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that each book sets for itself, by command; rules read it by its name.

    `field`: its name, type and bounds; its `default` counts where no book has set it. `record`:
    where its values are kept, by entity ("" = for every entity that has none of its own).
    """

    field: Field
    record: int


@dataclass(frozen=True, slots=True)
class Target:
    """Cumulative named state: `delta` posts the new value minus the last one per key.

    `continues` names an older target whose state this one takes over.
    """

    name: str
    keys: tuple[str, ...]
    ledger: int
    scale: int
    continues: str = ""


class BalanceMeasure(StrEnum):
    """What a running balance adds up."""

    NET = "net"  # debits minus credits, or the reverse where that is the accounts' normal side
    DEBITS = "debits"  # amounts on the debit side, red ones negative
    CREDITS = "credits"
    FOREIGN = "foreign"  # as NET, of the foreign amounts of lines, in minor units of the currency


#: Stands among the dimensions of a balance for the currency of a line with a foreign part.
CURRENCY_AXIS = -1


@dataclass(frozen=True, slots=True)
class Balance:
    """A running balance that rules read: sum over `accounts` (indices) in a ledger, by key.

    `dimensions` (indices) are the key columns, in the order of the node's args; lines whose
    key dimension is empty do not count. The entity of the event is always part of the key.
    NET is positive on the accounts' normal side, on the debit side where they have several.
    CURRENCY_AXIS among the dimensions: by currency, of lines with a foreign part alone.
    `by_period`: kept per period (of the voucher), whose number stands last in a node's args.
    `by_account`, `keys`: of balances read as a list; its elements differ in the account and in
    these dimensions, of which a line need not carry any.
    """

    ledger: int
    accounts: tuple[int, ...]
    dimensions: tuple[int, ...]
    measure: BalanceMeasure = BalanceMeasure.NET
    by_period: bool = False
    by_account: bool = False
    keys: tuple[int, ...] = ()


class LedgerColumn(StrEnum):
    """A column of a list read from the ledger, beside its key dimensions."""

    ACCOUNT = "account"
    DEBIT_SIDE = "debit_side"  # BOOL: the account's normal side
    DEBITS = "debits"
    CREDITS = "credits"


@dataclass(frozen=True, slots=True)
class LedgerList:
    """A list that a rule reads from the ledger: an element per account and key dimensions.

    `debits`, `credits`: Program.balances with the same keys. `accounts`: one per code, in the
    order of the chart, which is that of the elements; then by the texts of the keys (UTF-8).
    Elements where both are 0 are left out. `until`: all periods up to and including the last arg.
    """

    debits: int
    credits: int
    accounts: tuple[int, ...]
    until: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """One operation of a rule.

    Attributes:
        op, args, data: see `Op`.
        kind: meaning of the value. shape: EVENT_SHAPE or a list field index.
        scale: decimal scale of a NUMBER. low, high: inclusive static raw bounds of a NUMBER, and
            of a DATE that is required to lie between them.
        active: index of a BOOL node of the same shape or of EVENT_SHAPE; None = always.
        span: where the author wrote it. label: the let's name, or "".
        meaning: what people call its values: of a number the currency, the unit or "%" ("CNY/hour"
            of a price), of a text the code it is a value of (see `Program.code_names`), or "".
    """

    op: Op
    args: tuple[int, ...]
    data: object
    kind: Kind
    shape: int = EVENT_SHAPE
    scale: int = 0
    low: int = 0
    high: int = 0
    active: int | None = None
    span: Span = Span()
    label: str = ""
    meaning: str = ""

    @property
    def is_wide(self) -> bool:
        """Whether the value may leave int64."""
        return self.low < INT64_MIN or self.high > INT64_MAX


@dataclass(frozen=True, slots=True)
class Template:
    """Text with places: str parts stand as they are, int parts are event-shaped node indices.

    NUMBER nodes print as plain decimals at their full scale ("1060.00"), dates as ISO, TEXT as
    it is, absent text as "".
    """

    parts: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """`refuse … when …`: where `condition` holds the event is REJECTED_RULE with `code`."""

    condition: int
    code: str
    message: Template
    span: Span


@dataclass(frozen=True, slots=True)
class LineDimension:
    """A dimension of a line: value node, and the BOOL node under which the line carries it."""

    dimension: int
    value: int
    given: int | None = None


class ForeignForm(StrEnum):
    """How a line's functional amount follows from its foreign amount and rate."""

    CONVERTED = "converted"  # it is convert(foreign, rate)
    BOOK = "book"  # its share of the account's balance, the rate is what comes of it
    REVALUED = "revalued"  # convert(foreign balance, rate) less the balance; foreign is 0
    STATED = "stated"  # as the event says; nothing is proved


@dataclass(frozen=True, slots=True)
class ForeignPart:
    """Currency, foreign amount and rate of a line, as nodes; attributes, outside of the balance.

    `currency` (TEXT: an ISO code), `amount` (NUMBER at MOST_DECIMALS of `engine.currencies`, a
    multiple of the currency's minor unit), `rate` (TEXT: a plain decimal). All have the shape of
    the line.
    """

    form: ForeignForm
    currency: int
    amount: int
    rate: int


@dataclass(frozen=True, slots=True)
class Line:
    """A voucher line, or one per element of a list where `each` >= 0.

    `account` (ACCOUNT), `amount` (NUMBER at the ledger's scale) and the dimension values have
    either EVENT_SHAPE or the shape `each`; lowering has inserted REPEAT, so inside a line with
    `each` >= 0 all have that shape. A line whose amount is 0 is dropped. `by_sign`: a negative
    amount goes to the other side as a positive one, whatever the ledger's policy. `foreign`: its
    amount in another currency, on the same side; then only a line where both are 0 is dropped.

    `transfer`: of a line that a transfer made, its amount whether or not the two values it moves
    between are equal; where they are, `amount` is 0. `remaining_bound`: of the line that takes
    what the others leave, the most it may take (raw).
    """

    side: Side
    account: int
    amount: int
    dimensions: tuple[LineDimension, ...]
    each: int
    span: Span
    by_sign: bool = False
    transfer: int | None = None
    remaining_bound: int | None = None
    foreign: ForeignPart | None = None


@dataclass(frozen=True, slots=True)
class VoucherPlan:
    """A voucher a rule makes: lines in source order; `guard` None = always.

    `merge`: lines equal in side, account, dimensions, currency and rate become one
    (`engine.evaluate.merging`).
    """

    ledger: int
    word: str
    summary: Template
    guard: int | None
    lines: tuple[Line, ...]
    span: Span
    merge: bool = False


class Horizon(StrEnum):
    """How long an amount of a budget lasts: a node's period."""

    LIFE = "life"  # one node for ever (life of the project); period ""
    MONTH = "month"  # "2026-03"
    QUARTER = "quarter"  # "2026-Q1"
    YEAR = "year"  # "2026"
    DATES = "dates"  # the first and last day its approval gives: "2026-03-10..2026-04-09"


class Control(StrEnum):
    """What happens at a node whose amount does not suffice."""

    BLOCK = "block"  # the statement's `else` decides
    WARN = "warn"  # passes, marked
    TRACK = "track"  # passes; only counted


class Posture(StrEnum):
    """What happens where a check cannot be made (an ambiguous node, a closed period's node)."""

    CLOSED = "closed"  # as if nothing were available
    OPEN_MARKED = "open_marked"  # passes, marked as not checked


class Act(StrEnum):
    """What a budget statement does."""

    RESERVE = "reserve"  # 预占
    COMMIT = "commit"  # 承诺
    SPEND = "spend"  # 实际
    CHECK = "check"  # asks, moves nothing
    RELEASE = "release"  # gives back what a reference holds
    GRANT = "grant"  # raises (or, negative, lowers) a node's own amount


class Otherwise(StrEnum):
    """What a statement does with the event where a blocking node is short."""

    REJECT = "reject"  # REJECTED_BUDGET
    HOLD = "hold"  # HELD until decided
    ESCALATE = "escalate"  # HELD for a role
    WARN = "warn"  # passes as a recorded overrun


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far beyond its amount a node may go: the smaller of the parts given; none = nothing.

    `ppm`: of the amount, in millionths. `amount`: raw, at the budget's scale.
    """

    ppm: int | None = None
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """A declared budget: a tree of nodes over its keys, with the defaults of its nodes.

    Attributes:
        name, wire: as everywhere. keys: names of the key columns, root first.
        currency: of its amounts, "" where it counts a quantity of `unit`.
        scale: decimals of its amounts.
        horizon, control, posture: see there.
        tolerances: per act RESERVE, COMMIT, SPEND; missing = nothing.
        warn_ppm: a grant that leaves at most this share of the amount is marked WARN; None = off.
        override_role: who may let pass what a node blocks; "" = nobody.
        by_path: nodes hang under parents their approval names and are found by the tail of their
            path ("[…/]OWNER/CATEGORY"); otherwise a node's ancestors are the prefixes of its keys.
        chinese: sentences about it are Chinese (the language its declaration is written in).
        labels: per key what its values are called (wire value -> author's name), for sentences;
            empty where a key takes any text.
    """

    name: str
    wire: str
    keys: tuple[str, ...]
    scale: int
    currency: str = ""
    unit: str = ""
    horizon: Horizon = Horizon.LIFE
    control: Control = Control.BLOCK
    posture: Posture = Posture.CLOSED
    tolerances: dict[Act, Tolerance] = field(default_factory=dict)
    warn_ppm: int | None = None
    override_role: str = ""
    by_path: bool = False
    chinese: bool = False
    labels: tuple[dict[str, str], ...] = ()
    span: Span = Span()

    def label(self, path: tuple[str, ...]) -> tuple[str, ...]:
        """The keys of a node as people call them."""
        if not self.by_path:
            named = zip(path, self.labels, strict=False)
            return tuple(names.get(key, key) for key, names in named) + path[len(self.labels) :]
        every = {wire: name for names in self.labels for wire, name in names.items()}
        return tuple(every.get(key, key) for key in path)


@dataclass(frozen=True, slots=True)
class BudgetMove:
    """A budget statement of a rule. All references are node indices of the rule.

    Attributes:
        act, budget: what it does, index into Program.budgets.
        amount: NUMBER at the budget's scale; None = `release all`.
        keys: TEXT nodes, root first, as many as the budget has or fewer; an absent or empty value
            ends the path there. Empty for a release where the reference stands.
        day: DATE node that chooses the period; None = the business date.
        reference: TEXT node (`as` / `of`); absent value: nothing to release; what is reserved or
            committed without one is kept under the event's id, what is taken back nameless.
        group: TEXT node or None. until: DATE node or None: the last day of a soft hold (UTC);
            NO_DATE where an optional field is absent: no soft hold.
        each: list field index, or EVENT_SHAPE. As in `Line`, amount and keys then have that shape
            (lowering inserts REPEAT); day, reference, group, until are event-shaped.
        guard: event-shaped BOOL node or None.
        roles: TEXT node, event-shaped or of a list field's shape; reason: TEXT node, event-shaped:
            with both given, a node whose override role is among the roles lets the event pass.
            An optional field that is absent is -1, as everywhere. None = no override.
        otherwise, role, code, message: the `else` clause. role: of ESCALATE. A GRANT has REJECT
            where it was written with `else`, and lowers an amount only from what is available;
            without `else` it has WARN and lowers it in any case. A RELEASE has REJECT.
    """

    act: Act
    budget: int
    amount: int | None
    keys: tuple[int, ...]
    day: int | None = None
    reference: int | None = None
    group: int | None = None
    until: int | None = None
    each: int = EVENT_SHAPE
    guard: int | None = None
    roles: int | None = None
    reason: int | None = None
    otherwise: Otherwise = Otherwise.REJECT
    role: str = ""
    code: str = "BUDGET_EXCEEDED"
    message: Template | None = None
    span: Span = Span()


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled rule.

    Attributes:
        event_type: index into Program.event_types.
        valid_from, valid_until: business dates, inclusive; NO_DATE = open.
        nodes: in source order, arguments before users. The guard and all it needs come first:
            `nodes[:guard_count]` are evaluated for every event of the type in force, the rest
            only where the guard holds.
        guard: BOOL node or None.
        refusals: in source order. Faults and refusals are settled by node order: the smallest
            index among the first faulting node and the first true refusal condition decides.
        deltas: indices of DELTA nodes. They never stand under an `active` condition other than
            None, and are written when the event is accepted.
        vouchers: in source order.
        ledgers: ledger indices this rule counts for under `expects`.
        moves: budget statements in source order; decided after every rule of the event.
        explanation: a sentence for people without accounting, or None. What it needs of nodes is
            evaluated only when somebody asks (`engine.evaluate.explanation_text`): such nodes
            cannot fail and read nothing.
        chinese: explanations of it are Chinese (the language its declaration is written in).
        review: the role in which a person reviews its vouchers before they are posted, "" = any;
            None: they are posted at once.
    """

    name: str
    event_type: int
    valid_from: int
    valid_until: int
    nodes: tuple[Node, ...]
    guard: int | None
    guard_count: int
    refusals: tuple[Refusal, ...]
    deltas: tuple[int, ...]
    vouchers: tuple[VoucherPlan, ...]
    ledgers: tuple[int, ...]
    basis: str
    span: Span
    moves: tuple[BudgetMove, ...] = ()
    explanation: Template | None = None
    chinese: bool = False
    review: str | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled rule book. `revision` is the hex SHA-256 identity of product.md."""

    revision: str
    language_version: int
    name: str
    ledgers: tuple[Ledger, ...]
    dimensions: tuple[Dimension, ...]
    accounts: tuple[Account, ...]
    event_types: tuple[EventType, ...]
    tables: tuple[Table, ...]
    records: tuple[Record, ...]
    targets: tuple[Target, ...]
    balances: tuple[Balance, ...]
    rules: tuple[Rule, ...]
    codes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    code_names: dict[str, dict[str, str]] = field(default_factory=dict)
    budgets: tuple[Budget, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    ledger_lists: tuple[LedgerList, ...] = ()

    def is_debit_side(self, accounts: tuple[int, ...]) -> bool:
        """Whether a balance of these accounts is positive in debit: unless all are credit."""
        return any(self.accounts[index].debit_side for index in accounts)
