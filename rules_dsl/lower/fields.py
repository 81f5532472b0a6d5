"""Field types as written to types, scales and bounds; one field or list at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from engine.currencies import CURRENCY_CODES
from engine.program import Field, FieldType, ListType, Span
from rules_dsl import syntax
from rules_dsl.bounds import DEFAULT_AMOUNT, DEFAULT_NUMBER, NOTHING, POSTED_LIMIT, Range, symmetric
from rules_dsl.lower.book import Book, FieldInfo
from rules_dsl.lower.constants import known_currency, raw_number, read_constant
from rules_dsl.reporting import Reporter
from rules_dsl.syntax import TypeRef, TypeWord
from rules_dsl.types import (
    CURRENCY,
    DATE,
    DECIMAL,
    ERROR,
    FLAG,
    INTEGER,
    PERCENT,
    PERIOD,
    TEXT,
    CodeType,
    DimensionType,
    Measure,
    NumberType,
    Type,
    currency_decimals,
    describe,
    is_named_by_field,
    is_text,
    money,
    price,
    quantity,
)

#: Decimals of a number without written ones: percents and decimals, quantities of a unit without
#: decimals, and what a price has beyond its currency.
RATIO_DECIMALS = 6
QUANTITY_DECIMALS = 4
PRICE_DECIMALS = 4

#: Where no field beside it can name an amount's currency.
NO_FIELDS: Mapping[str, str] = {}

#: Most decimals of a field: int64 holds 18 and a digit before the point.
MAX_DECIMALS = 18


@dataclass(frozen=True, slots=True)
class FieldShape:
    """What a field's type comes to. `range` in raw values at `scale`."""

    type: Type
    wire: FieldType
    scale: int = 0
    range: Range = NOTHING
    codes: tuple[str, ...] = ()

    @property
    def currency(self) -> str:
        """The code of an amount's or a price's currency, else ""."""
        found = self.type.currency if isinstance(self.type, NumberType) else ""
        return "" if is_named_by_field(found) else found


#: Stands for a type with a mistake in it.
BROKEN = FieldShape(ERROR, FieldType.TEXT)

#: Types that a word alone names.
_TYPE_WORDS = ("text", "flag", "date", "period", "integer", "decimal", "percent", "amount")

_SIMPLE = {
    TypeWord.TEXT: FieldShape(TEXT, FieldType.TEXT),
    TypeWord.FLAG: FieldShape(FLAG, FieldType.FLAG),
    TypeWord.DATE: FieldShape(DATE, FieldType.DATE),
    TypeWord.PERIOD: FieldShape(PERIOD, FieldType.PERIOD),
    TypeWord.CURRENCY: FieldShape(CURRENCY, FieldType.TEXT, codes=CURRENCY_CODES),
}


def read_type(
    ref: TypeRef, book: Book, report: Reporter, beside: Mapping[str, str] = NO_FIELDS
) -> FieldShape:
    """Resolves the type of a single value; `beside`: as in `read_field`."""
    match ref.word:
        case TypeWord.LIST | TypeWord.MAP:
            report.error("TP211", ref.span, "a list cannot stand here; a single value is needed")
            return BROKEN
        case TypeWord.NAMED:
            return _named(ref, book, report)
        case _ if ref.word in _SIMPLE:
            return _SIMPLE[ref.word]
        case _:
            return _number(ref, book, report, beside)


def read_field(
    declaration: syntax.FieldDecl,
    book: Book,
    report: Reporter,
    beside: Mapping[str, str] = NO_FIELDS,
) -> tuple[Field, Type]:
    """Resolves a field that holds a single value.

    `beside`: the path of each field beside it that names a currency, by its name.
    """
    shape = read_type(declaration.type, book, report, beside)
    default = None
    if declaration.default is not None and shape.type != ERROR:
        default = read_constant(declaration.default, shape.type, shape.scale, book, report)
        outside = isinstance(shape.type, NumberType) and default is not None
        if outside and not shape.range.low <= int(default or 0) <= shape.range.high:
            span = declaration.default.span
            report.error("TP211", span, f"the default of {declaration.name} is out of its bounds")
    found = Field(
        name=declaration.name,
        wire=declaration.wire,
        type=shape.wire,
        scale=shape.scale,
        low=shape.range.low,
        high=shape.range.high,
        currency=shape.currency,
        codes=shape.codes,
        default=default,
        optional=declaration.optional,
        personal=declaration.personal,
    )
    return found, shape.type


