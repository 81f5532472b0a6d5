"""Declared budgets to the program's budgets; the statements that use them are in `moves`."""

from __future__ import annotations

import re

from engine.currencies import CURRENCY_DECIMALS
from engine.program import Act, Budget, Horizon, Span, Tolerance
from rules_dsl import syntax
from rules_dsl.keywords import Language, spelling_of
from rules_dsl.limits import MAX_BUDGET_KEYS
from rules_dsl.lower.book import Book, BudgetInfo, ValueInfo
from rules_dsl.lower.constants import known_currency, raw_number
from rules_dsl.lower.fields import QUANTITY_DECIMALS
from rules_dsl.reporting import Reporter
from rules_dsl.types import (
    PERCENT,
    TEXT,
    CodeType,
    DimensionType,
    NumberType,
    Type,
    currency_decimals,
    money,
    quantity,
)

#: Acts that a tolerance can be written for.
TOLERATED = (Act.RESERVE, Act.COMMIT, Act.SPEND)

#: Decimals of a share in the program: millionths.
PPM_DECIMALS = 6
_WHOLE_PPM = 10**PPM_DECIMALS

#: What structures the name of a node cannot be part of the budget's.
_STRUCTURE = re.compile(r"[\[\]@/,\\\s]")


def lower_budgets(book: Book, report: Reporter) -> None:
    """Fills in the budgets; what is wrong in one is reported, and its statements left alone."""
    for declaration in book.symbols.budgets.values():
        with report.inside(f"budget {declaration.name}"):
            before = report.errors
            info = _lower(declaration, book, report)
            is_sound = report.errors == before and declaration.name not in book.symbols.broken
        book.budget_info[declaration.name] = info if is_sound else None


def _lower(declaration: syntax.BudgetDecl, book: Book, report: Reporter) -> BudgetInfo | None:
    _check_name(declaration, report)
    keys = _keys(declaration, book, report)
    counted = _counted(declaration, book, report)
    if declaration.dated and declaration.horizon is Horizon.LIFE:
        report.error(
            "TP211",
            report.place_of(declaration.dated, declaration.span),
            f"the budget {declaration.name} lasts for life, so no date chooses a period",
            help=f"take {report.word('of', declaration.span)} {declaration.dated} away",
        )
    if counted is None:
        return None
    number, scale = counted
    index = len(book.budgets)
    book.budgets.append(
        Budget(
            name=declaration.name,
            wire=declaration.wire,
            keys=tuple(key.name for key in keys),
            scale=scale,
            currency=number.currency,
            unit=number.unit,
            horizon=declaration.horizon,
            control=declaration.control,
            posture=declaration.posture,
            tolerances=_tolerances(declaration, number, scale, report),
            warn_ppm=_warn_ppm(declaration, report),
            override_role=declaration.override_role,
            by_path=declaration.by_path,
            chinese=_is_chinese(declaration, report),
            labels=tuple(_labels(key.type, book) for key in keys),
            span=declaration.span,
        )
    )
    return BudgetInfo(
        index,
        declaration.name,
        keys,
        number,
        scale,
        declaration.horizon,
        declaration.dated,
    )


def _check_name(declaration: syntax.BudgetDecl, report: Reporter) -> None:
    if declaration.wire and not _STRUCTURE.search(declaration.wire):
        return
    span = report.place_of(declaration.wire, declaration.span)
    message = "the wire name of a budget is part of the names of its nodes: it has letters and"
    report.error("TP211", span, f"{message} digits, and none of [ ] @ / , \\ or space")


def _is_chinese(declaration: syntax.BudgetDecl, report: Reporter) -> bool:
    """Whether the declaration is written with Chinese keywords."""
    word = spelling_of("BUDGET", Language.CHINESE) or ""
    return report.text(declaration.span).startswith(word)


# --- Keys --------------------------------------------------------------------------------


