"""Decision tables, dated rates and records, read by key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from rules_dsl import syntax
from rules_dsl.syntax import TypeWord
from tests.reference.declarations import Declarations, number_of
from tests.reference.state import State
from tests.reference.values import ABSENT, Fault, Value, day


class Lookups:
    """Reads the book's tables and rates, and the state's records."""

    def __init__(self, book: Declarations, state: State, seen: Counter[str]) -> None:
        self._book = book
        self._state = state
        self._seen = seen

    def key_codes(self, name: str) -> list[str]:
        """Per key of a table or record the code whose values a bare name there is, or ""."""
        if name in self._book.records:
            return ["" for _ in self._book.records[name].keys]
        columns = self._book.tables[name].columns
        return [self._column_code(column) for column in columns if not column.is_output]

    def table(self, name: str, key: Sequence[Value], output: str) -> Value:
        """The output of the first row that matches, an else row last; NO_ROW without one."""
        table = self._book.tables[name]
        self._seen["table first" if table.first else "table unique"] += 1
        row = self.row(name, key)
        outputs = [column for column in table.columns if column.is_output]
        at = 0
        if output:
            at = next(i for i, column in enumerate(outputs) if column.name == output)
            self._seen["table output by name"] += 1
        return self._literal(row.outputs[at], self._column_code(outputs[at]))

    def row(self, name: str, key: Sequence[Value]) -> syntax.RowDecl:
        """The first row that matches, an else row last; NO_ROW without one."""
        table = self._book.tables[name]
        inputs = [column for column in table.columns if not column.is_output]
        for wanted_else in (False, True):
            for row in table.rows:
                if row.is_else is not wanted_else:
                    continue
                cells = row.cells if not wanted_else else ()
                parts = zip(cells, inputs, key, strict=False)
                if all(self._matches(cell, column, value) for cell, column, value in parts):
                    if wanted_else:
                        self._seen["table else row"] += 1
                    return row
        self._seen["table no row"] += 1
        raise Fault("NO_ROW")

    def _matches(self, cell: syntax.InputCell, column: syntax.TableColumn, value: Value) -> bool:
        if not cell.items:
            return True
        if len(cell.items) > 1:
            self._seen["table cell set"] += 1
        return any(self._item_matches(item, column, value) for item in cell.items)

    def _item_matches(
        self, item: syntax.CellItem, column: syntax.TableColumn, value: Value
    ) -> bool:
        code = self._column_code(column)
        if item.value is not None:
            return self._literal(item.value, code) == value
        self._seen["table cell range"] += 1
        if item.low is not None and value < self._literal(item.low, code):
            return False
        if item.high is None:
            return True
        high = self._literal(item.high, code)
        return value < high if item.exclusive else value <= high

    def _column_code(self, column: syntax.TableColumn) -> str:
        if column.type is not None and column.type.word is TypeWord.NAMED:
            return column.type.name if column.type.name in self._book.codes else ""
        return column.name if column.type is None and column.name in self._book.codes else ""

    def _literal(self, expr: syntax.Expr, code: str) -> Value:
        match expr:
            case syntax.Unary(op="-", operand=syntax.Number() as number):
                return -number_of(number)
            case syntax.Number():
                return number_of(expr)
            case syntax.Text() | syntax.Flag():
                return expr.value
            case syntax.Date():
                return day(expr.days)
            case syntax.Name() if code:
                values = self._book.codes[code].values
                return next(value.wire for value in values if value.name == expr.text)
            case syntax.Name():
                return self._book.accounts[expr.text]
        raise AssertionError(f"no literal: {expr}")

    def rate(self, name: str, on: date) -> Fraction:
        """The value of the latest row that began by `on` and has not ended."""
        self._seen["rate"] += 1
        begun = [row for row in self._book.rates[name].rows if day(row[0]) <= on]
        if begun:
            _, until, value, _ = max(begun, key=lambda row: row[0])
            if until is None or on <= day(until):
                number = self._literal(value, "")
                assert isinstance(number, Fraction)
                return number
        self._seen["rate not effective"] += 1
        raise Fault("RATE_NOT_EFFECTIVE")

    def has_record(self, name: str, key: Sequence[Value], on: date) -> bool:
        """Whether an accepted event has written the record, by that day if it is dated."""
        return self._stored(name, key, on) is not None

    def _stored(self, name: str, key: Sequence[Value], on: date) -> dict[str, Value] | None:
        """What a record holds on a day; None where it was not written."""
        if not self._book.records[name].dated:
            return self._state.records.get((name, tuple(key)))
        writes = self._state.dated.get((name, tuple(key)), [])
        self._seen["record asked before its first day"] += bool(writes) and all(
            day > on for day, _ in writes
        )
        stored: dict[str, Value] | None = None
        # Of two writes for a day the later one counts: sorting keeps their order.
        for written, fields in sorted(writes, key=lambda write: write[0]):
            if written <= on:
                stored = (stored or {}) | fields
        return stored

    def record(self, name: str, key: Sequence[Value], field: str, on: date) -> Value:
        """The value of a record's field on a day, its default, or MISSING_RECORD."""
        self._seen["record"] += 1
        self._seen["dated record"] += self._book.records[name].dated
        decl = next(part for part in self._book.records[name].fields if part.name == field)
        stored = self._stored(name, key, on)
        if stored is not None:
            self._seen["record read after it was written"] += 1
            value = stored.get(field, ABSENT)
            if value is not ABSENT:
                return value
            if decl.default is not None:
                self._seen["record default"] += 1
                code = decl.type.name if decl.type.name in self._book.codes else ""
                return self._literal(decl.default, code)
        self._seen["record missing"] += 1
        raise Fault("MISSING_RECORD")
