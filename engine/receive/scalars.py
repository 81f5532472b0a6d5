"""Typing of single values, a whole field at a time: text, codes, flags, dates, periods, numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import NoneType

import numpy as np
import numpy.typing as npt

from engine.batch import Bools, Column, Int32s, Int64s
from engine.currencies import CURRENCY_CODES
from engine.decimals import format_minor, parse_decimals
from engine.errors import InvariantBroken
from engine.program import INT64_MAX, INT64_MIN, NO_DATE, Field, FieldType
from engine.receive.dates import DATE_FORM, PERIOD_FORM, DayMemo, is_period
from engine.receive.texts import TextCodes
from engine.receive.wording import shown
from engine.strings import BatchStrings

#: Takes a row and what is wrong with it.
Report = Callable[[int, str], None]

#: Codes of a closed set named in a message; of larger sets only these many.
MAX_SHOWN_CODES = 8

_FLAGS: dict[object, bool] = {None: False, False: False, True: True, "false": False, "true": True}
_ABSENT_DAY = 0


def named(name: str, wire: str) -> str:
    """A field or event type by the author's name, and the wire name where it differs."""
    return name if name == wire else f"{name} ({wire})"


class Scalars:
    """Types fields of one batch; remembers text codes and days across fields."""

    __slots__ = ("_codes", "_days", "strings")

    def __init__(self, strings: BatchStrings) -> None:
        """Gives texts the codes of `strings`."""
        self.strings = strings
        self._codes = TextCodes(strings)
        self._days = DayMemo(absent=_ABSENT_DAY)

    def column(self, field: Field, values: Sequence[object], report: Report) -> Column:
        """Types a field.

        Args:
            field: not a list.
            values: one JSON value per row, None where absent.
            report: told of every value that is missing or wrong.

        Returns:
            The column; where a row was reported its value is unspecified.
        """
        typed = _Typing(field, values, report)
        column: npt.NDArray[np.generic]
        match field.type:
            case FieldType.TEXT:
                column = self._texts(typed)
            case FieldType.PERIOD:
                column = self._periods(typed)
            case FieldType.DATE:
                column = self._dates(typed)
            case FieldType.FLAG:
                column = _flags(typed)
            case FieldType.NUMBER:
                column = _numbers(typed)
            case FieldType.LIST:
                raise InvariantBroken("a list is not a single value", field.name)
        self._fill(typed, column)
        return Column(column, typed.given)

    def _texts(self, typed: _Typing) -> Int32s:
        texts = typed.texts("write it as text in quotes")
        codes = typed.field.codes
        if codes:
            unknown = set(texts) - set(codes) - {None}
            if unknown:
                right = f"it is {_listed(codes)}"
                typed.refuse(texts, lambda text: text in unknown, right)
        return self._codes.column(texts, len(texts))

    def _periods(self, typed: _Typing) -> Int32s:
        right = f"it is {PERIOD_FORM}"
        texts = typed.texts(right)
        wrong = {text for text in set(texts) if text is not None and not is_period(text)}
        if wrong:
            typed.refuse(texts, lambda text: text in wrong, right)
        return self._codes.column(texts, len(texts))

    def _dates(self, typed: _Typing) -> Int32s:
        right = f"it is {DATE_FORM}"
        texts = typed.texts(right)
        days = np.fromiter(map(self._days.__getitem__, texts), dtype=np.int32, count=len(texts))
        if (days == NO_DATE).any():
            typed.refuse(texts, lambda text: self._days[text] == NO_DATE, right)
        return days

    def _fill(self, typed: _Typing, column: npt.NDArray[np.generic]) -> None:
        """Puts the default where the field is absent; reports it where it has to be there."""
        if typed.given.all():
            return
        field = typed.field
        if field.default is not None:
            default = field.default
            column[~typed.given] = self._codes[default] if isinstance(default, str) else default
        elif not field.optional:
            for row in np.flatnonzero(~typed.given).tolist():
                typed.report(row, f"{typed.name} is missing; {_form(field)}")