def _keys(declaration: syntax.BudgetDecl, book: Book, report: Reporter) -> tuple[ValueInfo, ...]:
    seen: dict[str, Span] = {}
    found: list[ValueInfo] = []
    if len(declaration.keys) > MAX_BUDGET_KEYS:
        span = declaration.keys[MAX_BUDGET_KEYS].span
        report.error("TP211", span, f"a budget has at most {MAX_BUDGET_KEYS} keys")
    for key in declaration.keys:
        if key.name in seen:
            where = f" in the budget {declaration.name}"
            report.duplicate("key", key.name, key.span, seen[key.name], where=where)
            continue
        seen[key.name] = key.span
        key_type = _key_type(key, book, report)
        if key_type is not None:
            found.append(ValueInfo(len(found), key.name, key_type))
    return tuple(found)


def _labels(key_type: Type, book: Book) -> dict[str, str]:
    """Wire value -> the author's name of a code's values; empty for any other key."""
    if not isinstance(key_type, CodeType):
        return {}
    return {wire: name for name, wire in book.codes[key_type.code].wires.items()}


def _key_type(key: syntax.BudgetKey, book: Book, report: Reporter) -> Type | None:
    if key.is_text:
        return TEXT
    if key.name in book.dimension_index:
        book.use("dimension", key.name)
        return DimensionType(key.name)
    if key.name in book.codes:
        book.use("code", key.name)
        return CodeType(key.name)
    if key.name not in book.symbols.broken:
        advice = f"write {key.name} {report.word('text', key.span)} where it takes any text"
        known = [*book.dimension_index, *book.codes]
        report.unknown("dimension or code", key.name, key.span, known, help=advice)
    return None


# --- What is counted ---------------------------------------------------------------------


def _counted(
    declaration: syntax.BudgetDecl, book: Book, report: Reporter
) -> tuple[NumberType, int] | None:
    """What the amounts are and how many decimals they have; None where unknown (reported)."""
    name = declaration.counts
    if name is None:
        # A missing ledger was reported.
        return (money(book.currency), currency_decimals(book.currency)) if book.currency else None
    if name.text in book.units:
        book.use("unit", name.text)
        decimals = book.units[name.text]
        return quantity(name.text), QUANTITY_DECIMALS if decimals is None else decimals
    if name.text in CURRENCY_DECIMALS:
        return money(name.text), currency_decimals(name.text)
    if name.text.isascii() and name.text.isupper():
        known_currency(name.text, name.span, report)
    elif name.text not in book.symbols.broken:
        known = [*book.units, *CURRENCY_DECIMALS]
        report.unknown("currency or unit", name.text, name.span, known)
    return None


def _tolerances(
    declaration: syntax.BudgetDecl, number: NumberType, scale: int, report: Reporter
) -> dict[Act, Tolerance]:
    """The tolerance of each act: the line that names it, else the line that names none."""
    found: dict[Act, Tolerance] = {}
    for each in sorted(declaration.tolerances, key=lambda each: each.act is not None):
        ppm = None if each.share is None else _ppm(each.share, report)
        raw = None if each.amount is None else raw_number(each.amount, number, scale, report)
        for act in TOLERATED if each.act is None else (each.act,):
            found[act] = Tolerance(ppm, raw)
    return found


def _warn_ppm(declaration: syntax.BudgetDecl, report: Reporter) -> int | None:
    number = declaration.warn_at
    if number is None:
        return None
    ppm = _ppm(number, report)
    if ppm is not None and ppm > _WHOLE_PPM:
        message = "what is left is at most the whole amount; a share above 100% is always reached"
        report.error("TP211", number.span, message)
    return ppm


def _ppm(number: syntax.Number, report: Reporter) -> int | None:
    """A share in millionths; None where it is no percent (reported)."""
    if not number.percent:
        written = report.text(number.span)
        advice = f"write a percent such as {written}%" if written else ""
        report.error("TP211", number.span, "a percent is needed here", help=advice)
        return None
    return raw_number(number, PERCENT, PPM_DECIMALS, report)