def read_list(
    declaration: syntax.FieldDecl, book: Book, report: Reporter
) -> tuple[ListType, dict[str, FieldInfo]]:
    """Resolves the element fields of a list field."""
    ref = declaration.type
    if declaration.default is not None:
        report.error("TP211", declaration.default.span, "a list has no default")
    if ref.word is TypeWord.MAP and ref.key is not None and ref.item is not None:
        key = _element("key", ref.key, book, report)
        if not is_text(key[1]) and key[1] != ERROR:
            report.error(
                "TP211", ref.key.span, f"the key of a map is a text, not {describe(key[1])}"
            )
        fields = [key, _element("value", ref.item, book, report)]
        return _list_of(fields, [ref.key.span, ref.item.span], "map")
    if ref.item is not None:
        return _list_of([_element("value", ref.item, book, report)], [ref.item.span], "values")
    named = book.symbols.lists.get(ref.name)
    if named is not None:
        return _records(declaration.name, named, book, report)
    if ref.name in book.codes or ref.name in book.dimension_index:
        item = replace(ref, word=TypeWord.NAMED)
        return _list_of([_element("value", item, book, report)], [ref.span], "values")
    report.unknown("list", ref.name, report.place_of(ref.name, ref.span), book.symbols.lists)
    return ListType(()), {}


def _records(
    owner: str, named: syntax.ListDecl, book: Book, report: Reporter
) -> tuple[ListType, dict[str, FieldInfo]]:
    book.use("list", named.name)
    declared = unique_fields(named.fields, report, f" in the list {named.name}")
    beside = currency_fields(declared, owner)
    fields = [read_field(each, book, report, beside) for each in declared]
    fields = [(bind_currency(field, declared), of) for (field, of) in fields]
    return _list_of(fields, [each.name_span for each in declared], "records")


def currency_fields(declared: Sequence[syntax.FieldDecl], owner: str = "") -> dict[str, str]:
    """The paths of fields that name currencies, by name; `owner`: the list they are parts of."""
    names = [
        each.name
        for each in declared
        if each.type.word is TypeWord.CURRENCY and each.name not in CURRENCY_CODES
    ]
    return {name: f"{owner}.{name}" if owner else name for name in names}


def bind_currency(field: Field, declared: Sequence[syntax.FieldDecl]) -> Field:
    """A field with the place of the field that names its currency, where one does."""
    of = next(each.type.currency for each in declared if each.name == field.name)
    if field.type is not FieldType.NUMBER or of not in currency_fields(declared):
        return field
    place = next(place for place, each in enumerate(declared) if each.name == of)
    return replace(field, currency_field=place)


def _list_of(
    fields: list[tuple[Field, Type]], spans: list[Span], form: str
) -> tuple[ListType, dict[str, FieldInfo]]:
    items = {
        field.name: FieldInfo(index, field, field_type, span)
        for index, ((field, field_type), span) in enumerate(zip(fields, spans, strict=True))
    }
    return ListType(tuple(field for field, _ in fields), form), items


def _element(name: str, ref: TypeRef, book: Book, report: Reporter) -> tuple[Field, Type]:
    declaration = syntax.FieldDecl(
        name=name,
        name_span=ref.span,
        wire=name,
        type=ref,
        optional=False,
        default=None,
        personal=False,
        span=ref.span,
    )
    return read_field(declaration, book, report)


def unique_fields(
    fields: tuple[syntax.FieldDecl, ...], report: Reporter, where: str
) -> list[syntax.FieldDecl]:
    """The fields without those whose name or wire name is taken (reported)."""
    names: dict[str, Span] = {}
    wires: dict[str, Span] = {}
    kept = []
    for each in fields:
        if each.name in names:
            report.duplicate("field", each.name, each.name_span, names[each.name], where=where)
            continue
        if each.wire in wires:
            first = wires[each.wire]
            report.duplicate("wire name", each.wire, each.span, first, where=where)
            continue
        names[each.name] = each.name_span
        wires[each.wire] = each.name_span
        kept.append(each)
    return kept


