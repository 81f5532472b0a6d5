"""Semantic types of the language and what arithmetic makes of them; not their representation.

A number is money, a quantity of a unit, a price (money per unit) or plain (a percent, a decimal
or a whole number). An *exact* number is one that still has to be rounded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from engine.currencies import CURRENCY_DECIMALS, MOST_DECIMALS
from engine.program import Kind


class Measure(StrEnum):
    """What a number counts."""

    PLAIN = "plain"
    MONEY = "money"
    QUANTITY = "quantity"
    PRICE = "price"


class Word(StrEnum):
    """How a plain number was declared."""

    PERCENT = "percent"
    DECIMAL = "decimal"
    INTEGER = "integer"


@dataclass(frozen=True, slots=True)
class NumberType:
    """A number. `currency` of money and prices, `unit` of quantities and prices.

    A currency is a code, or the path of the field that names it (`币种`, `明细.币种`).
    """

    measure: Measure = Measure.PLAIN
    currency: str = ""
    unit: str = ""
    word: Word = Word.DECIMAL
    exact: bool = False

    @property
    def is_integer(self) -> bool:
        """Whether it counts whole things, so that multiplying by it stays exact."""
        return self.measure is Measure.PLAIN and self.word is Word.INTEGER


@dataclass(frozen=True, slots=True)
class TextType:
    """Any text. `period`: of the form 2026-03. `currency`: a currency code of ISO 4217."""

    period: bool = False
    currency: bool = False


@dataclass(frozen=True, slots=True)
class CodeType:
    """A value of the closed set of a declared code."""

    code: str


@dataclass(frozen=True, slots=True)
class DimensionType:
    """An opaque value of a declared dimension."""

    dimension: str


@dataclass(frozen=True, slots=True)
class FlagType:
    """True or false."""


@dataclass(frozen=True, slots=True)
class DateType:
    """A calendar day."""


@dataclass(frozen=True, slots=True)
class AccountType:
    """An account of the chart."""


@dataclass(frozen=True, slots=True)
class ErrorType:
    """The type of what was already reported; it silences everything that follows from it."""


Type = (
    NumberType | TextType | CodeType | DimensionType | FlagType | DateType | AccountType | ErrorType
)

PERCENT = NumberType(word=Word.PERCENT)
DECIMAL = NumberType(word=Word.DECIMAL)
INTEGER = NumberType(word=Word.INTEGER)
TEXT = TextType()
PERIOD = TextType(period=True)
CURRENCY = TextType(currency=True)
FLAG = FlagType()
DATE = DateType()
ACCOUNT = AccountType()
ERROR = ErrorType()


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Why two types do not go together: the diagnostic's code and its message."""

    code: str
    message: str


def money(currency: str) -> NumberType:
    """The type of amounts in a currency."""
    return NumberType(Measure.MONEY, currency=currency)


def quantity(unit: str) -> NumberType:
    """The type of quantities of a unit."""
    return NumberType(Measure.QUANTITY, unit=unit)


def price(currency: str, unit: str) -> NumberType:
    """The type of money per unit."""
    return NumberType(Measure.PRICE, currency=currency, unit=unit)


def currency_decimals(currency: str) -> int:
    """Decimals at which amounts of a currency are held: of its minor unit where it is known.

    Where a field names the currency the event says how many decimals an amount has.
    """
    return CURRENCY_DECIMALS.get(currency, MOST_DECIMALS)


def is_named_by_field(currency: str) -> bool:
    """Whether a field names the currency; it is no code then."""
    return bool(currency) and currency not in CURRENCY_DECIMALS


def kind_of(value_type: Type) -> Kind:
    """How values of a type are held."""
    match value_type:
        case NumberType():
            return Kind.NUMBER
        case FlagType():
            return Kind.BOOL
        case DateType():
            return Kind.DATE
        case AccountType():
            return Kind.ACCOUNT
        case _:
            return Kind.TEXT


def is_text(value_type: Type) -> bool:
    """Whether values of a type are texts."""
    return isinstance(value_type, TextType | CodeType | DimensionType)


def meaning_of(value_type: Type) -> str:
    """What people call values of a type: currency, unit, "%" or code; "" where they need no name.

    As `engine.program.Node.meaning` has it.
    """
    match value_type:
        case NumberType(measure=Measure.PRICE):
            return f"{value_type.currency}/{value_type.unit}"
        case NumberType(measure=Measure.PLAIN):
            return "%" if value_type.word is Word.PERCENT else ""
        case NumberType():
            return value_type.currency or value_type.unit
        case CodeType(code):
            return code
        case _:
            return ""


