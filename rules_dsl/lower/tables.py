"""Decision tables and rates to the program's tables; whether rows overlap is not asked here."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.program import Cell, Fault, Interval, Kind, Span, Table, TableRow
from rules_dsl import syntax
from rules_dsl.bounds import NOTHING, Range, constant
from rules_dsl.lower.book import Book, TableInfo, ValueInfo
from rules_dsl.lower.constants import Raw, read_code_value, read_constant
from rules_dsl.lower.fields import read_type
from rules_dsl.reporting import Reporter
from rules_dsl.types import (
    ACCOUNT,
    DATE,
    ERROR,
    CodeType,
    DateType,
    DimensionType,
    FlagType,
    NumberType,
    Type,
    describe,
    kind_of,
)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: what its cells hold. `range`: what a number may be."""

    name: str
    type: Type
    scale: int = 0
    range: Range = NOTHING
    codes: tuple[str, ...] = ()


def lower_tables(book: Book, report: Reporter) -> None:
    """Fills in the tables and rates."""
    for table in book.symbols.tables.values():
        with report.inside(f"table {table.name}"):
            found = _Lowering(book, report).table(table)
        book.table_info[table.name] = _keep(found, table.name, book)
    for rate in book.symbols.rates.values():
        with report.inside(f"rate {rate.name}"):
            found = _Lowering(book, report).rate(rate)
        book.rate_info[rate.name] = _keep(found, rate.name, book)


def _keep(found: tuple[Table, TableInfo] | None, name: str, book: Book) -> TableInfo | None:
    """Takes a table in, unless it lost lines when it was parsed."""
    if found is None or name in book.symbols.broken:
        return None
    book.tables.append(found[0])
    return found[1]


