"""Static types of expressions, as far as results show them: decimals, currency, shape, code."""

from __future__ import annotations

from dataclasses import dataclass

from engine.program import BalanceMeasure
from rules_dsl import syntax
from rules_dsl.syntax import TypeWord
from tests.reference.calendar import CALENDAR, SPREADING
from tests.reference.declarations import Declarations
from tests.reference.values import decimals_of


@dataclass(frozen=True, slots=True)
class NumberType:
    """Decimals of a number, and the currency of money ("" of other numbers)."""

    scale: int = 0
    currency: str = ""

    def beside(self, other: NumberType) -> NumberType:
        """The type both take when they are added, compared or chosen from."""
        return NumberType(max(self.scale, other.scale), self.currency or other.currency)


@dataclass(frozen=True, slots=True)
class LetType:
    """What is known of a let: the list it has a value per element of (or None) and its number."""

    shape: str | None
    number: NumberType


class Types:
    """Static types inside one rule; lets are added as they are written.

    `ledger`: whose balances and currency are meant where none is named: the rule's, a voucher's
    own, or the target's inside a delta.
    """

    def __init__(self, book: Declarations, rule: syntax.RuleDecl) -> None:
        self._book = book
        self._event = book.events[rule.event.text]
        self.ledger = book.ledger(rule.ledger)
        self._fields = {field.name: field for field in self._event.fields}
        self.lets: dict[str, LetType] = {}
        self.ledger_lists: dict[str, NumberType] = {}

    def let(self, name: str, shape: str | None, number: NumberType) -> None:
        """Notes the type of a let."""
        self.lets[name] = LetType(shape, number)

    def field(self, path: tuple[str, ...]) -> syntax.FieldDecl | None:
        """The declaration of an event field, list part or dimension attribute."""
        own = self._fields.get(path[0])
        if own is not None and len(path) == 1:
            return own
        if own is not None and own.type.word in {TypeWord.LIST, TypeWord.MAP}:
            parts = self._book.elements_of(own.type)
            return next((part for part in parts if part.name == path[1]), None)
        dimension = self._book.dimensions.get(path[0])
        if dimension is not None and dimension.record is not None and len(path) == 2:
            return self._record_field(dimension.record.text, path[1])
        return None

    def shape(self, expr: syntax.Expr) -> str | None:
        """The list field of whose elements the expression has one value each, or None."""
        match expr:
            case syntax.Name():
                if expr.text in self.lets:
                    return self.lets[expr.text].shape
                if expr.path[0] in self.ledger_lists:
                    return expr.path[0]
                own = self._fields.get(expr.path[0])
                is_list = own is not None and own.type.word in {TypeWord.LIST, TypeWord.MAP}
                return expr.path[0] if is_list else None
            case syntax.Call(function="sum" | "count"):
                return None
        shapes = {self.shape(part) for part in parts_of(expr)} - {None}
        if len(shapes) > 1:
            raise AssertionError(f"two lists in {expr}")
        return shapes.pop() if shapes else None

    def number(self, expr: syntax.Expr) -> NumberType:
        """Decimals and currency of a number."""
        match expr:
            case syntax.Number():
                return NumberType(expr.decimals, expr.currency)
            case syntax.Name():
                return self._number_of_name(expr)
            case syntax.Index():
                return self._number_of_lookup(expr)
            case syntax.Unary():
                return self.number(expr.operand)
            case syntax.Binary(op="*"):
                left, right = self.number(expr.left), self.number(expr.right)
                return NumberType(left.scale + right.scale, left.currency or right.currency)
            case syntax.Binary(op="/"):
                left, right = self.number(expr.left), self.number(expr.right)
                return NumberType(left.scale, "" if right.currency else left.currency)
            case syntax.Binary():
                return self.number(expr.left).beside(self.number(expr.right))
            case syntax.If():
                return self.number(expr.then).beside(self.number(expr.otherwise))
            case syntax.Call():
                return self._number_of_call(expr)
            case syntax.BalanceOf(measure=BalanceMeasure.FOREIGN):
                assert isinstance(expr.currency, syntax.Name)
                return NumberType(decimals_of(expr.currency.text), expr.currency.text)
            case syntax.BalanceOf():
                ledger = self.ledger if expr.ledger is None else self._book.ledger(expr.ledger)
                currency = ledger.currency
                return NumberType(decimals_of(currency), currency)
        return NumberType()

    def money(self, expr: syntax.Expr) -> NumberType:
        """The money type of an amount: the decimals of its currency."""
        currency = self.number(expr).currency or self.ledger.currency
        return NumberType(decimals_of(currency), currency)

    def units(self, expr: syntax.Expr) -> NumberType:
        """The type in whose units a total is split: money in minor units, others in their own."""
        found = self.number(expr)
        return self.money(expr) if found.currency else found

    def code(self, expr: syntax.Expr) -> str:
        """The name of the code a value belongs to, or ""."""
        if isinstance(expr, syntax.Name):
            field = self.field(expr.path) or self._book.parameters.get(expr.text)
            return self.code_of_type(field.type) if field is not None else ""
        if isinstance(expr, syntax.Index) and expr.name.text in self._book.records:
            return self.code_of_type(self._record_field(expr.name.text, expr.field).type)
        return ""

    def code_of_type(self, type_ref: syntax.TypeRef) -> str:
        """The name of the code of a code type, or ""."""
        return type_ref.name if type_ref.name in self._book.codes else ""

    def _number_of_name(self, name: syntax.Name) -> NumberType:
        if name.text in self.lets:
            return self.lets[name.text].number
        if name.path[0] in self.ledger_lists:
            return self.ledger_lists[name.path[0]]
        field = self.field(name.path)
        if field is not None:
            found = self.of_type(field.type)
            parent = self._fields.get(name.path[0])
            if len(name.path) == 2 and parent is not None and found.currency:
                parts = self._book.elements_of(parent.type)
                if found.currency in {part.name for part in parts}:
                    return NumberType(found.scale, f"{name.path[0]}.{found.currency}")
            return found
        parameter = self._book.parameters.get(name.text)
        if parameter is not None:
            return self.of_type(parameter.type)
        rate = self._book.rates.get(name.text)
        if rate is None and self._book.names_target(name.text):
            return self.target(name.text)
        return self.of_type(rate.type) if rate is not None else NumberType()

    def _number_of_lookup(self, index: syntax.Index) -> NumberType:
        name = index.name.text
        if name in self._book.rates:
            return self.of_type(self._book.rates[name].type)
        if name in self._book.records:
            return self.of_type(self._record_field(name, index.field).type)
        if self._book.names_target(name):
            return self.target(name)
        outputs = [column for column in self._book.tables[name].columns if column.is_output]
        chosen = [column for column in outputs if not index.field or column.name == index.field]
        type_ref = chosen[0].type
        return self.of_type(type_ref) if type_ref is not None else NumberType()

    def target(self, name: str) -> NumberType:
        """The money of a target."""
        currency = self._book.ledger(self._book.targets[name].ledger).currency
        return NumberType(decimals_of(currency), currency)

    def _number_of_call(self, call: syntax.Call) -> NumberType:
        if call.function == "count" or call.function in CALENDAR:
            return NumberType()
        if call.function in {"convert", "book_share"}:
            return NumberType(decimals_of(self.ledger.currency), self.ledger.currency)
        if call.function in SPREADING:
            return self.money(call.args[0])
        found = self.number(call.args[0])
        if call.mode is not None:
            if call.decimals is not None and not found.currency:
                return NumberType(call.decimals)
            return self.money(call.args[0])
        for arg in call.args[1:]:
            found = found.beside(self.number(arg))
        return found

    def of_type(self, type_ref: syntax.TypeRef) -> NumberType:
        """Decimals and currency of a declared type."""
        if type_ref.word in {TypeWord.LIST, TypeWord.MAP, TypeWord.NAMED, TypeWord.TEXT}:
            return NumberType()
        return NumberType(self._book.decimals(type_ref), self._book.currency(type_ref))

    def _record_field(self, record: str, field: str) -> syntax.FieldDecl:
        return next(part for part in self._book.records[record].fields if part.name == field)


def parts_of(expr: syntax.Expr) -> tuple[syntax.Expr, ...]:
    """The direct subexpressions, in order of writing."""
    match expr:
        case syntax.Index():
            return expr.args if expr.day is None else (*expr.args, expr.day)
        case syntax.Unary():
            return (expr.operand,)
        case syntax.Binary() | syntax.Compare():
            return (expr.left, expr.right)
        case syntax.InSet():
            return (expr.operand, *expr.items)
        case syntax.InRange():
            return tuple(part for part in (expr.operand, expr.low, expr.high) if part is not None)
        case syntax.If():
            return (expr.condition, expr.then, expr.otherwise)
        case syntax.Given():
            return (expr.subject,)
        case syntax.Call():
            return expr.args
        case syntax.BalanceOf():
            keys = (key.value for key in expr.keys)
            return tuple(
                part for part in (*keys, expr.currency, expr.during, expr.until) if part is not None
            )
    return ()
