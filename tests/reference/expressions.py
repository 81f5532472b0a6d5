"""Expressions of one rule on one event, evaluated part by part in the order of writing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from engine.program import BalanceMeasure
from rules_dsl import syntax
from tests.reference.calendar import CALENDAR, SPREADING, check_place, spread
from tests.reference.currency_operations import CURRENCY_FUNCTIONS, foreign_balance
from tests.reference.declarations import Declarations, number_of
from tests.reference.fields import FieldReader, TypedEvent
from tests.reference.ledger_reads import (
    accounts_of,
    columns_of,
    elements_of,
    reading,
    within,
)
from tests.reference.lookups import Lookups
from tests.reference.operations import ARITHMETIC, COMPARISONS, FUNCTIONS, in_range, last_part
from tests.reference.state import CURRENCY, State
from tests.reference.types import NumberType, Types
from tests.reference.values import (
    ABSENT,
    CURRENCY_DECIMALS,
    Fault,
    Value,
    day,
    plain,
    round_to,
)

INT64_MAX = 2**63 - 1
NET = BalanceMeasure.NET

#: Largest sum or balance a rule may read, in its own units.
ACCUMULATED_LIMIT = 10**17


@dataclass(frozen=True, slots=True)
class Places:
    """Where an expression is evaluated: once for the event, or at elements of a list.

    `chosen`: an `if` over the elements chose these; then no element means no evaluation, while
    an event's own value is evaluated even where the list is empty.
    """

    list_name: str | None
    indexes: tuple[int, ...]
    chosen: bool = False

    def where(self, flags: list[bool]) -> Places:
        """The places at which the flag holds."""
        kept = tuple(at for at, flag in zip(self.indexes, flags, strict=True) if flag)
        return Places(self.list_name, kept, True)


EVENT = Places(None, (0,))


class Expressions:
    """Evaluates the expressions of one rule on one event against the state before the event."""

    def __init__(
        self,
        book: Declarations,
        rule: syntax.RuleDecl,
        event: TypedEvent,
        state: State,
        seen: Counter[str],
    ) -> None:
        self.types = Types(book, rule)
        self.lets: dict[str, list[Value]] = {}
        self.ledger_lists: dict[str, list[dict[str, Value]]] = {}
        self._book = book
        self._event = event
        self._state = state
        self._seen = seen
        self._lookups = Lookups(book, state, seen)

    def elements(self, list_name: str | None) -> Places:
        """Every element of a list, or the event."""
        if list_name is None:
            return EVENT
        elements = self.ledger_lists.get(list_name)
        if elements is None:
            elements = self._event.lists[list_name]
        return Places(list_name, tuple(range(len(elements))))

    def let(self, name: str, expr: syntax.Expr) -> None:
        """Evaluates a let at its own shape and keeps it."""
        shape = self.types.shape(expr)
        self.keep(name, shape, self.at(expr, self.elements(shape)), self.types.number(expr))

    def keep(self, name: str, shape: str | None, values: list[Value], number: NumberType) -> None:
        """Keeps values under a name that later statements read."""
        self.types.let(name, shape, number)
        self.lets[name] = values

    def one(self, expr: syntax.Expr, code: str = "") -> Value:
        """The value of an expression of the event's shape."""
        [value] = self.at(expr, EVENT, code)
        return value

    def at(self, expr: syntax.Expr, places: Places, code: str = "") -> list[Value]:
        """The values at `places`, in their order. `code`: whose values bare names are."""
        if places.chosen and not places.indexes:
            return []
        if places.list_name is not None and self.types.shape(expr) is None:
            return [self.one(expr, code)] * len(places.indexes)
        match expr:
            case syntax.Number():
                return [number_of(expr)] * len(places.indexes)
            case syntax.Text() | syntax.Flag():
                return [expr.value] * len(places.indexes)
            case syntax.Date():
                return [day(expr.days)] * len(places.indexes)
            case syntax.Name():
                return self._name(expr, places, code)
            case syntax.Index():
                return self._index(expr, places)
            case syntax.If():
                return self._if(expr, places, code)
            case syntax.Binary(op="and"):
                self._seen["and"] += 1
                return self._chosen(expr.left, expr.right, None, places)
            case syntax.Binary(op="or"):
                self._seen["or"] += 1
                return self._chosen(expr.left, None, expr.right, places)
            case syntax.Given():
                return self._given(expr.subject, places)
            case syntax.Call():
                return self._call(expr, places)
            case syntax.BalanceOf():
                return self._balance(expr, places)
            case syntax.Unary() | syntax.Binary():
                return self._arithmetic(expr, places)
            case syntax.Compare() | syntax.InSet() | syntax.InRange():
                return self._condition(expr, places)

    # --- Names -----------------------------------------------------------------------------

    def _name(self, name: syntax.Name, places: Places, code: str) -> list[Value]:
        if name.text in self.lets:
            kept = self.lets[name.text]
            return [kept[at] for at in places.indexes]
        event = self._event
        if len(name.path) == 1 and name.text in event.values:
            return [event.values[name.text]]
        if name.path[0] in self.ledger_lists:
            elements = self.ledger_lists[name.path[0]]
            return [elements[at][name.path[1]] for at in places.indexes]
        if name.path[0] in event.lists:
            elements = event.lists[name.path[0]]
            return [elements[at][name.path[1]] for at in places.indexes]
        if name.text in self._book.parameters:
            return [self._parameter(self._book.parameters[name.text])]
        if name.text in self._book.rates:
            return [self._lookups.rate(name.text, event.business_date)]
        if self._book.names_target(name.text):
            return self._targets(name.text, (), places)
        dimension = self._book.dimensions.get(name.path[0])
        if dimension is not None and dimension.record is not None and len(name.path) == 2:
            self._seen["dimension attribute"] += 1
            key = self.own_dimension(dimension.name)
            on = event.business_date
            return [self._lookups.record(dimension.record.text, (key,), name.path[1], on)]
        return [self._constant(name, code)] * len(places.indexes)

    def _parameter(self, declared: syntax.ParameterDecl) -> Value:
        """The value of the event's entity, else of the book, else the default."""
        kept = self._state.parameters
        for entity in (self._event.entity, ""):
            if (declared.wire, entity) in kept:
                self._seen["parameter of an entity" if entity else "parameter of the book"] += 1
                return kept[declared.wire, entity]
        self._seen["parameter default"] += 1
        return FieldReader(self._book).literal(declared.type, declared.default)

    def _constant(self, name: syntax.Name, code: str) -> Value:
        codes = [code] if code else list(self._book.codes)
        for code_name in codes:
            for value in self._book.codes[code_name].values:
                if value.name == name.text:
                    return value.wire
        if name.text in CURRENCY_DECIMALS and name.text not in self._book.accounts:
            return name.text
        return self._book.accounts[name.text]

    def own_dimension(self, dimension: str) -> Value:
        """The event's own value of a dimension: the one field of that type, or of that name."""
        typed = [field.name for field in self._event.decl.fields if field.type.name == dimension]
        name = typed[0] if len(typed) == 1 else dimension
        return self._event.values[name]

    def _given(self, subject: syntax.Name | syntax.Index, places: Places) -> list[Value]:
        self._seen["given"] += 1
        if isinstance(subject, syntax.Index):
            self._seen["given record"] += 1
            columns = [self.at(arg, places) for arg in subject.args]
            days = self._days(subject, places)
            return [
                self._lookups.has_record(subject.name.text, key, on)
                for key, on in zip(zip(*columns, strict=True), days, strict=True)
            ]
        if len(subject.path) == 2:
            given = self._event.elements_given[subject.path[0]]
            return [subject.path[1] in given[at] for at in places.indexes]
        return [subject.text in self._event.given]

    def _index(self, index: syntax.Index, places: Places) -> list[Value]:
        name = index.name.text
        if name in self._book.rates:
            days = self.at(index.args[0], places)
            return [self._lookups.rate(name, as_date(one)) for one in days]
        if self._book.names_target(name):
            return self._targets(name, index.args, places)
        codes = self._lookups.key_codes(name)
        columns = [self.at(arg, places, code) for arg, code in zip(index.args, codes, strict=True)]
        keys = list(zip(*columns, strict=True))
        if name in self._book.records:
            days = self._days(index, places)
            pairs = zip(keys, days, strict=True)
            return [self._lookups.record(name, key, index.field, on) for key, on in pairs]
        return [self._lookups.table(name, key, index.field) for key in keys]

    def _targets(self, name: str, args: tuple[syntax.Expr, ...], places: Places) -> list[Value]:
        """The value of a target before this event, at each place; 0 where it has none."""
        self._seen["target read"] += 1
        parts = args or self._book.targets[name].keys
        columns = [self.at(part, places) for part in parts]
        keys = zip(*columns, strict=True)
        entity = self._event.entity
        self._seen["target read after a delta"] += any(
            (name, entity, key) in self._state.targets for key in zip(*columns, strict=True)
        )
        found = [self._state.targets.get((name, entity, key), 0) for key in keys]
        scale = self.types.target(name).scale
        return [Fraction(one, 10**scale) for one in found]

    def _days(self, index: syntax.Index, places: Places) -> list[date]:
        """The days a record is asked at: what is written behind `at`, or the business date."""
        if index.day is None:
            return [self._event.business_date] * len(places.indexes)
        self._seen["record at a date"] += 1
        return [as_date(one) for one in self.at(index.day, places)]

    # --- Choices ---------------------------------------------------------------------------

    def _if(self, expr: syntax.If, places: Places, code: str) -> list[Value]:
        self._seen["if"] += 1
        return self._chosen(expr.condition, expr.then, expr.otherwise, places, code)

    def _chosen(
        self,
        condition: syntax.Expr,
        then: syntax.Expr | None,
        otherwise: syntax.Expr | None,
        places: Places,
        code: str = "",
    ) -> list[Value]:
        """`then` where the condition holds, `otherwise` elsewhere; None stands for the condition.

        Only what is chosen is evaluated.
        """
        if self.types.shape(condition) is None:
            holds = self.one(condition)
            chosen = then if holds else otherwise
            if chosen is None:
                return [holds] * len(places.indexes)
            return self.at(chosen, places, code)
        flags = [bool(flag) for flag in self.at(condition, places)]
        yes, no = places.where(flags), places.where([not flag for flag in flags])
        results: dict[int, Value] = dict(zip(places.indexes, flags, strict=True))
        for side, side_places in ((then, yes), (otherwise, no)):
            if side is not None:
                values = self.at(side, side_places, code)
                results |= dict(zip(side_places.indexes, values, strict=True))
        return [results[at] for at in places.indexes]

    def _condition(
        self, expr: syntax.Compare | syntax.InSet | syntax.InRange, places: Places
    ) -> list[Value]:
        match expr:
            case syntax.Compare():
                code = self.types.code(expr.left) or self.types.code(expr.right)
                lefts = self.at(expr.left, places, code)
                rights = self.at(expr.right, places, code)
                self._seen[f"compare {expr.op}"] += 1
                pairs = zip(lefts, rights, strict=True)
                return [COMPARISONS[expr.op](left, right) for left, right in pairs]
            case syntax.InSet():
                self._seen["in set"] += 1
                code = self.types.code(expr.operand)
                operands = self.at(expr.operand, places, code)
                items = [self.at(item, places, code) for item in expr.items]
                rows = zip(operands, *items, strict=True)
                return [operand in choices for operand, *choices in rows]
            case syntax.InRange():
                self._seen["in range exclusive" if expr.exclusive else "in range"] += 1
                operands = self.at(expr.operand, places)
                lows = self._bound(expr.low, places)
                highs = self._bound(expr.high, places)
                rows3 = zip(operands, lows, highs, strict=True)
                return [in_range(x, low, high, expr.exclusive) for x, low, high in rows3]

    def _bound(self, expr: syntax.Expr | None, places: Places) -> list[Value]:
        return [ABSENT] * len(places.indexes) if expr is None else self.at(expr, places)

    # --- Arithmetic ------------------------------------------------------------------------

    def _arithmetic(self, expr: syntax.Unary | syntax.Binary, places: Places) -> list[Value]:
        if isinstance(expr, syntax.Unary):
            operands = self.at(expr.operand, places)
            self._seen[f"unary {expr.op}"] += 1
            if expr.op == "not":
                return [not operand for operand in operands]
            return [-as_number(operand) for operand in operands]
        lefts = [as_number(value) for value in self.at(expr.left, places)]
        rights = [as_number(value) for value in self.at(expr.right, places)]
        if expr.op == "*":
            self._note_products(expr, lefts, rights)
        self._seen[f"binary {expr.op}"] += 1
        operation = ARITHMETIC[expr.op]
        return [operation(left, right) for left, right in zip(lefts, rights, strict=True)]

    def _note_products(
        self, expr: syntax.Binary, lefts: list[Fraction], rights: list[Fraction]
    ) -> None:
        """Counts products whose units leave int64, so that a run shows how many it tried."""
        scales = self.types.number(expr.left).scale, self.types.number(expr.right).scale
        for left, right in zip(lefts, rights, strict=True):
            raw = abs(left * right) * 10 ** sum(scales)
            self._seen["product"] += 1
            if raw > INT64_MAX:
                self._seen["product beyond int64"] += 1

    def _call(self, call: syntax.Call, places: Places) -> list[Value]:
        name = call.function if call.mode is None else f"round {call.mode.value}"
        self._seen[name] += 1
        match call.function:
            case "sum":
                shape = self.types.shape(call.args[0])
                values = self.at(call.args[0], self.elements(shape))
                self._seen["sum of empty list"] += not values
                total = sum((as_number(value) for value in values), Fraction(0))
                return [self._accumulated(total, call)]
            case "count":
                assert isinstance(call.args[0], syntax.Name)
                return [Fraction(len(self.elements(call.args[0].path[0]).indexes))]
            case "last_part":
                return [last_part(one) for one in self.at(call.args[0], places)]
            case "text":
                written = self.at(call.args[0], places)
                return [one if isinstance(one, str) else plain(as_number(one)) for one in written]
        if call.function in CALENDAR:
            rows = zip(*(self.at(arg, places) for arg in call.args), strict=True)
            return [CALENDAR[call.function](*row) for row in rows]
        columns = [[as_number(one) for one in self.at(arg, places)] for arg in call.args]
        if call.function in SPREADING:
            scale = self.types.money(call.args[0]).scale
            if all(self.types.shape(arg) is None for arg in call.args[1:]):
                # The event's own period is looked at once, also where the list is empty.
                check_place(*(as_number(self.one(arg)) for arg in call.args[1:]))
            parts = zip(*columns, strict=True)
            return [spread(call.function, *row, scale) for row in parts]
        if call.mode is not None:
            decimals = call.decimals
            self._seen["round to decimals"] += decimals is not None
            if decimals is not None:
                return [round_to(number, decimals, call.mode) for number in columns[0]]
            digits = self.minor_digits(call.args[0], places)
            self._seen["round foreign"] += len(set(digits)) > 0 and self._is_foreign(call.args[0])
            pairs = zip(columns[0], digits, strict=True)
            return [round_to(number, of, call.mode) for number, of in pairs]
        if call.function in CURRENCY_FUNCTIONS:
            scale = self.types.number(call).scale
            rows = zip(*columns, strict=True)
            found = [CURRENCY_FUNCTIONS[call.function](row, scale) for row in rows]
            checked = call.function == "book_share"
            return [self._accumulated(one, call) if checked else one for one in found]
        numbers = list(zip(*columns, strict=True))
        return [FUNCTIONS[call.function](row) for row in numbers]

    def _is_foreign(self, expr: syntax.Expr) -> bool:
        """Whether a field of the event names the currency of an amount."""
        currency = self.types.number(expr).currency
        return bool(currency) and currency not in CURRENCY_DECIMALS

    def minor_digits(self, expr: syntax.Expr, places: Places) -> list[int]:
        """The decimals of an amount's currency at each place."""
        money = self.types.money(expr)
        if not self._is_foreign(expr):
            return [money.scale] * len(places.indexes)
        path = syntax.Name(tuple(money.currency.split(".")), expr.span)
        return [CURRENCY_DECIMALS[str(code)] for code in self.at(path, places)]

    def _accumulated(self, total: Fraction, expr: syntax.Expr) -> Fraction:
        """A sum or balance, which must stay within the engine's limit."""
        if abs(total) * 10 ** self.types.number(expr).scale > ACCUMULATED_LIMIT:
            raise Fault("AMOUNT_OUT_OF_RANGE")
        return total

    # --- State -----------------------------------------------------------------------------

    def _balance(self, expr: syntax.BalanceOf, places: Places) -> list[Value]:
        self._seen[f"{expr.measure} of" if expr.measure is not NET else "balance of"] += 1
        self._seen["balance during a period"] += expr.during is not None
        self._seen["balance until a period"] += expr.until is not None
        self._seen["balance of a set"] += expr.account.text in self._book.account_sets
        self._seen["balance of two dimensions"] += len(expr.keys) > 1
        self._seen["balance in a ledger"] += expr.ledger is not None
        names = [self._book.dimensions[key.dimension.text].wire for key in expr.keys]
        columns = [
            [self.own_dimension(key.dimension.text)] * len(places.indexes)
            if key.value is None
            else self.at(key.value, places)
            for key in expr.keys
        ]
        if expr.currency is not None:
            self._seen["balance in a currency"] += 1
            self._seen["foreign balance"] += expr.measure is BalanceMeasure.FOREIGN
            names = [*names, CURRENCY]
            columns.append(self.at(expr.currency, places))
        ledger = self.types.ledger if expr.ledger is None else self._book.ledger(expr.ledger)
        accounts = accounts_of(self._book, expr.account.text, ledger)
        scale = self.types.number(expr).scale
        rows = zip(*columns, strict=True) if columns else [()] * len(places.indexes)
        place = (self._event.entity, ledger.wire)
        measure = expr.measure
        balances = [
            reading(
                self._state, place, accounts, dict(zip(names, row, strict=True)), measure, periods
            )
            for row, periods in zip(rows, self._periods(expr, places), strict=True)
        ]
        self._seen["balance after earlier lines"] += any(balances)
        if measure is BalanceMeasure.FOREIGN:
            codes = columns[-1]
            return [foreign_balance(one, str(of)) for one, of in zip(balances, codes, strict=True)]
        return [self._accumulated(Fraction(one, 10**scale), expr) for one in balances]

    def read_list(self, statement: syntax.LetBalances) -> None:
        """Reads `let NAME = balances of …` and keeps it."""
        read, book = statement.balance, self._book
        ledger = self.types.ledger if read.ledger is None else book.ledger(read.ledger)
        fixed = {key.dimension.text: self._key(key) for key in read.keys}
        names = book.dimensions if statement.by_all else [key.text for key in statement.keys]
        keys = [(name, book.dimensions[name].wire) for name in book.dimensions if name in names]
        keys = [(name, wire) for name, wire in keys if name not in fixed]
        [periods] = self._periods(read, EVENT)
        place = (self._event.entity, ledger.wire)
        carried = {book.dimensions[name].wire: value for name, value in fixed.items()}
        accounts = accounts_of(book, read.account.text, ledger)
        rows = elements_of(self._state, place, accounts, carried, keys, periods)
        self._seen["balances of"] += 1
        self._seen["balances of no element"] += not rows
        self._seen["balances of several elements"] += len(rows) > 1
        self._seen["balances by all"] += statement.by_all
        scale = CURRENCY_DECIMALS[ledger.currency]
        self.ledger_lists[statement.name] = [columns_of(row, keys, scale) for row in rows]
        self.types.ledger_lists[statement.name] = NumberType(scale, ledger.currency)

    def all_dimensions(self, list_name: str, places: Places) -> list[tuple[str, list[Value]]]:
        """Every dimension of a list read from the ledger: wire name and value at each place."""
        elements = self.ledger_lists[list_name]
        return [
            (decl.wire, [elements[at].get(name, ABSENT) for at in places.indexes])
            for name, decl in self._book.dimensions.items()
        ]

    def _key(self, key: syntax.DimensionArg) -> Value:
        if key.value is None:
            return self.own_dimension(key.dimension.text)
        return self.one(key.value)

    def _periods(self, expr: syntax.BalanceOf, places: Places) -> list[Callable[[str], bool]]:
        """Which periods a reading takes, at each place."""
        asked = expr.during or expr.until
        if asked is None:
            return [within(None, None)] * len(places.indexes)
        found = self.at(asked, places)
        return [within(one, None) if expr.during else within(None, one) for one in found]


def as_number(value: Value) -> Fraction:
    """The value, which the language's types say is a number."""
    assert isinstance(value, Fraction), value
    return value


def as_date(value: Value) -> date:
    """The value, which the language's types say is a date."""
    assert isinstance(value, date), value
    return value