def describe(value_type: Type) -> str:
    """A type in the author's words, with its article."""
    match value_type:
        case NumberType():
            noun = f"unrounded {_noun(value_type)}" if value_type.exact else _noun(value_type)
            return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
        case TextType(period=True):
            return "a period"
        case TextType(currency=True):
            return "a currency"
        case TextType():
            return "a text"
        case CodeType(code):
            return f"a value of the code {code}"
        case DimensionType(dimension):
            return f"a value of the dimension {dimension}"
        case FlagType():
            return "true or false"
        case DateType():
            return "a date"
        case AccountType():
            return "an account"
        case ErrorType():
            return "a value with an error"


def _noun(number: NumberType) -> str:
    match number.measure:
        case Measure.MONEY:
            return f"amount in {number.currency}"
        case Measure.QUANTITY:
            return f"quantity of {number.unit}"
        case Measure.PRICE:
            return f"price in {number.currency} per {number.unit}"
        case Measure.PLAIN if number.exact:
            return "ratio"
        case Measure.PLAIN:
            words = {Word.PERCENT: "percent", Word.INTEGER: "whole number"}
            return words.get(number.word, "plain number")


# --- Arithmetic --------------------------------------------------------------------------


def add_types(left: NumberType, right: NumberType) -> NumberType | Mismatch:
    """The type of a sum, difference, minimum or comparison of two numbers."""
    problem = compare_measures(left, right)
    if problem is not None:
        return problem
    exact = left.exact or right.exact
    if left.measure is Measure.PLAIN and left.word is not right.word:
        return replace(left, word=Word.DECIMAL, exact=exact)
    return replace(left, exact=exact)


def compare_measures(left: NumberType, right: NumberType) -> Mismatch | None:
    """Why two numbers do not measure the same, or None where they do."""
    words = f"{describe(left)} and {describe(right)}"
    if left.measure is not right.measure:
        return Mismatch("TP213", f"{words} do not measure the same")
    if left.currency != right.currency:
        return Mismatch("TP212", f"{words} are in different currencies")
    if left.unit != right.unit:
        return Mismatch("TP213", f"{words} count different units")
    return None


def multiply_types(left: NumberType, right: NumberType) -> NumberType | Mismatch:
    """The type of a product."""
    if left.measure is Measure.PLAIN:
        left, right = right, left
    if left.measure is Measure.PLAIN:
        return _multiply_plain(left, right)
    if right.measure is Measure.PLAIN:
        return replace(left, exact=left.exact or right.exact or not right.is_integer)
    if left.measure is Measure.PRICE:
        left, right = right, left
    if left.measure is Measure.QUANTITY and right.measure is Measure.PRICE:
        if left.unit != right.unit:
            words = f"{describe(left)} and {describe(right)}"
            return Mismatch("TP213", f"{words} count different units")
        return replace(money(right.currency), exact=True)
    return Mismatch("TP213", f"{describe(left)} times {describe(right)} has no meaning")


def _multiply_plain(left: NumberType, right: NumberType) -> NumberType:
    if left.is_integer:
        left, right = right, left
    if right.is_integer:
        return replace(left, exact=left.exact or right.exact)
    return NumberType(word=Word.DECIMAL, exact=True)


def divide_types(left: NumberType, right: NumberType) -> NumberType | Mismatch:
    """The type of a quotient; always exact."""
    ratio = NumberType(word=Word.DECIMAL, exact=True)
    if right.measure is Measure.PLAIN:
        return ratio if left.measure is Measure.PLAIN else replace(left, exact=True)
    if left.measure is right.measure:
        return compare_measures(left, right) or ratio
    match left.measure, right.measure:
        case Measure.MONEY, Measure.QUANTITY:
            return replace(price(left.currency, right.unit), exact=True)
        case Measure.MONEY, Measure.PRICE:
            if left.currency != right.currency:
                return compare_measures(left, replace(left, currency=right.currency)) or ratio
            return replace(quantity(right.unit), exact=True)
        case _:
            words = f"{describe(left)} divided by {describe(right)} has no meaning"
            return Mismatch("TP213", words)
