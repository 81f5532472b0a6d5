"""An event as received, read into the fields its type declares; says why where it is INVALID."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from rules_dsl import syntax
from rules_dsl.syntax import TypeWord
from tests.reference.declarations import Declarations, number_of
from tests.reference.values import ABSENT, CURRENCY_DECIMALS, Value, day

BOUND_ENVELOPE = frozenset({"id", "source", "entity", "actor", "approved_by", "posting_date"})
ENVELOPE = BOUND_ENVELOPE | {"type", "date", "group_id", "source_doc"}

PLAIN_DECIMAL = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
PLAIN_INTEGER = re.compile(r"-?\d+", re.ASCII)
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
ISO_PERIOD = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)


class Invalid(Exception):
    """The event does not meet its declaration."""


Element = dict[str, Value]


@dataclass
class TypedEvent:
    """An event of a declared type: values by the author's names, lists as elements."""

    decl: syntax.EventDecl
    entity: str
    business_date: date
    values: dict[str, Value]
    lists: dict[str, list[Element]]
    given: set[str]
    elements_given: dict[str, list[set[str]]]


class FieldReader:
    """Reads the JSON of an event under a book's declarations."""

    def __init__(self, declarations: Declarations) -> None:
        self._book = declarations

    def read(
        self, decl: syntax.EventDecl, event: Mapping[str, object], *, entity: str, business: date
    ) -> TypedEvent:
        """Types every field, or raises Invalid."""
        envelope = dict(event, entity=entity, source=event.get("source") or "default")
        sent = {key: value for key, value in envelope.items() if value is not None}
        undeclared = sent.keys() - ENVELOPE - {field.wire for field in decl.fields}
        if undeclared:
            raise Invalid(f"undeclared {sorted(undeclared)}")
        typed = TypedEvent(decl, entity, business, {}, {}, set(), {})
        if decl.dated:
            typed.values[decl.dated] = business
        for field in decl.fields:
            if field.wire in sent:
                typed.given.add(field.name)
            if field.type.word in {TypeWord.LIST, TypeWord.MAP}:
                self._read_list(typed, field, sent.get(field.wire))
            else:
                typed.values[field.name] = self._scalar_or_default(field, sent.get(field.wire))
        _check_currencies(decl.fields, typed.values, typed.given)
        return typed

    def _read_list(self, typed: TypedEvent, field: syntax.FieldDecl, wire: object) -> None:
        if wire is None:
            if not field.optional:
                raise Invalid(f"{field.name} is missing")
            wire = {} if field.type.word is TypeWord.MAP else []
        parts = self._book.elements_of(field.type)
        elements: list[Element] = []
        given: list[set[str]] = []
        for element in self._as_objects(field.type, wire):
            sent = {key: value for key, value in element.items() if value is not None}
            if sent.keys() - {part.wire for part in parts}:
                raise Invalid(f"{field.name} has undeclared parts")
            elements.append(
                {part.name: self._scalar_or_default(part, sent.get(part.wire)) for part in parts}
            )
            given.append({part.name for part in parts if part.wire in sent})
            _check_currencies(parts, elements[-1], given[-1])
        typed.lists[field.name] = elements
        typed.elements_given[field.name] = given

    def _as_objects(self, type_ref: syntax.TypeRef, wire: object) -> list[Mapping[str, object]]:
        """The elements of a list or map as objects."""
        if type_ref.word is TypeWord.MAP:
            if not isinstance(wire, Mapping):
                raise Invalid("no object")
            keys = {unicodedata.normalize("NFC", key): value for key, value in wire.items()}
            return [{"key": key, "value": keys[key]} for key in sorted(keys)]
        if not isinstance(wire, list):
            raise Invalid("no list")
        if self._book.item_type(type_ref) is not None:
            return [{"value": value} for value in wire]
        if not all(isinstance(element, Mapping) for element in wire):
            raise Invalid("an element is no object")
        return wire

    def _scalar_or_default(self, field: syntax.FieldDecl, wire: object) -> Value:
        if wire is not None:
            return self.scalar(field.type, wire)
        if field.default is not None:
            return self.literal(field.type, field.default)
        if not field.optional:
            raise Invalid(f"{field.name} is missing")
        return ABSENT

    def scalar(self, type_ref: syntax.TypeRef, wire: object) -> Value:
        """A single value of a type as sent. Raises Invalid."""
        match type_ref.word:
            case TypeWord.FLAG:
                if not isinstance(wire, bool):
                    raise Invalid(f"{wire!r} is no flag")
                return wire
            case TypeWord.TEXT:
                return _text(wire)
            case TypeWord.CURRENCY:
                if _text(wire) not in CURRENCY_DECIMALS:
                    raise Invalid(f"{wire!r} is no currency")
                return _text(wire)
            case TypeWord.DATE:
                return iso_date(wire)
            case TypeWord.PERIOD:
                if not ISO_PERIOD.fullmatch(_text(wire)):
                    raise Invalid(f"{wire!r} is no period")
                return _text(wire)
            case TypeWord.NAMED:
                return self._named(type_ref, wire)
        return self._number(type_ref, wire)

    def _named(self, type_ref: syntax.TypeRef, wire: object) -> str:
        text = _text(wire)
        code = self._book.codes.get(type_ref.name)
        if code is not None and text not in {value.wire for value in code.values}:
            raise Invalid(f"{text} is no {code.name}")
        return text

    def _number(self, type_ref: syntax.TypeRef, wire: object) -> Fraction:
        if type_ref.word is TypeWord.INTEGER:
            if isinstance(wire, bool) or not isinstance(wire, int | str):
                raise Invalid(f"{wire!r} is no integer")
            if isinstance(wire, str) and not PLAIN_INTEGER.fullmatch(wire):
                raise Invalid(f"{wire!r} is no integer")
            value = Fraction(wire)
        else:
            if not isinstance(wire, str) or not PLAIN_DECIMAL.fullmatch(wire):
                raise Invalid(f"{wire!r} is no decimal")
            value = Fraction(wire)
        decimals = self._book.decimals(type_ref)
        raw = value * 10**decimals
        if raw.denominator != 1:
            raise Invalid(f"{wire} has more than {decimals} decimals")
        low, high = self._book.bounds(type_ref)
        if not low <= value <= high:
            raise Invalid(f"{wire} is out of bounds")
        return value

    def literal(self, type_ref: syntax.TypeRef, expr: syntax.Expr) -> Value:
        """A literal of a declaration (a default) as a value of its type."""
        match expr:
            case syntax.Unary(op="-", operand=syntax.Number() as number):
                return -number_of(number)
            case syntax.Number():
                return number_of(expr)
            case syntax.Text():
                return expr.value
            case syntax.Flag():
                return expr.value
            case syntax.Date():
                return day(expr.days)
            case syntax.Name():
                return self.code_wire(type_ref.name, expr)
        raise AssertionError(f"no literal: {expr}")

    def code_wire(self, code_name: str, name: syntax.Name) -> str:
        """The wire value of a code's value."""
        values = self._book.codes[code_name].values
        return next(value.wire for value in values if value.name == name.text)


def _check_currencies(
    fields: Sequence[syntax.FieldDecl], values: Mapping[str, Value], given: set[str]
) -> None:
    """An amount has no more decimals than the currency that the field beside it names."""
    for field in fields:
        named = field.type.currency
        of_field = any(
            other.name == named and other.type.word is TypeWord.CURRENCY for other in fields
        )
        if not of_field or field.type.word is not TypeWord.AMOUNT or field.name not in given:
            continue
        currency, amount = values[named], values[field.name]
        if not isinstance(currency, str):
            raise Invalid(f"{field.name} has no currency")
        assert isinstance(amount, Fraction)
        if (amount * 10 ** CURRENCY_DECIMALS[currency]).denominator != 1:
            raise Invalid(f"{field.name} has more decimals than {currency}")


def iso_date(wire: object) -> date:
    """A calendar date, or Invalid."""
    text = _text(wire)
    if not ISO_DATE.fullmatch(text):
        raise Invalid(f"{text!r} is no date")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"{text!r} is no date") from error


def _text(wire: object) -> str:
    if not isinstance(wire, str):
        raise Invalid(f"{wire!r} is no text")
    return unicodedata.normalize("NFC", wire)