class _Typing:
    """One field on its way to a column: its values, which are there, and whom to tell."""

    __slots__ = ("field", "given", "kinds", "name", "report", "values")

    def __init__(self, field: Field, values: Sequence[object], report: Report) -> None:
        self.field = field
        self.values = values
        self.report = report
        self.name = named(field.name, field.wire)
        self.kinds = set(map(type, values))
        if NoneType in self.kinds:
            given = [value is not None for value in values]
            self.given: Bools = np.array(given, dtype=np.bool_)
        else:
            self.given = np.ones(len(values), dtype=np.bool_)

    def texts(self, right: str) -> list[str | None]:
        """The values as texts; what is no text is reported and stands as absent."""
        if not self.kinds - {str, NoneType}:
            return self.values  # type: ignore[return-value] # just checked
        texts: list[str | None] = []
        for row, value in enumerate(self.values):
            if value is None or isinstance(value, str):
                texts.append(value)
            else:
                self.report(row, f"{self.name} is {shown(value)}; {right}")
                texts.append(None)
        return texts

    def refuse(
        self, texts: Sequence[object], wrong: Callable[[str | None], bool], right: str
    ) -> None:
        """Reports every row whose text is wrong."""
        for row, text in enumerate(texts):
            if isinstance(text, str) and wrong(text):
                self.report(row, f"{self.name} is {shown(text)}; {right}")


def _flags(typed: _Typing) -> Bools:
    values = typed.values
    if typed.kinds - {bool, NoneType}:
        right = "it is true or false"
        known: list[object] = []
        for row, value in enumerate(values):
            if value is None or isinstance(value, bool) or value in ("true", "false"):
                known.append(value)
            else:
                typed.report(row, f"{typed.name} is {shown(value)}; {right}")
                known.append(None)
        values = known
    return np.fromiter(map(_FLAGS.__getitem__, values), dtype=np.bool_, count=len(values))


def _numbers(typed: _Typing) -> Int64s:
    field = typed.field
    # Amounts are strings in every currency; a JSON number is exact only where it is whole.
    if field.scale == 0 and not field.currency and int in typed.kinds:
        typed.values = [str(value) if type(value) is int else value for value in typed.values]
        typed.kinds = (typed.kinds - {int}) | {str}
    texts = typed.texts(f"write it as a string, {_example(field)}")
    raws, _, problems = parse_decimals(texts, field.scale)
    for row, problem in problems.items():
        typed.report(row, f"{typed.name}: {problem}")
    low, high = max(field.low, INT64_MIN), min(field.high, INT64_MAX)
    outside = (raws < low) | (raws > high)
    if outside.any():
        right = f"it is from {format_minor(low, field.scale)} to {format_minor(high, field.scale)}"
        # Absent numbers hold 0, which may itself be out of bounds.
        for row in np.flatnonzero(outside).tolist():
            if texts[row] is not None and row not in problems:
                typed.report(row, f"{typed.name} is {shown(texts[row])}; {right}")
    return raws


def _form(field: Field) -> str:
    """What a field has to be, for messages."""
    match field.type:
        case FieldType.TEXT if field.codes:
            return f"it is {_listed(field.codes)}"
        case FieldType.TEXT:
            return "it is a text"
        case FieldType.PERIOD:
            return f"it is {PERIOD_FORM}"
        case FieldType.DATE:
            return f"it is {DATE_FORM}"
        case FieldType.FLAG:
            return "it is true or false"
        case FieldType.NUMBER:
            return f"it is a number, {_example(field)}"
        case FieldType.LIST:
            return "it is a list"


def _example(field: Field) -> str:
    return f'such as "{format_minor(1060 * 10**field.scale, field.scale)}"'


def _listed(codes: Sequence[str]) -> str:
    if codes == CURRENCY_CODES:
        return "a currency code of ISO 4217, such as USD"
    texts = ", ".join(codes[:MAX_SHOWN_CODES])
    return f"one of {texts} …" if len(codes) > MAX_SHOWN_CODES else f"one of {texts}"