# --- One type ----------------------------------------------------------------------------


def _named(ref: TypeRef, book: Book, report: Reporter) -> FieldShape:
    if ref.name in book.codes:
        book.use("code", ref.name)
        wires = tuple(book.codes[ref.name].wires.values())
        return FieldShape(CodeType(ref.name), FieldType.TEXT, codes=wires)
    if ref.name in book.dimension_index:
        book.use("dimension", ref.name)
        return FieldShape(DimensionType(ref.name), FieldType.TEXT)
    span = report.place_of(ref.name, ref.span)
    if ref.name in book.symbols.lists:
        word = f"{report.word('list', ref.span)} {report.word('of', ref.span)} {ref.name}"
        report.error("TP211", span, f"{ref.name} is a list", help=f"write {word}")
    elif ref.name not in book.symbols.broken:
        words = [report.word(word, ref.span) for word in _TYPE_WORDS]
        report.unknown("type", ref.name, span, [*book.codes, *book.dimension_index, *words])
    return BROKEN


def _number(ref: TypeRef, book: Book, report: Reporter, beside: Mapping[str, str]) -> FieldShape:
    found = _measure(ref, book, report, beside)
    if found is None:
        return BROKEN
    number, default_scale = found
    scale = default_scale if ref.decimals is None else ref.decimals
    most = currency_decimals(number.currency) if number.measure is Measure.MONEY else MAX_DECIMALS
    if number.is_integer:
        most = 0
    if scale > most:
        report.error("TP211", ref.span, f"{describe(number)} has at most {most} decimals")
        scale = most
    limit = DEFAULT_AMOUNT if number.measure is Measure.MONEY else DEFAULT_NUMBER
    return FieldShape(number, FieldType.NUMBER, scale, _range(ref, number, scale, limit, report))


def _measure(
    ref: TypeRef, book: Book, report: Reporter, beside: Mapping[str, str]
) -> tuple[NumberType, int] | None:
    """The type of a number and its usual decimals."""
    match ref.word:
        case TypeWord.INTEGER:
            return INTEGER, 0
        case TypeWord.DECIMAL:
            return DECIMAL, RATIO_DECIMALS
        case TypeWord.PERCENT:
            return PERCENT, RATIO_DECIMALS
        case TypeWord.QUANTITY:
            if not _known_unit(ref.unit, ref, book, report):
                return None
            decimals = book.units[ref.unit]
            return quantity(ref.unit), QUANTITY_DECIMALS if decimals is None else decimals
        case _:
            currency = beside.get(ref.currency, ref.currency) or book.currency
            place = report.place_of(currency, ref.span)
            is_code = bool(ref.currency) and ref.currency not in beside
            if is_code and not known_currency(currency, place, report, beside):
                return None
            if not currency:
                return None  # The missing ledger was reported.
            decimals = currency_decimals(currency)
            if not ref.per_unit:
                return money(currency), decimals
            if not _known_unit(ref.per_unit, ref, book, report):
                return None
            return price(currency, ref.per_unit), decimals + PRICE_DECIMALS


def _known_unit(unit: str, ref: TypeRef, book: Book, report: Reporter) -> bool:
    if unit in book.units:
        book.use("unit", unit)
        return True
    report.unknown("unit", unit, report.place_of(unit, ref.span), book.units)
    return False


def _range(ref: TypeRef, number: NumberType, scale: int, limit: int, report: Reporter) -> Range:
    """The raw bounds written, and the usual ones on the sides where none is."""
    usual = symmetric(limit)
    written: list[int | None] = []
    for bound in (ref.low, ref.high):
        raw = None if bound is None else raw_number(bound, number, scale, report)
        if raw is not None and bound is not None and abs(raw) > POSTED_LIMIT:
            report.error("TP216", bound.span, "this bound is beyond what a field can hold")
            raw = None
        written.append(raw)
    low = usual.low if written[0] is None else written[0]
    high = usual.high if written[1] is None else written[1]
    if low > high:
        report.error("TP211", ref.span, "the smallest value allowed is above the largest")
        return usual
    return Range(low, high)
