"""Literals where the language wants a constant: defaults, bounds, cells, rates.

Not for literals inside expressions, whose type follows from what stands beside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from engine.currencies import CURRENCY_DECIMALS
from engine.program import Span
from rules_dsl import syntax
from rules_dsl.diagnostics.model import Fix
from rules_dsl.lower.book import Book, Code
from rules_dsl.reporting import Reporter
from rules_dsl.types import (
    AccountType,
    CodeType,
    DateType,
    DimensionType,
    FlagType,
    Measure,
    NumberType,
    TextType,
    Type,
    describe,
)

_USUAL_CURRENCIES = ("CNY", "USD", "EUR", "HKD", "JPY", "GBP")
_PERIOD = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")

Raw = int | str | bool


def read_constant(
    expr: syntax.Expr, wanted: Type, scale: int, book: Book, report: Reporter
) -> Raw | None:
    """The raw value of a literal of the wanted type; None where it is not one (reported)."""
    match expr, wanted:
        case (syntax.Number(), NumberType()):
            return raw_number(expr, wanted, scale, report)
        case (syntax.Flag(value=bool(flag)), FlagType()):
            return flag
        case (syntax.Date(days=int(days)), DateType()):
            return days
        case (syntax.Text(), TextType(period=True)):
            return read_period(expr, report)
        case (syntax.Text(value=str(text)), TextType(currency=True)):
            return text if known_currency(text, expr.span, report) else None
        case (syntax.Name(), TextType(currency=True)):
            return expr.text if known_currency(expr.text, expr.span, report) else None
        case (syntax.Text(value=str(text)), _) if _holds_text(wanted):
            return text
        case (syntax.Name(), CodeType(code)) if code in book.codes:
            return read_code_value(expr, book.codes[code], report)
        case (syntax.Name(), AccountType()):
            return read_account(expr, book, report)
        case _:
            _report_kind(expr, wanted, book, report)
            return None


def raw_number(
    number: syntax.Number, wanted: NumberType, scale: int, report: Reporter
) -> int | None:
    """The raw value of a number literal at a scale, or None where it does not fit (reported)."""
    if number.currency and not known_currency(number.currency, number.span, report):
        return None
    if number.currency and wanted.measure not in {Measure.MONEY, Measure.PRICE}:
        found = f"an amount in {number.currency}"
        report.error("TP211", number.span, f"{describe(wanted)} is needed here, not {found}")
        return None
    if number.currency and number.currency != wanted.currency:
        report.error(
            "TP212",
            number.span,
            f"{number.currency} stands where {wanted.currency} is needed",
        )
        return None
    if number.percent and wanted.measure is not Measure.PLAIN and number.digits:
        report.error("TP213", number.span, f"a percent stands where {describe(wanted)} is needed")
        return None
    if number.percent and wanted.is_integer:
        report.error("TP213", number.span, "a percent stands where a whole number is needed")
        return None
    raw = rescale(number.digits, number.decimals, scale)
    if raw is None:
        decimals = f"{scale} decimals" if scale != 1 else "1 decimal"
        report.error(
            "TP211",
            number.span,
            f"{report.text(number.span)} has more than the {decimals} of {describe(wanted)} here",
        )
    return raw


def rescale(digits: int, decimals: int, scale: int) -> int | None:
    """Digits with so many decimals at another scale; None where that would lose some."""
    if decimals <= scale:
        return int(digits * 10 ** (scale - decimals))
    raw, rest = divmod(digits, 10 ** (decimals - scale))
    return None if rest else raw


def known_currency(currency: str, span: Span, report: Reporter, fields: Iterable[str] = ()) -> bool:
    """Whether a currency code exists; reported where it does not.

    `fields`: what may stand in its place, for suggestions.
    """
    if currency in CURRENCY_DECIMALS:
        return True
    # Of names equally near the first is suggested first: the currencies most in use.
    report.unknown("currency", currency, span, [*_USUAL_CURRENCIES, *CURRENCY_DECIMALS, *fields])
    return False


def read_code_value(
    name: syntax.Name, code: Code, report: Reporter, *, diagnostic: str = "TP202"
) -> str | None:
    """The wire value of a code's value, or None where the code has no such value (reported)."""
    wire = code.wires.get(name.text)
    if wire is None:
        report_code_value(name, code, report, diagnostic=diagnostic)
    return wire


def report_code_value(
    name: syntax.Name, code: Code, report: Reporter, *, diagnostic: str = "TP202"
) -> None:
    """Reports a value that a code does not have, with the closed set."""
    near = report.near(name.text, code.wires)
    report.error(
        diagnostic,
        name.span,
        f"the code {code.name} has no value {name.text}",
        notes=(f"{code.name} is {' | '.join(code.wires)}",),
        suggestions=near,
        fix=Fix(name.span, near[0], safe=False) if near else None,
        related=((code.span, f"{code.name} is declared here"),),
    )


def read_account(
    name: syntax.Name, book: Book, report: Reporter, *, ledger: int | None = None
) -> int | None:
    """The index of an account role, or None where the chart has no such role (reported).

    `ledger`: the chart is that of this ledger; None: of any.
    """
    roles = book.account_index if ledger is None else book.roles(ledger)
    index = roles.get(name.text)
    if index is None:
        if not book.broken_chart:
            report.unknown("account", name.text, name.span, roles)
        return None
    book.use("account", name.text)
    return index


def read_period(text: syntax.Text, report: Reporter) -> str | None:
    """A period such as 2026-03, or None where the text is not one (reported)."""
    if _PERIOD.fullmatch(text.value):
        return text.value
    report.error("TP211", text.span, f'"{text.value}" is not a period such as "2026-03"')
    return None


def _holds_text(wanted: Type) -> bool:
    return isinstance(wanted, TextType | DimensionType)


def _report_kind(expr: syntax.Expr, wanted: Type, book: Book, report: Reporter) -> None:
    fix, advice = None, ""
    if isinstance(expr, syntax.Name) and _holds_text(wanted):
        fix = Fix(expr.span, f'"{expr.text}"', safe=False)
        advice = "a text stands in quotes"
    elif (
        isinstance(expr, syntax.Text) and isinstance(wanted, CodeType) and wanted.code in book.codes
    ):
        code = book.codes[wanted.code]
        advice = f"write the name of the value: {' | '.join(code.wires)}"
        names = {wire: name for name, wire in code.wires.items()}
        meant = expr.value if expr.value in code.wires else names.get(expr.value, "")
        fix = Fix(expr.span, meant, safe=False) if meant else None
    report.error(
        "TP211",
        expr.span,
        f"{describe(wanted)} is needed here",
        label=describe_literal(expr),
        help=advice,
        fix=fix,
    )


def describe_literal(expr: syntax.Expr) -> str:
    """What was written in place of the literal wanted."""
    match expr:
        case syntax.Number(percent=True):
            return "this is a percent"
        case syntax.Number():
            return "this is a number"
        case syntax.Text():
            return "this is a text"
        case syntax.Flag():
            return "this is true or false"
        case syntax.Date():
            return "this is a date"
        case syntax.Name():
            return "this is a name"
        case _:
            return ""