@dataclass(slots=True)
class _Lowering:
    """One table or rate on its way."""

    book: Book
    report: Reporter
    keys: list[_Column] = field(default_factory=list)
    outputs: list[_Column] = field(default_factory=list)

    def table(self, declaration: syntax.TableDecl) -> tuple[Table, TableInfo] | None:
        """Makes a decision table; None where something is wrong with it (reported)."""
        before = self.report.errors
        seen: dict[tuple[str, bool], Span] = {}
        for each in declaration.columns:
            column = self._column(each)
            if (column.name, each.is_output) in seen:
                first = seen[column.name, each.is_output]
                self.report.duplicate("column", column.name, each.span, first)
            seen[column.name, each.is_output] = each.span
            (self.outputs if each.is_output else self.keys).append(column)
        rows = [self._row(row) for row in declaration.rows]
        elses = [row for row in declaration.rows if row.is_else]
        for other in elses[1:]:
            self.report.duplicate("row", "else", other.span, elses[0].span)
        if self.report.errors > before:
            return None
        made = self._made(declaration.name, rows, declaration.span, unique=not declaration.first)
        return made, self._info(made, is_rate=False)

    def rate(self, declaration: syntax.RateDecl) -> tuple[Table, TableInfo] | None:
        """Makes the table of a rate, whose only key is the date."""
        before = self.report.errors
        shape = read_type(declaration.type, self.book, self.report)
        self.keys.append(_Column("date", DATE))
        self.outputs.append(
            _Column(declaration.name, shape.type, shape.scale, shape.range, shape.codes)
        )
        firsts = sorted({row[0] for row in declaration.rows})
        rows = []
        for first, last, value, span in declaration.rows:
            # A value without an end holds until the next one begins.
            following = next((day for day in firsts if day > first), None)
            until = following - 1 if last is None and following is not None else last
            if until is not None and until < first:
                self.report.error("TP405", span, "this value ends before it begins")
            cell = Cell(intervals=(Interval(first, until),))
            rows.append(TableRow((cell,), (self._output(value, 0),), is_else=False, span=span))
        if self.report.errors > before or shape.type == ERROR:
            return None
        made = self._made(declaration.name, rows, declaration.span, unique=True, is_rate=True)
        return made, self._info(made, is_rate=True)

    # --- Columns -------------------------------------------------------------------------

    def _column(self, column: syntax.TableColumn) -> _Column:
        if column.is_account:
            word = self.report.word("account", column.span)
            return _Column(column.name or word, ACCOUNT)
        if column.type is None:
            return self._named_column(column)
        shape = read_type(column.type, self.book, self.report)
        name = column.name or column.type.name or column.type.word.value
        return _Column(name, shape.type, shape.scale, shape.range, shape.codes)

    def _named_column(self, column: syntax.TableColumn) -> _Column:
        """A column whose name says what it holds: a code, a dimension or a dimension's field."""
        name = column.name
        if name in self.book.codes:
            self.book.use("code", name)
            wires = tuple(self.book.codes[name].wires.values())
            return _Column(name, CodeType(name), codes=wires)
        if name in self.book.dimension_index:
            self.book.use("dimension", name)
            return _Column(name, DimensionType(name))
        dimension, _, attribute = name.partition(".")
        record = self.book.record_info.get(self.book.record_of_dimension.get(dimension, ""))
        if record is not None and attribute in record.fields:
            info = record.fields[attribute]
            codes: tuple[str, ...] = ()
            if isinstance(info.type, CodeType):
                codes = tuple(self.book.codes[info.type.code].wires.values())
            return _Column(name, info.type, info.scale, info.range, codes)
        if name not in self.book.symbols.broken:
            candidates = [*self.book.codes, *self.book.dimension_index]
            advice = (
                f"write its type after it, as in {name} {self.report.word('flag', column.span)}"
            )
            self.report.unknown("code or dimension", name, column.span, candidates, help=advice)
        return _Column(name, ERROR)

    # --- Rows ----------------------------------------------------------------------------

    def _row(self, row: syntax.RowDecl) -> TableRow:
        cells = tuple(
            self._cell(cell, column) for cell, column in zip(row.cells, self.keys, strict=True)
        )
        outputs = tuple(self._output(value, index) for index, value in enumerate(row.outputs))
        return TableRow(cells, outputs, row.is_else, row.span)

    def _output(self, value: syntax.Expr, index: int) -> Raw:
        column = self.outputs[index]
        if column.type == ERROR:
            return 0
        raw = read_constant(value, column.type, column.scale, self.book, self.report)
        if raw is not None and not _in_range(raw, column):
            self.report.error(
                "TP405", value.span, f"this value is out of the bounds of {column.name}"
            )
        return 0 if raw is None else raw

    def _cell(self, cell: syntax.InputCell, column: _Column) -> Cell:
        if column.type == ERROR or not cell.items:
            return Cell()
        intervals: list[Interval] = []
        values: list[Raw] = []
        for item in cell.items:
            if item.value is None:
                interval = self._interval(item, column)
                if interval is not None:
                    intervals.append(interval)
                continue
            raw = self._value(item.value, column)
            if raw is not None:
                values.append(raw)
        if isinstance(column.type, FlagType):
            flags = {bool(value) for value in values}
            return Cell(flag=flags.pop()) if len(flags) == 1 else Cell()
        if isinstance(column.type, NumberType | DateType):
            single = [Interval(int(value), int(value)) for value in values]
            return Cell(intervals=tuple(dict.fromkeys([*single, *intervals])))
        return Cell(texts=tuple(dict.fromkeys(str(value) for value in values)))

    def _value(self, expr: syntax.Expr, column: _Column) -> Raw | None:
        if isinstance(expr, syntax.Name) and isinstance(column.type, CodeType):
            code = self.book.codes[column.type.code]
            return read_code_value(expr, code, self.report, diagnostic="TP405")
        raw = read_constant(expr, column.type, column.scale, self.book, self.report)
        if raw is not None and not _in_range(raw, column):
            message = f"this value is out of the bounds of {column.name}"
            self.report.error("TP405", expr.span, message)
        return raw

    def _interval(self, item: syntax.CellItem, column: _Column) -> Interval | None:
        if not isinstance(column.type, NumberType | DateType):
            message = f"a range is of numbers or dates; {column.name} is {describe(column.type)}"
            self.report.error("TP211", item.span, message)
            return None
        low = self._bound(item.low, column)
        high = self._bound(item.high, column)
        if high is not None and item.exclusive:
            high -= 1
        if low is not None and high is not None and low > high:
            self.report.error("TP405", item.span, "this range holds no value")
        return Interval(low, high)

    def _bound(self, expr: syntax.Expr | None, column: _Column) -> int | None:
        raw = None if expr is None else self._value(expr, column)
        return None if raw is None else int(raw)

    # --- Results -------------------------------------------------------------------------

    def _made(
        self, name: str, rows: list[TableRow], span: Span, *, unique: bool, is_rate: bool = False
    ) -> Table:
        return Table(
            name=name,
            key_names=tuple(key.name for key in self.keys),
            key_kinds=tuple(kind_of(key.type) for key in self.keys),
            key_scales=tuple(key.scale for key in self.keys),
            key_domains=tuple(key.codes for key in self.keys),
            output_names=tuple(output.name for output in self.outputs),
            output_kinds=tuple(kind_of(output.type) for output in self.outputs),
            output_scales=tuple(output.scale for output in self.outputs),
            rows=tuple(rows),
            unique=unique,
            span=span,
            fault=Fault.NO_RATE if is_rate else Fault.NO_ROW,
        )

    def _info(self, table: Table, *, is_rate: bool) -> TableInfo:
        keys = (
            ValueInfo(index, key.name, key.type, key.scale, key.range)
            for index, key in enumerate(self.keys)
        )
        outputs = (
            ValueInfo(index, each.name, each.type, each.scale, _hull(table, index))
            for index, each in enumerate(self.outputs)
        )
        position = len(self.book.tables)
        return TableInfo(
            position, table.name, tuple(keys), tuple(outputs), len(table.rows), is_rate
        )


def _in_range(raw: Raw, column: _Column) -> bool:
    if not isinstance(column.type, NumberType) or column.range == NOTHING:
        return True
    return column.range.low <= int(raw) <= column.range.high


def _hull(table: Table, output: int) -> Range:
    """What a number output can be."""
    if table.output_kinds[output] is not Kind.NUMBER or not table.rows:
        return NOTHING
    values = [int(row.outputs[output]) for row in table.rows]
    return constant(values[0]).hull(Range(min(values), max(values)))
