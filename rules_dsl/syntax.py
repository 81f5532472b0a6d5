"""The syntax tree of a rule file: what the author wrote, with a span on every node, no meaning yet.

English and Chinese keywords give the same tree. Names are NFC. Nothing here is resolved.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engine.program import (
    Act,
    BalanceMeasure,
    Control,
    Expects,
    ForeignForm,
    Horizon,
    LatePolicy,
    NegativePolicy,
    Otherwise,
    Posture,
    Residue,
    RoundMode,
    Side,
    Span,
)

#: Of a member that a later version of the language added to a node: where it has its default the
#: tree is what it was before, and keeps its identity (`rules_dsl.revision`).
ADDED: Mapping[str, bool] = {"added": True}


# --- Expressions -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number:
    """A literal: value = digits / 10**decimals, e.g. 1060.00 -> (106000, 2).

    `percent`: written with %, the value already divided by 100 (6% -> (6, 2)). `currency`: a
    code written after it (`1060.00 CNY`), or "".
    """

    digits: int
    decimals: int
    percent: bool
    currency: str
    span: Span


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted string."""

    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Flag:
    """`true`/`false`, 是/否."""

    value: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Date:
    """A date literal as days since 1970-01-01."""

    days: int
    span: Span


@dataclass(frozen=True, slots=True)
class Name:
    """A name or dotted path: field, list.item, let, code value, account role, dimension.attr."""

    path: tuple[str, ...]
    span: Span

    @property
    def text(self) -> str:
        """The path as written."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Index:
    """`NAME[args]` or `NAME[args].FIELD`: a table, rate or record looked up by key.

    `day`: of a dated record, the date behind `at`; None = the business date.
    """

    name: Name
    args: tuple[Expr, ...]
    field: str
    span: Span
    day: Expr | None = dataclasses.field(default=None, metadata=ADDED)


@dataclass(frozen=True, slots=True)
class Unary:
    """`-x` or `not x`; op is "-" or "not"."""

    op: str
    operand: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Binary:
    """op: + - * / and or."""

    op: str
    left: Expr
    right: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Compare:
    """op: = != < <= > >=."""

    op: str
    left: Expr
    right: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class InSet:
    """`x in {a, b}`."""

    operand: Expr
    items: tuple[Expr, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class InRange:
    """`x in a..b` (inclusive) or `x in a..<b` (end exclusive); None = open side."""

    operand: Expr
    low: Expr | None
    high: Expr | None
    exclusive: bool
    span: Span


@dataclass(frozen=True, slots=True)
class If:
    """`if c then a else b`."""

    condition: Expr
    then: Expr
    otherwise: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Given:
    """`given F`: the optional field was sent; `given R[key]`: the record exists."""

    subject: Name | Index
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """A function: min, max, abs, sum, count, text, last_part, round (its mode resolved here).

    For round: `mode`, and `decimals` = the number after the comma or None (currency's scale).
    """

    function: str
    args: tuple[Expr, ...]
    mode: RoundMode | None
    decimals: int | None
    span: Span


@dataclass(frozen=True, slots=True)
class DimensionArg:
    """`DIM` or `DIM = expr`, optionally `if given F` / `if COND`-free: see `when_given`.

    `value` None: the event's own field of the same name. `when_given`: the dimension is carried
    only where this optional field was sent.
    """

    dimension: Name
    value: Expr | None
    when_given: Name | None
    span: Span


@dataclass(frozen=True, slots=True)
class BalanceOf:
    """`balance|debits|credits of ACCOUNTS [for DIM = expr, …] [in LEDGER] [during|until PERIOD]`.

    `account`: a role or a set of accounts. `during`: only that period; `until`: up to and
    including it.
    """

    account: Name
    keys: tuple[DimensionArg, ...]
    ledger: Name | None
    span: Span
    measure: BalanceMeasure = field(default=BalanceMeasure.NET, metadata=ADDED)
    currency: Expr | None = field(default=None, metadata=ADDED)
    during: Expr | None = field(default=None, metadata=ADDED)
    until: Expr | None = field(default=None, metadata=ADDED)


Expr = (
    Number
    | Text
    | Flag
    | Date
    | Name
    | Index
    | Unary
    | Binary
    | Compare
    | InSet
    | InRange
    | If
    | Given
    | Call
    | BalanceOf
)


# --- Types of fields ---------------------------------------------------------------------


class TypeWord(StrEnum):
    """Keyword of a field type."""

    TEXT = "text"
    FLAG = "flag"
    DATE = "date"
    PERIOD = "period"
    INTEGER = "integer"
    DECIMAL = "decimal"
    PERCENT = "percent"
    AMOUNT = "amount"
    QUANTITY = "quantity"
    CURRENCY = "currency"
    LIST = "list"
    MAP = "map"
    NAMED = "named"  # a code, dimension or list declared elsewhere


@dataclass(frozen=True, slots=True)
class TypeRef:
    """A field's type as written.

    `name`: the declared code or dimension of NAMED; the list declaration of `list of NAME`.
    `currency`: `amount of CNY`, a code or the field beside it that names the currency; "" = the
    functional currency. `per_unit`: unit name of
    a price (`amount of CNY per 小时`). `unit`: of a quantity. `item`: element type of
    `list of TYPE` / value type of `map of KEY to TYPE`; `key`: key type of a map.
    `decimals`, `low`, `high`: `decimals N`, `min V`, `max V` where written.
    """

    word: TypeWord
    span: Span
    name: str = ""
    currency: str = ""
    per_unit: str = ""
    unit: str = ""
    item: TypeRef | None = None
    key: TypeRef | None = None
    decimals: int | None = None
    low: Number | None = None
    high: Number | None = None
    is_key: bool = False  # `text key`


@dataclass(frozen=True, slots=True)
class FieldDecl:
    """`NAME [is WIRE] TYPE [optional [default V]] [personal]`."""

    name: str
    name_span: Span
    wire: str
    type: TypeRef
    optional: bool
    default: Expr | None
    personal: bool
    span: Span


# --- Declarations ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BookDecl:
    """`rulebook NAME`: the name of the rule book (one per folder)."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class LedgerDecl:
    """`ledger NAME is WIRE currency CNY [word 记] [negative red|swap|reject] [chart NAME]`.

    `chart`: the one whose roles its vouchers name, "" = all that no ledger names.
    """

    name: str
    wire: str
    currency: str
    word: str
    negative: NegativePolicy
    span: Span
    chart: str = field(default="", metadata=ADDED)


@dataclass(frozen=True, slots=True)
class UnitDecl:
    """`unit 小时 [is hour] [decimals 2]`."""

    name: str
    wire: str
    decimals: int | None
    span: Span


@dataclass(frozen=True, slots=True)
class CodeValue:
    """One value of a code: author's name and wire value."""

    name: str
    wire: str
    span: Span


@dataclass(frozen=True, slots=True)
class CodeDecl:
    """`code NAME = A [is a] | B [is b]`: a closed set."""

    name: str
    values: tuple[CodeValue, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class DimensionDecl:
    """`dimension NAME [is WIRE] [balancing] [of RECORD]`."""

    name: str
    wire: str
    balancing: bool
    record: Name | None
    span: Span


@dataclass(frozen=True, slots=True)
class ListDecl:
    """`list NAME` with fields: the records of a list field."""

    name: str
    fields: tuple[FieldDecl, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class EventDecl:
    """`event NAME [is WIRE] [dated NAME] [expects none|any|some|one] [late …] [must post]`."""

    name: str
    wire: str
    dated: str  # author's name of the business date, "" = not named
    expects: Expects
    late: LatePolicy
    must_post: bool
    fields: tuple[FieldDecl, ...]
    span: Span
    name_span: Span


@dataclass(frozen=True, slots=True)
class AccountDecl:
    """`ROLE @CODE ["name"] debit|credit [plug] [requires DIM, …] [from D] [until D]`."""

    role: str
    code: str
    name: str
    debit_side: bool
    requires: tuple[Name, ...]
    valid_from: int | None
    valid_until: int | None
    span: Span
    plug: bool = field(default=False, metadata=ADDED)


@dataclass(frozen=True, slots=True)
class ChartDecl:
    """`chart NAME` with accounts, or `chart NAME from "file.csv"` (accounts then read from it)."""

    name: str
    csv: str
    accounts: tuple[AccountDecl, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class AccountItem:
    """A member of a set of accounts: a role or another set; `below`: `NAME.*`."""

    name: Name
    below: bool
    span: Span


@dataclass(frozen=True, slots=True)
class AccountsDecl:
    """`accounts NAME = ROLE, ROLE.*, SET, …`: a set of accounts that rules read as one."""

    name: str
    items: tuple[AccountItem, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A header cell. Inputs: NAME with an optional type; outputs: `= [NAME] TYPE`.

    `word` is a TypeWord for a typed column, None where the name itself names a code or
    dimension (or the type follows from the cells). `is_account`: the output is an account.
    """

    name: str
    type: TypeRef | None
    is_output: bool
    is_account: bool
    span: Span


@dataclass(frozen=True, slots=True)
class CellItem:
    """One alternative of an input cell: a literal/name, or a range with `low`/`high`."""

    value: Expr | None
    low: Expr | None
    high: Expr | None
    exclusive: bool
    span: Span


@dataclass(frozen=True, slots=True)
class InputCell:
    """An input cell: items (any of them matches); empty = `*`."""

    items: tuple[CellItem, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class RowDecl:
    """A row: input cells, output expressions (literals or names). `is_else`: first cell `else`."""

    cells: tuple[InputCell, ...]
    outputs: tuple[Expr, ...]
    is_else: bool
    span: Span


@dataclass(frozen=True, slots=True)
class TableDecl:
    """`table NAME [unique|first]` with a header row and rows."""

    name: str
    first: bool
    columns: tuple[TableColumn, ...]
    rows: tuple[RowDecl, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class RateDecl:
    """`rate NAME TYPE` with rows `| from | [until] | value |`: a value by business date."""

    name: str
    type: TypeRef
    rows: tuple[tuple[int, int | None, Expr, Span], ...]  # from day, until day inclusive, value
    span: Span


@dataclass(frozen=True, slots=True)
class RecordDecl:
    """`record NAME key FIELD, … [dated] from EVENT, …` with the fields it keeps.

    `dated`: what an event writes is in force from the event's business date.
    """

    name: str
    keys: tuple[Name, ...]
    sources: tuple[Name, ...]
    fields: tuple[FieldDecl, ...]
    span: Span
    dated: bool = field(default=False, metadata=ADDED)


@dataclass(frozen=True, slots=True)
class TargetDecl:
    """`target NAME by FIELD, … [in LEDGER] [continues OLD]`."""

    name: str
    keys: tuple[Name, ...]
    ledger: Name | None
    continues: str
    span: Span


@dataclass(frozen=True, slots=True)
class ParameterDecl:
    """`parameter NAME [is WIRE] TYPE default LITERAL`: a value that each book sets for itself."""

    name: str
    wire: str
    type: TypeRef
    default: Expr
    span: Span
    name_span: Span


# --- Budgets -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BudgetKey:
    """A key of a budget: the name of a dimension or a code, or `NAME text` for any text."""

    name: str
    is_text: bool
    span: Span


@dataclass(frozen=True, slots=True)
class ToleranceDecl:
    """`tolerance 5% up to 1000.00 [for spend]`; `act` None: all that take from the budget.

    `share`: a percent, `amount`: in what the budget counts; None where not written.
    """

    act: Act | None
    share: Number | None
    amount: Number | None
    span: Span


@dataclass(frozen=True, slots=True)
class BudgetDecl:
    """`budget NAME [is WIRE] by KEY, … over HORIZON [of DATE]` with its lines in any order.

    `dated`: the field whose date chooses the period, "" = the business date. `counts`: a
    currency or a unit, None = the first ledger's currency. `tolerances`: sorted by their act.
    """

    name: str
    wire: str
    keys: tuple[BudgetKey, ...]
    horizon: Horizon
    dated: str
    counts: Name | None
    control: Control
    tolerances: tuple[ToleranceDecl, ...]
    warn_at: Number | None
    override_role: str
    posture: Posture
    by_path: bool
    span: Span
    name_span: Span


# --- Rules -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Let:
    """`let NAME = expr`."""

    name: str
    value: Expr
    span: Span
    name_span: Span


@dataclass(frozen=True, slots=True)
class Split:
    """`split TOTAL by WEIGHTS as NAME [residue to …]`; WEIGHTS is list-shaped."""

    total: Expr
    weights: Expr
    name: str
    residue: Residue
    span: Span
    name_span: Span


@dataclass(frozen=True, slots=True)
class Delta:
    """`delta NAME of TARGET[keys] = expr`; without keys: the event's fields of those names."""

    name: str
    target: Name
    keys: tuple[Expr, ...]
    value: Expr
    span: Span
    name_span: Span


@dataclass(frozen=True, slots=True)
class LetBalances:
    """`let NAME = balances of ACCOUNTS by KEY, … [for DIM = expr, …] [in LEDGER] [during|until P]`.

    `keys`: dimensions; `by_account`: `account` is among them; `by_all`: account and all dimensions.
    """

    name: str
    balance: BalanceOf
    keys: tuple[Name, ...]
    by_account: bool
    by_all: bool
    span: Span
    name_span: Span


@dataclass(frozen=True, slots=True)
class TrueUp:
    """`true up NAME of ACCOUNT [for DIM = expr, …] [in LEDGER] to value`."""

    name: str
    balance: BalanceOf
    value: Expr
    span: Span
    name_span: Span


@dataclass(frozen=True, slots=True)
class Refuse:
    """`refuse [CODE] "message {x}" when COND`."""

    code: str
    message: TemplateText
    condition: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class TemplateText:
    """A quoted template: str and expression parts."""

    parts: tuple[str | Expr, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class ForeignClause:
    """`foreign AMOUNT at RATE [as stated]` or `foreign AMOUNT at book rate` of a voucher line.

    `rate` None, `decimals`: the book rate and to how many decimals it is rounded, None = usual.
    """

    form: ForeignForm
    amount: Expr
    rate: Expr | None
    span: Span
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class Remaining:
    """`remaining up to BOUND` in the place of an amount: what the other lines leave."""

    bound: Number
    span: Span


@dataclass(frozen=True, slots=True)
class LineDecl:
    """`debit|credit ACCOUNT AMOUNT [foreign …] [by …] [each LIST] [side by sign]`.

    `account`: a role path, or an Index into a table with an account output, or a let naming one.
    """

    side: Side
    account: Name | Index
    amount: Expr | Remaining
    dimensions: tuple[DimensionArg, ...]
    each: Name | None
    span: Span
    by_sign: bool = field(default=False, metadata=ADDED)
    foreign: ForeignClause | None = field(default=None, metadata=ADDED)
    by_all: bool = field(default=False, metadata=ADDED)


@dataclass(frozen=True, slots=True)
class TransferDecl:
    """`transfer AMOUNT [of DIM] from A to B through ACCOUNT [by …] [each LIST]`.

    `dimension` None: the balancing dimension that A or B is declared with.
    """

    amount: Expr
    dimension: Name | None
    source: Expr
    destination: Expr
    account: Name | Index
    dimensions: tuple[DimensionArg, ...]
    each: Name | None
    span: Span


@dataclass(frozen=True, slots=True)
class VoucherDecl:
    """`voucher "summary" [word W] [ledger L] [merge] [when COND]` with lines."""

    summary: TemplateText
    word: str
    ledger: Name | None
    guard: Expr | None
    lines: tuple[LineDecl | TransferDecl, ...]
    span: Span
    merge: bool = field(default=False, metadata=ADDED)


@dataclass(frozen=True, slots=True)
class BudgetNode:
    """`NAME[keys]` of a budget; `keys` None: written without brackets."""

    budget: Name
    keys: tuple[Expr, ...] | None
    span: Span


@dataclass(frozen=True, slots=True)
class ElseClause:
    """`else reject [CODE] ["message"]`, `else hold …`, `else warn …`, `else escalate "role" …`."""

    outcome: Otherwise
    code: str
    role: str
    message: TemplateText | None
    span: Span


@dataclass(frozen=True, slots=True)
class BudgetStatement:
    """`reserve|commit|spend|check|grant AMOUNT on NODE …` or `release AMOUNT of REF from NODE …`.

    `amount` None: `release all`. `day`: `at`; `reference`: `as`, or `of` of a release. `roles`,
    `reason`: `override by … because …`, both or neither. The clauses may be written in any order.
    """

    act: Act
    amount: Expr | None
    node: BudgetNode
    day: Expr | None
    reference: Expr | None
    group: Expr | None
    until: Expr | None
    each: Name | None
    roles: Expr | None
    reason: Expr | None
    guard: Expr | None
    otherwise: ElseClause | None
    span: Span


@dataclass(frozen=True, slots=True)
class Review:
    """`review [by "ROLE"]`: a person reviews what the rule makes before it is posted.

    `role`: in which, "" = any. It stands first among the statements of a rule, wherever the line
    was written, so that a rule without it has the tree it always had.
    """

    role: str
    span: Span


Statement = (
    Review | Let | LetBalances | Split | Delta | TrueUp | Refuse | VoucherDecl | BudgetStatement
)


@dataclass(frozen=True, slots=True)
class RuleDecl:
    """`rule NAME [from D] [until D]` with `on`, `basis`, `when` and statements in source order.

    `explanation`: the text of its `explain` line, for people without accounting.
    """

    name: str
    name_span: Span
    valid_from: int | None
    valid_until: int | None
    event: Name
    basis: str
    guard: Expr | None
    ledger: Name | None
    statements: tuple[Statement, ...]
    span: Span
    explanation: TemplateText | None = field(default=None, metadata=ADDED)


# --- Tests -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecordValue:
    """`{name = value, …}` inside a list given in a test."""

    values: tuple[tuple[Name, GivenValue], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class ListValue:
    """`[a, b]` given in a test for a list field."""

    items: tuple[GivenValue, ...]
    span: Span


GivenValue = Expr | RecordValue | ListValue


@dataclass(frozen=True, slots=True)
class GivenEvent:
    """`given EVENT field = value, …`: an event posted at this place of the test."""

    event: Name
    values: tuple[tuple[Name, GivenValue], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class GivenRecord:
    """`given RECORD KEY, … FIELD = value, …` written `given 合同["K1"] 价款 = 100.00`.

    `day`: of a dated record, from when it is so; None = the test's day.
    """

    record: Name
    keys: tuple[Expr, ...]
    values: tuple[tuple[Name, Expr], ...]
    span: Span
    day: int | None = None


@dataclass(frozen=True, slots=True)
class GivenTarget:
    """`given TARGET[KEY, …] = AMOUNT`: the cumulative value the target has before."""

    target: Name
    keys: tuple[Expr, ...]
    amount: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class GivenBalance:
    """`given balance of ACCOUNT for DIM = v = AMOUNT`: opening balance on its normal side."""

    account: Name
    keys: tuple[DimensionArg, ...]
    amount: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class TestNode:
    """`BUDGET[k, …] [at DAY | from DAY until DAY]`: a node in a test.

    `day`: the day whose period is meant, None = the test's own; `last`: the last day of a node
    with dates, of which `day` is the first.
    """

    __test__ = False

    budget: Name
    keys: tuple[Expr, ...]
    day: int | None
    last: int | None
    span: Span


@dataclass(frozen=True, slots=True)
class GivenParameter:
    """`given parameter NAME = value`: a value of the book from this place of the test on."""

    name: Name
    value: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class GivenBudget:
    """`given budget NODE [under NODE] = AMOUNT`: an amount approved at this place of the test."""

    node: TestNode
    parent: TestNode | None
    amount: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class ExpectMove:
    """`expect reserve|commit|spend|release NODE AMOUNT`: what the last event moved at that node."""

    act: Act
    node: TestNode
    amount: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class ExpectAvailable:
    """`expect available NODE = AMOUNT`: what is left at a node after the last event."""

    node: TestNode
    amount: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class GivenReviewed:
    """`given reviewed`: a person approves the drafts of the event before it."""

    span: Span


@dataclass(frozen=True, slots=True)
class ExpectVoucher:
    """`expect voucher [with] ["summary"]` with lines; exact unless `partial`.

    `drafted`: `expect drafted …`, of what waits for a review.
    """

    partial: bool
    summary: str | None
    lines: tuple[LineDecl, ...]
    span: Span
    drafted: bool = False


@dataclass(frozen=True, slots=True)
class ExpectStatus:
    """`expect no posting`, `expect refused [CODE]` and the like: what became of the last event.

    `status`: "no_posting", "refused", "unposted", "invalid", "rejected" (by a budget), "held",
    "warned" (accepted, and a budget warned); `reason`: code or "".
    """

    status: str
    reason: str
    span: Span


TestStep = (
    GivenEvent
    | GivenRecord
    | GivenTarget
    | GivenBalance
    | GivenBudget
    | GivenReviewed
    | GivenParameter
    | ExpectVoucher
    | ExpectStatus
    | ExpectMove
    | ExpectAvailable
)


@dataclass(frozen=True, slots=True)
class TestDecl:
    """`test "name"` with `at DATE` and steps in order.

    Expectations concern the event given last before them.
    """

    __test__ = False

    name: str
    date: int | None
    steps: tuple[TestStep, ...]
    span: Span


Declaration = (
    BookDecl
    | LedgerDecl
    | UnitDecl
    | CodeDecl
    | DimensionDecl
    | ListDecl
    | EventDecl
    | ChartDecl
    | AccountsDecl
    | TableDecl
    | RateDecl
    | RecordDecl
    | TargetDecl
    | BudgetDecl
    | ParameterDecl
    | RuleDecl
    | TestDecl
)


@dataclass(frozen=True, slots=True)
class File:
    """One parsed rule file."""

    path: str
    declarations: tuple[Declaration, ...]
