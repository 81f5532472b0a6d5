"""Finds what the author wrote for a part of the program: names of code values, spans of parts.

Not responsible for meaning. Where the program was made without syntax trees everything falls back
to wire values and to the spans the program carries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from engine.program import Line, Side, Span, Table
from rules_dsl import syntax
from rules_dsl.checks.input import english
from rules_dsl.diagnostics.model import Fix

D = TypeVar("D")


class Authors:
    """An index of the syntax trees of a rule book."""

    def __init__(
        self, files: Iterable[syntax.File], word: Callable[[str, Span], str] = english
    ) -> None:
        """`word`: see `CheckInput`."""
        self.word = word
        self._declarations = tuple(d for file in files for d in file.declarations)
        self.codes = tuple(self.all(syntax.CodeDecl))
        self._lines = {
            (line.span, side): line
            for rule in self.all(syntax.RuleDecl)
            for statement in rule.statements
            if isinstance(statement, syntax.VoucherDecl)
            for line in statement.lines
            for side in ((line.side,) if isinstance(line, syntax.LineDecl) else Side)
        }
        self._tables = {table.name: table for table in self.all(syntax.TableDecl)}
        self._rules: dict[str, tuple[syntax.RuleDecl, ...]] = {}
        for rule in self.all(syntax.RuleDecl):
            event = rule.event.text
            self._rules[event] = (*self._rules.get(event, ()), rule)

    def all(self, kind: type[D]) -> Iterator[D]:
        """The declarations of a kind, in order of the files."""
        return (d for d in self._declarations if isinstance(d, kind))

    def value_name(self, domain: tuple[str, ...], wire: str) -> str:
        """The author's name of a wire value of a closed code; the quoted text if there is none."""
        for code in self.codes:
            names = {value.wire: value.name for value in code.values}
            if domain and set(domain) == names.keys() and wire in names:
                return names[wire]
        return f'"{wire}"'

    def line_amount(self, line: Line) -> Span:
        """Where the amount of a line stands; the whole line if its text is not known."""
        declaration = self._lines.get((line.span, line.side))
        return declaration.amount.span if declaration else line.span

    def line_account(self, line: Line) -> Span:
        """Where the account of a line stands; the whole line if its text is not known."""
        declaration = self._lines.get((line.span, line.side))
        return declaration.account.span if declaration else line.span

    def add_dimension(self, line: Line, dimension: str) -> Fix | None:
        """An edit that makes a line carry the event's field of a dimension."""
        declaration = self._lines.get((line.span, line.side))
        if declaration is None:
            return None
        last = declaration.dimensions[-1].span if declaration.dimensions else None
        is_transfer = isinstance(declaration, syntax.TransferDecl)
        end = last or (declaration.account.span if is_transfer else declaration.amount.span)
        place = Span(end.file, end.end_line, end.end_column, end.end_line, end.end_column)
        joint = ", " if last else f" {self.word('by', line.span)} "
        return Fix(place, joint + dimension, safe=False)

    def rules_on(self, event: str) -> tuple[syntax.RuleDecl, ...]:
        """The declared rules of an event, whether or not they could be compiled."""
        return self._rules.get(event, ())

    def table(self, table: Table) -> syntax.TableDecl | None:
        """The declaration of a table (None for a rate)."""
        return self._tables.get(table.name)

    def columns(self, table: Table) -> tuple[syntax.TableColumn, ...]:
        """The input columns of a table as declared, or () where they are not known."""
        declaration = self.table(table)
        if declaration is None:
            return ()
        found = tuple(column for column in declaration.columns if not column.is_output)
        return found if len(found) == len(table.key_names) else ()
